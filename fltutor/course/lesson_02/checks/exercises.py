"""Checks of lesson 02's exercises."""

from __future__ import annotations

import torch
from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Check, case, draw, edit, tensor

# ---- what a server did with a round ----------------------------------------------


def diagnose(
    before: Tensor, after: Tensor, deltas: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """Return how far a server moved along the right step, and the rest, as shares."""
    right = weights / weights.sum() @ deltas  # (d,)
    moved = after - before  # (d,)
    factor = moved @ right / (right @ right)
    return factor, (moved - factor * right).norm() / right.norm()


def _log_of_a_round(rng: Generator) -> tuple[object, ...]:
    """Return a round of a server that may be sound, or wrong in one of four ways."""
    clients, dim = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    weights = draw(rng, clients, low=1, high=9, digits=0)
    deltas = draw(rng, clients, dim)
    deltas[0, 0] += 9  # the right step is not zero
    right = weights / weights.sum() @ deltas
    made = (right, -right, 0.25 * right, deltas.mean(0), weights @ deltas)
    before = draw(rng, dim)
    return before, before + made[rng.integers(len(made))], deltas, weights


_TWO, _EXAMPLES = tensor([4.0, 0.0], [0.0, 8.0]), tensor(3.0, 1.0)
_LOG = (_TWO, _EXAMPLES)  # the right step is (3, 2)
_AT = tensor(1.0, 1.0)

DIAGNOSE = Check(
    id="02.diagnose",
    reference=diagnose,
    cases=(
        case("sound", _AT, tensor(4.0, 3.0), *_LOG, expected=(1, 0)),
        case("back", _AT, tensor(-2.0, -1.0), *_LOG, expected=(-1, 0)),
        case("short", _AT, tensor(2.5, 2.0), *_LOG, expected=(0.5, 0)),
        case("long", _AT, tensor(13.0, 9.0), *_LOG, expected=(4, 0)),
        case("still", _AT, _AT.clone(), *_LOG, expected=(0, 0)),
        case("aside", _AT, tensor(3.0, 5.0), *_LOG, expected=(14 / 13, 8 / 13)),
        case("no_params", _AT, tensor(3.0, 2.0), *_LOG, expected=(8 / 13, 1 / 13)),
    ),
    random=_log_of_a_round,
    mistakes={
        "unweighted": edit("weights / weights.sum() @ deltas", "deltas.mean(0)"),
        "not_normalised": edit("weights / weights.sum() @", "weights @"),
        "after": edit("after - before", "after"),
        "backwards": edit("after - before", "before - after"),
        "lengths": edit("moved @ right / (right @ right)",
                        "moved.norm() / right.norm()"),
        "one_length": edit("/ (right @ right)", "/ right.norm() "),
        "cosine": edit("/ (right @ right)", "/ (moved.norm() * right.norm() + 1e-99)"),
        "other_way": edit("/ (right @ right)", "/ (moved @ moved).clamp(1e-99)"),
        "no_factor": edit("moved - factor * right", "moved - right"),
        "no_share": edit("(moved - factor * right).norm() / right.norm()",
                         "(moved - factor * right).norm()"),
    },
)  # fmt: skip

# ---- updates that come one after the other ---------------------------------------


def arrive(mean: Tensor, seen: int, delta: Tensor, size: int) -> tuple[Tensor, int]:
    """Return the weighted mean with one more update in it, and its examples."""
    share = size / (seen + size)
    return mean + share * (delta - mean), seen + size


def _an_arrival(rng: Generator) -> tuple[object, ...]:
    dim = int(rng.integers(1, 4))
    seen, size = int(rng.integers(0, 40)), int(rng.integers(1, 30))
    mean = draw(rng, dim) if seen else torch.zeros(dim, dtype=torch.float64)
    return mean, seen, draw(rng, dim), size


ARRIVE = Check(
    id="02.arrive",
    reference=arrive,
    cases=(
        case("first", tensor(0.0, 0.0), 0, tensor(0.0, 8.0), 1, expected=([0, 8], 1)),
        case("second", tensor(0.0, 8.0), 1, tensor(4.0, 0.0), 3, expected=([3, 2], 4)),
        case("third", tensor(3.0, 2.0), 4, tensor(-1.0, 6.0), 4, expected=([1, 4], 8)),
        case("region", tensor(1.0, 4.0), 8, tensor(5.0, 0.0), 24,
             expected=([4, 1], 32)),
    ),
    random=_an_arrival,
    mistakes={
        "half": edit("size / (seen + size)", "0.5"),
        "swapped": edit("size / (seen", "seen / (seen"),
        "sum": edit("mean + share * (delta - mean)", "mean + size * delta"),
        "not_less": edit("share * (delta - mean)", "share * delta"),
        "newest": edit("mean + share * (delta - mean)", "delta + 0 * mean"),
        "in_place": edit("mean + share * (delta - mean)",
                         "mean.add_(share * (delta - mean))"),
        "not_counted": edit("(delta - mean), seen + size", "(delta - mean), seen"),
        "counts_clients": edit("(delta - mean), seen + size",
                               "(delta - mean), seen + 1"),
    },
)  # fmt: skip

# ---- two means that differ by one client -----------------------------------------


def missing_delta(everyone: Tensor, others: Tensor, sizes: Tensor, k: int) -> Tensor:
    """Return client k's delta from the mean with it and the mean without it."""
    n, n_k = sizes.sum(), sizes[k]
    return (n * everyone - (n - n_k) * others) / n_k


def _two_means(rng: Generator) -> tuple[object, ...]:
    clients, dim = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    deltas, k = draw(rng, clients, dim) / 7, int(rng.integers(clients))
    sizes = draw(rng, clients, low=1, high=30, digits=0)
    without = sizes.clone()
    without[k] = 0
    means = (share / share.sum() @ deltas for share in (sizes, without))
    return *means, sizes, k


_ROWS_MEAN, _ROWS_SIZES = tensor(2.5, 2.0), tensor(2.0, 1.0, 1.0)

MISSING_DELTA = Check(
    id="02.missing_delta",
    reference=missing_delta,
    cases=(
        case("small", tensor(3.0, 2.0), tensor(4.0, 0.0), tensor(1.0, 3.0), 0,
             expected=[0, 8]),
        case("large", tensor(3.0, 2.0), tensor(0.0, 8.0), tensor(1.0, 3.0), 1,
             expected=[4, 0]),
        case("three", _ROWS_MEAN, tensor(7.0, 10.0) / 3, _ROWS_SIZES, 1,
             expected=[3, -2]),
    ),
    random=_two_means,
    mistakes={
        "difference": edit("(n * everyone - (n - n_k) * others) / n_k",
                           "everyone - others"),
        "unweighted": edit("n, n_k = sizes.sum(), sizes[k]",
                           "n, n_k = len(sizes), 1"),
        "same_n": edit("(n - n_k)", "n"),
        "not_divided": edit(" / n_k", ""),
        "by_n": edit("/ n_k", "/ n"),
        "one_less": edit("(n - n_k)", "(n - 1)"),
        "first": edit("sizes[k]", "sizes[0]"),
        "backwards": edit("n * everyone - (n - n_k) * others",
                          "(n - n_k) * others - n * everyone"),
    },
)  # fmt: skip

# ---- a server that survives rubbish ----------------------------------------------


def careful_step(params: Tensor, deltas: Tensor, sizes: Tensor) -> Tensor:
    """Return params plus the weighted mean of the finite rows, ``(d,)``."""
    good = torch.isfinite(deltas).all(dim=1)  # (K,) bool
    if not bool(good.any()):
        return params.clone()
    return params + sizes[good] / sizes[good].sum() @ deltas[good]


_NAN, _INF = float("nan"), float("inf")


def _rubbish_inputs(rng: Generator) -> tuple[object, ...]:
    clients, dim = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    deltas = draw(rng, clients, dim)
    for row in deltas:
        if rng.random() < 0.4:
            row[rng.integers(dim)] = rng.choice([_NAN, _INF, -_INF, 2000.5])
    return draw(rng, dim), deltas, draw(rng, clients, low=1, high=30, digits=0)


_SOUND = tensor([2.0, 4.0], [-2.0, 0.0], [6.0, 2.0])  # (K, d)
_ONE_NAN = tensor([2.0, 4.0], [_NAN, 3.0], [6.0, 2.0])
_ONE_INF = tensor([2.0, 4.0], [-2.0, 8.0], [5.0, _INF])
_MINUS_INF = tensor([-_INF, 4.0], [-2.0, 8.0], [5.0, 1.0])
_LARGE = tensor([2.0, 4.0], [-2.0, 9000.0], [6.0, 2.0])
_RUBBISH = tensor([_NAN, _NAN], [_INF, 1.0], [0.0, -_INF])
_SIZES, _HERE = tensor(10.0, 20.0, 30.0), tensor(1.0, -1.0)

CAREFUL_STEP = Check(
    id="02.careful_step",
    reference=careful_step,
    cases=(
        case("sound", _HERE, _SOUND, _SIZES, expected=[11 / 3, 2 / 3]),
        case("nan", _HERE, _ONE_NAN, _SIZES, expected=[6.0, 1.5]),
        case("inf", _HERE, _ONE_INF, _SIZES, expected=[1 / 3, 17 / 3]),
        case("minus_inf", _HERE, _MINUS_INF, _SIZES, expected=[3.2, 2.8]),
        case("large", _HERE, _LARGE, _SIZES),
        case("nobody", _HERE, _RUBBISH, _SIZES, expected=[1.0, -1.0]),
    ),
    random=_rubbish_inputs,
    mistakes={
        "zeros": edit("good = ", "deltas = deltas.nan_to_num(0, 0, 0)\n    good = "),
        "nan_to_num": edit("good = ", "deltas = deltas.nan_to_num()\n    good = "),
        "old_shares": edit("/ sizes[good].sum()", "/ sizes.sum()"),
        "only_nan": edit("torch.isfinite(deltas)", "(~deltas.isnan())"),
        "minus_inf": edit("torch.isfinite(deltas)", "(deltas < torch.inf)"),
        "large_too": edit("torch.isfinite(deltas)", "(deltas.abs() < 1000)"),
        "any_number": edit(".all(dim=1)", ".any(dim=1)"),
        "unweighted": edit(
            "sizes[good] / sizes[good].sum() @ deltas[good]", "deltas[good].mean(0)"
        ),
        "aggregate": edit("return params + ", "return "),
        "whole_round": edit("good.any()", "good.all()"),
        "nobody": edit(
            "if not bool(good.any())",
            "if False",
            "/ sizes[good].sum() @ deltas[good]",
            "@ deltas[good] / sizes[good].sum()",
        ),
        "zero_model": edit("params.clone()", "torch.zeros_like(params)"),
    },
)
