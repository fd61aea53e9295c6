"""Rules that trust rows with close neighbours: Krum, multi-Krum, Bulyan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fltutor import validate
from fltutor.robust import limits
from fltutor.robust.limits import PROTECTS
from fltutor.rows import Array, of_sorted_columns, squared_distances
from fltutor.words import _


def krum_scores(deltas: Tensor, *, num_byzantine: int) -> Tensor:
    """Score each update by how far its nearest neighbours are: low is good [server].

    ``s_k = sum of |delta_k - delta_j|^2 over the K - f - 2 nearest others j``

    The distance is squared once, a row is not its own neighbour, and one neighbour is
    counted at least.

    Parameters
    ----------
    deltas
        ``(K, d)``.
    num_byzantine
        f, bad rows that there may be, fewer than half. More of them, fewer neighbours.

    Returns
    -------
    ``(K,)``, float64.

    References
    ----------
    Blanchard et al. 2017 (arXiv:1703.02757), section 4.

    Examples
    --------
    >>> krum_scores(torch.tensor([[0.0], [1.0], [9.0], [3.0]]), num_byzantine=1)
    tensor([ 1.,  1., 36.,  4.], dtype=torch.float64)
    """
    validate.matrix("deltas", deltas, torch.ones(len(deltas)))
    f = validate.count("num_byzantine", num_byzantine, 0)
    limits.majority("krum_scores", f, len(deltas))
    distances = squared_distances(deltas)[0]  # (K, K)
    return torch.from_numpy(_scores(distances.numpy(), f))


def _scores(distances: Array, f: int) -> Array:
    """Return Krum's scores ``(K,)`` from squared distances ``(K, K)``."""
    k = len(distances)
    nearest = max(1, k - f - 2)
    others = np.sort(distances + np.diag(np.full(k, -1.0)), axis=1)[:, 1:]  # itself: -1
    return np.asarray(others[:, :nearest].sum(axis=1))


@dataclass(frozen=True, kw_only=True)
class Krum:
    """The one update whose neighbours are nearest [server].

    The row with the lowest of :func:`krum_scores`; of equal ones the first. Each client
    counts once, whatever its weight. Where data are skewed, the winner is one client's
    opinion, and that of the largest group.

    Parameters
    ----------
    num_byzantine
        f >= 0. The proof needs ``2 f + 2 < K``; from there to half of K it is computed
        with a warning, beyond it is refused.

    References
    ----------
    Blanchard et al. 2017 (arXiv:1703.02757), section 4 and proposition 4.2.

    Examples
    --------
    >>> rows = torch.tensor([[0.0], [1.0], [1.5], [9.0], [2.0]])
    >>> krum(num_byzantine=1)(rows, torch.ones(5))
    tensor([1.5000])
    """

    num_byzantine: int

    name = "krum"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the number."""
        validate.keep(
            self, num_byzantine=validate.count("num_byzantine", self.num_byzantine, 0)
        )

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return one of the rows of ``(K, d)``, ``(d,)``."""
        return _best(self, deltas, weights, 1)

    def fits(self, plan: Any) -> None:
        """Refuse a cohort that is too small."""
        limits.krums(self.name, self.num_byzantine, limits.expected(plan))


krum = Krum


@dataclass(frozen=True, kw_only=True)
class MultiKrum:
    """The mean of the updates with the lowest Krum scores [server].

    Each client counts once, whatever its weight; of equal scores the first are kept.

    Parameters
    ----------
    num_byzantine
        f, as of :class:`Krum`.
    keep
        m >= 1 rows that are averaged, at most as many as there are. 1 is Krum, all is
        the mean; above K - f bad rows are sure to be among them.

    References
    ----------
    Blanchard et al. 2017 (arXiv:1703.02757), section 6. Scores are computed once, not
    again after each row that is taken.

    Examples
    --------
    >>> rows = torch.tensor([[0.0], [1.0], [1.5], [9.0], [2.0]])
    >>> multi_krum(num_byzantine=1, keep=3)(rows, torch.ones(5))
    tensor([1.5000])
    """

    num_byzantine: int
    keep: int

    name = "multi_krum"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the numbers."""
        validate.keep(
            self, num_byzantine=validate.count("num_byzantine", self.num_byzantine, 0)
        )
        validate.keep(self, keep=validate.count("keep", self.keep))

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return the mean of some rows of ``(K, d)``, ``(d,)``."""
        return _best(self, deltas, weights, self.keep)

    def fits(self, plan: Any) -> None:
        """Refuse a cohort that is too small."""
        expected = limits.expected(plan)
        limits.krums(self.name, self.num_byzantine, expected)
        validate.count("keep", self.keep, 1, expected)


