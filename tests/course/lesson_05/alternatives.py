"""Correct answers to lesson 05, written as other people would write them."""

from __future__ import annotations

import numpy as np
import torch


def end_loop(w, e, a, step, count):
    for _ in range(count):
        w = w - step * a * (w - e)
    return w


def end_numpy(start, centre, curvature, lr, steps):
    left = np.power(1 - lr * np.asarray(curvature), steps)
    return left * np.asarray(start) + (1 - left) * np.asarray(centre)


def rest_numpy(e, a, p, eta, k):
    e, a, p = np.asarray(e), np.asarray(a), np.asarray(p)
    pull = p.reshape(-1, 1) * (1 - (1 - eta * a) ** k)
    return np.sum(pull * e, axis=0) / np.sum(pull, axis=0)


def rest_loops(centres, curvatures, weights, lr, steps):
    answer = []
    for j in range(centres.shape[1]):
        above = below = 0.0
        for i in range(len(centres)):
            walked = 1 - (1 - lr * float(curvatures[i, j])) ** steps
            above += float(weights[i]) * walked * float(centres[i, j])
            below += float(weights[i]) * walked
        answer.append(above / below)
    return answer


def rest_by_solving(centres, curvatures, weights, lr, steps):
    left = (1 - lr * curvatures) ** steps
    mean_left = torch.einsum("n,nd->d", weights / weights.sum(), left)
    pushed = torch.einsum("n,nd->d", weights / weights.sum(), (1 - left) * centres)
    return pushed / (1 - mean_left)


def cosine_loops(rows):
    found = []
    for i in range(len(rows)):
        for j in range(i):
            a, b = rows[i], rows[j]
            found.append(float(a @ b) / float(a.norm() * b.norm()))
    return sum(found) / len(found)


def cosine_numpy(deltas):
    unit = np.asarray(deltas)
    unit = unit / np.linalg.norm(unit, axis=1)[:, None]
    return (np.square(unit.sum(0)).sum() - len(unit)) / (len(unit) * (len(unit) - 1))


def prox_numpy(e, a, p, eta, k, mu):
    e, a, p = np.asarray(e), np.asarray(a), np.asarray(p)
    goal = a / (a + mu)
    pull = p[:, None] * goal * (1 - (1 - eta * (a + mu)) ** k)
    return (pull * e).sum(0) / pull.sum(0)


ALTERNATIVES = {
    "05.local_end": [("a loop", end_loop), ("numpy, a mixture", end_numpy)],
    "05.fixed_point": [
        ("numpy, other names", rest_numpy),
        ("loops and a list", rest_loops),
        ("solves the mean map", rest_by_solving),
    ],
    "05.update_cosine": [
        ("loops over pairs", cosine_loops),
        ("numpy, from the sum of unit rows", cosine_numpy),
    ],
    "05.prox_fixed_point": [("numpy", prox_numpy)],
}
