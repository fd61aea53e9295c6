"""Checks of lesson 07, correcting drift."""

from __future__ import annotations

from collections.abc import Callable

import torch
from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Case, Check, case, draw, edit, tensor

Pair = tuple[Tensor, Tensor]

# ---- FedProx: the direction of a local step --------------------------------------


def prox_direction(grad: Tensor, params: Tensor, start: Tensor, mu: float) -> Tensor:
    """Return the gradient of the loss with the band, ``(d,)``."""
    band = mu * (params - start)  # (d,)
    return grad + band


def _prox_inputs(rng: Generator) -> tuple[Tensor, Tensor, Tensor, float]:
    dim, mu = int(rng.integers(1, 5)), float(rng.choice([0.0, 0.125, 1.0, 2.5]))
    return draw(rng, dim), draw(rng, dim), draw(rng, dim), mu


_GRAD = tensor(1.0, -2.0)

PROX_DIRECTION = Check(
    id="07.prox_direction",
    reference=prox_direction,
    cases=(
        case("start", _GRAD, tensor(4.0, 5.0), tensor(4.0, 5.0), 3.0,
             expected=[1.0, -2.0]),
        case("no_mu", _GRAD, tensor(4.0, 5.0), tensor(0.0, 1.0), 0.0,
             expected=[1.0, -2.0]),
        case("away", tensor(0.0, 0.0), tensor(3.0, 1.0), tensor(1.0, 5.0), 0.5,
             expected=[1.0, -2.0]),  # 0.5 * (2, -4)
        case("together", _GRAD, tensor(3.0, 1.0), tensor(-1.0, 2.0), 2.0,
             expected=[9.0, -4.0]),  # (1, -2) + 2 * (4, -1)
    ),
    random=_prox_inputs,
    mistakes={
        "pushes": edit("grad + band", "grad - band"),
        "twice": edit("mu * ", "2 * mu * "),
        "half": edit("mu * ", "mu / 2 * "),
        "to_zero": edit("(params - start)", "params"),
        "not_squared": edit("grad + band", "grad + band / (params - start).norm()"),
        "squared": edit("(params - start)", "(params - start) ** 2"),
        "half_squared": edit("mu * (params - start)", "mu / 2 * (params - start) ** 2"),
        "penalty": edit("mu * (params - start)",
                        "mu / 2 * ((params - start) ** 2).sum()"),
        "distance": edit("(params - start)", "(params - start).abs()"),
        "no_mu": edit("mu * ", ""),
        "only_band": edit("grad + band", "band"),
        "minus": edit("grad + band", "-(grad + band)"),
        "step": edit("grad + band", "params - (grad + band)"),
        "in_place": edit("return grad + band", "grad += band\n    return grad"),
    },
)  # fmt: skip

# ---- SCAFFOLD: the client's control variate --------------------------------------


def renew(c_i: Tensor, c: Tensor, delta: Tensor, steps: int, lr: float) -> Tensor:
    """Return the client's new control variate, ``(d,)``."""
    direction = -delta / (steps * lr)  # (d,), the mean of grad - c_i + c
    return direction + c_i - c


def _bowl(params: Tensor) -> Tensor:
    return params - tensor(3.0, -1.0)


def _slope(params: Tensor) -> Tensor:
    return tensor(2.0, -4.0)


def _trained(
    key: str, c_i: Tensor, c: Tensor, gradient: Callable[[Tensor], Tensor],
    steps: int, lr: float,
) -> Case:  # fmt: skip
    """Train as SCAFFOLD does; the new c_i is the mean of the gradients met."""
    start = params = tensor(5.0, 5.0)
    met = []
    for _ in range(steps):
        met.append(gradient(params))
        params = params - lr * (met[-1] - c_i + c)
    mean = torch.stack(met).mean(0)
    return case(key, c_i, c, params - start, steps, lr, expected=mean)


def _renew_inputs(rng: Generator) -> tuple[Tensor, Tensor, Tensor, int, float]:
    dim, steps = int(rng.integers(1, 5)), int(rng.integers(1, 7))
    lr = float(rng.choice([0.05, 0.1, 0.5, 2.0]))
    return draw(rng, dim), draw(rng, dim), draw(rng, dim), steps, lr


_ZERO, _OLD = tensor(0.0, 0.0), tensor(7.0, 2.0)

