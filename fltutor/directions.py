"""Which directions an engine may read with symbols, instead of calling them each step.

A direction is a learner's to write, to print in and to look into, so an engine calls it
with tensors, in every step. The algorithms of the library declare that theirs are
affine, and :mod:`fltutor.engines.affine` reads those once a round.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, TypeVar
from weakref import WeakSet

F = TypeVar("F", bound=Callable[..., Any])

#: The functions themselves: an attribute would be copied by `functools.wraps`, and a
#: subclass's direction of the same name is another function.
_DECLARED: WeakSet[Callable[..., Any]] = WeakSet()


def affine(direction: F) -> F:
    """Declare that a direction is ``a grad + b params + shift``, with numbers a and b.

    The shift is made of start and memory. It is then called once a round, with symbols
    in place of ``grad`` and ``params``, that know + - * / and nothing else. The
    declaration is this function's alone: a subclass that writes its own is called with
    tensors.

    Examples
    --------
    >>> @affine
    ... def direction(grad, params, start, memory):
    ...     return grad + 0.1 * (params - start)
    >>> is_affine(direction), is_affine(lambda *given: direction(*given))
    (True, False)
    """
    _DECLARED.add(direction)
    return direction


def is_affine(direction: object) -> bool:
    """Tell whether a function, or the function of a bound method, was declared."""
    function = direction.__func__ if type(direction) is MethodType else direction
    return type(function) is FunctionType and function in _DECLARED
