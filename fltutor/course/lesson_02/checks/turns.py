"""Checks of what is written in lesson 02: the mean, local training, the round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Check, case, draw, edit, tensor

# ---- the weighted mean -----------------------------------------------------------


def weighted_mean(deltas: Tensor, weights: Tensor) -> Tensor:
    """Return the mean of the rows, weighted, ``(d,)``."""
    share = weights / weights.sum()  # (K,)
    return (share[:, None] * deltas).sum(0)


def _mean_inputs(rng: Generator) -> tuple[object, ...]:
    clients, dim = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    weights = draw(rng, clients, low=0, high=9, digits=int(rng.integers(0, 2)))
    weights[rng.integers(clients)] += 1  # some may weigh nothing, not all
    weights *= float(rng.choice([1.0, 0.01]))
    return draw(rng, clients, dim), weights


_DELTAS = tensor([1.0, 2.0, 0.0], [3.0, -2.0, 1.0], [5.0, 6.0, -4.0])  # (K, d)
_TWO = _DELTAS[:2]

WEIGHTED_MEAN = Check(
    id="02.weighted_mean",
    reference=weighted_mean,
    cases=(
        case("equal", _TWO, tensor(0.5, 0.5), expected=[2.0, 0.0, 0.5]),
        case("unequal", _TWO, tensor(0.75, 0.25), expected=[1.5, 1.0, 0.25]),
        case("square", _DELTAS, tensor(0.5, 0.25, 0.25), expected=[2.5, 2.0, -0.75]),
        case("little", _TWO, tensor(0.2, 0.05), expected=[1.4, 1.2, 0.2]),
        case("counts", _DELTAS, tensor(10.0, 20.0, 10.0), expected=[3.0, 1.0, -0.5]),
        case("alone", _DELTAS[2:], tensor(7.0), expected=[5.0, 6.0, -4.0]),
    ),
    random=_mean_inputs,
    mistakes={
        "unweighted": edit("(share[:, None] * deltas).sum(0)", "deltas.mean(0)"),
        "not_normalised": edit("weights / weights.sum()", "weights"),
        "by_clients": edit("weights / weights.sum()", "weights / len(weights)"),
        "by_largest": edit("weights.sum()", "weights.max()"),
        "softmax": edit("weights / weights.sum()", "weights.softmax(0)"),
        "twice": edit(".sum(0)", ".mean(0)"),
        "columns": edit("share[:, None]", "share"),
        "wrong_axis": edit(".sum(0)", ".sum(1)"),
        "in_place": edit("(share[:, None] * deltas)", "deltas.mul_(share[:, None])"),
        "row_vector": edit("(share[:, None] * deltas).sum(0)", "share[None] @ deltas"),
    },
)

# ---- local training --------------------------------------------------------------

Gradient = Callable[[Tensor, Tensor, Tensor], Tensor]
Batches = Sequence[tuple[Tensor, Tensor]]


def _gradient(params: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the gradient of half the mean squared error of x @ params."""
    params = torch.as_tensor(params, dtype=x.dtype)  # a learner may work in numpy
    return x.T @ (x @ params - y) / len(y)


def local_training(
    start: Tensor, batches: Batches, gradient: Gradient, lr: float, epochs: int
) -> Tensor:
    """Return the delta, end - start, of plain minibatch SGD, ``(d,)``."""
    params = start.clone()
    for _ in range(epochs):
        for x, y in batches:
            params = params - lr * gradient(params, x, y)
    return params - start


def _training_inputs(rng: Generator) -> tuple[object, ...]:
    dim, lr = int(rng.integers(1, 4)), float(rng.choice([0.0625, 0.125, 0.25]))
    sizes = rng.integers(1, 4, size=rng.integers(1, 4))  # the last may be short
    batches = [
        (draw(rng, int(n), dim, low=-1, high=1), draw(rng, int(n))) for n in sizes
    ]
    start = draw(rng, dim)
    start[0] += float(start[0] == 0)  # never from the origin
    return start, batches, _gradient, lr, int(rng.integers(1, 4))


_X = tensor([1.0, 0.5], [0.0, 1.0], [2.0, -1.0], [1.0, 1.0])  # (n, d)
_Y = tensor(1.0, -1.0, 2.0, 0.5)
_BATCHES = [(_X[:2], _Y[:2]), (_X[2:], _Y[2:])]
_FIRST = (tensor(0.5, -0.5), _BATCHES[:1], _gradient)
_ALL = (tensor(0.5, -0.5), _BATCHES, _gradient)

