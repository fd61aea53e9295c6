"""Is B better than A? Paired seeds, a bootstrap interval, and "cannot tell"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fltutor import seeds as streams
from fltutor import validate
from fltutor.words import _

if TYPE_CHECKING:
    import pandas as pd

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean and the interval around it.

    Attributes
    ----------
    mean, low, high
        in the unit of what was measured.
    level
        the coverage asked for, 0.95 as a rule.
    pairs
        how many measurements it rests on.
    """

    mean: float
    low: float
    high: float
    level: float
    pairs: int

    @property
    def reachable(self) -> float:
        """Return the most coverage that so few measurements can give.

        No resampled mean lies outside the smallest and the largest of n values, and
        the median of a distribution lies between those with probability 1 - 2^(1 - n):
        75 % for three seeds, 94 % for five, 97 % for six.
        """
        return 1 - 2.0 ** (1 - self.pairs)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """B against A over paired seeds.

    Attributes
    ----------
    a, b
        their names.
    interval
        of the mean advantage of B, positive where B is better.
    wins
        seeds in which B was better.
    """

    a: str
    b: str
    interval: Interval
    wins: int

    @property
    def verdict(self) -> str:
        """Return "B is better", "A is better", by name, or "cannot tell"."""
        if self.interval.low > 0:
            return f"{self.b} is better"
        return f"{self.a} is better" if self.interval.high < 0 else "cannot tell"

    def __str__(self) -> str:
        """Say it in a sentence with its numbers."""
        i = self.interval
        text = (
            f"{self.verdict}: {self.b} - {self.a} = {i.mean:+.4f}, "
            f"{i.level:.0%} interval {i.low:+.4f} to {i.high:+.4f}, "
            f"{self.wins} of {i.pairs} seeds"
        )
        if i.reachable < i.level:
            text += f" (so few seeds cover {i.reachable:.0%} at most)"
        return text


def repeat(make: Callable[[int], float], seeds: Sequence[int]) -> Floats:
    """Measure once for every seed: ``(R,)``.

    Give two methods the same seeds, and let a seed decide all that both share: the
    split, the start, cohorts and batches. Their results are then paired.

    Parameters
    ----------
    make
        seed -> the number to compare, for example a final accuracy.
    seeds
        R different ones.

    Examples
    --------
    >>> before = repeat(lambda seed: 0.80 + seed / 100, range(6))
    >>> after = repeat(lambda seed: 0.85 + seed / 100, range(6))
    >>> print(compare(before, after, names=("FedAvg", "Scaffold")))
    Scaffold is better: Scaffold - FedAvg = +0.0500, 95% interval +0.0500 to +0.0500,
    6 of 6 seeds
    """
    each = [validate.seed(s, "seeds") for s in validate.entries("seeds", seeds)]
    validate.not_empty("seeds", each)
    if len(set(each)) < len(each):
        raise validate.fail(
            _("seeds {each}").format(each=each),
            _("different seeds"),
            _("A seed twice is no evidence."),
        )
    return np.array([float(make(seed)) for seed in each])


def bootstrap(
    values: npt.ArrayLike, *, level: float = 0.95, draws: int = 10_000, seed: int = 0
) -> Interval:
    """Put an interval around a mean by resampling: the expanded percentile interval.

    The plain percentile interval is too narrow for few values (measured on normal
    draws: it covers the mean of five in 85 % of cases instead of 95, this one in 92).
    The quantiles are moved outwards, to ``Phi(-sqrt(n / (n - 1)) t)`` with t Student's
    quantile for n - 1 degrees of freedom.

    Parameters
    ----------
    values
        ``(R,)``, two or more, finite: the paired differences.
    level
        coverage, in (0, 1).
    draws
        resamples.
    seed
        of the resamples.

    References
    ----------
    Hesterberg 2015 (arXiv:1411.5279), the expanded percentile interval.
    """
    sample = np.asarray(values, dtype=np.float64)
    _check_sample(sample, level)
    validate.count("draws", draws)
    n = len(sample)
    draw = streams.stream(seed, "bootstrap")
    means = sample[draw.integers(n, size=(draws, n))].mean(axis=1)  # (draws,)
    tail = _expanded((1 - level) / 2, n)
    low, high = np.quantile(means, [tail, 1 - tail])
    mean = float(sample.mean())
    return Interval(mean=mean, low=float(low), high=float(high), level=level, pairs=n)


