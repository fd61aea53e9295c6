"""No rounds: the model changes whenever enough updates have come in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.clients import batch_plan
from fltutor.datasets import Dataset
from fltutor.federation import Federation, leave_out_not_finite
from fltutor.history import History, Record
from fltutor.systems.clock import Arrivals, arrivals
from fltutor.systems.cohorts import refuse_wrapped
from fltutor.systems.devices import Device, load_of
from fltutor.systems.staleness import Staleness, inverse_root, polynomial
from fltutor.systems.trace import Span, Trace
from fltutor.updates import State, Updates


@dataclass(frozen=True, eq=False, kw_only=True)
class Asynchronous:
    """A federation without rounds; make one with :func:`fedasync` or :func:`fedbuff`.

    Attributes
    ----------
    federation
        task, clients, algorithm, local training, ``cohort_size`` clients at work at any
        time, aggregator, uplink, engine, seed.
    devices
        one for each client.
    buffer
        updates that change the model together.
    staleness
        how much an old update counts.
    mixing
        alpha of FedAsync; None adds the updates to the model, as FedBuff does.
    """

    federation: Federation
    devices: Sequence[Device]
    buffer: int = 1
    staleness: Staleness = inverse_root
    mixing: float | None = None

    def __post_init__(self) -> None:
        """Check that algorithm and devices fit."""
        own = self.federation
        refuse_wrapped(own)
        validate.same_length(devices=len(self.devices), clients=len(own.clients))
        validate.count("buffer", self.buffer)
        if self.mixing is not None and not 0 < self.mixing <= 1:
            raise validate.fail(f"mixing={self.mixing}", "0 < mixing <= 1", "Use 0.6.")
        algorithm = own.algorithm
        memory = algorithm.init(own.task.init(), len(own.clients)).clients
        if memory or algorithm.downloads or algorithm.full_gradient:
            raise validate.fail(
                f"{algorithm.name}, whose clients keep or exchange more than a model",
                "an algorithm without client memory",
                "Its memory would belong to another model. Use FedAvg, FedProx or a "
                "server optimiser.",
            )

    @property
    def name(self) -> str:
        """Return the name used in legends."""
        base = "FedBuff" if self.mixing is None else "FedAsync"
        own = self.federation.algorithm.name
        return base if own == "FedAvg" else f"{base} + {own}"

    def trace(self, changes: int) -> Trace:
        """Play the clock until the model has changed so many times; no training."""
        validate.count("changes", changes)
        spans: list[Span] = []
        ends: list[float] = []
        for batch in self._take(changes):
            spans += batch.ended
            ends.append(batch.seconds)
        ordered = sorted(spans, key=lambda s: (s.start, s.client, s.trip))
        return Trace(tuple(ordered), tuple(ends))

    def changes(self, n: int) -> Iterator[tuple[State, Updates, Arrivals]]:
        """Train until the model has changed ``n`` times; yield after each change."""
        own, state = self.federation, self.federation.init()
        versions = {0: state.params}  # those that a trip under way started from
        for index, batch in enumerate(self._take(n)):
            starts = torch.stack([versions[s.round] for s in batch.used])  # (K, d)
            updates = self._train(starts, batch.used, state, index)
            if len(updates) > 0:
                aggregate = own.aggregator(updates.deltas, updates.weights)  # (d,)
                state = own.algorithm.step(aggregate, updates, state)
            needed = {s.round for s in batch.running}
            versions = {v: p for v, p in versions.items() if v in needed}
            versions[index + 1] = state.params
            yield state, updates, batch

    def train(self, changes: int) -> State:
        """Return the state after so many changes of the model."""
        state = self.federation.init()
        for after, _, _ in self.changes(changes):
            state = after
        return state

    def rounds(
        self, n: int, test: Dataset | None = None, every: int = 1
    ) -> Iterator[Record]:
        """Yield a record after each of ``n`` changes, with simulated ``seconds``.

        Parameters
        ----------
        n
            changes of the model; they stand in the ledger as rounds.
        test
            where the model is evaluated; None leaves NaN.
        every
            evaluate after every so many changes, and after the last.
        """
        task, load = self.federation.task, load_of(self.federation)
        begin = time.perf_counter()
        for index, (state, updates, batch) in enumerate(self.changes(n)):
            wall = time.perf_counter() - begin
            due = (index + 1) % every == 0 or index + 1 == n
            scores = task.evaluate(state.params, test) if test and due else {}
            went = [s for s in batch.ended if s.outcome != "absent"]
            yield Record(
                round=index + 1,
                participants=len(updates),
                left_out=len(batch.used) - len(updates),
                bytes_up=updates.nbytes,
                bytes_down=len(went) * load.bytes_down,
                local_steps=int(updates.steps.sum()),
                wall_seconds=wall,
                seconds=batch.seconds,
                **scores,
            )
            begin = time.perf_counter()

    def run(
        self, *, rounds: int, test: Dataset | None = None, every: int = 1
    ) -> History:
        """Run until the model has changed ``rounds`` times and keep the ledger."""
        validate.count("rounds", rounds)
        validate.count("every", every)
        return History(tuple(self.rounds(rounds, test, every)), self.name)

    def _take(self, n: int) -> Iterator[Arrivals]:
        return islice(arrivals(self.federation, self.devices, self.buffer), n)

    def _train(
        self, starts: Tensor, trips: Sequence[Span], state: State, index: int
    ) -> Updates:
        """Train a buffer's clients, each from its own start, and weigh by age."""
        own = self.federation
        ids = torch.tensor([span.client for span in trips])  # (K,)
        cohort = [own.clients[span.client] for span in trips]
        local = own.local.of(ids)
        numbers = [span.trip for span in trips]
        streams = seeds.keys(own.seed, "batches", numbers, ids)
        plan = batch_plan([len(client) for client in cohort], local, streams)
        ends, steps = own.engine(
            own.task, starts, cohort, plan, local, own.algorithm.direction, {}
        )  # (K, d), (K,)
        equal = torch.full((len(trips),), 1 / len(trips), dtype=starts.dtype)
        updates = Updates(ids, ends - starts, equal, steps, round=index)
        updates, _ = own.algorithm.finish(updates, state, local)
        for stage in own.uplink:
            updates = stage(updates)
        return leave_out_not_finite(self._weigh(updates, starts, trips, state))

    def _weigh(
        self, updates: Updates, starts: Tensor, trips: Sequence[Span], state: State
    ) -> Updates:
        validate.same_length(updates=len(updates), trips=len(trips))
        ages = [self.staleness(span.staleness) for span in trips]
        factor = torch.tensor(ages, dtype=starts.dtype)[:, None]  # (K, 1)
        if self.mixing is None:
            return replace(updates, deltas=factor * updates.deltas)
        pull = starts + updates.deltas - state.params  # (K, d)
        return replace(updates, deltas=self.mixing * factor * pull)


