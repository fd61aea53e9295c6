"""The integral behind the Renyi divergence at any order, in logarithms."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating]

#: Nodes of one panel on [-1, 1]: enough for 1e-15 where a panel is as wide as it is
#: far from the integrand's nearest singularity.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
#: Standard deviations beyond which a Gaussian counts for nothing (exp(-50)).
_FAR = 10.0
#: Width of a panel where nothing narrower than a standard normal stands.
_WIDE = 2.0
#: Noise below which the two halves of the integrand no longer touch, whatever q.
_TINY = 0.01
#: Up to ``a |x| = 0.1`` a series of 12 terms is exact; above exp(30), logarithms are.
_SMALL, _LARGE = 0.1, 30.0
#: Widths of the transition after which the likelihood ratio is a pure exponential.
_STRAIGHT = 40.0


def log_excess(order: float, q: float, z: float) -> float:
    """Return ``log(E[m^a] - 1)``, where m is the likelihood ratio of one round.

    ``m(u) = 1 - q + q exp(u / z - 1 / (2 z^2))`` with u standard normal. Since E[m] =
    1, what is integrated is ``m^a - 1 - a (m - 1)``, which is nowhere negative.

    Parameters
    ----------
    order
        a > 1.
    q
        in (0, 1).
    z
        above 0.
    """
    if z < _TINY:
        return _log_excess_apart(order, q, z)
    edges = _edges(order, q, z)  # (P + 1,)
    half = np.diff(edges)[:, None] / 2  # (P, 1)
    u = edges[:-1, None] + half * (_NODES + 1)  # (P, 24)
    with np.errstate(divide="ignore"):
        logs = _log_excess_of(u, order, q, z) - u * u / 2 + np.log(half * _WEIGHTS)
    return float(np.logaddexp.reduce(logs, axis=None)) - 0.5 * math.log(2 * math.pi)


def _log_excess_apart(a: float, q: float, z: float) -> float:
    """Return it for tiny noise: one Gaussian left of the bend and one far right of it.

    ``E[m^a] = (1 - q)^a + q^a exp((a^2 - a) / (2 z^2))`` up to exp(-900).
    """
    right = a * math.log(q) + a * (a - 1) * 0.5 / z / z
    if right > _LARGE:
        return right
    return math.log(math.exp(right) + math.expm1(a * math.log1p(-q)))


def _edges(order: float, q: float, z: float) -> Array:
    """Return the panels' edges: narrow around the bend of log m, at most 2 elsewhere.

    Left of the bend the integrand is a sum of Gaussians around 0, 1/z and 2/z (it is
    nearly quadratic in m - 1), right of it one around a / z, all of width 1. Between
    these and the bend nothing counts, and one wide panel does.
    """
    bend = z * (math.log1p(-q) - math.log(q)) + 0.5 / z
    low, high = -_FAR, max(order, 2.0) / z + _FAR  # windows may reach 2 beyond
    around = max(_FAR, _STRAIGHT * z)
    windows = [(c - _FAR, c + _FAR) for c in (0.0, 1 / z, 2 / z, order / z)]
    windows.append((max(low, bend - around), min(high, bend + around)))
    near = z * 2.0 ** np.arange(-1, math.ceil(math.log2(_STRAIGHT)) + 1)  # (8,)
    near = near[near <= _WIDE]
    parts = [_steps(*window) for window in windows]
    edges = np.unique(np.concatenate([*parts, bend - near, [bend], bend + near]))
    return np.asarray(edges[(edges >= low - _WIDE) & (edges <= high + _WIDE)])


def _steps(low: float, high: float) -> Array:
    if high <= low:
        return np.empty(0)
    return _WIDE * np.arange(math.floor(low / _WIDE), math.ceil(high / _WIDE) + 1)


def _log_excess_of(u: Array, a: float, q: float, z: float) -> Array:
    """Return ``log(m^a - 1 - a x)``, x = m - 1, without overflow or cancellation."""
    w = u / z - 0.5 / z / z
    log_m = np.logaddexp(math.log1p(-q), math.log(q) + w)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        x = np.where(log_m > 1, np.expm1(log_m), q * np.expm1(np.minimum(w, 700)))
        power = a * log_m
        middle = np.log(np.expm1(np.minimum(power, _LARGE)) - a * x)
        tangent = math.log(a) + log_m + np.log1p((1 - a) / a * np.exp(-log_m))
        large = power + np.log1p(-np.exp(tangent - power))
        away = np.where(power > _LARGE, large, middle)
        small = a * np.abs(x) < _SMALL
        return np.asarray(np.where(small, _log_series(x, a), away))


def _log_series(x: Array, a: float) -> Array:
    """Return the log of the series of ``(1 + x)^a`` from its square term on."""
    rest = np.ones_like(x)
    for j in range(13, 2, -1):
        rest = 1 + rest * x * (a - j + 1) / j
    return math.log(a * (a - 1) / 2) + 2 * np.log(np.abs(x)) + np.log(rest)
