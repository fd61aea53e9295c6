"""Accuracy of a model on everyone's data, on each client's own, on each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.clients import Client
from fltutor.datasets import Dataset
from fltutor.task import Task
from fltutor.words import _

if TYPE_CHECKING:
    import pandas as pd

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scores:
    """How good a model, or one model a client, is, and for whom.

    Attributes
    ----------
    everyone
        accuracy on a test set of everyone's data, in [0, 1]; for one model a client,
        the plain mean over the models.
    own
        accuracy of each client's model on its own test data, ``(N,)``.
    sizes
        examples in each client's own test data, ``(N,)``.
    """

    everyone: float
    own: Floats
    sizes: npt.NDArray[np.int64]

    @property
    def mean(self) -> float:
        """Return the mean of ``own``, each client counted once."""
        return float(self.own.mean())

    @property
    def by_examples(self) -> float:
        """Return the mean of ``own``, weighted by examples."""
        return float(np.average(self.own, weights=self.sizes))

    @property
    def worst(self) -> float:
        """Return the accuracy of the client that fares worst."""
        return float(self.own.min())

    @property
    def worst_client(self) -> int:
        """Return the place of the client that fares worst, the first of equals."""
        return int(self.own.argmin())


def scores(
    task: Task, params: Tensor, *, test: Dataset, own: Sequence[Client]
) -> Scores:
    """Measure a model on everyone's data and on each client's own.

    Parameters
    ----------
    task
        classification.
    params
        one model for all ``(d,)``, or one for each client ``(N, d)``.
    test
        everyone's data that nobody trained on.
    own
        each client's test data, from :func:`hold_out`, N of them.

    Raises
    ------
    ValueError
        regression, no clients, or a number of models that is not N.
    """
    validate.instance("task", task, Task)
    validate.instances("own", own, Client)
    validate.instance("params", params, Tensor)
    models = params.expand(len(own), -1) if params.ndim == 1 else params  # (N, d)
    validate.same_length(params=len(models), own=len(own))
    each = [
        _accuracy(task, model, client.data)
        for model, client in zip(models, own, strict=True)
    ]
    abroad = [_accuracy(task, m, test) for m in params.reshape(-1, task.dim)]
    sizes = np.array([len(client) for client in own])
    return Scores(float(np.mean(abroad)), np.array(each), sizes)


def per_class(task: Task, params: Tensor, dataset: Dataset) -> Floats:
    """Measure accuracy on the examples of each class: ``(C,)``, NaN where none are.

    A mean over all examples hides a class that was lost; this does not.
    """
    validate.instance("dataset", dataset, Dataset)
    if dataset.num_classes is None:
        raise validate.fail(
            _("regression data"),
            _("class labels"),
            _("Use task.evaluate for the loss."),
        )
    classes = range(dataset.num_classes)
    rows = [torch.nonzero(dataset.y == c)[:, 0] for c in classes]
    each = [_accuracy(task, params, dataset[r]) if len(r) else np.nan for r in rows]
    return np.array(each)


def hold_out(
    clients: Sequence[Client], fraction: float = 0.2, *, seed: int = 0
) -> tuple[list[Client], list[Client]]:
    """Cut each client's data in what it trains on and what only measures.

    Parameters
    ----------
    clients
        N, each with two examples or more.
    fraction
        of each client's examples to hold out, in (0, 1); at least one example and at
        most all but one.
    seed
        of the choice; client i's depends on the seed and its id alone.

    Returns
    -------
    N clients to train and the same N to test, no example in both.

    Raises
    ------
    ValueError
        a fraction out of range, or a client with a single example.
    """
    validate.instances("clients", clients, Client)
    validate.number("fraction", fraction, above=0, below=1, advice=_("Use 0.2."))
    train, test = [], []
    for client in clients:
        if len(client) < 2:
            raise validate.fail(
                _("client {id} with {n} example").format(id=client.id, n=len(client)),
                _("two or more, one to train and one to measure"),
                _("Ask the splitter for min_size=2 or more."),
            )
        order = seeds.stream(seed, "hold_out", client.id).permutation(len(client))
        held = min(max(round(fraction * len(client)), 1), len(client) - 1)
        test.append(Client(client.id, client.data[np.sort(order[:held])]))
        train.append(Client(client.id, client.data[np.sort(order[held:])]))
    return train, test


def summary(results: Mapping[str, Scores]) -> pd.DataFrame:
    """Lay scores side by side, one row a name: everyone, mean, by_examples, worst."""
    import pandas as pd

    columns = ("everyone", "mean", "by_examples", "worst", "worst_client")
    rows = [{c: getattr(s, c) for c in columns} for s in results.values()]
    return pd.DataFrame(rows, index=list(results), columns=list(columns))


def _accuracy(task: Task, params: Tensor, dataset: Dataset) -> float:
    measured = task.evaluate(params, dataset)
    if "accuracy" not in measured:
        raise validate.fail(
            _("a task with loss {loss_name!r}").format(loss_name=task.loss_name),
            "classification",
            _("Use task.evaluate for the loss of a regression."),
        )
    return measured["accuracy"]
