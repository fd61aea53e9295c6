"""Checks of lesson 06, measuring honestly."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from fltutor.checks import Check, Given, Mismatch, agree, case, edit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# ---- the client that fares worst -------------------------------------------------


def worst_client(correct: Bools, owner: Ints) -> tuple[int, float]:
    """Return the id of the client with the lowest accuracy, and that accuracy."""
    ids = np.unique(owner)
    each = np.array([correct[owner == i].mean() for i in ids])  # (N,)
    place = each.argmin()
    return int(ids[place]), float(each[place])


def _lowest(got: object, expected: object, given: Given) -> None:
    """Want the lowest accuracy, and any client that has it."""
    assert isinstance(expected, tuple)
    parts = WORST_CLIENT.wording.parts
    correct, owner = np.asarray(given["correct"]), np.asarray(given["owner"])
    for i in np.unique(owner):
        if correct[owner == i].mean() == expected[1]:
            try:
                return agree(got, (i, expected[1]), given, parts=parts)
            except Mismatch:
                continue
    return agree(got, expected, given, parts=parts)


def _below_one(correct: Bools, owner: Ints) -> tuple[int | None, float]:
    client, lowest = None, 1.0
    for i in np.unique(owner):
        if correct[owner == i].mean() < lowest:
            client, lowest = int(i), float(correct[owner == i].mean())
    return client, lowest


def _answers(right: list[int], owner: list[int]) -> tuple[Bools, Ints]:
    return np.array(right, dtype=bool), np.array(owner)


def _piles(rng: Generator) -> tuple[Bools, Ints]:
    """Return the answers of clients of unequal sizes, mixed; sometimes all right."""
    ids = rng.permutation(12)[: rng.integers(2, 5)]
    owner = rng.permutation(np.repeat(ids, rng.integers(1, 7, size=len(ids))))
    share = float(rng.choice([0.3, 0.7, 0.9, 1.0]))
    return rng.random(len(owner)) < share, owner


WORST_CLIENT = Check(
    id="06.worst_client",
    reference=worst_client,
    cases=(
        case("two", *_answers([1, 1, 1, 1, 0, 1], [0, 0, 0, 1, 1, 1]),
             expected=(1, 2 / 3)),
        case("share", *_answers([1, 1, 1, 0, 0, 1, 1, 1, 0, 1],
                                [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]), expected=(1, 1 / 2)),
        case("few", *_answers([1, 0, 1, 0, 1, 1, 1, 1, 1, 1],
                              [0, 0, 0, 0, 1, 1, 1, 1, 1, 2]), expected=(0, 1 / 2)),
        case("names", *_answers([1, 0, 1, 0, 1, 1, 1], [9, 4, 9, 2, 4, 2, 4]),
             expected=(2, 1 / 2)),
        case("absent", *_answers([1, 0, 1, 1, 1], [1, 5, 5, 5, 1]),
             expected=(5, 2 / 3)),
        case("perfect", *_answers([1, 1, 1], [4, 3, 4]), expected=(3, 1.0)),
    ),
    random=_piles,
    draws=24,
    judge=_lowest,
    mistakes={
        "errors": edit("correct[owner == i].mean() for",
                       "correct[owner == i].sum() - (owner == i).sum() for",
                       "float(each[place])",
                       "float(correct[owner == ids[place]].mean())"),
        "fewest_right": edit("correct[owner == i].mean() for",
                             "correct[owner == i].sum() for", "float(each[place])",
                             "float(correct[owner == ids[place]].mean())"),
        "place": edit("int(ids[place])", "int(place)"),
        "places": edit("correct[owner == i].mean() for i in ids",
                       "correct[owner == i].mean() if i in owner else np.inf "
                       "for i in range(len(ids))", "int(ids[place])", "int(place)"),
        "zeros": edit("np.unique(owner)", "np.arange(owner.max() + 1)",
                      "correct[owner == i].mean() for",
                      "correct[owner == i].mean() if i in owner else 0.0 for"),
        "everyone": edit("float(each[place])", "float(correct.mean())"),
        "best": edit("each.argmin()", "each.argmax()"),
        "error_rate": edit("float(each[place])", "1 - float(each[place])"),
        "exchanged": edit("int(ids[place]), float(each[place])",
                          "float(each[place]), int(ids[place])"),
        "below_one": _below_one,
    },
)  # fmt: skip

# ---- an interval for paired seeds ------------------------------------------------


def paired_bootstrap(a: Floats, b: Floats, picks: Ints) -> tuple[float, float]:
    """Return (low, high) for the mean of b - a."""
    means = (b - a)[picks].mean(axis=1)  # (draws,)
    low, high = np.quantile(means, [0.025, 0.975])
    return low, high


def _pairs(rng: Generator) -> tuple[Floats, Floats, Ints]:
    seeds = int(rng.integers(2, 6))
    a = np.round(rng.uniform(0.4, 0.9, size=seeds), 2)
    b = np.round(a + rng.normal(0.02, 0.08, size=seeds), 2)
    return a, b, rng.integers(seeds, size=(int(rng.integers(3, 9)), seeds))


_A = np.array([0.60, 0.75, 0.82, 0.55, 0.70])
_B = np.array([0.66, 0.76, 0.87, 0.64, 0.68])
_PICKS = np.random.default_rng(6).integers(5, size=(200, 5))
_FROM_MEANS = "np.quantile(means, [0.025, 0.975])"

PAIRED_BOOTSTRAP = Check(
    id="06.paired_bootstrap",
    reference=paired_bootstrap,
    cases=(
        case("same_gain", _A, _A + 0.03, _PICKS, expected=(0.03, 0.03)),
        # The means of the draws are 0.2, 0.4 and 0.6; a tail is 0.05 of the way.
        case("by_hand", np.zeros(2), np.array([0.2, 0.6]),
             np.array([[0, 0], [0, 1], [1, 1]]), expected=(0.21, 0.59)),
        case("five", _A, _B, _PICKS),
    ),
    random=_pairs,
    mistakes={
        "apart": edit("(b - a)[picks]", "(b[picks] - a[picks[::-1]])"),
        "a_minus_b": edit("(b - a)", "(a - b)"),
        "ninety": edit("0.025, 0.975", "0.05, 0.95"),
        "single": edit(".mean(axis=1)", ""),
        "over_draws": edit("axis=1", "axis=0"),
        "no_draws": edit("(b - a)[picks].mean(axis=1)", "b - a"),
        "standard_error": edit("(b - a)[picks].mean(axis=1)", "b - a", _FROM_MEANS,
                               "means.mean() + np.array([-1.96, 1.96])"
                               " * means.std(ddof=1) / len(a) ** 0.5"),
        "one_sd": edit(_FROM_MEANS,
                       "means.mean() + np.array([-1.0, 1.0]) * means.std()"),
        "two_sd": edit(_FROM_MEANS,
                       "means.mean() + np.array([-1.96, 1.96]) * means.std()"),
        "extremes": edit(_FROM_MEANS, "np.array([means.min(), means.max()])"),
        "ranks": edit(_FROM_MEANS,
                      "np.sort(means)[[int(q * len(means)) for q in (0.025, 0.975)]]"),
        "median": edit("(b - a)[picks].mean(axis=1)",
                       "np.median((b - a)[picks], axis=1)"),
        "high_first": edit("[0.025, 0.975]", "[0.975, 0.025]"),
        "only_b": edit("(b - a)[picks]", "b[picks]"),
    },
)  # fmt: skip

# ---- the same number of tries for everyone ---------------------------------------


def equal_budget(validation: Floats, test: Floats, budget: int) -> Floats:
    """Return each method's reported accuracy after ``budget`` tries, ``(M,)``."""
    best = np.nanargmax(validation[:, :budget], axis=1)  # (M,)
    return np.asarray(test[np.arange(len(test)), best])


