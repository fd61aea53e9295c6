"""Lesson 05: a network's rounds in the plane in which its run spreads most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fltutor import datasets, models, plots, rounds, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining
from fltutor.evaluation import drift_norm, update_cosine
from fltutor.federation import Federation
from fltutor.lab.base import Lab, choice, number, toggle
from fltutor.palette import CONTOUR
from fltutor.task import Task

Array: TypeAlias = np.ndarray[Any, Any]
CLIENTS, GRID, PIECES = 5, 12, 5


@dataclass(frozen=True)
class State:
    """What the reader moves."""

    steps: int = choice("local steps K", 20, (1, 5, 20, 40))
    lr: float = number(
        "learning rate", 0.3, low=0.1, high=0.5, step=0.1, unit="per step"
    )
    rounds: int = number("rounds", 8, low=1, high=10, step=1)
    skewed: bool = toggle("two digits a client (off: all alike)", True)


@dataclass(frozen=True, eq=False)
class Walks:
    """What was walked so far: the server's models, and the clients' in between."""

    server: tuple[Tensor, ...]  # R + 1 times (d,)
    paths: tuple[Tensor, ...]  # R times (K, pieces + 1, d)


@dataclass(frozen=True, eq=False)
class Frame:
    """A run seen in its plane."""

    round: int
    steps: int
    server: Array  # (R + 1, 2)
    paths: Array  # (R, K, pieces + 1, 2)
    share: float  # of the spread that the plane shows, in [0, 1]
    cosine: float
    drift: float
    accuracy: float
    grid: tuple[Array, Array, Array] | None  # x, y, loss on the plane


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


def compute(state: State) -> Iterator[Frame]:
    """Yield the start, one frame a round, and at last the loss on the plane."""
    data, clients, task = _parts(state.skewed)
    weights = torch.tensor([float(len(client)) for client in clients])
    shares = (weights / weights.sum()).to(data.train.x.dtype)  # (K,)
    walks = Walks((task.init(),), ())
    yield _empty(task, data, state)
    for _ in range(state.rounds):
        path = walk(task, clients, walks.server[-1], state.steps, state.lr)
        after = walks.server[-1] + shares @ (path[:, -1] - path[:, 0])
        walks = Walks((*walks.server, after), (*walks.paths, path))
        yield _seen(task, data, walks, state, with_loss=False)
    yield _seen(task, data, walks, state, with_loss=True)


def _empty(task: Task, data: datasets.Split, state: State) -> Frame:
    accuracy = task.evaluate(task.init(), data.test)["accuracy"]
    none = np.zeros((0, CLIENTS, 2, 2))
    return Frame(0, state.steps, np.zeros((1, 2)), none, 0.0, 0.0, 0.0, accuracy, None)


def _seen(
    task: Task, data: datasets.Split, walks: Walks, state: State, *, with_loss: bool
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
        steps=state.steps,
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


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw walks, the server's path and the loss on the plane."""
    axes = figure.add_axes((0.10, 0.14, 0.60, 0.74))
    if frame.grid is not None:
        x, y, loss = frame.grid
        levels = np.geomspace(max(float(loss.min()), 1e-3), loss.max() + 1e-3, 11)[1:-1]
        drawn = axes.contour(x, y, loss, levels=levels, colors=CONTOUR, linewidths=1)
        axes.clabel(drawn, fontsize=7, fmt="%.2g")
        axes.set_xlim(x[0], x[-1])
        axes.set_ylim(y[0], y[-1])
    for index, paths in enumerate(frame.paths):
        last = index + 1 == len(frame.paths)
        for k, path in enumerate(paths):
            axes.plot(
                *path.T, color=plots.FILLS[k], lw=2.2 if last else 1.0,
                alpha=1.0 if last else 0.55,
            )  # fmt: skip
            if last:
                axes.plot(*path[-1], "o", color=plots.FILLS[k], mec=plots.GREY, ms=5)
    axes.plot(*frame.server.T, color=plots.BLUE, marker="o", ms=4, lw=1.4)
    axes.plot(*frame.server[0], marker="s", color=plots.BLACK, ms=6)
    axes.set_xlabel("first principal component")
    axes.set_ylabel("second")
    axes.grid(False)
    axes.set_title(_headline(frame))
    _key(figure, frame)


def _headline(frame: Frame) -> str:
    if frame.round == 0:
        return "Before the first round"
    return (
        f"Round {frame.round}, K = {frame.steps}: update cosine {frame.cosine:.2f}, "
        f"accuracy {frame.accuracy:.3f}"
    )


def _key(figure: plots.Figure, frame: Frame) -> None:
    lines = [
        "black square: the start", "blue: the server", "colours: the five clients,",
        "   thick in the last round", "grey: loss of the models",
        "   in this plane (nats)", "", "the plane shows",
        f"{frame.share:.0%} of the spread", "", f"drift norm {frame.drift:.2f}",
    ]  # fmt: skip
    for k, words in enumerate(lines):
        figure.text(0.735, 0.82 - 0.058 * k, words, fontsize=8)


def finding(frame: Frame) -> str:
    """Say how far the clients agree in the last round."""
    if frame.round == 0:
        return f"Before the first round: accuracy {frame.accuracy:.3f}."
    return (
        f"Round {frame.round} with {frame.steps} local steps: update cosine "
        f"{frame.cosine:.2f}, drift norm {frame.drift:.2f}, accuracy "
        f"{frame.accuracy:.3f}; the plane shows {frame.share:.0%} of the spread."
    )


def drift_plane() -> Lab[State, Frame]:
    """Watch a network's clients drift, in the plane of the run's principal components.

    Examples
    --------
    >>> drift_plane().parts.title
    'Drift of a network'
    """
    return Lab(
        State(), compute, draw, finding, title="Drift of a network", name="plane"
    )
