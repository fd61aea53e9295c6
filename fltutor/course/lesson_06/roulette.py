"""Leaderboard roulette: which method wins, and what the seeds had to do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fltutor import evaluation, guard, plots, seeds
from fltutor.course.lesson_06.roulette_runs import COLUMNS, SEEDS, load
from fltutor.lab.base import Lab, choice, number, of_lesson

Floats = npt.NDArray[np.float64]
#: An interval of a mean: (gains (R,), picks (draws, R)) -> (low, high)
Interval = Callable[[Any, Any], tuple[float, float]]

SPINS = 400
DRAWS = 2000
METRICS = ("everyone", "own", "worst")
WORDS = of_lesson("06", "roulette")
COUNTS = (1, 2, 3, 5, 10, 20)


@dataclass(frozen=True)
class Controls:
    """What goes into a leaderboard, and which one is drawn."""

    spin: int = number(1, low=1, high=100, step=1)
    seeds: int = choice(1, COUNTS)
    metric: str = choice("everyone", METRICS)
    own_tries: int = number(1, low=1, high=9, step=1)
    tries: int = number(1, low=1, high=9, step=1)


@dataclass(frozen=True)
class Frame:
    """One leaderboard, best method first, and who wins in many.

    Attributes
    ----------
    names, means
        the methods of this spin, first to last, and their means over its seeds.
    each
        name -> accuracy under every seed of this spin.
    wins
        name -> share of ``SPINS`` spins in which it came first; equals share.
    verdict
        of first against second over this spin's seeds.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    each: dict[str, tuple[float, ...]]
    wins: dict[str, float]
    verdict: str
    controls: Controls


def compute(controls: Controls, *, interval: Interval | None = None) -> Frame:
    """Draw this spin's leaderboard from the saved runs, and count many others."""
    names = load().names
    boards = leaderboards(controls)  # (SPINS, M, n)
    means = boards.mean(axis=2).round(6)
    first = means == means.max(axis=1, keepdims=True)  # (SPINS, M)
    wins = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    place = controls.spin - 1
    order = np.argsort(-means[place], kind="stable")
    best, second = order[0], order[1]
    gains = boards[place, best] - boards[place, second]  # (n,)
    return Frame(
        tuple(names[i] for i in order),
        tuple(float(means[place, i]) for i in order),
        {names[i]: tuple(boards[place, i].tolist()) for i in order},
        {names[i]: float(wins[i]) for i in order},
        _verdict(gains, names[best], names[second], interval),
        controls,
    )


def leaderboards(controls: Controls) -> Floats:
    """Return ``(SPINS, M, n)``: each method's accuracies under each spin's seeds.

    A spin draws the seeds that are reported, one more to tune with, and the settings
    that each method tries: the usual one first, then others at random. A method takes
    the setting with the best validation accuracy under the tuning seed.
    """
    runs = load()
    draw = seeds.stream(0, "roulette")
    deal = draw.random((SPINS, SEEDS)).argsort(axis=1)
    reported, tuning = deal[:, : controls.seeds], deal[:, -1]
    column = COLUMNS.index(controls.metric)
    boards = []
    for name, results in zip(runs.names, runs.results, strict=True):
        order = 1 + draw.random((SPINS, len(results) - 1)).argsort(axis=1)
        order = np.insert(order, 0, 0, axis=1)  # (SPINS, T), the usual one first
        budget = controls.own_tries if name == "FedAvg" else controls.tries
        tried = order[:, :budget]  # (SPINS, budget)
        scores = results[tried, tuning[:, None], 0]
        best = tried[np.arange(SPINS), scores.argmax(axis=1)]  # (SPINS,)
        boards.append(results[best[:, None], reported, column])  # (SPINS, n)
    return np.stack(boards, axis=1)


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw the leaderboard on the left, the share of wins on the right."""
    left = figure.add_axes((0.175, 0.15, 0.44, 0.73))
    right = figure.add_axes((0.66, 0.15, 0.28, 0.73), sharey=left)
    for row, name in enumerate(frame.names):
        style = plots.style_of(name)
        colour, mark = (style.colour, style.marker) if style else (plots.BLACK, "D")
        each = frame.each[name]
        left.plot(each, [row] * len(each), "o", color=plots.GREY, alpha=0.45)
        left.plot([frame.means[row]], [row], mark, color=colour, markersize=9)
        right.barh([row], [100 * frame.wins[name]], 0.6, color=colour, alpha=0.75)
        right.text(100 * frame.wins[name] + 2, row, f"{frame.wins[name]:.0%}",
                   va="center", fontsize=8)  # fmt: skip
    ranked = [f"{row + 1}  {name}" for row, name in enumerate(frame.names)]
    left.set_yticks(range(len(ranked)), ranked)
    left.set_ylim(len(ranked) - 0.4, -0.6)
    left.set_xlim(-0.03, 1.03)
    left.set_xlabel(WORDS.say("xlabel", metric=WORDS.say(frame.controls.metric)))
    left.set_title(WORDS.say("title", spin=frame.controls.spin, name=frame.names[0]))
    right.tick_params(labelleft=False)
    right.set_xlim(0, 118)
    right.set_xticks([0, 50, 100])
    right.set_xlabel(WORDS.say("xlabel_wins"))
    right.set_title(WORDS.say("title_wins", spins=SPINS))


def finding(frame: Frame) -> str:
    """Say this spin's ranking, whether it can be trusted, and who wins how often."""
    board = ", ".join(
        WORDS.say("place", name=name, mean=mean)
        for name, mean in zip(frame.names, frame.means, strict=True)
    )
    often = sorted(frame.wins.items(), key=lambda item: (-round(item[1], 2), item[0]))
    counted = ", ".join(
        WORDS.say("share", name=name, share=share) for name, share in often
    )
    at = frame.controls
    begin = "one_seed" if at.seeds == 1 else "seeds"
    return WORDS.say(
        "finding", begin=WORDS.say(begin, spin=at.spin, seeds=at.seeds), board=board,
        metric=WORDS.say(at.metric), own_tries=at.own_tries, tries=at.tries,
        verdict=frame.verdict, spins=SPINS, counted=counted,
    )  # fmt: skip


def roulette_lab(*, interval: Interval | None = None) -> Lab[Controls, Frame]:
    """Show how seeds, test set and tuning decide who leads a leaderboard.

    Parameters
    ----------
    interval
        ``(gains (R,), picks (draws, R)) -> (low, high)`` for the verdict, for instance
        a learner's own; None takes :func:`fltutor.evaluation.compare`.
    """
    guard.function("interval", interval, "(gains, picks) -> (low, high)")
    return Lab(
        Controls(),
        partial(compute, interval=interval),
        draw,
        finding,
        words=WORDS,
        guarded=interval is not None,
    )


def _verdict(gains: Floats, a: str, b: str, interval: Interval | None) -> str:
    """Return the verdict of a over b in words, given a's gains ``(n,)``."""
    n = len(gains)
    if n < 2:
        return WORDS.say("no_interval")
    if interval is None:
        found = evaluation.compare(0 * gains, gains, names=(b, a), draws=DRAWS)
        return found.verdict
    picks = seeds.stream(0, "bootstrap").integers(n, size=(DRAWS, n))
    low, high = (float(end) for end in interval(gains, picks))
    if low > 0:
        return WORDS.say("better", name=a)
    return WORDS.say("better", name=b) if high < 0 else WORDS.say("cannot_tell")
