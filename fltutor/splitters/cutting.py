"""From one data set to a federation: ways to hand examples to clients.

Every splitter is ``(dataset, *, num_clients, ..., seed) -> list[Client]``, gives each
example to exactly one client and leaves no client empty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fltutor import seeds, validate
from fltutor.clients import Client
from fltutor.datasets import Dataset

Indices = npt.NDArray[np.int64]


def iid(dataset: Dataset, *, num_clients: int, seed: int = 0) -> list[Client]:
    """Deal a shuffled data set out in equal parts: no heterogeneity.

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
    """
    _enough("iid", dataset, num_clients)
    order = seeds.stream(seed, "split", "iid").permutation(len(dataset))
    return _clients(dataset, np.array_split(order, num_clients))


def shards(
    dataset: Dataset, *, num_clients: int, shards_per_client: int = 2, seed: int = 0
) -> list[Client]:
    """Sort by label, cut into equal shards, deal each client a few.

    Few shards a client, few classes a client: with two, most clients know two digits.

    Parameters
    ----------
    dataset
        classification data.
    num_clients
        N.
    shards_per_client
        2 in the paper.
    seed
        which shards go to whom, and the order within a class.

    References
    ----------
    McMahan et al. 2017 (arXiv:1602.05629), section 3: MNIST in 200 shards of 300,
    two for each of 100 clients.
    """
    validate.count("shards_per_client", shards_per_client)
    _enough("shards", dataset, num_clients * shards_per_client)
    draw = seeds.stream(seed, "split", "shards")
    order = draw.permutation(len(dataset))
    by_label = order[np.argsort(_labels(dataset)[order], kind="stable")]
    pieces = np.array_split(by_label, num_clients * shards_per_client)
    deal = draw.permutation(len(pieces)).reshape(num_clients, shards_per_client)
    return _clients(dataset, [np.concatenate([pieces[p] for p in d]) for d in deal])


def dirichlet(
    dataset: Dataset,
    *,
    num_clients: int,
    alpha: float,
    min_size: int = 1,
    seed: int = 0,
) -> list[Client]:
    """Cut each class among the clients by shares drawn from Dirichlet(alpha).

    Small alpha, strong skew of labels and of sizes. alpha = 1 is far from homogeneous;
    as alpha grows every client's mix of classes tends to the whole data set's, more
    evenly than a random split. Draws are repeated until every client has ``min_size``
    examples; where that does not come about, the smallest clients receive examples
    from the largest.

    Parameters
    ----------
    dataset
        classification data.
    num_clients
        N.
    alpha
        concentration, > 0.
    min_size
        examples that every client has at least.
    seed
        of the shares and the order.

    Raises
    ------
    ValueError
        alpha not above 0, or fewer than N * min_size examples.

    References
    ----------
    Hsu et al. 2019 (arXiv:1909.06335) draw a mix of classes for each client; the
    form here, a mix of clients for each class, is that of Yurochkin et al. 2019
    (arXiv:1905.12022).
    """
    validate.positive("alpha", alpha, "Use 0.01 for extreme skew, 100 for none.")
    validate.count("min_size", min_size)
    _enough(f"dirichlet(min_size={min_size})", dataset, num_clients, min_size)
    labels = _labels(dataset)
    classes = [np.flatnonzero(labels == c) for c in np.unique(labels)]
    draw = seeds.stream(seed, "split", "dirichlet")
    parts: list[Indices] = []
    for _ in range(20):
        parts = _cut_classes(draw, classes, num_clients, alpha)
        if min(len(part) for part in parts) >= min_size:
            break
    return _clients(dataset, _level(parts, min_size, draw))


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
    hold nearly everything.

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
    validate.positive("alpha", alpha, "Use 0.1 for very unequal sizes, 100 for even.")
    validate.count("min_size", min_size)
    _enough(f"quantity(min_size={min_size})", dataset, num_clients, min_size)
    draw = seeds.stream(seed, "split", "quantity")
    spare = len(dataset) - num_clients * min_size
    shares = draw.dirichlet(np.full(num_clients, alpha))  # (N,)
    ends = np.round(np.cumsum(shares) * spare).astype(int)
    ends = np.clip(ends, 0, spare) + min_size * np.arange(1, num_clients + 1)
    order = draw.permutation(len(dataset))
    return _clients(dataset, np.split(order, ends[:-1]))


def by_group(dataset: Dataset, *, seed: int = 0) -> list[Client]:
    """Make each natural group, a hospital or a speaker, one client.

    Parameters
    ----------
    dataset
        with ``groups`` ``(n,)``.
    seed
        not used; here so that all splitters are called alike.

    Raises
    ------
    ValueError
        the data set has no groups.
    """
    if dataset.groups is None:
        raise validate.fail(
            "a data set without groups",
            "one with a natural group for each example",
            "Use heart_disease() or shakespeare(), or another splitter.",
        )
    groups = dataset.groups.numpy()
    return _clients(dataset, [np.flatnonzero(groups == g) for g in np.unique(groups)])


def label_counts(clients: Sequence[Client]) -> Indices:
    """Count each client's examples of each class: ``(N, C)`` int64."""
    validate.not_empty("clients", clients)
    num_classes = clients[0].data.num_classes
    if num_classes is None:
        raise validate.fail(
            "regression data", "classes", "label_counts needs class labels."
        )
    rows = [np.bincount(c.data.y.numpy(), minlength=num_classes) for c in clients]
    return np.stack(rows).astype(np.int64)


def _labels(dataset: Dataset) -> Indices:
    if dataset.num_classes is None:
        raise validate.fail(
            "regression data", "class labels", "Use iid or quantity instead."
        )
    return dataset.y.numpy().astype(np.int64)


def _enough(name: str, dataset: Dataset, num_clients: int, min_size: int = 1) -> None:
    validate.count("num_clients", num_clients)
    need = num_clients * min_size
    if len(dataset) < need:
        raise ValueError(
            f"{name} with num_clients={num_clients} needs at least {need} examples, "
            f"got {len(dataset)}. Ask for fewer clients or a smaller min_size."
        )


def _cut_classes(
    draw: np.random.Generator, classes: list[Indices], num_clients: int, alpha: float
) -> list[Indices]:
    pieces: list[list[Indices]] = [[] for _ in range(num_clients)]
    for members in classes:
        shares = draw.dirichlet(np.full(num_clients, alpha))  # (N,)
        cuts = np.round(np.cumsum(shares)[:-1] * len(members)).astype(int)
        for client, part in enumerate(np.split(draw.permutation(members), cuts)):
            pieces[client].append(part)
    return [np.concatenate(piece) for piece in pieces]


def _level(
    parts: list[Indices], min_size: int, draw: np.random.Generator
) -> list[Indices]:
    """Move examples from the largest part to every part below ``min_size``."""
    parts = [draw.permutation(part) for part in parts]
    for client in range(len(parts)):
        while len(parts[client]) < min_size:
            donor = int(np.argmax([len(p) for p in parts]))
            parts[client] = np.append(parts[client], parts[donor][-1])
            parts[donor] = parts[donor][:-1]
    return parts


def _clients(dataset: Dataset, parts: Sequence[Indices]) -> list[Client]:
    return [Client(i, dataset[np.sort(part)]) for i, part in enumerate(parts)]
