"""Checks of lesson 01's exercises."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Check, case, draw, edit, tensor
from fltutor.course.lesson_01.checks.baseline import Data, Gradient, least_squares

# ---- a round to repair -----------------------------------------------------------


def repaired_round(
    start: Tensor, clients: Sequence[Data], gradient: Gradient, lr: float, steps: int
) -> Tensor:
    """Return the model after one round of federated averaging, ``(d,)``."""
    ends = []
    for x, y in clients:
        params = start
        for _ in range(steps):
            params = params - lr * gradient(params, x, y)
        ends.append(params)
    sizes = torch.tensor([float(len(x)) for x, _ in clients])
    return sizes / sizes.sum() @ torch.stack(ends)


def _round(rng: Generator) -> tuple[object, ...]:
    clients, dim = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    sizes = rng.permutation(5)[:clients] + 1  # no two alike
    federation = [(draw(rng, n, dim, low=-1, high=1), draw(rng, n)) for n in sizes]
    lr, steps = float(rng.choice([0.125, 0.25, 0.5])), int(rng.integers(2, 4))
    return draw(rng, dim, low=0.5), federation, least_squares, lr, steps


# Every example looks at one coordinate with weight 1, so a step goes half-way to the
# client's mean target of it.
_ONE = (tensor([1.0]), tensor(4.0))
_THREE = (tensor([1.0], [1.0], [1.0]), tensor(-3.0, -4.0, -5.0))
_AT = tensor(0.0)

REPAIRED_ROUND = Check(
    id="01.repaired_round",
    reference=repaired_round,
    cases=(
        case("alone", _AT, [_ONE], least_squares, 0.5, 1, expected=[2.0]),
        case("two", _AT, [_ONE, _ONE], least_squares, 0.5, 2, expected=[3.0]),
        case("unequal", _AT, [_ONE, _THREE], least_squares, 0.5, 1, expected=[-1.0]),
        case("steps", _AT, [_ONE, _THREE], least_squares, 0.5, 2, expected=[-1.5]),
    ),
    random=_round,
    mistakes={
        "broken": edit(
            "ends = []", "ends, params = [], start",
            "        params = start\n", "",
            "sizes / sizes.sum() @ torch.stack(ends)", "torch.stack(ends).mean(0)",
        ),
        "passed_on": edit(
            "ends = []", "ends, params = [], start", "        params = start\n", ""
        ),
        "unweighted": edit(
            "sizes / sizes.sum() @ torch.stack(ends)", "torch.stack(ends).mean(0)"
        ),
        "last": edit("sizes / sizes.sum() @ torch.stack(ends)", "ends[-1]"),
        "stale": edit("gradient(params,", "gradient(start,"),
        "uphill": edit("params - lr", "params + lr"),
        "in_place": edit("params = params -", "params -="),
        "delta": edit("@ torch.stack(ends)", "@ torch.stack(ends) - start"),
        "not_divided": edit("sizes / sizes.sum()", "sizes"),
    },
)  # fmt: skip

# ---- rounds that send no more than the data would --------------------------------


def most_rounds(sizes: Sequence[int], example_numbers: int, model_numbers: int) -> int:
    """Return how many rounds send up no more than the raw data would."""
    data = sum(sizes) * example_numbers
    per_round = len(sizes) * model_numbers
    return data // per_round


def _sizes(rng: Generator) -> tuple[object, ...]:
    sizes = [int(n) for n in rng.integers(1, 40, size=rng.integers(2, 6))]
    model = int(rng.integers(2, 60))
    example = int(rng.integers(2, 50))
    if rng.integers(2):
        example = len(sizes) * model  # the costs are equal after sum(sizes) rounds
    return sizes, example, model


MOST_ROUNDS = Check(
    id="01.most_rounds",
    reference=most_rounds,
    cases=(
        case("lesson", [111, 126, 68, 248, 212, 22, 137, 133, 60, 32], 65, 2410,
             expected=3),
        case("scans", [300, 500, 200], 1_000_000, 2_000_000, expected=166),
        case("exactly", [4, 8], 10, 20, expected=3),
        case("none", [2, 1], 5, 100, expected=0),
    ),
    random=_sizes,
    draws=24,
    mistakes={
        "both_ways": edit("len(sizes) * model", "2 * len(sizes) * model"),
        "one_client": edit("len(sizes) * model_numbers", "model_numbers"),
        "mean_size": edit("sum(sizes) *", "sum(sizes) / len(sizes) *"),
        "examples": edit("sum(sizes) * example_numbers", "sum(sizes)"),
        "rounded_up": edit("data // per_round", "-(-data // per_round)"),
        "fraction": edit("data // per_round", "data / per_round"),
        "strictly": edit("data // per_round", "(data - 1) // per_round"),
        "upside_down": edit("data // per_round", "per_round // data"),
        "one_more": edit("data // per_round", "data // per_round + 1"),
    },
)  # fmt: skip

# ---- a client that lies about its size -------------------------------------------


def claimed_size(sizes: Sequence[int], liar: int, percent: int) -> int:
    """Return the least size to claim for this share of the average."""
    others = sum(sizes) - sizes[liar]
    return math.ceil(percent * others / (100 - percent))


def _claims(rng: Generator) -> tuple[object, ...]:
    sizes = [int(n) for n in rng.integers(1, 90, size=rng.integers(2, 6))]
    return sizes, int(rng.integers(len(sizes))), int(rng.choice([10, 25, 50, 75, 90]))


CLAIMED_SIZE = Check(
    id="01.claimed_size",
    reference=claimed_size,
    cases=(
        case("half", [10, 30, 60], 0, 50, expected=90),
        case("most", [10, 30, 60], 0, 90, expected=810),
        case("other", [10, 30, 60], 2, 75, expected=120),
        case("up", [5, 7, 3], 1, 30, expected=4),
    ),
    random=_claims,
    draws=24,
    mistakes={
        "of_all": edit("sum(sizes) - sizes[liar]", "sum(sizes)"),
        "share_of_total": edit("/ (100 - percent)", "/ 100"),
        "first": edit("sizes[liar]", "sizes[0]"),
        "rounded_down": edit("math.ceil", "math.floor"),
        "fraction": edit("math.ceil(percent * others / (100 - percent))",
                         "percent * others / (100 - percent)"),
        "on_top": edit("(100 - percent))", "(100 - percent)) - sizes[liar]"),
        "upside_down": edit("percent * others / (100 - percent)",
                            "(100 - percent) * others / percent"),
        "one_more": edit("(100 - percent))", "(100 - percent)) + 1"),
    },
)  # fmt: skip

# ---- how many examples of each digit ---------------------------------------------


def label_counts(
    change: Tensor, lr: float, probabilities: Tensor, num_examples: int
) -> Tensor:
    """Return how many examples of each class a client holds, ``(C,)``."""
    shares = probabilities + change / lr
    return (num_examples * shares).round()


def _step(
    counts: Tensor, lr: float, probabilities: Tensor, num_examples: int
) -> tuple[object, ...]:
    """Return what the server knows after one full-batch step on these counts."""
    change = lr * (counts / num_examples - probabilities)
    return change, lr, probabilities, num_examples


def _labels(rng: Generator) -> tuple[object, ...]:
    classes = int(rng.integers(2, 6))
    counts = draw(rng, classes, low=0, high=12, digits=0)
    counts[rng.integers(classes)] += 1
    guesses = draw(rng, classes, low=0.1, high=1)
    lr = float(rng.choice([0.1, 0.5, 1.5]))
    return _step(counts, lr, guesses / guesses.sum(), int(counts.sum()))


_EVEN, _UNEVEN = tensor(0.25, 0.25, 0.25, 0.25), tensor(0.1, 0.2, 0.7)

LABEL_COUNTS = Check(
    id="01.label_counts",
    reference=label_counts,
    cases=(
        case("two", *_step(tensor(4.0, 0.0, 4.0, 0.0), 1.0, _EVEN, 8),
             expected=[4, 0, 4, 0]),
        case("rate", *_step(tensor(1.0, 2.0, 3.0, 4.0), 0.5, _EVEN, 10),
             expected=[1, 2, 3, 4]),
        case("uneven", *_step(tensor(6.0, 3.0, 1.0), 0.1, _UNEVEN, 10),
             expected=[6, 3, 1]),
        case("one", *_step(tensor(0.0, 0.0, 7.0), 0.1, _UNEVEN, 7),
             expected=[0, 0, 7]),
    ),
    random=_labels,
    mistakes={
        "no_guess": edit("probabilities + change / lr", "change / lr"),
        "sign": edit("probabilities + change", "probabilities - change"),
        "no_rate": edit("change / lr", "change"),
        "times_rate": edit("change / lr", "change * lr"),
        "shares": edit("(num_examples * shares).round()", "shares"),
        "positive": edit("probabilities + change / lr",
                         "(change > 0) / (change > 0).sum()"),
        "even": edit("probabilities + change", "1 / len(change) + change"),
        "in_place": edit("probabilities + change / lr",
                         "change.div_(lr).add_(probabilities)"),
    },
)  # fmt: skip
