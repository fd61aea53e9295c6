"""What the engines stand beside: loops as a textbook writes them, in plain torch."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

import fltutor as ft


def _train(
    model: nn.Module, data: ft.Dataset, local: ft.LocalTraining, steps: int | None
) -> int:
    optimizer = torch.optim.SGD(model.parameters(), lr=local.lr)
    loss_of = nn.CrossEntropyLoss()
    taken = 0
    for _ in range(local.epochs):
        order = torch.randperm(len(data))
        for start in range(0, len(data), local.batch_size):
            if steps is not None and taken == steps:
                return taken
            rows = order[start : start + local.batch_size]
            optimizer.zero_grad()
            loss_of(model(data.x[rows]), data.y[rows]).backward()
            optimizer.step()
            taken += 1
    return taken


def federated_round(
    model: nn.Module, cohort: Sequence[ft.Client], local: ft.LocalTraining
) -> tuple[dict[str, Tensor], int]:
    """Train a copy on every client and average the copies; count the local steps.

    The server model keeps its parameters, so that every call does the same work.
    """
    total = sum(len(client) for client in cohort)
    mean: dict[str, Tensor] = {}
    steps = 0
    for client in cohort:
        local_model = copy.deepcopy(model)
        steps += _train(local_model, client.data, local, None)
        for name, value in local_model.state_dict().items():
            part = value * (len(client) / total)
            mean[name] = mean[name] + part if name in mean else part
    return mean, steps


def central_run(
    model: nn.Module, pooled: ft.Dataset, local: ft.LocalTraining, steps: int
) -> int:
    """Take as many steps of one model over the pooled examples."""
    return _train(copy.deepcopy(model), pooled, local, steps)


def pool(cohort: Sequence[ft.Client]) -> ft.Dataset:
    """Put the examples of a cohort into one data set."""
    x = torch.cat([client.data.x for client in cohort])
    y = torch.cat([client.data.y for client in cohort])
    return ft.Dataset(x, y, cohort[0].data.num_classes)
