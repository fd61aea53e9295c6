"""Exercise 08.yogi: v that moves by steps of bounded size."""

from __future__ import annotations

import torch
from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor


def _in_place(v: Tensor, D: Tensor, beta2: float) -> Tensor:
    v -= (1 - beta2) * D**2 * torch.sign(v - D**2)
    return v


_BELOW = {  # v below D^2 everywhere
    "v": tensor(0.5, 1.0, 0.0),
    "aggregate": tensor(2.0, -3.0, 1.0),
    "beta2": 0.75,
}
_ABOVE = {  # and above it
    "v": tensor(9.0, 6.0, 2.0),
    "aggregate": tensor(2.0, -1.0, 0.5),
    "beta2": 0.75,
}
_SILENT = {
    "v": tensor(3.0, 0.2, 4.0),
    "aggregate": tensor(0.0, 0.0, -2.0),
    "beta2": 0.9,
}

YOGI = Check(
    id="08.yogi",
    title="Yogi's v",
    signature="yogi_v(v, aggregate, beta2) -> (d,)",
    cases=(
        example("where v is too small it grows", _BELOW, tensor(1.5, 3.25, 0.25)),
        example("where v is too large it shrinks", _ABOVE, tensor(8.0, 5.75, 1.9375)),
        example(
            "where nothing came, and where v is right, it stays",
            _SILENT,
            tensor(3.0, 0.2, 4.0),
        ),
    ),
    mistakes=(
        Mistake(
            "Adam's rule",
            lambda v, D, beta2: beta2 * v + (1 - beta2) * D**2,
            "This is Adam: how far v moves depends on how far away it is, and silence "
            "makes it fade. Yogi takes only the *sign* of the distance, and D² as the "
            "size of the step.",
        ),
        Mistake(
            "Away from D²",
            lambda v, D, beta2: v + (1 - beta2) * D**2 * torch.sign(v - D**2),
            "v moves away from D²: the sign is turned round. Where v is larger than "
            "D², v - D² is positive, and v should shrink.",
        ),
        Mistake(
            "Without 1 - beta2",
            lambda v, D, beta2: v - D**2 * torch.sign(v - D**2),
            "v moves by the whole of D². The factor 1 - beta2 makes it move slowly.",
        ),
        Mistake(
            "beta2 in place of 1 - beta2",
            lambda v, D, beta2: v - beta2 * D**2 * torch.sign(v - D**2),
            "The step has the factor beta2, near 1. It is the weight of what is new, "
            "1 - beta2.",
        ),
        Mistake(
            "D instead of D²",
            lambda v, D, beta2: v - (1 - beta2) * D * torch.sign(v - D),
            "v is compared with D and moves by D. v holds *squares*, and so must what "
            "it is compared with: D².",
        ),
        Mistake(
            "The distance without its sign",
            lambda v, D, beta2: v - (1 - beta2) * D**2 * (v - D**2),
            "You multiply by the distance v - D² itself. Yogi takes its sign, +1, 0 "
            "or -1, so that the step is bounded.",
        ),
        Mistake(
            "v can only grow",
            lambda v, D, beta2: v + (1 - beta2) * D**2,
            "v grows in every case, like Adagrad's. Where it is above D² it should "
            "come down.",
        ),
        Mistake(
            "v is changed in place",
            _in_place,
            "`v -= ...` writes into the caller's v. Write v - ... and return it.",
        ),
    ),
    hints=(
        "Where should v go, up or down, when it is below D²? And how far, if D is 0?",
        "The size of the step is (1 - beta2) D². Its direction is the sign of "
        "D² - v: torch.sign gives +1, 0 or -1.",
        "square = aggregate**2; return v - (1 - beta2) * square * "
        "torch.sign(v - square).",
    ),
)
