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


def recover_least_squares(rows, moves):
    rows, moves = np.asarray(rows), np.asarray(moves)
    return moves @ rows / (moves @ moves)


def recover_first_that_moved(w, b):
    i = next(k for k in range(len(b)) if b[k] != 0)
    return [float(v) / float(b[i]) for v in w[i]]


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


ALTERNATIVES = {
    "01.home_and_abroad": [
        ("loops and lists", journeys_loop),
        ("numpy with a mask", journeys_numpy),
    ],
    "01.what_travels": [
        ("a dictionary", travels_dictionary),
        ("counts one by one", travels_loop),
    ],
    "01.recover_example": [
        ("least squares in numpy", recover_least_squares),
        ("the first unit that moved", recover_first_that_moved),
    ],
    "01.central_baseline": [
        ("weighted client gradients, in place on a copy", baseline_weighted_gradients),
        ("numpy", baseline_numpy),
    ],
}
