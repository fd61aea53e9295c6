"""Rules that look at each column alone: median and trimmed mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from fltutor import validate
from fltutor.robust.limits import PROTECTS
from fltutor.rows import Array, middle, of_sorted_columns
from fltutor.words import _


def median(deltas: Tensor, weights: Tensor) -> Tensor:
    """Take the median of every column [server].

    Each client counts once, whatever its weight. Of an even number of clients it is the
    mean of the two in the middle. Fewer than half of the rows cannot move a column out
    of the others' range, but the result need not be near any row.

    Parameters
    ----------
    deltas
        ``(K, d)``.
    weights
        ``(K,)``, checked and then ignored.

    Returns
    -------
    ``(d,)``.

    References
    ----------
    Yin et al. 2018 (arXiv:1803.01498), definition 1.

    Examples
    --------
    >>> import torch
    >>> median(torch.tensor([[1.0], [2.0], [99.0]]), torch.ones(3))
    tensor([2.])
    """
    validate.matrix("deltas", deltas, weights)
    return of_sorted_columns(deltas, middle)


vars(median)["protects"] = PROTECTS


@dataclass(frozen=True, kw_only=True)
class TrimmedMean:
    """The mean of every column without its smallest and its largest numbers [server].

    ``floor(share K)`` numbers go from *each end of every column*, as in
    ``scipy.stats.trim_mean``; not the rows, nor the numbers far from the median. Each
    client counts once, whatever its weight.

    Parameters
    ----------
    share
        in [0, 0.5), what is cut at each end. 0 is the plain mean; the nearer to 0.5,
        the nearer to the median. It bears that share of bad rows.

    References
    ----------
    Yin et al. 2018 (arXiv:1803.01498), definition 2.

    Examples
    --------
    >>> import torch
    >>> trimmed_mean(share=0.25)(torch.tensor([[0.5], [1], [2], [100]]), torch.ones(4))
    tensor([1.5000])
    """

    share: float

    name = "trimmed_mean"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the range."""
        advice = _(
            "0.1 cuts a tenth at each end; use robust.median to keep the middle."
        )
        share = validate.number("share", self.share, low=0, below=0.5, advice=advice)
        validate.keep(self, share=share)

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return the trimmed mean of ``(K, d)``, ``(d,)``."""
        validate.matrix("deltas", deltas, weights)
        k = len(deltas)
        cut = int(self.share * k)

        def inner(columns: Array) -> Array:
            return np.asarray(columns[:, cut : k - cut].mean(axis=1))

        return of_sorted_columns(deltas, inner)


trimmed_mean = TrimmedMean
