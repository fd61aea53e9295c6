"""How examples are shared out between train and test."""

from __future__ import annotations

from typing import Any

import numpy as np

from fltutor.seeds import stream
from fltutor.validate import fail, number
from fltutor.words import _

Array = np.ndarray[Any, Any]


def open_fraction(name: str, value: float) -> None:
    """Require a share above 0 and below 1."""
    advice = _("Leave something for both parts; 0.2 is a usual choice.")
    number(name, value, above=0, below=1, advice=advice)


def stratified_cut(
    y: Array, test_fraction: float, seed: int, *, name: str
) -> tuple[Array, Array]:
    """Return shuffled positions (train, test), each class shared out alike.

    The test part has ceil(n * test_fraction) examples; classes get theirs by
    largest remainder.
    """
    open_fraction("test_fraction", test_fraction)
    counts = np.bincount(y)
    exact = counts * test_fraction
    quota = np.floor(exact).astype(np.int64)
    missing = int(np.ceil(round(len(y) * test_fraction, 9))) - int(quota.sum())
    quota[np.argsort(quota - exact, kind="stable")[:missing]] += 1
    if (quota < 1).any() or (quota >= counts).any():
        raise fail(
            _(
                "test_fraction={test_fraction} for {min} to {max} examples a "
                "class of {name}, so that one part would lack a class"
            ).format(
                test_fraction=test_fraction,
                min=counts.min(),
                max=counts.max(),
                name=name,
            ),
            _("an example of every class in both parts"),
            _("Move it closer to 0.5 or ask for more examples."),
        )
    rng = stream(seed, name, "split")
    test = [
        rng.choice(np.flatnonzero(y == c), size=int(quota[c]), replace=False)
        for c in range(len(counts))
    ]
    chosen = np.zeros(len(y), dtype=bool)
    chosen[np.concatenate(test)] = True
    order = rng.permutation(len(y))
    return order[~chosen[order]], order[chosen[order]]
