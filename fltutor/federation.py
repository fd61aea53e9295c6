"""The loop: sample, distribute, train, aggregate, step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property, partial

from torch import Tensor

from fltutor import validate
from fltutor.aggregators import Aggregator, mean
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining
from fltutor.datasets import Dataset
from fltutor.engines import Engine, admit_clients, vectorised
from fltutor.history import History, Record, gather
from fltutor.promises import fit
from fltutor.rounds import Attendance, aggregate, draw, record, send, shares
from fltutor.stages import Stage, Uplink
from fltutor.task import Task
from fltutor.threads import one_thread_each
from fltutor.updates import State, Updates, admit, leave_out_not_finite


@dataclass(frozen=True, eq=False)
class Federation:
    """A server, its clients, and the algorithm that they follow.

    A round is ``close(train(sample))``: :meth:`train` is what happens at the clients
    and on the wire, :meth:`close` what the server makes of it.

    Parameters
    ----------
    task
        the model and its loss.
    clients
        the N clients; client i stands at place i. May build them lazily.
    algorithm
        FedAvg or a variant.
    local
        what each client does in a round.
    cohort_size
        K, clients sampled in each round without replacement; None takes
        all of them.
    sampling
        "fixed" draws exactly ``cohort_size`` clients. "poisson" lets each take part by
        itself with probability :attr:`rate` = cohort_size / N, as privacy accounting
        assumes: ``cohort_size`` is then the expected number, a round may have more,
        fewer or none, and a round of none changes nothing.
    aggregator
        ``(deltas (K, d), weights (K,)) -> (d,)``.
    uplink
        stages (:mod:`fltutor.stages`), applied in order to what the clients send.
    engine
        how a cohort is trained; every engine gives the same digits.
    seed
        of cohorts and batches.

    Raises
    ------
    ValueError
        no clients, a cohort larger than the federation, clients' data that do not
        fit the model or one another's (made on request: when they first take part).
    """

    task: Task
    clients: Sequence[Client]
    algorithm: FedAvg
    local: LocalTraining
    _: KW_ONLY
    cohort_size: int | None = None
    sampling: str = "fixed"
    aggregator: Aggregator = mean
    uplink: Sequence[Stage] = ()
    engine: Engine = vectorised
    seed: int = 0

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        validate.instance("task", self.task, Task)
        validate.instances("clients", self.clients, Client)
        validate.instance("algorithm", self.algorithm, FedAvg)
        validate.instance("local", self.local, LocalTraining)
        validate.function("aggregator", self.aggregator)
        validate.function("engine", self.engine)
        validate.seed(self.seed)
        if self.cohort_size is not None:
            size = validate.count("cohort_size", self.cohort_size, 1, len(self.clients))
            object.__setattr__(self, "cohort_size", size)
        validate.one_of("sampling", self.sampling, ("fixed", "poisson"))
        # clients that are made on request are checked when they take part
        made = isinstance(self.clients, list | tuple)
        admit_clients(self.task, self.clients if made else [self.clients[0]])
        fit(self)

    @property
    def rate(self) -> float:
        """Return the share of the clients that a round expects, q = K / N."""
        return self._expected / len(self.clients)

    def init(self) -> State:
        """Return the state before the first round, the stages' memory included."""
        own = self.algorithm.init(self.task.init(), len(self.clients))
        return self._uplink.add(own)

    def sample(self, index: int) -> Tensor:
        """Draw the cohort of a round: ids ``(K,)`` in ascending order [server].

        Parameters
        ----------
        index
            the round, from 0. The draw depends on the seed and this alone.
        """
        everyone = len(self.clients)
        return draw(self.seed, index, everyone, self._expected, self.sampling)

    def attend(self, index: int) -> Attendance:
        """Return who takes part in a round: everyone who is sampled [server].

        A federation with a clock knows better; it changes this and nothing else.
        """
        ids = self.sample(index)
        return Attendance(ids=ids, asked=len(ids), there=len(ids))

    def weights(self, cohort: Sequence[Client]) -> Tensor:
        """Return the cohort's aggregation weights ``(K,)``, sum 1 [server].

        n_k / n over the cohort's own examples, or 1 / K where the algorithm asks so.
        """
        return shares(self, [len(client) for client in cohort])

    @one_thread_each()  # the round's own tensors are small; engines see what is allowed
    def train(
        self,
        state: State,
        ids: Tensor,
        index: int,
        *,
        starts: Tensor | None = None,
        epochs: Sequence[int] | None = None,
        trips: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> tuple[Updates, State]:
        """Let a cohort train, finish and send: a round's first half [client, wire].

        The uplink's stages belong to this half: they change what clients send, and
        remember in the state. Clients that diverged are named and left out.

        Parameters
        ----------
        state, ids, index
            left as it is; who, ``(K,)``, maybe nobody; the round, from 0.
        starts, weights
            ``(K, d)`` and ``(K,)``; None asks the algorithm.
        epochs, trips
            ``(K,)``: each one's epochs; what names its batches, not the round.
        """
        admit(state, self._start)
        if len(ids) == 0:
            return Updates.nobody(state.params, index), state
        updates, own = send(
            self, self._uplink.without(state), ids, index,
            starts=starts, epochs=epochs, trips=trips, weights=weights,
        )  # fmt: skip
        if len(updates) == 0:
            return updates, state
        updates, state = self._uplink(updates, self._uplink.keep(own, state))
        return leave_out_not_finite(updates, self._uplink.words), state

    @one_thread_each()
    def close(self, state: State, updates: Updates) -> State:
        """Aggregate what came and move the model: a round's second half [server].

        Parameters
        ----------
        state
            as :meth:`train` returned it; it stays as it is where nobody came.
        updates
            rows that are not finite are named in a warning and left out.

        Raises
        ------
        ValueError
            the aggregator returned something else than a finite ``(d,)`` vector.
        """
        updates = leave_out_not_finite(updates)
        if len(updates) == 0:
            return state
        vector = aggregate(self.aggregator, updates, self._expected)  # (d,)
        own = self.algorithm.step(vector, updates, self._uplink.without(state))
        after = self._uplink.keep(own, state)
        admit(after, self._start, by=f"{self.algorithm.name}.step")
        return after

    def round(self, state: State, index: int) -> tuple[State, Updates]:
        """Run one round and return the new state and the round's matrix.

        Parameters
        ----------
        state, index
            left as it is; the round, from 0.
        """
        _, state, updates = self._round(state, index)
        return state, updates

    def rounds(
        self,
        n: int,
        test: Dataset | None = None,
        *,
        every: int = 1,
        state: State | None = None,
        start: int = 0,
    ) -> Iterator[Record]:
        """Run ``n`` rounds and yield a record after each, so that a caller may stop.

        Each record carries the state after its round, as ``record.state``.

        Parameters
        ----------
        n, test, every, state, start
            as in :meth:`run`; ``n`` may be 0.
        """
        validate.count("n", n, 0)
        validate.count("every", every)
        validate.count("start", start, 0)
        if test is not None:
            self.task.admits(test, "the test set")
        begin = self.init() if state is None else state
        admit(begin, self._start)
        return self._rounds(n, test, every, begin, start)

    def run(
        self,
        *,
        rounds: int,
        test: Dataset | None = None,
        every: int = 1,
        progress: bool | None = None,
        state: State | None = None,
        start: int = 0,
    ) -> History:
        """Run a federation and keep its ledger and its last state.

        Interrupted (the stop button), it returns what was run and warns.

        Parameters
        ----------
        rounds
            how many.
        test
            where the server's model is evaluated after a round; None leaves NaN.
        every
            evaluate in every so many rounds, and in the last.
        progress
            show a bar; None shows one once a run lasts two seconds.
        state, start
            go on from the state after ``start`` rounds as if there had been no pause:
            ``run(rounds=10, state=history.state, start=len(history))``.
        """
        validate.count("rounds", rounds)
        return gather(
            self.rounds(rounds, test, every=every, state=state, start=start),
            rounds=rounds,
            name=self.algorithm.name,
            state=self.init() if state is None else state,
            module=self.task.module,
            progress=progress,
        )

    def _round(self, state: State, index: int) -> tuple[Attendance, State, Updates]:
        who = self.attend(index)
        updates, kept = self.train(state, who.ids, index, epochs=who.epochs)
        return who, self.close(kept, updates), updates

    def _rounds(
        self, n: int, test: Dataset | None, every: int, state: State, start: int
    ) -> Iterator[Record]:
        for index in range(start, start + n):
            begin = time.perf_counter()
            who, state, updates = self._round(state, index)
            seconds = time.perf_counter() - begin
            due = (index + 1) % every == 0 or index + 1 == start + n
            scores = self.task.evaluate(state.params, test) if test and due else {}
            line = partial(record, self, who, updates, state, index=index)
            yield line(seconds=seconds, scores=scores)

    @property
    def _expected(self) -> int:
        return self.cohort_size or len(self.clients)

    @cached_property
    def _uplink(self) -> Uplink:
        return Uplink(self.uplink, self.task.init(), len(self.clients))

    @cached_property
    def _start(self) -> State:
        return self.init()
