"""Checks of lesson 04, splitting data."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from fltutor.checks import Case, Check, Given, agree, case, edit, require, to_array
from fltutor.course.lesson_04.checks.dirichlet import DIRICHLET
from fltutor.course.lesson_04.checks.recording import Array
from fltutor.words import _

# ---- total variation -------------------------------------------------------------


def total_variation(counts: Array) -> Array:
    """Return each client's distance from the whole, ``(N,)``."""
    p = counts / counts.sum(axis=1, keepdims=True)  # (N, C)
    q = counts.sum(axis=0) / counts.sum()  # (C,)
    distance: Array = np.abs(p - q).sum(axis=1) / 2
    return distance


def _tables(rng: Generator) -> tuple[Array]:
    """Return a few counts: classes missing at clients, or everywhere."""
    counts = rng.integers(0, 9, size=rng.integers(1, 6, size=2) + [0, 1])  # (N, C)
    counts[rng.random(counts.shape) < 0.3] = 0
    counts[:, 0] += counts.sum(axis=1) == 0  # a client has something
    return (counts * rng.integers(1, 4, size=(len(counts), 1)),)


def _counts(*rows: list[int]) -> Array:
    return np.array(rows)


TOTAL_VARIATION = Check(
    id="04.total_variation",
    reference=total_variation,
    cases=(
        case("same_mix", _counts([2, 2], [4, 4]), expected=[0.0, 0.0]),
        case("one_class", _counts([4, 0], [0, 4]), expected=[0.5, 0.5]),
        case(
            "large", _counts([6, 0, 0], [2, 1, 1], [4, 4, 2]), expected=[0.4, 0.1, 0.2]
        ),
        case("wide", _counts([1, 3, 0, 0], [2, 2, 6, 6]), expected=[0.6, 0.15]),
    ),
    random=_tables,
    mistakes={
        "no_half": edit(" / 2", ""),
        "mean_of_clients": edit("counts.sum(axis=0) / counts.sum()", "p.mean(axis=0)"),
        "uniform": edit("counts.sum(axis=0) / counts.sum()", "1 / counts.shape[1]"),
        "of_all": edit("counts.sum(axis=1, keepdims=True)", "counts.sum()"),
        "of_class": edit("counts.sum(axis=1, keepdims=True)",
                         "np.maximum(counts.sum(axis=0), 1)"),
        "no_column": edit(", keepdims=True", ""),
        "over_clients": edit("(p - q).sum(axis=1)", "(p - q).sum(axis=0)"),
        "largest": edit("(p - q).sum(axis=1) / 2", "(p - q).max(axis=1)"),
        "one_number": edit(".sum(axis=1) / 2", ".sum(axis=1).mean() / 2"),
        "mean_gap": edit(".sum(axis=1) / 2", ".mean(axis=1)"),
        "no_abs": edit("np.abs(p - q)", "(p - q)"),
        "squares": edit("np.abs(p - q).sum(axis=1) / 2",
                        "np.sqrt(((p - q) ** 2).sum(axis=1))"),
        "others": edit(
            "counts.sum(axis=0) / counts.sum()",
            "(counts.sum(axis=0) - counts) / "
            "np.maximum(counts.sum() - counts.sum(axis=1, keepdims=True), 1)",
        ),
    },
)  # fmt: skip

# ---- which splitter made which federation ----------------------------------------

_RIGHT = {
    "A": "dirichlet(0.3)",
    "B": "iid",
    "C": "labels_per_client",
    "D": "quantity",
    "E": "dirichlet(100)",
    "F": "shards",
}


def _clue(letter: str) -> str:
    return {
        "A": _("Every row has large, small and missing classes, without a pattern."),
        "B": _("All rows have one size. Compute how much a column varies by chance."),
        "C": _("Count the classes of each row. Compare the counts within a column."),
        "D": _("Compute the sums of the rows. Then compare the shares in a large row."),
        "E": _("Compare how much its columns vary with the other even-looking table."),
        "F": _("Count the classes of each row. Compare small counts with large ones."),
    }[letter]


def _letter(letter: str) -> Case:
    def judge(got: object, expected: object, given: Given) -> None:
        answer = got if isinstance(got, dict) else {}
        sentence = _(
            'Write a dictionary with a name for {letter}: {{"{letter}": ...}}.'
        )
        problem = sentence.format(letter=letter)
        require(letter in answer, problem, got=got, kind="form")
        said = str(answer[letter])
        sentence = _("{name!r} is not one of the names. Choose from {names}.")
        problem = sentence.format(name=said, names=", ".join(sorted(_RIGHT.values())))
        require(said in _RIGHT.values(), problem, got=said, kind="name")
        sentence = _("{letter} is not from {name}. {clue}")
        problem = sentence.format(letter=letter, name=said, clue=_clue(letter))
        require(said == _RIGHT[letter], problem, got=said, kind="other")

    return case(letter, judge=judge)


