"""What lesson 08 defines, and what it became in the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from lesson_support import Row

import fltutor as ft


def a_server() -> tuple[Any, ...]:
    """Return params, aggregate, and two memories: m and v, or a velocity and v."""
    x, aggregate, m, v = torch.randn(4, 9, generator=ft.seeds.torch_stream(0, "server"))
    return x, aggregate, m, v.square()


def one_server_step(algorithm: ft.FedAvg, *names: str) -> Callable[..., Any]:
    """Take the library's step from such a state; return params and memory as rows."""

    def step(x: torch.Tensor, aggregate: torch.Tensor, *memory: torch.Tensor) -> Any:
        state = ft.State(x, dict(zip(names, memory, strict=False)))
        nobody = torch.arange(1)
        sent = ft.Updates(nobody, aggregate[None], torch.ones(1), nobody)
        new = algorithm.step(aggregate, sent, state)
        return torch.stack([new.params, *(new.server[name] for name in names)])

    return step


def mine_of_08(rule: str, beta1: float) -> Callable[..., Any]:
    return lambda made: (
        lambda x, aggregate, m, v: torch.stack(
            made["adaptive_step"](x, aggregate, m, v, made[rule], 0.3, beta1, 0.9, 0.01)
        )
    )


_SERVER = {"server_lr": 0.3, "beta2": 0.9, "tau": 0.01}

ROWS = [
    Row("momentum_step", ("momentum-code",),
        one_server_step(ft.FedAvgM(server_lr=0.3, momentum=0.7), "v"), a_server,
        mine=lambda made: lambda x, aggregate, velocity, _: torch.stack(
            made["momentum_step"](x, aggregate, velocity, 0.3, 0.7))),
    Row("adagrad", ("adaptive-step", "rules"),
        one_server_step(ft.FedAdagrad(**_SERVER), "m", "v"), a_server,
        mine=mine_of_08("adagrad", 0.0)),
    Row("adam", ("adaptive-step", "rules"),
        one_server_step(ft.FedAdam(**_SERVER), "m", "v"), a_server,
        mine=mine_of_08("adam", 0.9)),
    Row("yogi", ("adaptive-step", "yogi-code", "yogi-turn"),
        one_server_step(ft.FedYogi(**_SERVER), "m", "v"), a_server,
        mine=mine_of_08("yogi", 0.9)),
]  # fmt: skip
