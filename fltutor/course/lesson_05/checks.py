"""Checks of lesson 05, client drift.

As in the lesson, the closed forms come with numpy arrays and the deltas with a tensor.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Check, case, draw, edit, tensor

Floats = npt.NDArray[np.float64]


def _array(*rows: object) -> Floats:
    return np.array(rows, dtype=np.float64)


def _draw(rng: Generator, *shape: int, low: float = -4, high: float = 4) -> Floats:
    return np.asarray(draw(rng, *shape, low=low, high=high))


# ---- where a client's local steps end --------------------------------------------


def local_end(
    start: Floats, centre: Floats, curvature: Floats, lr: float, steps: int
) -> Floats:
    """Return the model after the client's local steps, ``(d,)``."""
    left = (1 - lr * curvature) ** steps  # (d,) of the distance
    return centre + left * (start - centre)


def _bowl(rng: Generator) -> tuple[object, ...]:
    """Return a bowl, flat in some directions, too steep for the step in others."""
    dim, lr = int(rng.integers(1, 4)), float(rng.choice([0.05, 0.1, 0.25, 0.5]))
    curvature = _draw(rng, dim, low=0, high=3)
    return _draw(rng, dim), _draw(rng, dim), curvature, lr, int(rng.integers(1, 8))


_HOME = _array(2.0, 3.0)

LOCAL_END = Check(
    id="05.local_end",
    reference=local_end,
    cases=(
        case("one_step", _array(4.0), _array(0.0), _array(1.0), 0.25, 1,
             expected=[3.0]),
        case("two_curvatures", _array(5.0, 2.0), _array(1.0, 10.0), _array(1.0, 2.0),
             0.25, 2, expected=[1 + 4 * 0.5625, 10 - 8 * 0.25]),
        case("overshoot", _array(0.0, 0.0), _array(8.0, -8.0), _array(1.0, 3.0), 0.5,
             3, expected=[7.0, -8 - 8 * 0.125]),
        case("home", _HOME, _HOME, _array(1.0, 2.0), 0.1, 50, expected=_HOME),
    ),
    random=_bowl,
    mistakes={
        "share": edit("(1 - lr * curvature) ** steps",
                      "1 - (1 - lr * curvature) ** steps"),
        "delta": edit("(start - centre)", "(start - centre) - start"),
        "no_curvature": edit("lr * curvature", "lr"),
        "first_gradient": edit("(1 - lr * curvature) ** steps",
                               "1 - steps * lr * curvature"),
        "one_step": edit(" ** steps", ""),
        "from_zero": edit("(start - centre)", "(-centre)"),
        "distance": edit("return centre + ", "return "),
        "sign": edit("(start - centre)", "(centre - start)"),
        "abs": edit("(1 - lr * curvature)", "np.abs(1 - lr * curvature)"),
        "exponential": edit("(1 - lr * curvature) ** steps",
                            "np.exp(-lr * curvature * steps)"),
        "uphill": edit("1 - lr", "1 + lr"),
        "twice": edit("lr * curvature", "2 * lr * curvature"),
    },
)  # fmt: skip

# ---- the fixed point of FedAvg ---------------------------------------------------


def fixed_point(
    centres: Floats, curvatures: Floats, weights: Floats, lr: float, steps: int
) -> Floats:
    """Return the model that a round of FedAvg does not change, ``(d,)``."""
    share = 1 - (1 - lr * curvatures) ** steps  # (N, d) of the way to the centre
    pull = weights[:, None] * share  # (N, d)
    fixed: Floats = (pull * centres).sum(0) / pull.sum(0)
    return fixed


def _run(
    centres: Floats, curvatures: Floats, weights: Floats, lr: float, steps: int,
    mu: float = 0.0, rounds: int = 200,
) -> Floats:  # fmt: skip
    """Run rounds step by step, from 0: there is no closed form in it."""
    x = np.zeros(centres.shape[1])
    for _ in range(rounds):
        ends = np.tile(x, (len(centres), 1))
        for _ in range(steps):
            ends = ends - lr * (curvatures * (ends - centres) + mu * (ends - x))
        x = weights / weights.sum() @ ends
    return x


def _federation(rng: Generator) -> tuple[object, ...]:
    """Return bowls, some too steep for the step; counts or shares for weights."""
    clients, dim = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    weights = _draw(rng, clients, low=1, high=30) * rng.choice([1.0, 0.01])
    centres, curvatures = _draw(rng, clients, dim), _draw(rng, clients, dim, low=0.2)
    lr, steps = float(rng.choice([0.05, 0.1, 0.25, 0.45])), int(rng.integers(1, 8))
    return centres, curvatures, weights, lr, steps


