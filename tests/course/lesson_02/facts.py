"""What lesson 02 defines, and what it became in the library."""

from __future__ import annotations

from typing import Any

import torch
from lesson_support import Row, federation_of_02, small_task

import fltutor as ft


def matrix() -> tuple[torch.Tensor, torch.Tensor]:
    deltas = ft.seeds.torch_stream(0, "deltas")
    return torch.randn(4, 7, generator=deltas), torch.tensor([10.0, 20.0, 30.0, 5.0])


def a_batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    data = ft.datasets.digits().train
    return small_task().init(), data.x[:9], data.y[:9]


def a_client() -> tuple[Any, ...]:
    client = ft.Client(5, ft.datasets.digits().train[torch.arange(37)])
    local = ft.LocalTraining(epochs=2, batch_size=8, lr=0.1)
    keys = ft.seeds.keys(0, "batches", 0, [client.id])
    plan = ft.batch_plan([len(client)], local, keys)[0]
    return small_task().init(), client, plan, local.lr


def one_client_engine(
    start: torch.Tensor, client: ft.Client, plan: torch.Tensor, lr: float
) -> torch.Tensor:
    local, direction = ft.LocalTraining(lr=lr), ft.FedAvg().direction
    ends, _ = ft.engines.sequential(
        small_task(), start[None], [client], plan[None], local, direction, {}
    )
    return ends[0] - start


def library_round(params: torch.Tensor, index: int) -> torch.Tensor:
    return federation_of_02().round(ft.State(params), index)[0].params


LOCAL_02 = ("client", "deal", "predict-by-hand", "task", "gradient")
ROUND_02 = (
    *(*LOCAL_02, "plan", "training-code", "delta", "sample"),
    *("mean-code", "round-code", "loop"),
)

ROWS = [
    Row("weighted_mean", ("mean-code",), ft.aggregators.mean, matrix),
    Row("predict", LOCAL_02, lambda p, x, y: small_task().predict(p, x), a_batch,
        mine=lambda made: lambda p, x, y: made["predict"](p, x)),
    Row("gradient", LOCAL_02, lambda *a: small_task().gradient(*a), a_batch),
    Row("train", ROUND_02, one_client_engine, a_client,
        mine=lambda made: lambda start, client, plan, lr: made["train"](
            start, client, plan)),
    Row("sample", ROUND_02, lambda i: federation_of_02().sample(i), lambda: (3,)),
    Row("played", ROUND_02, library_round,
        lambda: (small_task().init(), 4)),
    Row("Client", ("client",), lambda c: len(c), lambda: (a_client()[1],),
        mine=lambda made: lambda c: len(made["Client"](c.id, c.data))),
]  # fmt: skip
