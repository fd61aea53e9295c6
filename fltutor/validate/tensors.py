"""Tensors: a model vector, a round's matrix, what user code returned."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from fltutor.validate.message import fail, shown


def vector(name: str, value: Tensor, size: int) -> None:
    """Require a floating vector ``(size,)``."""
    _is_tensor(name, value)
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
    _is_tensor(name, deltas)
    _is_tensor("weights", weights)
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


def returned(
    name: str,
    value: Any,
    *,
    shape: tuple[int, ...],
    dtype: torch.dtype | None = None,
    finite: bool = True,
    advice: str = "Correct what it returns.",
) -> Tensor:
    """Require that a function which somebody wrote gave back the tensor it should.

    Parameters
    ----------
    name, value
        who returned it, "the aggregator", and what.
    shape, dtype
        what it must have; None allows every float.
    finite
        refuse NaN and infinity.
    advice
        what to do.
    """
    kind = "float" if dtype is None else str(dtype).removeprefix("torch.")
    needed = f"a {kind} tensor of shape {tuple(shape)}"
    if not isinstance(value, Tensor):
        raise fail(f"{shown(value)} from {name}", needed, advice)
    fits = value.is_floating_point() if dtype is None else value.dtype == dtype
    if tuple(value.shape) != tuple(shape) or not fits:
        got = f"a tensor of shape {tuple(value.shape)} and {value.dtype} from {name}"
        raise fail(got, needed, advice)
    if finite and not bool(torch.isfinite(value).all()):
        bad = int((~torch.isfinite(value)).sum())
        got = f"{bad} of {value.numel()} entries that are NaN or infinite from {name}"
        raise fail(got, "finite numbers", advice)
    return value


def _is_tensor(name: str, value: Any) -> None:
    if not isinstance(value, Tensor):
        got = f"{name}={shown(value)}"
        raise fail(got, "a tensor", "Write torch.as_tensor(...) around it.")
