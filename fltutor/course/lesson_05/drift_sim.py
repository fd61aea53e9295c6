"""Federated rounds on 2-D quadratics, every local step kept: numpy, milliseconds.

A local step on a quadratic is affine, so k steps are one matrix and one vector: the
whole round is two small products. A test holds each algorithm to `fltutor.Federation`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from fltutor import seeds, toys
from fltutor.algorithms import FedAvg, FedDyn, FedNova, FedProx, Scaffold

Array: TypeAlias = np.ndarray[Any, Any]
START = (-3.1, 1.9)
FAR = 50.0  # a model that is further out than this has left for good

ALGORITHMS: dict[str, Callable[[], FedAvg]] = {
    "fedavg": FedAvg,
    "fedprox": lambda: FedProx(mu=1.0),
    "scaffold": Scaffold,
    "fednova": FedNova,
    "feddyn": lambda: FedDyn(alpha=1.0),
}
_PULL = {"fedprox": 1.0, "feddyn": 1.0}  # mu and alpha above


@dataclass(frozen=True, eq=False)
class Problem:
    """N clients with quadratic losses, and what each does in a round."""

    centres: Array  # (N, 2) e_i, the clients' own optima
    curvatures: Array  # (N, 2, 2) A_i
    steps: tuple[int, ...]  # (N,) local steps
    lr: float
    cohort: int

    def ids(self, index: int) -> Array:
        """Return who takes part in a round, as `Federation` draws them, ``(K,)``."""
        count = len(self.centres)
        if self.cohort == count:
            return np.arange(count)
        return np.array(_draw(count, self.cohort, index))

    def optimum(self) -> Array:
        """Return the minimum of the mean loss, ``(2,)``."""
        return toys.quadratic_optimum(self.centres, self.curvatures).numpy()

    def limit(self, name: str) -> Array | None:
        """Return where an algorithm ends in closed form, None where none is known."""
        every = self.cohort == len(self.centres)
        if name in ("scaffold", "feddyn"):
            return self.optimum()
        given: dict[str, Any] = {"lr": self.lr, "epochs": self.steps}
        if name == "fedavg":
            return toys.fedavg_limit(self.centres, self.curvatures, **given).numpy()
        if name == "fedprox":
            return toys.fedprox_limit(
                self.centres, self.curvatures, mu=_PULL[name], **given
            ).numpy()
        if name == "fednova" and every:
            return toys.fednova_limit(self.centres, self.curvatures, **given).numpy()
        return None


@dataclass(frozen=True, eq=False)
class Run:
    """What a run leaves behind: the server's models and every local step."""

    server: Array  # (R + 1, 2) the models before, between and after the rounds
    ids: tuple[Array, ...]  # R times (K,)
    paths: tuple[tuple[Array, ...], ...]  # R times K paths (steps + 1, 2)
    left: bool  # the model went out of sight: the run ends there

    def moved(self, index: int) -> Array:
        """Return the deltas of a round, ``(K, 2)``."""
        return np.array([path[-1] - path[0] for path in self.paths[index]])


@lru_cache(maxsize=4096)
def _draw(count: int, cohort: int, index: int) -> tuple[int, ...]:
    draw = seeds.stream(0, "cohort", index).choice(count, cohort, replace=False)
    return tuple(sorted(int(i) for i in draw))


def make_problem(
    *, clients: int, spread: float, distance: float, steps: Sequence[int], lr: float,
    cohort: int,
) -> Problem:  # fmt: skip
    """Place the clients' optima on a ring, each with a valley of its own direction.

    ``spread`` 0 gives all of them the same round bowl; at s the curvatures lie
    between ``exp(-s)`` and ``exp(s)``.
    """
    i = np.arange(clients)
    ring = 2 * np.pi * i / clients + 0.6  # (N,)
    radius = distance * (1 + 0.25 * np.cos(2.0 * i))  # (N,)
    centres = radius[:, None] * np.stack([np.cos(ring), np.sin(ring)], -1)  # (N, 2)
    turn = 2.4 * i + 0.4  # (N,)
    u = np.stack([np.cos(turn), np.sin(turn)], -1)  # (N, 2)
    v = np.stack([-np.sin(turn), np.cos(turn)], -1)
    stiff = np.exp(spread * np.cos(1.3 * i))[:, None, None]  # (N, 1, 1)
    soft = np.exp(-spread * np.abs(np.cos(1.3 * i + 1.1)))[:, None, None]
    curvatures = stiff * u[:, :, None] * u[:, None] + soft * v[:, :, None] * v[:, None]
    return Problem(centres, curvatures, tuple(steps), lr, cohort)


def powers(problem: Problem, pull: float) -> tuple[Array, Array]:
    """Return ``M^k`` and ``1 + M + ... + M^(k-1)`` for k = 0..S, each (S+1, N, 2, 2).

    ``M = I - lr (A + pull I)`` is one local step without its constant part.
    """
    eye = np.eye(2)
    step = eye - problem.lr * (problem.curvatures + pull * eye)  # (N, 2, 2)
    count = max(problem.steps)
    power = np.empty((count + 1, *step.shape))
    total = np.zeros_like(power)
    power[0] = eye
    for k in range(count):
        power[k + 1] = step @ power[k]
        total[k + 1] = total[k] + power[k]
    return power, total


def simulate(problem: Problem, name: str, rounds: int) -> Run:
    """Run one algorithm of `ALGORITHMS`, at most so many rounds; keep every step."""
    pull, lr, tau = _PULL.get(name, 0.0), problem.lr, np.array(problem.steps)
    power, total = powers(problem, pull)
    force = np.einsum("nij,nj->ni", problem.curvatures, problem.centres)  # (N, 2)
    own, shared = np.zeros_like(force), np.zeros(2)  # c_i or h_i, c or h
    server, all_ids, all_paths = [np.array(START)], [], []
    for index in range(rounds):
        ids, x = problem.ids(index), server[-1]
        bend = {"scaffold": own[ids] - shared, "feddyn": own[ids]}.get(name, 0.0)
        constant = lr * (force[ids] + pull * x + bend)  # (K, 2)
        pushed = (total[:, ids] @ constant[..., None])[..., 0]  # (S + 1, K, 2)
        walked = power[:, ids] @ x + pushed  # (S + 1, K, 2)
        paths = tuple(walked[: tau[i] + 1, j] for j, i in enumerate(ids))
        deltas = np.array([path[-1] - x for path in paths])  # (K, 2)
        move = deltas.mean(0)  # (2,)
        if name == "fednova":
            move = (deltas / tau[ids, None]).mean(0) * tau[ids].mean()
        elif name == "scaffold":
            change = -shared - deltas / (lr * tau[ids, None])  # option II
            own[ids] += change
            shared = shared + change.sum(0) / len(own)
        elif name == "feddyn":
            own[ids] -= pull * deltas
            shared = shared - pull * len(ids) / len(own) * move
            move = move - shared / pull
        server.append(x + move)
        all_ids.append(ids)
        all_paths.append(paths)
        if not np.abs(server[-1]).max() < FAR:
            break
    left = not np.abs(server[-1]).max() < FAR
    return Run(np.array(server), tuple(all_ids), tuple(all_paths), left)
