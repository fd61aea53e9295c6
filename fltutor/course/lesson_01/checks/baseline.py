"""The check of a central baseline with equal work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Check, case, draw, edit, tensor

Data = tuple[Tensor, Tensor]
Gradient = Callable[[Tensor, Tensor, Tensor], Tensor]


def least_squares(params: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the gradient of the mean of (x . params - y)^2 / 2, ``(d,)``."""
    x, y = (torch.as_tensor(v, dtype=torch.float64) for v in (x, y))
    errors = x @ torch.as_tensor(params, dtype=torch.float64) - y  # (n,)
    return x.T @ errors / len(x)


def central_baseline(
    start: Tensor,
    clients: Sequence[Data],
    gradient: Gradient,
    lr: float,
    rounds: int,
    epochs: int,
) -> Tensor:
    """Return the params of a pooled model that sees each example equally often."""
    x = torch.cat([x for x, _ in clients])  # (n, f)
    y = torch.cat([y for _, y in clients])  # (n,)
    params = start
    for _ in range(rounds * epochs):
        params = params - lr * gradient(params, x, y)
    return params


def _baseline_inputs(rng: Generator) -> tuple[object, ...]:
    clients, dim = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    sizes = [int(n) for n in rng.integers(1, 5, size=clients)]
    federation = [(draw(rng, n, dim, low=-1, high=1), draw(rng, n)) for n in sizes]
    start = draw(rng, dim, low=0.5)
    lr, rounds, epochs = rng.choice([0.1, 0.25, 0.5]), *rng.integers(1, 4, size=2)
    return start, federation, least_squares, float(lr), int(rounds), int(epochs)


def _fedavg(
    start: Tensor,
    clients: Sequence[Data],
    gradient: Gradient,
    lr: float,
    rounds: int,
    epochs: int,
) -> Tensor:
    sizes = tensor(*(len(x) for x, _ in clients))  # (N,)
    for _ in range(rounds):
        ends = [central_baseline(start, [c], gradient, lr, 1, epochs) for c in clients]
        start = sizes / sizes.sum() @ torch.stack(ends)  # (d,)
    return start


# Least squares on unit vectors, so that the answer is known: a coordinate that n_j of n
# examples look at moves to the mean of their targets by lr n_j / n of the way a step.
_ONE = (tensor([1.0, 0.0]), tensor(4.0))
_THREE = (tensor([0.0, 1.0], [0.0, 1.0], [1.0, 0.0]), tensor(2.0, 6.0, 0.0))
_POOL, _ZERO = [_ONE, _THREE], tensor(0.0, 0.0)
_SIX = 1 - 0.75**6  # the share of the way to the optimum (2, 4) after six steps

CENTRAL_BASELINE = Check(
    id="01.central_baseline",
    reference=central_baseline,
    cases=(
        case(
            "one_client", _ZERO, [_ONE], least_squares, 0.5, 1, 1, expected=[2.0, 0.0]
        ),
        case("one_step", _ZERO, _POOL, least_squares, 0.5, 1, 1, expected=[0.5, 1.0]),
        case(
            "passes",
            _ZERO,
            _POOL,
            least_squares,
            0.5,
            2,
            3,
            expected=[2 * _SIX, 4 * _SIX],
        ),
        case(
            "optimum",
            tensor(2.0, 4.0),
            _POOL,
            least_squares,
            0.5,
            3,
            1,
            expected=[2.0, 4.0],
        ),
    ),
    random=_baseline_inputs,
    mistakes={
        "rounds": edit("rounds * epochs", "rounds"),
        "epochs": edit("rounds * epochs", "epochs"),
        "added_up": edit("rounds * epochs", "rounds * epochs * len(clients)"),
        "unweighted": edit(
            "gradient(params, x, y)",
            "torch.stack([gradient(params, *each) for each in clients]).mean(0)",
        ),
        "in_turn": edit("    for _", "    for x, y in clients:\n     for _"),
        "step_each": edit("params = params", "for x, y in clients: params = params"),
        "fedavg": _fedavg,
        "from_zero": edit("params = start", "params = torch.zeros_like(start)"),
        "two_clients": edit("    x = ", "    clients = clients[:2]\n    x = "),
        "stale": edit("gradient(params,", "gradient(start,"),
        "uphill": edit("params - lr", "params + lr"),
        "delta": edit("return params", "return params - start"),
        "in_place": edit("params = params -", "params -="),
    },
)
