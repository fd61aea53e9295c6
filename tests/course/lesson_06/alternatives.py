"""Correct answers to lesson 06, written as other people would write them."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pandas as pd
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


def worst_pandas(correct, owner):
    each = pd.Series(correct).groupby(owner).mean()
    return each.idxmin(), each.min()


def worst_torch(correct, owner):
    correct, owner = torch.as_tensor(correct), torch.as_tensor(owner)
    ids, place = owner.unique(return_inverse=True)
    hits = torch.zeros(len(ids)).index_add_(0, place, correct.to(torch.float64))
    each = hits / torch.bincount(place)
    return torch.stack([ids[each.argmin()].to(each.dtype), each.min()])


def worst_last_of_a_tie(correct, owner):
    pairs = [(1 - correct[owner == i].mean(), i) for i in set(owner.tolist())]
    errors, client = max(pairs)
    return client, 1 - errors


def bootstrap_pandas(a, b, picks):
    means = pd.DataFrame((b - a)[picks]).mean(axis=1)
    return list(means.quantile([0.025, 0.975]))


def bootstrap_one_line(a, b, picks):
    return np.quantile(np.take(b - a, picks).sum(1) / len(a), (0.025, 0.975))


def budget_torch(validation, test, budget):
    scores = torch.as_tensor(validation)[:, :budget].nan_to_num(nan=-1.0)
    return torch.as_tensor(test).gather(1, scores.argmax(1)[:, None]).squeeze(1)


def budget_sorted(validation, test, budget):
    told = []
    for scores, accuracies in zip(validation.tolist(), test.tolist(), strict=True):
        tried = list(zip(scores, accuracies, strict=True))[:budget]
        told.append(max(pair for pair in tried if not math.isnan(pair[0]))[1])
    return tuple(told)


def budget_one_line(v, t, b):
    return [t[m, np.nanargmax(row[:b])] for m, row in enumerate(v)]


def seeds_statistics(a, b, gap):
    gains = [float(y) - float(x) for x, y in zip(a, b, strict=True)]
    return float(max(2, math.ceil((1.96 / gap) ** 2 * statistics.variance(gains))))


def seeds_torch(a, b, gap):
    spread = torch.as_tensor(b - a).std()
    return torch.ceil((1.96 * spread / gap) ** 2).clamp(min=2)


def seeds_exact_normal(a, b, gap):
    z = statistics.NormalDist().inv_cdf(0.975)
    return max(2, int(np.ceil(np.square(z * np.std(b - a, ddof=1) / gap))))


ALTERNATIVES = {
    "06.worst_client": [
        ("a loop", worst_loop),
        ("bincount", worst_bincount),
        ("pandas", worst_pandas),
        ("torch", worst_torch),
        ("the last of several that are lowest", worst_last_of_a_tie),
    ],
    "06.paired_bootstrap": [
        ("a loop", bootstrap_loop),
        ("the same rows of both", bootstrap_same_rows),
        ("torch", bootstrap_torch),
        ("pandas, a list", bootstrap_pandas),
        ("one line", bootstrap_one_line),
    ],
    "06.equal_budget": [
        ("a loop", budget_loop),
        ("filled", budget_filled),
        ("torch", budget_torch),
        ("max of pairs, a tuple", budget_sorted),
        ("one line", budget_one_line),
    ],
    "06.seeds_needed": [
        ("variance", seeds_variance),
        ("counting", seeds_counting),
        ("statistics", seeds_statistics),
        ("torch", seeds_torch),
        ("1.95996 in place of 1.96", seeds_exact_normal),
    ],
}
