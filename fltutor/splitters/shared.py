"""What the splitters share: labels, checks of size, and making the clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fltutor import validate
from fltutor.clients import Client
from fltutor.datasets import Dataset
from fltutor.words import _

Indices: TypeAlias = npt.NDArray[np.int64]


def labels_of(dataset: Dataset) -> Indices:
    """Return the class labels ``(n,)``, or say that there are none."""
    validate.instance("dataset", dataset, Dataset)
    if dataset.num_classes is None:
        raise validate.fail(
            _("regression data"), _("class labels"), _("Use iid or quantity instead.")
        )
    return dataset.y.numpy().astype(np.int64)


def enough(
    dataset: Dataset, num_clients: int, each: int = 1, unit: str = "min_size"
) -> int:
    """Require ``num_clients * each`` examples, and return the number of clients.

    ``unit`` is what ``each`` is called.
    """
    validate.instance("dataset", dataset, Dataset)
    clients, share = (
        validate.count("num_clients", num_clients),
        validate.count(unit, each),
    )
    if len(dataset) < clients * share:
        more = f" with {unit}={share}" if share > 1 else ""
        raise validate.fail(
            _("{num_dataset} examples for num_clients={clients}{more}").format(
                num_dataset=len(dataset), clients=clients, more=more
            ),
            _("at least {limit}").format(limit=clients * share),
            _("Ask for fewer clients or a smaller {unit}.").format(unit=unit)
            if share > 1
            else _("Ask for fewer clients."),
        )
    return clients


def make_clients(dataset: Dataset, parts: Sequence[Indices]) -> list[Client]:
    """Give client i the examples of part i, in the data set's order."""
    return [Client(i, dataset[np.sort(part)]) for i, part in enumerate(parts)]
