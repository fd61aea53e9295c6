"""The picture of local work: accuracy against rounds, bytes or client work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from fltutor import plots
from fltutor.lab.base import of_lesson

Floats: TypeAlias = np.ndarray[Any, Any]
WORDS = of_lesson("03", "work")
TARGET = 0.9
AXES = ("rounds", "bytes", "work")


@dataclass(frozen=True)
class Curve:
    """One run so far: accuracy against the three currencies, from before round 1."""

    x: dict[str, Floats]  # (T + 1,) of each axis
    accuracy: Floats  # (T + 1,)
    reached: float | None  # rounds to the target; None: not yet

    def at(self, axis: str) -> float | None:
        """Return the cost of the target along an axis."""
        if self.reached is None:
            return None
        return float(np.interp(self.reached, self.x["rounds"], self.x[axis]))


@dataclass(frozen=True)
class Frame:
    """Both runs so far."""

    axis: str
    steps: int  # local steps of a client in a round
    fedsgd: Curve
    setting: Curve


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw both runs along the chosen axis, the target, and where they meet it."""
    axes = figure.add_axes((0.09, 0.14, 0.88, 0.74))
    curves = {"FedSGD": frame.fedsgd, WORDS.say("setting"): frame.setting}
    plots.draw_lines(
        axes,
        {name: curve.x[frame.axis] for name, curve in curves.items()},
        {name: curve.accuracy for name, curve in curves.items()},
        xlabel=WORDS.say(f"xlabel_{frame.axis}"),
        ylabel=WORDS.say("ylabel"),
        title=_headline(frame),
        ylim=(0.0, 1.1),
        labels=False,
    )
    axes.axhline(TARGET, color=plots.GREY, lw=0.9, ls=":")
    for name, curve in curves.items():
        cost = curve.at(frame.axis)
        if cost is not None:
            axes.plot(
                [cost], [TARGET], "o", ms=11, mfc="none", mew=1.8,
                color=plots.styles(curves)[name].colour,
            )  # fmt: skip
    axes.legend(loc="lower right", frameon=True, framealpha=0.9)
    axes.set_xlim(left=0.0)
    if _rounds(frame) == 0:
        axes.set_xlim(right=1.0)
    axes.text(
        0.995, 1.03, WORDS.say("target", target=TARGET), ha="right", va="bottom",
        color=plots.GREY, fontsize=8, transform=axes.get_yaxis_transform(),
    )  # fmt: skip


def _headline(frame: Frame) -> str:
    """Say in the currency of the axis what the setting saves."""
    theirs, ours = frame.fedsgd.at(frame.axis), frame.setting.at(frame.axis)
    sentence, times = "title_never", 1.0
    if _rounds(frame) == 0:
        sentence = "title_start"
    elif ours is not None and (theirs is None or ours <= 0):
        sentence = "title_first"
    elif ours is not None and theirs is not None:
        which = "less" if theirs >= ours else "more"
        sentence = f"title_{which}_{frame.axis}"
        times = theirs / ours if theirs >= ours else ours / theirs
    return WORDS.say(sentence, target=TARGET, rounds=_rounds(frame), times=times)


def _rounds(frame: Frame) -> int:
    return max(len(frame.fedsgd.accuracy), len(frame.setting.accuracy)) - 1
