"""numpy's and torch's functions as they were, whatever a cell has put in their place.

``np.allclose = lambda *a: True``, typed by mistake or on purpose, must not decide
whether an answer is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import is_
from types import ModuleType
from typing import Any

import numpy as np
import torch

_PLACES: tuple[ModuleType | type, ...] = (
    np,
    np.linalg,
    np.random,
    torch,
    torch.linalg,
    torch.nn.functional,
    torch.Tensor,
)
_NOTHING = object()


def _functions(place: ModuleType | type) -> dict[str, Any]:
    return {name: value for name, value in vars(place).items() if callable(value)}


#: Taken when this module is first loaded: before the first check of a notebook.
_FOUND = [(place, _functions(place)) for place in _PLACES]
#: Methods that Tensor inherits: one of its own would hide them.
_INHERITED = set(dir(torch._C.TensorBase)) - vars(torch.Tensor).keys()


def _replaced() -> list[tuple[ModuleType | type, str, Any, Any]]:
    """List what differs: where, its name, the original, what stands there now."""
    found: list[tuple[ModuleType | type, str, Any, Any]] = []
    for place, functions in _FOUND:
        now = vars(place)
        if not all(map(is_, map(now.get, functions), functions.values())):
            found += [
                (place, name, original, now.get(name, _NOTHING))
                for name, original in functions.items()
                if now.get(name, _NOTHING) is not original
            ]
    own = vars(torch.Tensor)
    hiding = _INHERITED & own.keys()
    return found + [(torch.Tensor, name, _NOTHING, own[name]) for name in hiding]


def _put(place: ModuleType | type, name: str, value: Any) -> None:
    if value is _NOTHING:
        delattr(place, name)
    else:
        setattr(place, name, value)


@contextmanager
def originals() -> Iterator[None]:
    """Let numpy and torch be themselves for a while; then put back what stood there.

    What is replaced inside is undone too, when it ends or when another one begins.

    Examples
    --------
    >>> def told(values):
    ...     return "nonsense"
    >>> mean, np.mean = np.mean, told
    >>> with originals():
    ...     float(np.mean([1.0, 2.0]))
    1.5
    >>> np.mean([1.0, 2.0])
    'nonsense'
    >>> np.mean = mean
    """
    before = _replaced()
    for place, name, original, _ in before:
        _put(place, name, original)
    try:
        yield
    finally:
        for place, name, original, _ in _replaced():
            _put(place, name, original)
        for place, name, _, now in before:
            _put(place, name, now)
