"""Backpropagation by hand, for many clients at once: five matrix products.

A layer of client k computes ``z = a W_k^T + b_k`` from its inputs ``a``, one row an
example. The chain rule, from the last layer to the first, with ``share`` the weight of
each example in the mean, 1 / B:

* ``delta = (softmax(z) - onehot(y)) share`` for cross entropy, and
  ``delta = 2 (z - y) share`` for squared error: the loss by the scores;
* ``dW = delta^T a`` and ``db = sum of delta's rows``: the loss by the parameters;
* ``delta <- (delta W) relu'(z)``: the loss by the layer below's ``z``.

With one hidden layer these are five products: two forward, three backward. Every
tensor carries the clients in front, ``(m, ...)``, and one call multiplies for all of
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from fltutor.task import Task

_DENSE = torch.contiguous_format

#: loss -> ((scores (..., C, B), targets (..., C, B)) -> its derivative, unweighted)
SLOPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross_entropy": lambda scores, onehot: _softmax(scores).sub_(onehot),
    "mse": lambda scores, targets: scores.sub_(targets).mul_(2.0),
}


@dataclass(frozen=True)
class Layer:
    """A linear layer: where it stands in the vector, and what follows it.

    Attributes
    ----------
    shape
        (outputs, inputs).
    weight, bias
        its parts of the model vector; no bias is an empty part.
    after
        "relu", "tanh", or "" for the last layer's scores.
    """

    shape: tuple[int, int]
    weight: slice
    bias: slice
    after: str

    @property
    def has_bias(self) -> bool:
        """Tell whether it has biases."""
        return self.bias != slice(0, 0)

    def cut(self, matrix: Tensor) -> tuple[Tensor, Tensor]:
        """View ``(m, d)`` as weights ``(m, o, i)`` and biases ``(m, 1, o)``."""
        weight = matrix[:, self.weight].view(-1, *self.shape)
        return weight, matrix[:, None, self.bias]


def read_layers(task: Task) -> list[Layer] | str:
    """Read a model's layers, or say why this module cannot derive it by hand."""
    if task.loss_name not in SLOPES:
        return f"the loss is {task.loss_name}"
    if type(task.module) is not nn.Sequential:
        return f"the model is a {type(task.module).__name__}, not an nn.Sequential"
    named = list(task.module.named_modules(remove_duplicate=False))[1:]
    if named and _is_plain_flatten(named[0][1]):
        named = named[1:]
    after = {nn.ReLU: "relu", nn.Tanh: "tanh"}
    layers: list[Layer] = []
    for (name, layer), (_, follower) in pairwise([*named, ("", nn.Identity())]):
        if type(layer) is nn.Linear:
            if type(follower) is nn.Linear:
                return f"{name!r} has no activation behind it"
            where, empty = task.layout.slices, slice(0, 0)
            if f"{name}.weight" not in where:
                return f"layer {name!r} is frozen or shared"
            bias = where.get(f"{name}.bias", empty)
            if layer.bias is not None and bias == empty:
                return f"the bias of layer {name!r} is frozen or shared"
            shape, kind = (layer.out_features, layer.in_features), type(follower)
            layers.append(
                Layer(shape, where[f"{name}.weight"], bias, after.get(kind, ""))
            )
        elif type(layer) not in after or not layers or not layers[-1].after:
            return f"it holds a {type(layer).__name__} at {name!r}"
        elif type(follower) is not nn.Linear:
            return f"{name!r} is not followed by a linear layer"
    if not layers:
        return "it has no linear layer"
    if task.loss_name == "mse" and layers[-1].shape[0] != 1:
        return "squared error needs one output"
    return layers


def _is_plain_flatten(layer: nn.Module) -> bool:
    return type(layer) is nn.Flatten and (layer.start_dim, layer.end_dim) == (1, -1)