def _only_finite_tries(validation: Floats, test: Floats, budget: int) -> Floats:
    reported = []
    for scores, told in zip(validation, test, strict=True):
        tried = np.flatnonzero(np.isfinite(scores))[:budget]
        reported.append(told[tried[scores[tried].argmax()]])
    return np.array(reported)


def _nan_first(validation: Floats, test: Floats, budget: int) -> Floats:
    reported = []
    for scores, told in zip(validation, test, strict=True):
        best = 0
        for i in range(budget):
            best = i if scores[i] > scores[best] else best  # false beside NaN
        reported.append(told[best])
    return np.array(reported)


def _scores(rng: Generator) -> tuple[Floats, Floats, int]:
    """Return tries without ties; some diverged, in each place, never all."""
    methods, tries = int(rng.integers(1, 5)), int(rng.integers(2, 6))
    budget = int(rng.integers(1, tries + 1))
    drawn = rng.permutation(np.arange(30, 95))[: 2 * methods * tries] / 100
    validation, test = drawn.reshape(2, methods, tries)
    for scores in validation:
        kept = rng.integers(budget)
        lost = rng.random(tries) < rng.choice([0.0, 0.4])
        scores[lost & (np.arange(tries) != kept)] = np.nan
    return validation, test, budget


_V = np.array(
    [[0.70, 0.80, 0.60, 0.90], [0.75, 0.72, 0.81, 0.60], [0.50, 0.40, 0.45, 0.95]]
)
_T = np.array(
    [[0.71, 0.77, 0.79, 0.88], [0.78, 0.74, 0.76, 0.61], [0.52, 0.56, 0.47, 0.93]]
)
_DIVERGED = np.array([[np.nan, 0.70, 0.85, 0.90], [0.60, 0.65, np.nan, 0.90]])
_DIVERGED_TEST = np.array([[0.10, 0.69, 0.83, 0.95], [0.62, 0.66, 0.11, 0.95]])

