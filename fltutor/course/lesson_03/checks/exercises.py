"""Checks of lesson 03's exercises."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from fltutor.checks import Check, case, edit

Floats = npt.NDArray[np.float64]

# ---- reading a ledger ------------------------------------------------------------


def read_ledger(
    bytes_up: int, local_steps: int, size: int, batch_size: int, dim: int
) -> tuple[float, float]:
    """Return the cohort and the epochs behind one line of a ledger."""
    cohort = bytes_up / (dim * 8)
    per_epoch = math.ceil(size / batch_size)
    return cohort, local_steps / (cohort * per_epoch)


def _line_of_a_ledger(rng: Generator) -> tuple[int, int, int, int, int]:
    cohort, epochs, size, batch_size = rng.integers(1, [30, 9, 90, 25]).tolist()
    dim = int(rng.integers(2, 400))
    steps = cohort * epochs * math.ceil(size / batch_size)
    return cohort * dim * 8, steps, size, batch_size, dim


READ_LEDGER = Check(
    id="03.read_ledger",
    reference=read_ledger,
    cases=(
        case("lesson", 96400, 100, 72, 18, 2410, expected=(5, 5)),
        case("short_batch", 1600, 24, 25, 10, 100, expected=(2, 4)),
        case("one_batch", 800, 7, 10, 32, 100, expected=(1, 7)),
    ),
    random=_line_of_a_ledger,
    mistakes={
        "both_ways": edit("(dim * 8)", "(2 * dim * 8)"),
        "numbers": edit("(dim * 8)", "dim"),
        "four_bytes": edit("(dim * 8)", "(dim * 4)"),
        "dropped": edit("math.ceil(size / batch_size)", "max(size // batch_size, 1)"),
        "fraction": edit("math.ceil(size / batch_size)", "size / batch_size"),
        "of_all": edit("local_steps / (cohort * per_epoch)", "local_steps / per_epoch"),
        "steps": edit("local_steps / (cohort * per_epoch)", "local_steps / cohort"),
    },
)

# ---- what a budget buys ----------------------------------------------------------


def affordable(
    rounds: Floats, cohorts: Floats, dim: int, budget_mib: float
) -> list[int]:
    """Return the settings within a budget of bytes, the fewest rounds first."""
    sent = rounds * 2 * cohorts * dim * 8 / 2**20  # (M,) MiB
    inside = [i for i in range(len(rounds)) if sent[i] <= budget_mib]
    return sorted(inside, key=lambda i: rounds[i])


def _offers(rng: Generator) -> tuple[Floats, Floats, int, float]:
    """Return settings around a budget, some of them never at their target."""
    count, dim = int(rng.integers(2, 6)), int(rng.integers(50, 3000))
    rounds = rng.permutation(60)[:count] + np.round(rng.uniform(1, 2, size=count), 2)
    cohorts = rng.integers(1, 21, size=count).astype(np.float64)
    sent = rounds * 2 * cohorts * dim * 8 / 2**20
    at = int(rng.integers(1, count))  # the cheapest always fits
    budget = float(np.sort(sent)[at] * rng.choice([0.99, 1.01, 1.3]))
    if rng.integers(2):
        rounds[np.argmax(sent)] = math.inf
    return rounds, cohorts, dim, budget


_ROUNDS, _COHORTS = np.array([74.0, 27.0, 9.0, 13.0]), np.array([20.0, 20.0, 20.0, 2.0])

AFFORDABLE = Check(
    id="03.affordable",
    reference=affordable,
    cases=(
        case("some", _ROUNDS, _COHORTS, 2410, 10.0, expected=[2, 3]),
        case("all", _ROUNDS, _COHORTS, 2410, 100.0, expected=[2, 3, 1, 0]),
        case("exactly", np.array([4.0, 2.0]), np.array([2.0, 2.0]), 2**15, 4.0,
             expected=[1, 0]),
        case("never", np.array([math.inf, 5.0]), np.array([1.0, 1.0]), 100, 1e6,
             expected=[1]),
        case("one", _ROUNDS, _COHORTS, 2410, 1.0, expected=[3]),
    ),
    random=_offers,
    draws=24,  # some just around the budget
    mistakes={
        "one_way": edit("rounds * 2 * cohorts", "rounds * cohorts"),
        "million": edit("2**20", "10**6"),
        "one_round": edit("rounds * 2 * cohorts", "2 * cohorts"),
        "no_cohort": edit("rounds * 2 * cohorts", "rounds * 2"),
        "numbers": edit("dim * 8", "dim"),
        "strictly": edit("<= budget_mib", "< budget_mib"),
        "unsorted": edit("sorted(inside, key=lambda i: rounds[i])", "inside"),
        "by_bytes": edit("key=lambda i: rounds[i]", "key=lambda i: sent[i]"),
        "most_first": edit("lambda i: rounds[i]", "lambda i: -rounds[i]"),
        "one": edit("return sorted(inside, key=lambda i: rounds[i])",
                    "return sorted(inside, key=lambda i: rounds[i])[:1]"),
    },
)  # fmt: skip

# ---- a learning rate for each ----------------------------------------------------


def best_rates(rounds: Floats, rates: Floats) -> Floats:
    """Return each setting's best rate, ``(M,)``: the smaller of two, NaN for never."""
    best = rates[np.argmin(rounds, axis=1)]
    return np.where(np.isinf(rounds).all(axis=1), np.nan, best)


