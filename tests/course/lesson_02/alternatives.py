"""Correct answers to lesson 02, written as other people would write them."""

from __future__ import annotations

import math

import numpy as np
import torch


def mean_numpy(matrix, shares):
    return np.average(np.asarray(matrix), axis=0, weights=np.asarray(shares))


def mean_loop(updates, w):
    total = [0.0] * len(updates[0])
    for row, weight in zip(updates, w, strict=True):
        for j, number in enumerate(row):
            total[j] += float(weight) * float(number) / float(sum(w))
    return total


def mean_float32(deltas, weights):
    weights = (weights / weights.sum()).float()
    return torch.einsum("k,kd->d", weights, deltas.float())


def mean_average(deltas, weights):
    total = deltas.new_zeros(deltas.shape[1])
    for row, weight in zip(deltas, weights, strict=True):
        total += row * weight / weights.sum()
    return total


def mean_product(deltas, weights):
    return deltas.T @ weights / weights.sum()


def training_in_place_on_a_copy(w, data, grad, step, num_epochs):
    end = w.detach().clone()
    for _ in range(num_epochs):
        for batch in data:
            end -= step * grad(end, *batch)
    return end - w


def training_numpy(start, batches, gradient, lr, epochs):
    params = np.array(start)
    for _ in range(epochs):
        for x, y in batches:
            params = params - lr * np.asarray(gradient(params, x, y))
    return params - np.asarray(start)


def training_adds_up_steps(start, batches, gradient, lr, epochs):
    delta = torch.zeros_like(start)
    for x, y in list(batches) * epochs:
        delta = delta - lr * gradient(start + delta, x, y)
    return delta


def training_counts_steps(start, batches, gradient, lr, epochs):
    params = start
    for step in range(epochs * len(batches)):
        params = params - lr * gradient(params, *batches[step % len(batches)])
    return params - start


def training_lists(start, batches, gradient, lr, epochs):
    params = [float(number) for number in start]
    for _ in range(epochs):
        for x, y in batches:
            slope = gradient(torch.tensor(params, dtype=x.dtype), x, y)
            params = [p - lr * float(g) for p, g in zip(params, slope, strict=True)]
    return [end - float(begin) for end, begin in zip(params, start, strict=True)]


def round_loop(model, federation, cohort, local):
    n = sum(len(federation[k].data) for k in cohort)
    new = model.clone()
    for k in cohort:
        new += len(federation[k].data) / n * local(model, federation[k])
    return new


def round_average_of_ends(params, clients, ids, train):
    ends = np.array([np.asarray(params + train(params, clients[i])) for i in ids])
    return np.average(ends, axis=0, weights=[len(clients[i].data) for i in ids])


def round_one_line(params, clients, ids, train):
    n = sum(len(clients[i].data) for i in ids)
    return params + sum(
        len(clients[i].data) / n * train(params, clients[i]) for i in ids
    )


def round_ends(params, clients, ids, train):
    sizes = torch.tensor([float(len(clients[i].data)) for i in ids])
    ends = torch.stack([params + train(params, clients[i]) for i in ids])
    return (sizes[:, None] * ends).sum(dim=0) / sizes.sum()


def round_lists(params, clients, ids, train):
    total, moved = 0, [0.0] * len(params)
    for i in ids:
        n = len(clients[i].data)
        total += n
        moved = [
            m + n * float(d)
            for m, d in zip(moved, train(params, clients[i]), strict=True)
        ]
    return [float(p) + m / total for p, m in zip(params, moved, strict=True)]


def careful_loop(model, rows, counts):
    kept = [(r, n) for r, n in zip(rows, counts, strict=True) if r.isfinite().all()]
    total = sum(float(n) for _, n in kept)
    new = model.clone()
    for row, n in kept:
        new = new + float(n) / total * row
    return new


def careful_numpy(params, deltas, sizes):
    params, deltas, sizes = map(np.asarray, (params, deltas, sizes))
    weights = np.where(np.isfinite(deltas).all(axis=1), sizes, 0.0)
    clean = np.where(weights[:, None] > 0, deltas, 0.0)
    return params + weights @ clean / max(weights.sum(), 1.0)


