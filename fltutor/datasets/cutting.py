"""How examples are shared out between train and test."""

from __future__ import annotations

from typing import Any

import numpy as np

from fltutor.seeds import stream
from fltutor.validate import fail

Array = np.ndarray[Any, Any]


def open_fraction(name: str, value: float) -> None:
    """Require a share above 0 and below 1."""
    if not 0.0 < value < 1.0:
        raise fail(
            f"{name}={value}",
            f"0 < {name} < 1",
            "Leave something for both parts; 0.2 is a usual choice.",
        )


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
        raise ValueError(
            f"{name} got test_fraction={test_fraction}: with {counts.min()} to "
            f"{counts.max()} examples a class, one part would lack a class. Move it "
            "closer to 0.5 or ask for more examples."
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
