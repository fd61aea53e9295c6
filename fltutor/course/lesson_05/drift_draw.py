"""What the drift microscope shows, and its still picture, saved with the notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fltutor import plots
from fltutor.course.lesson_05.drift_sim import START, Array, Problem, Run
from fltutor.lab.base import of_lesson
from fltutor.palette import CONTOUR
from fltutor.palette import STROKES as STROKE_OF

WORDS = of_lesson("05", "drift")
# Not the colours of FedAvg and SCAFFOLD, whose paths run across.
FILLS = (plots.SKY, plots.ORANGE, plots.GREEN, plots.PURPLE, plots.YELLOW, plots.GREY)
STROKES = tuple(STROKE_OF[fill] for fill in FILLS)
VIEW = (-4.0, 4.0, -2.7, 2.7)
LEVELS = (0.02, 0.15, 0.5, 1.2, 2.4, 4.2)  # of the global loss, above its minimum
OWN_LEVEL = 0.08  # of each client's loss


@dataclass(frozen=True, eq=False)
class Frame:
    """A whole run, and what is measured in each of its rounds."""

    name: str  # key of an algorithm, or "yours"
    problem: Problem
    run: Run
    optimum: Array  # (2,)
    limit: Array | None  # (2,) where the (reference's) rounds end in closed form
    distances: Array  # (R + 1,) of the server's model to the optimum
    cosines: tuple[float | None, ...]  # R: mean over the pairs of updates
    drifts: tuple[float, ...]  # R: mean distance of a local end to their mean
    like: str = ""  # key of the reference beside the learner's
    reference: Array | None = None  # (R' + 1, 2) its models

    @property
    def further(self) -> bool:
        """Whether the run ends further from the optimum than it began."""
        return bool(self.distances[-1] > self.distances[0])

    @property
    def who(self) -> str:
        """The algorithm's name where a sentence begins."""
        return WORDS.say("yours") if self.name == "yours" else shown(self.name)


def shown(key: str) -> str:
    """Return an algorithm's name."""
    return WORDS.option("algorithm", key)


def gap(distance: float | np.floating[Any]) -> str:
    """Say a distance, without a minus before 0."""
    return f"{abs(round(float(distance), 3)):.3f}"


def ellipse(centre: Array, curvature: Array) -> list[float]:
    """Return (cx, cy, ux, uy, vx, vy): ``c + sqrt(2 level) (u cos t + v sin t)``.

    That is the curve on which ``0.5 (w - c)^T A (w - c) = level``.
    """
    values, vectors = np.linalg.eigh(curvature)
    half = vectors / np.sqrt(values)  # columns u, v
    return [float(x) for x in (*centre, *half[:, 0], *half[:, 1])]


def _ring(shape: list[float], level: float) -> tuple[Array, Array]:
    cx, cy, ux, uy, vx, vy = shape
    t, r = np.linspace(0, 2 * np.pi, 61), np.sqrt(2 * level)
    c, s = r * np.cos(t), r * np.sin(t)
    return cx + c * ux + s * vx, cy + c * uy + s * vy


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw the map on the left, the distance to the optimum on the right."""
    axes = figure.add_axes((0.01, 0.05, 0.61, 0.84))
    axes.set_xlim(VIEW[:2])
    axes.set_ylim(VIEW[2:])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    _contours(axes, frame)
    _walks(axes, frame)
    _landmarks(axes, frame)
    axes.set_title(_headline(frame))
    _curve(figure.add_axes((0.71, 0.47, 0.27, 0.38)), frame)
    _key(figure, frame)


def _headline(frame: Frame) -> str:
    if frame.run.left or frame.further:
        return WORDS.say("title_left", name=frame.who)
    return WORDS.say(
        "title", name=frame.who, rounds=len(frame.run.paths),
        gap=gap(frame.distances[-1]),
    )  # fmt: skip


def _contours(axes: plots.Axes, frame: Frame) -> None:
    problem = frame.problem
    whole = ellipse(frame.optimum, problem.curvatures.mean(0))
    for level in LEVELS:
        axes.plot(*_ring(whole, level), color=CONTOUR, lw=0.8)
    pairs = zip(problem.centres, problem.curvatures, strict=True)
    for i, (centre, curvature) in enumerate(pairs):
        axes.plot(
            *_ring(ellipse(centre, curvature), OWN_LEVEL), color=STROKES[i], lw=1.4
        )
        axes.plot(*centre, "+", color=plots.BLACK, ms=5, zorder=5)
        axes.annotate(
            str(i), (centre[0], centre[1]), textcoords="offset points", xytext=(5, 4),
            fontsize=8, zorder=5,
        )  # fmt: skip


def _walks(axes: plots.Axes, frame: Frame) -> None:
    look = _looks(frame)
    if frame.reference is not None:
        other = look[frame.like]
        axes.plot(
            *_clipped(frame.reference).T, color=other.colour, lw=1, ls=":", marker=".",
            ms=3,
        )  # fmt: skip
    for i, path in zip(frame.run.ids[-1], frame.run.paths[-1], strict=True):
        axes.plot(*_clipped(path).T, color=STROKES[i], lw=2)
        axes.plot(*_clipped(path[-1:]).T, "o", color=FILLS[i], mec=STROKES[i], ms=4)
    server = _clipped(frame.run.server)
    axes.plot(*server.T, color=look[frame.name].colour, lw=1.2, marker=".", ms=5)


def _looks(frame: Frame) -> dict[str, plots.Style]:
    return plots.styles([frame.name, *([frame.like] if frame.like else [])])


def _clipped(points: Array) -> Array:
    return np.clip(points, -1e3, 1e3)


def _landmarks(axes: plots.Axes, frame: Frame) -> None:
    axes.plot(*START, marker="s", color=plots.BLACK, ms=5)
    axes.annotate(
        WORDS.say("start"), START, textcoords="offset points", xytext=(7, 4),
        fontsize=8,
    )  # fmt: skip
    axes.plot(*frame.optimum, marker="*", ms=12, color=plots.BLACK)
    if frame.limit is not None and not frame.run.left:
        axes.plot(*frame.limit, marker="o", ms=11, mfc="none", mec=plots.BLACK, mew=1.6)


def _curve(axes: plots.Axes, frame: Frame) -> None:
    look = _looks(frame)
    axes.plot(np.minimum(frame.distances, 1e3), color=look[frame.name].colour)
    if frame.reference is not None:
        gaps = np.linalg.norm(frame.reference - frame.optimum, axis=1)
        axes.plot(np.minimum(gaps, 1e3), color=look[frame.like].colour, ls=":")
    axes.set_ylim(0, 4.2)
    axes.set_xlim(0, 40)
    axes.set_xlabel(WORDS.say("round"))
    axes.set_title(WORDS.say("distance"), fontsize=9, fontweight="normal")


def _key(figure: plots.Figure, frame: Frame) -> None:
    name = shown(frame.like or frame.name)
    lines = [
        WORDS.say("key_star"),
        WORDS.say("key_ring", name=name),
        WORDS.say("key_numbers"),
        WORDS.say("key_lines"),
        WORDS.say("key_beside", like=name) if frame.like else WORDS.say("key_server"),
    ]
    for k, words in enumerate(lines):
        figure.text(0.645, 0.24 - 0.047 * k, words, fontsize=7.5)
