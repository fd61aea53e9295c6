"""What a parameter vector cannot carry is refused, with what to use instead."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from fltutor import validate
from fltutor.words import _

_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


def refuse(module: Any) -> None:
    """Refuse a module that is not a function of its parameters and its input.

    Raises
    ------
    ValueError
        layers that mix examples, keep running statistics or draw random numbers;
        hooks; parameters of several precisions, or not yet made.
    """
    validate.instance("module", module, nn.Module)
    _refuse_parameters(module)
    for name, layer in module.named_modules():
        where = f"{type(layer).__name__} at {name!r}"
        _refuse_mixing(layer, where)
        _refuse_chance(layer, where)
        if any(getattr(layer, hooks, None) for hooks in _HOOKS):
            raise validate.fail(
                _("{where} with a hook").format(where=where),
                _("a model whose forward pass is its layers' own"),
                _("Write what the hook does in forward(), or remove it."),
            )


def _refuse_mixing(layer: nn.Module, where: str) -> None:
    if isinstance(layer, nn.modules.batchnorm._BatchNorm):
        raise validate.fail(
            _("{where}, which mixes the examples of a batch").format(where=where),
            _(
                "a model in which every example stands alone, its trainable "
                "parameters and nothing else"
            ),
            _(
                "Its statistics differ from client to client, and a server "
                "that averages vectors would lose them. Use nn.GroupNorm."
            ),
        )
    if getattr(layer, "running_mean", None) is not None:
        raise validate.fail(
            _("{where}, which keeps running statistics outside its parameters").format(
                where=where
            ),
            _("a model that is its trainable parameters and nothing else"),
            _("A server that averages vectors would lose them. Use nn.GroupNorm."),
        )


def _refuse_chance(layer: nn.Module, where: str) -> None:
    drops = isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p > 0
    # recurrent layers and attention hold a number of this name
    own = isinstance(layer, nn.RNNBase | nn.MultiheadAttention) and layer.dropout > 0
    leaks = isinstance(layer, nn.RReLU) and layer.lower != layer.upper
    if drops or own or leaks:
        advice = (
            _("Use nn.LeakyReLU.") if leaks else _("Set p=0 or leave the layer out.")
        )
        raise validate.fail(
            _("{where}, which draws random numbers while it trains").format(
                where=where
            ),
            _("a loss that is a function of parameters and batch"),
            _("Set dropout=0.") if own else advice,
        )


def _refuse_parameters(module: nn.Module) -> None:
    named = dict(module.named_parameters())
    lazy = nn.parameter.UninitializedParameter
    unmade = [name for name, p in named.items() if isinstance(p, lazy)]
    if unmade:
        raise validate.fail(
            _("parameters {unmade} without a shape yet").format(unmade=unmade),
            _("a module that is made"),
            _("Run one batch through it first, or use layers that are not lazy."),
        )
    trained = {n: p.dtype for n, p in named.items() if p.requires_grad}
    kinds = sorted({str(kind) for kind in trained.values()})
    if len(kinds) > 1 or any(not kind.is_floating_point for kind in trained.values()):
        raise validate.fail(
            _("trainable parameters of {kinds}").format(kinds=", ".join(kinds)),
            _("floats of one precision"),
            _("Call module.to({dtype}), or freeze the others.").format(
                dtype=torch.get_default_dtype()
            ),
        )
