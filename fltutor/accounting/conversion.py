"""From Renyi divergences to an epsilon, and from an epsilon to the noise it costs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fltutor import validate
from fltutor.accounting import ranges
from fltutor.accounting.renyi import ORDERS, Array, rdp_gaussian
from fltutor.words import _

CONVERSIONS = ("improved", "classic")
#: No noise multiplier above this, or below its inverse, is searched.
_MOST = 1e9


class Epsilon(float):
    """An epsilon that remembers its delta, and the order at which it was reached.

    It is a number like any other: it adds, compares and prints as its value.

    Attributes
    ----------
    delta
        without which the number says nothing.
    order
        the best of the orders tried. At the first or the last of them, try more.

    Examples
    --------
    >>> Epsilon(2.5, delta=1e-5, order=8.0)
    Epsilon(2.5, delta=1e-05, order=8.0)
    """

    delta: float
    order: float

    def __new__(cls, value: float, delta: float, order: float) -> Epsilon:
        """Make the number with what belongs to it."""
        self = super().__new__(cls, value)
        self.delta, self.order = delta, order
        return self

    def __getnewargs__(self) -> tuple[float, float, float]:  # type: ignore[override]  # pickle hands these to our __new__, not to float's
        """Return what a copy is made from."""
        return float(self), self.delta, self.order

    def __repr__(self) -> str:
        """Show it with its delta."""
        value = float.__repr__(self)
        return f"Epsilon({value}, delta={self.delta}, order={self.order})"

    def __str__(self) -> str:
        """Print the value alone."""
        return float.__repr__(self)


def epsilon(
    rdp: Any, orders: Any = ORDERS, *, delta: float, conversion: str = "improved"
) -> Epsilon:
    """Turn Renyi divergences into the smallest epsilon that they prove at a delta.

    * improved: ``RDP(a) + log(1 - 1/a) - log(delta a) / (a - 1)``
    * classic: ``RDP(a) + log(1/delta) / (a - 1)``, always a little larger

    and the least of it over all orders, which the result remembers.

    Parameters
    ----------
    rdp, orders
        T times :func:`rdp_gaussian`, and the orders that it was made with.
    delta
        in (0, 1): with this chance the promise may fail. Well below 1 / N.
    conversion
        "improved" or "classic".

    References
    ----------
    classic: Mironov 2017 (arXiv:1702.07476), proposition 3. improved: Canonne, Kamath
    and Steinke 2020 (arXiv:2004.00010), proposition 12; Balle et al. 2020.
    """
    a = np.array(ranges.orders(orders))
    values, delta = _one_an_order(rdp, a), ranges.delta(delta)
    validate.one_of("conversion", conversion, CONVERSIONS)
    if conversion == "classic":
        bounds = values - math.log(delta) / (a - 1)
    else:
        bounds = values + np.log1p(-1 / a) - (math.log(delta) + np.log(a)) / (a - 1)
    best = int(bounds.argmin())
    return Epsilon(max(0.0, float(bounds[best])), delta, float(a[best]))


def _one_an_order(rdp: Any, orders: Array) -> Array:
    values = np.asarray(rdp, dtype=np.float64)
    if values.shape == orders.shape and bool((values >= 0).all()):  # nor is NaN
        return values
    raise validate.fail(
        _("rdp of shape {shape}, the least {least}, for {n} orders").format(
            shape=values.shape, least=values.min(initial=math.inf), n=len(orders)
        ),
        _("one number, at least 0, for each order"),
        _("Pass epsilon the same orders as rdp_gaussian."),
    )


def spent(
    *,
    noise_multiplier: float,
    sampling_rate: float = 1.0,
    rounds: int,
    delta: float,
    orders: Any = ORDERS,
    conversion: str = "improved",
) -> Epsilon:
    """Return the epsilon of so many rounds: :func:`rdp_gaussian`, T times, converted.

    Examples
    --------
    >>> e = spent(noise_multiplier=4, sampling_rate=0.01, rounds=10_000, delta=1e-5)
    >>> round(e, 3), e.order
    (1.035, 17.0)
    """
    rounds = validate.count("rounds", rounds, 0)
    one = rdp_gaussian(
        noise_multiplier=noise_multiplier, sampling_rate=sampling_rate, orders=orders
    )
    if rounds == 0:
        one = np.ones_like(one)  # 0 times infinity is 0 here
    return epsilon(rounds * one, orders, delta=delta, conversion=conversion)


def noise_for(
    *,
    epsilon: float,
    delta: float,
    sampling_rate: float = 1.0,
    rounds: int = 1,
    orders: Any = ORDERS,
    conversion: str = "improved",
) -> float:
    """Return the least noise multiplier that keeps an epsilon, by bisection.

    Its epsilon is at most the one asked for; noise smaller by one part in a million
    would not do. A smaller epsilon costs more noise.

    Parameters
    ----------
    epsilon
        the target, above 0; refused where no noise reaches it with these orders.
    delta, sampling_rate, rounds, orders, conversion
        as in :func:`spent`.
    """
    target = validate.positive("epsilon", epsilon, _("Ask for an epsilon of 1, say."))

    def short(z: float) -> bool:
        return target < spent(
            noise_multiplier=z,
            sampling_rate=sampling_rate,
            rounds=rounds,
            delta=delta,
            orders=orders,
            conversion=conversion,
        )

    if short(_MOST):
        raise validate.fail(
            _("epsilon={epsilon} at delta={delta}").format(epsilon=target, delta=delta),
            _("an epsilon that these orders can prove"),
            _("Add higher orders, or ask for a larger epsilon."),
        )
    return _least(short)


def _least(short: Callable[[float], bool]) -> float:
    """Bisect for the least number that is not short, to one part in a million."""
    low, high = 0.5, 1.0
    while short(high):
        low, high = high, 2 * high
    while not short(low) and low > 1 / _MOST:
        low, high = low / 2, low
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) else (low, middle)
    return high
