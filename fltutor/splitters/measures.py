"""How far the clients' mixes of classes are from the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fltutor import validate
from fltutor.clients import Client
from fltutor.splitters.shared import Indices, labels_of

Floats: TypeAlias = npt.NDArray[np.float64]


def label_counts(clients: Sequence[Client]) -> Indices:
    """Count each client's examples of each class: ``(N, C)`` int64."""
    validate.instances("clients", clients, Client)
    classes = max(client.data.num_classes or 0 for client in clients)
    rows = [np.bincount(labels_of(c.data), minlength=classes) for c in clients]
    return np.stack(rows).astype(np.int64)


def client_skew(clients: Sequence[Client], metric: str = "tv") -> Floats:
    """Measure how far each client's mix of classes is from the whole's: ``(N,)``.

    With p_k the shares of the classes at client k and p those of all clients' examples
    together:

    * "tv", total variation: ``sum |p_k - p| / 2``, in [0, 1): the share of a client's
      examples that would have to change their class.
    * "emd", as Zhao et al. call it: ``sum |p_k - p|``, exactly twice "tv". (The earth
      mover's distance proper, every class one step from every other, is "tv" itself.)
    * "jsd", Jensen-Shannon divergence in nats, in [0, ln 2]: the mean of
      KL(p_k || m) and KL(p || m) with m = (p_k + p) / 2. It is the divergence; its
      root is the distance.

    Parameters
    ----------
    clients
        of one federation; classification data.
    metric
        "tv", "jsd" or "emd".

    References
    ----------
    Zhao et al. 2018 (arXiv:1806.00582), section 3.2; Lin 1991
    (doi:10.1109/18.61115), equation 4.1.
    """
    validate.one_of("metric", metric, METRICS)
    counts = label_counts(clients)  # (N, C)
    shares = counts / counts.sum(axis=1, keepdims=True)  # (N, C)
    whole = counts.sum(axis=0) / counts.sum()  # (C,)
    return METRICS[metric](shares, whole)


def skew(
    clients: Sequence[Client], metric: str = "tv", *, weighted: bool = False
) -> float:
    """Measure the label skew of a federation: the mean of :func:`client_skew`.

    Parameters
    ----------
    clients
        of one federation; classification data.
    metric
        "tv", "jsd" or "emd"; see :func:`client_skew`.
    weighted
        False counts each client once, so that a client of three examples adds as much
        as the largest; True weighs client k by n_k / n. Small clients are skewed by
        chance alone, therefore compare with a random split of the same sizes.

    Examples
    --------
    >>> from fltutor.datasets import Dataset
    >>> zeros = Dataset([[0.0]] * 2, [0, 0], 2)
    >>> ones = Dataset([[0.0]] * 2, [1, 1], 2)
    >>> skew([Client(0, zeros), Client(1, ones)])
    0.5
    """
    each = client_skew(clients, metric)
    sizes = [len(client) for client in clients] if weighted else None
    return float(np.average(each, weights=sizes))


def _total_variation(shares: Floats, whole: Floats) -> Floats:
    return _absolute(shares, whole) / 2


def _absolute(shares: Floats, whole: Floats) -> Floats:
    distance: Floats = np.abs(shares - whole).sum(axis=1)
    return distance


def _jensen_shannon(shares: Floats, whole: Floats) -> Floats:
    middle = (shares + whole) / 2  # (N, C)
    return (_divergence(shares, middle) + _divergence(whole, middle)) / 2


def _divergence(p: Floats, q: Floats) -> Floats:
    """Return KL(p || q) in nats along the last axis, with 0 log 0 = 0."""
    ratio = np.where(p > 0, p, 1.0) / np.where(q > 0, q, 1.0)
    terms = np.broadcast_to(p, q.shape) * np.where(p > 0, np.log(ratio), 0.0)
    total: Floats = terms.sum(axis=-1)
    return np.maximum(total, 0.0)


METRICS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "tv": _total_variation,
    "jsd": _jensen_shannon,
    "emd": _absolute,
}
