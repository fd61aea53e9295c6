"""Exercises 03.round_cost and 03.pareto_front: what a round costs, what is worth it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fltutor.checks.old import Case, Check, Given, Mistake, close, example, run

Sizes = Sequence[int]
Cost = tuple[float, float]


def _cost(sizes: Sizes, ids: Sizes, epochs: int, batch_size: int, dim: int) -> Cost:
    steps = sum(math.ceil(sizes[i] / batch_size) * epochs for i in ids)
    return 2.0 * len(ids) * dim * 8, float(steps)


def _given(ids: Sizes, epochs: int, batch_size: int) -> dict[str, object]:
    return {
        "sizes": [25, 10, 64, 7],
        "ids": list(ids),
        "epochs": epochs,
        "batch_size": batch_size,
        "dim": 100,
    }


ROUND_COST = Check(
    id="03.round_cost",
    title="What a round costs",
    signature="round_cost(sizes, ids, epochs, batch_size, dim) -> (bytes, steps)",
    cases=tuple(
        example(name, _given(*knobs), expected)
        for name, knobs, expected in (
            ("a client of 64 examples, batches of 16", ([2], 1, 16), (1600, 4)),
            (
                "three epochs: the steps grow, the bytes do not",
                ([2], 3, 16),
                (1600, 12),
            ),
            ("25 examples in batches of 10 are 3 steps", ([0], 2, 10), (1600, 6)),
            ("only the cohort counts", ([0, 3], 2, 10), (3200, 8)),
            ("a batch larger than the client is one step", ([1, 3], 1, 32), (3200, 2)),
        )
    ),
    mistakes=(
        Mistake(
            "The last batch is dropped",
            lambda sizes, ids, epochs, batch_size, dim: (
                2 * len(ids) * dim * 8,
                sum(sizes[i] // batch_size * epochs for i in ids),
            ),
            "n // B rounds down, and the last, smaller batch is lost. It is a step "
            "too: math.ceil(n / B).",
        ),
        Mistake(
            "A fraction of a step",
            lambda sizes, ids, epochs, batch_size, dim: (
                2 * len(ids) * dim * 8,
                sum(sizes[i] / batch_size * epochs for i in ids),
            ),
            "n / B is no whole number when the last batch is smaller. A step is a "
            "step: round up, math.ceil(n / B).",
        ),
        Mistake(
            "Rounded up after the epochs",
            lambda sizes, ids, epochs, batch_size, dim: (
                2 * len(ids) * dim * 8,
                sum(math.ceil(sizes[i] * epochs / batch_size) for i in ids),
            ),
            "Every epoch ends with its own smaller batch: round up first, then "
            "multiply by the epochs.",
        ),
        Mistake(
            "Rounded up over all clients together",
            lambda sizes, ids, epochs, batch_size, dim: (
                2 * len(ids) * dim * 8,
                math.ceil(sum(sizes[i] for i in ids) / batch_size) * epochs,
            ),
            "A batch never mixes the examples of two clients: round up for each "
            "client, then add.",
        ),
        Mistake(
            "The whole federation instead of the cohort",
            lambda sizes, ids, epochs, batch_size, dim: _cost(
                sizes, range(len(sizes)), epochs, batch_size, dim
            ),
            "Clients that are not in `ids` neither train nor send in this round. Go "
            "through ids and use sizes[i].",
        ),
        Mistake(
            "Only the upload",
            lambda sizes, ids, epochs, batch_size, dim: (
                len(ids) * dim * 8,
                _cost(sizes, ids, epochs, batch_size, dim)[1],
            ),
            "The model also travels down to each client of the cohort: twice as many "
            "bytes.",
        ),
        Mistake(
            "Numbers instead of bytes",
            lambda sizes, ids, epochs, batch_size, dim: (
                2 * len(ids) * dim,
                _cost(sizes, ids, epochs, batch_size, dim)[1],
            ),
            "This counts parameters. A float64 number has 8 bytes.",
        ),
        Mistake(
            "Bytes for every epoch",
            lambda sizes, ids, epochs, batch_size, dim: (
                2 * len(ids) * dim * 8 * epochs,
                _cost(sizes, ids, epochs, batch_size, dim)[1],
            ),
            "Nothing is sent between two epochs. That is what local work is for: the "
            "bytes of a round do not depend on E.",
        ),
    ),
    hints=(
        "Which of the five arguments matter for the bytes, and which for the steps?",
        "Bytes: down and up, 8 a number, for each client of the cohort. Steps: for "
        "each client of the cohort, the batches of an epoch, rounded up, times epochs.",
        "2 * len(ids) * dim * 8, and "
        "sum(math.ceil(sizes[i] / batch_size) * epochs for i in ids).",
    ),
)


def _dominated(
    costs: npt.ArrayLike, *, weak: bool = False, both: bool = False, sign: int = 1
) -> npt.NDArray[np.bool_]:
    table = sign * np.asarray(costs, dtype=np.float64)  # (M, 2)
    less, equal_or_less = table[None] < table[:, None], table[None] <= table[:, None]
    beats = equal_or_less.all(-1) & less.any(-1)  # (M, M): column beats row
    if both:
        beats = less.all(-1)
    if weak:
        beats = equal_or_less.all(-1) & ~np.eye(len(table), dtype=bool)
    return np.asarray(beats.max(1), dtype=np.bool_)


def _front(costs: npt.ArrayLike, **wrong: bool) -> list[int]:
    return [int(i) for i in np.flatnonzero(~_dominated(costs, **wrong))]


_FRONTS: tuple[tuple[str, list[list[float]], list[int]], ...] = (
    ("one is better in both costs", [[1, 1], [2, 2]], [0]),
    ("each is better in one", [[1, 5], [3, 3], [6, 1]], [0, 1, 2]),
    ("the lesson's four", [[54, 106], [20, 39], [7, 69], [5, 186]], [1, 2, 3]),
    ("equal in one, worse in the other", [[2, 4], [2, 3], [5, 1], [6, 1]], [1, 2]),
    ("two that cost the same both stay", [[9, 9], [1, 2], [1, 2]], [1, 2]),
    ("in the order of the list, not of the costs", [[6, 1], [1, 5], [7, 7]], [0, 1]),
)


def _front_case(name: str, costs: list[list[float]], expected: list[int]) -> Case:
    def case(answer: object) -> None:
        given: Given = {"costs": np.array(costs, dtype=np.float64)}
        close(run(answer, given), expected, given, what="the places")

    return Case(name, case)


PARETO_FRONT = Check(
    id="03.pareto_front",
    title="Settings that are worth a thought",
    signature="pareto_front(costs) -> list of places",
    cases=tuple(_front_case(*each) for each in _FRONTS),
    mistakes=(
        Mistake(
            "The dominated ones",
            lambda costs: [int(i) for i in np.flatnonzero(_dominated(costs))],
            "These are the settings that somebody beats. Return the others.",
        ),
        Mistake(
            "The largest instead of the smallest",
            lambda costs: [int(i) for i in np.flatnonzero(~_dominated(costs, sign=-1))],
            "Costs are better when they are smaller; this keeps the expensive ones.",
        ),
        Mistake(
            "Beaten only by what is better in both",
            lambda costs: _front(costs, both=True),
            "A setting with equal bytes and more work is beaten too. j beats i if it "
            "is no worse in both costs and better in at least one.",
        ),
        Mistake(
            "Equal ones beat each other",
            lambda costs: _front(costs, weak=True),
            "Two settings that cost the same drop each other here. To beat, one must "
            "be better in at least one cost: all(<=) and any(<).",
        ),
        Mistake(
            "Only the cheapest of each cost",
            lambda costs: sorted({int(i) for i in np.asarray(costs).argmin(0)}),
            "The cheapest in bytes and the cheapest in work are on the front, but so "
            "is each compromise between them that nobody beats in both.",
        ),
        Mistake(
            "In the order of the first cost",
            lambda costs: sorted(_front(costs), key=lambda i: float(costs[i][0])),
            "The places are right, but their order is that of the costs. Return them "
            "in the order of the list.",
        ),
        Mistake(
            "The costs instead of the places",
            lambda costs: np.asarray(costs)[_front(costs)],
            "These are rows of costs. Return which rows: their places in the list.",
        ),
    ),
    hints=(
        "When would nobody sensible choose setting i? When some setting j beats it.",
        "j beats i if it is no worse in both costs and better in at least one. Keep "
        "every i that no j beats.",
        "beats = lambda a, b: (a <= b).all() and (a < b).any(); "
        "[i for i in range(len(costs)) if not any(beats(c, costs[i]) for c in costs)].",
    ),
)
