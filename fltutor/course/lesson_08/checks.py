"""Checks of lesson 08, server optimisers."""

from __future__ import annotations

import torch
from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Check, case, draw, edit, tensor

Pair = tuple[Tensor, Tensor]

# ---- a server with momentum ------------------------------------------------------


def momentum_step(
    params: Tensor, aggregate: Tensor, v: Tensor, server_lr: float, momentum: float
) -> Pair:
    """Return the server's params and velocity after one round, ``(d,)`` each."""
    v = momentum * v + aggregate
    return params + server_lr * v, v


def _step_inputs(rng: Generator) -> tuple[Tensor, Tensor, Tensor, float, float]:
    dim, lr = int(rng.integers(1, 5)), float(rng.choice([0.1, 0.5, 1.0, 2.0]))
    momentum = float(rng.choice([0.0, 0.35, 0.5, 0.9]))
    return draw(rng, dim), draw(rng, dim), draw(rng, dim, digits=2), lr, momentum


_AT, _D = tensor(1.0, -1.0, 0.0), tensor(2.0, 0.5, -4.0)
_RETURN = "return params + server_lr * v, v"

MOMENTUM_STEP = Check(
    id="08.momentum_step",
    reference=momentum_step,
    cases=(
        case("none", _AT, _D, tensor(8.0, 8.0, 8.0), 0.5, 0.0,
             expected=([2.0, -0.75, -2.0], [2.0, 0.5, -4.0])),
        case("first", _AT, _D, tensor(0.0, 0.0, 0.0), 1.0, 0.9,
             expected=([3.0, -0.5, -4.0], [2.0, 0.5, -4.0])),
        case("kept", _AT, _D, tensor(4.0, -1.0, 10.0), 0.5, 0.9,
             expected=([3.8, -1.2, 2.5], [5.6, -0.4, 5.0])),
    ),
    random=_step_inputs,
    mistakes={
        "average": edit("+ aggregate", "+ (1 - momentum) * aggregate"),
        "old_v_moves": edit(_RETURN, "return params + server_lr * old, v",
                            "v = momentum", "old = v\n    v = momentum"),
        "old_v_returned": edit(_RETURN, "return params + server_lr * v, old",
                               "v = momentum", "old = v\n    v = momentum"),
        "subtracts": edit("params + server_lr", "params - server_lr"),
        "minus_d": edit("+ aggregate", "- aggregate"),
        "lr_inside": edit("+ aggregate", "+ server_lr * aggregate",
                          "+ server_lr * v, v", "+ v, v"),
        "lr_twice": edit("+ aggregate", "+ server_lr * aggregate"),
        "no_lr": edit("+ server_lr * v", "+ v"),
        "not_used": edit("server_lr * v", "server_lr * aggregate"),
        "both": edit("server_lr * v", "server_lr * (v + aggregate)"),
        "nesterov": edit("server_lr * v", "server_lr * (momentum * v + aggregate)"),
        "bracket": edit("momentum * v + aggregate", "momentum * (v + aggregate)"),
        "one_minus": edit("momentum * v", "(1 - momentum) * v"),
        "weighs_d": edit("momentum * v + aggregate", "v + momentum * aggregate"),
        "never_fades": edit("momentum * v", "v"),
        "only_the_step": edit("params + server_lr * v, v", "server_lr * v, v"),
        "exchanged": edit(_RETURN, "return v, params + server_lr * v"),
        "no_v": edit("server_lr * v, v", "server_lr * v"),
        "in_place": edit("v = momentum * v + aggregate",
                         "v *= momentum\n    v += aggregate"),
    },
)  # fmt: skip

# ---- how long a step with momentum is --------------------------------------------


def effective_lr(server_lr: float, momentum: float, rounds: int) -> float:
    """Return the step of that round, for aggregates of 1."""
    velocity = 0.0
    for _ in range(rounds):
        velocity = momentum * velocity + 1
    return server_lr * velocity


def _lr_inputs(rng: Generator) -> tuple[float, float, int]:
    lr, momentum = rng.choice([0.1, 0.5, 1.0, 3.0]), rng.choice([0.0, 0.4, 0.7, 0.95])
    return float(lr), float(momentum), int(rng.integers(1, 9))


