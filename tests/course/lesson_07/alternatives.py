"""Right answers to lesson 07 that are written differently from ours."""

import numpy as np
import torch


def prox_numpy(g, w, w0, strength):
    g, w, w0 = map(np.asarray, (g, w, w0))
    return g + strength * w - strength * w0


def prox_autograd(grad, params, start, mu):
    w = params.clone().requires_grad_()
    penalty = mu / 2 * (w - start).square().sum()
    return grad + torch.autograd.grad(penalty, w)[0]


def renew_numpy(own, everyone, moved, tau, eta):
    own, everyone, moved = map(np.asarray, (own, everyone, moved))
    return own - (everyone + moved / tau / eta)


def renew_mean_gradient(c_i, c, delta, steps, lr):
    walked = -delta / lr / steps  # mean of grad - c_i + c
    return (walked + c_i - c).tolist()


def nova_loop(rows, shares, taus):
    effective = sum(float(p) * float(t) for p, t in zip(shares, taus, strict=True))
    new = torch.zeros_like(rows[0])
    for row, p, t in zip(rows, shares, taus, strict=True):
        new = new + float(p) * effective / float(t) * row
    return new


def nova_einsum(deltas, weights, steps):
    deltas, weights, steps = map(np.asarray, (deltas, weights, steps))
    scale = weights * (weights * steps).sum() / steps
    return np.einsum("k,kd->d", scale, deltas)


def feddyn_numpy(x, memory, rows, everyone, strength):
    x, memory, rows = map(np.asarray, (x, memory, rows))
    k = len(rows)
    new = memory - strength * k / everyone * rows.mean(axis=0)
    return [x + rows.mean(axis=0) - new / strength, new]


def feddyn_of_ends(params, h, deltas, num_clients, alpha):
    ends = params + deltas  # (K, d)
    for delta in deltas:
        h = h - alpha * delta / num_clients
    return ends.mean(0) - h / alpha, h


ALTERNATIVES = {
    "07.prox_direction": [
        ("numpy, other names", prox_numpy),
        ("autograd of the penalty", prox_autograd),
    ],
    "07.control_variate": [
        ("numpy, other names", renew_numpy),
        ("the mean gradient first, a list", renew_mean_gradient),
    ],
    "07.fednova_mean": [
        ("a loop", nova_loop),
        ("numpy, einsum", nova_einsum),
    ],
    "07.feddyn_server": [
        ("numpy, a list", feddyn_numpy),
        ("the mean of the ends", feddyn_of_ends),
    ],
}