CONTROL_VARIATE = Check(
    id="07.control_variate",
    reference=renew,
    cases=(
        _trained("one_step", _ZERO, _ZERO, _bowl, 1, 1.0),
        _trained("rate", _ZERO, _ZERO, _bowl, 1, 0.1),
        _trained("old_c_i", _OLD, _ZERO, _bowl, 1, 0.1),
        _trained("old_c", _OLD, tensor(-3.0, 4.0), _bowl, 1, 0.1),
        _trained("constant", tensor(1.0, 1.0), tensor(0.5, -2.0), _slope, 5, 0.1),
        _trained("mean", tensor(1.0, 0.0), tensor(-1.0, 2.0), _bowl, 4, 0.2),
    ),
    random=_renew_inputs,
    mistakes={
        "sign_delta": edit("-delta /", "delta /"),
        "sign_c": edit("c_i - c\n", "c_i + c\n"),
        "sign_c_i": edit("+ c_i - c\n", "- c_i - c\n"),
        "sign_both": edit("+ c_i - c\n", "- c_i + c\n"),
        "sign_delta_and_c": edit("-delta /", "delta /", "c_i - c\n", "c_i + c\n"),
        "sign_all": edit("-delta /", "delta /", "+ c_i - c\n", "- c_i + c\n"),
        "not_undone": edit(" + c_i - c\n", "\n"),
        "no_c": edit(" + c_i - c\n", " + c_i\n"),
        "no_steps": edit("(steps * lr)", "lr"),
        "no_rate": edit("(steps * lr)", "steps"),
        "neither": edit(" / (steps * lr)", ""),
        "brackets": edit("(steps * lr)", "steps * lr"),
        "all_divided": edit("-delta / (steps * lr)", "-delta",
                            "direction + c_i - c\n",
                            "(direction + c_i - c) / (steps * lr)\n"),
        "change": edit("direction + c_i - c\n", "direction - c\n"),
        "in_place": edit("return direction + c_i - c",
                         "c_i += direction - c\n    return c_i"),
    },
)  # fmt: skip

# ---- FedNova: the normalised mean ------------------------------------------------


def fednova_mean(deltas: Tensor, weights: Tensor, steps: Tensor) -> Tensor:
    """Return the normalised mean of the rows, ``(d,)``."""
    per_step = deltas / steps[:, None]  # (K, d)
    mean_steps = weights @ steps
    return mean_steps * (weights @ per_step)


def _nova_inputs(rng: Generator) -> tuple[Tensor, Tensor, Tensor]:
    clients, dim = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    weights = draw(rng, clients, low=1, high=9, digits=0)
    steps = draw(rng, clients, low=1, high=9, digits=0)
    return draw(rng, clients, dim), weights / weights.sum(), steps


_DELTAS = tensor([2.0, 0.0, 4.0], [8.0, -4.0, 0.0], [3.0, 6.0, -9.0])  # (K, d)
_TWO = _DELTAS[:2]

FEDNOVA_MEAN = Check(
    id="07.fednova_mean",
    reference=fednova_mean,
    cases=(
        case("equal", _TWO, tensor(0.25, 0.75), tensor(4.0, 4.0),
             expected=[6.5, -3.0, 1.0]),
        # per step (2, 0, 4) and (2, -1, 0), mean (2, -0.5, 2), times 2.5
        case("unequal", _TWO, tensor(0.5, 0.5), tensor(1.0, 4.0),
             expected=[5.0, -1.25, 5.0]),
        # mean (2, -0.75, 1), times 0.25 * 1 + 0.75 * 4 = 3.25
        case("weighted", _TWO, tensor(0.25, 0.75), tensor(1.0, 4.0),
             expected=[6.5, -2.4375, 3.25]),
        # rows (2, 0, 4), (2, -1, 0), (1, 2, -3); mean (1.75, 0.25, 1.25), times 2.25
        case("square", _DELTAS, tensor(0.5, 0.25, 0.25), tensor(1.0, 4.0, 3.0),
             expected=[3.9375, 0.5625, 2.8125]),
    ),
    random=_nova_inputs,
    mistakes={
        "fedavg": edit("mean_steps * (weights @ per_step)", "weights @ deltas"),
        "one_step": edit("mean_steps * (weights @ per_step)", "weights @ per_step"),
        "plain_steps": edit("weights @ steps", "steps.mean()"),
        "largest": edit("weights @ steps", "steps.max()"),
        "total": edit("weights @ steps", "steps.sum()"),
        "plain_rows": edit("(weights @ per_step)", "per_step.mean(0)"),
        "unweighted": edit("weights @ steps", "steps.mean()",
                           "(weights @ per_step)", "per_step.mean(0)"),
        "multiplied": edit("deltas / steps", "deltas * steps",
                           "mean_steps * (weights @ per_step)",
                           "(weights @ per_step) / mean_steps"),
        "shares": edit("mean_steps * (weights @ per_step)",
                       "weights @ per_step / (weights / steps).sum()"),
        "divided_twice": edit("mean_steps * (weights @ per_step)",
                              "weights @ per_step / mean_steps"),
        "not_per_step": edit("deltas / steps[:, None]", "deltas"),
        "by_clients": edit("mean_steps * ", "mean_steps / len(steps) * "),
        "wrong_axis": edit("steps[:, None]", "steps"),
        "not_added": edit("weights @ per_step", "weights[:, None] * per_step"),
        "in_place": edit("per_step = deltas / steps[:, None]",
                         "deltas /= steps[:, None]\n    per_step = deltas"),
    },
)  # fmt: skip

