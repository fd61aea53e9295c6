"""From the round's matrix to one vector: means over clients.

An aggregator is a function ``(deltas (K, d), weights (K,)) -> (d,)``. Robust ones
stand in :mod:`fltutor.robust`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

from fltutor import validate

Aggregator: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def mean(deltas: Tensor, weights: Tensor) -> Tensor:
    """Average the clients' updates by their aggregation weights [server].

    ``sum_k weights_k deltas_k / sum_k weights_k``

    Parameters
    ----------
    deltas
        ``(K, d)``.
    weights
        ``(K,)``, not negative, not all zero; example counts n_k will do.

    Returns
    -------
    ``(d,)``.

    Raises
    ------
    ValueError
        shapes that do not fit, or weights out of range.

    References
    ----------
    McMahan et al. 2017 (arXiv:1602.05629), Algorithm 1, last line of the server.
    There the n_k / n run over the round's own clients, as here.

    Examples
    --------
    >>> import torch
    >>> mean(torch.tensor([[0.0], [4.0]]), torch.tensor([1, 3]))
    tensor([3.])
    """
    validate.matrix("deltas", deltas, weights)
    shares = weights.to(deltas.dtype) / weights.sum()  # (K,)
    return shares @ deltas  # (K,) @ (K, d) -> (d,)


def uniform_mean(deltas: Tensor, weights: Tensor) -> Tensor:
    """Average the clients' updates, each counted once whatever its weight [server].

    A client of weight 0 counts too: only the number of rows matters.

    Parameters
    ----------
    deltas
        ``(K, d)``.
    weights
        ``(K,)``, checked and then ignored.

    Returns
    -------
    ``(d,)``.
    """
    validate.matrix("deltas", deltas, weights)
    return deltas.mean(dim=0)