EQUAL_BUDGET = Check(
    id="06.equal_budget",
    reference=equal_budget,
    cases=(
        case("all", _V[:2], _T[:2], 4, expected=[0.88, 0.76]),
        case("three", _V, _T, 3, expected=[0.77, 0.76, 0.52]),
        case("one", _V, _T, 1, expected=[0.71, 0.78, 0.52]),
        case("diverged", _DIVERGED, _DIVERGED_TEST, 3, expected=[0.83, 0.66]),
    ),
    random=_scores,
    draws=24,  # NaN first, last, in the middle, beside one finite try
    mistakes={
        "by_test": lambda validation, test, budget: test[:, :budget].max(axis=1),
        "validation": edit("test[np.arange(len(test)), best]",
                           "validation[np.arange(len(test)), best]"),
        "no_budget": edit("[:, :budget]", ""),
        "rows": edit("[:, :budget]", "[:budget]", "np.arange(len(test))",
                     "np.arange(len(best))"),
        "one_for_all": edit("np.nanargmax(validation[:, :budget], axis=1)",
                            "np.nanargmax(np.nanmean(validation[:, :budget], axis=0))"),
        "nan_wins": edit("np.nanargmax", "np.argmax"),
        "nan_first": _nan_first,
        "only_finite": _only_finite_tries,
        "worst": edit("np.nanargmax", "np.nanargmin"),
        "one_more": edit(":budget", ":budget + 1"),
        "last": edit("validation[:, :budget]", "validation[:, -budget:]",
                     "[np.arange(len(test)), best]",
                     "[np.arange(len(test)), best - budget]"),
        "index": edit("test[np.arange(len(test)), best]", "best"),
        "every_pair": edit("np.arange(len(test))", ":"),
    },
)  # fmt: skip

# ---- how many seeds it takes -----------------------------------------------------


def seeds_needed(a: Floats, b: Floats, gap: float) -> int:
    """Return how many paired seeds make the interval narrow enough."""
    spread = float((b - a).std(ddof=1))
    return max(2, math.ceil((1.96 * spread / gap) ** 2))


def _pilot(rng: Generator) -> tuple[Floats, Floats, float]:
    """Return a pilot whose answer is no near miss: 1.96 may be 1.95996 as well."""
    while True:
        seeds = int(rng.integers(2, 7))
        a = np.round(rng.uniform(0.4, 0.9, size=seeds), 2)
        b = np.round(a + rng.normal(0, 0.06, size=seeds), 2)
        gap = float(rng.choice([0.01, 0.02, 0.05, 0.1, 0.2]))
        exact = (1.96 * (b - a).std(ddof=1) / gap) ** 2
        if exact < 300 and 0.02 < exact % 1 < 0.98:
            return a, b, gap


_C = np.array([0.60, 0.75, 0.82, 0.55, 0.70, 0.66])
_D = np.array([0.62, 0.71, 0.85, 0.60, 0.69, 0.70])
_HALVES = np.array([0.5, 0.75, 0.25])  # sums of powers of 2: no rounding anywhere

SEEDS_NEEDED = Check(
    id="06.seeds_needed",
    reference=seeds_needed,
    cases=(
        case("two", np.zeros(2), np.array([-0.1, 0.1]), 0.05, expected=31),
        case("together", _C, _D, 0.01),
        case("half", _C, _D, 0.005),
        # The gains are 1/16, 0, -1/16, their sd is 4/64, and the gap 1.96 / 64.
        case("exact", _HALVES, _HALVES + [1 / 16, 0, -1 / 16], 0.030625, expected=16),
        case("no_spread", _HALVES, _HALVES + 0.25, 0.01, expected=2),
    ),
    random=_pilot,
    draws=24,
    mistakes={
        "one_method": edit("(b - a)", "b"),
        "both": edit("(b - a).std(ddof=1)", "np.hypot(a.std(ddof=1), b.std(ddof=1))"),
        "by_n": edit("ddof=1", ""),
        "not_squared": edit("(1.96 * spread / gap) ** 2", "1.96 * spread / gap"),
        "down": edit("math.ceil", "int"),
        "nearest": edit("math.ceil", "round"),
        "one_more": edit("math.ceil((1.96 * spread / gap) ** 2)",
                         "int((1.96 * spread / gap) ** 2) + 1"),
        "pilot": edit("std(ddof=1)", "std(ddof=1) / len(a) ** 0.5"),
        "pilot_counts": edit("max(2", "max(len(a)"),
        "no_minimum": edit("max(2, ", "int("),
        "whole_width": edit("1.96 * spread", "2 * 1.96 * spread"),
        "variance": edit("std(ddof=1)", "var(ddof=1)"),
        "fraction": edit("math.ceil", "float"),
    },
)  # fmt: skip

CHECKS = (WORST_CLIENT, PAIRED_BOOTSTRAP, EQUAL_BUDGET, SEEDS_NEEDED)