def careful_counts(params, deltas, sizes):
    sound = deltas.isfinite().sum(dim=1) == deltas.shape[1]
    total = sizes[sound].sum()
    if total == 0:
        return params
    return params + (sizes[sound][:, None] * deltas[sound]).sum(dim=0) / total


def careful_where(params, deltas, sizes):
    sound = deltas.abs().amax(dim=1) < float("inf")
    weights = torch.where(sound, sizes, 0.0)
    rows = torch.where(sound[:, None], deltas, 0.0)
    return params + weights @ rows / weights.sum().clamp(min=1e-300)


def careful_lists(params, deltas, sizes):
    kept = [k for k in range(len(deltas)) if all(map(math.isfinite, deltas[k]))]
    total = sum(float(sizes[k]) for k in kept)
    new = [float(p) for p in params]
    for k in kept:
        share = float(sizes[k]) / total
        new = [p + share * float(d) for p, d in zip(new, deltas[k], strict=True)]
    return new


def diagnose_lstsq(before, after, deltas, weights):
    deltas, weights = np.asarray(deltas), np.asarray(weights)
    right = np.average(deltas, axis=0, weights=weights)
    moved = np.asarray(after) - np.asarray(before)
    (factor,), *_ = np.linalg.lstsq(right[:, None], moved, rcond=None)
    return factor, np.linalg.norm(moved - factor * right) / np.linalg.norm(right)


def diagnose_cosine(before, after, deltas, weights):
    right = (weights[:, None] * deltas).sum(0) / weights.sum()
    moved = after - before
    length = float(right.norm())
    factor = float((moved * right).sum()) / length**2
    return factor, float((moved / length - factor * right / length).norm())


def arrive_sums(mean, seen, delta, size):
    total = seen + size
    return (seen * mean + size * delta) / total, total


def arrive_shares(mean, seen, delta, size):
    new = size / (size + seen)
    return [
        (1 - new) * float(m) + new * float(x) for m, x in zip(mean, delta, strict=True)
    ], (seen + size)


def missing_sums(everyone, others, sizes, k):
    rest = sum(float(n) for i, n in enumerate(sizes) if i != k)
    n_k = float(sizes[k])
    return ((n_k + rest) * everyone - rest * others) / n_k


def missing_share(everyone, others, sizes, k):
    share = sizes[k] / sizes.sum()
    return others + (everyone - others) / share


ALTERNATIVES = {
    "02.weighted_mean": [
        ("numpy, other names", mean_numpy),
        ("loops and a list", mean_loop),
        ("float32 and einsum", mean_float32),
        ("adds up rows in torch", mean_average),
        ("a product from the right", mean_product),
    ],
    "02.local_training": [
        ("in place, on a copy", training_in_place_on_a_copy),
        ("numpy", training_numpy),
        ("adds up the steps", training_adds_up_steps),
        ("one loop over the steps", training_counts_steps),
        ("lists of numbers", training_lists),
    ],
    "02.fedavg_round": [
        ("a loop", round_loop),
        ("numpy, averages the ends", round_average_of_ends),
        ("one line", round_one_line),
        ("the mean of the ends in torch", round_ends),
        ("lists of numbers", round_lists),
    ],
    "02.diagnose": [
        ("numpy and least squares", diagnose_lstsq),
        ("lengths first", diagnose_cosine),
    ],
    "02.arrive": [("sums", arrive_sums), ("shares, as a list", arrive_shares)],
    "02.missing_delta": [("sums", missing_sums), ("from the share", missing_share)],
    "02.careful_step": [
        ("a loop over the sound rows", careful_loop),
        ("numpy, weight 0 for the others", careful_numpy),
        ("counts the finite numbers", careful_counts),
        ("weight 0 in torch", careful_where),
        ("lists of numbers", careful_lists),
    ],
}
