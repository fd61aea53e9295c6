"""The picture of one round: who takes part, the matrix with its mean, the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fltutor import plots
from fltutor.lab.base import of_lesson
from fltutor.palette import FAINT

WORDS = of_lesson("02", "round")
STEPS = ("sample", "distribute", "train", "aggregate")
COLUMNS = 65  # a digit's 64 weights and its bias
GAP = 0.6  # rows, between the matrix and its mean


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
    return WORDS.say(
        f"title_{frame.step}", round=frame.round, count=len(frame.ids),
        all=len(frame.sizes), kib=frame.bytes / 1024, before=frame.before,
        after=frame.after,
    )  # fmt: skip
