"""The event clock of asynchronous training: who arrives when, without training."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from fltutor import seeds
from fltutor.federation import Federation
from fltutor.systems.devices import (
    Device,
    Load,
    depart,
    epochs_of,
    load_of,
    steps_per_epoch,
)
from fltutor.systems.trace import USED, Span

#: seconds until a place is offered again after an absent client was asked
RETRY = 1.0
#: at one moment, trips end before places are offered: a wave that arrives together
#: is aggregated before the next one starts
END, OFFER = 0, 1


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """The updates that change the model together, and what ended since the last time.

    Attributes
    ----------
    seconds
        when the model changes.
    used
        the trips in the buffer, in order of arrival.
    ended
        all trips that ended since the last change, used or not.
    running
        trips that are under way.
    """

    seconds: float
    used: tuple[Span, ...]
    ended: tuple[Span, ...]
    running: tuple[Span, ...]


@dataclass
class _Desk:
    """What the server has on its desk while the clock runs."""

    version: int = 0
    offers: int = 0
    running: dict[int, Span] = field(default_factory=dict)
    trips: dict[int, int] = field(default_factory=dict)
    used: list[Span] = field(default_factory=list)
    ended: list[Span] = field(default_factory=list)

    def take_in(self, client: int) -> None:
        """Receive what a trip brought, or note that it brought nothing."""
        span = self.running.pop(client)
        if span.outcome in USED:
            span = replace(span, staleness=self.version - span.round)
            self.used.append(span)
        self.ended.append(span)

    def hand_over(self, now: float) -> Arrivals:
        """Empty the buffer into the model."""
        arrivals = Arrivals(
            seconds=now,
            used=tuple(self.used),
            ended=tuple(self.ended),
            running=tuple(self.running.values()),
        )
        self.version += 1
        self.used, self.ended = [], []
        return arrivals


def arrivals(
    federation: Federation, devices: Sequence[Device], buffer: int
) -> Iterator[Arrivals]:
    """Play the clock, endlessly: yield whenever ``buffer`` updates have come in.

    ``cohort_size`` places are offered at time 0. A place goes to a client drawn at
    random among those that are idle, and is offered again when its trip ends.

    Parameters
    ----------
    federation
        gives sizes, epochs, bytes, ``cohort_size`` and seed; nothing is trained.
    devices
        one for each client.
    buffer
        updates that change the model together.
    """
    desk, load = _Desk(), load_of(federation)
    places = federation.cohort_size or len(federation.clients)
    queue = [(0.0, OFFER, place) for place in range(places)]
    while True:
        now, kind, number = heapq.heappop(queue)
        if kind == OFFER:
            span = _launch(federation, devices, desk, load, now)
            if span.outcome == "absent":
                desk.ended.append(span)
                heapq.heappush(queue, (now + RETRY, OFFER, desk.offers))
            else:
                desk.running[span.client] = span
                heapq.heappush(queue, (span.upload_end, END, span.client))
        else:
            desk.take_in(number)
            heapq.heappush(queue, (now, OFFER, desk.offers))
            if len(desk.used) == buffer:
                yield desk.hand_over(now)


def _launch(
    federation: Federation,
    devices: Sequence[Device],
    desk: _Desk,
    load: Load,
    now: float,
) -> Span:
    """Draw an idle client and send it on its next trip."""
    everyone = range(len(federation.clients))
    idle = [i for i in everyone if i not in desk.running]
    draw = seeds.stream(federation.seed, "place", desk.offers)
    client = idle[int(draw.integers(len(idle)))]
    desk.offers += 1
    epochs = epochs_of(federation, client)
    span = Span(
        client=client, round=desk.version, start=now, download_end=now,
        compute_end=now, upload_end=now, epochs=epochs,
        trip=desk.trips.get(client, 0),
    )  # fmt: skip
    desk.trips[client] = span.trip + 1
    steps = epochs * steps_per_epoch(federation, client)
    return depart(span, devices[client], load, steps, federation.seed)
