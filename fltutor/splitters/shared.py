"""What the splitters share: labels, checks of size, and making the clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fltutor import validate
from fltutor.clients import Client
from fltutor.datasets import Dataset

Indices: TypeAlias = npt.NDArray[np.int64]


def labels_of(dataset: Dataset) -> Indices:
    """Return the class labels ``(n,)``, or say that there are none."""
    if dataset.num_classes is None:
        raise validate.fail(
            "regression data", "class labels", "Use iid or quantity instead."
        )
    return dataset.y.numpy().astype(np.int64)


def enough(
    name: str, dataset: Dataset, num_clients: int, each: int = 1, unit: str = "min_size"
) -> None:
    """Require ``num_clients * each`` examples; ``unit`` is what ``each`` is called."""
    validate.count("num_clients", num_clients)
    validate.count(unit, each)
    if len(dataset) < num_clients * each:
        smaller = f"fewer clients or a smaller {unit}" if each > 1 else "fewer clients"
        raise ValueError(
            f"{name}(num_clients={num_clients}"
            + (f", {unit}={each}" if each > 1 else "")
            + f") needs at least {num_clients * each} examples, got {len(dataset)}. "
            f"Ask for {smaller}."
        )


def make_clients(dataset: Dataset, parts: Sequence[Indices]) -> list[Client]:
    """Give client i the examples of part i, in the data set's order."""
    return [Client(i, dataset[np.sort(part)]) for i, part in enumerate(parts)]
