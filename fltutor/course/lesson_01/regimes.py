"""The three regimes side by side: alone, federated, all data in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
from torch import Tensor

from fltutor import datasets, evaluation, guard, models, plots, seeds, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining, batch_plan
from fltutor.engines import vectorised
from fltutor.lab.base import Lab, choice, number, of_lesson, toggle
from fltutor.task import Task

#: The mean of models, (models (K, d), sizes (K,)) -> model (d,)
Average = Callable[[Tensor, Tensor], Tensor]

ROUNDS = 30
LOCAL = LocalTraining(epochs=5, batch_size=None, lr=0.5)
MIN_SIZE = 20
WORDS = of_lesson("01", "regimes")
ALPHAS = (0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 100.0)


@dataclass(frozen=True)
class Controls:
    """How many clients, how different, and what they let out of the house."""

    clients: int = number(10, low=2, high=20, step=1)
    alpha: float = choice(0.1, ALPHAS)
    joining: int = number(100, low=20, high=100, step=20)  # %
    updates: bool = toggle(True)
    raw: bool = toggle(True)


@dataclass(frozen=True)
class Frame:
    """Accuracy of each regime after every round so far.

    Attributes
    ----------
    home, abroad
        regime -> accuracy after 0, 1, ... rounds: the mean over all clients of each
        one's own test data; and on everyone's test data.
    joined, clients
        how many of how many share.
    kinds
        different digits that a client holds, the mean over clients.
    """

    home: dict[str, tuple[float, ...]]
    abroad: dict[str, tuple[float, ...]]
    joined: int
    clients: int
    kinds: float


def compute(controls: Controls, *, average: Average | None = None) -> Iterator[Frame]:
    """Train each regime that is switched on; yield a frame before and after rounds."""
    data = _digits()
    clients = splitters.dirichlet(
        data.train,
        num_clients=controls.clients,
        alpha=controls.alpha,
        min_size=MIN_SIZE,
    )
    train, own = evaluation.hold_out(clients)
    sharing = train[: -(-len(train) * controls.joining // 100)]
    kinds = float((splitters.label_counts(train) > 0).sum(1).mean())
    task = Task(models.mlp(64, 32, 10))
    walks = {"local": _local(task, train)}
    if controls.updates:
        walks["FedAvg"] = _federated(task, sharing, average or weighted)
    if controls.raw:
        walks["central"] = _local(task, [Client(0, evaluation.pool(sharing))])
    home: dict[str, tuple[float, ...]] = dict.fromkeys(walks, ())
    abroad = dict(home)
    for _ in range(ROUNDS + 1):
        for name, walk in walks.items():
            params = next(walk)
            params = params if name == "local" else params.reshape(-1)
            got = evaluation.scores(task, params, test=data.test, own=own)
            home[name] += (got.mean,)
            abroad[name] += (got.everyone,)
        yield Frame(dict(home), dict(abroad), len(sharing), len(train), kinds)


def weighted(ends: Tensor, sizes: Tensor) -> Tensor:
    """Return the mean of models ``(K, d)``, weighted by examples ``(K,)``."""
    return sizes / sizes.sum() @ ends  # (d,)


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw accuracy by round, at home on the left, abroad on the right."""
    panels = (("home", frame.home, 0.08), ("abroad", frame.abroad, 0.57))
    for title, lines, left in panels:
        axes = figure.add_axes((left, 0.15, 0.42, 0.73))
        plots.draw_lines(
            axes, range(len(next(iter(lines.values())))), lines,
            xlabel=WORDS.say("xlabel"), title=WORDS.say(title),
            ylabel=WORDS.say("ylabel") if left < 0.5 else "",
            xlim=(0, ROUNDS), ylim=(0, 1.02),
        )  # fmt: skip


def finding(frame: Frame) -> str:
    """Say where each regime stands."""
    rounds = len(frame.home["local"]) - 1
    parts = [
        WORDS.say("regime", name=name, home=home[-1], abroad=frame.abroad[name][-1])
        for name, home in frame.home.items()
    ]
    return WORDS.say(
        "finding", rounds=rounds, regimes="; ".join(parts), joined=frame.joined,
        clients=frame.clients, kinds=frame.kinds,
    )  # fmt: skip


def regimes_lab(*, average: Average | None = None) -> Lab[Controls, Frame]:
    """Show what sharing nothing, updates or raw data does at home and abroad.

    Parameters
    ----------
    average
        ``(models (K, d), sizes (K,)) -> (d,)``, for instance a learner's own; None
        takes the mean weighted by examples.
    """
    guard.function("average", average, "(models (K, d), sizes (K,)) -> (d,)")
    return Lab(
        Controls(),
        partial(compute, average=average),
        draw,
        finding,
        words=WORDS,
        guarded=average is not None,
    )


@lru_cache(maxsize=2)
def _read(dtype: torch.dtype) -> datasets.Split:
    return datasets.digits()


def _digits() -> datasets.Split:
    """Return the digits in the present precision, read from disk once."""
    return _read(torch.get_default_dtype())


def _walk(
    task: Task, clients: Sequence[Client], starts: Tensor, plan: Tensor
) -> Tensor:
    """Let every client take a round's local steps: ``(K, d) -> (K, d)``."""
    direction = FedAvg().direction
    ends, _ = vectorised(task, starts, clients, plan, LOCAL, direction, {})
    return ends


def _plan(clients: Sequence[Client]) -> Tensor:
    """Full batches: the plan of one round is the plan of every round."""
    streams = seeds.keys(0, "batches", 0, range(len(clients)))
    return batch_plan([len(client) for client in clients], LOCAL, streams)


def _local(task: Task, clients: Sequence[Client]) -> Iterator[Tensor]:
    """Yield the clients' own models ``(N, d)`` before and after each round."""
    params, plan = task.init().expand(len(clients), -1), _plan(clients)
    while True:
        yield params
        params = _walk(task, clients, params, plan)


def _federated(
    task: Task, clients: Sequence[Client], average: Average
) -> Iterator[Tensor]:
    """Yield the common model ``(d,)`` before and after each round."""
    params, plan = task.init(), _plan(clients)
    sizes = torch.tensor([len(client) for client in clients], dtype=params.dtype)
    while True:
        yield params
        ends = _walk(task, clients, params.expand(len(clients), -1), plan)
        params = average(ends, sizes)
