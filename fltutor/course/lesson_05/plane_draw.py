"""The picture of a network's drift: walks in a plane, over the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from fltutor import plots
from fltutor.lab.base import of_lesson
from fltutor.palette import CONTOUR, STROKES

Array: TypeAlias = np.ndarray[Any, Any]
WORDS = of_lesson("05", "plane")


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
                *path.T, color=STROKES[plots.FILLS[k]], lw=2.2 if last else 1.0,
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
        return WORDS.say("title_start")
    return WORDS.say(
        "title", round=frame.round, steps=frame.steps, cosine=frame.cosine,
        accuracy=frame.accuracy,
    )  # fmt: skip


def _key(figure: plots.Figure, frame: Frame) -> None:
    key = WORDS.say("key", share=frame.share, drift=frame.drift)
    for k, words in enumerate(key.split("\n")):
        figure.text(0.735, 0.82 - 0.058 * k, words, fontsize=8)
