"""Correct answers to lesson 02, written as other people would write them."""

from __future__ import annotations

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


def round_loop(model, federation, cohort, local):
    n = sum(len(federation[k].data) for k in cohort)
    new = model.clone()
    for k in cohort:
        new += len(federation[k].data) / n * local(model, federation[k])
    return new


def round_average_of_ends(params, clients, ids, train):
    ends = np.array([np.asarray(params + train(params, clients[i])) for i in ids])
    return np.average(ends, axis=0, weights=[len(clients[i].data) for i in ids])


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


ALTERNATIVES = {
    "02.weighted_mean": [
        ("numpy, other names", mean_numpy),
        ("loops and a list", mean_loop),
        ("float32 and einsum", mean_float32),
    ],
    "02.local_training": [
        ("in place, on a copy", training_in_place_on_a_copy),
        ("numpy", training_numpy),
        ("adds up the steps", training_adds_up_steps),
    ],
    "02.fedavg_round": [
        ("a loop", round_loop),
        ("numpy, averages the ends", round_average_of_ends),
    ],
    "02.careful_step": [
        ("a loop over the sound rows", careful_loop),
        ("numpy, weight 0 for the others", careful_numpy),
    ],
}
