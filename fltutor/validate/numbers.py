"""Numbers: real ones in a range, whole ones, seeds."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fltutor.validate.message import fail, shown
from fltutor.validate.objects import entries, is_many
from fltutor.words import _

_PLAIN = "Pass one plain number."


def number(
    name: str,
    value: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
    finite: bool = True,
    advice: str = "",
) -> float:
    """Require a real number and return Python's; bools are none.

    Parameters
    ----------
    name, value
        what it is called where it was given, and what was given.
    low, high, above, below
        the least and the greatest value; and limits that are not allowed themselves.
    finite
        False lets infinity through; NaN never is.
    advice
        what to do where the number is out of range.
    """
    plain = _plain(value)
    fits = plain is not None and (
        (math.isfinite(plain) if finite else plain == plain)
        and (low is None or plain >= low)
        and (high is None or plain <= high)
        and (above is None or plain > above)
        and (below is None or plain < below)
    )
    if plain is None or not fits:
        needed = _needed(name, low, high, above, below, finite)
        advice = advice or f"Choose {name} in that range."
        advice = _PLAIN if plain is None else advice
        raise fail(f"{name}={shown(value)}", needed, advice)
    return plain


def positive(name: str, value: Any, advice: str = "") -> float:
    """Require a finite number above 0, and return it."""
    return number(name, value, above=0, advice=advice or f"Raise {name}.")


def fraction(name: str, value: Any, advice: str = "") -> float:
    """Require a number in [0, 1), and return it."""
    otherwise = _("Choose {name} from 0 up to, but not including, 1.").format(name=name)
    return number(name, value, low=0, below=1, advice=advice or otherwise)


def at_least(name: str, value: Any, low: float, advice: str = "") -> float:
    """Require a finite number that is not below ``low``, and return it."""
    otherwise = _("Choose {name} of at least {low}.").format(name=name, low=low)
    return number(name, value, low=low, advice=advice or otherwise)


def count(name: str, value: Any, low: int = 1, high: int | None = None) -> int:
    """Require a whole number between ``low`` and ``high``, and return it."""
    plain = _plain(value)
    whole = plain if isinstance(plain, int) else low - 1
    if whole < low or (high is not None and whole > high):
        limit = f"{low} or more" if high is None else f"from {low} to {high}"
        raise fail(
            f"{name}={shown(value)}",
            _("a whole number {name}, {limit}").format(name=name, limit=limit),
            _("Choose {name} in that range.").format(name=name),
        )
    return whole


def counts(name: str, value: Any, low: int = 0) -> int | tuple[int, ...]:
    """Require one whole number for all (1 or more), or a sequence of them.

    Parameters
    ----------
    name, value
        what it is called, and a number, a list, an array or a tensor.
    low
        the least allowed in a sequence.
    """
    if not is_many(value):
        return count(name, value)
    return tuple(count(name, each, low) for each in entries(name, value))


def seed(value: Any, name: str = "seed") -> int:
    """Require a seed, a whole number of any size and sign, and return it."""
    plain = _plain(value)
    if not isinstance(plain, int):
        raise fail(
            f"{name}={shown(value)}",
            _("a whole number, of any size"),
            _("Pass {name}=0, say: the same {name} gives the same run.").format(
                name=name
            ),
        )
    return plain


def _plain(value: Any) -> int | float | None:
    """Return an int or a float of Python, or None for what is no real number."""
    if type(value) is int or type(value) is float:  # as nearly always
        return value
    if isinstance(value, np.ndarray | Tensor):
        if value.ndim or value.dtype in (np.bool_, torch.bool):
            return None
        value = value.item()
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else None


def _needed(
    name: str,
    low: float | None,
    high: float | None,
    above: float | None,
    below: float | None,
    finite: bool,
) -> str:
    left = f"{low} <= " if low is not None else f"{above} < "
    right = f" <= {high}" if high is not None else f" < {below}"
    lower, upper = (low, above) != (None, None), (high, below) != (None, None)
    if lower and upper:
        return f"{left}{name}{right}"
    kind = "a finite " if finite else "a number "
    if lower:
        return f"{kind}{name} {'>' if low is None else '>='} {left.split()[0]}"
    return f"{kind}{name}{right}" if upper else f"{kind}{name}"
