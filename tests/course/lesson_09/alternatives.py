"""Correct answers to lesson 09, written as other people would write them."""

from __future__ import annotations

import heapq
from collections import deque

import numpy as np
import torch


def end_with_a_heap(times, limit, wanted):
    queue = list(times)
    heapq.heapify(queue)
    used = 0
    while queue and queue[0] <= limit and used < wanted:
        now = heapq.heappop(queue)
        used += 1
    return [now if used == wanted else limit, used]


def end_numpy(seconds, deadline, enough):
    order = np.sort(np.asarray(seconds, dtype=float))
    moment = order[enough - 1] if enough <= len(order) else np.inf
    used = min(int((order <= deadline).sum()), enough)
    return np.array([min(moment, deadline), used])


def weights_loop(n, p, drawn):
    total = sum(float(size) for size in n)
    return [float(n[k]) / (total * len(drawn) * float(p[k])) for k in drawn]


def weights_numpy(sizes, chances, ids):
    sizes, chances = np.asarray(sizes), np.asarray(chances)
    return sizes[ids] / (sizes.sum() * chances[ids] * len(ids))


def buffer_loop(model, rows, ages, lr):
    new = model.clone()
    for row, age in zip(rows, ages, strict=True):
        new = new + lr * row / (len(rows) * (1 + age).sqrt())
    return new


def buffer_numpy(x, deltas, s, step):
    x, deltas, s = (np.asarray(v) for v in (x, deltas, s))
    return x + step / len(s) * (1 / np.sqrt(1 + s)) @ deltas


def buffer_float32(params, deltas, staleness, server_lr):
    factor = torch.rsqrt(1 + staleness.float())
    return params + server_lr * torch.einsum("k,kd->d", factor, deltas.float()) / len(
        factor
    )


def counts_deque(trip, slots, end):
    line = deque(enumerate(trip))
    busy, done = [], np.zeros(len(trip))
    now = 0.0
    while now <= end:
        while len(busy) < slots:
            client, length = line.popleft()
            heapq.heappush(busy, (now + length, client, length))
        now, client, length = heapq.heappop(busy)
        if now <= end:
            done[client] += 1
        line.append((client, length))
    return done


def counts_without_heapq(seconds, places, until):
    free_at = {client: seconds[client] for client in range(places)}
    line = list(range(places, len(seconds)))
    arrivals = []
    while min(free_at.values()) <= until:
        now, client = min((end, c) for c, end in free_at.items())
        del free_at[client]
        arrivals.append(client)
        line.append(client)
        following = line.pop(0)
        free_at[following] = now + seconds[following]
    return torch.bincount(
        torch.tensor(arrivals, dtype=torch.int64), minlength=len(seconds)
    )


def end_loop(seconds, deadline, enough):
    used = 0
    for now in sorted(seconds):
        if now > deadline:
            break
        used += 1
        if used == enough:
            return now, used
    return deadline, used


def end_torch(seconds, deadline, enough):
    times = torch.tensor(seconds, dtype=torch.float64).sort().values
    used = int((times <= deadline).sum())
    if used < enough:
        return torch.tensor([deadline, used])
    return torch.stack([times[enough - 1], torch.tensor(float(enough))])


def end_one_line(s, d, k):
    return (sorted(s)[k - 1], k) if (n := sum(t <= d for t in s)) >= k else (d, n)


def weights_torch(n, p, drawn):
    which = torch.tensor(drawn)
    return n.index_select(0, which) / p.gather(0, which) / n.sum() / which.numel()


def weights_for_all_first(sizes, chances, ids):
    each = (sizes / chances).div(sizes.sum() * len(ids)).float()
    return torch.stack([each[i] for i in ids])


def weights_one_line(sizes, chances, ids):
    return tuple((sizes[k] / sum(sizes) / chances[k] / len(ids)).item() for k in ids)


def buffer_list(params, deltas, staleness, server_lr):
    shares = [server_lr / len(deltas) * (1 + s) ** -0.5 for s in staleness.tolist()]
    columns = zip(params.tolist(), deltas.T.tolist(), strict=True)
    return [x + sum(w * d for w, d in zip(shares, c, strict=True)) for x, c in columns]


def buffer_one_line(params, deltas, staleness, server_lr):
    return params + server_lr * torch.rsqrt(1 + staleness) @ deltas / len(deltas)


def counts_with_min(seconds, places, until):
    line, work = list(range(len(seconds))), []
    counts = np.zeros(len(seconds), dtype=int)
    now = 0
    while True:
        while len(work) < places:
            client = line.pop(0)
            work.append((now + seconds[client], client))
        now, client = min(work)
        if now > until:
            return counts
        work.remove((now, client))
        counts[client] += 1
        line.append(client)


def counts_all_of_a_moment(seconds, places, until):
    line = deque(range(len(seconds)))
    ends = {c: seconds[c] for c in [line.popleft() for _ in range(places)]}
    counts = dict.fromkeys(range(len(seconds)), 0)
    while min(ends.values()) <= until:
        now = min(ends.values())
        back = sorted(client for client, end in ends.items() if end == now)
        for client in back:
            counts[client] += 1
            del ends[client]
        line.extend(back)
        for _ in back:
            client = line.popleft()
            ends[client] = now + seconds[client]
    return list(counts.values())


def counts_of_places(seconds, places, until):
    """Return the counts from when each place is free: a queue of places, not trips."""
    order, log = list(range(len(seconds))), []
    free = [(0.0, -1, place) for place in range(places)]
    while True:
        now, before, place = min(free)
        if now > until:
            return [log.count(client) for client in range(len(seconds))]
        if before >= 0:
            log.append(before)
            order.append(before)
        client = order.pop(0)
        free[place] = (now + seconds[client], client, place)


ALTERNATIVES = {
    "09.round_end": [
        ("a heap", end_with_a_heap),
        ("numpy", end_numpy),
        ("a loop", end_loop),
        ("torch", end_torch),
        ("one line", end_one_line),
    ],
    "09.unbiased_weights": [
        ("a list", weights_loop),
        ("numpy", weights_numpy),
        ("torch", weights_torch),
        ("float32, for all clients first", weights_for_all_first),
        ("one line, a tuple", weights_one_line),
    ],
    "09.fedbuff_step": [
        ("a loop", buffer_loop),
        ("numpy", buffer_numpy),
        ("float32 and einsum", buffer_float32),
        ("lists", buffer_list),
        ("one line", buffer_one_line),
    ],
    "09.count_updates": [
        ("a deque", counts_deque),
        ("a dictionary, no heapq", counts_without_heapq),
        ("min of a list, numpy", counts_with_min),
        ("all that end at a moment together", counts_all_of_a_moment),
        ("a queue of places", counts_of_places),
    ],
}
