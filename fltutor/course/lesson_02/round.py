"""Widget of lesson 02: one round of FedAvg, moment by moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fltutor import aggregators, datasets, models, plots, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining
from fltutor.federation import Federation
from fltutor.lab.base import Lab, choice, number, toggle
from fltutor.palette import FAINT
from fltutor.task import Task

Aggregate: TypeAlias = Callable[..., Any]
STEPS = ("sample", "distribute", "train", "aggregate")
CLIENTS = 10
COLUMNS = 65  # a digit's 64 weights and its bias
GAP = 0.6  # rows, between the matrix and its mean


@dataclass(frozen=True)
class State:
    """What the reader moves."""

    step: str = choice("moment of the round", "aggregate", STEPS)
    cohort: int = number("clients in the round", 4, low=1, high=CLIENTS, step=1)
    epochs: int = number("local epochs", 3, low=1, high=20, step=1)
    round: int = number("round number", 1, low=1, high=8, step=1)
    unequal: bool = toggle("clients of unequal size", True)


@dataclass(frozen=True)
class Frame:
    """One round: who, what travels, and what the server makes of it."""

    step: str
    round: int
    sizes: tuple[int, ...]  # (N,) examples of every client
    ids: tuple[int, ...]  # (K,) the cohort
    weights: np.ndarray[Any, Any]  # (K,) n_k / n
    start: np.ndarray[Any, Any]  # (d,) the model that travels down
    deltas: np.ndarray[Any, Any]  # (K, d) what travels up
    aggregate: np.ndarray[Any, Any]  # (d,) made by the given function
    gap: float  # to the library's weighted mean
    before: float  # accuracy of the server's model
    after: float
    bytes: int  # that travel in one direction


def compute(state: State, aggregate: Aggregate) -> Iterator[Frame]:
    """Yield one frame a round, up to the round that is asked for."""
    data = datasets.digits()
    clients = _clients(data.train, state.unequal)
    x = data.train.x
    task = Task(models.linear(64, 10).to(x.dtype), seed=0)
    local = LocalTraining(epochs=state.epochs, batch_size=16, lr=0.2)
    federation = Federation(
        task,
        clients,
        FedAvg(),
        local,
        cohort_size=state.cohort,
        aggregator=partial(_checked, aggregate),
    )
    model = federation.init()
    for index in range(state.round):
        old = model
        model, updates = federation.round(old, index)
        moved = model.params - old.params  # (d,)
        right = aggregators.mean(updates.deltas, updates.weights)  # (d,)
        yield Frame(
            step=state.step,
            round=index + 1,
            sizes=tuple(len(client) for client in clients),
            ids=tuple(updates.ids.tolist()),
            weights=updates.weights.numpy(),
            start=_by_digit(old.params),
            deltas=_by_digit(updates.deltas),
            aggregate=_by_digit(moved),
            gap=float((moved - right).abs().max()),
            before=task.evaluate(old.params, data.test)["accuracy"],
            after=task.evaluate(model.params, data.test)["accuracy"],
            bytes=updates.nbytes,
        )


def _clients(train: datasets.Dataset, unequal: bool) -> list[Client]:
    """Deal digits to ten clients that know few of them; unequal: sizes differ too."""
    if unequal:
        return splitters.dirichlet(
            train, num_clients=CLIENTS, alpha=0.3, min_size=10, seed=2
        )
    return splitters.shards(train, num_clients=CLIENTS, shards_per_client=3, seed=2)


def _checked(aggregate: Aggregate, deltas: Tensor, weights: Tensor) -> Tensor:
    """Call the learner's function on copies, and say what does not fit."""
    answer = aggregate(deltas.clone(), weights.clone())
    if answer is None:
        raise ValueError(
            "your aggregate returned None, needed is a vector. End it with return."
        )
    got = torch.as_tensor(answer).to(deltas.dtype)
    if got.shape != deltas.shape[1:]:
        raise ValueError(
            f"your aggregate returned shape {tuple(got.shape)}, needed is "
            f"{tuple(deltas.shape[1:])}. Sum over axis 0, the clients."
        )
    if not bool(torch.isfinite(got).all()):
        raise ValueError(
            "your aggregate returned nan or inf, needed are finite numbers. "
            "Is a sum of weights 0?"
        )
    return got


