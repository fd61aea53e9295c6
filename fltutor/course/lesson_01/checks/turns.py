"""Checks of what lesson 01 lets its learners write."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import Generator
from torch import Tensor

from fltutor.checks import Check, case, draw, edit, tensor

# ---- at home and abroad ----------------------------------------------------------


def home_and_abroad(journeys: Tensor) -> tuple[Tensor, Tensor]:
    """Return each model's accuracy at home and its mean abroad, each ``(N,)``."""
    home = journeys.diagonal()
    abroad = (journeys.sum(1) - home) / (len(journeys) - 1)
    return home, abroad


def _journeys(rng: Generator) -> tuple[object, ...]:
    clients = int(rng.integers(2, 6))
    return (draw(rng, clients, clients, low=0, high=1),)


_TWO = tensor([1.0, 0.2], [0.4, 0.8])  # (N, N)
_FOUR = tensor(
    [0.9, 0.1, 0.3, 0.2],
    [0.5, 1.0, 0.4, 0.0],
    [0.0, 0.6, 0.8, 0.9],
    [0.2, 0.3, 0.1, 0.7],
)

HOME_AND_ABROAD = Check(
    id="01.home_and_abroad",
    reference=home_and_abroad,
    cases=(
        case("two", _TWO, expected=(tensor(1.0, 0.8), tensor(0.2, 0.4))),
        case(
            "four",
            _FOUR,
            expected=(tensor(0.9, 1.0, 0.8, 0.7), tensor(0.2, 0.3, 0.5, 0.2)),
        ),
    ),
    random=_journeys,
    mistakes={
        "whole_row": edit(
            "(journeys.sum(1) - home) / (len(journeys) - 1)", "journeys.mean(1)"
        ),
        "columns": edit("journeys.sum(1)", "journeys.sum(0)"),
        "swapped": edit("return home, abroad", "return abroad, home"),
        "by_n": edit("(len(journeys) - 1)", "len(journeys)"),
        "one_number": edit("return home, abroad", "return home.mean(), abroad.mean()"),
        "best": edit(
            "(journeys.sum(1) - home) / (len(journeys) - 1)",
            "(journeys - 9 * journeys.new_ones(len(home)).diag()).max(1).values",
        ),
        "in_place": edit(
            "journeys.diagonal()",
            "journeys.diagonal().clone()\n    journeys.fill_diagonal_(0.0)",
            "(journeys.sum(1) - home)",
            "journeys.sum(1)",
        ),
    },
)

# ---- the average of models -------------------------------------------------------


def average(models: Tensor, sizes: Tensor) -> Tensor:
    """Return the mean of the models, weighted by examples, ``(d,)``."""
    return sizes / sizes.sum() @ models


def _models(rng: Generator) -> tuple[object, ...]:
    clients, dim = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    sizes = draw(rng, clients, low=1, high=40, digits=0)
    return draw(rng, clients, dim), sizes


_MODELS = tensor([0.0, 4.0, 1.0], [8.0, 0.0, -1.0], [4.0, -4.0, 3.0])  # (N, d)

AVERAGE = Check(
    id="01.average",
    reference=average,
    cases=(
        case("text", tensor([0.0, 4.0], [8.0, 0.0]), tensor(3.0, 1.0), expected=[2, 3]),
        case("equal", _MODELS[:2], tensor(5.0, 5.0), expected=[4.0, 2.0, 0.0]),
        case("square", _MODELS, tensor(10.0, 20.0, 10.0), expected=[5.0, 0.0, 0.5]),
        case("one", _MODELS[2:], tensor(7.0), expected=[4.0, -4.0, 3.0]),
    ),
    random=_models,
    mistakes={
        "unweighted": edit("sizes / sizes.sum() @ models", "models.mean(0)"),
        "not_divided": edit("sizes / sizes.sum()", "sizes"),
        "by_clients": edit("sizes.sum()", "len(sizes)"),
        "by_largest": edit("sizes.sum()", "sizes.max()"),
        "twice": edit(
            "sizes / sizes.sum() @ models",
            "((sizes / sizes.sum())[:, None] * models).mean(0)",
        ),
        "columns": edit("@ models", "@ models.T"),
        "in_place": edit(
            "sizes / sizes.sum() @ models",
            "models.mul_((sizes / sizes.sum())[:, None]).sum(0)",
        ),
        "row_vector": edit("sizes / sizes.sum()", "(sizes / sizes.sum())[None]"),
    },
)

# ---- what travels ----------------------------------------------------------------


