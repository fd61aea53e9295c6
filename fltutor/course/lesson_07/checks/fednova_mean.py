"""Exercise 07.fednova_mean: every walk counts as equally long."""

from __future__ import annotations

from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor

_DELTAS = tensor([2.0, 0.0, 4.0], [8.0, -4.0, 0.0], [3.0, 6.0, -9.0])  # (K, d)


def _normalised(deltas: Tensor, weights: Tensor, steps: Tensor) -> Tensor:
    return weights @ (deltas / steps[:, None])


def _in_place(deltas: Tensor, weights: Tensor, steps: Tensor) -> Tensor:
    deltas /= steps[:, None]
    return (weights @ steps) * (weights @ deltas)


FEDNOVA_MEAN = Check(
    id="07.fednova_mean",
    title="FedNova: the normalised mean",
    signature="fednova_mean(deltas, weights, steps) -> (d,)",
    cases=(
        example(
            "equal steps: it is the weighted mean",
            {"deltas": _DELTAS[:2], "weights": tensor(0.25, 0.75),
             "steps": tensor(4.0, 4.0)},
            tensor(6.5, -3.0, 1.0),
        ),
        example(
            "1 and 4 steps, equal weights",
            {"deltas": _DELTAS[:2], "weights": tensor(0.5, 0.5),
             "steps": tensor(1.0, 4.0)},
            # per step (2, 0, 4) and (2, -1, 0), mean (2, -0.5, 2), times 2.5
            tensor(5.0, -1.25, 5.0),
        ),
        example(
            "1 and 4 steps, weights 1/4 and 3/4",
            {"deltas": _DELTAS[:2], "weights": tensor(0.25, 0.75),
             "steps": tensor(1.0, 4.0)},
            # mean (2, -0.75, 1), times 0.25 * 1 + 0.75 * 4 = 3.25
            tensor(6.5, -2.4375, 3.25),
        ),
        example(
            "as many clients as parameters: a number of steps a row",
            {"deltas": _DELTAS, "weights": tensor(0.5, 0.25, 0.25),
             "steps": tensor(1.0, 4.0, 3.0)},
            # rows (2, 0, 4), (2, -1, 0), (1, 2, -3); mean (1.75, 0.25, 1.25)
            tensor(3.9375, 0.5625, 2.8125),  # times 0.5 + 1 + 0.75 = 2.25
        ),
    ),
    mistakes=(
        Mistake(
            "FedAvg's mean",
            lambda deltas, weights, steps: weights @ deltas,
            "`steps` is not used: who walked further pulls harder. Divide each row by "
            "its number of steps first.",
        ),
        Mistake(
            "A single step",
            _normalised,
            "The mean step of the clients is right, but the server moves by only one "
            "of it, whatever work was done. Multiply by the mean number of steps.",
        ),
        Mistake(
            "The plain mean of the steps",
            lambda deltas, weights, steps: (
                steps.mean() * _normalised(deltas, weights, steps)
            ),
            "tau_eff is the *weighted* mean of the steps, sum of p_k tau_k. With "
            "unequal weights the plain mean is another number.",
        ),
        Mistake(
            "The largest number of steps",
            lambda deltas, weights, steps: (
                steps.max() * _normalised(deltas, weights, steps)
            ),
            "The server moves as if all had worked as long as the longest. The factor "
            "is the weighted *mean* of the steps.",
        ),
        Mistake(
            "Multiplied where it should be divided",
            lambda deltas, weights, steps: (
                weights @ (deltas * steps[:, None]) / (weights @ steps)
            ),
            "Long walks count even more now. Divide each row by its steps, and "
            "multiply the mean by tau_eff.",
        ),
        Mistake(
            "The steps lie along the wrong axis",
            lambda deltas, weights, steps: (
                (weights @ steps) * (weights @ (deltas / steps))
                if deltas.shape[1] == len(steps)
                else (weights @ steps) * _normalised(deltas, weights, steps)
            ),
            "There is one number of steps per client, and clients are axis 0. "
            "deltas / steps lines them up with the parameters; write steps[:, None].",
        ),
        Mistake(
            "The deltas are changed in place",
            _in_place,
            "`deltas /= ...` writes into the round's matrix. Use "
            "deltas / steps[:, None], which makes a new one.",
        ),
    ),
    hints=(
        "Two factors: each row is made one step long, and the mean is made as long as "
        "the mean walk.",
        "Divide row k by steps[k] (steps[:, None] has shape (K, 1)); weigh and add; "
        "then multiply by tau_eff = sum of weights * steps.",
        "return (weights @ steps) * (weights @ (deltas / steps[:, None]))",
    ),
)  # fmt: skip
