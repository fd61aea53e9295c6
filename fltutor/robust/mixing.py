"""Preparation for another rule: rows are averaged with some of the others first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.aggregators import Aggregator
from fltutor.robust import limits
from fltutor.robust.limits import PROTECTS
from fltutor.rows import Array, squared_distances

#: Columns whose order of rows names the stream of a shuffle.
_NAMING = 16


@dataclass(frozen=True, kw_only=True)
class Bucketing:
    """Means of random buckets of updates, given to another rule [server].

    Honest rows of skewed data become more alike, so that the rule throws fewer of them
    away; a bad row spoils its whole bucket. Each client counts once, whatever its
    weight, and so does each bucket, also the last, which may be smaller.

    Parameters
    ----------
    size
        s >= 1 rows a bucket; 1 changes nothing. The rule then sees ceil(K / s) rows,
        and of f bad ones up to f bad buckets: it has to bear f of K / s.
    inner
        the rule, ``(deltas, weights) -> (d,)``, with uniform weights.
    seed
        of the shuffle. Its stream is named by how the rows are ordered in a few
        columns: another round is another shuffle, and who stands where in the matrix,
        or a common factor, changes nothing.

    References
    ----------
    Karimireddy et al. 2022 (arXiv:2006.09365), Algorithm 1.
    """

    size: int
    inner: Aggregator
    seed: int = 0

    name = "bucketing"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the parts."""
        validate.keep(self, size=validate.count("size", self.size))
        validate.keep(self, seed=validate.seed(self.seed))
        validate.function("inner", self.inner)
        limits.sees_rows(self.name, self.inner)

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return the inner rule's answer on the buckets of ``(K, d)``, ``(d,)``."""
        validate.matrix("deltas", deltas, weights)
        order = torch.from_numpy(_shuffle(deltas, self.seed))  # (K,)
        starts = range(0, len(order), self.size)
        parts = [deltas[order[i : i + self.size]] for i in starts]  # (size, d) each
        means = torch.stack([part.mean(dim=0) for part in parts])  # (B, d)
        return self.inner(means, torch.ones(len(means), dtype=deltas.dtype))


bucketing = Bucketing


def _shuffle(deltas: Tensor, seed: int) -> Array:
    """Return a permutation ``(K,)`` of rows, which does not depend on their places."""
    few = deltas[:, :_NAMING].detach().double().numpy()  # (K, 16)
    first = np.lexsort(few.T[::-1])  # rows in the order of their first numbers
    pattern = few[first].argsort(axis=0, kind="stable")  # (K, 16)
    draw = seeds.stream(seed, "buckets", pattern.astype(np.int64).tobytes().hex())
    return np.asarray(first[draw.permutation(len(first))])


@dataclass(frozen=True, kw_only=True)
class NearestNeighbourMixing:
    """Each update averaged with its nearest others, then another rule [server].

    Row k becomes the mean of the ``K - f`` rows nearest to it, itself among them. A bad
    row that is to be near the honest ones has to be like them. Each client counts once,
    whatever its weight.

    Parameters
    ----------
    num_byzantine
        f >= 0, fewer than half of the rows. 0 mixes all: the rule sees equal rows.
    inner
        the rule, ``(deltas, weights) -> (d,)``, with uniform weights.

    References
    ----------
    Allouah et al. 2023 (arXiv:2302.01772), Algorithm 2.
    """

    num_byzantine: int
    inner: Aggregator

    name = "nearest_neighbour_mixing"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the parts."""
        validate.keep(
            self, num_byzantine=validate.count("num_byzantine", self.num_byzantine, 0)
        )
        validate.function("inner", self.inner)
        limits.sees_rows(self.name, self.inner)

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return the inner rule's answer on the mixed rows of ``(K, d)``, ``(d,)``."""
        validate.matrix("deltas", deltas, weights)
        k, near = len(deltas), len(deltas) - self.num_byzantine
        limits.majority(self.name, self.num_byzantine, k)
        distances = squared_distances(deltas)[0] - torch.eye(k)  # itself comes first
        nearest = distances.argsort(dim=1, stable=True)[:, :near]  # (K, K - f)
        share = torch.zeros(k, k, dtype=deltas.dtype).scatter_(1, nearest, 1 / near)
        return self.inner(share @ deltas, torch.ones(k, dtype=deltas.dtype))

    def fits(self, plan: Any) -> None:
        """Refuse a cohort that is too small."""
        limits.majority(self.name, self.num_byzantine, limits.expected(plan))


nearest_neighbour_mixing = NearestNeighbourMixing
