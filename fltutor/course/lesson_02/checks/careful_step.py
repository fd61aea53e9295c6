"""Exercise 02.careful_step: a server that survives rubbish and silence."""

from __future__ import annotations

import torch
from torch import Tensor

from fltutor.checks.cases import example, tensor
from fltutor.checks.model import Check, Mistake

_NAN, _INF = float("nan"), float("inf")
_PARAMS = tensor(1.0, -1.0)
_SOUND = tensor([2.0, 4.0], [-2.0, 0.0], [6.0, 2.0])  # (K, d)
_ONE_NAN = tensor([2.0, 4.0], [_NAN, 3.0], [6.0, 2.0])
_ONE_INF = tensor([2.0, 4.0], [-2.0, 8.0], [5.0, _INF])
_SIZES = tensor(10.0, 20.0, 30.0)


def _step(params: Tensor, deltas: Tensor, sizes: Tensor, good: Tensor) -> Tensor:
    if not bool(good.any()):
        return params.clone()
    return params + sizes[good] / sizes[good].sum() @ deltas[good]


def _finite(deltas: Tensor) -> Tensor:
    return torch.isfinite(deltas).all(dim=1)


def _zeros_for_rubbish(params: Tensor, deltas: Tensor, sizes: Tensor) -> Tensor:
    clean = torch.nan_to_num(deltas, nan=0.0, posinf=0.0, neginf=0.0)
    return params + sizes / sizes.sum() @ clean


def _huge_for_inf(params: Tensor, deltas: Tensor, sizes: Tensor) -> Tensor:
    return params + sizes / sizes.sum() @ torch.nan_to_num(deltas)


def _old_shares(params: Tensor, deltas: Tensor, sizes: Tensor) -> Tensor:
    good = _finite(deltas)
    return params + (sizes / sizes.sum())[good] @ deltas[good]


def _any_instead_of_all(params: Tensor, deltas: Tensor, sizes: Tensor) -> Tensor:
    return _step(params, deltas, sizes, torch.isfinite(deltas).any(dim=1))


def _plain_mean(params: Tensor, deltas: Tensor, sizes: Tensor) -> Tensor:
    good = _finite(deltas)
    return params + deltas[good].mean(0) if bool(good.any()) else params.clone()


def _whole_round(params: Tensor, deltas: Tensor, sizes: Tensor) -> Tensor:
    if not bool(_finite(deltas).all()):
        return params.clone()
    return params + sizes / sizes.sum() @ deltas


def _divide_at_the_end(params: Tensor, deltas: Tensor, sizes: Tensor) -> Tensor:
    good = _finite(deltas)
    return params + (sizes[good, None] * deltas[good]).sum(0) / sizes[good].sum()


def _given(deltas: Tensor) -> dict[str, object]:
    return {"params": _PARAMS, "deltas": deltas, "sizes": _SIZES}


CAREFUL_STEP = Check(
    id="02.careful_step",
    title="A server that survives rubbish",
    signature="careful_step(params, deltas, sizes) -> (d,)",
    cases=(
        example(
            "with sound rows it is params plus the weighted mean",
            _given(_SOUND),
            tensor(1 + 8 / 3, -1 + 5 / 3),
        ),
        example(
            "a client with nan is left out, and the others share the weight",
            _given(_ONE_NAN),
            tensor(1 + 5.0, -1 + 2.5),
        ),
        example(
            "a client with inf is left out too",
            _given(_ONE_INF),
            tensor(1 - 2 / 3, -1 + 20 / 3),
        ),
        example(
            "with nobody left the params stay",
            _given(torch.full((3, 2), _NAN, dtype=torch.float64)),
            _PARAMS,
        ),
    ),
    mistakes=(
        Mistake(
            "Zeros instead of leaving out",
            _zeros_for_rubbish,
            "The bad entries became 0, but the client still has its full weight, and "
            "what is left of its row still counts. Leave the whole row out, and its "
            "size with it.",
        ),
        Mistake(
            "nan_to_num lets the row stay",
            _huge_for_inf,
            "torch.nan_to_num turns nan into 0 and inf into the largest number that "
            "there is, and the client keeps its weight. Leave the whole row out, and "
            "its size with it.",
        ),
        Mistake(
            "The shares are not made anew",
            _old_shares,
            "The row is gone, but the other shares were divided by everybody's "
            "examples: they add up to less than 1. Take sizes[good] before you divide.",
        ),
        Mistake(
            "Only nan is noticed",
            lambda params, deltas, sizes: _step(
                params, deltas, sizes, ~deltas.isnan().any(dim=1)
            ),
            "inf is not nan: a row with inf came through. torch.isfinite says no to "
            "both.",
        ),
        Mistake(
            "One sound number saves the row",
            _any_instead_of_all,
            "A row stays in as soon as one of its numbers is finite. *All* of them "
            "must be: torch.isfinite(deltas).all(dim=1).",
        ),
        Mistake(
            "The others count the same",
            _plain_mean,
            "The right rows are left out, but the rest is averaged without `sizes`. "
            "It should be a weighted mean, as ever.",
        ),
        Mistake(
            "One bad client stops the round",
            _whole_round,
            "If a single client sends rubbish, nobody's work is used. Leave out that "
            "client, and use the others.",
        ),
        Mistake(
            "Nobody left gives nan",
            _divide_at_the_end,
            "Without a single sound row the sum of sizes is 0, and dividing by it "
            "gives nan. Ask first whether anybody is left; if not, the params stay.",
        ),
    ),
    hints=(
        "Which rows may take part? Make a (K,) mask of True and False first.",
        "torch.isfinite(deltas) is a (K, d) table of True and False; a client is "
        "sound if its whole row is. Then use deltas[good] and sizes[good] only, and "
        "think of the case that nobody is.",
        "good = torch.isfinite(deltas).all(dim=1); if not good.any(): return "
        "params.clone(); shares = sizes[good] / sizes[good].sum(); "
        "return params + shares @ deltas[good].",
    ),
)