# ---- FedDyn: the server's step ---------------------------------------------------


def feddyn_server(
    params: Tensor, h: Tensor, deltas: Tensor, num_clients: int, alpha: float
) -> Pair:
    """Return the server's new params and its new h, ``(d,)`` each."""
    h = h - alpha * deltas.sum(0) / num_clients  # (d,)
    return params + deltas.mean(0) - h / alpha, h


def _dyn_inputs(rng: Generator) -> tuple[Tensor, Tensor, Tensor, int, float]:
    cohort, dim = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    num_clients = cohort + int(rng.integers(0, 6))
    alpha = float(rng.choice([0.1, 0.25, 1.0, 2.0]))
    return draw(rng, dim), draw(rng, dim), draw(rng, cohort, dim), num_clients, alpha


_AT = tensor(1.0, -1.0)
_PAIR = tensor([4.0, 0.0], [0.0, 8.0])  # (K, d), mean (2, 4)

FEDDYN_SERVER = Check(
    id="07.feddyn_server",
    reference=feddyn_server,
    cases=(
        # params: (1, -1) + (2, 4) + (2, 4)
        case("all", _AT, tensor(0.0, 0.0), _PAIR, 2, 1.0,
             expected=([5.0, 7.0], [-2.0, -4.0])),
        # h = (0, 1) - 0.5 (2, 4) = (-1, -1); params + (2, 4) + (2, 2)
        case("alpha", _AT, tensor(0.0, 1.0), _PAIR, 2, 0.5,
             expected=([5.0, 5.0], [-1.0, -1.0])),
        # h = (0, 1) - 0.5 / 4 (2, 4) = (-0.25, 0.5); params + (2, 4) - (-0.5, 1)
        case("cohort", _AT, tensor(0.0, 1.0), _PAIR, 8, 0.5,
             expected=([3.5, 2.0], [-0.25, 0.5])),
        case("still", _AT, tensor(0.5, -1.0), 0 * _PAIR, 8, 0.5,
             expected=([0.0, 1.0], [0.5, -1.0])),
    ),
    random=_dyn_inputs,
    mistakes={
        "as_if_all": edit("deltas.sum(0) / num_clients", "deltas.mean(0)"),
        "sum_in_h": edit("deltas.sum(0) / num_clients", "deltas.sum(0)"),
        "divided_twice": edit("deltas.sum(0)", "deltas.mean(0)"),
        "grows": edit("h - alpha", "h + alpha"),
        "no_alpha": edit("alpha * deltas", "deltas"),
        "forgotten": edit("h = h - ", "h = -"),
        "old_h": edit("return params + deltas.mean(0) - h / alpha, h",
                      "return params + deltas.mean(0) - old / alpha, h",
                      "h = h -", "old = h\n    h = h -"),
        "times": edit("- h / alpha", "- h * alpha"),
        "h_itself": edit("- h / alpha", "- h"),
        "sum": edit("deltas.mean(0)", "deltas.sum(0)"),
        "sum_over_all": edit("deltas.mean(0)", "deltas.sum(0) / num_clients"),
        "other_way": edit("- h / alpha", "+ h / alpha"),
        "back": edit("+ deltas.mean(0)", "- deltas.mean(0)"),
        "left_out": edit("- h / alpha", ""),
        "only_the_step": edit("params + deltas", "deltas"),
        "exchanged": edit("return params + deltas.mean(0) - h / alpha, h",
                          "return h, params + deltas.mean(0) - h / alpha"),
        "no_h": edit("/ alpha, h", "/ alpha"),
        "in_place": edit("h = h - ", "h -= "),
    },
)  # fmt: skip

CHECKS = (PROX_DIRECTION, CONTROL_VARIATE, FEDNOVA_MEAN, FEDDYN_SERVER)
