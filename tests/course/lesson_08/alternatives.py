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


def momentum_loop(params, aggregate, v, server_lr, momentum):
    new, moved = torch.empty_like(v), torch.empty_like(params)
    for j in range(len(v)):
        new[j] = v[j] * momentum + aggregate[j]
        moved[j] = params[j] + new[j] * server_lr
    return moved, new


def momentum_lists(params, aggregate, v, server_lr, momentum):
    speeds = [momentum * s + D for s, D in zip(v.tolist(), aggregate, strict=True)]
    return [x + server_lr * s for x, s in zip(params, speeds, strict=True)], speeds


def momentum_one_line(x, D, v, lr, beta):
    return torch.stack([x + lr * (new := torch.add(D, v, alpha=beta)), new])


def effective_recursive(server_lr, momentum, rounds):
    if rounds == 1:
        return server_lr
    return server_lr + momentum * effective_recursive(server_lr, momentum, rounds - 1)


def effective_polynomial(server_lr, momentum, rounds):
    return torch.tensor(server_lr) * np.polyval(np.ones(rounds), momentum)


def effective_one_line(server_lr, momentum, rounds):
    return sum(server_lr * momentum**t for t in range(rounds))


def adam_loops(params, aggregates, server_lr, beta1, beta2, tau):
    new = []
    for j, x in enumerate(params.tolist()):
        m, v = 0.0, tau * tau
        for D in aggregates[:, j].tolist():
            m = beta1 * m + (1 - beta1) * D
            v = beta2 * v + (1 - beta2) * D * D
            x += server_lr * m / (v**0.5 + tau)
        new.append(x)
    return new


def adam_of_gradients(params, aggregates, server_lr, beta1, beta2, tau):
    m, v = 0, tau**2
    for g in -aggregates:
        m, v = torch.lerp(g, g * 0 + m, beta1), torch.lerp(g * g, g * 0 + v, beta2)
        params = params - server_lr * m / (tau + v**0.5)
    return params


def adam_float32(params, aggregates, server_lr, beta1, beta2, tau):
    x, Ds = params.float(), aggregates.float()
    m, v = torch.zeros_like(x), torch.ones_like(x) * tau**2
    for t in range(Ds.shape[0]):
        m = beta1 * m + (1 - beta1) * Ds[t]
        v = beta2 * v + (1 - beta2) * Ds[t].pow(2)
        x = x + m.div(v.sqrt() + tau) * server_lr
    return x


def yogi_loop(v, aggregate, beta2):
    new = []
    for old, D in zip(v.tolist(), aggregate.tolist(), strict=True):
        step = (1 - beta2) * D**2
        if old < D**2:
            new.append(old + step)
        elif old > D**2:
            new.append(old - step)
        else:
            new.append(old)
    return new


def yogi_of_roots(v, aggregate, beta2):
    sign = torch.sign(aggregate.abs() - v.sqrt())
    return torch.addcmul(v, sign * aggregate, aggregate, value=1 - beta2)


def yogi_one_line(v, D, beta2):
    return v + (1 - beta2) * D.square() * ((v < D * D) * 1.0 - (v > D * D) * 1.0)


ALTERNATIVES = {
    "08.momentum_step": [
        ("numpy, other names", momentum_numpy),
        ("as an optimiser of -D, a list", momentum_as_gradient),
        ("a loop", momentum_loop),
        ("lists", momentum_lists),
        ("one line, one matrix", momentum_one_line),
    ],
    "08.effective_lr": [
        ("a loop", effective_loop),
        ("a sum of powers", effective_sum),
        ("recursive", effective_recursive),
        ("a polynomial, a tensor", effective_polynomial),
        ("one line", effective_one_line),
    ],
    "08.fedadam": [
        ("numpy, moving averages as corrections", adam_numpy),
        ("in place, on its own copies", adam_in_place),
        ("two loops, a list", adam_loops),
        ("gradients and lerp", adam_of_gradients),
        ("float32", adam_float32),
    ],
    "08.yogi": [
        ("two cases with where", yogi_where),
        ("numpy, the sign the other way", yogi_numpy),
        ("a loop, a list", yogi_loop),
        ("roots compared", yogi_of_roots),
        ("one line", yogi_one_line),
    ],
}
