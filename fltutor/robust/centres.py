"""Rules that look for a point in the middle of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fltutor import validate
from fltutor.robust.limits import PROTECTS
from fltutor.rows import (
    Array,
    clipped,
    middle,
    norms,
    of_sorted_columns,
    squared_distances,
)
from fltutor.words import _

#: A row farther away than this from the others' middle is looked at as if it were not.
_FARTHEST = 1e100


@dataclass(frozen=True, kw_only=True)
class GeometricMedian:
    """The point whose distances to all updates add up to least [server].

    ``argmin_z sum_k weights_k |z - delta_k|``: with plain distances, not squared, a far
    row pulls no more than a near one. Weighted, as in the paper. Up to half of the
    weight may be bad.

    Weiszfeld's steps from the column-wise median, in the space of the K rows, until
    they move by less than 1e-12 of the rows' spread. A row that is itself the answer is
    returned as it is.

    Parameters
    ----------
    max_steps
        after which it stops anyway; each costs K^3, nothing that grows with d.

    References
    ----------
    Pillutla et al. 2022 (arXiv:1912.13445), equation 3. Their Algorithm 2 smooths
    distances below nu and stops after few steps; here nothing is smoothed: a step that
    stands on a row leaves it as Vardi and Zhang 2000 (doi:10.1073/pnas.97.4.1423) say.

    Examples
    --------
    >>> rows = torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 0.0], [0.0, 99.0], [2.0, 1]])
    >>> geometric_median()(rows, torch.tensor([1, 1, 3, 1, 1]))
    tensor([1., 0.])
    """

    max_steps: int = 200

    name = "geometric_median"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the number."""
        validate.keep(self, max_steps=validate.count("max_steps", self.max_steps))

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return the geometric median of ``(K, d)``, ``(d,)``."""
        validate.matrix("deltas", deltas, weights)
        lengths = norms(deltas)
        if bool((lengths > _FARTHEST).any()):
            deltas = clipped(deltas, _FARTHEST)
        distances, gram, base = (t.numpy() for t in squared_distances(deltas))
        shares = (weights.double() / weights.double().sum()).numpy()  # (K,)
        row = _optimal_row(distances, gram, shares)
        if row is not None:
            return deltas[row].clone()
        mix = torch.from_numpy(_descend(gram, shares, self.max_steps))
        rest = 1 - float(mix.sum())  # of the base; 0 but for the very first step
        result = mix.to(deltas.dtype) @ deltas + rest * torch.from_numpy(base)
        return result.to(deltas.dtype)


geometric_median = GeometricMedian


def _optimal_row(distances: Array, gram: Array, weights: Array) -> int | None:
    """Return a row that is the only answer: the others' pulls on it are too weak."""
    with np.errstate(divide="ignore"):
        pulls = np.where(distances > 0, weights / np.sqrt(distances), 0.0)  # (K, K)
    pulls = pulls - np.diag(pulls.sum(axis=1))
    pull = np.sqrt(np.einsum("ki,ij,kj->k", pulls, gram, pulls, optimize=True).clip(0))
    own = ((distances == 0) * weights).sum(axis=1)  # equal rows count together
    strong = np.flatnonzero(pull < own * (1 - 1e-9))
    return int(strong[0]) if len(strong) else None


def _descend(gram: Array, weights: Array, max_steps: int) -> Array:
    """Return coefficients ``(K,)`` of the centred rows in the geometric median."""
    spread = np.sqrt(np.median(gram.diagonal()))
    mix = np.zeros_like(weights)  # the column-wise median
    for _step in range(max_steps):
        far = _lengths(gram, mix)  # (K,)
        here = far <= 1e-13 * spread
        if here.all():
            break
        new = (_leave if here.any() else _towards)(gram, weights, mix, far, here)
        move = new - mix
        mix = new
        if move @ gram @ move <= (1e-12 * spread) ** 2:
            break
    return mix


def _lengths(gram: Array, mix: Array) -> Array:
    """Return the rows' distances ``(K,)`` to the point with these coefficients."""
    across = gram @ mix  # (K,)
    square = gram.diagonal() - 2 * across + mix @ across
    return np.asarray(np.sqrt(square.clip(0)))


