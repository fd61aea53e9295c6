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
    deltas: np.ndarray[Any, Any]  # (K, d) what travels up, digit after digit
    held: np.ndarray[Any, Any]  # (K, 10) examples of each digit; the server cannot see
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
    axes.set_xlabel(WORDS.say("examples"))
    axes.set_ylabel(WORDS.say("clients_axis"), labelpad=2)


def _draw_matrix(axes: plots.Axes, frame: Frame) -> None:
    """Draw a row per client, a tile per digit, and below, after a gap, the mean."""
    count, down = len(frame.ids), frame.step == "distribute"
    names = [str(i) for i in frame.ids]
    mean = count + GAP  # the middle of its row
    told = {"aggregate": "train"}.get(frame.step, frame.step)
    axes.set_title(WORDS.say(f"matrix_{told}"), fontsize=9, fontweight="normal")
    if frame.step == "sample":
        _say(axes, (count - 1) / 2, WORDS.say("no_rows"))
    else:
        shown = np.tile(frame.start, (count, 1)) if down else frame.deltas
        held = np.zeros_like(frame.held) if down else frame.held
        _tiles(axes, shown, _scale(frame, down), top=-0.5)
        _counts(axes, by_digit(shown) / _scale(frame, down), held)
    if frame.step == "aggregate":
        _tiles(axes, frame.aggregate[None], _scale(frame, False), top=mean - 0.5)
    else:
        _say(axes, mean, WORDS.say("no_mean"))
    axes.set_yticks([*range(count), mean], [*names, WORDS.say("mean")])
    axes.set_ylim(*_span(frame))
    axes.set_xticks(np.arange(10) + 0.5, [str(c) for c in range(10)])
    axes.set_xlim(0, 10)
    axes.tick_params(length=0)
    axes.grid(False)
    axes.set_xlabel(WORDS.say("digits"))


def by_digit(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the mean over the parameters of each digit, (..., 10)."""
    means: np.ndarray[Any, Any] = rows.reshape(*rows.shape[:-1], 10, -1).mean(-1)
    return means


def _span(frame: Frame) -> tuple[float, float]:
    """Return where the rows of a round and of its mean end, bottom and top."""
    return len(frame.ids) + 0.5 + GAP, -0.5


def _draw_weights(axes: plots.Axes, frame: Frame) -> None:
    axes.set_title(WORDS.say("weights"), fontsize=9, fontweight="normal")
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
    axes.set_xlim(0, 1.45)  # the same for every cohort
    axes.set_xlabel("$n_k$ / n")


def _tiles(
    axes: plots.Axes, rows: np.ndarray[Any, Any], scale: float, top: float
) -> None:
    """Draw a tile per digit: purple up, orange down, white no change."""
    bottom = top + len(rows)
    axes.imshow(
        by_digit(rows), cmap="PuOr", vmin=-scale, vmax=scale, aspect="auto",
        extent=(0, 10, bottom, top), interpolation="nearest",
    )  # fmt: skip
    axes.vlines(np.arange(1, 10), top, bottom, color="white", lw=1.0)
    axes.hlines(np.arange(1, len(rows)) + top, 0, 10, color="white", lw=1.5)


def _counts(
    axes: plots.Axes, shade: np.ndarray[Any, Any], held: np.ndarray[Any, Any]
) -> None:
    """Write on each tile how many examples of the digit its client holds."""
    for row, digit in np.argwhere(held > 0):
        dark = abs(shade[row, digit]) > 0.6
        axes.text(
            digit + 0.5, row, str(held[row, digit]), ha="center", va="center",
            fontsize=7, color="white" if dark else "black",
        )  # fmt: skip


def _scale(frame: Frame, down: bool) -> float:
    rows = frame.start if down else frame.deltas
    return max(float(np.abs(by_digit(rows)).max()), 1e-12)


def _say(axes: plots.Axes, row: float, text: str) -> None:
    axes.text(5, row, text, ha="center", va="center", color=plots.GREY)


def _headline(frame: Frame) -> str:
    return WORDS.say(
        f"title_{frame.step}", round=frame.round, count=len(frame.ids),
        all=len(frame.sizes), kib=frame.bytes / 1024, before=frame.before,
        after=frame.after,
    )  # fmt: skip
