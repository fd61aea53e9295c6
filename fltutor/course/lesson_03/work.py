"""Widget of lesson 03: what local work buys, in rounds, in bytes and in work."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from fltutor import datasets, models, plots, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import LocalTraining
from fltutor.federation import Federation
from fltutor.history import History, Record
from fltutor.lab.base import Lab, choice, number, toggle
from fltutor.task import Task

RoundsTo: TypeAlias = Callable[..., Any]
Floats: TypeAlias = np.ndarray[Any, Any]
CLIENTS, ROUNDS, AFTER = 20, 60, 6
TARGET = 0.9
ALL = 72  # examples of a client: a batch of all of them
AXES = ("rounds", "bytes", "client work")
LABELS = {
    "rounds": "communication round",
    "bytes": "data sent, up and down (MiB)",
    "client work": "client work (thousand examples processed)",
}
SGD_LR = 1.2  # FedSGD's best on the lesson's grid


@dataclass(frozen=True)
class State:
    """What the reader moves."""

    epochs: int = choice("E, local epochs", 5, [1, 2, 5, 10, 20])
    batch: int = choice("B, batch (72: all)", 18, [9, 18, 36, ALL])
    fraction: float = choice("C, share of clients", 1.0, [0.1, 0.25, 0.5, 1.0])
    lr: float = number("learning rate", 0.6, low=0.3, high=1.2, step=0.3)
    axis: str = choice("x-axis", "rounds", AXES)
    skewed: bool = toggle("one digit a client", False)


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


def compute(state: State, rounds_to: RoundsTo) -> Iterator[Frame]:
    """Yield a frame every second round; a run ends soon after the target."""
    data = datasets.digits()
    batch = None if state.batch == ALL else state.batch
    local = LocalTraining(epochs=state.epochs, batch_size=batch, lr=state.lr)
    once = LocalTraining(epochs=1, batch_size=None, lr=SGD_LR)
    make = [_federation(data.train, state, each) for each in (once, local)]
    begin = make[0].task.evaluate(make[0].init().params, data.test)["accuracy"]
    steps = math.ceil(ALL / state.batch) * state.epochs
    runs = [_steps(federation, data.test) for federation in make]
    records: list[list[Record]] = [[], []]
    for index in range(ROUNDS + 1):
        fedsgd, setting = (
            _curve(kept, begin, epochs, rounds_to)
            for kept, epochs in zip(records, (1, state.epochs), strict=True)
        )
        if index % 2 == 0 or index == ROUNDS:
            yield Frame(state.axis, steps, fedsgd, setting)
        for kept, run in zip(records, runs, strict=True):
            kept.extend([record for record in [next(run, None)] if record])
    if index % 2:
        yield Frame(state.axis, steps, fedsgd, setting)


def _federation(
    train: datasets.Dataset, state: State, local: LocalTraining
) -> Federation:
    if state.skewed:
        clients = splitters.shards(
            train, num_clients=CLIENTS, shards_per_client=1, seed=0
        )
    else:
        clients = splitters.iid(train, num_clients=CLIENTS, seed=0)
    task = Task(models.mlp(64, 32, 10).to(train.x.dtype), seed=0)
    cohort = round(state.fraction * CLIENTS)
    return Federation(task, clients, FedAvg(), local, cohort_size=cohort, seed=0)


def _steps(federation: Federation, test: datasets.Dataset) -> Iterator[Record]:
    """Run on for a few rounds after the target, then stop."""
    since = 0
    for record in federation.rounds(ROUNDS, test):
        yield record
        since += since > 0 or record.accuracy >= TARGET
        if since > AFTER:
            return


def _curve(
    records: list[Record], begin: float, epochs: int, rounds_to: RoundsTo
) -> Curve:
    history = History(tuple(records))
    accuracy = history["accuracy"]
    participants = history["participants"]
    x = {
        "rounds": np.arange(len(records)) + 1.0,
        "bytes": np.asarray(history.axis("bytes")) / 2**20,
        "client work": np.cumsum(participants) * ALL * epochs / 1000,
    }
    reached = _reached(rounds_to, accuracy) if len(records) else None
    return Curve(
        {name: np.concatenate([[0.0], values]) for name, values in x.items()},
        np.concatenate([[begin], accuracy]),
        reached,
    )


def _reached(rounds_to: RoundsTo, accuracy: Floats) -> float | None:
    """Ask the learner's function, and say what does not fit."""
    answer = rounds_to(accuracy.copy(), TARGET)
    try:
        got = float(answer)
    except (TypeError, ValueError):
        raise ValueError(
            f"your rounds_to returned {answer!r}, needed is a number of rounds. "
            "End it with return, and give float('inf') where it is never reached."
        ) from None
    return got if math.isfinite(got) else None


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw both runs along the chosen axis, the target, and where they meet it."""
    axes = figure.add_axes((0.09, 0.14, 0.88, 0.74))
    curves = {"FedSGD": frame.fedsgd, "your setting": frame.setting}
    plots.draw_lines(
        axes,
        {name: curve.x[frame.axis] for name, curve in curves.items()},
        {name: curve.accuracy for name, curve in curves.items()},
        xlabel=LABELS[frame.axis],
        ylabel="test accuracy",
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
        0.995, 1.03, f"dotted: target {TARGET:g}", ha="right", va="bottom",
        color=plots.GREY, fontsize=8, transform=axes.get_yaxis_transform(),
    )  # fmt: skip


def _headline(frame: Frame) -> str:
    theirs, ours = frame.fedsgd.at(frame.axis), frame.setting.at(frame.axis)
    unit = {"rounds": "rounds", "bytes": "bytes", "client work": "work"}[frame.axis]
    less = "less" if unit == "work" else "fewer"
    if _rounds(frame) == 0:
        return "Before the first round"
    if ours is None:
        return f"Your setting has not reached {TARGET:g} in {_rounds(frame)} rounds"
    if theirs is None or ours <= 0:
        return f"Your setting has reached {TARGET:g}, FedSGD not yet"
    if theirs >= ours:
        return f"To {TARGET:g}: your setting needs {theirs / ours:.3g} x {less} {unit}"
    return f"To {TARGET:g}: your setting needs {ours / theirs:.3g} x more {unit}"


def _rounds(frame: Frame) -> int:
    return max(len(frame.fedsgd.accuracy), len(frame.setting.accuracy)) - 1


def finding(frame: Frame) -> str:
    """Say what the target costs both in all three currencies."""
    return (
        f"{frame.steps} local steps a round. To accuracy {TARGET:g}: "
        f"FedSGD {_costs(frame.fedsgd)}; your setting {_costs(frame.setting)}."
    )


def _costs(curve: Curve) -> str:
    if curve.reached is None:
        best, last = curve.accuracy.max(), len(curve.accuracy) - 1
        return f"not reached (best {best:.3f} in {last} rounds)"
    return (
        f"{curve.reached:.3g} rounds, {curve.at('bytes'):.3g} MiB, "
        f"{curve.at('client work'):.4g} thousand examples"
    )


def library_rounds_to(accuracy: Floats, target: float) -> float:
    """Count rounds as :meth:`fltutor.History.rounds_to` does."""
    records = (
        Record(round=t + 1, loss=0.0, accuracy=float(a)) for t, a in enumerate(accuracy)
    )
    return History(tuple(records)).rounds_to(target)


def work_lab(*, rounds_to: RoundsTo | None = None) -> Lab[State, Frame]:
    """Move E, B and C; see accuracy against rounds, bytes or client work.

    Parameters
    ----------
    rounds_to
        ``(accuracy (T,), target) -> rounds``, a learner's own; its error is shown in
        place. Default: the library's.

    Examples
    --------
    >>> work_lab().parts.title
    'Local work for communication'
    """
    return Lab(
        State(),
        partial(compute, rounds_to=rounds_to or library_rounds_to),
        draw,
        finding,
        title="Local work for communication",
        name="work",
    )
