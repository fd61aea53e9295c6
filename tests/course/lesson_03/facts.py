"""What lesson 03 defines, and what it became in the library."""

from __future__ import annotations

from typing import Any

import numpy as np
from lesson_support import Row

import fltutor as ft


def a_run() -> tuple[Any, ...]:
    return np.array([0.3, 0.55, 0.5, 0.72, 0.9]), 0.7


def counted_by_the_ledger(accuracy: Any, target: float) -> float:
    records = [
        ft.Record(round=k, loss=0.0, accuracy=value)
        for k, value in enumerate(accuracy, start=1)
    ]
    return ft.History(tuple(records)).rounds_to(target)


def a_cohort() -> tuple[Any, ...]:
    return [72] * 20, range(5), 5, 18, 2410


def booked(sizes: Any, ids: Any, epochs: int, batch_size: int, dim: int) -> list[float]:
    data = ft.datasets.digits().train
    clients = ft.splitters.iid(data, num_clients=20, seed=0)
    task = ft.Task(ft.models.mlp(64, 32, 10), seed=0)
    local = ft.LocalTraining(epochs=epochs, batch_size=batch_size)
    cohort = ft.Federation(task, clients, ft.FedAvg(), local, cohort_size=len(ids))
    history = cohort.run(rounds=1)
    return [history.axis("bytes")[0], history.axis("local_steps")[0]]


ROWS = [
    Row("rounds_to_target", ("rounds-to-code",), counted_by_the_ledger, a_run),
    Row("round_cost", ("round-cost-code",), booked, a_cohort),
]
