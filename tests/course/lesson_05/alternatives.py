"""Correct answers to lesson 05, written as other people would write them."""

from __future__ import annotations

import itertools
import math
import statistics

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
    centres, curvatures, weights = map(torch.as_tensor, (centres, curvatures, weights))
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


def end_torch(start, centre, curvature, lr, steps):
    w, e, a = (torch.as_tensor(v).clone() for v in (start, centre, curvature))
    for _ in range(steps):
        w -= lr * a * (w - e)
    return w


def end_lists(start, centre, curvature, lr, steps):
    return [
        float(e + (x - e) * (1 - lr * a) ** steps)
        for x, e, a in zip(start, centre, curvature, strict=True)
    ]


def end_series(start, centre, curvature, lr, steps):
    """Add up the steps, each shorter than the one before."""
    end = np.copy(start)
    step = lr * curvature * (centre - start)
    for _ in range(steps):
        end += step
        step = step * (1 - lr * curvature)
    return end


def rest_torch(centres, curvatures, weights, lr, steps):
    e, a, w = (torch.from_numpy(v).float() for v in (centres, curvatures, weights))
    pull = w.unsqueeze(1) * (1 - (1 - lr * a).pow(steps))
    return torch.sum(pull * e, dim=0) / torch.sum(pull, dim=0)


def rest_until_still(centres, curvatures, weights, lr, steps):
    """Run rounds until they change nothing."""
    p = (weights / weights.sum()).reshape(-1, 1)
    x = np.mean(centres, axis=0)
    while True:
        ends = x
        for _ in range(steps):
            ends = ends - lr * curvatures * (ends - centres)
        new = np.sum(p * ends, axis=0)
        if np.abs(new - x).max() < 1e-12:
            return new
        x = new


def cosine_one_line(deltas):
    cosines = torch.nn.functional.cosine_similarity(deltas[:, None], deltas, dim=-1)
    return (cosines.sum() - len(deltas)) / (len(deltas) * (len(deltas) - 1))


def cosine_combinations(deltas):
    pairs = itertools.combinations(deltas.tolist(), 2)
    return statistics.fmean(
        sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)
        for a, b in pairs
    )


def cosine_no_diagonal(deltas):
    unit = torch.nn.functional.normalize(deltas)
    apart = ~torch.eye(len(unit), dtype=torch.bool)
    return torch.masked_select(unit @ unit.mT, apart).mean().item()


def prox_loops(centres, curvatures, weights, lr, steps, mu):
    answer = []
    for e, a in zip(centres.T, curvatures.T, strict=True):
        above = below = 0.0
        for k, w in enumerate(weights):
            moved = 0.0  # of the way from 0 to 1
            for _ in range(steps):
                moved -= lr * (a[k] * (moved - 1) + mu * moved)
            above, below = above + w * moved * e[k], below + w * moved
        answer.append(above / below)
    return answer


def prox_torch(centres, curvatures, weights, lr, steps, mu):
    e, a, w = map(torch.as_tensor, (centres, curvatures, weights))
    left = (1 - lr * (a + mu)) ** steps
    pull = (w / w.sum())[:, None] * (1 - left) * a / (a + mu)
    return (pull * e).sum(0) / pull.sum(0)


def prox_geometric(centres, curvatures, weights, lr, steps, mu):
    """Add up the geometric series of the steps."""
    factor = 1 - lr * (curvatures + mu)
    pull = sum(lr * curvatures * factor**s for s in range(steps))
    return np.average(centres, axis=0, weights=weights[:, None] * pull)


def prox_solved(centres, curvatures, weights, lr, steps, mu):
    """Solve a round that is read off at two starts."""

    def one_round(x):
        ends = np.broadcast_to(x, centres.shape)
        for _ in range(steps):
            ends = ends - lr * (curvatures * (ends - centres) + mu * (ends - x))
        return np.average(ends, axis=0, weights=weights)

    zero, one = (
        one_round(np.zeros_like(centres[0])),
        one_round(np.ones_like(centres[0])),
    )
    return zero / (1 - (one - zero))


ALTERNATIVES = {
    "05.local_end": [
        ("a loop", end_loop),
        ("numpy, a mixture", end_numpy),
        ("torch, in place on a copy", end_torch),
        ("lists", end_lists),
        ("adds up the steps", end_series),
    ],
    "05.fixed_point": [
        ("numpy, other names", rest_numpy),
        ("loops and a list", rest_loops),
        ("solves the mean map", rest_by_solving),
        ("torch, float32", rest_torch),
        ("rounds until nothing changes", rest_until_still),
    ],
    "05.update_cosine": [
        ("loops over pairs", cosine_loops),
        ("numpy, from the sum of unit rows", cosine_numpy),
        ("one line, less the diagonal", cosine_one_line),
        ("lists and combinations", cosine_combinations),
        ("a mask without the diagonal", cosine_no_diagonal),
    ],
    "05.prox_fixed_point": [
        ("numpy", prox_numpy),
        ("loops", prox_loops),
        ("torch", prox_torch),
        ("a geometric series", prox_geometric),
        ("solves the mean map", prox_solved),
    ],
}
