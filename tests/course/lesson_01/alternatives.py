"""Correct answers to lesson 01, written as other people would write them."""

from __future__ import annotations

import numpy as np
import torch


def journeys_loop(table):
    n = len(table)
    home = [float(table[i][i]) for i in range(n)]
    abroad = [
        sum(float(table[i][j]) for j in range(n) if j != i) / (n - 1) for i in range(n)
    ]
    return home, abroad


def journeys_numpy(accuracies):
    a = np.array(accuracies)
    away = a[~np.eye(len(a), dtype=bool)].reshape(len(a), -1)
    return np.diag(a), away.mean(axis=1)


def journeys_eye(journeys):
    here = torch.eye(len(journeys), dtype=journeys.dtype)
    away = 1 - here
    return (journeys * here).sum(1), (journeys * away).sum(1) / away.sum(1)


def journeys_deleted(journeys):
    table = journeys.numpy()
    n = len(table)
    return table[range(n), range(n)], [
        np.delete(row, i).mean() for i, row in enumerate(table)
    ]


def journeys_copy(journeys):
    rest = journeys.clone()
    rest.fill_diagonal_(0)
    return torch.diag(journeys), rest.sum(dim=1) / (journeys.shape[0] - 1)


def travels_dictionary(kind, n, per_example, d, num_rounds):
    total = sum(n)
    return {
        "alone": [0, 0],
        "central": [total, total * per_example],
        "federated": [0, num_rounds * len(n) * d],
    }[kind]


def travels_loop(regime, sizes, example_numbers, model_numbers, rounds):
    held = up = 0
    if regime == "central":
        for n in sizes:
            held += n
            up += n * example_numbers
    elif regime == "federated":
        for _ in range(rounds):
            for _ in sizes:
                up += model_numbers
    return torch.tensor([held, up])


def travels_match(regime, sizes, example_numbers, model_numbers, rounds):
    match regime:
        case "central":
            return [int(np.sum(sizes)), int(np.sum(sizes)) * example_numbers]
        case "federated":
            return [0, model_numbers * rounds * len(sizes)]
    return [0, 0]


def travels_one_line(regime, sizes, example_numbers, model_numbers, rounds):
    held = sum(sizes) * (regime == "central")
    models = model_numbers * rounds * len(sizes) * (regime == "federated")
    return held, held * example_numbers + models


def travels_numpy(regime, sizes, example_numbers, model_numbers, rounds):
    n = np.asarray(sizes)
    if regime == "alone":
        return np.zeros(2)
    if regime == "central":
        return np.array([1, example_numbers]) * n.sum()
    return np.array([0, np.full((rounds, n.size), model_numbers).sum()])


def recover_least_squares(rows, moves):
    rows, moves = np.asarray(rows), np.asarray(moves)
    return moves @ rows / (moves @ moves)


def recover_first_that_moved(w, b):
    i = next(k for k in range(len(b)) if b[k] != 0)
    return [float(v) / float(b[i]) for v in w[i]]


def recover_only_those_that_moved(weights, biases):
    moved = biases != 0
    return (weights[moved] / biases[moved][:, None]).mean(0)


def recover_sorted(weights, biases):
    order = torch.argsort(biases**2, descending=True)
    return weights[order][0] / biases[order][0]


def recover_nanmean(weights, biases):
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nanmean(weights.numpy() / biases.numpy()[:, None], axis=0)


def baseline_weighted_gradients(params, owners, grad, step, num_rounds, num_epochs):
    params = params.clone()
    n = sum(len(x) for x, _ in owners)
    for _ in range(num_rounds):
        for _ in range(num_epochs):
            params -= step * sum(len(x) / n * grad(params, x, y) for x, y in owners)
    return params


def baseline_numpy(start, clients, gradient, lr, rounds, epochs):
    x = np.concatenate([np.asarray(x) for x, _ in clients])
    y = np.concatenate([np.asarray(y) for _, y in clients])
    params = np.array(start)
    for _ in range(rounds * epochs):
        params = params - lr * np.asarray(gradient(params, x, y))
    return params


def baseline_nested(start, clients, gradient, lr, rounds, epochs):
    x, y = (
        torch.vstack([x for x, _ in clients]),
        torch.hstack([y for _, y in clients]),
    )
    end = start.clone()
    for _ in range(rounds):
        for _ in range(epochs):
            end -= lr * gradient(end, x, y)
    return end


