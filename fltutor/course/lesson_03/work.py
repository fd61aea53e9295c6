"""Widget of lesson 03: what local work buys, in rounds, in bytes and in work."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from fltutor import datasets, guard, models, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import LocalTraining
from fltutor.course.lesson_03.work_draw import (
    AXES,
    TARGET,
    WORDS,
    Curve,
    Floats,
    Frame,
    draw,
)
from fltutor.federation import Federation
from fltutor.history import History, Record
from fltutor.lab.base import Lab, choice, number, toggle
from fltutor.task import Task

RoundsTo: TypeAlias = Callable[..., Any]
CLIENTS, ROUNDS, AFTER = 20, 60, 6
ALL = 72  # examples of a client: a batch of all of them
SGD_LR = 1.2  # FedSGD's best on the lesson's grid


@dataclass(frozen=True)
class Controls:
    """What the reader moves."""

    epochs: int = choice(5, [1, 2, 5, 10, 20])
    batch: int = choice(18, [9, 18, 36, ALL])
    fraction: float = choice(1.0, [0.1, 0.25, 0.5, 1.0])
    lr: float = number(0.6, low=0.3, high=1.2, step=0.3)
    axis: str = choice("rounds", AXES)
    skewed: bool = toggle(False)


def compute(controls: Controls, rounds_to: RoundsTo) -> Iterator[Frame]:
    """Yield a frame every second round; a run ends soon after the target."""
    data = datasets.digits()
    batch = None if controls.batch == ALL else controls.batch
    local = LocalTraining(epochs=controls.epochs, batch_size=batch, lr=controls.lr)
    once = LocalTraining(epochs=1, batch_size=None, lr=SGD_LR)
    make = [_federation(data.train, controls, each) for each in (once, local)]
    begin = make[0].task.evaluate(make[0].init().params, data.test)["accuracy"]
    steps = math.ceil(ALL / controls.batch) * controls.epochs
    runs = [_steps(federation, data.test) for federation in make]
    records: list[list[Record]] = [[], []]
    for index in range(ROUNDS + 1):
        fedsgd, setting = (
            _curve(kept, begin, epochs, rounds_to)
            for kept, epochs in zip(records, (1, controls.epochs), strict=True)
        )
        if index % 2 == 0 or index == ROUNDS:
            yield Frame(controls.axis, steps, fedsgd, setting)
        for kept, run in zip(records, runs, strict=True):
            kept.extend([record for record in [next(run, None)] if record])
    if index % 2:
        yield Frame(controls.axis, steps, fedsgd, setting)


def _federation(
    train: datasets.Dataset, controls: Controls, local: LocalTraining
) -> Federation:
    if controls.skewed:
        clients = splitters.shards(
            train, num_clients=CLIENTS, shards_per_client=1, seed=0
        )
    else:
        clients = splitters.iid(train, num_clients=CLIENTS, seed=0)
    task = Task(models.mlp(64, 32, 10).to(train.x.dtype), seed=0)
    cohort = round(controls.fraction * CLIENTS)
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
        "work": np.cumsum(participants) * ALL * epochs / 1000,
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


def finding(frame: Frame) -> str:
    """Say what the target costs both in all three currencies."""
    return WORDS.say(
        "finding", steps=frame.steps, target=TARGET, fedsgd=_costs(frame.fedsgd),
        setting=_costs(frame.setting),
    )  # fmt: skip


def _costs(curve: Curve) -> str:
    if curve.reached is None:
        best, last = curve.accuracy.max(), len(curve.accuracy) - 1
        return WORDS.say("never", best=best, rounds=last)
    return WORDS.say(
        "costs", rounds=curve.reached, mib=curve.at("bytes"),
        thousands=curve.at("work"),
    )  # fmt: skip


def library_rounds_to(accuracy: Floats, target: float) -> float:
    """Count rounds as :meth:`fltutor.History.rounds_to` does."""
    records = (
        Record(round=t + 1, loss=0.0, accuracy=float(a)) for t, a in enumerate(accuracy)
    )
    return History(tuple(records)).rounds_to(target)


def work_lab(*, rounds_to: RoundsTo | None = None) -> Lab[Controls, Frame]:
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
    guard.function("rounds_to", rounds_to, "(accuracy (T,), target) -> rounds")
    return Lab(
        Controls(),
        partial(compute, rounds_to=rounds_to or library_rounds_to),
        draw,
        finding,
        words=WORDS,
        guarded=rounds_to is not None,
    )
