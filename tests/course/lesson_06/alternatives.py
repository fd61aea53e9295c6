"""Correct answers to lesson 06, written as other people would write them."""

from __future__ import annotations

import math

import numpy as np
import torch


def worst_loop(right, who):
    hits, seen = {}, {}
    for ok, client in zip(right, who, strict=True):
        hits[int(client)] = hits.get(int(client), 0) + int(ok)
        seen[int(client)] = seen.get(int(client), 0) + 1
    share = {client: hits[client] / seen[client] for client in seen}
    worst = min(share, key=share.get)
    return worst, share[worst]


def worst_bincount(correct, owner):
    ids, place = np.unique(owner, return_inverse=True)
    each = np.bincount(place, weights=correct) / np.bincount(place)
    return [ids[each.argmin()], each.min()]


def bootstrap_loop(a, b, picks):
    gains = [y - x for x, y in zip(a, b, strict=True)]
    means = [sum(gains[i] for i in row) / len(row) for row in picks]
    return np.percentile(means, 2.5), np.percentile(means, 97.5)


def bootstrap_same_rows(a, b, picks):
    means = b[picks].mean(1) - a[picks].mean(1)
    return np.quantile(means, (0.025, 0.975))


def bootstrap_torch(a, b, picks):
    gains = torch.as_tensor(b - a)
    means = gains[torch.as_tensor(picks)].mean(dim=1)
    return torch.quantile(means, torch.tensor([0.025, 0.975], dtype=means.dtype))


def budget_loop(validation, test, budget):
    out = []
    for scores, told in zip(validation, test, strict=True):
        best, place = -1.0, 0
        for i in range(budget):
            if scores[i] > best:  # false for NaN
                best, place = scores[i], i
        out.append(told[place])
    return out


def budget_filled(v, t, b):
    filled = np.nan_to_num(v[:, :b], nan=-np.inf)
    return np.take_along_axis(t, filled.argmax(1)[:, None], axis=1)[:, 0]


def seeds_variance(a, b, gap):
    gains = np.asarray(b) - np.asarray(a)
    return max(math.ceil(1.96**2 * np.var(gains, ddof=1) / gap**2), 2)


def seeds_counting(a, b, gap):
    sd, n = np.std(b - a, ddof=1), 2
    while 1.96 * sd / n**0.5 > gap:
        n += 1
    return n


ALTERNATIVES = {
    "06.worst_client": [("a loop", worst_loop), ("bincount", worst_bincount)],
    "06.paired_bootstrap": [
        ("a loop", bootstrap_loop),
        ("the same rows of both", bootstrap_same_rows),
        ("torch", bootstrap_torch),
    ],
    "06.equal_budget": [("a loop", budget_loop), ("filled", budget_filled)],
    "06.seeds_needed": [("variance", seeds_variance), ("counting", seeds_counting)],
}
