"""Rounds with a clock: deadlines, over-selection, dropouts, partial work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from math import inf, isnan
from typing import Any

import torch

from fltutor import seeds, validate
from fltutor.datasets import Dataset
from fltutor.federation import Federation
from fltutor.history import Record
from fltutor.rounds import Attendance
from fltutor.systems.devices import (
    Device,
    Load,
    cut,
    depart,
    epochs_of,
    epochs_until,
    load_of,
    steps_per_epoch,
    trip,
    work_of,
)
from fltutor.systems.trace import USED, Span, Trace
from fltutor.updates import State


@dataclass(frozen=True, eq=False)
class Synchronous(Federation):
    """A federation with a clock; make one with :func:`synchronous`.

    A round trains those clients whose update will be used and nobody else: one that is
    late or gone keeps its own memory as it was before the round. The ledger knows of
    all: bytes down to everyone who answered, and everyone's local steps, of a client
    that was cut off those that it had done.

    Attributes
    ----------
    devices
        one for each client.
    deadline
        seconds after which a round ends; infinite for none.
    enough
        a round ends once so many have reported; None waits for all.
    partial
        True lets clients that would be late do fewer epochs and be home in time.
    """

    devices: Sequence[Device] = ()
    deadline: float = inf
    enough: int | None = None
    partial: bool = False

    def __post_init__(self) -> None:
        """Check the clock's settings against the federation."""
        super().__post_init__()
        validate.same_length(devices=len(self.devices), clients=len(self.clients))
        if isnan(self.deadline) or self.deadline <= 0:
            advice = "Use float('inf') to wait for everyone."
            raise validate.fail(f"deadline={self.deadline}", "deadline > 0", advice)
        if self.enough is not None:
            most = self.cohort_size or len(self.clients)
            validate.count("enough", self.enough, 1, most)

    def schedule(self, index: int, begin: float = 0.0) -> tuple[list[Span], float]:
        """Play one round on the clock, without training.

        Parameters
        ----------
        index
            the round, from 0.
        begin
            when it begins, in simulated seconds.

        Returns
        -------
        one span for each sampled client, in order of its id, and the round's end: the
        deadline, or the moment when enough have reported, or when everyone has
        reported or gone, whichever comes first.
        """
        load = load_of(self)
        spans = [self._span(i, index, begin, load) for i in self.sample(index).tolist()]
        in_time = sorted(
            (s.upload_end, s.client)
            for s in spans
            if s.outcome in USED and s.upload_end <= self._close(begin)
        )[: self.enough]
        used = {client for _, client in in_time}
        full = self.enough is not None and len(used) == self.enough
        last = max((span.upload_end for span in spans), default=begin)
        end = in_time[-1][0] if full else min(last, begin + self.deadline)
        done = [
            s
            if s.client in used
            else cut(s, end, "late" if s.outcome in USED else s.outcome)
            for s in spans
        ]
        return done, end

    def trace(self, rounds: int) -> Trace:
        """Play ``rounds`` rounds on the clock, without training."""
        validate.count("rounds", rounds)
        spans: list[Span] = []
        ends: list[float] = []
        for index in range(rounds):
            done, end = self.schedule(index, ends[-1] if ends else 0.0)
            spans += done
            ends.append(end)
        return Trace(tuple(spans), tuple(ends))

    def attend(self, index: int) -> Attendance:
        """Return who is in time, after how many epochs, and what the others did."""
        spans = self.schedule(index)[0]
        used = [span for span in spans if span.outcome in USED]
        lost = [
            work_of(s, self.devices[s.client], steps_per_epoch(self, s.client))
            for s in spans
            if s.outcome not in USED
        ]
        return Attendance(
            ids=torch.tensor([span.client for span in used], dtype=torch.int64),
            epochs=tuple(span.epochs for span in used),
            asked=len(spans),
            there=sum(span.outcome != "absent" for span in spans),
            lost_steps=sum(lost),
        )

    def rounds(
        self,
        n: int,
        test: Dataset | None = None,
        *,
        every: int = 1,
        state: State | None = None,
        start: int = 0,
    ) -> Iterator[Record]:
        """Run ``n`` rounds; ``seconds`` go on from where round ``start`` ended."""
        records = super().rounds(n, test, every=every, state=state, start=start)
        return self._timed(records, start)

    def _timed(self, records: Iterator[Record], start: int) -> Iterator[Record]:
        now = self.trace(start).ends[-1] if start else 0.0
        for index, record in enumerate(records, start):
            now = self.schedule(index, now)[1]
            yield replace(record, seconds=now).with_state(record.state)

    def _close(self, begin: float) -> float:
        return (begin + self.deadline) * (1 + 1e-12)  # sums of floats miss by a bit

    def _span(self, client: int, index: int, begin: float, load: Load) -> Span:
        device, steps = self.devices[client], steps_per_epoch(self, client)
        epochs = epochs_of(self, client)
        span = Span(
            client=client, round=index, start=begin, epochs=epochs, trip=index,
            download_end=begin, compute_end=begin, upload_end=begin,
        )  # fmt: skip
        close = begin + self.deadline
        whole = trip(span, device, load, epochs * steps)
        if self.partial and whole.upload_end > self._close(begin):
            fit = min(epochs_until(close, begin, device, load, steps), epochs)
            if fit >= 1:
                span = replace(span, epochs=fit, outcome="partial")
        return depart(span, device, load, span.epochs * steps, self.seed)


