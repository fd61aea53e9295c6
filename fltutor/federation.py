"""The loop: sample, distribute, train, aggregate, step."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.aggregators import Aggregator, mean
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining, batch_plan
from fltutor.datasets import Dataset
from fltutor.engines import Engine, vectorised
from fltutor.history import History, Record
from fltutor.task import Task
from fltutor.threads import one_thread_each
from fltutor.updates import State, Updates

#: One thing done to the round's updates between the clients and the aggregator.
Stage: TypeAlias = Callable[[Updates], Updates]


@dataclass(frozen=True, eq=False)
class Federation:
    """A server, its clients, and the algorithm that they follow.

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
    aggregator
        ``(deltas (K, d), weights (K,)) -> (d,)``.
    uplink
        stages ``Updates -> Updates``, applied in order.
    engine
        how a cohort is trained; every engine gives the same digits.
    seed
        of cohorts and batches.

    Raises
    ------
    ValueError
        no clients, a cohort larger than the federation, data in another
        precision than the model.
    """

    task: Task
    clients: Sequence[Client]
    algorithm: FedAvg
    local: LocalTraining
    _: KW_ONLY
    cohort_size: int | None = None
    aggregator: Aggregator = mean
    uplink: Sequence[Stage] = ()
    engine: Engine = vectorised
    seed: int = 0

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        validate.not_empty("clients", self.clients)
        if self.cohort_size is not None:
            validate.count("cohort_size", self.cohort_size, 1, len(self.clients))
        x, params = self.clients[0].data.x, self.task.init()
        if x.is_floating_point() and x.dtype != params.dtype:
            raise validate.fail(
                f"data in {x.dtype} and a model in {params.dtype}",
                "one precision",
                "Call torch.set_default_dtype before you make data and model.",
            )

    def init(self) -> State:
        """Return the state before the first round."""
        return self.algorithm.init(self.task.init(), len(self.clients))

    def sample(self, index: int) -> Tensor:
        """Draw the cohort of a round: ids ``(K,)`` in ascending order [server].

        Parameters
        ----------
        index
            the round, from 0. The draw depends on the seed and this alone.
        """
        if self.cohort_size in (None, len(self.clients)):
            return torch.arange(len(self.clients))
        draw = seeds.stream(self.seed, "cohort", index)
        ids = draw.choice(len(self.clients), self.cohort_size, replace=False)
        return torch.from_numpy(ids).sort().values

    def weights(self, cohort: Sequence[Client]) -> Tensor:
        """Return the cohort's aggregation weights ``(K,)``, sum 1 [server].

        n_k / n over the cohort's own examples, or 1 / K where the algorithm asks so.
        """
        return self._weights([len(client) for client in cohort])

    def _weights(self, sizes: Sequence[int]) -> Tensor:
        if self.algorithm.weighting == "uniform":
            return torch.full((len(sizes),), 1 / len(sizes), dtype=self.task.dtype)
        weights = torch.tensor(sizes, dtype=self.task.dtype)
        return weights / weights.sum()

    @one_thread_each()  # the round's own tensors are small; engines see what is allowed
    def round(self, state: State, index: int) -> tuple[State, Updates]:
        """Run one round and return the new state and the round's matrix.

        Parameters
        ----------
        state
            left as it is.
        index
            the round, from 0.
        """
        ids = self.sample(index)  # (K,)
        cohort = [self.clients[i] for i in ids.tolist()]
        starts = self.algorithm.start(state, ids)  # (K, d)
        local = self.local.of(ids)
        streams = seeds.keys(self.seed, "batches", index, ids)
        sizes = [len(client) for client in cohort]
        plan = batch_plan(sizes, local, streams)
        direction, memory = self.algorithm.direction, state.rows(ids)
        ends, steps = self.engine(
            self.task, starts, cohort, plan, local, direction, memory
        )  # (K, d), (K,)
        extra = self._gradients(starts, cohort, local)
        weights = self._weights(sizes)  # (K,)
        updates = Updates(ids, ends - starts, weights, steps, extra, round=index)
        updates = leave_out_not_finite(updates)
        if len(updates) > 0:
            updates, state = self.algorithm.finish(updates, state, local)
        for stage in self.uplink:
            updates = stage(updates)
        updates = leave_out_not_finite(updates)
        if len(updates) == 0:
            return state, updates
        aggregate = self.aggregator(updates.deltas, updates.weights)  # (d,)
        return self.algorithm.step(aggregate, updates, state), updates

    def rounds(
        self, n: int, test: Dataset | None = None, every: int = 1
    ) -> Iterator[Record]:
        """Run ``n`` rounds and yield a record after each, so that a caller may stop.

        Parameters
        ----------
        n
            rounds.
        test
            where the server's model is evaluated; None leaves NaN.
        every
            evaluate in every so many rounds, and in the last.
        """
        state = self.init()
        for index in range(n):
            begin = time.perf_counter()
            state, updates = self.round(state, index)
            seconds = time.perf_counter() - begin
            due = (index + 1) % every == 0 or index + 1 == n
            scores = self.task.evaluate(state.params, test) if test and due else {}
            yield self._record(index, state, updates, seconds, scores)

    def run(
        self,
        *,
        rounds: int,
        test: Dataset | None = None,
        every: int = 1,
        progress: bool | None = None,
    ) -> History:
        """Run a federation and keep its ledger.

        Parameters
        ----------
        rounds
            how many.
        test
            where the server's model is evaluated after a round.
        every
            evaluate in every so many rounds, and in the last.
        progress
            show a bar; None shows one once a run lasts two seconds.
        """
        from tqdm.auto import tqdm

        validate.count("rounds", rounds)
        validate.count("every", every)
        bar = tqdm(
            self.rounds(rounds, test, every),
            total=rounds,
            desc=self.algorithm.name,
            delay=2.0 if progress is None else 0.0,
            disable=progress is False,
            leave=False,
        )
        return History(tuple(bar), self.algorithm.name)

    def _gradients(
        self, starts: Tensor, cohort: Sequence[Client], local: LocalTraining
    ) -> dict[str, Tensor]:
        """Let an algorithm that asks for it have each client's gradient at its start.

        One full-batch step of lr 1 along the plain gradient, whatever the engine.
        """
        if not self.algorithm.full_gradient:
            return {}
        once = replace(local, epochs=1, batch_size=None, lr=1.0, momentum=0.0)
        sizes = [len(client) for client in cohort]
        plan = batch_plan(sizes, once, seeds.keys(0, "gradient", range(len(sizes))))
        plain = FedAvg().direction
        ends, _ = self.engine(self.task, starts, cohort, plan, once, plain, {})
        return {"gradient": starts - ends}  # (K, d)

    def _record(
        self,
        index: int,
        state: State,
        updates: Updates,
        seconds: float,
        scores: dict[str, float],
    ) -> Record:
        sampled = self.cohort_size or len(self.clients)
        copies = 1 + len(self.algorithm.downloads)
        vector_bytes = state.params.numel() * state.params.element_size()
        return Record(
            round=index + 1,
            participants=len(updates),
            left_out=sampled - len(updates),
            bytes_up=updates.nbytes,
            bytes_down=sampled * copies * vector_bytes,
            local_steps=int(updates.steps.sum()),
            wall_seconds=seconds,
            **scores,
        )


def leave_out_not_finite(updates: Updates) -> Updates:
    """Drop rows with NaN or infinity, and name their clients in a warning [server]."""
    matrices = (updates.deltas, *updates.extra.values())  # (K, d) each
    if all(math.isfinite(m.sum()) for m in matrices):  # as nearly always
        return updates
    rows = torch.stack([m.sum(dim=1) for m in matrices])  # (1 + extras, K)
    good = torch.isfinite(rows).all(dim=0)  # (K,)
    if bool(good.all()):
        return updates
    bad = updates.ids[~good].tolist()
    warnings.warn(
        f"Round {updates.round + 1}: the updates of clients {bad} are not finite and "
        "were left out. A smaller lr usually helps.",
        stacklevel=3,
    )
    return updates.keep(good)
