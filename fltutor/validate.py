"""Checks of shape and range, all with one form of message.

A message has three parts: what was got, what is needed, what to do. Public functions
check their arguments here once; everything inside trusts.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


def fail(what: str, needed: str, advice: str) -> ValueError:
    """Return the ValueError of the house's form; the caller raises it.

    Examples
    --------
    >>> fail("alpha=0", "alpha > 0", "Use 0.01 for extreme skew.")
    ValueError('Got alpha=0, need alpha > 0. Use 0.01 for extreme skew.')
    """
    return ValueError(f"Got {what}, need {needed}. {advice}")


def positive(name: str, value: float, advice: str = "") -> None:
    """Require a finite number above 0."""
    if not (np.isfinite(value) and value > 0):
        raise fail(
            f"{name}={value}", f"a finite {name} > 0", advice or f"Raise {name}."
        )


def fraction(name: str, value: float, advice: str = "") -> None:
    """Require a number in [0, 1)."""
    if not 0 <= value < 1:
        raise fail(
            f"{name}={value}",
            f"0 <= {name} < 1",
            advice or f"Choose {name} from 0 up to, but not including, 1.",
        )


def at_least(name: str, value: float, low: float, advice: str = "") -> None:
    """Require a finite number that is not below ``low``."""
    if not (np.isfinite(value) and value >= low):
        raise fail(
            f"{name}={value}",
            f"a finite {name} >= {low}",
            advice or f"Choose {name} of at least {low}.",
        )


def count(name: str, value: Any, low: int = 1, high: int | None = None) -> None:
    """Require a whole number between ``low`` and ``high``."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        limit = f"{low} or more" if high is None else f"from {low} to {high}"
        raise fail(
            f"{name}={value!r}",
            f"a whole number {name}, {limit}",
            f"Choose {name} in that range.",
        )


def one_of(name: str, value: str, known: Collection[str]) -> None:
    """Require one of the known names."""
    if value not in known:
        names = ", ".join(repr(k) for k in known)
        raise fail(f"{name}={value!r}", f"one of {names}", "Check the spelling.")


def same_length(**lengths: int) -> None:
    """Require equal lengths, given by name."""
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{name} of length {size}" for name, size in lengths.items())
        raise fail(got, "equal lengths", "Pass one entry for each client.")


def vector(name: str, value: Tensor, size: int) -> None:
    """Require a floating vector ``(size,)``."""
    if value.shape != (size,) or not value.is_floating_point():
        raise fail(
            f"{name} of shape {tuple(value.shape)} and {value.dtype}",
            f"a float tensor of shape ({size},)",
            "Flatten the model with Layout.flatten.",
        )


def matrix(name: str, deltas: Tensor, weights: Tensor) -> None:
    """Require updates ``(K, d)`` and one aggregation weight for each row.

    Weights are finite, not negative, and not all zero.
    """
    if deltas.ndim != 2:
        raise fail(
            f"{name} of shape {tuple(deltas.shape)}",
            "a matrix (clients K, parameters d)",
            "Stack the clients' update vectors with torch.stack.",
        )
    if weights.shape != deltas.shape[:1]:
        raise fail(
            f"weights of shape {tuple(weights.shape)} for {name} of shape "
            f"{tuple(deltas.shape)}",
            f"weights of shape ({deltas.shape[0]},)",
            "Pass one aggregation weight for each client.",
        )
    smallest = float(weights.min()) if len(weights) else 0.0
    total = float(weights.sum())
    if not (smallest >= 0 and math.isfinite(total)):  # nor is NaN at least 0
        raise fail(
            f"aggregation weights {weights.tolist()}",
            "finite weights >= 0",
            "Use the clients' example counts n_k, or ones.",
        )
    if total == 0:
        raise fail(
            "aggregation weights that are all zero",
            "at least one weight > 0",
            "Leave out rounds without participants.",
        )


def finite(name: str, value: Tensor) -> None:
    """Require a tensor without NaN or infinity."""
    if value.is_floating_point() and not bool(torch.isfinite(value).all()):
        bad = int((~torch.isfinite(value)).sum())
        raise fail(
            f"{name} with {bad} entries that are NaN or infinite",
            "finite numbers",
            "Look for missing values in the data or a learning rate that is too large.",
        )


def not_empty(name: str, value: Sequence[Any]) -> None:
    """Require at least one entry."""
    if len(value) == 0:
        raise fail(f"no {name}", f"at least one of {name}", f"Add {name}.")
