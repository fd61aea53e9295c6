"""Who steps when: a round's plan, sorted so that clients can step together.

Clients differ in how many steps they take and how large their batches are. Sorted by
steps, most first, the clients that are still at work are always the first ``m`` rows:
a step then touches those rows and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from fltutor.clients import Client


@dataclass(frozen=True, eq=False)
class Group:
    """Some clients of a cohort that train in lockstep.

    Attributes
    ----------
    rows
        their places in the cohort, ``(M,)``, those with most steps first.
    plan
        their batches, ``(S, M, B)``; step s concerns the first ``working[s]`` of
        them, -1 stands for no example.
    working
        how many clients take step s, for each of the S steps, never rising.
    """

    rows: Tensor
    plan: Tensor
    working: list[int]

    def of(self, matrix: Tensor) -> Tensor:
        """Return the group's rows of a ``(K, d)`` matrix; ``(d,)`` stays itself."""
        if matrix.ndim == 1:
            return matrix
        if matrix.stride(0) == 0:  # one vector, seen K times
            return matrix[: len(self.rows)]
        return matrix[self.rows if self.span is None else self.span]

    @cached_property
    def span(self) -> slice | None:
        """Return the rows as a slice where they are neighbours, else None."""
        first = int(self.rows[0])
        neighbours = torch.arange(first, first + len(self.rows))
        if torch.equal(self.rows, neighbours):
            return slice(first, first + len(self.rows))
        return None

    def gather(self, clients: Sequence[Client]) -> tuple[Tensor, Tensor, Tensor]:
        """Lay the group's examples in one table.

        Returns
        -------
        x ``(n, ...)``, y ``(n,)`` and the plan as row numbers of that table,
        ``(S, M, B)``; where there is no example, some row.
        """
        own = [clients[i].data for i in self.rows.tolist()]
        at = self.plan.clamp(min=0)
        if len(own) == 1:
            return own[0].x, own[0].y, at
        sizes = torch.tensor([data.x.shape[0] for data in own])
        at += (sizes.cumsum(0) - sizes)[:, None]  # first row of each client
        return torch.cat([d.x for d in own]), torch.cat([d.y for d in own]), at


def count_steps(plan: Tensor) -> Tensor:
    """Count the steps with at least one example: plan ``(K, S, B)`` -> ``(K,)``."""
    return (plan >= 0).any(dim=2).sum(dim=1)


def groups(plan: Tensor, most: int) -> list[Group]:
    """Cut a cohort into groups of alike clients.

    Parameters
    ----------
    plan
        ``(K, S, B)``.
    most
        clients in a group. A group also ends where batches become less than half
        as wide as in its first client, since all would be padded to the widest.
    """
    if plan.shape[1] == 0:  # nobody steps at all
        plan = plan.new_full((len(plan), 1, 1), -1)
    real = plan >= 0  # (K, S, B)
    width = real.sum(dim=2)  # (K, S)
    steps, widest = (width > 0).sum(dim=1), width.amax(dim=1)  # (K,), (K,)
    if bool((real != (torch.arange(plan.shape[2]) < width[..., None])).any()):
        plan = plan.gather(2, real.int().argsort(dim=2, descending=True, stable=True))
    if bool(((width > 0) != (torch.arange(plan.shape[1]) < steps[:, None])).any()):
        first = (width > 0).int().argsort(dim=1, descending=True, stable=True)
        plan = plan.gather(1, first[..., None].expand_as(plan))
    order = torch.argsort(
        steps * (plan.shape[2] + 1) + widest, descending=True, stable=True
    )
    cuts, sizes = [0], widest[order].tolist()
    for i, size in enumerate(sizes):
        first_of_group = sizes[cuts[-1]]
        # half: padding then at most doubles a step, as another group's calls would
        if i - cuts[-1] == most or not size <= 2 * first_of_group <= 4 * size:
            cuts.append(i)
    return [
        _group(plan, order[a:b], steps, max([1, *sizes[a:b]]))
        for a, b in zip(cuts, [*cuts[1:], len(sizes)], strict=True)
        if b > a
    ]


def _group(plan: Tensor, rows: Tensor, steps: Tensor, width: int) -> Group:
    own = steps[rows]  # (M,), falling
    longest = int(own[0])
    working = (own[:, None] > torch.arange(longest)).sum(dim=0)  # (S,)
    cut = plan[rows, :longest, :width].transpose(0, 1).contiguous()  # (S, M, B)
    return Group(rows, cut, working.tolist())
