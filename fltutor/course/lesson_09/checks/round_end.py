"""Exercise 09.round_end: when a round ends."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from fltutor.checks.old import Check, Mistake, example


def _round(seconds: Sequence[float], deadline: float, enough: int) -> dict[str, object]:
    return {"seconds": list(seconds), "deadline": deadline, "enough": enough}


def _end(seconds: Sequence[float], deadline: float, enough: int) -> tuple[float, int]:
    there = sorted(s for s in seconds if s <= deadline)
    if len(there) >= enough:
        return there[enough - 1], enough
    return deadline, len(there)


def _in_list_order(
    seconds: Sequence[float], deadline: float, enough: int
) -> tuple[float, int]:
    there = [s for s in seconds if s <= deadline]
    if len(there) >= enough:
        return there[enough - 1], enough
    return deadline, len(there)


def _not_at_the_deadline(
    seconds: Sequence[float], deadline: float, enough: int
) -> tuple[float, int]:
    there = sorted(s for s in seconds if s < deadline)
    if len(there) >= enough:
        return there[enough - 1], enough
    return deadline, len(there)


def _ends_with_the_last(
    seconds: Sequence[float], deadline: float, enough: int
) -> tuple[float, int]:
    there = sorted(s for s in seconds if s <= deadline)[:enough]
    return (there[-1] if there else deadline), len(there)


ROUND_END = Check(
    id="09.round_end",
    title="When a round ends",
    signature="round_end(seconds, deadline, enough) -> (end, used)",
    cases=(
        example("all in time, all wanted", _round([3, 1, 2], 10, 3), (3, 3)),
        example("enough, before the deadline", _round([3, 1, 9], 5, 2), (3, 2)),
        example("the deadline comes first", _round([3, 1, 9], 5, 3), (5, 2)),
        example("a report at the very deadline counts", _round([5, 1], 5, 2), (5, 2)),
        example("one that never reports", _round([inf, 2], 6, 2), (6, 1)),
        example("nobody in time", _round([8, 9], 4, 1), (4, 0)),
    ),
    mistakes=(
        Mistake(
            "Enough is not looked at",
            lambda seconds, deadline, enough: (
                min(max(seconds), deadline),
                sum(s <= deadline for s in seconds),
            ),
            "The round goes on although enough have reported. It ends with the report "
            "number `enough`, if that comes before the deadline.",
        ),
        Mistake(
            "In the order of the list",
            _in_list_order,
            "The list is in order of clients, not of time. Sort it: the report number "
            "`enough` is the one that comes so late, whoever sends it.",
        ),
        Mistake(
            "Always until the deadline",
            lambda seconds, deadline, enough: (
                deadline,
                _end(seconds, deadline, enough)[1],
            ),
            "A deadline is the latest end. With enough reports the round ends earlier, "
            "at the last one needed.",
        ),
        Mistake(
            "Ends with the last that came",
            _ends_with_the_last,
            "With too few reports the server waits until the deadline: it cannot know "
            "that nobody else will come in time.",
        ),
        Mistake(
            "At the deadline is too late",
            _not_at_the_deadline,
            "A report at the very deadline is in time here: use <=.",
        ),
        Mistake(
            "The late are counted too",
            lambda seconds, deadline, enough: (
                _end(seconds, deadline, enough)[0],
                enough,
            ),
            "`used` counts the reports that were there at the end. When the deadline "
            "ends the round there are fewer than `enough`.",
        ),
    ),
    hints=(
        "Two things can end the round. Which reports matter for each of them?",
        "Keep the seconds that are <= deadline, sorted. Are there `enough` of them?",
        "there = sorted(s for s in seconds if s <= deadline); with enough of them the "
        "answer is there[enough - 1], enough; else deadline, len(there).",
    ),
)