def what_travels(
    regime: str,
    sizes: Sequence[int],
    example_numbers: int,
    model_numbers: int,
    rounds: int,
) -> tuple[int, int]:
    """Return (raw examples at the server, numbers sent up)."""
    if regime == "central":
        return sum(sizes), sum(sizes) * example_numbers
    if regime == "federated":
        return 0, len(sizes) * model_numbers * rounds
    return 0, 0


def _books(rng: Generator) -> tuple[object, ...]:
    regime = str(rng.choice(["alone", "federated", "central", "federated"]))
    sizes = [int(n) for n in rng.integers(1, 30, size=rng.integers(1, 6))]
    example_numbers, model_numbers, rounds = (int(n) for n in rng.integers(2, 40, 3))
    return regime, sizes, example_numbers, model_numbers, rounds


WHAT_TRAVELS = Check(
    id="01.what_travels",
    reference=what_travels,
    cases=(
        case("alone", "alone", [4, 7], 65, 10, 5, expected=(0, 0)),
        case("central", "central", [4, 7, 2], 65, 10, 5, expected=(13, 845)),
        case("federated", "federated", [4, 7, 2], 65, 10, 5, expected=(0, 150)),
        case("sizes", "federated", [400, 7, 2, 1], 65, 100, 30, expected=(0, 12_000)),
    ),
    random=_books,
    mistakes={
        "both_ways": edit("len(sizes) * model", "2 * len(sizes) * model"),
        "one_round": edit(" * rounds", ""),
        "one_client": edit("len(sizes) * ", ""),
        "per_example": edit("len(sizes)", "sum(sizes)"),
        "gradients": edit("model_numbers * rounds", "example_numbers * rounds"),
        "every_round": edit("* example_numbers", "* example_numbers * rounds"),
        "one_each": edit(
            "sum(sizes) * example_numbers", "len(sizes) * example_numbers"
        ),
        "not_held": edit("return sum(sizes), ", "return 0, "),
        "held": edit("return 0, len", "return sum(sizes), len"),
        "alone_sends": edit("return 0, 0", "return 0, model_numbers"),
    },
)

# ---- an update gives its only example away ---------------------------------------


def recover_example(weights: Tensor, biases: Tensor) -> Tensor:
    """Return the only example behind an update of the first layer, ``(f,)``."""
    unit = biases.abs().argmax()
    return weights[unit] / biases[unit]


def _update(
    *moves: float, x: Sequence[float] = (0.5, 1.0, 0.25)
) -> tuple[Tensor, Tensor]:
    """Return what a layer sends whose units moved by these multiples of x."""
    biases = tensor(*moves)  # (m,)
    return biases[:, None] * tensor(*x), biases


def _layer(rng: Generator) -> tuple[object, ...]:
    biases = draw(rng, int(rng.integers(1, 5)), low=-2, high=2)
    biases[rng.random(len(biases)) < 0.4] = 0.0  # a ReLU that was off
    biases[rng.integers(len(biases))] = float(rng.choice([-0.5, 0.3, -1.2]))
    example = draw(rng, int(rng.integers(1, 5)), low=-1, high=1, digits=4)
    return biases[:, None] * example, biases


RECOVER_EXAMPLE = Check(
    id="01.recover_example",
    reference=recover_example,
    cases=(
        case("two_units", *_update(0.5, -2.0), expected=[0.5, 1.0, 0.25]),
        case("no_help", *_update(0.5, 0.0, 0.25), expected=[0.5, 1.0, 0.25]),
        case("all_down", *_update(-0.5, 0.0, -0.25), expected=[0.5, 1.0, 0.25]),
        case("first_is_off", *_update(0.0, 0.25, -0.75), expected=[0.5, 1.0, 0.25]),
        case("cancel", *_update(0.75, -0.5, -0.25), expected=[0.5, 1.0, 0.25]),
        case(
            "white",
            *_update(0.5, 1.5, x=(0.0, 1.0, 0.0, 0.5)),
            expected=[0.0, 1.0, 0.0, 0.5],
        ),
    ),
    random=_layer,
    mistakes={
        "first_unit": edit("biases.abs().argmax()", "0"),
        "mean": edit(
            "weights[unit] / biases[unit]", "(weights / biases[:, None]).mean(0)"
        ),
        "sums": edit("weights[unit] / biases[unit]", "weights.sum(0) / biases.sum()"),
        "most_positive": edit(".abs()", ""),
        "upside_down": edit(
            "weights[unit] / biases[unit]", "biases[unit] / weights[unit]"
        ),
        "not_divided": edit(" / biases[unit]", ""),
        "sign": edit("return ", "return -"),
        "size": edit("/ biases[unit]", "/ biases[unit].abs()"),
        "every_row": edit(
            "weights[unit] / biases[unit]",
            "(weights / biases[:, None]).nan_to_num()",
        ),
    },
)
