"""How far a round's clients drifted apart: two numbers of the matrix of updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from fltutor import validate
from fltutor.datasets.arrays import as_tensor
from fltutor.words import _


def update_cosine(deltas: Any) -> float:
    """Return the mean cosine between the updates of two clients, over all pairs.

    1: all want the same direction; 0: their directions have nothing to do with each
    other. With K updates of one length it is at least ``-1 / (K - 1)``, reached
    when they cancel.

    Parameters
    ----------
    deltas
        ``(K, d)`` with K >= 2, no row of zeros.

    Raises
    ------
    ValueError
        a single row, or one without a direction.

    Examples
    --------
    >>> update_cosine([[1.0, 0.0], [0.0, 2.0]])
    0.0
    """
    rows = _matrix(deltas)  # (K, d)
    lengths = rows.norm(dim=1, keepdim=True)  # (K, 1)
    if len(rows) < 2 or float(lengths.min()) == 0.0:
        raise validate.fail(
            _("{num_rows} updates, the shortest of length {min:.3g}").format(
                num_rows=len(rows), min=float(lengths.min())
            ),
            _("at least two that moved"),
            _("Take a larger cohort, or a round in which every client trained."),
        )
    unit = rows / lengths  # (K, d)
    i, j = torch.triu_indices(len(rows), len(rows), 1)
    return float((unit @ unit.T)[i, j].mean())


def drift_norm(deltas: Any) -> float:
    """Return the mean distance of the clients' local ends to the average of them.

    Parameters
    ----------
    deltas
        ``(K, d)``, all from one start.

    Examples
    --------
    >>> drift_norm([[3.0, 0.0], [-3.0, 0.0]])
    3.0
    """
    rows = _matrix(deltas)  # (K, d)
    return float((rows - rows.mean(0)).norm(dim=1).mean())


def _matrix(deltas: Any) -> Tensor:
    """Return checked updates ``(K, d)`` in float64."""
    if isinstance(deltas, np.ndarray) and deltas.dtype.kind == "f":
        # never by way of float32, where 1e39 is infinite
        deltas = torch.from_numpy(np.ascontiguousarray(deltas, dtype=np.float64))
    rows = as_tensor(deltas, "deltas").double()
    if rows.ndim != 2 or len(rows) == 0:
        raise validate.fail(
            _("deltas of shape {shape}").format(shape=tuple(rows.shape)),
            _("a matrix (clients K, parameters d)"),
            _("Stack the clients' update vectors with torch.stack."),
        )
    validate.finite("deltas", rows)
    return rows
