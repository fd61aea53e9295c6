"""What lesson 07 defines, and what it became in the library."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lesson_support import Row

import fltutor as ft


def a_local_step() -> tuple[Any, ...]:
    draw = ft.seeds.torch_stream(0, "corrections of 07")
    grad, params, start, c_i, c = torch.randn(5, 6, generator=draw)
    return grad, params, start, {"c_i": c_i, "c": c, "h_i": c_i}


def a_renewal() -> tuple[Any, ...]:
    _, delta, _, memory = a_local_step()
    return memory["c_i"], memory["c"], delta, 5, 0.05


def library_renew(c_i: Any, c: Any, delta: Any, tau: int, lr: float) -> torch.Tensor:
    one, steps = torch.ones(1), torch.tensor([tau])
    updates = ft.Updates(torch.arange(1), delta[None], one, steps)
    state, local = ft.State(c, {"c": c}), ft.LocalTraining(lr=lr)
    return ft.Scaffold().renew(c_i[None], updates, state, local)[0]


def library_fednova(deltas: Any) -> torch.Tensor:
    rows = torch.as_tensor(deltas)[:, None]  # (3, 1)
    third, steps = torch.full((3,), 1 / 3), torch.tensor([1, 5, 20])
    updates = ft.Updates(torch.arange(3), rows, third, steps)
    state = ft.State(rows[0])
    sent, _ = ft.FedNova().finish(updates, state, ft.LocalTraining())
    return sent.weights @ sent.deltas[:, 0]


ROWS = [
    Row("fedprox", ("prox",), ft.FedProx(mu=0.5).direction, a_local_step,
        mine=lambda made: made["fedprox"](0.5)),
    Row("fednova", ("problem", "nova"), library_fednova,
        lambda: (np.array([0.5, -2.0, 7.0]),)),
    Row("scaffold_direction", ("scaffold-direction",),
        ft.Scaffold().direction, a_local_step),
    Row("renew", ("renew",), library_renew, a_renewal),
    Row("feddyn_direction", ("dyn-direction",),
        ft.FedDyn(alpha=1.0).direction, a_local_step),
]  # fmt: skip