def fedasync(
    federation: Federation,
    devices: Sequence[Device],
    *,
    mixing: float = 0.6,
    staleness: Staleness | None = None,
) -> Asynchronous:
    """Let every arriving model be mixed into the server's at once.

    ``x <- (1 - a) x + a x_k`` with ``a = mixing * s(staleness)``. Large mixing, the
    model follows the last arrival; 1 with a fresh update replaces it.

    Parameters
    ----------
    federation
        ``cohort_size`` clients are at work at any time. FedAvg's clients, or FedProx's
        for the paper's regularised ones. Aggregation weights play no part.
    devices
        one for each client.
    mixing
        alpha, in (0, 1].
    staleness
        s; None takes ``polynomial(0.5)``.

    References
    ----------
    Xie et al. 2019 (arXiv:1903.03934), Algorithm 1. Here the staleness of an update is
    0 when nothing came in between.
    """
    age = polynomial(0.5) if staleness is None else staleness
    return Asynchronous(
        federation=federation, devices=devices, staleness=age, mixing=mixing
    )


def fedbuff(
    federation: Federation,
    devices: Sequence[Device],
    *,
    buffer: int = 10,
    staleness: Staleness = inverse_root,
) -> Asynchronous:
    """Change the model whenever ``buffer`` updates have come in.

    ``x <- x + server_lr * sum_k s(staleness_k) delta_k / buffer``. A buffer of 1 reacts
    to each arrival; with equal devices and everyone's update in the buffer it is
    synchronous federated averaging with equal weights.

    Parameters
    ----------
    federation
        ``cohort_size`` clients are at work at any time; ``algorithm.step`` makes the
        change, so server optimisers work. Every update weighs 1 / buffer.
    devices
        one for each client.
    buffer
        K of the paper, 10 there.
    staleness
        s; the paper's is ``inverse_root``.

    References
    ----------
    Nguyen et al. 2022 (arXiv:2106.06639), Algorithm 1. The clients' updates are not
    masked here.
    """
    return Asynchronous(
        federation=federation, devices=devices, buffer=buffer, staleness=staleness
    )
