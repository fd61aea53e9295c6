"""What all engines share: their types, and the one check of what they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Protocol

import torch
from torch import Tensor

from fltutor import validate
from fltutor.clients import Client, LocalTraining
from fltutor.task import Task
from fltutor.words import _

ROUND_LIMIT = 4 * 2**30
#: Clients from which looking at each anew takes longer than a tenth of a millisecond.
CROWD = 500


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


def admit_clients(task: Task, clients: Sequence[Client]) -> None:
    """Require that every client's data fit the task, and one another.

    Data that were looked at before cost a look-up.

    Raises
    ------
    ValueError
        naming the client.
    """
    for client in clients:
        if not task.knows(client.data):  # a crowd is looked up without making names
            task.admits(client.data, f"client {client.id}")
    if task.knows_one_form:
        return
    first = clients[0].data
    for client in clients:
        data, name = client.data, f"client {client.id}"
        if data.x.shape[1:] != first.x.shape[1:] or data.y.dtype != first.y.dtype:
            raise validate.fail(
                _(
                    "{name} with examples {shape} and {dtype} labels, and client "
                    "{id} with {shape2} and {dtype2}"
                ).format(
                    name=name,
                    shape=tuple(data.x.shape[1:]),
                    dtype=data.y.dtype,
                    id=clients[0].id,
                    shape2=tuple(first.x.shape[1:]),
                    dtype2=first.y.dtype,
                ),
                _("one form of example at all clients"),
                _("Bring their data into one shape, say by padding or cutting."),
            )


def admit(
    task: Task,
    starts: Tensor,
    clients: Sequence[Client],
    plan: Tensor,
    local: LocalTraining,
    memory: Mapping[str, Tensor],
) -> None:
    """Check what an engine is given; every engine calls it before anything else.

    Raises
    ------
    ValueError, MemoryError
        in the same words whichever engine is asked.
    """
    crowd = task.crowd  # the same many clients again, round after round
    known = None if crowd is None or crowd[0] != clients else crowd[1]
    _check_parts(task, clients, local)
    if isinstance(starts, Tensor):
        refuse_oversize(starts)
    validate.returned(
        "the round's start",
        starts,
        shape=(len(clients), task.dim),
        dtype=task.dtype,
        finite=False,
        advice=_("Give each client of the cohort one model vector of this task."),
    )
    sizes = torch.tensor([len(c) for c in clients]) if known is None else known  # (K,)
    _check_plan(plan, clients, sizes)
    _check_memory(memory, starts)
    if known is None:
        admit_clients(task, clients)
        if len(clients) >= CROWD:
            task.crowd = list(clients), sizes


def _check_parts(task: Task, clients: Sequence[Client], local: LocalTraining) -> None:
    validate.instance("task", task, Task)
    validate.instances("clients", clients, Client)
    validate.instance("local", local, LocalTraining)


def _check_memory(memory: Mapping[str, Tensor], starts: Tensor) -> None:
    for name, matrix in memory.items():
        rows = isinstance(matrix, Tensor) and matrix.ndim == 2
        validate.returned(
            f"memory {name!r}",
            matrix,
            shape=tuple(starts.shape if rows else starts.shape[1:]),
            dtype=starts.dtype,
            finite=False,
            advice=_("Give one row a client, or one vector of the server's."),
        )


def _check_plan(plan: Tensor, clients: Sequence[Client], sizes: Tensor) -> None:
    """Require one list of batches a client, of rows that its data have."""
    whole = isinstance(plan, Tensor) and plan.dtype == torch.int64 and plan.ndim == 3
    if not whole or len(plan) != len(clients):
        raise validate.fail(
            _("plan={plan} for {num_clients} clients").format(
                plan=validate.shown(plan), num_clients=len(clients)
            ),
            _("whole numbers (clients K, steps S, batch B)"),
            _("Make it with batch_plan."),
        )
    if plan.numel() == 0:
        return
    last = plan.amax(dim=(1, 2))  # (K,)
    if bool((last >= sizes).any()):
        k = int((last >= sizes).nonzero()[0])
        raise validate.fail(
            _(
                "a plan with row {last} for client {id}, which has {sizes} examples"
            ).format(last=int(last[k]), id=clients[k].id, sizes=int(sizes[k])),
            _("rows from 0 to {limit}").format(limit=int(sizes[k]) - 1),
            _("Make the plan with batch_plan, from the clients' own sizes."),
        )


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