EFFECTIVE_LR = Check(
    id="08.effective_lr",
    reference=effective_lr,
    cases=(
        case("first", 0.5, 0.9, 1, expected=0.5),
        case("none", 0.3, 0.0, 7, expected=0.3),
        case("two", 1.0, 0.5, 2, expected=1.5),
        case("three", 2.0, 0.8, 3, expected=4.88),
        case("long", 1.0, 0.9, 400, expected=10.0),
    ),
    random=_lr_inputs,
    mistakes={
        "long_run": lambda server_lr, momentum, rounds: server_lr / (1 - momentum),
        "too_few": edit("range(rounds)", "range(rounds - 1)"),
        "too_many": edit("range(rounds)", "range(rounds + 1)"),
        "average": edit("+ 1\n", "+ (1 - momentum)\n"),
        "way": edit("velocity = 0.0", "velocity = way = 0.0", "velocity + 1\n",
                    "velocity + 1\n        way += velocity\n",
                    "server_lr * velocity", "server_lr * way"),
        "compounds": lambda server_lr, momentum, rounds: (
            server_lr * (1 + momentum) ** (rounds - 1)
        ),
        "last_term": lambda server_lr, momentum, rounds: (
            server_lr * momentum ** (rounds - 1)
        ),
        "straight": lambda server_lr, momentum, rounds: (
            server_lr * (1 + momentum * (rounds - 1))
        ),
        "never_fades": edit("momentum * velocity", "velocity"),
        "times_momentum": edit("server_lr * velocity",
                               "server_lr * momentum * velocity"),
        "no_lr": edit("server_lr * velocity", "velocity"),
        "every_round": edit("velocity = 0.0", "velocity, all_of_them = 0.0, []",
                            "velocity + 1\n", "velocity + 1\n"
                            "        all_of_them.append(server_lr * velocity)\n",
                            "return server_lr * velocity", "return all_of_them"),
    },
)  # fmt: skip

# ---- FedAdam, Algorithm 2 of Reddi et al. 2021 -----------------------------------


def fedadam(
    params: Tensor, aggregates: Tensor, server_lr: float, beta1: float, beta2: float,
    tau: float,
) -> Tensor:  # fmt: skip
    """Return the server's params after all rounds, ``(d,)``."""
    m = torch.zeros_like(params)
    v = torch.full_like(params, tau**2)
    for D in aggregates:
        m = beta1 * m + (1 - beta1) * D
        v = beta2 * v + (1 - beta2) * D**2
        params = params + server_lr * m / (v.sqrt() + tau)
    return params


def _adam_inputs(rng: Generator) -> tuple[object, ...]:
    rounds, dim = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    lr, beta1 = float(rng.choice([0.1, 0.5])), float(rng.choice([0.0, 0.5, 0.9]))
    beta2, tau = float(rng.choice([0.6, 0.9, 0.99])), float(rng.choice([0.001, 0.3]))
    return draw(rng, dim), draw(rng, rounds, dim), lr, beta1, beta2, tau


_TRACE = tensor([1.0], [-0.5], [0.25], [0.0])  # (T, d)
_USUAL = (0.1, 0.9, 0.99)
_MOVE = "params = params + server_lr * m / (v.sqrt() + tau)"
_M_V = ("server_lr * m / (v.sqrt()", "server_lr * m_hat / (v_hat.sqrt()",
        "for D in aggregates:", "for t, D in enumerate(aggregates, 1):",
        "        params = params",
        "        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)\n"
        "        params = params")  # fmt: skip

FEDADAM = Check(
    id="08.fedadam",
    reference=fedadam,
    # By hand, first round, D = 1: m = 0.1, v = 0.99e-6 + 0.01. With tau = 0.5 and
    # D = 2: m = 0.2, v = 0.2475 + 0.04 = 0.2875; D = 0.1: m = 0.01, v = 0.2476.
    cases=(
        case("one", tensor(0.0), _TRACE[:1], *_USUAL, 1e-3,
             expected=[0.099005049]),
        case("large_tau", tensor(0.0, 0.0), tensor([2.0, 0.1]), *_USUAL, 0.5,
             expected=[0.02 / (0.2875**0.5 + 0.5), 0.001 / (0.2476**0.5 + 0.5)]),
        case("two", tensor(0.0), _TRACE[:2], *_USUAL, 1e-3, expected=[0.134605005]),
        case("four", tensor(0.0), _TRACE, *_USUAL, 1e-3, expected=[0.235990252]),
        case("betas", tensor(2.0, -1.0), tensor([2.0, 0.1], [-1.0, 3.0]),
             0.5, 0.5, 0.75, 0.25),
    ),
    random=_adam_inputs,
    mistakes={
        "adam": edit("tau**2", "0.0", *_M_V),
        "corrected": edit(*_M_V),
        "v_zero": edit("tau**2", "0.0"),
        "v_tau": edit("tau**2", "tau"),
        "tau_inside": edit("(v.sqrt() + tau)", "(v + tau).sqrt()"),
        "tau_squared_inside": edit("(v.sqrt() + tau)", "(v + tau**2).sqrt()"),
        "no_tau": edit("(v.sqrt() + tau)", "v.sqrt()"),
        "no_root": edit("v.sqrt()", "v"),
        "no_square": edit("D**2", "D.abs()"),
        "square_of_m": edit("D**2", "m**2"),
        "one_v": edit("D**2", "(D**2).mean()"),
        "subtracts": edit("params + server_lr", "params - server_lr"),
        "m_sum": edit("(1 - beta1) * D", "D"),
        "v_sum": edit("(1 - beta2) * D", "D"),
        "adagrad": edit("beta2 * v + (1 - beta2) * D", "v + D"),
        "yogi": edit("beta2 * v + (1 - beta2) * D**2",
                     "v - (1 - beta2) * D**2 * torch.sign(v - D**2)"),
        "no_m": edit("server_lr * m", "server_lr * D"),
        "swapped": edit("beta1 * m + (1 - beta1)", "beta2 * m + (1 - beta2)",
                        "beta2 * v + (1 - beta2)", "beta1 * v + (1 - beta1)"),
        "one_beta": edit("beta2 * v + (1 - beta2)", "beta1 * v + (1 - beta1)"),
        "fresh": edit(f"        {_MOVE}\n", f"        {_MOVE}\n        m, v = 0 * m,"
                      " torch.full_like(v, tau**2)  # anew\n"),
        "m_from_d": edit("torch.zeros_like(params)", "aggregates[0]"),
        "step_first": edit(f"        {_MOVE}\n", "",
                           "        m = beta1", f"        {_MOVE}\n        m = beta1"),
        "first_round": edit("in aggregates:", "in aggregates[:1]:"),
        "last_round": edit("in aggregates:", "in aggregates[-1:]:"),
        "only_the_way": edit("m = torch", "params = 0 * params\n    m = torch"),
        "no_lr": edit("server_lr * m", "m"),
    },
)  # fmt: skip