def baseline_sums(start, clients, gradient, lr, rounds, epochs):
    n = sum(len(y) for _, y in clients)
    moved = torch.zeros_like(start)
    for _ in range(rounds * epochs):
        slopes = [len(y) * gradient(start + moved, x, y) for x, y in clients]
        moved = moved - lr * torch.stack(slopes).sum(0) / n
    return start + moved


def baseline_examples(start, clients, gradient, lr, rounds, epochs):
    examples = [(x[i], y[i]) for x, y in clients for i in range(len(x))]
    x = torch.stack([x for x, _ in examples])
    y = torch.stack([y for _, y in examples])
    steps = rounds * epochs
    while steps:
        start, steps = start - lr * gradient(start, x, y), steps - 1
    return start


def average_numpy(models, sizes):
    return np.average(np.asarray(models), axis=0, weights=np.asarray(sizes))


def average_loop(models, sizes):
    total = torch.zeros(models.shape[1])
    for model, size in zip(models, sizes, strict=True):
        total += model * size
    return total / sum(sizes)


def average_rows(w, n):
    return (w * n[:, None]).sum(dim=0) / n.sum()


def repaired_functions(start, clients, gradient, lr, steps):
    def trained(x, y):
        w = start.clone()
        for _ in range(steps):
            w -= lr * gradient(w, x, y)
        return w

    n = sum(len(y) for _, y in clients)
    return sum(len(y) / n * trained(x, y) for x, y in clients)


def repaired_numpy(start, clients, gradient, lr, steps):
    ends = np.tile(np.asarray(start), (len(clients), 1))
    for row, (x, y) in zip(ends, clients, strict=True):
        for _ in range(steps):
            row -= lr * np.asarray(gradient(row, x, y))
    return np.average(ends, axis=0, weights=[len(x) for x, _ in clients])


def rounds_counted(sizes, example_numbers, model_numbers):
    sent = rounds = 0
    while sent + len(sizes) * model_numbers <= sum(sizes) * example_numbers:
        sent += len(sizes) * model_numbers
        rounds += 1
    return rounds


def rounds_floor(n, per_example, d):
    return int(np.floor(np.sum(n) * per_example / (len(n) * d)))


def claim_counted(sizes, liar, percent):
    others = sum(n for i, n in enumerate(sizes) if i != liar)
    claim = 0
    while 100 * claim < percent * (claim + others):
        claim += 1
    return claim


def claim_integers(n, who, p):
    return -(-p * (sum(n) - n[who]) // (100 - p))


def labels_numpy(change, lr, probabilities, num_examples):
    shares = np.asarray(change) / lr + np.asarray(probabilities)
    return np.rint(shares * num_examples).astype(int)


def labels_loop(moved, rate, p, n):
    return [
        round(n * (float(q) + float(m) / rate)) for m, q in zip(moved, p, strict=True)
    ]


ALTERNATIVES = {
    "01.home_and_abroad": [
        ("loops and lists", journeys_loop),
        ("numpy with a mask", journeys_numpy),
        ("two masks in torch", journeys_eye),
        ("numpy, home deleted from each row", journeys_deleted),
        ("a copy without its diagonal", journeys_copy),
    ],
    "01.what_travels": [
        ("a dictionary", travels_dictionary),
        ("counts one by one", travels_loop),
        ("match", travels_match),
        ("products with True and False", travels_one_line),
        ("numpy", travels_numpy),
    ],
    "01.recover_example": [
        ("least squares in numpy", recover_least_squares),
        ("the first unit that moved", recover_first_that_moved),
        ("the mean over those that moved", recover_only_those_that_moved),
        ("sorted by the size of the move", recover_sorted),
        ("numpy, without the nan", recover_nanmean),
    ],
    "01.central_baseline": [
        ("weighted client gradients, in place on a copy", baseline_weighted_gradients),
        ("numpy", baseline_numpy),
        ("two loops, in place on a copy", baseline_nested),
        ("sums of gradients", baseline_sums),
        ("example by example into one pool", baseline_examples),
    ],
    "01.average": [
        ("np.average", average_numpy),
        ("a loop", average_loop),
        ("weighted rows", average_rows),
    ],
    "01.repaired_round": [
        ("a function per client, in place on a copy", repaired_functions),
        ("numpy rows", repaired_numpy),
    ],
    "01.most_rounds": [("counted", rounds_counted), ("a floor", rounds_floor)],
    "01.claimed_size": [("counted", claim_counted), ("integers", claim_integers)],
    "01.label_counts": [("numpy", labels_numpy), ("a loop", labels_loop)],
}