def _by_digit(vectors: Tensor) -> np.ndarray[Any, Any]:
    """Put each digit's 64 weights and its bias side by side: (..., d) -> (..., d)."""
    weights = vectors[..., :640].reshape(*vectors.shape[:-1], 10, 64)  # (..., 10, 64)
    both = torch.cat([weights, vectors[..., 640:, None]], dim=-1)  # (..., 10, 65)
    return both.flatten(-2).numpy()


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw who takes part, the matrix with its mean below, and the weights."""
    _draw_clients(figure.add_axes((0.075, 0.14, 0.19, 0.72)), frame)
    _draw_matrix(figure.add_axes((0.37, 0.14, 0.42, 0.72)), frame)
    _draw_weights(figure.add_axes((0.82, 0.14, 0.15, 0.72)), frame)
    figure.text(
        0.01, 0.945, _headline(frame), fontsize=10, fontweight="bold", va="center"
    )


def _draw_clients(axes: plots.Axes, frame: Frame) -> None:
    colours = [
        plots.ORANGE if i in frame.ids else FAINT for i in range(len(frame.sizes))
    ]
    places = np.arange(len(frame.sizes))
    axes.barh(places, frame.sizes, color=colours, edgecolor=plots.GREY, lw=0.5)
    axes.set_yticks(frame.ids, [str(i) for i in frame.ids])
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.set_xlabel("examples")
    axes.set_ylabel("client (orange: in the round)", labelpad=2)


def _draw_matrix(axes: plots.Axes, frame: Frame) -> None:
    """Draw a row a client, and below them, after a gap, their mean."""
    count, down = len(frame.ids), frame.step == "distribute"
    rows, names = range(count), [str(i) for i in frame.ids]
    mean = count + GAP  # the middle of its row
    if frame.step == "sample":
        axes.set_title("the round's matrix", fontsize=9, fontweight="normal")
        _say(axes, (count - 1) / 2, "nothing has travelled yet")
    else:
        shown = np.tile(frame.start, (count, 1)) if down else frame.deltas
        _tiles(axes, shown, _scale(frame, down), top=-0.5)
        axes.set_title(
            "starts: the model, K times"
            if down
            else "deltas: end - start, a row a client",
            fontsize=9,
            fontweight="normal",
        )
    if frame.step == "aggregate":
        _tiles(axes, frame.aggregate[None], _scale(frame, False), top=mean - 0.5)
    else:
        _say(axes, mean, "no aggregate yet")
    axes.set_yticks([*rows, mean], [*names, "mean"])
    axes.set_ylim(*_span(frame))
    axes.set_xticks(np.arange(10) * COLUMNS + COLUMNS // 2, [str(c) for c in range(10)])
    axes.set_xlim(0, 10 * COLUMNS)
    axes.grid(False)
    axes.set_xlabel("parameters, 65 a digit (purple up, orange down)")


def _span(frame: Frame) -> tuple[float, float]:
    """Return where the rows of a round and of its mean end, bottom and top."""
    return len(frame.ids) + 0.5 + GAP, -0.5


def _draw_weights(axes: plots.Axes, frame: Frame) -> None:
    axes.set_title("weights", fontsize=9, fontweight="normal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    if frame.step in STEPS[:2]:
        return
    places = np.arange(len(frame.ids))
    bars = axes.barh(
        places, frame.weights, color=plots.ORANGE, edgecolor=plots.GREY, lw=0.5
    )
    axes.bar_label(bars, [f"{w:.2f}" for w in frame.weights], padding=2, fontsize=8)
    axes.set_ylim(*_span(frame))
    axes.set_xlim(0, 1.45 * float(frame.weights.max()))
    axes.set_xlabel("$n_k$ / n")


def _tiles(
    axes: plots.Axes, rows: np.ndarray[Any, Any], scale: float, top: float
) -> None:
    """Draw rows of parameters as tiles: purple up, orange down, white no change."""
    bottom, right = top + len(rows), rows.shape[1]
    axes.imshow(
        rows, cmap="PuOr", vmin=-scale, vmax=scale, aspect="auto",
        extent=(0, right, bottom, top), interpolation="nearest",
    )  # fmt: skip
    axes.vlines(np.arange(1, 10) * COLUMNS, top, bottom, color=plots.GREY, lw=0.4)
    axes.hlines(np.arange(1, len(rows)) + top, 0, right, color="white", lw=1.5)


def _scale(frame: Frame, down: bool) -> float:
    rows = frame.start if down else frame.deltas
    return max(float(np.quantile(np.abs(rows), 0.995)), 1e-12)


def _say(axes: plots.Axes, row: float, text: str) -> None:
    axes.text(5 * COLUMNS, row, text, ha="center", va="center", color=plots.GREY)


def _headline(frame: Frame) -> str:
    size, count = f"{frame.bytes / 1024:.1f} KiB", len(frame.ids)
    return (
        f"Round {frame.round}: "
        + {
            "sample": f"the server draws {count} of {len(frame.sizes)} clients",
            "distribute": f"{size} travel down, one copy of the model for each client",
            "train": f"the clients train; {size} of deltas travel up, no example does",
            "aggregate": f"accuracy {frame.before:.3f} before, {frame.after:.3f} after",
        }[frame.step]
    )


def finding(frame: Frame) -> str:
    """Say who took part, what travelled, and what came of it."""
    kib = f"{frame.bytes / 1024:.1f} KiB"
    words = f"Round {frame.round}, {frame.step}: {_clients_in_words(frame.ids)}"
    if frame.step == "sample":
        held = sum(frame.sizes[i] for i in frame.ids)
        return f"{words} with {held} of {sum(frame.sizes)} examples."
    words += f", {len(frame.start)} parameters each, {kib} down"
    if frame.step == "distribute":
        return f"{words}."
    top = int(np.argmax(frame.weights))
    words += f" and {kib} up"
    if frame.step == "train":
        return f"{words}; largest weight {frame.weights[top]:.2f}."
    verdict = "is" if frame.gap < 1e-6 else f"is up to {frame.gap:.2g} away from"
    return (
        f"{words}; largest weight {frame.weights[top]:.2f}; accuracy "
        f"{frame.before:.3f} before, {frame.after:.3f} after. "
        f"The aggregate {verdict} the library's weighted mean."
    )


def _clients_in_words(ids: Sequence[int]) -> str:
    plural = "client" if len(ids) == 1 else "clients"
    return f"{plural} {', '.join(map(str, ids))}"


def round_lab(*, aggregate: Aggregate | None = None) -> Lab[State, Frame]:
    """Step through one round of FedAvg: sample, distribute, train, aggregate.

    Parameters
    ----------
    aggregate
        ``(deltas (K, d), weights (K,)) -> (d,)``, a learner's own; its error is
        shown in place. Default: the library's weighted mean.

    Examples
    --------
    >>> round_lab().parts.title
    'One round, step by step'
    """
    return Lab(
        State(),
        partial(compute, aggregate=aggregate or aggregators.mean),
        draw,
        finding,
        title="One round, step by step",
        name="round",
    )
