"""Say whether what the learner built agrees with the library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

AGREE = (1e-12, 1e-9, 1e-6)
"""How near two numbers must be to count as close: the first that holds is told."""


def compare(mine: Any, library: Any, name: str = "") -> None:
    """Print whether two results are exact, close or different, and by how much.

    Takes numbers, arrays, tensors, sequences, and dictionaries of them. The
    difference is taken relative to the largest library value where that is above 1.

    Examples
    --------
    >>> compare([1.0, 2.0], [1.0, 2.0], "mean")
    mean: exact, the same number in all 2 places.
    >>> compare(0.5, 0.25, "step size")
    step size: different, largest difference 0.25 (mine 0.5, library 0.25).
    """
    print(verdict(mine, library, name))  # noqa: T201  (a lesson's cell shows it)


def verdict(mine: Any, library: Any, name: str = "") -> str:
    """Return the sentence that `compare` prints."""
    head = f"{name}: " if name else ""
    if isinstance(mine, Mapping) and isinstance(library, Mapping):
        return _dictionaries(mine, library, head)
    try:
        a, b = _array(mine), _array(library)
    except (TypeError, ValueError) as error:
        return f"{head}cannot be compared, {error}."
    if a.shape != b.shape:
        return f"{head}different, mine has shape {a.shape} and the library's {b.shape}."
    if not a.size:
        return f"{head}exact, both are empty."
    if np.array_equal(a, b, equal_nan=True):
        return f"{head}exact, the same number in {_places(a.size)}."
    gaps = np.array(np.abs(a - b))
    gaps[np.isnan(a) & np.isnan(b)] = 0.0
    where = np.unravel_index(int(np.argmax(np.nan_to_num(gaps, nan=np.inf))), a.shape)
    scale = max(1.0, float(np.nanmax(np.abs(b))))
    for limit in AGREE:
        if gaps[where] <= limit * scale:
            return f"{head}close, equal to {limit:.0e} in {_places(a.size)}."
    at = f" at {[int(i) for i in where]}" if a.size > 1 else ""
    return (
        f"{head}different, largest difference {gaps[where]:.4g}{at} "
        f"(mine {a[where]:.4g}, library {b[where]:.4g})."
    )


def _dictionaries(
    mine: Mapping[Any, Any], library: Mapping[Any, Any], head: str
) -> str:
    missing = [str(key) for key in library if key not in mine]
    extra = [str(key) for key in mine if key not in library]
    if missing or extra:
        told = [f"lacks {missing}"] if missing else []
        told += [f"has {extra} besides"] if extra else []
        return f"{head}different, mine {' and '.join(told)}."
    return "\n".join(verdict(mine[key], library[key], f"{head}{key}") for key in mine)


def _array(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, list | tuple):
        value = [_array(part) for part in value]
    return np.asarray(value, dtype=float)


def _places(size: int) -> str:
    return "the one place" if size == 1 else f"all {size} places"