_E, _A, _HALF = _array([0.0], [16.0]), _array([2.0], [1.0]), _array(0.5, 0.5)
_COUNTS = _array(10.0, 30.0)
_PLANE = (
    _array([2.0, 1.0], [-2.0, 3.0], [0.0, -4.0]),
    _array([3.0, 0.5], [0.5, 3.0], [1.0, 1.0]),
    _array(0.2, 0.3, 0.5),
    0.2,
)
_SHARE = "1 - (1 - lr * curvatures) ** steps"

FIXED_POINT = Check(
    id="05.fixed_point",
    reference=fixed_point,
    cases=(
        case("optimum", _E, _A, _HALF, 0.25, 1, expected=[16 / 3]),
        case("two_steps", _E, _A, _HALF, 0.25, 2,
             expected=[16 * 0.4375 / (0.75 + 0.4375)]),
        case("many", _E, _A, _HALF, 0.25, 500, expected=[8.0]),
        case("counts", _E, _A, _COUNTS, 0.25, 2,
             expected=[16 * 3 * 0.4375 / (0.75 + 3 * 0.4375)]),
        case("plane", *_PLANE, 6, expected=_run(*_PLANE, 6)),
        case("slow", _E, _A / 10, _HALF, 0.05, 1, expected=[16 / 3]),
        case("overshoot", _E, _A, _HALF, 0.75, 3,
             expected=[16 * (1 - 0.25**3) / (1 + 0.5**3 + 1 - 0.25**3)]),
    ),
    random=_federation,
    mistakes={
        "optimum": edit(_SHARE, "curvatures"),
        "mean": edit(_SHARE, "np.ones_like(curvatures)"),
        "unweighted": edit("weights[:, None] * share", "share"),
        "left": edit(_SHARE, "(1 - lr * curvatures) ** steps"),
        "by_weights": edit("/ pull.sum(0)", "/ weights.sum()"),
        "by_shares": edit("/ pull.sum(0)", "/ share.sum(0)"),
        "one_share": edit("weights[:, None] * share",
                          "weights[:, None] * share.mean(1, keepdims=True)"),
        "abs": edit("(1 - lr * curvatures)", "np.abs(1 - lr * curvatures)"),
        "exponential": edit("(1 - lr * curvatures) ** steps",
                            "np.exp(-lr * curvatures * steps)"),
        "rounds": partial(_run, rounds=100),
    },
)  # fmt: skip

# ---- the angle between the clients' updates --------------------------------------


def update_cosine(deltas: Tensor) -> Tensor:
    """Return the mean cosine over all pairs of two rows."""
    unit = deltas / deltas.norm(dim=1, keepdim=True)  # (N, d)
    i, j = torch.triu_indices(len(deltas), len(deltas), 1)  # every pair once
    cosines: Tensor = (unit @ unit.T)[i, j]
    return cosines.mean()


def _rows(rng: Generator) -> tuple[Tensor]:
    """Return updates of unequal length, the first two parallel or opposite at times."""
    deltas = draw(rng, int(rng.integers(2, 7)), int(rng.integers(1, 5)))
    deltas[:, 0] += (deltas == 0).all(1)  # everyone moves
    if rng.random() < 0.3:
        deltas[1] = deltas[0] * float(rng.choice([-0.5, 2.0]))
    return (deltas,)


_FOUR = tensor(
    [3.0, 4.0, 0.0], [4.0, 3.0, 0.0], [0.0, 0.0, 5.0], [-3.0, -4.0, 0.0]
)  # unit rows: (.6, .8, 0), (.8, .6, 0), (0, 0, 1), (-.6, -.8, 0)
_PAIRS = "(unit @ unit.T)[i, j]"

