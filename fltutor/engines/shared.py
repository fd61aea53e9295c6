"""What all engines share: their types, their memory check, what a direction is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import ismethod
from typing import Protocol

from torch import Tensor

from fltutor.clients import Client, LocalTraining
from fltutor.task import Task

ROUND_LIMIT = 4 * 2**30


class Direction(Protocol):
    """A local step's direction, elementwise, so that it broadcasts over clients."""

    def __call__(
        self,
        grad: Tensor,
        params: Tensor,
        start: Tensor,
        memory: Mapping[str, Tensor],
        /,
    ) -> Tensor:
        """Map ``(..., d)`` gradients to ``(..., d)`` directions."""
        ...


class Engine(Protocol):
    """Train every client of a cohort from its start."""

    def __call__(
        self,
        task: Task,
        starts: Tensor,
        clients: Sequence[Client],
        plan: Tensor,
        local: LocalTraining,
        direction: Direction,
        memory: Mapping[str, Tensor],
        /,
    ) -> tuple[Tensor, Tensor]:
        """Train a cohort.

        Parameters
        ----------
        task
            loss and gradient.
        starts
            the model that each client received, ``(K, d)``; not written to.
        clients
            the cohort, K of them.
        plan
            row numbers of each step's batch, ``(K, S, B)``, -1 for none. A step
            that is all -1 leaves its client unchanged.
        local
            step size, momentum, weight decay.
        direction
            what the algorithm makes of a gradient.
        memory
            name -> ``(K, d)`` of the clients or ``(d,)`` of the server.

        Returns
        -------
        ends ``(K, d)`` and steps taken ``(K,)``.
        """
        ...


def returns_the_gradient(direction: Direction) -> bool:
    """Tell whether a direction's whole code is ``return grad``, as FedAvg's is.

    An engine may then step without making the gradients' matrix. The code is
    compared, not a result: a direction may be another one for other numbers.
    """
    plain = _method if ismethod(direction) else _function
    code, known = getattr(direction, "__code__", None), plain.__code__
    return code is not None and (
        (code.co_code, code.co_argcount) == (known.co_code, known.co_argcount)
    )


def _function(grad: Tensor, params: Tensor, start: Tensor, memory: object) -> Tensor:
    return grad


def _method(
    self: object, grad: Tensor, params: Tensor, start: Tensor, memory: object
) -> Tensor:
    return grad


def refuse_oversize(starts: Tensor) -> None:
    """Refuse a round whose matrices would take more than 4 GiB.

    Raises
    ------
    MemoryError
        with the numbers and what to do.
    """
    copies = 4  # starts, ends, gradients, directions
    size = copies * starts.numel() * starts.element_size()
    if size > ROUND_LIMIT:
        raise MemoryError(
            f"A round of {starts.shape[0]} clients x {starts.shape[1]} parameters "
            f"needs {size / 2**30:.1f} GiB, the limit is {ROUND_LIMIT / 2**30:.0f} "
            "GiB. Use a smaller cohort_size or a smaller model."
        )
