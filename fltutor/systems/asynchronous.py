"""No rounds: the model changes whenever enough updates have come in."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor

from fltutor import validate
from fltutor.datasets import Dataset
from fltutor.federation import Federation
from fltutor.history import History, Record, gather
from fltutor.rounds import Attendance, record
from fltutor.systems.clock import Arrivals, arrivals
from fltutor.systems.cohorts import refuse_wrapped
from fltutor.systems.devices import Device, steps_per_epoch, work_of
from fltutor.systems.staleness import Staleness, inverse_root, polynomial
from fltutor.systems.trace import USED, Span, Trace
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
        validate.one_of("sampling", own.sampling, ["fixed"])
        algorithm = own.algorithm
        if own.init().clients or algorithm.downloads or algorithm.full_gradient:
            raise validate.fail(
                f"{algorithm.name} or a stage whose clients keep or exchange more than "
                "a model",
                "an algorithm and stages without client memory",
                "Their memory would belong to another model. Use FedAvg, FedProx or a "
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
            updates, state = self._train(starts, batch.used, state, index)
            state = own.close(state, updates)
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
        self, n: int, test: Dataset | None = None, *, every: int = 1
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
        validate.count("n", n, 0)
        validate.count("every", every)
        return self._rounds(n, test, every)

    def run(
        self, *, rounds: int, test: Dataset | None = None, every: int = 1
    ) -> History:
        """Run until the model has changed ``rounds`` times and keep the ledger."""
        validate.count("rounds", rounds)
        return gather(
            self.rounds(rounds, test, every=every),
            rounds=rounds,
            name=self.name,
            state=self.federation.init(),
            module=self.federation.task.module,
            progress=False,
        )

    def _rounds(self, n: int, test: Dataset | None, every: int) -> Iterator[Record]:
        own, begin = self.federation, time.perf_counter()
        for index, (state, updates, batch) in enumerate(self.changes(n)):
            wall = time.perf_counter() - begin
            due = (index + 1) % every == 0 or index + 1 == n
            scores = own.task.evaluate(state.params, test) if test and due else {}
            line = record(
                own, self._attendance(batch), updates, state,
                index=index, seconds=wall, scores=scores,
            )  # fmt: skip
            # a client may stand in one buffer twice, which no accountant here counts
            line = replace(line, epsilon=math.nan, delta=math.nan)
            yield replace(line, seconds=batch.seconds).with_state(state)
            begin = time.perf_counter()

    def _attendance(self, batch: Arrivals) -> Attendance:
        """Return whose trips ended; bytes and work count when a trip does."""
        gone = [span for span in batch.ended if span.outcome not in USED]
        lost = [
            work_of(
                s, self.devices[s.client], steps_per_epoch(self.federation, s.client)
            )
            for s in gone
        ]
        return Attendance(
            ids=torch.tensor([span.client for span in batch.used]),
            asked=len(batch.used),
            there=sum(span.outcome != "absent" for span in batch.ended),
            lost_steps=sum(lost),
        )

    def _take(self, n: int) -> Iterator[Arrivals]:
        return islice(arrivals(self.federation, self.devices, self.buffer), n)

    def _train(
        self, starts: Tensor, trips: Sequence[Span], state: State, index: int
    ) -> tuple[Updates, State]:
        """Train a buffer's clients, each from its own start, and weigh by age."""
        updates, state = self.federation.train(
            state,
            torch.tensor([span.client for span in trips]),  # (K,)
            index,
            starts=starts,
            trips=torch.tensor([span.trip for span in trips]),  # (K,)
            weights=torch.full((len(trips),), 1 / len(trips), dtype=starts.dtype),
        )
        place = {(span.client, span.trip): k for k, span in enumerate(trips)}
        sent = zip(updates.ids.tolist(), updates.trips.tolist(), strict=True)
        rows = [place[which] for which in sent]  # of those that are still there
        ages = [self.staleness(trips[k].staleness) for k in rows]
        factor = torch.tensor(ages, dtype=starts.dtype)[:, None]  # (K, 1)
        if self.mixing is None:
            return replace(updates, deltas=factor * updates.deltas), state
        pull = starts[rows] + updates.deltas - state.params  # (K, d)
        return replace(updates, deltas=self.mixing * factor * pull), state


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
