"""Splitters that skew the mix of classes: shards, dirichlet, labels per client."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fltutor import seeds, validate
from fltutor.clients import Client
from fltutor.datasets import Dataset
from fltutor.splitters.shared import Indices, enough, labels_of, make_clients
from fltutor.words import _

TRIES = 20
Holds: TypeAlias = npt.NDArray[np.bool_]


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
    num_clients = enough(dataset, num_clients, shards_per_client, "shards_per_client")
    labels = labels_of(dataset)
    draw = seeds.stream(seed, "split", "shards")
    order = draw.permutation(len(dataset))
    by_label = order[np.argsort(labels[order], kind="stable")]
    pieces = np.array_split(by_label, num_clients * shards_per_client)
    deal = draw.permutation(len(pieces)).reshape(num_clients, shards_per_client)
    hands = [np.concatenate([pieces[p] for p in hand]) for hand in deal]
    return make_clients(dataset, hands)


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
    at large alpha every client has the whole's mix, more evenly than a random split.

    Parameters
    ----------
    dataset, num_clients, seed
        classification data, N, and the seed of shares and order.
    alpha
        concentration, > 0.
    min_size
        of a client: the first of 20 draws that keeps it, else the largest give.

    Raises
    ------
    ValueError
        alpha not above 0, or fewer than N * min_size examples.

    References
    ----------
    Yurochkin et al. 2019 (arXiv:1905.12022): a mix of clients for each class. Hsu et
    al. 2019 (arXiv:1909.06335) draw a mix of classes for each client.
    """
    alpha = validate.positive("alpha", alpha, _("Use 0.01, or 100 for no skew."))
    num_clients = enough(dataset, num_clients, min_size)
    draw = seeds.stream(seed, "split", "dirichlet")
    for _attempt in range(TRIES):
        parts = _cut_classes(draw, labels_of(dataset), num_clients, alpha)
        if min(map(len, parts)) >= min_size:
            break
    return make_clients(dataset, _level(parts, min_size, draw))


def labels_per_client(
    dataset: Dataset, *, num_clients: int, labels: int, seed: int = 0
) -> list[Client]:
    """Give every client exactly ``labels`` classes, and cut each class evenly.

    Classes have equally many holders, up to one; a class is cut in equal parts.

    Parameters
    ----------
    dataset, num_clients
        classification data and N.
    labels
        classes of each client, from 1 (strongest skew) up.
    seed
        who holds which classes and examples.

    Raises
    ------
    ValueError
        a class without a holder, or with fewer examples than holders.

    References
    ----------
    Li et al. 2022 (arXiv:2102.02079), section 4.1, "#C = k". There client i always
    holds class i mod C and its other classes are drawn freely.
    """
    num_clients = enough(dataset, num_clients)
    present, codes = np.unique(labels_of(dataset), return_inverse=True)
    labels = validate.count("labels", labels, 1, len(present))
    draw = seeds.stream(seed, "split", "labels_per_client")
    holds = _deal_classes(draw, num_clients, len(present), labels)  # (N, C) bool
    _refuse_thin(holds, np.bincount(codes), present)
    owner = np.empty(len(dataset), dtype=np.int64)  # (n,)
    for code in range(len(present)):
        holders = np.flatnonzero(holds[:, code])
        members = draw.permutation(np.flatnonzero(codes == code))
        owner[members] = np.resize(holders, len(members))
    parts = [np.flatnonzero(owner == client) for client in range(num_clients)]
    return make_clients(dataset, parts)


def _cut_classes(
    draw: np.random.Generator, labels: Indices, num_clients: int, alpha: float
) -> list[Indices]:
    pieces: list[list[Indices]] = [[] for _ in range(num_clients)]
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
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


def _deal_classes(
    draw: np.random.Generator, num_clients: int, num_classes: int, labels: int
) -> Holds:
    """Deal distinct classes: each client takes those with the fewest holders."""
    holds = np.zeros((num_clients, num_classes), dtype=bool)
    for client in range(num_clients):
        ties = draw.random(num_classes)
        rarest = np.lexsort((ties, holds.sum(axis=0)))[:labels]
        holds[client, rarest] = True
    return holds


def _refuse_thin(holds: Holds, sizes: Indices, present: Indices) -> None:
    holders = holds.sum(axis=0)  # (C,)
    if holders.min() == 0:
        raise validate.fail(
            _(
                "num_clients={num_holds} and labels={sum}, which are {sum2} "
                "places for {num_present} classes"
            ).format(
                num_holds=len(holds),
                sum=int(holds[0].sum()),
                sum2=int(holders.sum()),
                num_present=len(present),
            ),
            _("at least one place for each class"),
            _("Ask for more clients or more labels."),
        )
    short = int(np.argmin(sizes - holders))
    if sizes[short] < holders[short]:
        raise validate.fail(
            _("class {present} with {sizes} examples for {holders} holders").format(
                present=present[short], sizes=sizes[short], holders=holders[short]
            ),
            _("one example for each"),
            _("Ask for fewer clients or fewer labels."),
        )
