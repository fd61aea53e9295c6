"""Data sets that need no network: `digits`, `blobs_2d` and `synthetic`."""

from __future__ import annotations

import importlib.util
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .records import Dataset, Split

Array = np.ndarray[Any, Any]

DIGITS_SHAPE = (1797, 65)


def digits(
    test_fraction: float = 0.2, seed: int = 0, *, as_images: bool = False
) -> Split:
    """Return scikit-learn's 1,797 handwritten digits, 8 by 8 pixels.

    The pictures travel inside scikit-learn, so this works with no network. Pixels
    are divided by 16 and lie in [0, 1]. The cut is seeded and stratified: each
    digit has the same share of the test set, up to one example.

    Parameters
    ----------
    test_fraction
        Share of the examples in the test set, in (0, 1).
    seed
        Which cut.
    as_images
        x as (n, 1, 8, 8) for convolutions instead of (n, 64).

    Raises
    ------
    ValueError
        If a part would lack a digit.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits,
    UCI (1998), https://doi.org/10.24432/C50P49; the 1,797 are its test part.
    """
    table = _digits_table()
    x, y = table[:, :64] / 16.0, table[:, 64].astype(np.int64)
    if as_images:
        x = x.reshape(-1, 1, 8, 8)
    train, test = stratified_cut(y, test_fraction, seed, name="digits")
    return Split(
        train=Dataset(x[train], y[train], 10),
        test=Dataset(x[test], y[test], 10),
        num_classes=10,
        name="digits",
        licence="CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)",
        class_names=tuple("0123456789"),
        description="Handwritten digits, 8 by 8 pixels in [0, 1].",
    )


def blobs_2d(
    num_classes: int = 3,
    per_class: int = 100,
    *,
    spread: float = 0.6,
    radius: float = 2.0,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Split:
    """Return round clouds of points in the plane, for pictures.

    The clouds' centres stand evenly on a circle around the origin, so that one
    can see at once what a classifier should do.

    Parameters
    ----------
    num_classes
        C, the number of clouds.
    per_class
        Points in each cloud, train and test together.
    spread
        Standard deviation of a cloud in each direction; `radius` has the same
        unit and is the distance of the centres from the origin.
    test_fraction
        Share of the points in the test set, in (0, 1).
    seed
        Which points.

    Raises
    ------
    ValueError
        If a number is out of range or a part would lack a class.
    """
    if num_classes < 2 or per_class < 2 or not spread > 0 or not radius >= 0:
        raise ValueError(
            f"blobs_2d got num_classes={num_classes}, per_class={per_class}, "
            f"spread={spread}, radius={radius}; needed are at least 2 classes of at "
            "least 2 points, spread > 0 and radius >= 0. Change what is out of range."
        )
    rng = generator(seed, "blobs_2d")
    y = np.repeat(np.arange(num_classes), per_class)
    angle = np.pi / 2 + 2 * np.pi * y / num_classes
    centres = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = centres + spread * rng.standard_normal((len(y), 2))
    train, test = stratified_cut(y, test_fraction, seed, name="blobs_2d")
    return Split(
        train=Dataset(x[train], y[train], num_classes),
        test=Dataset(x[test], y[test], num_classes),
        num_classes=num_classes,
        name="blobs_2d",
        licence="made by this course (MIT)",
        class_names=tuple(f"blob {c}" for c in range(num_classes)),
        description="Round clouds of points in the plane.",
    )


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random stream of one purpose."""
    keys = [zlib.crc32(str(name).encode()) for name in names]
    return np.random.default_rng([seed, *keys])


def stratified_cut(
    y: Array, test_fraction: float, seed: int, *, name: str
) -> tuple[Array, Array]:
    """Return shuffled positions (train, test), each class shared out alike.

    The test part has ceil(n * test_fraction) examples; classes get theirs by
    largest remainder.
    """
    if not 0.0 < test_fraction < 1.0:
        raise ValueError(
            f"{name} got test_fraction={test_fraction}; a number between 0 and 1, "
            "both excluded, is needed. 0.2 is a usual choice."
        )
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
    rng = generator(seed, name, "split")
    test = [
        rng.choice(np.flatnonzero(y == c), size=int(quota[c]), replace=False)
        for c in range(len(counts))
    ]
    chosen = np.zeros(len(y), dtype=bool)
    chosen[np.concatenate(test)] = True
    order = rng.permutation(len(y))
    return order[~chosen[order]], order[chosen[order]]


def _digits_table() -> Array:
    """Return the (1797, 65) table: 64 pixels of 0..16 and the digit.

    Reading scikit-learn's packaged file takes a few hundredths of a second,
    importing `sklearn.datasets` about one second; so the file comes first.
    """
    spec = importlib.util.find_spec("sklearn")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            table = np.loadtxt(path, delimiter=",")
            if table.shape == DIGITS_SHAPE:
                return table
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return np.column_stack([bunch.data, bunch.target])
