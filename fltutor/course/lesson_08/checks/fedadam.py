"""Exercise 08.fedadam: Algorithm 2 of Reddi et al. 2021, without bias correction."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor


def _adam(
    params: Tensor,
    aggregates: Tensor,
    server_lr: float,
    beta1: float,
    beta2: float,
    tau: float,
    *,
    v_start: Callable[[float], float] = lambda tau: tau**2,
    fresh: Callable[[float], float] = lambda beta: 1 - beta,
    square: Callable[[Tensor], Tensor] = torch.square,
    divide: Callable[[Tensor, float], Tensor] = lambda v, tau: v.sqrt() + tau,
    sign: float = 1.0,
    correct: bool = False,
) -> Tensor:
    """Run FedAdam with one thing changed."""
    m, v = torch.zeros_like(params), torch.full_like(params, v_start(tau))
    for t, D in enumerate(aggregates, start=1):
        m = beta1 * m + fresh(beta1) * D
        v = beta2 * v + (1 - beta2) * square(D)
        m_hat, v_hat = m, v
        if correct:
            m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        params = params + sign * server_lr * m_hat / divide(v_hat, tau)
    return params


def _swapped(
    params: Tensor,
    aggregates: Tensor,
    server_lr: float,
    beta1: float,
    beta2: float,
    tau: float,
) -> Tensor:
    return _adam(params, aggregates, server_lr, beta2, beta1, tau)


def _last_only(
    params: Tensor,
    aggregates: Tensor,
    server_lr: float,
    beta1: float,
    beta2: float,
    tau: float,
) -> Tensor:
    """Start m and v anew in each round."""
    for D in aggregates:
        params = _adam(params, D[None], server_lr, beta1, beta2, tau)
    return params


def _given(aggregates: Tensor, tau: float) -> dict[str, object]:
    given: dict[str, object] = {"params": torch.zeros_like(aggregates[0])}
    given |= {"aggregates": aggregates, "server_lr": 0.1, "beta1": 0.9}
    return {**given, "beta2": 0.99, "tau": tau}


_TRACE = tensor([1.0], [-0.5], [0.25], [0.0])  # REFERENCE trace, x after each round

FEDADAM = Check(
    id="08.fedadam",
    title="FedAdam, from the aggregates to the model",
    signature="fedadam(params, aggregates, server_lr, beta1, beta2, tau) -> (d,)",
    # By hand, first round, D = 1: m = 0.1, v = 0.99e-6 + 0.01. With tau = 0.5 and
    # D = 2: m = 0.2, v = 0.2475 + 0.04 = 0.2875; D = 0.1: m = 0.01, v = 0.2476.
    cases=(
        example(
            "one round: about server_lr, whatever the aggregate",
            _given(_TRACE[:1], 1e-3),
            tensor(0.099005049),
        ),
        example(
            "a large tau, large and small entries",
            _given(tensor([2.0, 0.1]), 0.5),
            tensor(0.02 / (0.2875**0.5 + 0.5), 0.001 / (0.2476**0.5 + 0.5)),
        ),
        example("two rounds", _given(_TRACE[:2], 1e-3), tensor(0.134605005)),
        example("four rounds", _given(_TRACE, 1e-3), tensor(0.235990252)),
    ),
    mistakes=(
        Mistake(
            "Bias correction",
            partial(_adam, v_start=lambda tau: 0.0, correct=True),
            "You divide m and v by 1 - beta**t, as Adam does in deep learning. "
            "Algorithm 2 of Reddi et al. has no bias correction, and v starts at "
            "tau**2.",
        ),
        Mistake(
            "Bias correction, with v from tau²",
            partial(_adam, correct=True),
            "v starts at tau**2, well, but m and v are then divided by 1 - beta**t. "
            "There is no bias correction here: use m and v as they are.",
        ),
        Mistake(
            "v starts at 0",
            partial(_adam, v_start=lambda tau: 0.0),
            "v starts at 0. It should start at tau**2, so that entries smaller than "
            "tau are not blown up in the first rounds.",
        ),
        Mistake(
            "v starts at tau",
            partial(_adam, v_start=lambda tau: tau),
            "v starts at tau. v holds squares, so its start is tau**2.",
        ),
        Mistake(
            "tau inside the root",
            partial(_adam, divide=lambda v, tau: (v + tau).sqrt()),
            "You divide by sqrt(v + tau). tau stands outside the root: sqrt(v) + tau.",
        ),
        Mistake(
            "No root",
            partial(_adam, divide=lambda v, tau: v + tau),
            "You divide by v itself. v holds squares: its root has the size of an "
            "aggregate.",
        ),
        Mistake(
            "No square",
            partial(_adam, square=torch.abs),
            "v averages |D| where it should average D**2.",
        ),
        Mistake(
            "The server subtracts",
            partial(_adam, sign=-1.0),
            "The model moves away: an aggregate of deltas already points the right "
            "way, so the server adds.",
        ),
        Mistake(
            "m is a sum",
            partial(_adam, fresh=lambda beta: 1.0),
            "m = beta1 * m + D is FedAvgM's velocity, a sum. Adam's m is an average: "
            "beta1 * m + (1 - beta1) * D.",
        ),
        Mistake(
            "The betas are swapped",
            _swapped,
            "beta1 belongs to m, beta2 to v; here it is the other way round.",
        ),
        Mistake(
            "m and v start anew in each round",
            _last_only,
            "The first round is right, but then m and v begin again from their start. "
            "They are the server's memory: set them up once, before the loop.",
        ),
    ),
    hints=(
        "Set up m and v before the loop over the rounds. What do they start at?",
        "In each round three lines: m, an average of the aggregates with weight "
        "beta1 on the past; v, an average of their squares with beta2; then the step "
        "server_lr * m / (sqrt(v) + tau).",
        "m = zeros, v = tau**2 everywhere; for D in aggregates: m = beta1 * m + "
        "(1 - beta1) * D; v = beta2 * v + (1 - beta2) * D**2; params = params + "
        "server_lr * m / (v**0.5 + tau).",
    ),
)
