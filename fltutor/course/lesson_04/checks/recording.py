"""Run a Dirichlet splitter with generators that remember the shares they gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from fltutor.checks import Given, Mismatch, require, run, to_array
from fltutor.words import _

Array: TypeAlias = np.ndarray[Any, Any]


class Remembering(np.random.Generator):
    """A generator that remembers (alpha, shares) of each Dirichlet vector it gave."""

    def __init__(self, bit_generator: np.random.BitGenerator) -> None:
        super().__init__(bit_generator)
        self.drawn: list[tuple[Array, Array]] = []

    def dirichlet(self, alpha: Any, size: Any = None) -> Array:
        """Draw as numpy does."""
        shares: Array = super().dirichlet(alpha, size)
        rows = shares.reshape(-1, shares.shape[-1])
        self.drawn += [(np.array(alpha, dtype=float), row.copy()) for row in rows]
        return shares

    def __deepcopy__(self, memo: object) -> Remembering:
        """Stay the same: what an answer draws from a copy is to be seen, too."""
        return self


@dataclass(frozen=True)
class Split:
    """What one seed gave: owners (n,) before and after filling up, and the shares."""

    seed: int
    rough: Array
    owner: Array
    drawn: Sequence[tuple[Array, Array]]
    num_drawn_again: int


def split_often(
    answer: object,
    labels: Array,
    num_clients: int,
    alpha: float,
    min_size: int,
    seeds: Sequence[int],
) -> list[Split]:
    """Run the splitter with each seed, without a minimum and with it."""
    given = {"labels": labels, "num_clients": num_clients, "alpha": alpha}
    found = []
    for seed in seeds:
        rough, first = _split(answer, given, 0, seed)
        owner, second = _split(answer, given, min_size, seed)
        found.append(Split(seed, rough, owner, first.drawn, len(second.drawn)))
    return found


def _split(
    answer: object, given: dict[str, Any], min_size: int, seed: int
) -> tuple[Array, Remembering]:
    """Return one client for each example, and the generator afterwards."""
    draw = Remembering(np.random.PCG64(seed))  # as np.random.default_rng(seed)
    got = run(answer, {**given, "min_size": min_size, "draw": draw})
    seen = inputs_of({**given, "min_size": min_size}, seed)
    owner, n = to_array(got), len(given["labels"])
    if owner is None or owner.shape != (n,):
        sentence = _("Return the owner of each of the {n} examples, shape ({n},).")
        raise Mismatch(sentence.format(n=n), seen, None, got, kind="shape")
    outside = ~np.isin(owner, np.arange(given["num_clients"]))
    sentence = _(
        "{count} of {n} examples belong to no client: their owner is not one of 0 to "
        "{last}."
    )
    problem = sentence.format(
        count=int(outside.sum()), n=n, last=given["num_clients"] - 1
    )
    wrong = np.unique(owner[outside])
    require(not outside.any(), problem, seen, got=wrong, kind="outside")
    return owner.astype(np.int64), draw


def inputs_of(given: Given, seed: int) -> Given:
    """Return the inputs as a learner could write them."""
    inputs = {name: value for name, value in given.items() if name != "seeds"}
    return {**inputs, "draw": f"np.random.default_rng({seed})"}
