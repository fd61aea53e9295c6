"""Check 04.dirichlet: a Dirichlet splitter with a minimum size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from fltutor.checks import Check, case, edit
from fltutor.course.lesson_04.checks import splits
from fltutor.course.lesson_04.checks.recording import Array, split_often
from fltutor.course.lesson_04.checks.splits import judging


def dirichlet(
    labels: Array, num_clients: int, alpha: float, min_size: int, draw: Generator
) -> Array:
    """Return the owner of each example, ``(n,)``."""
    owner = np.full(len(labels), -1)
    for label in np.unique(labels):
        members = draw.permutation(np.flatnonzero(labels == label))
        shares = draw.dirichlet(np.full(num_clients, alpha))  # (N,)
        cuts = np.round(np.cumsum(shares)[:-1] * len(members)).astype(int)
        for client, part in enumerate(np.split(members, cuts)):
            owner[part] = client
    for client in range(num_clients):
        while (owner == client).sum() < min_size:
            donor = np.bincount(owner, minlength=num_clients).argmax()
            owner[np.flatnonzero(owner == donor)[-1]] = client
    return owner


Splitter = Callable[[Array, int, float, int, Generator], Array]


def _drawn_again(
    labels: Array, num_clients: int, alpha: float, min_size: int, draw: Generator
) -> Array:
    for _ in range(2000):
        owner = dirichlet(labels, num_clients, alpha, 0, draw)
        if np.bincount(owner, minlength=num_clients).min() >= min_size:
            break
    return owner


def _labels(rng: Generator, *sizes: int) -> Array:
    return rng.permutation(np.repeat(np.arange(len(sizes)), sizes))


def _inputs(rng: Generator) -> tuple[object, ...]:
    """Return a small data set, and a minimum that nine splits in ten do not reach."""
    classes = int(rng.integers(2, 5))
    num_clients = int(rng.choice([n for n in (3, 4, 5) if n != classes]))
    sizes, alpha = rng.integers(8, 25, size=classes), float(rng.choice([0.5, 1.0, 2.0]))
    shares = rng.dirichlet(np.full(num_clients, alpha), size=(200, classes))
    smallest = (shares * sizes[:, None]).sum(axis=1).min(axis=1)  # (200,)
    min_size = int(np.quantile(smallest, 0.9)) + 1
    return _labels(rng, *sizes), num_clients, alpha, min_size, range(8)


_RNG = np.random.default_rng(7)
_UNEQUAL = _labels(_RNG, 62, 43, 51, 34)
_SMALL = _labels(_RNG, 12, 7, 20)
_SHARES = "np.full(num_clients, alpha)"
_CUTS = "np.round(np.cumsum(shares)[:-1] * len(members)).astype(int)"
_DONOR = "np.bincount(owner, minlength=num_clients).argmax()"
_DRAW = "shares = draw.dirichlet(np.full(num_clients, alpha))  # (N,)\n"

DIRICHLET = Check(
    id="04.dirichlet",
    reference=dirichlet,
    use=split_often,
    judge=judging(*splits.ALL),
    random=_inputs,
    cases=(
        case("everyone", _SMALL, 4, 1.0, 1, range(3), judge=judging()),
        case("even", _UNEQUAL, 5, 1e6, 1, range(3),
             judge=judging(splits.alpha_as_given, splits.even)),
        case("spread", _labels(_RNG, 40, 40, 40, 40), 5, 0.5, 0, range(100),
             judge=judging(splits.alpha_as_given, splits.from_draw_alone,
                           splits.as_spread_as_dirichlet)),
        case("shares", _UNEQUAL, 5, 0.5, 0, range(8),
             judge=judging(splits.alpha_as_given, splits.cut_by_shares)),
        case("chance", _UNEQUAL, 5, 1e6, 1, range(3),
             judge=judging(splits.from_draw_alone)),
        case("shuffled", _UNEQUAL, 5, 1e6, 1, range(3), judge=judging(splits.shuffled)),
        case("minimum", _UNEQUAL, 5, 0.1, 6, range(8),
             judge=judging(splits.large_enough)),
        case("donor", _SMALL, 4, 0.5, 6, range(8),
             judge=judging(splits.large_enough, splits.filled_by_the_largest)),
    ),
    mistakes={
        "lost": edit(
            "cuts = " + _CUTS, "cuts = np.cumsum((shares * len(members)).astype(int))",
            "np.split(members, cuts)", "np.split(members, cuts)[:-1]",
        ),
        "from_one": edit("owner[part] = client", "owner[part] = client + 1"),
        "rest_last": edit(
            _CUTS, "np.cumsum((shares * len(members)).astype(int))[:-1]"
        ),
        "rest_first": edit(
            _CUTS,
            "len(members) - (shares * len(members)).astype(int)[:0:-1].cumsum()[::-1]",
        ),
        "example_by_example": edit(
            "len(members)).astype(int)",
            "len(members)).astype(int)\n"
            "        sizes = draw.multinomial(len(members), shares)\n"
            "        cuts = sizes.cumsum()[:-1]",
        ),
        "common": edit(
            f"        {_DRAW}", "", "for label", f"{_DRAW}    for label"
        ),
        "for_each_client": edit(
            "owner = np.full",
            "mixes = draw.dirichlet(np.full(labels.max() + 1, alpha), num_clients)\n"
            "    owner = np.full",
            f"draw.dirichlet({_SHARES})", "mixes[:, label] / mixes[:, label].sum()",
        ),
        "upside_down": edit(_SHARES, "np.full(num_clients, 1 / alpha)"),
        "alpha_divided": edit(_SHARES, "np.full(num_clients, alpha / num_clients)"),
        "alpha_multiplied": edit(_SHARES, "np.full(num_clients, alpha * num_clients)"),
        "own_generator": edit(
            "owner = np.full", "draw = np.random.default_rng(0)\n    owner = np.full"
        ),
        "not_shuffled": edit(
            "draw.permutation(np.flatnonzero(labels == label))",
            "np.flatnonzero(labels == label)",
        ),
        "no_minimum": edit("< min_size", "< 0"),
        "drawn_again": _drawn_again,
        "one_more": edit("< min_size", "<= min_size"),
        "donor": edit(
            "        while", f"        donor = {_DONOR}\n        while",
            f"            donor = {_DONOR}\n", "",
        ),
    },
)  # fmt: skip