def _leave(gram: Array, weights: Array, mix: Array, far: Array, here: Array) -> Array:
    """Return the next point from one that is a row: its own weight holds it back."""
    pulls = np.where(here, 0.0, weights / np.where(here, 1.0, far))  # (K,)
    if not pulls.any():
        return mix
    move = pulls / pulls.sum() - mix
    pull = pulls.sum() * np.sqrt(max(move @ gram @ move, 0.0))
    hold = min(1.0, weights[here].sum() / pull) if pull > 0 else 1.0
    return np.asarray(mix + (1 - hold) * move)


def _towards(gram: Array, weights: Array, mix: Array, far: Array, here: Array) -> Array:
    """Return the better of Weiszfeld's point and Newton's.

    The first is never worse than where it stands, but crawls beside a heavy row.
    """
    pulls = weights / far  # (K,)
    total = pulls.sum()
    units = (mix - np.eye(len(mix))) / far[:, None]  # (K, K) from each row to here
    slope = units.T @ weights  # (K,)
    system = (1 + 1e-12) * total * np.eye(len(mix))
    system -= pulls[:, None] * (units @ gram @ units.T)
    bend = np.linalg.solve(system, pulls * (units @ (gram @ slope)))
    newton = mix - (slope + units.T @ bend) / total  # Woodbury: d never appears
    points = (pulls / total, newton)
    return min(points, key=lambda point: float(weights @ _lengths(gram, point)))


@dataclass(frozen=True, kw_only=True)
class CentredClipping:
    """The mean, with every update's distance to the middle cut to a radius [server].

    ``v <- v + sum_k (delta_k - v) min(1, radius / |delta_k - v|) / K``, several times.
    One row moves the result by at most ``radius / K`` a step. Each client counts once,
    whatever its weight.

    Parameters
    ----------
    radius
        tau > 0. Large, the mean; small, v hardly leaves where it starts.
    steps
        how many times, 1 or more.

    References
    ----------
    Karimireddy et al. 2021 (arXiv:2012.10333), equation 1. There v starts at the last
    round's result; an aggregator remembers nothing, so here it starts at the
    column-wise median.

    Examples
    --------
    >>> rows = torch.tensor([[0.0], [1.0], [100.0]])
    >>> centred_clipping(radius=3.0, steps=1)(rows, torch.ones(3))
    tensor([1.6667])
    """

    radius: float
    steps: int = 3

    name = "centred_clipping"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the ranges."""
        advice = _("Start near the honest updates' distance to their mean.")
        validate.keep(self, radius=validate.positive("radius", self.radius, advice))
        validate.keep(self, steps=validate.count("steps", self.steps))

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return the clipped mean of ``(K, d)``, ``(d,)``."""
        validate.matrix("deltas", deltas, weights)
        centre = of_sorted_columns(deltas, middle)  # (d,)
        for _step in range(self.steps):
            away = deltas - centre  # (K, d)
            shrink = (self.radius / norms(away)).clamp(max=1).to(deltas.dtype)  # (K,)
            centre = centre + shrink @ away / len(deltas)
        return centre


centred_clipping = CentredClipping


@dataclass(frozen=True, kw_only=True)
class NormBound:
    """The weighted mean of updates whose norms are cut to a bound [server].

    One row moves the result by at most its share of the weight times the bound. It
    stops large rows, not wrong directions. Weighted, like the mean.

    Parameters
    ----------
    max_norm
        above 0, the longest that a row may be.

    References
    ----------
    Sun et al. 2019 (arXiv:1911.07963), section 4, without their noise.

    Examples
    --------
    >>> norm_bound(max_norm=1.0)(torch.tensor([[0.5], [-80.0]]), torch.ones(2))
    tensor([-0.2500])
    """

    max_norm: float

    name = "norm_bound"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the range."""
        advice = _("Start near the median norm of the updates.")
        validate.keep(
            self, max_norm=validate.positive("max_norm", self.max_norm, advice)
        )

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return the mean of ``(K, d)`` with bounded rows, ``(d,)``."""
        validate.matrix("deltas", deltas, weights)
        shares = weights.to(deltas.dtype) / weights.sum()  # (K,)
        return shares @ clipped(deltas, self.max_norm)


norm_bound = NormBound