def synchronous(
    federation: Federation,
    devices: Sequence[Device],
    *,
    deadline: float = inf,
    enough: int | None = None,
    partial: bool = False,
) -> Synchronous:
    """Give a federation a clock.

    ``cohort_size=13`` with ``enough=10`` is over-selection: ask thirteen, go on with
    the first ten. Whoever is always slow is then never heard.

    Parameters
    ----------
    federation
        any; its cohorts, batches and start stay what they are.
    devices
        one for each client, from :func:`fltutor.systems.fleet` or by hand.
    deadline
        seconds after which a round ends.
    enough
        reports after which a round ends; None waits for all.
    partial
        keep partial work: a client that would miss the deadline does fewer epochs.

    References
    ----------
    Bonawitz et al. 2019 (arXiv:1902.01046), section 2.2, for deadline and
    over-selection; Li et al. 2020 (arXiv:1812.06127) for partial work.
    """
    return Synchronous(
        **parts(federation),
        devices=devices,
        deadline=deadline,
        enough=enough,
        partial=partial,
    )


@dataclass(frozen=True, eq=False)
class Straggling(Federation):
    """A federation with FedProx's stragglers; make one with :func:`stragglers`."""

    fraction: float = 0.5
    keep: bool = True

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        if not 0 <= self.fraction <= 1:
            raise validate.fail(
                f"fraction={self.fraction}", "0 <= fraction <= 1", "The paper uses 0.9."
            )

    def work(self, index: int) -> dict[int, int]:
        """Return who sends in a round, and after how many epochs: id -> epochs."""
        epochs, slow = self._epochs(index)
        return {i: e for i, e in epochs.items() if self.keep or i not in slow}

    def attend(self, index: int) -> Attendance:
        """Return who sends what they have done, and the work that is thrown away."""
        epochs, _ = self._epochs(index)
        sends = self.work(index)
        lost = [
            e * steps_per_epoch(self, i) for i, e in epochs.items() if i not in sends
        ]
        return Attendance(
            ids=torch.tensor(list(sends), dtype=torch.int64),
            epochs=tuple(sends.values()),
            asked=len(epochs),
            there=len(epochs),
            lost_steps=sum(lost),
        )

    def _epochs(self, index: int) -> tuple[dict[int, int], set[int]]:
        """Return everybody's epochs, id -> epochs, and who is a straggler."""
        ids = self.sample(index).tolist()
        who = seeds.stream(self.seed, "stragglers", index).permutation(len(ids))
        slow = {ids[k] for k in who[: round(self.fraction * len(ids))]}
        epochs = {i: epochs_of(self, i) for i in ids}
        for i in slow:
            draw = seeds.stream(self.seed, "straggler", index, i)
            epochs[i] = int(draw.integers(1, max(epochs[i], 1), endpoint=True))
        return epochs, slow


def stragglers(federation: Federation, *, fraction: float, keep: bool) -> Straggling:
    """Make a fraction of every cohort run out of time, as in FedProx's experiments.

    A straggler gets through x of its E epochs, x uniform on 1..E. Seed and round
    decide who and how far, so that two algorithms meet the same stragglers.

    Parameters
    ----------
    federation
        any.
    fraction
        of each cohort, in [0, 1], rounded to whole clients; 0, 0.5, 0.9 in the paper.
    keep
        True uses their partial work (FedProx), False drops them (FedAvg as the
        paper runs it). A round without anybody leaves the model unchanged.

    References
    ----------
    Li et al. 2020 (arXiv:1812.06127), section 5.2. (The authors' code draws 1..E - 1.)
    """
    return Straggling(**parts(federation), fraction=fraction, keep=keep)


def parts(federation: Federation) -> dict[str, Any]:
    """Return a plain federation's fields by name; refuse one that has a clock."""
    refuse_wrapped(federation)
    return {f.name: getattr(federation, f.name) for f in fields(Federation)}


def refuse_wrapped(federation: Federation) -> None:
    """Refuse a federation that already decides who is in time.

    Raises
    ------
    ValueError
        for a :class:`Synchronous` or :class:`Straggling` one.
    """
    if isinstance(federation, (Synchronous, Straggling)):
        raise validate.fail(
            f"a federation that is {type(federation).__name__} already",
            "a plain Federation",
            "Its stragglers or clock would be lost: choose one of the two.",
        )
