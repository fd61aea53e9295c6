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


def variation_one_line(counts):
    return (
        abs(counts / counts.sum(1)[:, None] - counts.sum(0) / counts.sum()).sum(1) / 2
    )


def variation_lists(counts):
    rows = [[int(number) for number in row] for row in counts]
    total = sum(map(sum, rows))
    whole = [sum(column) / total for column in zip(*rows, strict=True)]
    return [
        sum(abs(n / sum(row) - w) for n, w in zip(row, whole, strict=True)) / 2
        for row in rows
    ]


def variation_overlap(counts):
    p = (counts.T / counts.sum(axis=1)).T
    return 1 - np.minimum(p, counts.sum(axis=0) / counts.sum()).sum(axis=1)


def dirichlet_all_shares_at_once(labels, num_clients, alpha, min_size, draw):
    """All shares in one call, largest remainders, owners shuffled, a copy filled up."""
    classes, sizes = np.unique(labels, return_counts=True)
    shares = draw.dirichlet([alpha] * num_clients, size=len(classes))
    owner = np.zeros(labels.shape)
    for c, m, s in zip(classes, sizes, shares, strict=True):
        counts = apportion_one_by_one(int(m), s)
        owner[labels == c] = draw.permutation(np.repeat(np.arange(num_clients), counts))
    while True:
        held = np.array([(owner == k).sum() for k in range(num_clients)])
        if held.min() >= min_size:
            return owner
        owner[np.flatnonzero(owner == held.argmax())[0]] = held.argmin()


def dirichlet_sticks(labels, num_clients, alpha, min_size, draw):
    """Shares by breaking a stick, a shuffle by sorting, cuts rounded down."""
    owner = [-1] * len(labels)
    for c in range(max(labels) + 1):
        left, shares = 1.0, []
        for k in range(num_clients - 1, 0, -1):
            shares.append(left * draw.beta(alpha, k * alpha))
            left -= shares[-1]
        members = [i for i, label in enumerate(labels) if label == c]
        members = [members[j] for j in np.argsort(draw.random(len(members)))]
        ends = [int(e * len(members)) for e in np.cumsum(shares)] + [len(members)]
        for k, (a, b) in enumerate(zip([0, *ends], ends, strict=False)):
            for i in members[a:b]:
                owner[i] = k
    while min(owner.count(k) for k in range(num_clients)) < min_size:
        held = [owner.count(k) for k in range(num_clients)]
        owner[owner.index(held.index(max(held)))] = held.index(min(held))
    return owner


def dirichlet_torch(labels, num_clients, alpha, min_size, draw):
    y = torch.as_tensor(labels)
    owner = torch.empty(len(y), dtype=torch.long)
    for c in y.unique():
        members = torch.as_tensor(draw.permutation(torch.where(y == c)[0].numpy()))
        shares = torch.as_tensor(draw.dirichlet(alpha * np.ones(num_clients)))
        cuts = (shares.cumsum(0) * len(members)).round().long()
        owner[members] = torch.searchsorted(
            cuts[:-1], torch.arange(len(members)), right=True
        )
    sizes = torch.bincount(owner, minlength=num_clients)
    for client in range(num_clients):
        for _ in range(int(min_size - sizes[client])):
            donor = int(sizes.argmax())
            owner[torch.where(owner == donor)[0][0]] = client
            sizes[donor] -= 1
            sizes[client] += 1
    return owner


def apportion_torch(total, shares):
    exact = total * torch.as_tensor(shares)
    counts = exact.floor()
    left = total - int(counts.sum())
    counts[(exact - counts).topk(left).indices] += 1
    return counts.long()


def apportion_sorted(total, shares):
    counts = (total * shares).astype(int)
    by_rest = sorted(range(len(shares)), key=lambda k: counts[k] - total * shares[k])
    for k in by_rest[: total - sum(counts)]:
        counts[k] += 1
    return counts


def apportion_last_places(total, shares):
    counts = np.floor(total * shares)
    left = int(round(total - counts.sum()))
    order = np.argsort(total * shares % 1, kind="stable")
    counts[order[len(order) - left :]] += 1
    return counts


ALTERNATIVES = {
    "04.total_variation": [
        ("a loop over the surplus", variation_loop),
        ("torch, float32", variation_torch),
        ("one line", variation_one_line),
        ("lists", variation_lists),
        ("1 minus the overlap", variation_overlap),
    ],
    "04.dirichlet": [
        ("gamma shares, searchsorted", dirichlet_gamma),
        ("lists", dirichlet_lists),
        ("all shares at once, largest remainders", dirichlet_all_shares_at_once),
        ("a stick, a loop over the examples", dirichlet_sticks),
        ("torch", dirichlet_torch),
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
        ("torch", apportion_torch),
        ("sorted indices", apportion_sorted),
        ("the last places of a sort", apportion_last_places),
    ],
}
