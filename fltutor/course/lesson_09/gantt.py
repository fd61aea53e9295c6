"""Widget of lesson 09: a Gantt chart of rounds, and of training without rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from math import inf
from typing import Any, TypeAlias

from fltutor import datasets, guard, models, splitters, systems
from fltutor.algorithms import FedAvg
from fltutor.clients import LocalTraining
from fltutor.course.lesson_09 import gantt_draw as view
from fltutor.course.lesson_09.gantt_draw import Frame
from fltutor.federation import Federation
from fltutor.lab.base import Lab, choice, number
from fltutor.systems.clock import arrivals
from fltutor.systems.devices import cut
from fltutor.task import Task

#: (trips {client: seconds}, deadline, enough) -> (seconds, clients that are used)
PlayRound: TypeAlias = Callable[[Mapping[int, float], float, int | None], Any]
CLIENTS, WINDOW, NO_DEADLINE = 20, 60.0, 30
MODES = ("synchronous", "fedbuff", "fedasync")
#: about four seconds a trip: 0.5 down, 2.5 computing, 1 up
PHONE = systems.Device(speed=10.0, download=0.05, upload=0.02, latency=0.1)


@dataclass(frozen=True)
class Controls:
    """What the reader moves."""

    mode: str = choice("synchronous", MODES)
    asked: int = number(8, low=2, high=16, step=1)
    enough: int = number(16, low=1, high=16, step=1)  # reports
    deadline: int = number(NO_DEADLINE, low=2, high=NO_DEADLINE, step=1)  # s
    spread: float = number(0.75, low=0.0, high=1.5, step=0.25)
    dropout: float = number(0.1, low=0.0, high=0.5, step=0.1)  # a trip


@cache
def _digits() -> tuple[Task, list[Any]]:
    train = datasets.digits().train
    train = replace(train, x=train.x.double())  # eight bytes a number, always
    clients = splitters.iid(train, num_clients=CLIENTS, seed=0)
    return Task(models.mlp(64, 32, 10).double(), seed=0), clients


def federation(controls: Controls) -> tuple[Federation, list[systems.Device]]:
    """Return the federation, and its devices, the quickest first."""
    task, clients = _digits()
    local = LocalTraining(epochs=5, batch_size=16)
    made = Federation(
        task, clients, FedAvg(), local, cohort_size=controls.asked, seed=1
    )
    phone = replace(PHONE, dropout=controls.dropout)
    devices = systems.fleet(CLIENTS, profiles=(phone,), spread=controls.spread, seed=1)
    load, steps = systems.load_of(made), 25  # 5 epochs of 5 batches
    blank = systems.Span(
        client=0, round=0, start=0.0, download_end=0.0, compute_end=0.0,
        upload_end=0.0, epochs=5,
    )  # fmt: skip
    quick = partial(systems.devices.trip, blank, load=load, steps=steps)
    return made, sorted(devices, key=lambda device: quick(device).seconds)


def compute(controls: Controls, play_round: PlayRound) -> Frame:
    """Play a minute on the clock; nothing is trained."""
    own, devices = federation(controls)
    if controls.mode == "synchronous":
        spans, ends = _rounds(own, devices, controls, play_round)
    else:
        buffer = (
            min(controls.enough, controls.asked) if controls.mode == "fedbuff" else 1
        )
        spans, ends = _no_rounds(own, devices, buffer)
    return view.frame(controls.mode, spans, ends, CLIENTS, WINDOW)


def _rounds(
    own: Federation,
    devices: Sequence[systems.Device],
    controls: Controls,
    play_round: PlayRound,
) -> tuple[list[systems.Span], list[float]]:
    clock = systems.synchronous(own, devices)  # nobody late: trips in full
    deadline = inf if controls.deadline >= NO_DEADLINE else float(controls.deadline)
    enough = min(controls.enough, controls.asked)
    spans: list[systems.Span] = []
    ends: list[float] = []
    now = 0.0
    while now < WINDOW:
        whole, _ = clock.schedule(len(ends), now)
        seconds, used = _ended(whole, deadline, enough, play_round)
        now += max(seconds, 0.1)  # a learner's clock that stands still
        late = {s.client: cut(s, now, "late") for s in whole if s.outcome == "used"}
        gone = {s.client: cut(s, now, s.outcome) for s in whole}
        for span in whole:
            lost = late.get(span.client, gone[span.client])
            spans.append(span if span.client in used else lost)
        ends.append(now)
    return spans, ends


def _ended(
    whole: Sequence[systems.Span],
    deadline: float,
    enough: int,
    play_round: PlayRound,
) -> tuple[float, set[int]]:
    """Ask the (learner's) clock when a round ends, and whose reports are used."""
    trips = {s.client: s.seconds for s in whole if s.outcome == "used"}
    gone = [s.seconds for s in whole if s.outcome != "used"]
    answer = play_round(dict(trips), deadline, enough)
    try:
        seconds, used = float(answer[0]), {int(client) for client in answer[1]}
    except (TypeError, ValueError, IndexError, KeyError):
        raise ValueError(
            f"your play_round returned {answer!r}, needed is a pair: the seconds of "
            "the round and the list of the clients used. End it with "
            "`return seconds, used`."
        ) from None
    if not 0 <= seconds < inf or not used <= trips.keys():
        raise ValueError(
            f"your play_round returned {answer!r}: needed are finite seconds and "
            "clients out of `trips`. Look at what it does when the queue is empty."
        )
    if gone and len(used) < enough:  # the server waits until it knows
        seconds = max(seconds, min(max(gone), deadline))
    return seconds, used


def _no_rounds(
    own: Federation, devices: Sequence[systems.Device], buffer: int
) -> tuple[list[systems.Span], list[float]]:
    spans: list[systems.Span] = []
    ends: list[float] = []
    for batch in arrivals(own, devices, buffer):
        spans += batch.ended
        ends.append(batch.seconds)
        if batch.seconds >= WINDOW:
            break
    return spans + list(batch.running), ends


def library_play_round(
    trips: Mapping[int, float], deadline: float = inf, enough: int | None = None
) -> tuple[float, list[int]]:
    """Return when a round ends and who is used, as the library's clock does."""
    order = sorted((seconds, client) for client, seconds in trips.items())
    in_time = [pair for pair in order if pair[0] <= deadline][:enough]
    used = [client for _, client in in_time]
    if enough is not None and len(used) == enough:
        return in_time[-1][0], used
    return min(max((s for s, _ in order), default=0.0), deadline), used


def gantt_lab(*, play_round: PlayRound | None = None) -> Lab[Controls, Frame]:
    """See who works, who is waited for, and whose work is lost.

    Parameters
    ----------
    play_round
        ``(trips {client: seconds}, deadline, enough) -> (seconds, used clients)``, a
        learner's own clock of one round. Default: the library's.

    Examples
    --------
    >>> gantt_lab().parts.title
    'A Gantt of rounds'
    """
    guard.function("play_round", play_round, "(trips, deadline, enough) -> (s, used)")
    return Lab(
        Controls(),
        partial(compute, play_round=play_round or library_play_round),
        view.draw,
        view.finding,
        words=view.WORDS,
        size=(6.5, 4.3),
        guarded=play_round is not None,
    )
