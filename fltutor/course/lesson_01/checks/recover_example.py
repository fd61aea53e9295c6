"""Exercise 01.recover_example: an update gives its only example away."""

from __future__ import annotations

import torch
from torch import Tensor

from fltutor.checks.old import Case, Check, Mistake, example, tensor

_X = tensor(0.5, 1.0, 0.25)  # (f,)


def _update(name: str, *moves: float, x: Tensor = _X) -> Case:
    """Make a case whose hidden units moved by these multiples of the example."""
    biases = tensor(*moves)  # (m,)
    return example(name, {"weights": biases[:, None] * x, "biases": biases}, x)


def _row_of(unit: int, weights: Tensor, biases: Tensor) -> Tensor:
    return weights[unit] / biases[unit]


def _largest(weights: Tensor, biases: Tensor) -> Tensor:
    return _row_of(int(biases.abs().argmax()), weights, biases)


RECOVER_EXAMPLE = Check(
    id="01.recover_example",
    title="Read the example out of the update",
    signature="recover_example(weights, biases) -> (f,)",
    cases=(
        _update("two units that moved", 0.5, -2.0),
        _update("a unit that did not move is no help", 0.5, 0.0, 0.25),
        _update("biases may all move down", -0.5, 0.0, -0.25),
        _update("the first unit may be one that did not move", 0.0, 0.25, -0.75),
        _update("white pixels come out as 0", 0.5, 1.5, x=tensor(0.0, 1.0, 0.0, 0.5)),
    ),
    mistakes=(
        Mistake(
            "Always the first unit",
            lambda weights, biases: _row_of(0, weights, biases),
            "The first hidden unit may not have moved at all (its ReLU was off), and "
            "then this is 0 / 0. Choose a unit whose bias did move, best the one that "
            "moved most.",
        ),
        Mistake(
            "The mean over all units",
            lambda weights, biases: (weights / biases[:, None]).mean(0),
            "Units that did not move give 0 / 0 = nan, and a mean with one nan in it "
            "is nan. One unit that moved is enough.",
        ),
        Mistake(
            "The largest bias instead of the largest move",
            lambda weights, biases: _row_of(int(biases.argmax()), weights, biases),
            "argmax finds the most positive change. Where all units moved down, that "
            "is one that did not move. Take biases.abs().argmax().",
        ),
        Mistake(
            "Divided the wrong way round",
            lambda weights, biases: 1.0 / _largest(weights, biases),
            "Weights moved by g x and the bias by g, so x is weights / bias. This is "
            "bias / weights, which is 1 / x.",
        ),
        Mistake(
            "Not divided at all",
            lambda weights, biases: weights[int(biases.abs().argmax())],
            "This row is g x: the example, scaled by an unknown g. The bias moved by "
            "exactly g: divide by it.",
        ),
        Mistake(
            "The sign turned",
            lambda weights, biases: -_largest(weights, biases),
            "An update is minus a gradient, but in weights and bias: the sign "
            "cancels in the division.",
        ),
        Mistake(
            "A row for each unit",
            lambda weights, biases: torch.nan_to_num(weights / biases[:, None]),
            "Each row that moved says the same x. Return one of them, of shape (f,).",
        ),
    ),
    hints=(
        "In one step the row of unit i moves by g_i x and its bias by g_i, with the "
        "same g_i. What can you do to be rid of g_i?",
        "Choose one unit whose bias moved, the one with the largest absolute change, "
        "and divide its row of weights by its bias.",
        "unit = biases.abs().argmax(); return weights[unit] / biases[unit]",
    ),
)
