"""The ranges of what an accountant is given, each with its advice."""

from __future__ import annotations

import numbers
from functools import lru_cache
from typing import Any

from fltutor import validate
from fltutor.words import _


def noise(value: Any) -> float:
    """Require a noise multiplier: finite, at least 0."""
    advice = _("Noise of multiplier 1 is the clip's own size; 0 is no noise.")
    return validate.number("noise_multiplier", value, low=0, advice=advice)


def rate(value: Any) -> float:
    """Require a sampling rate in (0, 1]."""
    advice = _("It is cohort_size / N: 0.1 takes every tenth client, 1 all of them.")
    return validate.number("sampling_rate", value, above=0, high=1, advice=advice)


def delta(value: Any) -> float:
    """Require a delta in (0, 1)."""
    advice = _("Take much less than one divided by the number of clients: 1e-5, say.")
    return validate.number("delta", value, above=0, below=1, advice=advice)


def orders(value: Any) -> tuple[float, ...]:
    """Require orders above 1, one or many, and return them as a tuple."""
    if isinstance(value, tuple):
        return _orders(value)
    single = isinstance(value, numbers.Real)
    many = [value] if single else validate.entries("orders", value)
    return _orders(tuple(many))


@lru_cache(maxsize=16)  # a federation asks in every round
def _orders(many: tuple[Any, ...]) -> tuple[float, ...]:
    validate.not_empty("orders", many)
    advice = _("Use accounting.ORDERS, or range(2, 64).")
    return tuple(
        float(validate.number("orders", each, above=1, advice=advice)) for each in many
    )
