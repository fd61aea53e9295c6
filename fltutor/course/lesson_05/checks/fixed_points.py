"""Exercises 05.fixed_point and 05.prox_fixed_point: where the rounds rest."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor


def _rest(pull: Tensor, centres: Tensor) -> Tensor:
    """Solve ``sum pull (e - x) = 0`` for each number of the model."""
    pull, centres = torch.as_tensor(pull), torch.as_tensor(centres)
    return (pull * centres).sum(0) / pull.sum(0)


def _share(a: Tensor, lr: float, steps: int) -> Tensor:
    return 1 - (1 - lr * torch.as_tensor(a)) ** steps  # (N, d)


def _column(weights: Tensor) -> Tensor:
    return torch.as_tensor(weights)[:, None]  # (N, 1)


_E1, _A1, _W1 = tensor([0.0], [16.0]), tensor([2.0], [1.0]), tensor(0.5, 0.5)
_TWO = {"centres": _E1, "curvatures": _A1, "weights": _W1, "lr": 0.25}
_THREE = {
    "centres": tensor([2.0, 1.0], [-2.0, 3.0], [0.0, -4.0]),
    "curvatures": tensor([3.0, 0.5], [0.5, 3.0], [1.0, 1.0]),
    "weights": tensor(0.2, 0.3, 0.5),
    "lr": 0.2,
}
_COUNTS = {**_TWO, "weights": tensor(10.0, 30.0)}


def _by_hand(given: dict[str, object], steps: int, mu: float = 0.0) -> Tensor:
    """Run rounds step by step until they rest: no closed form in it."""
    e, a, w = (
        torch.as_tensor(given[name]) for name in ("centres", "curvatures", "weights")
    )
    lr = float(str(given["lr"]))
    x = torch.zeros_like(e[0])
    for _ in range(150):
        ends = x.expand_as(e)
        for _ in range(steps):
            ends = ends - lr * (a * (ends - e) + mu * (ends - x))
        x = (w / w.sum()) @ ends
    return x


Rest = Callable[[Tensor, Tensor, Tensor, float, int], Tensor]


def _weighted(share: Callable[[Tensor, float, int], Tensor]) -> Rest:
    return lambda e, a, w, lr, k: _rest(
        _column(w) * share(torch.as_tensor(a), lr, k), e
    )


FIXED_POINT = Check(
    id="05.fixed_point",
    title="Where FedAvg rests",
    signature="fixed_point(centres, curvatures, weights, lr, steps) -> (d,)",
    cases=(
        example(
            "one step: the optimum of the weighted loss",
            {**_TWO, "steps": 1},
            tensor(16 / 3),
        ),
        example(
            "two steps, by hand",
            {**_TWO, "steps": 2},
            tensor(16 * 0.4375 / (0.75 + 0.4375)),
        ),
        example("very many steps: the mean centre", {**_TWO, "steps": 500}, [8.0]),
        example(
            "weights as counts, 10 and 30 examples",
            {**_COUNTS, "steps": 2},
            tensor(16 * 3 * 0.4375 / (0.75 + 3 * 0.4375)),
        ),
        example(
            "three clients in the plane, run until they rest",
            {**_THREE, "steps": 6},
            _by_hand(_THREE, 6),
        ),
    ),
    mistakes=(
        Mistake(
            "The optimum of the mean loss",
            lambda e, a, w, lr, k: _rest(_column(w) * a, e),
            "That is the place where FedAvg would rest with one local step. With "
            "more, each client pulls by the share of the way that it walks.",
        ),
        Mistake(
            "The mean of the centres",
            lambda e, a, w, lr, k: _rest(_column(w) * torch.ones_like(a), e),
            "That is the limit for very many steps, when everybody walks the whole "
            "way. Before that, steep clients have walked a larger share of it: "
            "1 - (1 - lr * curvature)^steps, with the curvature in it.",
        ),
        Mistake(
            "The weights are left out",
            lambda e, a, w, lr, k: _rest(_share(a, lr, k), e),
            "The server averages by `weights`. Each client pulls by its weight times "
            "its share.",
        ),
        Mistake(
            "What is left of the way, for what was walked",
            _weighted(lambda a, lr, k: (1 - lr * a) ** k),
            "(1 - lr a)^steps is what is left of the way. A client pulls by what it "
            "walked, 1 minus that.",
        ),
        Mistake(
            "Divided by the sum of the weights",
            lambda e, a, w, lr, k: (
                (_column(w) * _share(a, lr, k) * torch.as_tensor(e)).sum(0) / w.sum()
            ),
            "The pulls do not add up to 1, since nobody walks the whole way. Divide "
            "by the sum of weight times share.",
        ),
        Mistake(
            "One number for all directions",
            lambda e, a, w, lr, k: (
                _rest(
                    _column(w)
                    * _share(torch.as_tensor(a), lr, k).mean(1, keepdim=True),
                    e,
                )
                if a.shape[1] > 1
                else _rest(_column(w) * _share(a, lr, k), e)
            ),
            "A client may be steep in one direction and flat in another: keep a share "
            "for each number of the model, and sum over clients (axis 0) only.",
        ),
    ),
    hints=(
        "At rest the weighted deltas cancel. Write a client's delta as share times "
        "(centre - x).",
        "share = 1 - (1 - lr * curvatures) ** steps has shape (N, d). The sum of "
        "weights * share * (centres - x) over the clients is 0: solve for x.",
        "pull = weights[:, None] * (1 - (1 - lr * curvatures) ** steps); "
        "return (pull * centres).sum(0) / pull.sum(0)",
    ),
)


def _prox_share(a: Tensor, lr: float, k: int, mu: float) -> Tensor:
    a = torch.as_tensor(a)
    return a / (a + mu) * (1 - (1 - lr * (a + mu)) ** k)  # (N, d)


PROX_FIXED_POINT = Check(
    id="05.prox_fixed_point",
    title="Where FedProx rests",
    signature="prox_fixed_point(centres, curvatures, weights, lr, steps, mu) -> (d,)",
    cases=(
        example(
            "mu = 0 is FedAvg",
            {**_TWO, "steps": 2, "mu": 0.0},
            tensor(16 * 0.4375 / (0.75 + 0.4375)),
        ),
        example(
            "mu = 1, two steps, by hand",
            {**_TWO, "steps": 2, "mu": 1.0},
            tensor(16 * 0.375 / (2 / 3 * 0.9375 + 0.375)),
        ),
        example(
            "three clients in the plane, run until they rest",
            {**_THREE, "steps": 6, "mu": 0.5},
            _by_hand(_THREE, 6, 0.5),
        ),
        example(
            "stronger pull, counts as weights",
            {**_COUNTS, "steps": 3, "mu": 2.0},
            _by_hand(_COUNTS, 3, 2.0),
        ),
    ),
    mistakes=(
        Mistake(
            "mu is left out",
            lambda e, a, w, lr, k, mu: _rest(_column(w) * _share(a, lr, k), e),
            "This is FedAvg's fixed point: mu plays no part in it.",
        ),
        Mistake(
            "Only the speed of the walk knows mu",
            lambda e, a, w, lr, k, mu: _rest(
                _column(w) * (1 - (1 - lr * (torch.as_tensor(a) + mu)) ** k), e
            ),
            "The walk no longer leads to the centre but to a point between centre and "
            "start: a / (a + mu) of the way. Multiply the share by that.",
        ),
        Mistake(
            "Only the goal of the walk knows mu",
            lambda e, a, w, lr, k, mu: _rest(
                _column(w) * a / (torch.as_tensor(a) + mu) * _share(a, lr, k), e
            ),
            "The goal is right, but a step now multiplies the distance to it by "
            "1 - lr (a + mu): the pull makes the bowl steeper.",
        ),
        Mistake(
            "mu counts twice",
            lambda e, a, w, lr, k, mu: _rest(
                _column(w) * _prox_share(a, lr, k, 2 * mu), e
            ),
            "The penalty is mu / 2 times the squared distance, so its gradient is "
            "mu (w - start), with mu and not twice mu.",
        ),
        Mistake(
            "The weights are left out",
            lambda e, a, w, lr, k, mu: _rest(_prox_share(a, lr, k, mu), e),
            "The server averages by `weights`, as FedAvg does.",
        ),
        Mistake(
            "The optimum",
            lambda e, a, w, lr, k, mu: _rest(_column(w) * a, e),
            "FedProx shrinks the bias, but it does not remove it.",
        ),
    ),
    hints=(
        "Where would the local walk end if it went on for ever, from a start x?",
        "It ends where a (w - e) + mu (w - x) = 0, which is a / (a + mu) of the way "
        "from x to e. A step shrinks the distance to that place by 1 - lr (a + mu).",
        "share = a / (a + mu) * (1 - (1 - lr * (a + mu)) ** steps); the rest is as in "
        "fixed_point.",
    ),
)
