"""Correct answers to lesson 03, written as other people would write them."""

from __future__ import annotations

import math

import numpy as np
import torch


def rounds_loop(curve, goal):
    best = -math.inf
    for r, now in enumerate(curve, start=1):
        if now >= goal:
            return 1.0 if r == 1 else r - 1 + (goal - best) / (now - best)
        best = max(best, now)
    return math.inf


def rounds_interp(accuracy, target):
    best = np.maximum.accumulate(accuracy)
    if best[-1] < target:
        return np.inf
    t = np.searchsorted(best, target)
    return np.interp(target, best[max(t - 1, 0) : t + 1], np.arange(max(t, 1), t + 2))


def cost_numpy(n, who, E, B, d):
    chosen = np.asarray(n)[who]
    return np.array([len(who) * d * 16, E * np.ceil(chosen / B).sum()])


def cost_integers(sizes, ids, epochs, batch_size, dim):
    steps = 0
    for i in ids:
        steps += epochs * -(-sizes[i] // batch_size)
    return [8 * dim * len(ids) + 8 * dim * len(ids), steps]


def line_stack(start, end, places):
    return torch.stack([start + t * (end - start) for t in places])


def line_numpy(a, b, ts):
    return np.array(
        [(1 - float(t)) * np.asarray(a) + float(t) * np.asarray(b) for t in ts]
    )


def line_lerp(a, b, ts):
    return torch.lerp(a[None], b[None], ts[:, None]).float()


def front_loops(costs):
    keep = []
    for i, (bytes_i, work_i) in enumerate(costs):
        beaten = False
        for bytes_j, work_j in costs:
            if bytes_j <= bytes_i and work_j <= work_i:
                beaten = beaten or bytes_j < bytes_i or work_j < work_i
        if not beaten:
            keep.append(i)
    return keep


def front_matrix(c):
    c = torch.as_tensor(c)
    less = (c[None] <= c[:, None]).all(-1) & (c[None] < c[:, None]).any(-1)
    return torch.nonzero(~less.any(1)).flatten()


def ledger_integers(up, steps, n, B, d):
    clients = up // (8 * d)
    return [clients, steps // clients // -(-n // B)]


def ledger_numpy(up, steps, n, B, d):
    clients = np.float64(up) / d / 8
    return np.array([clients, steps / clients / np.ceil(n / B)])


def budget_numpy(rounds, cohorts, dim, budget_mib):
    mib = 16 * dim * rounds * cohorts / 1024**2
    order = np.argsort(rounds)
    return order[mib[order] <= budget_mib]


def budget_loop(rounds, cohorts, dim, budget):
    kept = []
    for i, (r, k) in enumerate(zip(rounds, cohorts, strict=True)):
        if r * k * dim * 8 + r * k * dim * 8 <= budget * 2**20:
            kept.append((r, i))
    return [i for _, i in sorted(kept)]


def rates_loop(rounds, rates):
    found = []
    for row in rounds:
        best, at = math.inf, math.nan
        for count, rate in zip(row, rates, strict=True):
            if count < best:
                best, at = count, rate
        found.append(at)
    return found


def rates_masked(rounds, rates):
    low = rounds.min(1, keepdims=True)
    tried = np.where((rounds == low) & np.isfinite(rounds), rates, np.inf).min(1)
    return torch.from_numpy(np.where(np.isfinite(tried), tried, np.nan))


ALTERNATIVES = {
    "03.read_ledger": [("integers", ledger_integers), ("numpy", ledger_numpy)],
    "03.affordable": [("numpy", budget_numpy), ("a loop", budget_loop)],
    "03.best_rates": [("a loop", rates_loop), ("a mask", rates_masked)],
    "03.rounds_to_target": [("a loop", rounds_loop), ("np.interp", rounds_interp)],
    "03.round_cost": [("numpy", cost_numpy), ("whole numbers", cost_integers)],
    "03.line": [("stack", line_stack), ("numpy", line_numpy), ("lerp", line_lerp)],
    "03.pareto_front": [("loops", front_loops), ("a matrix", front_matrix)],
}
