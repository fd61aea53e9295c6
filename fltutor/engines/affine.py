"""Read a direction once, with symbols, instead of calling it in every step.

The direction of nearly every algorithm is affine in the gradient and the parameters:
``a grad + b params + shift``, with numbers a and b and a shift made of the start and
the memory, which stay as they are for a whole round. FedProx has ``a = 1``, ``b = mu``
and ``shift = -mu start``; SCAFFOLD has ``shift = c - c_i``. A local step with weight
decay is then

``params <- (1 - lr (b + a decay)) params - lr a grad - lr shift``

and an engine can add the products of backpropagation straight into the weights.
Directions of any other form, such as clipping, are called with real gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NoReturn

import torch
from torch import Tensor

from fltutor.clients import LocalTraining
from fltutor.engines.shared import Direction

#: torch's names of what a symbol understands -> Python's.
_OPERATORS = {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "neg": "neg"}


class NotAffineError(Exception):
    """Something was done to a symbol that leaves the affine functions."""


def _refuse(*_: object, **__: object) -> NoReturn:
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
    shift
        ``(m, d)`` or what broadcasts to it; None is zero.

    Examples
    --------
    >>> grad, params = Affine(grad=1.0), Affine(params=1.0)
    >>> grad + 0.5 * (params - torch.tensor([2.0]))
    Affine(grad=1.0, params=0.5, shift=tensor([-1.]))
    """

    grad: float = 0.0
    params: float = 0.0
    shift: Tensor | None = None

    def __add__(self, other: object) -> Affine:
        """Add a symbol, a tensor or a number."""
        if isinstance(other, Affine):
            shifts = [s for s in (self.shift, other.shift) if s is not None]
            shift = shifts[0] + shifts[1] if len(shifts) == 2 else None
            shift = shifts[0] if len(shifts) == 1 else shift
            return Affine(self.grad + other.grad, self.params + other.params, shift)
        if not isinstance(other, Tensor):
            other = torch.tensor(_number(other), dtype=torch.float64)
        return self + Affine(shift=other)

    def __mul__(self, other: object) -> Affine:
        """Multiply by a number, or by a tensor without axes."""
        by = _number(other)
        shift = None if self.shift is None or by == 0 else self.shift * by
        return Affine(self.grad * by, self.params * by, shift)

    def __truediv__(self, other: object) -> Affine:
        """Divide by a number."""
        return self * (1 / _number(other))

    def __neg__(self) -> Affine:
        """Turn around."""
        return self * -1

    def __sub__(self, other: Any) -> Affine:
        """Subtract a symbol, a tensor or a number."""
        answer: Affine = self + -other
        return answer

    def __rsub__(self, other: object) -> Affine:
        """Subtract from a tensor or a number."""
        return -self + other

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse the methods of tensors, their shape and everything else."""
        raise NotAffineError(name)

    __radd__, __rmul__, __rtruediv__ = __add__, __mul__, _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse
    __eq__ = __ne__ = __hash__ = _refuse

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


def read(
    direction: Direction, start: Tensor, memory: Mapping[str, Tensor]
) -> Affine | None:
    """Return what a direction does, or None where it is not affine.

    Parameters
    ----------
    direction
        called twice: one that answers otherwise the second time, since it counts or
        draws, is not a function of its arguments and must be called in every step.
    start, memory
        ``(m, d)``, and ``(m, d)`` or ``(d,)``.
    """
    grad: Any = Affine(grad=1.0)
    params: Any = Affine(params=1.0)
    answers: list[Any] = []
    try:
        answers += [direction(grad, params, start, memory) for _ in range(2)]
    except Exception:  # whatever a learner's code says to a symbol: ask it with tensors
        return None
    first, second = answers
    if not (isinstance(first, Affine) and isinstance(second, Affine)):
        return None
    same = (first.grad, first.params) == (second.grad, second.params)
    if first.shift is None or second.shift is None:
        return first if same and first.shift is second.shift else None
    return first if same and torch.equal(first.shift, second.shift) else None


@dataclass(frozen=True, eq=False)
class Descent:
    """A local step without momentum: ``keep * params - rate * grad + push``.

    Attributes
    ----------
    rate, keep
        numbers.
    push
        ``(m, d)`` or what broadcasts to it; None is zero.
    """

    rate: float
    keep: float
    push: Tensor | None

    def drift(self, params: Tensor) -> None:
        """Take the part of a step that needs no gradient, in place: ``(m, d)``."""
        if self.push is None:
            if self.keep != 1:
                params.mul_(self.keep)
            return
        push = self.push[: len(params)] if self.push.ndim == 2 else self.push
        torch.add(push, params, alpha=self.keep, out=params)


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
    move = None if local.momentum else read(direction, start, memory)
    if move is None:
        return None
    decay = move.params + move.grad * local.weight_decay
    push = None if move.shift is None else move.shift * -local.lr
    return Descent(local.lr * move.grad, 1 - local.lr * decay, push)
