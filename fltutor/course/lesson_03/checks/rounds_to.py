"""Exercise 03.rounds_to_target: rounds until the best model so far is good enough."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fltutor.checks.old import Check, Mistake, example

Floats = npt.NDArray[np.float64]


def _count(
    values: Floats,
    target: float,
    *,
    before: float | None = None,
    first: float = 1.0,
    never: float = float("inf"),
    strict: bool = False,
    whole: bool = False,
    shift: float = 0.0,
    raw: Floats | None = None,
) -> float:
    """Count rounds; the keywords are the ways in which it goes wrong."""
    reached = np.flatnonzero(values > target if strict else values >= target)
    if not len(reached):
        return never
    t = int(reached[0])
    if t == 0 and before is None:
        return first
    lower = before if t == 0 else (values if raw is None else raw)[t - 1]
    assert lower is not None
    share = 1.0 if whole else (target - lower) / (values[t] - lower)
    return float(t + share + shift)


def _best(accuracy: Floats) -> Floats:
    return np.array(np.maximum.accumulate(accuracy))


def _last_crossing(accuracy: Floats, target: float) -> float:
    below = np.flatnonzero(accuracy < target)
    if accuracy[-1] < target:
        return float("inf")
    if not len(below):
        return 1.0
    t = int(below[-1]) + 1
    share = (target - accuracy[t - 1]) / (accuracy[t] - accuracy[t - 1])
    return float(t + share)


ROUNDS_TO = Check(
    id="03.rounds_to_target",
    title="Rounds to a target",
    signature="rounds_to_target(accuracy, target) -> rounds",
    cases=tuple(
        example(name, {"accuracy": np.array(accuracy), "target": target}, expected)
        for name, accuracy, target, expected in (
            ("half-way between rounds 2 and 3", [0.2, 0.4, 0.8], 0.6, 2.5),
            ("never reached is infinity", [0.2, 0.5, 0.4], 0.6, float("inf")),
            ("reached after the first round already", [0.8, 0.9], 0.6, 1.0),
            ("exactly the target counts as reached", [0.5, 0.7, 0.7, 0.9], 0.7, 2.0),
            ("a dip after the target does not count", [0.4, 0.8, 0.5, 0.9], 0.6, 1.5),
            ("a dip before: the best so far stays", [0.5, 0.2, 0.8], 0.65, 2.5),
        )
    ),
    mistakes=(
        Mistake(
            "Without the best so far",
            lambda accuracy, target: _count(accuracy, target),
            "After a dip the line is drawn from the dip. The server still has its "
            "best model: draw it from the best value so far, "
            "np.maximum.accumulate(accuracy).",
        ),
        Mistake(
            "Off by one",
            lambda accuracy, target: _count(
                _best(accuracy), target, first=0.0, shift=-1.0
            ),
            "Python counts places from 0, rounds are counted from 1: place t of the "
            "list is round t + 1.",
        ),
        Mistake(
            "No interpolation",
            lambda accuracy, target: _count(_best(accuracy), target, whole=True),
            "This is the first round that stands at or above the target. The target "
            "lies between that round and the one before: add only the share of the "
            "way that was needed.",
        ),
        Mistake(
            "The last crossing",
            _last_crossing,
            "This waits until the accuracy stays above the target. The question is "
            "when the best model so far first reached it: a later dip does not count.",
        ),
        Mistake(
            "The number of rounds where it is never reached",
            lambda accuracy, target: _count(
                _best(accuracy), target, never=float(len(accuracy))
            ),
            "A run that never arrives did not arrive in its last round. Return "
            "float('inf'), or it will look better than one that needed longer.",
        ),
        Mistake(
            "Zero or minus one where it is never reached",
            lambda accuracy, target: _count(_best(accuracy), target, never=-1.0),
            "A run that never arrives gets a negative number here, and would win "
            "every comparison. Return float('inf').",
        ),
        Mistake(
            "Strictly above the target",
            lambda accuracy, target: _count(_best(accuracy), target, strict=True),
            "Exactly the target is enough: use >=, not >.",
        ),
        Mistake(
            "A line from zero before the first round",
            lambda accuracy, target: _count(_best(accuracy), target, before=0.0),
            "Before round 1 nothing was measured, so there is no line to read: where "
            "the first value reaches the target the answer is 1.",
        ),
    ),
    hints=(
        "What does a dip change about the best model that the server has seen?",
        "Take the running maximum; find the first place t that is at least the target; "
        "two cases have no line: never reached, and t = 0.",
        "share = (target - best[t - 1]) / (best[t] - best[t - 1]); return t + share.",
    ),
)
