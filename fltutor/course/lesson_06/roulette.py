"""Leaderboard roulette: which method wins, and what the seeds had to do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fltutor import evaluation, plots, seeds
from fltutor.course.lesson_06.roulette_runs import COLUMNS, SEEDS, load
from fltutor.lab.base import Lab, choice, number

Floats = npt.NDArray[np.float64]
#: An interval of a mean: (gains (R,), picks (draws, R)) -> (low, high)
Interval = Callable[[Any, Any], tuple[float, float]]

SPINS = 400
DRAWS = 2000
METRICS = {
    "everyone": "everyone's test set",
    "own": "mean over own test sets",
    "worst": "worst client",
}
COUNTS = (1, 2, 3, 5, 10, 20)


@dataclass(frozen=True)
class State:
    """What goes into a leaderboard, and which one is drawn."""

    spin: int = number("spin", 1, low=1, high=100, step=1)
    seeds: int = choice("seeds reported", 1, COUNTS)
    metric: str = choice("measured on", "everyone", list(METRICS))
    own_tries: int = number("tries for FedAvg", 1, low=1, high=9, step=1)
    tries: int = number("tries for others", 1, low=1, high=9, step=1)


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
    state: State


def compute(state: State, *, interval: Interval | None = None) -> Frame:
    """Draw this spin's leaderboard from the saved runs, and count many others."""
    names = load().names
    boards = leaderboards(state)  # (SPINS, M, n)
    means = boards.mean(axis=2).round(6)
    first = means == means.max(axis=1, keepdims=True)  # (SPINS, M)
    wins = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    place = state.spin - 1
    order = np.argsort(-means[place], kind="stable")
    best, second = order[0], order[1]
    gains = boards[place, best] - boards[place, second]  # (n,)
    return Frame(
        tuple(names[i] for i in order),
        tuple(float(means[place, i]) for i in order),
        {names[i]: tuple(boards[place, i].tolist()) for i in order},
        {names[i]: float(wins[i]) for i in order},
        _verdict(gains, names[best], names[second], interval),
        state,
    )


def leaderboards(state: State) -> Floats:
    """Return ``(SPINS, M, n)``: each method's accuracies under each spin's seeds.

    A spin draws the seeds that are reported, one more to tune with, and the settings
    that each method tries: the usual one first, then others at random. A method takes
    the setting with the best validation accuracy under the tuning seed.
    """
    runs = load()
    draw = seeds.stream(0, "roulette")
    deal = draw.random((SPINS, SEEDS)).argsort(axis=1)
    reported, tuning = deal[:, : state.seeds], deal[:, -1]
    column = COLUMNS.index(state.metric)
    boards = []
    for name, results in zip(runs.names, runs.results, strict=True):
        order = 1 + draw.random((SPINS, len(results) - 1)).argsort(axis=1)
        order = np.insert(order, 0, 0, axis=1)  # (SPINS, T), the usual one first
        budget = state.own_tries if name == "FedAvg" else state.tries
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
    left.set_xlabel(f"accuracy, {METRICS[frame.state.metric]}")
    left.set_title(f"Spin {frame.state.spin}: {frame.names[0]} first")
    right.tick_params(labelleft=False)
    right.set_xlim(0, 118)
    right.set_xticks([0, 50, 100])
    right.set_xlabel("% of spins")
    right.set_title(f"Who is first in {SPINS} spins")


def finding(frame: Frame) -> str:
    """Say this spin's ranking, whether it can be trusted, and who wins how often."""
    board = ", ".join(
        f"{name} {mean:.3f}"
        for name, mean in zip(frame.names, frame.means, strict=True)
    )
    often = sorted(frame.wins.items(), key=lambda item: (-round(item[1], 2), item[0]))
    counted = ", ".join(f"{name} {share:.0%}" for name, share in often)
    n, state = frame.state.seeds, frame.state
    return (
        f"Spin {state.spin}, {n} seed{'s' * (n > 1)}, {METRICS[state.metric]}, tries: "
        f"FedAvg {state.own_tries}, others {state.tries}. {board}. First against "
        f"second: {frame.verdict}. First in {SPINS} spins: {counted}."
    )


def roulette_lab(*, interval: Interval | None = None) -> Lab[State, Frame]:
    """Show how seeds, test set and tuning decide who leads a leaderboard.

    Parameters
    ----------
    interval
        ``(gains (R,), picks (draws, R)) -> (low, high)`` for the verdict, for instance
        a learner's own; None takes :func:`fltutor.evaluation.compare`.
    """
    return Lab(
        State(),
        partial(compute, interval=interval),
        draw,
        finding,
        title="Leaderboard roulette",
        name="roulette",
    )


def _verdict(gains: Floats, a: str, b: str, interval: Interval | None) -> str:
    """Return the verdict of a over b in words, given a's gains ``(n,)``."""
    n = len(gains)
    if n < 2:
        return "one seed, no interval"
    if interval is None:
        found = evaluation.compare(0 * gains, gains, names=(b, a), draws=DRAWS)
        return found.verdict
    picks = seeds.stream(0, "bootstrap").integers(n, size=(DRAWS, n))
    low, high = (float(end) for end in interval(gains, picks))
    if low > 0:
        return f"{a} is better"
    return f"{b} is better" if high < 0 else "cannot tell"
