"""The parts that a federation's round is made of, as functions of what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy.typing as npt
import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.aggregators import Aggregator
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining, batch_plan
from fltutor.engines import Direction, Engine
from fltutor.history import Record
from fltutor.promises import Plan, spent
from fltutor.stages import name_of, refuse_extra
from fltutor.task import Task
from fltutor.updates import COUNTED, State, Updates, finite_rows, warn_not_finite
from fltutor.words import _


class Parts(Plan, Protocol):
    """What training needs of a federation."""

    @property
    def task(self) -> Task:
        """Return the model and its loss."""
        ...

    @property
    def algorithm(self) -> FedAvg:
        """Return what they follow."""
        ...

    @property
    def local(self) -> LocalTraining:
        """Return what each does."""
        ...

    @property
    def engine(self) -> Engine:
        """Return what trains them."""
        ...

    @property
    def seed(self) -> int:
        """Return the seed of batches."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class Attendance:
    """Who takes part in a round, and what the ledger has to know of the others.

    Attributes
    ----------
    ids
        who trains and is heard, ``(K,)``.
    asked
        how many were sampled.
    there
        how many of these answered and received the model.
    epochs
        of each of the K; None leaves it to the federation's local training.
    lost_steps
        local steps of those who are not heard: late, or silent on the way.
    """

    ids: Tensor
    asked: int
    there: int
    epochs: tuple[int, ...] | None = None
    lost_steps: int = 0


def draw(seed: int, index: int, total: int, size: int, sampling: str) -> Tensor:
    """Draw a round's cohort: ids ``(K,)`` of ``total`` clients, ascending [server].

    Parameters
    ----------
    seed, index
        the draw depends on these: the federation's seed, and the round from 0.
    total, size
        N, and how many are wanted.
    sampling
        "fixed": exactly that many; "poisson": each with probability size / total.
    """
    if size == total:
        return torch.arange(total)
    if sampling == "poisson":
        chance = seeds.stream(seed, "poisson", index).random(total)  # (N,)
        return torch.from_numpy(chance < size / total).nonzero().flatten()
    ids = seeds.stream(seed, "cohort", index).choice(total, size, replace=False)
    return torch.from_numpy(ids).sort().values


def shares(parts: Parts, sizes: Sequence[int]) -> Tensor:
    """Return aggregation weights ``(K,)``, sum 1, for clients of these sizes [server].

    n_k / n over these clients, or 1 / K where the algorithm asks so.
    """
    if parts.algorithm.weighting == "uniform":
        return torch.full((len(sizes),), 1 / len(sizes), dtype=parts.task.dtype)
    weights = torch.tensor(sizes, dtype=parts.task.dtype)
    return weights / weights.sum()


class Cohort(NamedTuple):
    """The clients of a round, asked for once, and how many examples each has."""

    clients: list[Client]
    sizes: list[int]


def gather(parts: Parts, ids: Tensor) -> Cohort:
    """Ask for a round's clients, which may be made only now."""
    clients = [parts.clients[i] for i in ids.tolist()]
    return Cohort(clients, [len(client) for client in clients])


