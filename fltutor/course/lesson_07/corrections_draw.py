"""The picture of the race: every algorithm's distance to the optimum by round."""

from __future__ import annotations

from dataclasses import dataclass

from fltutor import plots
from fltutor.lab.base import of_lesson

WORDS = of_lesson("07", "corrections")
ROUNDS = 50
FAR, NEAR = 1e3, 1e-6  # beyond this a run has diverged; below, it has arrived
YOURS = "yours"


@dataclass(frozen=True)
class Frame:
    """The distance to the optimum after each round, one list an algorithm."""

    distances: dict[str, list[float]]  # name -> up to ROUNDS + 1, in [NEAR, FAR]


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw the distances on a logarithmic scale, with the runs' order beside them."""
    axes = figure.add_axes((0.1, 0.14, 0.6, 0.74))
    found = frame.distances
    known = {name: run for name, run in found.items() if name != YOURS}
    plots.draw_lines(
        axes,
        {name: list(range(len(run))) for name, run in known.items()},
        known,
        xlabel=WORDS.say("xlabel"),
        ylabel=WORDS.say("ylabel"),
        title=_headline(found),
        ylog=True,
        xlim=(0, ROUNDS),
        ylim=(NEAR / 2, 2 * FAR),
        labels=False,
    )
    if YOURS in found:
        axes.plot(found[YOURS], color=plots.GREY, lw=3.5, label=YOURS, zorder=1)
    handles, names = axes.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda i: found[names[i]][-1])
    axes.legend(
        [handles[i] for i in order],
        [f"{shown(names[i])}: {ending(found[names[i]])}" for i in order],
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
    )


def _headline(found: dict[str, list[float]]) -> str:
    arrived = [shown(name) for name, run in found.items() if run[-1] <= 1e-3]
    if min(run[-1] for run in found.values()) >= FAR:
        return WORDS.say("title_none")
    if not arrived:
        return WORDS.say("title_nobody", rounds=ROUNDS)
    if len(arrived) == len(found):
        return WORDS.say("title_all")
    return WORDS.say("title_some", names=", ".join(arrived))


def ending(run: list[float]) -> str:
    """Say how far from the optimum a run ends."""
    if run[-1] >= FAR:
        return WORDS.say("diverges")
    return WORDS.say("near") if run[-1] < 1e-3 else f"{run[-1]:.3f}"


def shown(name: str) -> str:
    """Return what stands for an algorithm: its name, or the word for the reader's."""
    return WORDS.say("yours") if name == YOURS else name
