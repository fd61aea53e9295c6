"""The engine to read: one client after another, one batch after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from fltutor.clients import Client, LocalTraining
from fltutor.engines.shared import Direction, admit
from fltutor.task import Task


def sequential(
    task: Task,
    starts: Tensor,
    clients: Sequence[Client],
    plan: Tensor,
    local: LocalTraining,
    direction: Direction,
    memory: Mapping[str, Tensor],
) -> tuple[Tensor, Tensor]:
    """Train the clients of a cohort in turn; :class:`Engine` names the arguments.

    References
    ----------
    McMahan et al. 2017 (arXiv:1602.05629), Algorithm 1, ClientUpdate.
    """
    admit(task, starts, clients, plan, local, memory)
    ends, steps = [], []
    for k, client in enumerate(clients):
        own = {name: m[k] if m.ndim == 2 else m for name, m in memory.items()}
        params, velocity = starts[k], torch.zeros_like(starts[k])  # (d,)
        taken = 0
        for rows in plan[k]:  # (B,)
            rows = rows[rows >= 0]
            if len(rows) == 0:
                continue
            grad = task.gradient(params, client.data.x[rows], client.data.y[rows])
            grad = grad + local.weight_decay * params
            velocity = local.momentum * velocity + direction(
                grad, params, starts[k], own
            )
            params = params - local.lr * velocity
            taken += 1
        ends.append(params)
        steps.append(taken)
    return torch.stack(ends), torch.tensor(steps)
