"""What lesson 01 defines, and what it became in the library."""

from __future__ import annotations

from typing import Any

import torch
from lesson_support import Row

import fltutor as ft


def some_models() -> tuple[Any, ...]:
    models = torch.tensor([[1.0, -2.0, 0.5], [4.0, 0.0, 3.0]])
    return models, torch.tensor([30.0, 10.0])


def three_clients() -> tuple[Any, ...]:
    data = ft.datasets.digits().train[range(60)]
    clients = ft.splitters.iid(data, num_clients=3, seed=0)
    return clients, 4, 3


def pooled(made: dict[str, Any]) -> Any:
    def run(clients: Any, rounds: int, epochs: int) -> Any:
        task = ft.Task(ft.models.mlp(64, 32, 10), seed=3)
        pairs = [(client.data.x, client.data.y) for client in clients]
        return made["central_baseline"](
            task.init(), pairs, task.gradient, 0.5, rounds, epochs
        )

    return run


def trained_centrally(clients: Any, rounds: int, epochs: int) -> Any:
    task = ft.Task(ft.models.mlp(64, 32, 10), seed=3)
    local = ft.LocalTraining(epochs=epochs, batch_size=None, lr=0.5)
    federation = ft.Federation(task, clients, ft.FedAvg(), local)
    return ft.evaluation.central(federation, rounds)


ROWS = [
    Row("average", ("average-code",), ft.aggregators.mean, some_models),
    Row(
        "central_baseline",
        ("central-baseline-code",),
        trained_centrally,
        three_clients,
        mine=pooled,
    ),
]
