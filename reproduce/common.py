"""What the three reproductions share: a row of the table, and counting rounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fltutor import Federation, History
from fltutor.datasets import Dataset


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: what a paper reports, and what came out here."""

    result: str
    paper: str
    here: str


def rounds_to(
    federation: Federation, test: Dataset, target: float, limit: int
) -> float:
    """Run until the best accuracy so far reaches ``target``, at most ``limit`` rounds.

    Returns
    -------
    Rounds, interpolated linearly as McMahan et al. 2017 count; infinity where the
    limit came first.
    """
    records = []
    for record in federation.rounds(limit, test):
        records.append(record)
        if record.accuracy >= target:
            break
    return History(tuple(records)).rounds_to(target)


def shown(rounds: float, limit: int) -> str:
    """Write a number of rounds, or that the limit came first."""
    return f"{limit}+" if math.isinf(rounds) else f"{rounds:.0f}"


def tuned(runs: Iterable[tuple[float, float]], limit: int) -> str:
    """Write the fewest rounds over a grid of learning rates, and the rate."""
    lr, rounds = min(runs, key=lambda run: run[1])
    return shown(rounds, limit) + ("" if math.isinf(rounds) else f" (lr {lr:g})")


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Write a mean with its smallest and largest value."""
    mean = sum(values) / len(values)
    low, high = min(values), max(values)
    return f"{mean:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
