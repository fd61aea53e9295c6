"""Exercise 09.fedbuff_step: a buffer with a discount for age."""

from __future__ import annotations

from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor

_DELTAS = tensor([4.0, 0.0], [0.0, 8.0])


def _buffer(*staleness: float, lr: float = 1.0) -> dict[str, object]:
    given = {"params": tensor(1.0, 1.0), "deltas": _DELTAS}
    return {**given, "staleness": tensor(*staleness), "server_lr": lr}


def _step(
    params: Tensor, deltas: Tensor, staleness: Tensor, server_lr: float
) -> Tensor:
    discount = (1 + staleness) ** -0.5
    return params + server_lr * (discount[:, None] * deltas).mean(0)


def _over_the_sum(
    params: Tensor, deltas: Tensor, staleness: Tensor, server_lr: float
) -> Tensor:
    discount = (1 + staleness) ** -0.5
    return params + server_lr * (discount / discount.sum()) @ deltas


def _stale_is_heavy(
    params: Tensor, deltas: Tensor, staleness: Tensor, server_lr: float
) -> Tensor:
    return params + server_lr * ((1 + staleness) ** 0.5)[:, None].mul(deltas).mean(0)


def _twice_the_root(
    params: Tensor, deltas: Tensor, staleness: Tensor, server_lr: float
) -> Tensor:
    return params + server_lr * (deltas / (1 + staleness)[:, None]).mean(0)


FEDBUFF_STEP = Check(
    id="09.fedbuff_step",
    title="A buffer with a discount for age",
    signature="fedbuff_step(params, deltas, staleness, server_lr) -> (d,)",
    cases=(
        example("fresh updates: the plain mean", _buffer(0, 0), tensor(3.0, 5.0)),
        example("all three versions old: half", _buffer(3, 3), tensor(2.0, 3.0)),
        example("one fresh, one old", _buffer(0, 8), tensor(3.0, 7 / 3)),
        example("half a server step", _buffer(0, 3, lr=0.5), tensor(2.0, 2.0)),
    ),
    mistakes=(
        Mistake(
            "Divided by the sum of the discounts",
            _over_the_sum,
            "With weights that add up to 1, a buffer full of old updates moves the "
            "model as far as a fresh one. Divide by the number in the buffer.",
        ),
        Mistake(
            "No discount",
            lambda params, deltas, staleness, server_lr: (
                params + server_lr * deltas.mean(0)
            ),
            "Old updates count like fresh ones here. Multiply each row by "
            "(1 + staleness) ** -0.5.",
        ),
        Mistake(
            "The sum instead of the mean",
            lambda params, deltas, staleness, server_lr: (
                params + 2 * (_step(params, deltas, staleness, server_lr) - params)
            ),
            "The step grows with the buffer. Take the mean of the discounted rows.",
        ),
        Mistake(
            "No root",
            _twice_the_root,
            "The discount is one over the *root* of 1 + staleness; yours is steeper.",
        ),
        Mistake(
            "Old counts more",
            _stale_is_heavy,
            "The exponent has the wrong sign: an old update must count less.",
        ),
        Mistake(
            "The server's step is forgotten",
            lambda params, deltas, staleness, server_lr: _step(
                params, deltas, staleness, 1.0
            ),
            "Multiply the mean by server_lr.",
        ),
    ),
    hints=(
        "Each row gets its own factor before the mean is taken.",
        "A factor of shape (K,) must become a column (K, 1) to meet the rows.",
        "params + server_lr * ((1 + staleness) ** -0.5)[:, None].mul(deltas).mean(0)",
    ),
)
