"""Exercise 09.count_updates: a clock for training without rounds."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from fltutor.checks.old import Check, Mistake, example


def _given(seconds: Sequence[float], places: int, until: float) -> dict[str, object]:
    return {"seconds": list(seconds), "places": places, "until": until}


def _play(
    seconds: Sequence[float],
    places: int,
    until: float,
    *,
    line: str = "first in",
    count: str = "ended",
) -> list[int]:
    """Play the clock; ``line`` says who takes a free place, ``count`` what counts."""
    waiting = list(range(len(seconds)))
    counts = [0] * len(seconds)
    queue: list[tuple[float, int]] = []

    def send(now: float) -> None:
        client = waiting.pop(0)
        counts[client] += count == "begun"
        heapq.heappush(queue, (now + seconds[client], client))

    for _ in range(places):
        send(0.0)
    while queue and (
        queue[0][0] < until or (count != "before" and queue[0][0] == until)
    ):
        now, client = heapq.heappop(queue)
        counts[client] += count != "begun"
        waiting = [client, *waiting] if line == "same" else [*waiting, client]
        if line == "lowest":
            waiting = [*sorted(waiting[:-1]), client]
        send(now)
    return counts


def _in_waves(seconds: Sequence[float], places: int, until: float) -> list[int]:
    counts, now = [0] * len(seconds), 0.0
    waiting = list(range(len(seconds)))
    while now <= until:
        wave, waiting = waiting[:places], waiting[places:]
        for client in wave:
            counts[client] += now + seconds[client] <= until
        waiting += wave
        now += max(seconds[client] for client in wave)
    return counts


COUNT_UPDATES = Check(
    id="09.count_updates",
    title="A clock without rounds",
    signature="count_updates(seconds, places, until) -> (N,)",
    cases=(
        example("one client", _given([2], 1, 5), [2]),
        example("a place for everyone", _given([1, 2, 4], 3, 9), [9, 4, 2]),
        example("one place: they take turns", _given([1, 2, 4], 1, 10), [2, 2, 1]),
        example("a trip that ends at the very end", _given([2, 3], 1, 5), [1, 1]),
        example("two places for four", _given([1, 5, 2, 1], 2, 9.5), [4, 1, 2, 3]),
    ),
    mistakes=(
        Mistake(
            "In waves",
            _in_waves,
            "The next clients set out only when all at work are back: these are rounds "
            "again. Each free place is taken at once.",
        ),
        Mistake(
            "The same client goes again",
            lambda seconds, places, until: _play(seconds, places, until, line="same"),
            "Whoever comes back keeps the place, and the others wait for ever. The one "
            "who comes back goes to the *end* of the line.",
        ),
        Mistake(
            "The lowest number goes first",
            lambda seconds, places, until: _play(seconds, places, until, line="lowest"),
            "A free place goes to whoever has waited longest, not to the lowest "
            "number: keep a line, take from its front, append at its end.",
        ),
        Mistake(
            "Trips that have only begun",
            lambda seconds, places, until: _play(seconds, places, until, count="begun"),
            "An update counts when it arrives, not when its client sets out.",
        ),
        Mistake(
            "The very end is too late",
            lambda seconds, places, until: _play(
                seconds, places, until, count="before"
            ),
            "An update that arrives exactly at `until` counts: use <=.",
        ),
    ),
    hints=(
        "Two lists: a queue of trips under way, by the time of their end, and a line "
        "of clients that wait.",
        "Fill the places at time 0. Then, while the earliest end is <= until: take it, "
        "count it, put its client at the end of the line, send the first of the line.",
        "now, client = heapq.heappop(queue); counts[client] += 1; line.append(client); "
        "nxt = line.pop(0); heapq.heappush(queue, (now + seconds[nxt], nxt))",
    ),
)
