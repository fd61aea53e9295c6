"""Exercise 02.weighted_mean: the mean of the rows, weighted."""

from __future__ import annotations

from torch import Tensor

from fltutor.checks.cases import example, tensor
from fltutor.checks.model import Check, Mistake

_DELTAS = tensor([1.0, 2.0, 0.0], [3.0, -2.0, 1.0], [5.0, 6.0, -4.0])  # (K, d)


def _in_place(deltas: Tensor, weights: Tensor) -> Tensor:
    deltas *= (weights / weights.sum())[:, None]
    return deltas.sum(0)


WEIGHTED_MEAN = Check(
    id="02.weighted_mean",
    title="The weighted mean of the updates",
    signature="weighted_mean(deltas, weights) -> (d,)",
    cases=(
        example(
            "equal weights give the plain mean",
            {"deltas": _DELTAS[:2], "weights": tensor(0.5, 0.5)},
            tensor(2.0, 0.0, 0.5),
        ),
        example(
            "a client with three times the weight counts three times",
            {"deltas": _DELTAS[:2], "weights": tensor(0.75, 0.25)},
            tensor(1.5, 1.0, 0.25),
        ),
        example(
            "as many clients as parameters: still one weight per row",
            {"deltas": _DELTAS, "weights": tensor(0.5, 0.25, 0.25)},
            tensor(2.5, 2.0, -0.75),
        ),
        example(
            "weights may be counts of examples: 10, 20 and 10",
            {"deltas": _DELTAS, "weights": tensor(10.0, 20.0, 10.0)},
            tensor(3.0, 1.0, -0.5),
        ),
        example(
            "a client alone gets its own update back",
            {"deltas": _DELTAS[2:], "weights": tensor(7.0)},
            _DELTAS[2],
        ),
    ),
    mistakes=(
        Mistake(
            "The unweighted mean",
            lambda deltas, weights: deltas.mean(0),
            "Every client counts the same here, however many examples it has: "
            "`weights` is never used. Multiply each row by its weight before the sum.",
        ),
        Mistake(
            "The weights are not normalised",
            lambda deltas, weights: (weights[:, None] * deltas).sum(0),
            "This is a weighted sum. It is a mean only if the weights add up to 1; "
            "with counts of examples the update grows with the data. Divide by "
            "weights.sum().",
        ),
        Mistake(
            "Divided by the number of clients",
            lambda deltas, weights: (weights[:, None] * deltas).mean(0),
            "The sum is right, but it is divided by K. A weighted mean is divided by "
            "the sum of the weights.",
        ),
        Mistake(
            "The weights lie along the wrong axis",
            lambda deltas, weights: (deltas * (weights / weights.sum())).sum(0),
            "Axis 0 is the clients, and there is one weight per client. (K, d) * (K,) "
            "lines the weights up with the parameters; weights[:, None] has shape "
            "(K, 1) and lines up with the rows.",
        ),
        Mistake(
            "Summed over the wrong axis",
            lambda deltas, weights: ((weights / weights.sum())[:, None] * deltas).sum(
                1
            ),
            "One number per client came out. The mean runs over the clients, which "
            "are axis 0, and leaves one number per parameter.",
        ),
        Mistake(
            "The input is changed in place",
            _in_place,
            "`deltas *= ...` writes into the caller's matrix, and the next line of "
            "the round reads weighted updates. Use `weights[:, None] * deltas`, which "
            "makes a new one.",
        ),
        Mistake(
            "One axis too many",
            lambda deltas, weights: (weights / weights.sum())[None, :] @ deltas,
            "A (1, K) @ (K, d) product is a (1, d) matrix. The server adds a vector "
            "of shape (d,) to its params: use a (K,) vector on the left.",
        ),
    ),
    hints=(
        "Axis 0 is the clients. Which axis has to be gone at the end?",
        "Make the weights add up to 1, multiply each row by its weight, add the rows. "
        "weights[:, None] turns (K,) into (K, 1), which meets (K, d) row by row.",
        "share = weights / weights.sum(); then (share[:, None] * deltas).sum(0), or "
        "share @ deltas, which is the same.",
    ),
)