LOCAL_TRAINING = Check(
    id="02.local_training",
    reference=local_training,
    cases=(
        # By hand: the errors are -.75 and .5, the gradient (-.375, .0625).
        case("one_step", *_FIRST, 0.1, 1, expected=[0.0375, -0.00625]),
        case("two_batches", *_ALL, 0.1, 1),
        case("epochs", *_ALL, 0.2, 3),
        case("no_rate", *_ALL, 0.0, 2, expected=[0.0, 0.0]),
    ),
    random=_training_inputs,
    mistakes={
        "in_place": edit("start.clone()", "start", "params = params -", "params -="),
        "uphill": edit("params - lr", "params + lr"),
        "start_minus_end": edit("params - start", "start - params"),
        "last_batch": edit("in batches:", "in batches[-1:]:"),
        "first_batch": edit("in batches:", "in batches[:1]:"),
        "no_rate": edit("lr * ", ""),
        "one_epoch": edit("range(epochs)", "range(1)"),
        "batches_outside": edit(
            "for _ in range(epochs):\n        for x, y in batches:",
            "for x, y in batches:\n        for _ in range(epochs):",
        ),
        "stale": edit("gradient(params,", "gradient(start,"),
        "stale_epochs": edit(
            "        for x, y",
            "        here = params\n        for x, y",
            "gradient(params,",
            "gradient(here,",
        ),
        "end": edit("return params - start", "return params"),
        "mean_step": edit("lr * ", "lr / len(batches) * "),
    },
)

# ---- one round -------------------------------------------------------------------


@dataclass(frozen=True)
class Client:
    """As much of `fltutor.Client` as a round needs: an id, and data with a length."""

    id: int
    data: tuple[Tensor, ...]

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.data)


Train = Callable[[Tensor, Client], Tensor]


def _half_way(params: Tensor, client: Client) -> Tensor:
    """Move half of the way to the mean of the client's data; return the delta."""
    start = torch.as_tensor(params, dtype=torch.float64)  # a learner may use numpy
    return 0.5 * (torch.stack(client.data).mean(0) - start)


def _a_little(params: Tensor, client: Client) -> Tensor:
    """Take a short step whose length depends on where it starts."""
    start = torch.as_tensor(params, dtype=torch.float64)
    return 0.1 * (torch.stack(client.data).sum(0) - start**2)


def fedavg_round(
    params: Tensor, clients: Sequence[Client], ids: Sequence[int], train: Train
) -> Tensor:
    """Return the server's params after one round, ``(d,)``."""
    sizes = tensor(*(len(clients[i].data) for i in ids))  # (K,)
    deltas = torch.stack([train(params, clients[i]) for i in ids])  # (K, d)
    return params + sizes / sizes.sum() @ deltas


def _round_inputs(rng: Generator) -> tuple[object, ...]:
    clients, dim = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    federation = [
        Client(i, tuple(draw(rng, int(rng.integers(1, 5)), dim)))
        for i in range(clients)
    ]
    cohort = rng.permutation(clients)[: rng.integers(1, clients + 1)]
    train = (_half_way, _a_little)[rng.integers(2)]
    return draw(rng, dim), federation, [int(i) for i in cohort], train


def _weighted_chain(
    params: Tensor, clients: Sequence[Client], ids: Sequence[int], train: Train
) -> Tensor:
    total = sum(len(clients[i]) for i in ids)
    for i in ids:
        params = params + len(clients[i]) / total * train(params, clients[i])
    return params


_CLIENTS = [
    Client(0, (tensor(1.0, 2.0),)),
    Client(1, (tensor(3.0, 0.0), tensor(5.0, 2.0), tensor(4.0, -2.0))),
    Client(2, (tensor(-2.0, 4.0), tensor(0.0, 8.0))),
    Client(3, (tensor(6.0, -6.0), tensor(7.0, 1.0))),
]
_HERE = (tensor(1.0, 1.0), _CLIENTS)

FEDAVG_ROUND = Check(
    id="02.fedavg_round",
    reference=fedavg_round,
    cases=(  # by hand: client k's delta is half the way from (1, 1) to its mean
        case("alone", *_HERE, [0], _half_way, expected=[1.0, 1.5]),
        case("two", *_HERE, [0, 1], _half_way, expected=[2.125, 0.75]),
        case("cohort", *_HERE, [1, 2, 3], _half_way, expected=[15 / 7, 1.0]),
        case("everyone", *_HERE, [0, 1, 2, 3], _half_way, expected=[2.0, 1.0625]),
    ),
    random=_round_inputs,
    mistakes={
        "federation": edit(
            "sizes / sizes.sum()", "sizes / sum(len(each.data) for each in clients)"
        ),
        "unweighted": edit("sizes / sizes.sum() @ deltas", "deltas.mean(0)"),
        "not_normalised": edit("sizes / sizes.sum()", "sizes"),
        "all_train": edit("sizes = ", "ids = range(len(clients))\n    sizes = "),
        "first_clients": edit("sizes = ", "ids = range(len(ids))\n    sizes = "),
        "aggregate": edit("return params + ", "return "),
        "subtracts": edit("return params + ", "return params - "),
        "chain": edit("len(clients[i]) / total * ", "").apply(_weighted_chain),
        "weighted_chain": _weighted_chain,
        "in_place": edit(
            "return params +", "params +=", "deltas\n", "deltas\n    return params\n"
        ),
    },
)
