"""Exercise 06.seeds_needed: how many seeds a comparison takes."""

from __future__ import annotations

from math import ceil

import numpy as np
import numpy.typing as npt

from fltutor.checks.old import Check, Mistake, example

Floats = npt.NDArray[np.float64]


def _needed(spread: float, gap: float) -> int:
    return max(2, ceil((1.96 * spread / gap) ** 2))


def _seeds(a: Floats, b: Floats, gap: float) -> int:
    return _needed(float((b - a).std(ddof=1)), gap)


_C = np.array([0.60, 0.75, 0.82, 0.55, 0.70, 0.66])
_D = np.array([0.62, 0.71, 0.85, 0.60, 0.69, 0.70])

SEEDS_NEEDED = Check(
    id="06.seeds_needed",
    title="How many seeds does it take?",
    signature="seeds_needed(a, b, gap) -> number of seeds",
    cases=(
        example(
            "gains -0.1 and 0.1, a gap of 0.05: 1.96^2 * 0.02 / 0.0025 = 30.7",
            {"a": np.zeros(2), "b": np.array([-0.1, 0.1]), "gap": 0.05},
            31,
        ),
        example(
            "six seeds that rise and fall together",
            {"a": _C, "b": _D, "gap": 0.01},
            _seeds(_C, _D, 0.01),
        ),
        example(
            "half the gap, four times the seeds",
            {"a": _C, "b": _D, "gap": 0.005},
            _seeds(_C, _D, 0.005),
        ),
        example(
            "a gain without any spread still needs two",
            {"a": _C, "b": _C + 0.25, "gap": 0.01},
            2,
        ),
    ),
    mistakes=(
        Mistake(
            "The spread of one method",
            lambda a, b, gap: _needed(float(b.std(ddof=1)), gap),
            "This is the spread of b alone, most of which is the luck of the seeds and "
            "cancels in pairs. Take the standard deviation of b - a.",
        ),
        Mistake(
            "Both spreads added",
            lambda a, b, gap: _needed(
                float(np.sqrt(a.var(ddof=1) + b.var(ddof=1))), gap
            ),
            "Variances add when the seeds of a and b are *not* the same. Here they "
            "are: take the standard deviation of b - a.",
        ),
        Mistake(
            "Divided by n",
            lambda a, b, gap: _needed(float((b - a).std()), gap),
            "np.std divides by n and is too small for a sample: use ddof=1.",
        ),
        Mistake(
            "Not squared",
            lambda a, b, gap: max(2, ceil(1.96 * (b - a).std(ddof=1) / gap)),
            "The half width is 1.96 sd / sqrt(n): solve that for n, and a square "
            "appears. Half the gap needs four times the seeds.",
        ),
        Mistake(
            "Rounded down",
            lambda a, b, gap: max(2, int((1.96 * (b - a).std(ddof=1) / gap) ** 2)),
            "Rounded down, the interval is still a little wider than the gap: round up "
            "with math.ceil.",
        ),
        Mistake(
            "The standard error of the pilot",
            lambda a, b, gap: _needed(
                float((b - a).std(ddof=1) / np.sqrt(len(a))), gap
            ),
            "The pilot's own sqrt(n) is in there. The n that you look for is the "
            "new one: start from the standard deviation of the gains.",
        ),
        Mistake(
            "No spread, no seeds",
            lambda a, b, gap: ceil((1.96 * (b - a).std(ddof=1).round(9) / gap) ** 2),
            "Fewer than two seeds have no spread at all, and so no interval: return at "
            "least 2.",
        ),
    ),
    hints=(
        "Which spread decides how wide a paired interval is?",
        "Half the width of an interval is about 1.96 sd / sqrt(n), with the sd of the "
        "gains (ddof=1). Set it equal to the gap, solve for n, round up; at least 2.",
        "sd = (b - a).std(ddof=1); return max(2, math.ceil((1.96 * sd / gap) ** 2)).",
    ),
)
