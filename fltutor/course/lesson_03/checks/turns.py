"""Checks of lesson 03's Your turns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Check, case, draw, edit, tensor

Floats = npt.NDArray[np.float64]

# ---- rounds to a target ----------------------------------------------------------


def rounds_to_target(accuracy: Floats, target: float) -> float:
    """Return the rounds until the best value so far is at least the target."""
    best = np.maximum.accumulate(accuracy)
    reached = np.flatnonzero(best >= target)
    if len(reached) == 0:
        return math.inf
    t = int(reached[0])
    if t == 0:
        return 1.0
    share = (target - best[t - 1]) / (best[t] - best[t - 1])
    return float(t + share)


def _last_crossing(accuracy: Floats, target: float) -> float:
    below = np.flatnonzero(accuracy < target)
    if accuracy[-1] < target:
        return math.inf
    if not len(below):
        return 1.0
    t = int(below[-1]) + 1
    share = (target - accuracy[t - 1]) / (accuracy[t] - accuracy[t - 1])
    return float(t + share)


def _curve(rng: Generator) -> tuple[Floats, float]:
    """Return a jumpy curve: plateaus, dips, targets reached first, exactly, never."""
    rounds = int(rng.integers(1, 7))
    accuracy = np.round(rng.uniform(0.1, 0.9, size=rounds), 2)
    if rounds > 2 and rng.integers(2):
        accuracy[1] = accuracy[0]  # a plateau
    exact = float(rng.choice(accuracy))
    target = [exact, float(rng.uniform(0.1, 0.95)), float(rng.uniform(0.3, 0.7))]
    return accuracy, target[int(rng.integers(3))]


ROUNDS_TO = Check(
    id="03.rounds_to_target",
    reference=rounds_to_target,
    cases=(
        case("between", np.array([0.2, 0.4, 0.8]), 0.6, expected=2.5),
        case("never", np.array([0.2, 0.5, 0.4]), 0.6, expected=math.inf),
        case("first", np.array([0.8, 0.9]), 0.6, expected=1.0),
        case("exactly", np.array([0.5, 0.7, 0.7, 0.9]), 0.7, expected=2.0),
        case("dip_after", np.array([0.4, 0.8, 0.5, 0.9]), 0.6, expected=1.5),
        case("dip_before", np.array([0.5, 0.2, 0.8]), 0.65, expected=2.5),
    ),
    random=_curve,
    draws=24,  # each of its special cases several times
    mistakes={
        "not_best": edit("np.maximum.accumulate(accuracy)", "accuracy"),
        "off_by_one": edit("t + share", "t - 1 + share", "return 1.0", "return 0.0"),
        "whole": edit("t + share", "t + 1"),
        "last": _last_crossing,
        "length": edit("math.inf", "float(len(accuracy))"),
        "minus_one": edit("math.inf", "-1.0"),
        "zero": edit("math.inf", "0.0"),
        "strictly": edit(">= target", "> target"),
        "from_zero": edit("return 1.0", "return target / best[0]"),
        "share_left": edit("(target - best[t - 1])", "(best[t] - target)"),
    },
)

# ---- what a round costs ----------------------------------------------------------

Sizes = Sequence[int]


def round_cost(
    sizes: Sizes, ids: Sizes, epochs: int, batch_size: int, dim: int
) -> tuple[float, float]:
    """Return the bytes and the local steps of one round."""
    numbers = 2 * len(ids) * dim
    steps = sum(math.ceil(sizes[i] / batch_size) * epochs for i in ids)
    return numbers * 8, steps


def _round(rng: Generator) -> tuple[list[int], list[int], int, int, int]:
    clients = int(rng.integers(2, 7))
    sizes = rng.integers(1, 40, size=clients).tolist()
    cohort = int(rng.integers(1, clients + 1))
    ids = sorted(rng.choice(clients, size=cohort, replace=False).tolist())
    epochs, batch_size, dim = rng.integers(1, [5, 20, 300]).tolist()
    return sizes, ids, epochs, batch_size, dim


_SIZES = [25, 10, 64, 7]

ROUND_COST = Check(
    id="03.round_cost",
    reference=round_cost,
    cases=(
        case("one", _SIZES, [2], 1, 16, 100, expected=(1600, 4)),
        case("epochs", _SIZES, [2], 3, 16, 100, expected=(1600, 12)),
        case("short_batch", _SIZES, [0], 2, 10, 100, expected=(1600, 6)),
        case("cohort", _SIZES, [0, 3], 2, 10, 100, expected=(3200, 8)),
        case("large_batch", _SIZES, [1, 3], 1, 32, 100, expected=(3200, 2)),
    ),
    random=_round,
    mistakes={
        "dropped": edit("math.ceil(sizes[i] / batch_size)", "sizes[i] // batch_size"),
        "fraction": edit("math.ceil(sizes[i] / batch_size)", "sizes[i] / batch_size"),
        "after_epochs": edit(
            "math.ceil(sizes[i] / batch_size) * epochs",
            "math.ceil(sizes[i] * epochs / batch_size)",
        ),
        "together": edit(
            "sum(math.ceil(sizes[i] / batch_size) * epochs for i in ids)",
            "math.ceil(sum(sizes[i] for i in ids) / batch_size) * epochs",
        ),
        "everyone": edit("for i in ids", "for i in range(len(sizes))"),
        "everyone_in_both": edit(
            "len(ids)", "len(sizes)", "for i in ids", "for i in range(len(sizes))"
        ),
        "first_clients": edit(
            "sizes[i]", "sizes[k]", "for i in ids", "for k in range(len(ids))"
        ),  # fmt: skip
        "upload": edit("2 * len(ids) * dim", "len(ids) * dim"),
        "numbers": edit("numbers * 8", "numbers"),
        "bytes_of_epochs": edit("numbers * 8", "numbers * 8 * epochs"),
        "no_epochs": edit(
            "math.ceil(sizes[i] / batch_size) * epochs",
            "math.ceil(sizes[i] / batch_size)",
        ),  # fmt: skip
    },
)

# ---- the line between two models -------------------------------------------------


def line(a: Tensor, b: Tensor, ts: Tensor) -> Tensor:
    """Return a model for each t, ``(T, d)``: a at t = 0, b at t = 1."""
    t = ts[:, None]  # (T, 1)
    return a + t * (b - a)


def _ends(rng: Generator) -> tuple[Tensor, Tensor, Tensor]:
    dim = int(rng.integers(1, 5))
    ts = draw(rng, int(rng.integers(1, 5)), low=-0.5, high=1.5, digits=3)
    return draw(rng, dim), draw(rng, dim), ts


_A, _B = tensor(2.0, 0.0, -1.0), tensor(4.0, 1.0, 3.0)

LINE = Check(
    id="03.line",
    reference=line,
    cases=(
        case("middle", _A, _B, tensor(0.5), expected=[[3.0, 0.5, 1.0]]),
        case("ends", _A, _B, tensor(0.0, 1.0), expected=[[2.0, 0, -1], [4, 1, 3]]),
        case("square", _A, _B, tensor(0.25, 0.5, 1.0),
             expected=[[2.5, 0.25, 0.0], [3.0, 0.5, 1.0], [4.0, 1.0, 3.0]]),
        case("beyond", tensor(1.0, 1.0), tensor(2.0, 0.0), tensor(2.0),
             expected=[[3.0, -1.0]]),
    ),
    random=_ends,
    mistakes={
        "exchanged": edit("a + t * (b - a)", "b + t * (a - b)"),
        "whole_a": edit("(b - a)", "b"),
        "from_b": edit("a + t * (b - a)", "b + t * (b - a)"),
        "columns": lambda a, b, ts: a[:, None] + ts * (b - a)[:, None],
        "own_t": lambda a, b, ts: (a + ts * (b - a)).expand(len(ts), -1),
        "average": edit("a + t * (b - a)", "((a + b) / 2).expand(len(ts), -1)"),
        "clamped": edit("ts[:, None]", "ts[:, None].clamp(0, 1)"),
        "in_place": edit("(b - a)", "b.sub_(a)"),
    },
)  # fmt: skip
