"""Widget of lesson 02: one round of FedAvg, moment by moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fltutor import aggregators, datasets, guard, models, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining
from fltutor.course.lesson_02.round_draw import (
    STEPS,
    WORDS,
    Frame,
    by_digit,
    draw,
)
from fltutor.federation import Federation
from fltutor.lab.base import Lab, choice, number, toggle
from fltutor.task import Task

Aggregate: TypeAlias = Callable[..., Any]
CLIENTS = 10


@dataclass(frozen=True)
class Controls:
    """What the reader moves."""

    step: str = choice("aggregate", STEPS)
    cohort: int = number(4, low=1, high=CLIENTS, step=1)
    epochs: int = number(3, low=1, high=20, step=1)
    round: int = number(1, low=1, high=8, step=1)
    unequal: bool = toggle(True)


def compute(controls: Controls, aggregate: Aggregate) -> Iterator[Frame]:
    """Yield one frame a round, up to the round that is asked for."""
    data = datasets.digits()
    clients = _clients(data.train, controls.unequal)
    x = data.train.x
    task = Task(models.linear(64, 10).to(x.dtype), seed=0)
    local = LocalTraining(epochs=controls.epochs, batch_size=16, lr=0.2)
    federation = Federation(
        task, clients, FedAvg(), local, cohort_size=controls.cohort,
        aggregator=partial(_checked, aggregate),
    )  # fmt: skip
    held = splitters.label_counts(clients)  # (N, 10)
    model = federation.init()
    for index in range(controls.round):
        old = model
        model, updates = federation.round(old, index)
        moved = model.params - old.params  # (d,)
        right = aggregators.mean(updates.deltas, updates.weights)  # (d,)
        yield Frame(
            step=controls.step,
            round=index + 1,
            sizes=tuple(len(client) for client in clients),
            ids=tuple(updates.ids.tolist()),
            weights=updates.weights.numpy(),
            start=_by_digit(old.params),
            deltas=_by_digit(updates.deltas),
            aggregate=_by_digit(moved),
            held=held[updates.ids.numpy()],
            gap=float((moved - right).abs().max()),
            before=task.evaluate(old.params, data.test)["accuracy"],
            after=task.evaluate(model.params, data.test)["accuracy"],
            bytes=updates.nbytes,
        )


def _clients(train: datasets.Dataset, unequal: bool) -> list[Client]:
    """Deal digits to ten clients that know few of them; unequal: sizes differ too."""
    if unequal:
        return splitters.dirichlet(
            train, num_clients=CLIENTS, alpha=0.3, min_size=10, seed=2
        )
    return splitters.shards(train, num_clients=CLIENTS, shards_per_client=3, seed=2)


def _checked(aggregate: Aggregate, deltas: Tensor, weights: Tensor) -> Tensor:
    """Call the learner's function on copies, and say what does not fit."""
    answer = aggregate(deltas.clone(), weights.clone())
    if answer is None:
        raise ValueError(
            "your aggregate returned None, needed is a vector. End it with return."
        )
    got = torch.as_tensor(answer).to(deltas.dtype)
    if got.shape != deltas.shape[1:]:
        raise ValueError(
            f"your aggregate returned shape {tuple(got.shape)}, needed is "
            f"{tuple(deltas.shape[1:])}. Sum over axis 0, the clients."
        )
    if not bool(torch.isfinite(got).all()):
        raise ValueError(
            "your aggregate returned nan or inf, needed are finite numbers. "
            "Is a sum of weights 0?"
        )
    return got


def _by_digit(vectors: Tensor) -> np.ndarray[Any, Any]:
    """Put each digit's 64 weights and its bias side by side: (..., d) -> (..., d)."""
    weights = vectors[..., :640].reshape(*vectors.shape[:-1], 10, 64)  # (..., 10, 64)
    both = torch.cat([weights, vectors[..., 640:, None]], dim=-1)  # (..., 10, 65)
    return both.flatten(-2).numpy()


def finding(frame: Frame) -> str:
    """Say who took part, what travelled, and what came of it."""
    up = by_digit(frame.deltas) > 0  # (K, 10) purple tiles
    told = "one_client" if len(frame.ids) == 1 else "clients"
    verdict = "same" if frame.gap < 1e-6 else "away"
    return WORDS.say(
        frame.step, round=frame.round, params=len(frame.start),
        who=WORDS.say(told, ids=", ".join(map(str, frame.ids))),
        held=sum(frame.sizes[i] for i in frame.ids), all=sum(frame.sizes),
        kib=frame.bytes / 1024, top=frame.weights.max(), before=frame.before,
        after=frame.after, verdict=WORDS.say(verdict, gap=frame.gap),
        purple=up.sum(), right=(up & (frame.held > 0)).sum(),
    )  # fmt: skip


def round_lab(*, aggregate: Aggregate | None = None) -> Lab[Controls, Frame]:
    """Step through one round of FedAvg: sample, distribute, train, aggregate.

    Parameters
    ----------
    aggregate
        ``(deltas (K, d), weights (K,)) -> (d,)``, a learner's own; its error is
        shown in place. Default: the library's weighted mean.

    Examples
    --------
    >>> round_lab().parts.title
    'One round, step by step'
    """
    guard.function("aggregate", aggregate, "(deltas (K, d), weights (K,)) -> (d,)")
    return Lab(
        Controls(),
        partial(compute, aggregate=aggregate or aggregators.mean),
        draw,
        finding,
        words=WORDS,
        guarded=aggregate is not None,
    )
