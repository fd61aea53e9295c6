"""Data sets that need no network: `digits` and `blobs_2d`."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fltutor.seeds import stream
from fltutor.validate import at_least, count, positive

from .arrays import as_tensor
from .cutting import stratified_cut
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
        train=Dataset(as_tensor(x[train]), as_tensor(y[train]), 10),
        test=Dataset(as_tensor(x[test]), as_tensor(y[test]), 10),
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

    The clouds' centres stand evenly on a circle around the origin, so that one can
    see at once what a classifier should do. `per_class` counts the points of a cloud,
    train and test together; `spread` is a cloud's standard deviation in each
    direction, `radius` the distance of the centres from the origin.

    Raises
    ------
    ValueError
        If a number is out of range or a part would lack a class.
    """
    count("num_classes", num_classes, 2)
    count("per_class", per_class, 2)
    positive("spread", spread)
    at_least("radius", radius, 0.0)
    y = np.repeat(np.arange(num_classes), per_class)
    angle = np.pi / 2 + 2 * np.pi * y / num_classes
    centres = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    noise = stream(seed, "blobs_2d").standard_normal((len(y), 2))
    x = centres + spread * noise
    train, test = stratified_cut(y, test_fraction, seed, name="blobs_2d")
    return Split(
        train=Dataset(as_tensor(x[train]), as_tensor(y[train]), num_classes),
        test=Dataset(as_tensor(x[test]), as_tensor(y[test]), num_classes),
        num_classes=num_classes,
        name="blobs_2d",
        licence="made by this course (MIT)",
        class_names=tuple(f"blob {c}" for c in range(num_classes)),
        description="Round clouds of points in the plane.",
    )


@cache
def _digits_table() -> Array:
    """Return the (1797, 65) table: 64 pixels of 0..16 and the digit; not written to.

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
    bunch = importlib.import_module("sklearn.datasets").load_digits()
    return np.column_stack([bunch.data, bunch.target])