def _swapped(one: str, other: str) -> dict[str, str]:
    return _RIGHT | {one: _RIGHT[other], other: _RIGHT[one]}


MYSTERY = Check(
    id="04.mystery",
    reference=_RIGHT,
    cases=tuple(map(_letter, _RIGHT)),
    mistakes={
        "even": _swapped("B", "E"),
        "few_classes": _swapped("C", "F"),
        "sizes": _swapped("A", "D"),
        "zeros": _swapped("A", "F"),
        "alpha": _swapped("A", "E"),
        "all_iid": dict.fromkeys(_RIGHT, "iid"),
    },
)

# ---- shares into whole examples --------------------------------------------------


def apportion(total: int, shares: Array) -> Array:
    """Return whole numbers of examples that add up to the total, ``(N,)``."""
    counts = np.floor(total * shares + 1e-9).astype(int)  # 3 is not 2.9999
    rest = total * shares - counts
    counts[np.argsort(-rest)[: total - counts.sum()]] += 1
    return counts


def _ties_are_free(got: object, expected: object, given: Given) -> None:
    """Require the expected counts; of equal remainders any may be rounded up."""
    mine, exact = to_array(got), to_array(expected)
    wanted = np.asarray(given["total"] * given["shares"])  # type: ignore[operator] # an int and an array, by name
    if mine is not None and exact is not None and mine.shape == exact.shape:
        up, needed = (v - np.floor(wanted + 1e-9) for v in (mine, exact))
        rest = wanted - np.floor(wanted + 1e-9)
        whole = bool(np.isin(up, (0.0, 1.0)).all() and up.sum() == needed.sum())
        if whole and abs(float((up - needed) @ rest)) < 1e-9:
            return
    agree(got, expected, given)


def _wishes(rng: Generator) -> tuple[int, Array]:
    parts = rng.integers(0, 20, size=rng.integers(1, 7))  # ties, and shares of 0
    parts[0] += 1
    return int(rng.integers(0, 40)), parts / parts.sum()


def _shares(*shares: float) -> Array:
    return np.array(shares)


APPORTION = Check(
    id="04.apportion",
    reference=apportion,
    judge=_ties_are_free,
    cases=(
        case("even", 8, _shares(0.5, 0.25, 0.25), expected=[4, 2, 2]),
        case("two_left", 10, _shares(0.25, 0.48, 0.27), expected=[2, 5, 3]),
        case("made_up", 6, _shares(0.26, 0.27, 0.47), expected=[1, 2, 3]),
        case("lost", 7, _shares(0.19, 0.2, 0.61), expected=[1, 2, 4]),
        case("nothing", 5, _shares(0.07, 0.12, 0.13, 0.68), expected=[0, 1, 1, 3]),
        case("no_total", 0, _shares(0.5, 0.5), expected=[0, 0]),
        case("tie", 7, _shares(0.25, 0.25, 0.25, 0.25), expected=[2, 2, 2, 1]),
    ),
    random=_wishes,
    draws=16,
    mistakes={
        "down": edit("counts[np.argsort(-rest)[: total - counts.sum()]] += 1", "pass"),
        "each": lambda total, shares: np.round(total * shares).astype(int),
        "up": lambda total, shares: np.ceil(total * shares - 1e-9).astype(int),
        "each_last": edit(
            "np.floor(total * shares + 1e-9)", "np.round(total * shares)",
            "[np.argsort(-rest)[: total - counts.sum()]] += 1",
            "[-1] += total - counts.sum()",
        ),
        "fractions": lambda total, shares: total * shares,
        "first": edit("np.argsort(-rest)", "np.arange(len(rest))"),
        "last": edit("[np.argsort(-rest)[: total - counts.sum()]] += 1",
                     "[-1] += total - counts.sum()"),
        "largest": edit("[np.argsort(-rest)[: total - counts.sum()]] += 1",
                        "[np.argmax(shares)] += total - counts.sum()"),
        "by_share": edit("argsort(-rest)", "argsort(-shares)"),
        "all_to_one": edit("[np.argsort(-rest)[: total - counts.sum()]] += 1",
                           "[np.argmax(rest)] += total - counts.sum()"),
        "least": edit("argsort(-rest)", "argsort(rest)"),
        "from_the_end": edit("np.argsort(-rest)[: total - counts.sum()]",
                             "np.argsort(rest)[counts.sum() - total :]"),
        "cuts": lambda total, shares: np.diff(
            np.round(np.cumsum(shares) * total).astype(int), prepend=0
        ),
    },
)  # fmt: skip

CHECKS = (TOTAL_VARIATION, DIRICHLET, MYSTERY, APPORTION)
