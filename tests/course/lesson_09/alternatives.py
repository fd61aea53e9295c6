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
    moment = order[enough - 1]
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


ALTERNATIVES = {
    "09.round_end": [("a heap", end_with_a_heap), ("numpy", end_numpy)],
    "09.unbiased_weights": [("a list", weights_loop), ("numpy", weights_numpy)],
    "09.fedbuff_step": [
        ("a loop", buffer_loop),
        ("numpy", buffer_numpy),
        ("float32 and einsum", buffer_float32),
    ],
    "09.count_updates": [
        ("a deque", counts_deque),
        ("a dictionary, no heapq", counts_without_heapq),
    ],
}
