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
them; for one client alone the axis is left out, since plain matrices are faster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from fltutor.engines.affine import Descent
from fltutor.task import Task

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

    def cut(self, matrix: Tensor) -> tuple[Tensor, Tensor]:
        """View ``(m, d)`` or ``(d,)`` as weights ``(m, o, i)``, biases ``(m, o)``."""
        weight = matrix[..., self.weight]
        return weight.view(*weight.shape[:-1], *self.shape), matrix[..., self.bias]


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


class Network:
    """The layers of some clients, cut from their rows of one matrix.

    Parameters
    ----------
    layers
        from :func:`read_layers`.
    loss
        "cross_entropy" or "mse".
    params
        ``(m, d)``; read in every call.
    grads
        ``(m, d)``; written in every call.
    descent
        given, every call takes this step in ``params`` instead: each product goes
        straight into its weights, and ``grads`` stays as it is.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: str,
        params: Tensor,
        grads: Tensor,
        descent: Descent | None = None,
    ):
        self.members, self.params, self.descent = len(params), params, descent
        if self.members == 1:
            params, grads = params[0], grads[0]
        self.product = torch.mm if self.members == 1 else torch.bmm
        self.slope = SLOPES[loss]
        self.after = [layer.after for layer in layers]
        self.weights, self.biases = zip(*(la.cut(params) for la in layers), strict=True)
        self.weight_grads, self.bias_grads = zip(
            *(la.cut(grads) for la in layers), strict=True
        )

    def backpropagate(self, x: Tensor, targets: Tensor, share: Tensor) -> None:
        """Write the gradient of each client's mean loss over its batch.

        Parameters
        ----------
        x
            ``(m, B, f)``, or ``(B, f)`` for one client.
        targets
            ``(m, C, B)``, or ``(C, B)``: one-hot columns, or values.
        share
            of each example in its client's mean, ``(m, 1, B)`` or ``(1, B)``.
        """
        inputs = self.forward(x)
        scores = self.product(self.weights[-1], inputs[-1].mT)  # (m, C, B)
        if self.biases[-1].shape[-1]:
            scores.add_(self.biases[-1][..., None])
        deltas = [self.slope(scores, targets).mul_(share).mT]  # (m, B, C), last first
        for i in range(len(inputs) - 1, 0, -1):
            deltas.append(self._below(i, deltas[-1], inputs[i]))
        if self.descent is None:
            write = self._store
        else:
            self.descent.drift(self.params)
            write = partial(self._step, -self.descent.rate)
        for i, delta in enumerate(reversed(deltas)):
            write(i, delta, inputs[i])

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the inputs of every layer, ``(m, B, i)`` each."""
        inputs = [x]
        for weight, bias, after in zip(
            self.weights[:-1], self.biases[:-1], self.after, strict=False
        ):
            z = self.product(inputs[-1], weight.mT)  # (m, B, o)
            if bias.shape[-1]:
                z.add_(bias[..., None, :])
            inputs.append(z.relu_() if after == "relu" else z.tanh_())
        return inputs

    def _below(self, i: int, delta: Tensor, inputs: Tensor) -> Tensor:
        below = self.product(delta, self.weights[i])  # (m, B, inputs of layer i)
        if self.after[i - 1] == "tanh":
            return below.addcmul_(below * inputs, inputs, value=-1)
        passed: Tensor = torch.ops.aten.threshold_backward(below, inputs, 0)
        return passed

    def _step(self, by: float, i: int, delta: Tensor, inputs: Tensor) -> None:
        weight, bias = self.weights[i], self.biases[i]
        if weight.ndim == 2:
            weight.addmm_(delta.mT, inputs, alpha=by)
        else:
            weight.add_(torch.bmm(delta.mT, inputs), alpha=by)
        if bias.shape[-1]:
            bias.add_(delta.sum(-2), alpha=by)

    def _store(self, i: int, delta: Tensor, inputs: Tensor) -> None:
        weight_grad, bias_grad = self.weight_grads[i], self.bias_grads[i]
        if weight_grad.ndim == 2:
            torch.mm(delta.mT, inputs, out=weight_grad)
        else:  # a product straight into rows of a wider matrix takes twice as long
            weight_grad.copy_(torch.bmm(delta.mT, inputs))
        if bias_grad.shape[-1]:
            torch.sum(delta, -2, out=bias_grad)


def _softmax(scores: Tensor) -> Tensor:
    """Turn scores ``(..., C, B)`` into probabilities over C.

    Torch sums fast where whole vectors of 16 examples stand side by side. Where they
    do not, many clients are turned into a few long rows first.
    """
    if scores.ndim == 2 or len(scores) < 64 or scores.shape[-1] % 16 == 0:
        return torch.softmax(scores, -2)
    front = scores.transpose(0, 1)  # (C, m, B)
    flat = front.reshape(len(front), -1)  # (C, m B), a copy
    return torch.softmax(flat, 0).view(front.shape).transpose(0, 1)
