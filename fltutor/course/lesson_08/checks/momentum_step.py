"""Exercise 08.momentum_step: a server with a velocity."""

from __future__ import annotations

from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor

Pair = tuple[Tensor, Tensor]


def _average(x: Tensor, D: Tensor, v: Tensor, server_lr: float, beta: float) -> Pair:
    v = beta * v + (1 - beta) * D
    return x + server_lr * v, v


def _old_velocity(
    x: Tensor, D: Tensor, v: Tensor, server_lr: float, beta: float
) -> Pair:
    return x + server_lr * v, beta * v + D


def _subtracts(x: Tensor, D: Tensor, v: Tensor, server_lr: float, beta: float) -> Pair:
    v = beta * v + D
    return x - server_lr * v, v


def _lr_inside(x: Tensor, D: Tensor, v: Tensor, server_lr: float, beta: float) -> Pair:
    v = beta * v + server_lr * D
    return x + v, v


def _lr_twice(x: Tensor, D: Tensor, v: Tensor, server_lr: float, beta: float) -> Pair:
    v = beta * v + server_lr * D
    return x + server_lr * v, v


def _aggregate_only(
    x: Tensor, D: Tensor, v: Tensor, server_lr: float, beta: float
) -> Pair:
    return x + server_lr * D, beta * v + D


def _in_place(x: Tensor, D: Tensor, v: Tensor, server_lr: float, beta: float) -> Pair:
    v *= beta
    v += D
    return x + server_lr * v, v


def _given(v: Tensor, server_lr: float, momentum: float) -> dict[str, object]:
    given = {"params": tensor(1.0, -1.0, 0.0), "aggregate": tensor(2.0, 0.5, -4.0)}
    return {**given, "v": v, "server_lr": server_lr, "momentum": momentum}


MOMENTUM_STEP = Check(
    id="08.momentum_step",
    title="A server with momentum",
    signature="momentum_step(params, aggregate, v, server_lr, momentum) -> (params, v)",
    cases=(
        example(
            "without momentum it is FedAvg with a server_lr",
            _given(tensor(8.0, 8.0, 8.0), 0.5, 0.0),
            tensor([2.0, -0.75, -2.0], [2.0, 0.5, -4.0]),
        ),
        example(
            "from a standing start, with server_lr 1, it moves by the aggregate",
            _given(tensor(0.0, 0.0, 0.0), 1.0, 0.9),
            tensor([3.0, -0.5, -4.0], [2.0, 0.5, -4.0]),
        ),
        example(
            "the velocity of the rounds before is kept",
            _given(tensor(4.0, -1.0, 10.0), 0.5, 0.9),
            tensor([3.8, -1.2, 2.5], [5.6, -0.4, 5.0]),
        ),
    ),
    mistakes=(
        Mistake(
            "An average instead of a sum",
            _average,
            "The aggregate came in with a factor (1 - momentum). That is Adam's m. "
            "FedAvgM adds the whole aggregate to what is left of the velocity.",
        ),
        Mistake(
            "The step before the velocity",
            _old_velocity,
            "The params moved by the velocity of the round *before*. Make the new v "
            "first, then move by it.",
        ),
        Mistake(
            "The server subtracts",
            _subtracts,
            "An aggregate of deltas points the right way already: the server adds. "
            "(A minus belongs to gradients, and the pseudo-gradient is -D.)",
        ),
        Mistake(
            "server_lr inside the velocity",
            _lr_inside,
            "The velocity is a sum of aggregates alone; server_lr is applied when the "
            "params move. Inside v it gives another v, and the steps differ as soon "
            "as server_lr changes between rounds.",
        ),
        Mistake(
            "server_lr twice",
            _lr_twice,
            "server_lr was applied in the velocity and again in the step. Once is "
            "enough: in the step.",
        ),
        Mistake(
            "The velocity is kept and not used",
            _aggregate_only,
            "v is updated, but the params move by the aggregate alone: this is FedAvg "
            "that keeps a diary. Move by server_lr * v.",
        ),
        Mistake(
            "The velocity is changed in place",
            _in_place,
            "`v *= ...` writes into the caller's v, the state of the round before. "
            "Write v = momentum * v + aggregate.",
        ),
    ),
    hints=(
        "Two lines: first the velocity, then the model. Which of the two does the "
        "aggregate go into?",
        "The new velocity is the share `momentum` of the old one plus the whole "
        "aggregate. The params move by server_lr times the *new* velocity.",
        "v = momentum * v + aggregate; return params + server_lr * v, v.",
    ),
)
