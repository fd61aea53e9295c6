"""Widget of lesson 08: the server-optimiser map, server lr against momentum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fltutor import datasets, guard, models, splitters
from fltutor.algorithms import FedAdagrad, FedAdam, FedAvg, FedAvgM, FedOpt, FedYogi
from fltutor.clients import LocalTraining
from fltutor.course.lesson_08.server_draw import (
    MOMENTA,
    SERVER_LRS,
    WORDS,
    Floats,
    Frame,
    draw,
    headline,
    over,
)
from fltutor.federation import Federation
from fltutor.lab.base import Lab, choice, number
from fltutor.rounds import walk
from fltutor.task import Task
from fltutor.updates import State, Updates, finite_rows

Second: TypeAlias = Callable[..., Any]
OPTIMISERS = ("fedavgm", "fedadagrad", "fedadam", "fedyogi")
CLIENTS, COHORT, ROUNDS = 20, 2, 30
FAR = 1e4  # a parameter beyond this: the run has diverged, and stands still
LOCAL = LocalTraining(epochs=5, batch_size=16, lr=0.1)


@dataclass(frozen=True)
class Controls:
    """What the reader moves."""

    optimiser: str = choice("fedavgm", OPTIMISERS)
    rounds: int = number(20, low=5, high=ROUNDS, step=5)
    server_lr: float = choice(1.0, SERVER_LRS)
    momentum: float = choice(0.9, MOMENTA)
    tau: float = choice(1e-3, [1e-4, 1e-3, 1e-2, 1e-1])


@dataclass(frozen=True, kw_only=True)
class Own(FedAdam):
    """FedAdam with a learner's own rule for v."""

    rule: Second = field(default=lambda v, square, beta2: v)

    def second(self, v: Tensor, square: Tensor) -> Tensor:
        """Ask the learner's function, and say what does not fit [server]."""
        answer = self.rule(v.clone(), square.clone(), self.beta2)
        got = answer if isinstance(answer, Tensor) else None
        if got is None or got.shape != v.shape:
            what = type(answer).__name__ if got is None else f"shape {tuple(got.shape)}"
            raise ValueError(
                f"your rule for v returned {what}, needed is a tensor of shape "
                f"{tuple(v.shape)}. End it with return, and work elementwise."
            )
        return got


@dataclass
class Training:
    """All cells of one map side by side, trained as far as anybody asked so far."""

    algorithms: list[FedAvg]
    federation: Federation
    test: datasets.Dataset
    cells: list[Federation] = field(init=False)  # one an algorithm
    states: list[State] = field(init=False)
    scores: list[Floats] = field(init=False)  # a (cells,) a round

    def __post_init__(self) -> None:
        """Put all cells at the same start."""
        self.cells = [replace(self.federation, algorithm=a) for a in self.algorithms]
        start = self.federation.task.init()
        self.states = [each.init(start, CLIENTS) for each in self.algorithms]
        score = self.federation.task.evaluate(start, self.test)["accuracy"]
        self.scores = [np.full(len(self.states), score)]

    def round(self) -> None:
        """Train a round: one cohort, one plan, one call of the engine for all cells."""
        federation, index = self.federation, len(self.scores) - 1
        ids, cells = federation.sample(index), len(self.states)  # (K,)
        starts = torch.cat([s.params.expand(COHORT, -1) for s in self.states])
        ends, steps = walk(federation, starts, ids.repeat(cells), index)
        deltas = (ends - starts).view(cells, COHORT, -1)
        weights = federation.weights([federation.clients[i] for i in ids.tolist()])
        for i, cell in enumerate(self.cells):
            updates = Updates(ids, deltas[i], weights, steps[:COHORT], round=index)
            if finite_rows(deltas[i]) is not None:
                continue
            new = cell.close(self.states[i], updates)
            if bool((new.params.abs() < FAR).all()):  # false for nan too
                self.states[i] = new
        self.scores.append(np.array([self._score(s) for s in self.states]))

    def _score(self, state: State) -> float:
        return self.federation.task.evaluate(state.params, self.test)["accuracy"]


Known: TypeAlias = dict[tuple[str, float], Training]


def compute(controls: Controls, second: Second | None, known: Known) -> Iterator[Frame]:
    """Yield a frame a round; what was trained before, in this widget, comes at once."""
    key = (controls.optimiser, 0.0 if controls.optimiser == "fedavgm" else controls.tau)
    if key not in known:
        known[key] = _training(cells(controls, second))
    training = known[key]
    first = min(len(training.scores) - 1, controls.rounds)
    for done in range(first, controls.rounds + 1):
        if done >= len(training.scores):
            training.round()
        scores = np.stack(training.scores[: done + 1])  # (T + 1, 1 + cells)
        yield Frame(
            optimiser=controls.optimiser,
            own=second is not None and controls.optimiser == "fedadam",
            rounds=controls.rounds,
            accuracy=scores[:, 1:].reshape(-1, len(MOMENTA), len(SERVER_LRS)),
            fedavg=scores[:, 0],
            row=MOMENTA.index(controls.momentum),
            column=SERVER_LRS.index(controls.server_lr),
        )


def cells(controls: Controls, second: Second | None) -> list[FedAvg]:
    """Make plain FedAvg, then one algorithm a cell, row by row."""
    kinds: dict[str, type[FedOpt]] = {
        "fedadagrad": FedAdagrad, "fedadam": FedAdam, "fedyogi": FedYogi
    }  # fmt: skip
    made: list[FedAvg] = [FedAvg()]
    for momentum in MOMENTA:
        for server_lr in SERVER_LRS:
            if controls.optimiser == "fedavgm":
                made.append(FedAvgM(server_lr=server_lr, momentum=momentum))
                continue
            one = kinds[controls.optimiser](
                server_lr=server_lr, beta1=momentum, tau=controls.tau
            )
            if second is not None and controls.optimiser == "fedadam":
                own = Own(rule=second)
                one = replace(
                    own, server_lr=server_lr, beta1=momentum, tau=controls.tau
                )
            made.append(one)
    return made


def _training(algorithms: list[FedAvg]) -> Training:
    data = datasets.digits()
    clients = splitters.dirichlet(
        data.train, num_clients=CLIENTS, alpha=0.1, min_size=5, seed=0
    )
    task = Task(models.mlp(64, 32, 10).to(data.train.x.dtype), seed=0)
    federation = Federation(task, clients, FedAvg(), LOCAL, cohort_size=COHORT, seed=0)
    return Training(algorithms, federation, data.test)


def finding(frame: Frame) -> str:
    """Say what the cell reaches, what FedAvg does, and where each row is best."""
    best = "; ".join(
        WORDS.say(
            "best",
            momentum=momentum,
            lr=SERVER_LRS[int(np.argmax(row))],
            accuracy=row.max(),
        )  # fmt: skip
        for momentum, row in zip(MOMENTA, frame.last, strict=True)
    )
    return WORDS.say("finding", title=headline(frame), over=over(frame), best=best)


def server_lab(*, second: Second | None = None) -> Lab[Controls, Frame]:
    """Map the accuracy over server lr and momentum, for four server optimisers.

    Parameters
    ----------
    second
        a learner's own ``(v (d,), square (d,), beta2) -> (d,)``, run in place of
        FedAdam's; its error is shown in place. Default: the library's.

    Examples
    --------
    >>> server_lab().parts.title
    'The server-optimiser map'
    """
    guard.function("second", second, "(v (d,), square (d,), beta2) -> (d,)")
    known: Known = {}
    return Lab(
        Controls(),
        partial(compute, second=second, known=known),
        draw,
        finding,
        words=WORDS,
        guarded=second is not None,
    )