UPDATE_COSINE = Check(
    id="05.update_cosine",
    reference=update_cosine,
    cases=(
        case("two", tensor([2.0, 0.0], [3.0, 3.0]), expected=0.5**0.5),
        case("three", tensor([1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]), expected=-1 / 3),
        case("four", _FOUR, expected=(0.96 - 1 - 0.96) / 6),
        case("lengths", tensor([1.0, 2.0], [2.0, 4.0], [0.5, 1.0]), expected=1.0),
    ),
    random=_rows,
    mistakes={
        "itself": edit(_PAIRS, "(unit @ unit.T)"),
        "by_clients": edit("cosines.mean()",
                           "(cosines.sum() * 2 / len(unit) ** 2)"),
        "twice": edit("cosines.mean()", "cosines.mean() * 2"),
        "dots": edit(" / deltas.norm(dim=1, keepdim=True)", ""),
        "sum": edit(".mean()", ".sum()"),
        "to_mean": edit(_PAIRS,
                        "torch.cosine_similarity(deltas, deltas.mean(0)[None])"),
        "abs": edit(_PAIRS, f"{_PAIRS}.abs()"),
        "neighbours": edit(_PAIRS, "(unit[:-1] * unit[1:]).sum(1)"),
        "to_first": edit(_PAIRS, "(unit[1:] @ unit[0])"),
        "columns": edit("dim=1", "dim=0"),
        "numbers": edit("(unit @ unit.T)", "(unit.T @ unit)",
                        "len(deltas), len(deltas)", "len(deltas.T), len(deltas.T)"),
        "matrix": edit("[i, j]", "", ".mean()", ""),
        "in_place": edit("deltas / deltas", "deltas.div_(deltas", "True)", "True))"),
    },
)  # fmt: skip

# ---- the fixed point of FedProx --------------------------------------------------


def prox_fixed_point(
    centres: Floats, curvatures: Floats, weights: Floats, lr: float, steps: int,
    mu: float,
) -> Floats:  # fmt: skip
    """Return the model that a round of FedProx does not change, ``(d,)``."""
    goal = curvatures / (curvatures + mu)  # (N, d) of the way, after endless steps
    share = goal * (1 - (1 - lr * (curvatures + mu)) ** steps)  # (N, d)
    pull = weights[:, None] * share
    fixed: Floats = (pull * centres).sum(0) / pull.sum(0)
    return fixed


def _pulled_federation(rng: Generator) -> tuple[object, ...]:
    *federation, lr, steps = _federation(rng)
    mu = float(rng.choice([0.0, 0.1, 0.5, 1.0, 3.0]))
    return *federation, min(float(str(lr)), 0.25), steps, mu


_LEFT = "(1 - lr * (curvatures + mu))"

PROX_FIXED_POINT = Check(
    id="05.prox_fixed_point",
    reference=prox_fixed_point,
    cases=(
        case("no_mu", _E, _A, _HALF, 0.25, 2, 0.0,
             expected=[16 * 0.4375 / (0.75 + 0.4375)]),
        case("two_steps", _E, _A, _HALF, 0.25, 2, 1.0,
             expected=[16 * 0.375 / (2 / 3 * 0.9375 + 0.375)]),
        case("plane", *_PLANE, 6, 0.5, expected=_run(*_PLANE, 6, 0.5)),
        case("strong", _E, _A, _COUNTS, 0.25, 3, 2.0,
             expected=_run(_E, _A, _COUNTS, 0.25, 3, 2.0)),
        case("slow", _E, _A / 10, _HALF, 0.05, 2, 1.0),
        case("overshoot", _E, _A, _HALF, 0.25, 3, 4.0,
             expected=_run(_E, _A, _HALF, 0.25, 3, 4.0)),
    ),
    random=_pulled_federation,
    mistakes={
        "no_mu": edit("curvatures / (curvatures + mu)", "1.0", _LEFT,
                      "(1 - lr * curvatures)"),
        "only_speed": edit("curvatures / (curvatures + mu)", "1.0"),
        "only_goal": edit(_LEFT, "(1 - lr * curvatures)"),
        "twice": edit("goal =", "mu = 2 * mu\n    goal ="),
        "unweighted": edit("weights[:, None] * share", "share"),
        "by_weights": edit("/ pull.sum(0)", "/ weights.sum()"),
        "left": edit(f"(1 - {_LEFT} ** steps)", f"{_LEFT} ** steps"),
        "other_goal": edit("goal = curvatures", "goal = mu"),
        "sign": edit(_LEFT, "(1 - lr * (curvatures - mu))"),
        "abs": edit(_LEFT, f"np.abs{_LEFT}"),
        "optimum": edit("weights[:, None] * share", "weights[:, None] * curvatures"),
        "mean": edit("weights[:, None] * share",
                     "weights[:, None] * np.ones_like(share)"),
        "rounds": partial(_run, rounds=100),
    },
)  # fmt: skip

CHECKS = (LOCAL_END, FIXED_POINT, UPDATE_COSINE, PROX_FIXED_POINT)
