"""The Gaussian mechanism without sampling: its exact epsilon, and the textbook's."""

from __future__ import annotations

import math

import torch

from fltutor import validate
from fltutor.accounting import ranges
from fltutor.words import _


def gaussian_epsilon(
    *, noise_multiplier: float, rounds: int = 1, delta: float
) -> float:
    """Return the exact epsilon of Gaussian noise where everybody takes part (q = 1).

    With mu = sqrt(T) / z, the epsilon at which
    ``delta = Phi(mu/2 - epsilon/mu) - exp(epsilon) Phi(-mu/2 - epsilon/mu)``.

    Parameters
    ----------
    noise_multiplier, rounds, delta
        z, at least 0 (0 gives infinity); T, which counts as z / sqrt(T); in (0, 1).

    References
    ----------
    Balle and Wang 2018 (arXiv:1805.06530), theorem 8.

    Examples
    --------
    >>> round(gaussian_epsilon(noise_multiplier=5, rounds=10, delta=1e-5), 6)
    2.594383
    """
    z = ranges.noise(noise_multiplier)
    rounds = validate.count("rounds", rounds, 0)
    log_delta = math.log(ranges.delta(delta))
    if rounds == 0:
        return 0.0
    mu = math.sqrt(rounds) / z if z > 0 else math.inf
    if math.isinf(mu):
        return math.inf
    low, high = 0.0, 1.0
    if _log_delta(0.0, mu) <= log_delta:
        return 0.0
    while _log_delta(high, mu) > log_delta:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        above = _log_delta(middle, mu) > log_delta
        low, high = (middle, high) if above else (low, middle)
    return high


def classic_gaussian_noise(*, epsilon: float, delta: float) -> float:
    """Return the textbook's noise multiplier of one release, for epsilon up to 1.

    ``sqrt(2 log(1.25 / delta)) / epsilon``, more than :func:`gaussian_epsilon` needs.

    References
    ----------
    Dwork and Roth 2014, theorem 3.22.

    Examples
    --------
    >>> round(classic_gaussian_noise(epsilon=1, delta=1e-5), 6)
    4.844805
    """
    advice = _("The proof needs epsilon <= 1; use noise_for for more.")
    target = validate.number("epsilon", epsilon, above=0, high=1, advice=advice)
    return math.sqrt(2 * math.log(1.25 / ranges.delta(delta))) / target


def _log_delta(eps: float, mu: float) -> float:
    pair = [mu / 2 - eps / mu, -mu / 2 - eps / mu]
    arguments = torch.tensor(pair, dtype=torch.float64)
    first, second = map(float, torch.special.log_ndtr(arguments))
    ratio = min(eps + second - first, 0.0)  # rounding may lift it above 0
    return first + (math.log(-math.expm1(ratio)) if ratio < 0 else -math.inf)
