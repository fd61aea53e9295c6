"""What all engines share: their types and their memory check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Protocol

import torch
from torch import Tensor

from fltutor.clients import Client, LocalTraining
from fltutor.task import Task

ROUND_LIMIT = 4 * 2**30


class Direction(Protocol):
    """A local step's direction, elementwise, so that it broadcasts over clients.

    Its answer depends on its arguments alone. An engine calls it once a step, with
    tensors; only what is declared :func:`~fltutor.directions.affine` may be called once
    a round, with symbols (:mod:`fltutor.engines.affine`).
    """

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


@cache
def keep_freed_memory() -> None:
    """Let glibc keep freed blocks of up to 32 MiB for the next round.

    It learns from one such block, which is never touched, that they are wanted again.
    Otherwise it returns them to the system, and fetching them back page by page takes
    as long as a step on them. Other allocators take no notice.
    """
    torch.empty(2**25 - 2**13, dtype=torch.uint8)