# ---- Yogi's v --------------------------------------------------------------------


def yogi_v(v: Tensor, aggregate: Tensor, beta2: float) -> Tensor:
    """Return the new v of FedYogi, ``(d,)``."""
    square = aggregate**2  # (d,)
    return v - (1 - beta2) * square * torch.sign(v - square)


def _yogi_inputs(rng: Generator) -> tuple[Tensor, Tensor, float]:
    """Return v below, just below, at, just above and above D^2, and at zero."""
    dim = int(rng.integers(1, 6))
    aggregate = (
        draw(rng, dim, low=-6, high=6, digits=0)
    ) / 2  # exact, as is its square
    near = aggregate**2 + draw(rng, dim, low=-1, high=1, digits=0) / 64
    far = draw(rng, dim, low=0, high=9)
    v = torch.where(draw(rng, dim) < 1, near, far).clamp(min=0)
    return v, aggregate, float(rng.choice([0.5, 0.75, 0.9, 0.99]))


_STEP = "(1 - beta2) * square * torch.sign(v - square)"

YOGI = Check(
    id="08.yogi",
    reference=yogi_v,
    cases=(
        case("below", tensor(0.5, 1.0, 0.0), tensor(2.0, -3.0, 1.0), 0.75,
             expected=[1.5, 3.25, 0.25]),
        case("above", tensor(9.0, 6.0, 2.0), tensor(2.0, -1.0, 0.5), 0.75,
             expected=[8.0, 5.75, 1.9375]),
        case("stays", tensor(3.0, 0.2, 4.0), tensor(0.0, 0.0, -2.0), 0.9,
             expected=[3.0, 0.2, 4.0]),
        case("past", tensor(3.75, 4.25), tensor(2.0, 2.0), 0.5, expected=[5.75, 2.25]),
    ),
    random=_yogi_inputs,
    draws=16,
    mistakes={
        "adam": edit(f"v - {_STEP}", "beta2 * v + (1 - beta2) * square"),
        "away": edit("v - (1", "v + (1"),
        "whole": edit("(1 - beta2) * square", "square"),
        "beta2": edit("(1 - beta2) * square", "beta2 * square"),
        "hundredth": edit("(1 - beta2) * square", "0.01 * square"),
        "not_squared": edit("aggregate**2", "aggregate"),
        "absolute": edit("aggregate**2", "aggregate.abs()"),
        "compared_with_d": edit("sign(v - square)", "sign(v - aggregate)"),
        "distance": edit("torch.sign(v - square)", "(v - square)"),
        "no_size": edit("* square * torch", "* torch"),
        "size_v": edit("* square * torch", "* v * torch"),
        "size_d": edit("* square * torch", "* aggregate.abs() * torch"),
        "sign_of_d": edit("torch.sign(v - square)", "torch.sign(aggregate)"),
        "grows": edit(f"- {_STEP}", "+ (1 - beta2) * square"),
        "adagrad": edit(f"- {_STEP}", "+ square"),
        "fades": edit("return v - ", "return beta2 * v - "),
        "stops": edit("(1 - beta2) * square",
                      "torch.minimum((1 - beta2) * square, (v - square).abs())"),
        "tie_down": edit("torch.sign(v - square)", "(2.0 * (v >= square) - 1)"),
        "tie_up": edit("torch.sign(v - square)", "(2.0 * (v > square) - 1)"),
        "never_down": edit("torch.sign(v - square)",
                           "torch.sign(v - square).clamp(max=0)"),
        "change": edit("return v - ", "return -"),
        "in_place": edit("return v -", "v -=", "sign(v - square)",
                         "sign(v - square)\n    return v"),
    },
)  # fmt: skip

CHECKS = (MOMENTUM_STEP, EFFECTIVE_LR, FEDADAM, YOGI)
