"""Correct answers to lesson 04, written as other people would write them."""

from __future__ import annotations

import numpy as np
import torch


def variation_loop(table):
    whole = table.sum(0) / table.sum()
    found = []
    for row in table:
        more = [max(a - b, 0.0) for a, b in zip(row / row.sum(), whole, strict=True)]
        found.append(sum(more))  # what is too much is as much as what is missing
    return found


def variation_torch(counts):
    c = torch.as_tensor(counts, dtype=torch.float32)
    return 0.5 * (c / c.sum(1, keepdim=True) - c.sum(0) / c.sum()).abs().sum(1)


def dirichlet_gamma(y, k, a, least, rng):
    """Shares from gamma numbers; owners by where an example lies between cuts."""
    owner = np.zeros(len(y), dtype=int)
    for c in set(y.tolist()):
        where = rng.permutation(np.flatnonzero(y == c))
        share = rng.gamma(a, size=k) + 1e-300
        edges = np.rint(np.cumsum(share / share.sum()) * len(where)).astype(int)
        owner[where] = np.searchsorted(edges, np.arange(len(where)), side="right")
    sizes = np.bincount(owner, minlength=k)
    while sizes.min() < least:
        rich, poor = sizes.argmax(), sizes.argmin()
        owner[rng.choice(np.flatnonzero(owner == rich))] = poor
        sizes = np.bincount(owner, minlength=k)
    return owner


def dirichlet_lists(labels, num_clients, alpha, min_size, draw):
    parts = [[] for _ in range(num_clients)]
    for label in np.unique(labels):
        members = list(np.flatnonzero(labels == label))
        draw.shuffle(members)
        ends = np.cumsum(draw.dirichlet([alpha] * num_clients)) * len(members)
        begin = 0
        for part, end in zip(parts, ends, strict=True):
            stop = round(float(end))
            part.extend(members[begin:stop])
            begin = stop
    for part in parts:
        while len(part) < min_size:
            part.append(max(parts, key=len).pop())
    owner = [0] * len(labels)
    for client, part in enumerate(parts):
        for i in part:
            owner[i] = client
    return owner


def apportion_one_by_one(total, shares):
    counts = [int(total * s) for s in shares]
    while sum(counts) < total:
        rests = [total * s - c for s, c in zip(shares, counts, strict=True)]
        counts[rests.index(max(rests))] += 1
    return counts


def apportion_divmod(n, p):
    whole, rest = np.divmod(n * np.asarray(p), 1)
    rank = (-rest).argsort().argsort()
    return whole + (rank < n - whole.sum())


ALTERNATIVES = {
    "04.total_variation": [
        ("a loop over the surplus", variation_loop),
        ("torch, float32", variation_torch),
    ],
    "04.dirichlet": [
        ("gamma shares, searchsorted", dirichlet_gamma),
        ("lists", dirichlet_lists),
    ],
    "04.mystery": [
        (
            "in another order",
            {
                "F": "shards",
                "E": "dirichlet(100)",
                "D": "quantity",
                "C": "labels_per_client",
                "B": "iid",
                "A": "dirichlet(0.3)",
            },
        ),  # fmt: skip
    ],
    "04.apportion": [
        ("one by one", apportion_one_by_one),
        ("divmod and ranks", apportion_divmod),
    ],
}
