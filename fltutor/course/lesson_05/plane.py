"""Lesson 05: a network's rounds in the plane in which its run spreads most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from fltutor import datasets, models, rounds, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining
from fltutor.course.lesson_05.plane_draw import WORDS, Array, Frame, draw
from fltutor.evaluation import drift_norm, update_cosine
from fltutor.federation import Federation
from fltutor.lab.base import Lab, choice, number, toggle
from fltutor.task import Task

CLIENTS, GRID, PIECES = 5, 12, 5


@dataclass(frozen=True)
class Controls:
    """What the reader moves."""

    steps: int = choice(20, (1, 5, 20, 40))
    lr: float = number(0.3, low=0.1, high=0.5, step=0.1)  # per step
    rounds: int = number(8, low=1, high=10, step=1)
    skewed: bool = toggle(True)


@dataclass(frozen=True, eq=False)
class Walks:
    """What was walked so far: the server's models, and the clients' in between."""

    server: tuple[Tensor, ...]  # R + 1 times (d,)
    paths: tuple[Tensor, ...]  # R times (K, pieces + 1, d)


@lru_cache(maxsize=4)
def _parts(skewed: bool) -> tuple[datasets.Split, list[Client], Task]:
    data = datasets.digits()
    if skewed:
        clients = splitters.shards(
            data.train, num_clients=CLIENTS, shards_per_client=2, seed=0
        )
    else:
        clients = splitters.iid(data.train, num_clients=CLIENTS, seed=0)
    task = Task(models.mlp(64, 32, 10).to(data.train.x.dtype), seed=0)
    return data, clients, task


def walk(task: Task, clients: list[Client], start: Tensor, steps: int, lr: float
         ) -> Tensor:  # fmt: skip
    """Take full-batch steps from one start and keep some of them, (K, pieces + 1, d).

    A federation of one round with fewer steps ends where the longer walk comes by.
    """
    marks = sorted({round(k * steps / PIECES) for k in range(1, PIECES + 1)} - {0})
    everyone = torch.arange(len(clients))
    now, kept, done = start.expand(len(clients), -1), [], 0
    kept.append(now)
    for mark in marks:
        local = LocalTraining(epochs=mark - done, batch_size=None, lr=lr)
        federation = Federation(task, clients, FedAvg(), local)
        now, done = rounds.walk(federation, now, everyone, 0)[0], mark
        kept.append(now)
    return torch.stack(kept, dim=1)


def compute(controls: Controls) -> Iterator[Frame]:
    """Yield the start, one frame a round, and at last the loss on the plane."""
    data, clients, task = _parts(controls.skewed)
    weights = torch.tensor([float(len(client)) for client in clients])
    shares = (weights / weights.sum()).to(data.train.x.dtype)  # (K,)
    walks = Walks((task.init(),), ())
    yield _empty(task, data, controls)
    for _ in range(controls.rounds):
        path = walk(task, clients, walks.server[-1], controls.steps, controls.lr)
        after = walks.server[-1] + shares @ (path[:, -1] - path[:, 0])
        walks = Walks((*walks.server, after), (*walks.paths, path))
        yield _seen(task, data, walks, controls, with_loss=False)
    yield _seen(task, data, walks, controls, with_loss=True)


def _empty(task: Task, data: datasets.Split, controls: Controls) -> Frame:
    accuracy = task.evaluate(task.init(), data.test)["accuracy"]
    none = np.zeros((0, CLIENTS, 2, 2))
    start = np.zeros((1, 2))
    return Frame(0, controls.steps, start, none, 0.0, 0.0, 0.0, accuracy, None)


def _seen(
    task: Task,
    data: datasets.Split,
    walks: Walks,
    controls: Controls,
    *,
    with_loss: bool,
) -> Frame:
    points = torch.cat([path.flatten(0, 1) for path in walks.paths])  # (M, d)
    server = torch.stack(walks.server)  # (R + 1, d)
    centre = server[-1]
    axes, share = components(points)
    axes = axes * torch.sign((server[-1] - server[0]) @ axes.T + 1e-12)[:, None]
    deltas = walks.paths[-1][:, -1] - walks.paths[-1][:, 0]
    flat = [((path - centre) @ axes.T).numpy() for path in walks.paths]
    seen = ((server - centre) @ axes.T).numpy()
    grid = _grid(task, data, centre, axes, seen, flat) if with_loss else None
    return Frame(
        round=len(walks.paths),
        steps=controls.steps,
        server=seen,
        paths=np.array(flat),
        share=share,
        cosine=update_cosine(deltas),
        drift=drift_norm(deltas),
        accuracy=task.evaluate(server[-1], data.test)["accuracy"],
        grid=grid,
    )


def components(points: Tensor) -> tuple[Tensor, float]:
    """Return the two principal components (2, d) of points (M, d), and their share."""
    spread = points - points.mean(0)  # (M, d)
    sizes, u = torch.linalg.eigh(spread @ spread.T)  # M is much smaller than d
    axes = u[:, -2:].flip(1).T @ spread  # (2, d)
    axes = axes / axes.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return axes, float(sizes[-2:].sum() / sizes.sum())


def _grid(
    task: Task, data: datasets.Split, centre: Tensor, axes: Tensor, seen: Array,
    flat: list[Array],
) -> tuple[Array, Array, Array]:  # fmt: skip
    every = np.concatenate([seen, *[path.reshape(-1, 2) for path in flat]])
    low, high = every.min(0), every.max(0)
    pad = 0.12 * (high - low).max()
    x = np.linspace(low[0] - pad, high[0] + pad, GRID)
    y = np.linspace(low[1] - pad, high[1] + pad, GRID)
    loss = np.array([[task.evaluate(centre + a * axes[0] + b * axes[1], data.train)
                      ["loss"] for a in x] for b in y])  # fmt: skip
    return x, y, loss


def finding(frame: Frame) -> str:
    """Say how far the clients agree in the last round."""
    return WORDS.say(
        "finding" if frame.round else "start", round=frame.round, steps=frame.steps,
        cosine=frame.cosine, drift=frame.drift, accuracy=frame.accuracy,
        share=frame.share,
    )  # fmt: skip


def drift_plane() -> Lab[Controls, Frame]:
    """Watch a network's clients drift, in the plane of the run's principal components.

    Examples
    --------
    >>> drift_plane().parts.title
    'Drift of a network'
    """
    return Lab(Controls(), compute, draw, finding, words=WORDS)
