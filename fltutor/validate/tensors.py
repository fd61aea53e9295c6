"""Tensors: a model vector, a round's matrix, what user code returned."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from fltutor.validate.message import fail, shown
from fltutor.words import _


def vector(name: str, value: Tensor, size: int) -> None:
    """Require a floating vector ``(size,)``."""
    _is_tensor(name, value)
    if value.shape != (size,) or not value.is_floating_point():
        raise fail(
            _("{name} of shape {shape} and {dtype}").format(
                name=name, shape=tuple(value.shape), dtype=value.dtype
            ),
            _("a float tensor of shape ({size},)").format(size=size),
            _("Flatten the model with Layout.flatten."),
        )


def matrix(name: str, deltas: Tensor, weights: Tensor) -> None:
    """Require updates ``(K, d)`` and one aggregation weight for each row.

    Weights are finite, not negative, and not all zero.
    """
    _is_tensor(name, deltas)
    _is_tensor("weights", weights)
    if deltas.ndim != 2:
        raise fail(
            _("{name} of shape {shape}").format(name=name, shape=tuple(deltas.shape)),
            _("a matrix (clients K, parameters d)"),
            _("Stack the clients' update vectors with torch.stack."),
        )
    if weights.shape != deltas.shape[:1]:
        raise fail(
            _("weights of shape {shape} for {name} of shape {shape2}").format(
                shape=tuple(weights.shape), name=name, shape2=tuple(deltas.shape)
            ),
            _("weights of shape ({shape},)").format(shape=deltas.shape[0]),
            _("Pass one aggregation weight for each client."),
        )
    smallest = float(weights.min()) if len(weights) else 0.0
    total = float(weights.sum())
    if not (smallest >= 0 and math.isfinite(total)):  # nor is NaN at least 0
        raise fail(
            _("aggregation weights {tolist}").format(tolist=weights.tolist()),
            _("finite weights >= 0"),
            _("Use the clients' example counts n_k, or ones."),
        )
    if total == 0:
        raise fail(
            _("aggregation weights that are all zero"),
            _("at least one weight > 0"),
            _("Leave out rounds without participants."),
        )


def finite(name: str, value: Tensor) -> None:
    """Require a tensor without NaN or infinity."""
    if value.is_floating_point() and not bool(torch.isfinite(value).all()):
        bad = int((~torch.isfinite(value)).sum())
        raise fail(
            _("{name} with {bad} entries that are NaN or infinite").format(
                name=name, bad=bad
            ),
            _("finite numbers"),
            _(
                "Look for missing values in the data or a learning rate that "
                "is too large."
            ),
        )


def returned(
    name: str,
    value: Any,
    *,
    shape: tuple[int, ...],
    dtype: torch.dtype | None = None,
    finite: bool = True,
    advice: str = "Correct what it returns.",
) -> Tensor:
    """Require that a function which somebody wrote gave back the tensor it should.

    Parameters
    ----------
    name, value
        who returned it, "the aggregator", and what.
    shape, dtype, finite
        what it must have; None allows every float, False also NaN and infinity.
    """
    kind = "float" if dtype is None else str(dtype).removeprefix("torch.")
    needed = _("a {kind} tensor of shape {shape}").format(kind=kind, shape=tuple(shape))
    if not isinstance(value, Tensor):
        raise fail(
            _("{value} from {name}").format(value=shown(value), name=name),
            needed,
            advice,
        )
    fits = value.is_floating_point() if dtype is None else value.dtype == dtype
    if tuple(value.shape) != tuple(shape) or not fits:
        got = _("a tensor of shape {shape} and {dtype} from {name}").format(
            shape=tuple(value.shape), dtype=value.dtype, name=name
        )
        raise fail(got, needed, advice)
    if finite and not bool(torch.isfinite(value).all()):
        bad = int((~torch.isfinite(value)).sum())
        got = _("{bad} of {numel} entries that are NaN or infinite from {name}").format(
            bad=bad, numel=value.numel(), name=name
        )
        raise fail(got, _("finite numbers"), advice)
    return value


def _is_tensor(name: str, value: Any) -> None:
    if not isinstance(value, Tensor):
        got = f"{name}={shown(value)}"
        raise fail(got, _("a tensor"), _("Write torch.as_tensor(...) around it."))
