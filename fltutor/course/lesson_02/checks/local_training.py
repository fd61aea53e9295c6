"""Exercise 02.local_training: epochs of plain SGD on one client."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from fltutor.checks.cases import example, tensor
from fltutor.checks.model import Check, Mistake

Batch = tuple[Tensor, Tensor]
Gradient = Callable[[Tensor, Tensor, Tensor], Tensor]


def _gradient(params: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the gradient of half the mean squared error of x @ params."""
    params = torch.as_tensor(params, dtype=x.dtype)  # a learner may work in numpy
    return x.T @ (x @ params - y) / len(y)


def _sgd(
    start: Tensor, batches: Sequence[Batch], lr: float, epochs: int, sign: float = -1.0
) -> Tensor:
    params = start.clone()
    for _ in range(epochs):
        for x, y in batches:
            params = params + sign * lr * _gradient(params, x, y)
    return params


def _sgd_in_place(
    start: Tensor, batches: Sequence[Batch], gradient: Gradient, lr: float, epochs: int
) -> Tensor:
    params = start
    for _ in range(epochs):
        for x, y in batches:
            params -= lr * gradient(params, x, y)
    return params - start


def _stale(
    start: Tensor, batches: Sequence[Batch], gradient: Gradient, lr: float, epochs: int
) -> Tensor:
    steps = [gradient(start, x, y) for x, y in batches]
    return -lr * epochs * torch.stack(steps).sum(0)


_X = tensor([1.0, 0.5], [0.0, 1.0], [2.0, -1.0], [1.0, 1.0])  # (n, d)
_Y = tensor(1.0, -1.0, 2.0, 0.5)
_BATCHES = [(_X[:2], _Y[:2]), (_X[2:], _Y[2:])]
_START = tensor(0.5, -0.5)


def _training(batches: Sequence[Batch], lr: float, epochs: int) -> dict[str, object]:
    return {
        "start": _START,
        "batches": batches,
        "gradient": _gradient,
        "lr": lr,
        "epochs": epochs,
    }


LOCAL_TRAINING = Check(
    id="02.local_training",
    title="Local training on one client",
    signature="local_training(start, batches, gradient, lr, epochs) -> (d,)",
    cases=tuple(
        example(name, _training(batches, lr, epochs), _sgd(_START, *rest) - _START)
        for name, batches, lr, epochs in (
            ("one step on one batch is -lr times the gradient", _BATCHES[:1], 0.1, 1),
            ("two batches are two steps, one after the other", _BATCHES, 0.1, 1),
            ("three epochs go over all batches three times", _BATCHES, 0.2, 3),
            ("a learning rate of 0 changes nothing", _BATCHES, 0.0, 2),
        )
        for rest in [(batches, lr, epochs)]
    ),
    mistakes=(
        Mistake(
            "The start is changed in place",
            _sgd_in_place,
            "`params = start` gives the same tensor a second name, and `params -= ...` "
            "writes into it: the server's model moves, and end - start is zero. Begin "
            "with start.clone().",
        ),
        Mistake(
            "The wrong sign of the step",
            lambda start, batches, gradient, lr, epochs: (
                _sgd(start, batches, lr, epochs, sign=1.0) - start
            ),
            "The gradient points uphill. Gradient descent subtracts it: "
            "params - lr * gradient.",
        ),
        Mistake(
            "The delta is the wrong way round",
            lambda start, batches, gradient, lr, epochs: (
                start - _sgd(start, batches, lr, epochs)
            ),
            "In this course a delta is end - start, and the server adds it. Here it "
            "is start - end.",
        ),
        Mistake(
            "Only the last batch counts",
            lambda start, batches, gradient, lr, epochs: (
                _sgd(start, batches[-1:], lr, epochs) - start
            ),
            "Just one batch of each epoch moves the params. Is the step inside the "
            "inner loop?",
        ),
        Mistake(
            "The learning rate is forgotten",
            lambda start, batches, gradient, lr, epochs: (
                _sgd(start, batches, 1.0, epochs) - start
            ),
            "Each step subtracts the whole gradient. It should be lr times that.",
        ),
        Mistake(
            "Only one epoch",
            lambda start, batches, gradient, lr, epochs: (
                _sgd(start, batches, lr, 1) - start
            ),
            "This is the delta of a single epoch, whatever `epochs` says. Put a loop "
            "over the epochs around the loop over the batches, and set params to the "
            "start once, before both loops.",
        ),
        Mistake(
            "All gradients are taken at the start",
            _stale,
            "Every step uses the gradient at `start`. Each step should use the "
            "gradient at the params that the step before left: gradient(params, x, y).",
        ),
        Mistake(
            "The end instead of the delta",
            lambda start, batches, gradient, lr, epochs: _sgd(
                start, batches, lr, epochs
            ),
            "This is the model after training. What travels is how far it moved: "
            "return params - start.",
        ),
    ),
    hints=(
        "Which tensor may you change, and which one does the caller still need?",
        "Copy the start. Two loops: epochs outside, batches inside; one step of "
        "gradient descent in the middle. What moved is end - start.",
        "params = start.clone(); in the inner loop: "
        "params = params - lr * gradient(params, x, y); at the end: params - start.",
    ),
)