def _last_best(rounds: Floats, rates: Floats) -> Floats:
    last = rounds.shape[1] - 1 - np.argmin(rounds[:, ::-1], axis=1)
    return np.where(np.isinf(rounds).all(axis=1), np.nan, rates[last])


def _grid(rng: Generator) -> tuple[Floats, Floats]:
    """Return rounds by setting and rate, with ties and with runs that never arrive."""
    settings, tried = int(rng.integers(1, 5)), int(rng.integers(2, 5))
    rounds = rng.integers(5, 12, size=(settings, tried)).astype(np.float64)
    rounds[rng.random(size=rounds.shape) < 0.3] = math.inf
    if rng.integers(2):
        rounds[int(rng.integers(settings))] = math.inf
    return rounds, np.sort(np.round(rng.uniform(0.01, 2, size=tried), 4))


_NEVER = math.inf
_TUNED = np.array([[_NEVER, _NEVER, 93, 80], [51, 35, 30, 30], [9, 7, 7, _NEVER]])
_RATES = np.array([0.3, 0.6, 0.9, 1.2])

BEST_RATES = Check(
    id="03.best_rates",
    reference=best_rates,
    cases=(
        case("lesson", _TUNED, _RATES, expected=[1.2, 0.9, 0.6]),
        case("never", np.full((1, 2), _NEVER), _RATES[:2], expected=[np.nan]),
        case("mixed", np.array([[_NEVER, 4.0], [_NEVER, _NEVER]]), _RATES[:2],
             expected=[0.6, np.nan]),
    ),
    random=_grid,
    draws=24,
    mistakes={
        "most": edit("np.argmin(rounds, axis=1)", "np.argmax(rounds, axis=1)"),
        "larger": _last_best,
        "index": edit("rates[np.argmin(rounds, axis=1)]",
                      "np.argmin(rounds, axis=1).astype(float)"),
        "count": edit("rates[np.argmin(rounds, axis=1)]", "rounds.min(axis=1)"),
        "first_for_never": edit("np.where(np.isinf(rounds).all(axis=1), np.nan, best)",
                                "best"),
        "any_never": edit(".all(axis=1)", ".any(axis=1)"),
        "one_for_all": edit("rates[np.argmin(rounds, axis=1)]",
                            "rates[np.argmin(rounds) % len(rates)]"),
    },
)  # fmt: skip

# ---- the Pareto front ------------------------------------------------------------


def pareto_front(costs: Floats) -> list[int]:
    """Return the indices of the rows that no other row beats, in order."""

    def beats(a: Floats, b: Floats) -> bool:
        return bool((a <= b).all() and (a < b).any())

    front = []
    for i in range(len(costs)):
        if not any(beats(other, costs[i]) for other in costs):
            front.append(i)
    return front


def _equal_beats(costs: Floats) -> list[int]:
    less = (costs[None] <= costs[:, None]).all(-1) & ~np.eye(len(costs), dtype=bool)
    return [int(i) for i in np.flatnonzero(~less.any(1))]


def _neighbours(costs: Floats) -> list[int]:
    kept = []
    for i, row in enumerate(costs):
        near = [costs[j] for j in (i - 1, i + 1) if 0 <= j < len(costs)]
        if not any((n <= row).all() and (n < row).any() for n in near):
            kept.append(i)
    return kept


def _settings(rng: Generator) -> tuple[Floats]:
    """Return a few settings with ties in one cost, in both, and far-away rivals."""
    rows = int(rng.integers(1, 8))
    costs = rng.integers(1, 7, size=(rows, 2)).astype(np.float64)
    if rows > 3 and rng.integers(2):
        costs[-1] = costs[0]  # two that cost the same
    return (costs,)


PARETO_FRONT = Check(
    id="03.pareto_front",
    reference=pareto_front,
    cases=tuple(
        case(key, np.array(costs, dtype=np.float64), expected=expected)
        for key, costs, expected in (
            ("both", [[1, 1], [2, 2]], [0]),
            ("one_each", [[1, 5], [3, 3], [6, 1]], [0, 1, 2]),
            ("lesson", [[54, 106], [20, 39], [7, 69], [5, 186]], [1, 2, 3]),
            ("tie", [[2, 4], [2, 3], [5, 1], [6, 1]], [1, 2]),
            ("same", [[9, 9], [1, 2], [1, 2]], [1, 2]),
            ("order", [[6, 1], [1, 5], [7, 7]], [0, 1]),
            ("far", [[2, 2], [9, 1], [1, 9], [3, 3]], [0, 1, 2]),
        )
    ),
    random=_settings,
    mistakes={
        "dominated": edit("if not any", "if any"),
        "largest": edit("(a <= b).all() and (a < b).any()",
                        "(a >= b).all() and (a > b).any()"),
        "in_both": edit("(a <= b).all() and (a < b).any()", "(a < b).all()"),
        "in_one": edit("(a <= b).all() and (a < b).any()", "(a < b).any()"),
        "equal": _equal_beats,
        "cheapest": lambda costs: sorted({int(i) for i in costs.argmin(0)}),
        "neighbours": _neighbours,
        "by_cost": edit("return front",
                        "return sorted(front, key=lambda i: costs[i][0])"),
        "rows": edit("front.append(i)", "front.append(costs[i])"),
    },
)  # fmt: skip
