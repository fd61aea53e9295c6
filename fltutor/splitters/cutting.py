"""Splitters that look at no label: iid, quantity, natural groups."""

from __future__ import annotations

import numpy as np

from fltutor import seeds, validate
from fltutor.clients import Client
from fltutor.datasets import Dataset
from fltutor.splitters.shared import enough, make_clients
from fltutor.words import _


def iid(dataset: Dataset, *, num_clients: int, seed: int = 0) -> list[Client]:
    """Deal a shuffled data set out in equal parts: no heterogeneity but chance's.

    Parameters
    ----------
    dataset
        n examples.
    num_clients
        N; sizes differ by at most one.
    seed
        of the shuffle.

    Raises
    ------
    ValueError
        more clients than examples.

    Examples
    --------
    >>> data = Dataset([[0.0]] * 7, [0.0] * 7)
    >>> [len(client) for client in iid(data, num_clients=3)]
    [3, 2, 2]
    """
    num_clients = enough(dataset, num_clients)
    order = seeds.stream(seed, "split", "iid").permutation(len(dataset))
    return make_clients(dataset, np.array_split(order, num_clients))


def quantity(
    dataset: Dataset,
    *,
    num_clients: int,
    alpha: float,
    min_size: int = 1,
    seed: int = 0,
) -> list[Client]:
    """Deal a shuffled data set out in unequal parts, shares from Dirichlet(alpha).

    Every client sees all classes alike; only n_k differs. Small alpha, a few clients
    hold nearly everything. Each client has ``min_size`` examples beforehand, and the
    rest is shared out.

    Parameters
    ----------
    dataset
        n examples.
    num_clients
        N.
    alpha
        concentration, > 0.
    min_size
        examples that every client has at least.
    seed
        of the shares and the shuffle.
    """
    alpha = validate.positive(
        "alpha", alpha, _("Use 0.1 for very unequal sizes, 100 for even.")
    )
    num_clients = enough(dataset, num_clients, min_size)
    draw = seeds.stream(seed, "split", "quantity")
    spare = len(dataset) - num_clients * min_size
    shares = draw.dirichlet(np.full(num_clients, alpha))  # (N,)
    ends = np.round(np.cumsum(shares)[:-1] * spare).astype(int)
    ends += min_size * np.arange(1, num_clients)
    return make_clients(dataset, np.split(draw.permutation(len(dataset)), ends))


def by_group(dataset: Dataset, *, seed: int = 0) -> list[Client]:
    """Make each natural group, a hospital or a speaker, one client.

    Parameters
    ----------
    dataset
        with ``groups`` ``(n,)``; client i is the i-th group that occurs. Names, where
        the owners have some, are in ``group_names`` and sorted the same way.
    seed
        not used; here so that all splitters are called alike.

    Raises
    ------
    ValueError
        the data set has no groups.
    """
    validate.instance("dataset", dataset, Dataset)
    validate.seed(seed)
    if dataset.groups is None:
        raise validate.fail(
            _("a data set without groups"),
            _("one with a natural group for each example"),
            _(
                "Use heart_disease() or shakespeare(), Dataset(..., "
                "groups=...) for your own, or another splitter."
            ),
        )
    groups = dataset.groups.numpy()
    parts = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    return make_clients(dataset, parts)
