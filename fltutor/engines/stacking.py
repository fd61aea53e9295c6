"""The engine to wait less: all clients of a round take their steps together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from fltutor.clients import Client, LocalTraining
from fltutor.engines.shared import Direction, refuse_oversize
from fltutor.task import Task


def vectorised(
    task: Task,
    starts: Tensor,
    clients: Sequence[Client],
    plan: Tensor,
    local: LocalTraining,
    direction: Direction,
    memory: Mapping[str, Tensor],
) -> tuple[Tensor, Tensor]:
    """Train all clients of a cohort at once, ``vmap`` over stacked parameters.

    Arguments and results as in :func:`fltutor.engines.sequential`, equal to 1e-10 in
    float64. Clients with fewer examples or steps are padded through the plan; a step
    without a real example leaves its client's row unchanged.
    """
    refuse_oversize(starts)
    x = torch.cat([client.data.x for client in clients])  # (n, ...)
    y = torch.cat([client.data.y for client in clients])  # (n,)
    sizes = torch.tensor([len(client) for client in clients])
    offsets = torch.cumsum(sizes, 0) - sizes  # (K,)
    gradients = torch.func.vmap(task.gradient)
    params, velocity = starts, torch.zeros_like(starts)  # (K, d)
    taken = torch.zeros(len(clients), dtype=torch.int64)
    for step in range(plan.shape[1]):
        rows = plan[:, step]  # (K, B)
        real = rows >= 0
        active = real.any(dim=1)  # (K,)
        at = rows.clamp(min=0) + offsets[:, None]  # (K, B)
        grad = gradients(params, x[at], y[at], real)  # (K, d)
        grad = grad + local.weight_decay * params
        new = local.momentum * velocity + direction(grad, params, starts, memory)
        velocity = torch.where(active[:, None], new, velocity)
        params = torch.where(active[:, None], params - local.lr * velocity, params)
        taken += active
    return params, taken
