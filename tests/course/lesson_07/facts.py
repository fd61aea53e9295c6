"""What lesson 07 defines, and what it became in the library."""

from __future__ import annotations

from typing import Any

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


def a_cohort() -> tuple[Any, ...]:
    deltas = torch.randn(3, 2, generator=ft.seeds.torch_stream(0, "cohort of 07"))
    return deltas, torch.tensor([0.5, 0.3, 0.2]), torch.tensor([1.0, 5.0, 20.0])


def library_fednova(deltas: Any, weights: Any, steps: Any) -> torch.Tensor:
    updates = ft.Updates(torch.arange(3), deltas, weights, steps.long())
    sent, _ = ft.FedNova().finish(updates, ft.State(deltas[0]), ft.LocalTraining())
    return sent.weights @ sent.deltas


ROWS = [
    Row("prox_direction", ("prox-code",),
        lambda grad, params, start, mu: ft.FedProx(mu=mu).direction(
            grad, params, start, {}),
        lambda: (*a_local_step()[:3], 0.5)),
    Row("fednova_mean", ("nova-code",), library_fednova, a_cohort),
    Row("scaffold_direction", ("scaffold-direction",),
        ft.Scaffold().direction, a_local_step),
    Row("renew", ("renew-code",), library_renew, a_renewal),
    Row("feddyn_direction", ("dyn-direction",),
        ft.FedDyn(alpha=1.0).direction, a_local_step),
]  # fmt: skip
