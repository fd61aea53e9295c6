"""Large linear layers among others: autograd's part ends before their weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn


class Products:
    """The weights of linear layers, left out of autograd.

    Their gradient is one product, of the loss by the layer's outputs and its inputs,
    which can go straight into the weights: a large matrix less is written and read.

    Parameters
    ----------
    layers
        from :func:`own_weights`, of a module that is the caller's own.

    Attributes
    ----------
    outputs
        of the layers in the last forward pass; autograd is asked for their gradients.
    """

    def __init__(self, layers: Sequence[nn.Linear]):
        self.seen: list[tuple[Tensor, Tensor]] = []  # weight, inputs
        self.outputs: list[Tensor] = []
        for layer in layers:
            layer.weight.requires_grad_(False)
            layer.register_forward_hook(self._see)

    def _see(self, layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        self.seen.append((cast(nn.Linear, layer).weight, inputs[0].detach()))
        if not output.requires_grad:
            output.requires_grad_()
        self.outputs.append(output)

    def add(self, deltas: Sequence[Tensor], by: float) -> None:
        """Add the products to the weights: the loss by each output, times inputs."""
        for (weight, inputs), delta in zip(self.seen, deltas, strict=True):
            weight.addmm_(delta.flatten(0, -2).mT, inputs.flatten(0, -2), alpha=by)
        self.seen.clear()
        self.outputs.clear()


def own_weights(module: nn.Module) -> list[nn.Linear]:
    """List linear layers whose weight nothing but their own forward pass uses."""
    layers = list(module.children()) if type(module) is nn.Sequential else []
    for layer in layers:  # an output that is overwritten has no gradient to ask for
        torchs_own = type(layer).__module__.startswith("torch.nn.")
        if getattr(layer, "inplace", False) or not torchs_own:
            return []
    used = [id(p) for _, p in module.named_parameters(remove_duplicate=False)]
    return [
        layer
        for layer in layers
        if type(layer) is nn.Linear
        and layer.weight.requires_grad
        and used.count(id(layer.weight)) == 1
    ]
