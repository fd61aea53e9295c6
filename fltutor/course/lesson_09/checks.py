"""Checks of lesson 09, who shows up, and when."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from math import inf

import torch
from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Check, case, draw, edit, tensor

Seconds = Sequence[float]

# ---- when a round ends -----------------------------------------------------------


def round_end(seconds: Seconds, deadline: float, enough: int) -> tuple[float, int]:
    """Return when the round ends and how many reports are used."""
    there = sorted(s for s in seconds if s <= deadline)
    if len(there) >= enough:
        return there[enough - 1], enough
    return deadline, len(there)


def _no_such_report(
    seconds: Seconds, deadline: float, enough: int
) -> tuple[float, int]:
    end = min(sorted(seconds)[enough - 1], deadline)
    return end, min(enough, sum(s <= deadline for s in seconds))


def _cohort(rng: Generator) -> tuple[list[float], float, int]:
    """Return reports with ties and surplus; too few; some never, or no deadline."""
    clients = int(rng.integers(1, 6))
    seconds = [float(s) for s in rng.integers(1, 8, size=clients)]
    deadline = float(rng.choice([*range(2, 10), inf, inf]))
    if deadline < inf:
        seconds = [inf if rng.random() < 0.2 else s for s in seconds]
    return seconds, deadline, int(rng.integers(1, clients + 2))


_NTH = "there[enough - 1], enough"
_ALL = "sorted(s for s in seconds if s <= deadline)"
_FEWER = "min(enough, len(seconds))"

ROUND_END = Check(
    id="09.round_end",
    reference=round_end,
    cases=(
        case("all", [3, 1, 2], 10, 3, expected=(3, 3)),
        case("enough", [3, 1, 9], 5, 2, expected=(3, 2)),
        case("surplus", [3, 1, 4, 2], 5, 2, expected=(2, 2)),
        case("tie", [4, 1, 4, 4], 6, 2, expected=(4, 2)),
        case("deadline", [3, 1, 9], 5, 3, expected=(5, 2)),
        case("in_time", [5, 1], 5, 2, expected=(5, 2)),
        case("never", [inf, 2], 6, 2, expected=(6, 1)),
        case("nobody", [8, 9], 4, 1, expected=(4, 0)),
        case("more_than_asked", [3, 1], 5, 3, expected=(5, 2)),
        case("no_deadline", [3, 1, 2], inf, 2, expected=(2, 2)),
    ),
    random=_cohort,
    draws=40,
    mistakes={
        "enough": edit("if len(there) >= enough:", "if max(seconds) <= deadline:",
                       _NTH, "there[-1], len(there)"),
        "list_order": edit(_ALL, "[s for s in seconds if s <= deadline]"),
        "first_asked": edit("in seconds if", "in seconds[:enough] if"),
        "until_deadline": edit(_NTH, "deadline, enough"),
        "last_came": edit("return deadline, len(there)",
                          "return max(there, default=deadline), len(there)"),
        "too_late": edit("s <= deadline", "s < deadline"),
        "late_count": edit("deadline, len(there)", "deadline, enough"),
        "surplus": edit(_NTH, "there[enough - 1], len(there)"),
        "tie": edit(_NTH, "(end := there[enough - 1]), sum(s <= end for s in there)"),
        "one_of_a_tie": edit(_ALL, "sorted({s for s in seconds if s <= deadline})"),
        "one_more": edit(">= enough", "> enough"),
        "any_late": edit(">= enough", ">= max(enough, len(seconds))",
                         "deadline, len(there)", "deadline, min(enough, len(there))"),
        "all_are_in": edit(">= enough", f">= {_FEWER}", _NTH,
                           f"there[{_FEWER} - 1], {_FEWER}"),
        "no_such_report": _no_such_report,
        "added": edit(_NTH, "sum(there[:enough]), enough"),
        "exchanged": edit(_NTH, "enough, there[enough - 1]",
                          "deadline, len(there)", "len(there), deadline"),
    },
)  # fmt: skip

# ---- weights that undo an uneven sampling ----------------------------------------


def unbiased_weights(sizes: Tensor, chances: Tensor, ids: Sequence[int]) -> Tensor:
    """Return one weight for each drawing, ``(K,)``."""
    share = sizes / sizes.sum()  # (N,)
    return share[ids] / (chances[ids] * len(ids))


def _drawing(rng: Generator) -> tuple[Tensor, Tensor, list[int]]:
    clients = int(rng.integers(2, 6))
    chances = draw(rng, clients, low=1, high=9, digits=0)
    ids = rng.integers(clients, size=rng.integers(1, 6)).tolist()
    return draw(rng, clients, low=1, high=60, digits=0), chances / chances.sum(), ids


_UNEVEN = (tensor(10.0, 30.0, 60.0), tensor(0.5, 0.3, 0.2))
_WEIGHTS = "share[ids] / (chances[ids] * len(ids))"

UNBIASED_WEIGHTS = Check(
    id="09.unbiased_weights",
    reference=unbiased_weights,
    cases=(
        case("even", tensor(5.0, 5.0, 5.0, 5.0), tensor(0.25, 0.25, 0.25, 0.25),
             [0, 2], expected=[0.5, 0.5]),
        case("uneven", *_UNEVEN, [2, 0], expected=[1.5, 0.1]),
        case("twice", *_UNEVEN, [1, 1, 0], expected=[1 / 3, 1 / 3, 1 / 15]),
        case("alone", *_UNEVEN, [2], expected=[3.0]),
    ),
    random=_drawing,
    mistakes={
        "normalised": edit(f"return {_WEIGHTS}", f"weights = {_WEIGHTS}\n"
                           "    return weights / weights.sum()"),
        "sum": edit("(chances[ids] * len(ids))", "chances[ids]"),
        "no_chances": edit("(chances[ids] * len(ids))", "len(ids)"),
        "multiplied": edit("/ (chances[ids] * len(ids))", "* chances[ids] / len(ids)"),
        "upside_down": edit(_WEIGHTS, "chances[ids] / (share[ids] * len(ids))"),
        "cohort": edit("sizes.sum()", "sizes[ids].sum()"),
        "cohort_chances": edit("chances[ids] *", "chances[ids] / chances[ids].sum() *"),
        "fedavg": edit(_WEIGHTS, "sizes[ids] / sizes[ids].sum()"),
        "no_sizes": edit("share[ids] /", "1 /"),
        "counts": edit("sizes / sizes.sum()", "sizes"),
        "by_all": edit("len(ids)", "len(sizes)"),
        "by_distinct": edit("len(ids)", "len(set(ids))"),
        "divided_twice": edit("len(ids)", "len(ids) ** 2"),
        "distinct": edit("share = ", "ids = sorted(set(ids))\n    share = "),
        "sorted": edit("share = ", "ids = sorted(ids)\n    share = "),
        "at_least_once": edit("(chances[ids] * len(ids))",
                              "(1 - (1 - chances[ids]) ** len(ids))"),
        "all_clients": edit(_WEIGHTS, "share / (chances * len(ids))"),
    },
)  # fmt: skip

# ---- a buffer with a discount for age --------------------------------------------


def fedbuff_step(
    params: Tensor, deltas: Tensor, staleness: Tensor, server_lr: float
) -> Tensor:
    """Return the params after a full buffer, ``(d,)``."""
    discount = 1 / torch.sqrt(1 + staleness)  # (K,)
    return params + server_lr * (discount[:, None] * deltas).mean(0)


def _buffer(rng: Generator) -> tuple[Tensor, Tensor, Tensor, float]:
    updates, dim = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    staleness = draw(rng, updates, low=0, high=8, digits=0)
    lr = float(rng.choice([0.1, 0.5, 1.0, 2.0]))
    return draw(rng, dim), draw(rng, updates, dim), staleness, lr


_AT = tensor(1.0, -1.0, 0.0)
_DELTAS = tensor([4.0, 2.0, 0.0], [-2.0, 8.0, 6.0], [0.0, -4.0, 12.0])  # (K, d)
_TWO = (_AT, _DELTAS[:2])
_MEAN = "(discount[:, None] * deltas).mean(0)"

FEDBUFF_STEP = Check(
    id="09.fedbuff_step",
    reference=fedbuff_step,
    cases=(
        case("fresh", *_TWO, tensor(0.0, 0.0), 1.0, expected=[2.0, 4.0, 3.0]),
        case("old", *_TWO, tensor(3.0, 3.0), 1.0, expected=[1.5, 1.5, 1.5]),
        case("mixed", *_TWO, tensor(0.0, 8.0), 1.0, expected=[8 / 3, 4 / 3, 1.0]),
        case("half", *_TWO, tensor(0.0, 3.0), 0.5, expected=[1.75, 0.5, 0.75]),
        # rows (4, 2, 0), (-1, 4, 3) and (0, -1, 3), their sum (3, 5, 6)
        case("square", _AT, _DELTAS, tensor(0.0, 3.0, 15.0), 1.0,
             expected=[2.0, 2 / 3, 2.0]),
    ),
    random=_buffer,
    mistakes={
        "shares": edit(_MEAN, "(discount[:, None] * deltas).sum(0) / discount.sum()"),
        "no_discount": edit("discount[:, None] * deltas", "deltas"),
        "sum": edit(".mean(0)", ".sum(0)"),
        "no_root": edit("torch.sqrt(1 + staleness)", "(1 + staleness)"),
        "one_plus_root": edit("sqrt(1 + staleness)", "add(staleness.sqrt(), 1)"),
        "no_one": edit("1 + staleness", "staleness"),
        "exponential": edit("1 / torch.sqrt(1 + staleness)", "torch.exp(-staleness)"),
        "old_is_heavy": edit("1 / torch", "torch"),
        "wrong_axis": edit("discount[:, None]", "discount"),
        "means_apart": edit(_MEAN, "discount.mean() * deltas.mean(0)"),
        "mean_age": edit("1 + staleness", "1 + staleness.mean()",
                         "discount[:, None]", "discount"),
        "oldest": edit("1 + staleness", "1 + staleness.max()",
                       "discount[:, None]", "discount"),
        "no_lr": edit("server_lr * ", ""),
        "subtracts": edit("params + server_lr", "params - server_lr"),
        "only_the_step": edit("return params + ", "return "),
        "over_entries": edit(".mean(0)", ".mean(1)"),
        "rows": edit(".mean(0)", ""),
        "in_place": edit("(discount[:, None] * deltas)",
                         "deltas.mul_(discount[:, None])"),
    },
)  # fmt: skip

# ---- a clock without rounds ------------------------------------------------------


def count_updates(seconds: Seconds, places: int, until: float) -> list[int]:
    """Return how many updates of each client have arrived, ``(N,)``."""
    line = list(range(len(seconds)))
    queue: list[tuple[float, int]] = []
    counts = [0] * len(seconds)
    for _ in range(places):
        client = line.pop(0)
        heapq.heappush(queue, (seconds[client], client))
    while queue[0][0] <= until:
        now, client = heapq.heappop(queue)
        counts[client] += 1
        line.append(client)
        following = line.pop(0)
        heapq.heappush(queue, (now + seconds[following], following))
    return counts


def _in_waves(seconds: Seconds, places: int, until: float) -> list[int]:
    counts, line, now = [0] * len(seconds), list(range(len(seconds))), 0.0
    while now <= until:
        wave, line = line[:places], line[places:]
        for client in wave:
            counts[client] += now + seconds[client] <= until
        line += wave
        now += max(seconds[client] for client in wave)
    return counts


def _trips(rng: Generator) -> tuple[list[float], int, float]:
    """Return times in halves, which add up exactly: many trips end together."""
    clients = int(rng.integers(1, 6))
    seconds = [float(s) / 2 for s in rng.integers(1, 9, size=clients)]
    places = int(rng.integers(1, clients + 1))
    return seconds, places, float(rng.integers(4, 25)) / 2


_FIRST = "heapq.heappush(queue, (seconds[client], client))"
_NEXT = "heapq.heappush(queue, (now + seconds[following], following))"
_BEHIND = "queue.insert(len(queue)"
_TURN = "line.append(client)\n        following = line.pop(0)\n"

COUNT_UPDATES = Check(
    id="09.count_updates",
    reference=count_updates,
    cases=(
        case("one", [2], 1, 5, expected=[2]),
        case("everyone", [1, 2, 4], 3, 9, expected=[9, 4, 2]),
        case("turns", [1, 2, 4], 1, 10, expected=[2, 2, 1]),
        case("at_the_end", [2, 3], 1, 5, expected=[1, 1]),
        case("two_places", [1, 5, 2, 1], 2, 9.5, expected=[4, 1, 2, 3]),
    ),
    random=_trips,
    draws=24,
    mistakes={
        "waves": _in_waves,
        "same_again": edit(_TURN, "following = client\n"),
        "lowest": edit("line.append(client)", "line = [*sorted(line), client]"),
        "begun": edit("counts[client] += 1\n        line", "line",
                      _FIRST, f"{_FIRST}\n        counts[client] += 1",
                      _NEXT, f"{_NEXT}\n        counts[following] += 1"),
        "too_late": edit("<= until", "< until"),
        "no_line": lambda seconds, places, until: [int(until // s) for s in seconds],
        "one_place": edit("range(places)", "range(1)"),
        "once": edit("while queue[0]", "while queue and queue[0]",
                     "line.append(client)\n", "if not line:\n            continue\n"),
        "their_seconds": edit("seconds[following]", "seconds[client]"),
        "not_sorted": edit("heapq.heappop(queue)", "queue.pop(0)",
                           _FIRST, _FIRST.replace("heapq.heappush(queue", _BEHIND),
                           _NEXT, _NEXT.replace("heapq.heappush(queue", _BEHIND)),
        "highest": edit(_FIRST, _FIRST.replace(", client)", ", -client)"),
                        _NEXT, _NEXT.replace(", following)", ", -following)"),
                        "counts[client]", "client = -client\n        counts[client]"),
        "total": edit("return counts", "return sum(counts)"),
    },
)  # fmt: skip

CHECKS = (ROUND_END, UNBIASED_WEIGHTS, FEDBUFF_STEP, COUNT_UPDATES)
