"""The one form of message, and how a value is named in it."""

from __future__ import annotations

import reprlib
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from fltutor.words import _

E = TypeVar("E", bound=Exception)

_PLAIN = (type(None), bool, int, float, complex, str, bytes, list, tuple, dict, range)


def fail(
    what: str,
    needed: str,
    advice: str,
    *,
    kind: type[E] = ValueError,  # type: ignore[assignment]  # mypy: no TypeVar defaults
) -> E:
    """Return the error of the house's form; the caller raises it.

    Examples
    --------
    >>> fail("alpha=0", "alpha > 0", "Use 0.01 for extreme skew.")
    ValueError('Got alpha=0, need alpha > 0. Use 0.01 for extreme skew.')
    """
    sentence = _("Got {what}, need {needed}. {advice}")
    return kind(sentence.format(what=what, needed=needed, advice=advice))


def shown(value: Any) -> str:
    """Name a value in a few words: plain ones as they are, others by their kind.

    Examples
    --------
    >>> shown(2.5), shown("a"), shown(int), shown(np.zeros((2, 3)))
    ('2.5', "'a'", 'the class int', 'a ndarray of shape (2, 3)')
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, np.generic | np.ndarray | Tensor):
        if value.ndim:
            return f"{kind_of(value)} of shape {tuple(value.shape)}"
        value = value.item()
    if not isinstance(value, _PLAIN):
        return kind_of(value)
    try:
        return _SHORT.repr(value)
    except ValueError:  # an int of thousands of digits
        return "a number of thousands of digits"


def kind_of(value: Any) -> str:
    """Return a value's type with its article."""
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _shortener() -> reprlib.Repr:
    short = reprlib.Repr()
    short.maxstring = short.maxlong = short.maxother = 60
    return short


_SHORT = _shortener()
