"""Read a direction once, with symbols, instead of calling it in every step.

The direction of nearly every algorithm is affine in the gradient and the parameters:
``a grad + b params + shift``, with numbers a and b and a shift made of the start and
the memory, which stay as they are for a whole round. FedProx has ``a = 1``, ``b = mu``
and ``shift = -mu start``; SCAFFOLD has ``shift = c - c_i``. A local step with weight
decay is then

``params <- (1 - lr (b + a decay)) params - lr a grad - lr shift``

and an engine can add the products of backpropagation straight into the weights. Read
is only what declares itself (:func:`fltutor.directions.affine`), as the library's
algorithms do. All others, a learner's first of all, are called with real gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Real
from typing import Any, NoReturn, TypeAlias

import torch
from torch import Tensor

from fltutor import validate
from fltutor.clients import LocalTraining
from fltutor.directions import is_affine
from fltutor.engines.shared import Direction
from fltutor.words import _

#: factors and what they multiply
Terms: TypeAlias = tuple[tuple[float, Tensor], ...]

#: torch's names of what a symbol understands -> Python's.
_OPERATORS = {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "neg": "neg"}


class NotAffineError(Exception):
    """Something was done to a symbol that leaves the affine functions."""


def _refuse(*given: object, **named: object) -> NoReturn:
    raise NotAffineError


@dataclass(frozen=True, eq=False)
class Affine:
    """``grad * g + params * p + shift`` for a gradient g and parameters p.

    Understands + - * / and the minus sign, with numbers and tensors; whatever else a
    direction does with it raises :class:`NotAffineError`.

    Attributes
    ----------
    grad, params
        a and b, numbers.
    terms
        the shift: factors and tensors, ``(m, d)`` or what broadcasts to it, whose
        products are not formed before they are needed.

    Examples
    --------
    >>> grad, params = Affine(grad=1.0), Affine(params=1.0)
    >>> grad + 0.5 * (params - torch.tensor([2.0]))
    Affine(grad=1.0, params=0.5, terms=((-0.5, tensor([2.])),))
    """

    grad: float = 0.0
    params: float = 0.0
    terms: Terms = ()

    def __add__(self, other: object) -> Affine:
        """Add a symbol, a tensor or a number."""
        if isinstance(other, Affine):
            grad, params = self.grad + other.grad, self.params + other.params
            return Affine(grad, params, self.terms + other.terms)
        if not isinstance(other, Tensor):
            other = torch.tensor(_number(other), dtype=torch.float64)
        return self + Affine(terms=((1.0, other),))

    def __mul__(self, other: object) -> Affine:
        """Multiply by a number, or by a tensor without axes."""
        by = _number(other)
        terms = tuple((factor * by, tensor) for factor, tensor in self.terms if by)
        return Affine(self.grad * by, self.params * by, terms)

    def __truediv__(self, other: object) -> Affine:
        """Divide by a number."""
        return self * (1 / _number(other))

    def __neg__(self) -> Affine:
        """Turn around."""
        return self * -1

    def __sub__(self, other: object) -> Affine:
        """Subtract a symbol, a tensor or a number."""
        return self + -(Affine() + other)

    def __rsub__(self, other: object) -> Affine:
        """Subtract from a tensor or a number."""
        return -self + other

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse the methods of tensors, their shape and everything else."""
        raise NotAffineError(name)

    __radd__, __rmul__, __rtruediv__ = __add__, __mul__, _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse
    __eq__ = __ne__ = __hash__ = __abs__ = __pow__ = __rpow__ = _refuse
    __matmul__ = __rmatmul__ = __getitem__ = __iter__ = __len__ = _refuse

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Affine:
        """Answer ``tensor - symbol``, ``torch.add(symbol, tensor)`` and the like."""
        name = _OPERATORS.get(func.__name__)
        if kwargs or name is None:
            _refuse()
        first, *others = args
        if isinstance(first, Affine):
            answer: Affine = getattr(Affine, f"__{name}__")(first, *others)
        else:
            answer = getattr(Affine, f"__r{name}__")(*others, first)
        return answer


def _number(value: object) -> float:
    if isinstance(value, Real) or (isinstance(value, Tensor) and value.ndim == 0):
        return float(value)
    _refuse()


def read(direction: Direction, start: Tensor, memory: Mapping[str, Tensor]) -> Affine:
    """Return what a direction does that declares itself affine.

    Parameters
    ----------
    direction
        called once, with symbols for ``grad`` and ``params``.
    start, memory
        ``(m, d)``, and ``(m, d)`` or ``(d,)``; looked at again when the shift is used.

    Raises
    ------
    ValueError
        the declaration does not hold.
    """
    grad: Any = Affine(grad=1.0)
    params: Any = Affine(params=1.0)
    answer: object = None
    with suppress(NotAffineError):
        answer = direction(grad, params, start, memory)
    if not isinstance(answer, Affine):
        raise validate.fail(
            _("a direction that is declared affine and does something else"),
            _("a sum of multiples of grad, params, and of what start and memory hold"),
            _("Leave out @affine above it: it is then called in every step."),
        )
    return answer


def narrow_first(terms: Terms, size: int) -> Terms:
    """Return all tensors as ``(1, d)``, then ``(m, d)``, for models of a size d."""
    wide = (
        (factor, tensor.expand(len(tensor) if tensor.ndim == 2 else 1, size))
        for factor, tensor in terms
    )
    return tuple(sorted(wide, key=lambda term: len(term[1])))


def add_up(terms: Terms, size: int) -> Tensor | None:
    """Form the sum of products, ``(m, d)`` or ``(1, d)``; None is zero."""
    if not terms:
        return None
    (factor, rows), *others = narrow_first(terms, size)
    total = rows * factor
    for factor, rows in others:
        total = torch.add(total, rows, alpha=factor)
    return total


@dataclass(frozen=True, eq=False)
class Descent:
    """A local step without momentum: ``keep * params - rate * grad + push``.

    Attributes
    ----------
    rate, keep
        numbers.
    terms
        of the push, whose sum is ``(m, d)``, or one for all.
    """

    rate: float
    keep: float
    terms: Terms = ()


def plan_descent(
    direction: Direction,
    start: Tensor,
    memory: Mapping[str, Tensor],
    local: LocalTraining,
) -> Descent | None:
    """Read a direction into a step, or return None where each step must call it.

    Arguments as in :func:`read`; ``local`` gives lr and weight decay. With momentum
    a step also needs the one before.
    """
    if local.momentum or not is_affine(direction):
        return None
    if start.stride(0) == 0:  # all clients start from one vector
        start = start[:1]
    move = read(direction, start, memory)
    decay = move.params + move.grad * local.weight_decay
    return Descent(local.lr * move.grad, 1 - local.lr * decay, (move * -local.lr).terms)
