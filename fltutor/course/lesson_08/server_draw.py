"""The picture of the server-optimiser map, with one cell's curve beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from fltutor import plots
from fltutor.lab.base import of_lesson

Floats: TypeAlias = np.ndarray[Any, Any]
WORDS = of_lesson("08", "server")
SERVER_LRS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
MOMENTA = (0.0, 0.5, 0.9, 0.97)
MEAN_OF = 5  # rounds: one round alone jumps with its cohort


@dataclass(frozen=True)
class Frame:
    """Every cell's accuracy so far, and which cell the reader looks at."""

    optimiser: str
    own: bool  # FedAdam with a learner's v
    rounds: int  # asked for
    accuracy: Floats  # (T + 1, momenta, server lrs), from before round 1
    fedavg: Floats  # (T + 1,)
    row: int
    column: int

    @property
    def last(self) -> Floats:
        """Return the map: the mean over the last rounds so far."""
        return np.asarray(
            self.accuracy[1:][-MEAN_OF:].mean(0) if self.done else self.accuracy[0]
        )

    @property
    def done(self) -> int:
        """Return how many rounds are trained."""
        return len(self.accuracy) - 1

    @property
    def cell(self) -> Floats:
        """Return the curve of the reader's cell."""
        return np.asarray(self.accuracy[:, self.row, self.column])


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw the map with the reader's cell framed, and that cell's curve."""
    left = figure.add_axes((0.095, 0.14, 0.5, 0.7))
    right = figure.add_axes((0.685, 0.14, 0.295, 0.7))
    _draw_map(left, frame)
    _draw_curve(right, frame)
    figure.text(
        0.01, 0.945, headline(frame), fontsize=10, fontweight="bold", va="center"
    )


def _draw_map(axes: plots.Axes, frame: Frame) -> None:
    plain = frame.optimiser == "fedavgm"
    plots.draw_heatmap(
        axes,
        frame.last,
        rows=[f"{m:g}" for m in MOMENTA],
        columns=[f"{lr:g}" for lr in SERVER_LRS],
        xlabel=WORDS.say("xlabel"),
        ylabel=WORDS.say("ylabel" if plain else "ylabel_beta1"),
        vmin=0.0,
        vmax=1.0,
    )
    x = frame.column + np.array([-1, 1, 1, -1, -1]) * 0.46
    y = frame.row + np.array([-1, -1, 1, 1, -1]) * 0.46
    axes.plot(x, y, color="white", lw=5)
    axes.plot(x, y, color=plots.VERMILLION, lw=2.5)
    axes.set_title(
        WORDS.say("title_map", over=over(frame)), fontsize=9, fontweight="normal"
    )


def _draw_curve(axes: plots.Axes, frame: Frame) -> None:
    x = np.arange(len(frame.cell))
    axes.plot(x, frame.fedavg, color=plots.BLUE, lw=1.4, label="FedAvg")
    axes.plot(
        x, frame.cell, color=plots.VERMILLION, lw=2.2, ls="--", label=WORDS.say("cell")
    )
    axes.set_xlim(0, max(frame.rounds, 1))
    axes.set_ylim(0, 1.25)
    axes.set_yticks(np.arange(0, 1.1, 0.2))
    axes.set_xlabel(WORDS.say("round"))
    axes.set_title(WORDS.say("title_curve"), fontsize=9, fontweight="normal")
    axes.legend(loc="upper left", ncols=2, handlelength=1.6, columnspacing=1.0)


def headline(frame: Frame) -> str:
    """Say what the reader's cell reaches, and what FedAvg does."""
    return WORDS.say(
        "title_own" if frame.own else "title",
        name=WORDS.option("optimiser", frame.optimiser),
        lr=SERVER_LRS[frame.column], momentum=MOMENTA[frame.row],
        mine=frame.last[frame.row, frame.column],
        plain=frame.fedavg[1:][-MEAN_OF:].mean() if frame.done else frame.fedavg[0],
    )  # fmt: skip


def over(frame: Frame) -> str:
    """Say which rounds the map is the mean of."""
    if frame.done == 0:
        return WORDS.say("before")
    return WORDS.say("over", first=max(1, frame.done - MEAN_OF + 1), last=frame.done)
