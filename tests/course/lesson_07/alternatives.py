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


def prox_loop(grad, params, start, mu):
    parts = []
    for g, w, w0 in zip(grad, params, start, strict=True):
        parts.append(g + mu * (w - w0))
    return torch.stack(parts)


def prox_list(grad, params, start, mu):
    return [
        float(g + mu * (w - s)) for g, w, s in zip(grad, params, start, strict=True)
    ]


def prox_one_line(grad, params, start, mu):
    return torch.add(grad, params.sub(start), alpha=mu)


def renew_loop(c_i, c, delta, steps, lr):
    new = c_i.clone()
    for j in range(len(new)):
        new[j] = c_i[j] - c[j] - delta[j] / (steps * lr)
    return new


def renew_start_minus_end(c_i, c, delta, steps, lr):
    backwards = delta.neg()
    return c_i.sub(c).add(backwards, alpha=1 / (steps * lr))


def renew_one_line(c_i, c, delta, steps, lr):
    return (lr * steps * (c_i - c) - delta) / lr / steps


def nova_list(deltas, weights, steps):
    tau = float(weights @ steps)
    rows = list(zip(weights.tolist(), steps.tolist(), deltas.tolist(), strict=True))
    return [
        tau * sum(p * row[j] / t for p, t, row in rows) for j in range(deltas.shape[1])
    ]


def nova_transposed(deltas, weights, steps):
    return (deltas.T / steps) @ weights * (weights * steps).sum()


def nova_one_line(deltas, weights, steps):
    return torch.mv(deltas.T, weights / steps).mul(torch.dot(weights, steps))


def feddyn_loop(params, h, deltas, num_clients, alpha):
    new_h, total = h.clone(), torch.zeros_like(params)
    for delta in deltas:
        new_h -= alpha / num_clients * delta
        total += delta
    return params + total / len(deltas) - new_h / alpha, new_h


def feddyn_lists(params, h, deltas, num_clients, alpha):
    sums = [sum(column) for column in deltas.T.tolist()]
    new = [m - alpha * s / num_clients for m, s in zip(h.tolist(), sums, strict=True)]
    moved = [
        w + s / len(deltas) - m / alpha
        for w, s, m in zip(params.tolist(), sums, new, strict=True)
    ]
    return moved, new


def feddyn_one_matrix(params, h, deltas, num_clients, alpha):
    mean = deltas.mean(0)
    share = len(deltas) / num_clients
    return torch.stack(
        [params + (1 + share) * mean - h / alpha, h - alpha * share * mean]
    )


ALTERNATIVES = {
    "07.prox_direction": [
        ("numpy, other names", prox_numpy),
        ("autograd of the penalty", prox_autograd),
        ("a loop", prox_loop),
        ("a list", prox_list),
        ("one line", prox_one_line),
    ],
    "07.control_variate": [
        ("numpy, other names", renew_numpy),
        ("the mean gradient first, a list", renew_mean_gradient),
        ("a loop", renew_loop),
        ("start - end", renew_start_minus_end),
        ("one line", renew_one_line),
    ],
    "07.fednova_mean": [
        ("a loop", nova_loop),
        ("numpy, einsum", nova_einsum),
        ("lists", nova_list),
        ("columns", nova_transposed),
        ("one line", nova_one_line),
    ],
    "07.feddyn_server": [
        ("numpy, a list", feddyn_numpy),
        ("the mean of the ends", feddyn_of_ends),
        ("a loop", feddyn_loop),
        ("lists", feddyn_lists),
        ("without the new h, one matrix", feddyn_one_matrix),
    ],
}