def compare(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    names: tuple[str, str] = ("A", "B"),
    higher_is_better: bool = True,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Say whether B is better than A over the same seeds, or that one cannot tell.

    Parameters
    ----------
    a, b
        results ``(R,)`` of both, entry by entry under the same seed.
    names
        of A and of B.
    higher_is_better
        True for accuracies, False for losses, rounds, bytes.
    level, draws, seed
        as in :func:`bootstrap`.

    Raises
    ------
    ValueError
        lengths that differ, fewer than two pairs, numbers that are not finite.
    """
    before, after = (np.asarray(x, dtype=np.float64) for x in (a, b))
    validate.same_length(a=before.size, b=after.size)
    gain = (after - before) * (1 if higher_is_better else -1)  # (R,)
    interval = bootstrap(gain, level=level, draws=draws, seed=seed)
    wins = int((gain > 0).sum())
    return Comparison(a=names[0], b=names[1], interval=interval, wins=wins)


def table(
    results: Mapping[str, npt.ArrayLike],
    *,
    baseline: str | None = None,
    higher_is_better: bool = True,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare methods with a baseline, one row each: the data of a forest plot.

    Parameters
    ----------
    results, baseline
        name -> results ``(R,)`` under the same seeds, and a name; None is the first.
    higher_is_better, level, seed
        as in :func:`compare`, for each row alone; m rows are safe together at
        ``level = 1 - 0.05 / m``.

    Returns
    -------
    columns mean, std, gain (positive is better), low, high, wins, verdict.
    """
    import pandas as pd

    first = baseline if baseline is not None else next(iter(results), "")
    validate.one_of("baseline", first, results)
    rows = []
    for name, values in results.items():
        array = np.asarray(values, dtype=np.float64)
        row: dict[str, Any] = {"mean": array.mean(), "std": array.std(ddof=1)}
        if name != first:
            found = compare(
                results[first], array, names=(first, name),
                higher_is_better=higher_is_better, level=level, seed=seed,
            )  # fmt: skip
            row |= _columns(found)
        rows.append(row)
    columns = ["mean", "std", "gain", "low", "high", "wins", "verdict"]
    frame = pd.DataFrame(rows, index=list(results), columns=columns)
    return frame.astype({"wins": "Int64"}).fillna({"verdict": "baseline"})


def ranks(
    results: Mapping[str, npt.ArrayLike], *, higher_is_better: bool = True
) -> npt.NDArray[np.int64]:
    """Rank the methods under every seed: ``(R, methods)``, 1 is first.

    Equal results share the better rank. What a leaderboard would have said, had this
    been its only seed.
    """
    validate.not_empty("results", list(results))
    validate.same_length(**{n: np.size(v) for n, v in results.items()})
    columns = [np.asarray(values, dtype=np.float64) for values in results.values()]
    for name, column in zip(results, columns, strict=True):
        _refuse_not_finite(f"results of {name!r}", column)
    matrix = np.stack(columns, axis=1)  # (R, M)
    better = matrix[:, :, None] < matrix[:, None, :]  # column j beats column i
    if not higher_is_better:
        better = matrix[:, :, None] > matrix[:, None, :]
    return np.asarray(1 + better.sum(axis=2), dtype=np.int64)


def _columns(found: Comparison) -> dict[str, Any]:
    i = found.interval
    return {
        "gain": i.mean, "low": i.low, "high": i.high,
        "wins": found.wins, "verdict": found.verdict,
    }  # fmt: skip


def _expanded(tail: float, n: int) -> float:
    # scipy publishes no types
    from scipy import special  # type: ignore[import-untyped]

    quantile = float(special.stdtrit(n - 1, tail))  # of Student's t
    return float(special.ndtr(sqrt(n / (n - 1)) * quantile))


def _check_sample(sample: Floats, level: float) -> None:
    if sample.ndim != 1 or len(sample) < 2:
        raise validate.fail(
            _("results of shape {shape}").format(shape=sample.shape),
            _("a vector of two or more"),
            _("Run more seeds: one says nothing about spread."),
        )
    _refuse_not_finite("results", sample)
    validate.number("level", level, above=0, below=1, advice=_("Use 0.95."))


def _refuse_not_finite(name: str, values: Floats) -> None:
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise validate.fail(
            _("{bad} {name} that are not finite").format(bad=bad, name=name),
            _("finite ones"),
            _("Say what a run that diverged is worth, for example accuracy 1 / C."),
        )