def walk(
    parts: Parts,
    starts: Tensor,
    ids: Tensor,
    index: int | npt.ArrayLike,
    *,
    cohort: Cohort | None = None,
    local: LocalTraining | None = None,
    direction: Direction | None = None,
    memory: Mapping[str, Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Let clients train, each from its own start, and do nothing else [client].

    Parameters
    ----------
    parts
        a federation: its task, clients, engine and seed.
    starts
        ``(K, d)``.
    ids
        ``(K,)``; an id may stand there twice.
    index
        the round, from 0, or a number for each client; it names the batches.
    cohort
        of these ids, where the caller has it already.
    local
        with the epochs of the K clients; None takes the federation's.
    direction, memory
        an algorithm's; None is plain SGD without memory.

    Returns
    -------
    ends ``(K, d)``, and how many local steps each took, ``(K,)``.
    """
    clients, sizes = gather(parts, ids) if cohort is None else cohort
    own = parts.local.of(ids) if local is None else local
    plan = batch_plan(sizes, own, seeds.keys(parts.seed, "batches", index, ids))
    along = FedAvg().direction if direction is None else direction
    return parts.engine(parts.task, starts, clients, plan, own, along, memory or {})


def send(
    parts: Parts,
    state: State,
    ids: Tensor,
    index: int,
    *,
    starts: Tensor | None,
    epochs: Sequence[int] | None,
    trips: Tensor | None,
    weights: Tensor | None,
) -> tuple[Updates, State]:
    """Let a cohort receive, train and finish [client]; arguments as of ``train``.

    The state is the algorithm's own, without the uplink's memory. A client that
    diverged is left out before ``finish`` could put it into its memory.
    """
    algorithm, local = parts.algorithm, parts.local.of(ids)
    local = local if epochs is None else replace(local, epochs=tuple(epochs))
    if starts is None:
        starts = algorithm.start(state, ids)  # (K, d)
    numbers, cohort = index if trips is None else trips, gather(parts, ids)
    ends, steps = walk(
        parts, starts, ids, numbers, cohort=cohort, local=local,
        direction=algorithm.direction, memory=state.rows(ids),
    )  # (K, d), (K,)  # fmt: skip
    own = _gradients(parts, starts, ids, cohort, local)  # (K, d) each
    if weights is None:
        weights = shares(parts, cohort.sizes)  # (K,)
    updates = Updates(
        ids, ends - starts, weights, steps, round=index,
        trips=COUNTED if trips is None else trips,
    )  # fmt: skip
    good = finite_rows(updates.deltas, *own.values())  # (K,)
    if good is not None:
        warn_not_finite(updates, good)
        updates, own = updates.keep(good), {k: rows[good] for k, rows in own.items()}
    if len(updates) == 0:
        return updates, state
    # most algorithms need nothing of their own, and say so by having no such argument
    return algorithm.finish(updates, state, local, **({"own": own} if own else {}))


def aggregate(aggregator: Aggregator, updates: Updates, expected: int) -> Tensor:
    """Ask an aggregator for its vector ``(d,)``, and look at the answer [server].

    Parameters
    ----------
    aggregator
        with ``fixed_weights = True`` it gets ``1 / expected`` for each row, whoever
        came or was left out; else the weights of ``updates``, which sum to 1.
    updates
        at least one row.
    expected
        q N, the clients that a round expects.

    Raises
    ------
    ValueError
        the answer has another shape or type, or is not finite.
    """
    refuse_extra(aggregator, updates)
    weights = updates.weights  # (K,)
    if getattr(aggregator, "fixed_weights", False):
        weights = torch.full_like(weights, 1 / expected)
    return validate.returned(
        _("the aggregator {name!r}").format(name=name_of(aggregator)),
        aggregator(updates.deltas, weights),
        shape=tuple(updates.deltas.shape[1:]),
        dtype=updates.deltas.dtype,
        advice=_(
            "It gets deltas (K, d) and weights (K,), and returns one vector (d,). Sums "
            "may overflow where updates are huge: take a smaller lr."
        ),
    )


def record(
    parts: Parts,
    who: Attendance,
    updates: Updates,
    state: State,
    *,
    index: int,
    seconds: float,
    scores: Mapping[str, float],
) -> Record:
    """Write a round's line of the ledger, with the state after it."""
    vector_bytes = state.params.numel() * state.params.element_size()
    copies = 1 + len(parts.algorithm.downloads)
    return Record(
        round=index + 1,
        participants=len(updates),
        left_out=who.asked - len(updates),
        bytes_up=updates.nbytes,
        bytes_down=who.there * copies * vector_bytes,
        local_steps=updates.work + who.lost_steps,
        wall_seconds=seconds,
        **spent(parts, index + 1),
        **scores,
    ).with_state(state)


def _gradients(
    parts: Parts, starts: Tensor, ids: Tensor, cohort: Cohort, local: LocalTraining
) -> dict[str, Tensor]:
    """Let an algorithm that asks for it have each client's gradient at its start.

    One full-batch step of lr 1 along the plain gradient, whatever the engine.
    """
    if not parts.algorithm.full_gradient:
        return {}
    once = replace(local, epochs=1, batch_size=None, lr=1.0, momentum=0.0)
    ends, _ = walk(parts, starts, ids, 0, cohort=cohort, local=once)
    return {"gradient": starts - ends}  # (K, d)
