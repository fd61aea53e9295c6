"""Rows of a round's matrix: their lengths, shortened, and sorted column by column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array: TypeAlias = npt.NDArray[Any]

#: Columns sorted at a time: 100 rows of so many float64 fit into a core's cache.
_BLOCK = 2048


def norms(deltas: Tensor) -> Tensor:
    """Return each row's length ``(K,)``, in float64 so that squares do not overflow."""
    lengths: Tensor = torch.linalg.vector_norm(deltas, dim=1, dtype=torch.float64)
    return lengths


def clipped(deltas: Tensor, max_norm: float) -> Tensor:
    """Return the rows ``(K, d)``, shortened to norm C where they are longer.

    ``delta_k min(1, C / |delta_k|)``: the direction stays, and so does a short row.

    Examples
    --------
    >>> clipped(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    shrink = (max_norm / norms(deltas)).clamp(max=1)  # (K,)
    return deltas * shrink.to(deltas.dtype)[:, None]


def of_sorted_columns(deltas: Tensor, function: Callable[[Array], Array]) -> Tensor:
    """Sort every column of ``(K, d)`` and make one number of each: ``(d,)``.

    Parameters
    ----------
    deltas
        ``(K, d)``; it stays as it is.
    function
        ``(columns (m, K), each ascending) -> (m,)``; called on blocks of columns,
        since a block that lies in the cache sorts ten times faster.
    """
    source = deltas.detach().numpy()
    result = np.empty(source.shape[1], dtype=source.dtype)
    for begin in range(0, len(result), _BLOCK):
        block = source[:, begin : begin + _BLOCK].T.copy(order="C")  # (m, K)
        block.sort(axis=1)
        result[begin : begin + _BLOCK] = function(block)
    return torch.from_numpy(result)


def middle(columns: Array) -> Array:
    """Return the median of each of ``(m, K)`` ascending columns: ``(m,)``.

    Of an even number the mean of the two in the middle, halved before they are added.
    """
    k = columns.shape[1]
    low, high = columns[:, (k - 1) // 2], columns[:, k // 2]
    return np.asarray(low if k % 2 else low / 2 + high / 2)


def squared_distances(deltas: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return squared distances between rows, and what they are made from.

    In float64, from inner products of the rows around their column-wise median: a
    common part cancels beforehand, and one far row does not blur the others. What is
    rounding is zero; what overflows is infinite.

    Returns
    -------
    distances ``(K, K)``, inner products ``(K, K)``, and the median ``(d,)``.
    """
    base = of_sorted_columns(deltas, middle)  # (d,)
    k = len(deltas)
    gram = torch.zeros(k, k, dtype=torch.float64)
    for begin in range(0, deltas.shape[1], _BLOCK):
        columns = slice(begin, begin + _BLOCK)
        block = deltas[:, columns].double() - base[columns].double()  # (K, m)
        gram += block @ block.T
    gram = (gram + gram.T) / 2
    square = gram.diagonal()
    sizes = square[:, None] + square
    distances = sizes - 2 * gram
    distances[(distances <= 1e-13 * sizes) & sizes.isfinite()] = 0.0
    distances = distances.nan_to_num(nan=torch.inf, posinf=torch.inf)
    return distances.fill_diagonal_(0.0), gram, base
