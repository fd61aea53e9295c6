"""Exercise 01.central_baseline: the pooled model with as much work as a federation.

Least squares on unit vectors, so that the answer is known: a coordinate that n_j of n
examples look at moves to the mean of their targets by a factor 1 - lr n_j / n a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from fltutor.checks.old import Case, Check, Mistake, example, tensor

Data = tuple[Tensor, Tensor]
Gradient = Callable[[Tensor, Tensor, Tensor], Tensor]


def _gradient(params: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the gradient of the mean of (x . params - y)^2 / 2, ``(d,)``."""
    x, y = (torch.as_tensor(v, dtype=torch.float64) for v in (x, y))
    errors = x @ torch.as_tensor(params, dtype=torch.float64) - y  # (n,)
    return x.T @ errors / len(x)


_ONE = (tensor([1.0, 0.0]), tensor(4.0))
_THREE = (tensor([0.0, 1.0], [0.0, 1.0], [1.0, 0.0]), tensor(2.0, 6.0, 0.0))


def _case(
    name: str, clients: Sequence[Data], rounds: int, epochs: int, expected: Tensor
) -> Case:
    given = {
        "start": tensor(0.0, 0.0),
        "clients": list(clients),
        "gradient": _gradient,
        "lr": 0.5,
        "rounds": rounds,
        "epochs": epochs,
    }
    return example(name, given, expected)


def _pool(clients: Sequence[Data]) -> Data:
    return torch.cat([x for x, _ in clients]), torch.cat([y for _, y in clients])


def _descend(
    start: Tensor, data: Data, gradient: Gradient, lr: float, steps: int
) -> Tensor:
    for _ in range(steps):
        start = start - lr * gradient(start, *data)
    return start


def _with_steps(count: Callable[[int, int, int], int]) -> Callable[..., Tensor]:
    """Return a pooled descent with another number of steps."""

    def answer(
        start: Tensor, clients: Sequence[Data], gradient: Gradient, lr: float,
        rounds: int, epochs: int,
    ) -> Tensor:  # fmt: skip
        steps = count(rounds, epochs, len(clients))
        return _descend(start, _pool(clients), gradient, lr, steps)

    return answer


def _unweighted(
    start: Tensor, clients: Sequence[Data], gradient: Gradient, lr: float,
    rounds: int, epochs: int,
) -> Tensor:  # fmt: skip
    for _ in range(rounds * epochs):
        each = torch.stack([gradient(start, *data) for data in clients])  # (N, d)
        start = start - lr * each.mean(0)
    return start


def _one_after_the_other(
    start: Tensor, clients: Sequence[Data], gradient: Gradient, lr: float,
    rounds: int, epochs: int,
) -> Tensor:  # fmt: skip
    for data in clients:
        start = _descend(start, data, gradient, lr, rounds * epochs)
    return start


def _fedavg(
    start: Tensor, clients: Sequence[Data], gradient: Gradient, lr: float,
    rounds: int, epochs: int,
) -> Tensor:  # fmt: skip
    sizes = tensor(*(len(x) for x, _ in clients))  # (N,)
    for _ in range(rounds):
        ends = [_descend(start, data, gradient, lr, epochs) for data in clients]
        start = sizes / sizes.sum() @ torch.stack(ends)  # (d,)
    return start


def _in_place(
    start: Tensor, clients: Sequence[Data], gradient: Gradient, lr: float,
    rounds: int, epochs: int,
) -> Tensor:  # fmt: skip
    for _ in range(rounds * epochs):
        start -= lr * gradient(start, *_pool(clients))
    return start


_SIX = 1 - 0.75**6  # the share of the way to the optimum (2, 4) after six steps

CENTRAL_BASELINE = Check(
    id="01.central_baseline",
    title="A central baseline with equal work",
    signature="central_baseline(start, clients, gradient, lr, rounds, epochs) -> (d,)",
    cases=(
        _case("one client, one step", [_ONE], 1, 1, tensor(2.0, 0.0)),
        _case("one step on the pool", [_ONE, _THREE], 1, 1, tensor(0.5, 1.0)),
        _case(
            "2 rounds of 3 epochs are 6 passes over the pool",
            [_ONE, _THREE],
            2,
            3,
            tensor(2.0 * _SIX, 4.0 * _SIX),
        ),
    ),
    mistakes=(
        Mistake(
            "As many steps as rounds",
            _with_steps(lambda rounds, epochs, n: rounds),
            "The federation's clients pass over their data `epochs` times in every "
            "round. With `rounds` steps the baseline works less than they do and looks "
            "worse than it is: take rounds * epochs.",
        ),
        Mistake(
            "As many steps as epochs",
            _with_steps(lambda rounds, epochs, n: epochs),
            "This is the work of a single round. The federation does it `rounds` "
            "times: take rounds * epochs steps.",
        ),
        Mistake(
            "The steps of all clients added up",
            _with_steps(lambda rounds, epochs, n: rounds * epochs * n),
            "Each client passes over its own part, so all of them together pass over "
            "the pool rounds * epochs times. Times the number of clients, the baseline "
            "sees every example N times as often.",
        ),
        Mistake(
            "The plain mean of the clients' gradients",
            _unweighted,
            "A client with one example counts as much here as one with three. On the "
            "pool every example counts the same: put the data together first.",
        ),
        Mistake(
            "One client after the other",
            _one_after_the_other,
            "This trains on the clients' data in turn, and the last one overwrites "
            "what the first ones taught. Pool the examples, then every step sees all.",
        ),
        Mistake(
            "This is FedAvg",
            _fedavg,
            "With one epoch a round this is the same as a step on the pool, with more "
            "it is not: clients drift apart between two means. The baseline pools the "
            "data, and has nothing to average.",
        ),
        Mistake(
            "The start is changed",
            _in_place,
            "`start -= ...` writes into the caller's vector, and every regime after "
            "this one begins at your result. Use `params = params - ...`.",
        ),
    ),
    hints=(
        "Two questions: on which examples is the gradient taken, and how many steps "
        "make the work equal?",
        "Put all x into one tensor and all y into another (torch.cat), then descend "
        "rounds * epochs times along the gradient on them.",
        "x = torch.cat([x for x, _ in clients]), y likewise; params = start; "
        "for _ in range(rounds * epochs): "
        "params = params - lr * gradient(params, x, y)",
    ),
)
