"""A first federation, watched as it learns: the widget of lesson 00."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch

from fltutor import datasets, models, plots, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import LocalTraining
from fltutor.federation import Federation
from fltutor.lab.base import Lab, number, of_lesson
from fltutor.task import Task

ROUNDS = 20
MIB = 2**20
WORDS = of_lesson("00", "first")


@dataclass(frozen=True)
class Controls:
    """How many clients, how many of them in a round, and how much work at home."""

    clients: int = number(20, low=5, high=50, step=5)
    share: int = number(50, low=20, high=100, step=10)  # %
    epochs: int = number(1, low=1, high=5, step=1)


@dataclass(frozen=True)
class Frame:
    """Accuracy after 0, 1, ... rounds, and what was sent up so far."""

    accuracy: tuple[float, ...]
    cohort: int
    clients: int
    mib_up: float


def compute(controls: Controls) -> Iterator[Frame]:
    """Run the federation; yield a frame before the first round and after each."""
    data = _read(torch.get_default_dtype())
    clients = splitters.dirichlet(
        data.train, num_clients=controls.clients, alpha=0.5, min_size=4
    )
    cohort = -(-controls.clients * controls.share // 100)
    task = Task(models.mlp(64, 32, 10))
    local = LocalTraining(epochs=controls.epochs, batch_size=16, lr=0.1)
    federation = Federation(task, clients, FedAvg(), local, cohort_size=cohort)
    accuracy: tuple[float, ...] = (task.evaluate(task.init(), data.test)["accuracy"],)
    sent = 0
    yield Frame(accuracy, cohort, controls.clients, 0.0)
    for record in federation.rounds(ROUNDS, data.test):
        accuracy += (record.accuracy,)
        sent += record.bytes_up
        yield Frame(accuracy, cohort, controls.clients, sent / MIB)


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw accuracy by round."""
    axes = figure.add_axes((0.10, 0.15, 0.84, 0.73))
    plots.draw_lines(
        axes, range(len(frame.accuracy)), {"FedAvg": frame.accuracy},
        xlabel=WORDS.say("xlabel"), ylabel=WORDS.say("ylabel"),
        title=_say("title", frame),
        xlim=(0, ROUNDS), ylim=(0, 1.02), labels=False,
    )  # fmt: skip
    axes.set_xticks(range(0, ROUNDS + 1, 5))


def finding(frame: Frame) -> str:
    """Say how far the federation has come, and what it has sent."""
    return _say("finding", frame)


def _say(sentence: str, frame: Frame) -> str:
    return WORDS.say(
        sentence, cohort=frame.cohort, clients=frame.clients, mib=frame.mib_up,
        accuracy=frame.accuracy[-1], rounds=len(frame.accuracy) - 1,
    )  # fmt: skip


def first_lab() -> Lab[Controls, Frame]:
    """Show a federation on digits as it learns, round by round."""
    return Lab(Controls(), compute, draw, finding, words=WORDS)


@lru_cache(maxsize=2)
def _read(dtype: torch.dtype) -> datasets.Split:
    return datasets.digits()
