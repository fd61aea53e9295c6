"""Correct answers to lesson 08, written as other people would write them."""

from __future__ import annotations

import numpy as np
import torch


def momentum_numpy(x, D, velocity, step, beta):
    velocity = beta * np.asarray(velocity) + np.asarray(D)
    return np.asarray(x) + step * velocity, velocity


def momentum_as_gradient(params, aggregate, v, server_lr, momentum):
    g = -aggregate
    buffer = momentum * -v + g
    return [params - server_lr * buffer, -buffer]


def effective_loop(eta, beta, rounds):
    v = 0.0
    for _ in range(rounds):
        v = beta * v + 1
    return eta * v


def effective_sum(server_lr, momentum, rounds):
    return server_lr * np.sum(momentum ** np.arange(rounds))


def adam_numpy(x, Ds, eta, b1, b2, tau):
    x, m = np.array(x), np.zeros(len(x))
    v = np.full(len(x), tau**2)
    for D in np.asarray(Ds):
        m = m + (1 - b1) * (D - m)
        v = v + (1 - b2) * (D * D - v)
        x = x + eta * m / (np.sqrt(v) + tau)
    return x


def adam_in_place(params, aggregates, server_lr, beta1, beta2, tau):
    params = params.clone()
    m, v = torch.zeros_like(params), torch.full_like(params, tau**2)
    for D in aggregates:
        m.mul_(beta1).add_(D, alpha=1 - beta1)
        v.mul_(beta2).addcmul_(D, D, value=1 - beta2)
        params.addcdiv_(m, v.sqrt().add_(tau), value=server_lr)
    return params


def yogi_where(v, D, beta2):
    step = (1 - beta2) * D * D
    target = D * D
    up = torch.where(v < target, v + step, v)
    return torch.where(v > target, v - step, up)


def yogi_numpy(old, aggregate, b):
    square = np.square(np.asarray(aggregate))
    return np.asarray(old) + (1 - b) * square * np.sign(square - np.asarray(old))


ALTERNATIVES = {
    "08.momentum_step": [
        ("numpy, other names", momentum_numpy),
        ("as an optimiser of -D, a list", momentum_as_gradient),
    ],
    "08.effective_lr": [
        ("a loop", effective_loop),
        ("a sum of powers", effective_sum),
    ],
    "08.fedadam": [
        ("numpy, moving averages as corrections", adam_numpy),
        ("in place, on its own copies", adam_in_place),
    ],
    "08.yogi": [
        ("two cases with where", yogi_where),
        ("numpy, the sign the other way", yogi_numpy),
    ],
}