class Stack:
    """The layers of some clients, ready for products that take all of them at once.

    Parameters
    ----------
    layers
        from :func:`read_layers`.
    loss
        "cross_entropy" or "mse".
    matrix
        parameters ``(m, d)``, one row a client.
    own
        copy each layer's parameters into a block ``(m, o, i)`` of their own, in which
        products can be written as they are made; else look at the matrix itself.

    Attributes
    ----------
    weights
        one ``(m, o, i)`` for each layer.
    biased, biases
        which layers have biases, and those, ``(m, 1, o)``.
    """

    def __init__(
        self, layers: Sequence[Layer], loss: str, matrix: Tensor, *, own: bool = False
    ):
        self.layers, self.loss, self.members = layers, loss, len(matrix)
        self.biased = [i for i, layer in enumerate(layers) if layer.has_bias]
        views = [layer.cut(matrix) for layer in layers]
        self.weights = [weight for weight, _ in views]
        self.biases = [views[i][1] for i in self.biased]
        if own:
            self.weights = [w.clone(memory_format=_DENSE) for w in self.weights]
            self.biases = [b.clone(memory_format=_DENSE) for b in self.biases]

    def times(self, factor: float) -> Stack:
        """Return blocks of their own, each multiplied by a number."""
        product = copy(self)
        product.weights = [weight * factor for weight in self.weights]
        product.biases = [bias * factor for bias in self.biases]
        return product

    def plus(self, other: Stack, factor: float) -> Stack:
        """Return the sum with a multiple of another, of one or of as many clients."""
        total = copy(other)
        total.weights = [
            torch.add(own, part, alpha=factor)
            for own, part in zip(self.weights, other.weights, strict=True)
        ]
        total.biases = [
            torch.add(own, part, alpha=factor)
            for own, part in zip(self.biases, other.biases, strict=True)
        ]
        return total

    def first(self, members: int) -> Stack:
        """Return the same blocks, as far as the first clients go."""
        fewer = copy(self)
        fewer.members = members
        fewer.weights = [weight[:members] for weight in self.weights]
        fewer.biases = [bias[:members] for bias in self.biases]
        return fewer

    def write(self, matrix: Tensor) -> None:
        """Copy all blocks into a matrix, ``(m, d)``."""
        into = Stack(self.layers, self.loss, matrix)
        for part, own in zip(into.weights, self.weights, strict=True):
            part.copy_(own)
        for part, own in zip(into.biases, self.biases, strict=True):
            part.copy_(own)

    def backpropagate(
        self, x: Tensor, targets: Tensor, share: Tensor
    ) -> list[tuple[Tensor, Tensor]]:
        """Return what the gradient of each client's mean loss is the product of.

        Parameters
        ----------
        x
            ``(m, B, f)``.
        targets
            ``(m, C, B)``: one-hot columns, or values.
        share
            of each example in its client's mean, ``(m, 1, B)``.

        Returns
        -------
        for each layer, first to last, delta ``(m, B, o)`` and inputs ``(m, B, i)``:
        the gradient of its weights is ``delta.mT @ inputs``, of its biases delta's sum.
        """
        inputs = self.forward(x)
        scores = torch.bmm(self.weights[-1], inputs[-1].mT)  # (m, C, B)
        if self.layers[-1].has_bias:
            scores.add_(self.biases[-1].mT)
        delta = SLOPES[self.loss](scores, targets).mul_(share).mT  # (m, B, C)
        factors = [(delta, inputs[-1])]
        for i in range(len(inputs) - 1, 0, -1):
            delta = self._below(i, delta, inputs[i])
            factors.append((delta, inputs[i - 1]))
        return factors[::-1]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the inputs of every layer, ``(m, B, i)`` each."""
        inputs, biases = [x], iter(self.biases)
        for layer, weight in zip(self.layers[:-1], self.weights[:-1], strict=True):
            z = torch.bmm(inputs[-1], weight.mT)  # (m, B, o)
            if layer.has_bias:
                z.add_(next(biases))
            inputs.append(z.relu_() if layer.after == "relu" else z.tanh_())
        return inputs

    def _below(self, i: int, delta: Tensor, inputs: Tensor) -> Tensor:
        below = torch.bmm(delta, self.weights[i])  # (m, B, inputs of layer i)
        if self.layers[i - 1].after == "tanh":
            return below.addcmul_(below * inputs, inputs, value=-1)
        passed: Tensor = torch.ops.aten.threshold_backward(below, inputs, 0)
        return passed

    def store(self, factors: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Become the gradient, from :meth:`backpropagate`'s answer."""
        for grad, (delta, inputs) in zip(self.weights, factors, strict=True):
            grad.copy_(torch.bmm(delta.mT, inputs))
        for grad, i in zip(self.biases, self.biased, strict=True):
            torch.sum(factors[i][0], -2, keepdim=True, out=grad)

    def step(
        self,
        factors: Sequence[tuple[Tensor, Tensor]],
        rate: float,
        keep: float,
        push: Stack | None,
    ) -> None:
        """Take a step in place: ``keep * self - rate * gradient + push``.

        The products of :meth:`backpropagate`'s answer go straight into their blocks,
        which must be the stack's own: the gradient itself is never written down.
        """
        if push is not None:
            parts = [*self.weights, *self.biases]
            pushes = [*push.weights, *push.biases]
            for part, own in zip(parts, pushes, strict=True):
                torch.add(own, part, alpha=keep, out=part)
            keep = 1.0
        for weight, (delta, inputs) in zip(self.weights, factors, strict=True):
            weight.baddbmm_(delta.mT, inputs, beta=keep, alpha=-rate)
        for bias, i in zip(self.biases, self.biased, strict=True):
            if keep != 1:
                bias.mul_(keep)
            bias.add_(factors[i][0].sum(-2, keepdim=True), alpha=-rate)


def _softmax(scores: Tensor) -> Tensor:
    """Turn scores ``(m, C, B)`` into probabilities over C.

    Torch sums fast where whole vectors of 16 examples stand side by side. Where they
    do not, many clients are turned into a few long rows first.
    """
    # the copy pays from some thirty clients: 3.0 of the time at 4, 0.8 at 128 and more
    if len(scores) < 64 or scores.shape[-1] % 16 == 0:
        return torch.softmax(scores, -2)
    front = scores.transpose(0, 1)  # (C, m, B)
    flat = front.reshape(len(front), -1)  # (C, m B), a copy
    return torch.softmax(flat, 0).view(front.shape).transpose(0, 1)
