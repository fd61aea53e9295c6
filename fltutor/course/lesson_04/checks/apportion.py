"""Exercise 04.apportion: whole examples from shares, none lost, none made up."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from fltutor.checks.old import Case, Check, Mistake, example

Array: TypeAlias = np.ndarray[Any, Any]


def _floor(total: int, shares: Array) -> Array:
    whole: Array = np.floor(total * shares + 1e-9).astype(int)
    return whole


def _give(counts: Array, places: Array) -> Array:
    counts = counts.copy()
    counts[places] += 1
    return counts


def _to_the_first(total: int, shares: Array) -> Array:
    counts = _floor(total, shares)
    return _give(counts, np.arange(total - counts.sum()))


def _all_to_the_last(total: int, shares: Array) -> Array:
    counts = _floor(total, shares)
    counts[-1] += total - counts.sum()
    return counts


def _all_to_the_largest(total: int, shares: Array) -> Array:
    counts = _floor(total, shares)
    counts[np.argmax(shares)] += total - counts.sum()
    return counts


def _smallest_rest(total: int, shares: Array) -> Array:
    counts = _floor(total, shares)
    rest = total * shares - counts
    return _give(counts, np.argsort(rest)[: total - counts.sum()])


def _cuts(total: int, shares: Array) -> Array:
    ends = np.round(np.cumsum(shares) * total).astype(int)
    counts: Array = np.diff(ends, prepend=0)
    return counts


def _case(name: str, total: int, shares: list[float], expected: list[int]) -> Case:
    given = {"total": total, "shares": np.array(shares)}
    return example(name, given, np.array(expected))


APPORTION = Check(
    id="04.apportion",
    title="Shares into whole examples",
    signature="apportion(total, shares) -> (N,) whole numbers",
    cases=(
        _case("shares that come out even", 8, [0.5, 0.25, 0.25], [4, 2, 2]),
        _case("two left over", 10, [0.25, 0.48, 0.27], [2, 5, 3]),
        _case("rounding up would make one too many", 6, [0.26, 0.27, 0.47], [1, 2, 3]),
        _case("rounding would lose one", 7, [0.19, 0.2, 0.61], [1, 2, 4]),
        _case("clients that get nothing", 5, [0.07, 0.12, 0.13, 0.68], [0, 1, 1, 3]),
        _case("nothing to deal out", 0, [0.5, 0.5], [0, 0]),
    ),
    mistakes=(
        Mistake(
            "Rounded down",
            _floor,
            "The sum is too small: what lies behind the point is lost, for every "
            "client and every class. Hand the rest out, one example each.",
        ),
        Mistake(
            "Each rounded on its own",
            lambda total, shares: np.round(total * shares).astype(int),
            "Rounded one by one, the numbers need not add up to the total: sometimes "
            "one is lost, sometimes one is made up. Round down, then hand out what is "
            "left.",
        ),
        Mistake(
            "Rounded up",
            lambda total, shares: np.ceil(total * shares - 1e-9).astype(int),
            "The sum is too large: examples are handed out that do not exist.",
        ),
        Mistake(
            "The rest to the first ones",
            _to_the_first,
            "What is left over goes to the first clients, whatever their shares. Give "
            "it to those who lost most by rounding down.",
        ),
        Mistake(
            "The rest to the last one",
            _all_to_the_last,
            "What is left over goes to the last client, class after class: it grows "
            "larger than its shares. Give one each to those who lost most.",
        ),
        Mistake(
            "The rest to the largest",
            _all_to_the_largest,
            "What is left over goes to the largest share. Give one each to those who "
            "lost most by rounding down.",
        ),
        Mistake(
            "To those who lost least",
            _smallest_rest,
            "np.argsort sorts upwards, so its first places are the *smallest* rests. "
            "Sort by -rest, or take the last places.",
        ),
        Mistake(
            "Rounded the places of the cuts",
            _cuts,
            "This is the lesson's way: nothing is lost, but a number may be rounded up "
            "where another client lost more. Asked are the largest rests.",
        ),
    ),
    hints=(
        "Begin with what is safe: every client gets at least its share rounded down.",
        "How many are left over then? Fewer than N. Give one each to the clients with "
        "the largest rest, total * shares - rounded down.",
        "counts = np.floor(total * shares).astype(int); rest = total * shares - "
        "counts; counts[np.argsort(-rest)[: total - counts.sum()]] += 1; "
        "return counts.",
    ),
)
