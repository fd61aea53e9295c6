"""`heart_disease`: four hospitals, a federation that was not made up.

Each hospital is cut on its own into train and test, stratified by disease (codes
1..4: a vessel narrowed by more than half; 0: none). Then missing values are filled
and columns scaled, with numbers from training patients only.

Missing is what the files mark `?`, and a 0 where 0 cannot be: all of Zurich and
Basel, and a quarter of Long Beach, have a cholesterol of 0.

Filling, "hospital": the median (of codes, the most frequent value) of the patient's
own hospital; a column that a hospital never measured takes `UNREMARKABLE`. This is
the default, since it is what hospitals can do that share no patient data: a median
over all of them is a number computed from everyone's patients, and has to be paid
for with a protocol or with privacy. "pooled": that median over all, for comparison.

Scaling: mean 0 and standard deviation 1, by "hospital" or "pooled", or "none".
Scaling at home hides that hospitals differ in level; "pooled" and "none" show it.

Source: R. Detrano et al., American Journal of Cardiology 64 (1989); UCI,
https://doi.org/10.24432/C52P4X
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from fltutor.validate import one_of

from .arrays import as_tensor
from .cutting import stratified_cut
from .folder import damaged, locate, read
from .records import Dataset, Split
from .sources import HEART_DISEASE

Array = np.ndarray[Any, Any]

HOSPITALS = ("Cleveland", "Budapest", "Zurich and Basel", "Long Beach")
FEATURES = (
    "age",
    "sex",
    "chest pain type",
    "blood pressure at rest",
    "cholesterol",
    "fasting blood sugar above 120 mg/dl",
    "ECG at rest",
    "highest heart rate",
    "chest pain in exercise",
    "ST depression",
    "slope of ST segment",
    "coloured vessels",
    "thallium scan",
)
"""Names of the 13 columns of x, in order."""

UNREMARKABLE = (50, 0, 4, 120, 200, 0, 0, 150, 0, 0.0, 1, 0, 3)
"""What a column takes that a hospital never measured: a plain textbook value,
the same for all, fixed in advance and computed from no patient."""

ZERO_IS_MISSING = (3, 4, 12)
"""Columns in which 0 cannot be a measurement: nobody alive has a blood pressure or
a cholesterol of 0, and a thallium scan is coded 3, 6 or 7."""

SCOPES = ("hospital", "pooled")

CATEGORIES = (1, 2, 5, 6, 8, 10, 11, 12)
"""Columns that hold codes: filled with the most frequent value, not the median."""


def heart_disease(
    test_fraction: float = 0.2,
    seed: int = 0,
    *,
    target: str = "disease",
    impute: str = "hospital",
    scale: str = "hospital",
    download: bool = True,
) -> Split:
    """Return the heart patients: x (n, 13), groups = the four hospitals.

    `target`: "disease" (0, 1) or "severity" (0..4; Budapest wrote down 0 and 1 only).
    `impute`: "hospital" or "pooled"; `scale`: those or "none": explained at the top
    of this module. `test_fraction` of each hospital's patients is only tested on.

    Raises
    ------
    ValueError
        If a word or a number is not one of those allowed.
    DataNotFoundError, DataDownloadError, DataCorruptError
        If the files are missing, cannot be fetched, or are damaged.
    """
    one_of("target", target, ("disease", "severity"))
    one_of("impute", impute, SCOPES)
    one_of("scale", scale, (*SCOPES, "none"))
    x, code, owner = _patients(download)
    train = _train_mask(code, owner, test_fraction, seed)
    x = _fill(x, train, _scopes(owner, impute))
    if scale != "none":
        x = _standardise(x, train, _scopes(owner, scale))
    y, names = _targets(code, target)
    return Split(
        train=_dataset(x, y, owner, len(names), train),
        test=_dataset(x, y, owner, len(names), ~train),
        num_classes=len(names),
        name=HEART_DISEASE.name,
        licence=HEART_DISEASE.licence,
        class_names=names,
        description=f"Four hospitals; impute={impute!r}, scale={scale!r}.",
    )


def _targets(code: Array, target: str) -> tuple[Array, tuple[str, ...]]:
    """Return labels and their names."""
    if target == "severity":
        return code, tuple("01234")
    return code > 0, ("healthy", "disease")


def _patients(download: bool) -> tuple[Array, Array, Array]:
    """Return raw x (920, 13) with NaN for missing, code (920,), hospital (920,)."""
    paths = locate(HEART_DISEASE, download=download)
    tables = [
        _parse(path, content)
        for path, content in zip(paths, read(HEART_DISEASE, paths), strict=True)
    ]
    table = np.concatenate(tables)
    owner = np.repeat(np.arange(len(tables)), [len(t) for t in tables])
    x, code = table[:, :13].copy(), table[:, 13].astype(np.int64)
    for column in ZERO_IS_MISSING:
        x[x[:, column] == 0, column] = np.nan
    return x, code, owner


def _parse(path: Path, content: bytes) -> Array:
    """Return one hospital's table (n, 14), NaN where the file has `?`."""
    rows = []
    for number, line in enumerate(content.decode("latin-1").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            cells = line.strip().split(",")
            row = [np.nan if cell == "?" else float(cell) for cell in cells]
        except ValueError:
            row = []
        if len(row) != 14 or row[13] not in (0, 1, 2, 3, 4) or np.isinf(row).any():
            raise damaged(
                HEART_DISEASE,
                path,
                f"has the line {number} {line[:60]!r}",
                "14 numbers or '?' separated by commas, the last in 0..4,",
            )
        rows.append(row)
    if not rows:
        raise damaged(HEART_DISEASE, path, "is empty", "one line for each patient")
    return np.array(rows)


def _train_mask(code: Array, owner: Array, fraction: float, seed: int) -> Array:
    """Return True for training patients; each hospital is cut on its own."""
    mask = np.zeros(len(code), dtype=bool)
    for hospital in np.unique(owner):
        rows = np.flatnonzero(owner == hospital)
        sick = (code[rows] > 0).astype(np.int64)
        train, _ = stratified_cut(
            sick, fraction, seed, name=f"heart_disease, {HOSPITALS[hospital]},"
        )
        mask[rows[train]] = True
    return mask


def _scopes(owner: Array, kind: str) -> list[Array]:
    """Return masks of the patients that share one set of statistics."""
    if kind == "pooled":
        return [np.ones(len(owner), dtype=bool)]
    return [owner == hospital for hospital in np.unique(owner)]


def _fill(x: Array, train: Array, scopes: Iterable[Array]) -> Array:
    """Fill missing values with a typical one of the scope's training patients."""
    filled = x.copy()
    for scope in scopes:
        for column in range(x.shape[1]):
            known = x[scope & train, column]
            known = known[~np.isnan(known)]
            hole = scope & np.isnan(x[:, column])
            filled[hole, column] = _typical(known, column)
    return filled


def _typical(known: Array, column: int) -> float:
    """Return the median, for codes the most frequent value, else the textbook's."""
    if len(known) == 0:
        return float(UNREMARKABLE[column])
    if column not in CATEGORIES:
        return float(np.median(known))
    values, counts = np.unique(known, return_counts=True)
    return float(values[counts.argmax()])


def _standardise(x: Array, train: Array, scopes: Iterable[Array]) -> Array:
    """Shift and scale by the training patients; a constant column becomes 0."""
    scaled = x.copy()
    for scope in scopes:
        known = x[scope & train]
        constant = known.min(axis=0) == known.max(axis=0)
        spread = np.where(constant, 1.0, known.std(axis=0))
        scaled[scope] = (x[scope] - known.mean(axis=0)) / spread
    return scaled


def _dataset(x: Array, y: Array, owner: Array, classes: int, rows: Array) -> Dataset:
    return Dataset(
        as_tensor(x[rows]),
        as_tensor(y[rows]),
        classes,
        as_tensor(owner[rows]),
        HOSPITALS,
    )