multi_krum = MultiKrum


def _best(rule: Any, deltas: Tensor, weights: Tensor, keep: int) -> Tensor:
    validate.matrix("deltas", deltas, weights)
    k = len(deltas)
    limits.krums(rule.name, rule.num_byzantine, k)
    validate.count("keep", keep, 1, k)
    scores = _scores(squared_distances(deltas)[0].numpy(), rule.num_byzantine)
    best = scores.argsort(kind="stable")[:keep]  # ties to the lowest index
    return deltas[torch.from_numpy(best)].mean(dim=0)


@dataclass(frozen=True, kw_only=True)
class Bulyan:
    """Krum again and again, then the middle of every column [server].

    Krum takes a row, is asked again without it, and so on until ``K - 2 f`` are chosen.
    Of these, in each column, the ``K - 4 f`` numbers nearest to their median are
    averaged. Krum alone may be far off in one column of many; this may not. Each client
    counts once, whatever its weight.

    Parameters
    ----------
    num_byzantine
        f >= 0, with ``K >= 4 f + 3``.

    References
    ----------
    El Mhamdi et al. 2018 (arXiv:1802.07927), section 4. The last rows are chosen from
    few, where Krum counts one neighbour at least.
    """

    num_byzantine: int

    name = "bulyan"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the number."""
        validate.keep(
            self, num_byzantine=validate.count("num_byzantine", self.num_byzantine, 0)
        )

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return the middle of the chosen rows of ``(K, d)``, ``(d,)``."""
        validate.matrix("deltas", deltas, weights)
        k, f = len(deltas), self.num_byzantine
        self._enough(k)
        distances = squared_distances(deltas)[0].numpy()
        left = np.arange(k)
        chosen: list[int] = []
        while len(chosen) < k - 2 * f:
            scores = _scores(distances[np.ix_(left, left)], f)
            chosen.append(left[scores.argmin()])
            left = np.delete(left, scores.argmin())
        rows = deltas[torch.from_numpy(np.array(chosen))]  # (K - 2 f, d)
        return of_sorted_columns(rows, lambda c: _around_the_middle(c, k - 4 * f))

    def fits(self, plan: Any) -> None:
        """Refuse a cohort that is too small."""
        self._enough(limits.expected(plan))

    def _enough(self, k: int) -> None:
        need = 4 * self.num_byzantine + 3
        if k < need:
            raise validate.fail(
                _("num_byzantine={f} for {k} updates").format(
                    f=self.num_byzantine, k=k
                ),
                _("at least 4 num_byzantine + 3 = {need} updates for bulyan").format(
                    need=need
                ),
                _("Lower num_byzantine, or sample more clients."),
            )


bulyan = Bulyan


def _around_the_middle(columns: Array, count: int) -> Array:
    """Average the ``count`` numbers nearest to the median of ascending ``(m, T)``.

    They stand side by side: of all windows of that length, the one whose farther end is
    nearest to the median.
    """
    total = columns.shape[1]
    low, high = columns[:, (total - 1) // 2], columns[:, total // 2]
    centre = (low / 2 + high / 2)[:, None]  # (m, 1)
    starts = total - count + 1
    before = centre - columns[:, :starts]  # (m, starts)
    after = columns[:, count - 1 :] - centre
    first = np.maximum(before, after).argmin(axis=1)  # (m,)
    window = first[:, None] + np.arange(count)  # (m, count)
    return np.asarray(np.take_along_axis(columns, window, axis=1).mean(axis=1))
