"""Clients, what they do in a round, and the plan of a round's batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.datasets import Dataset
from fltutor.words import _

Rows: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Client:
    """A participant and its data, which never leave: only updates do.

    Attributes
    ----------
    id
        its number in the federation, from 0.
    data
        its own examples.
    """

    id: int
    data: Dataset

    def __post_init__(self) -> None:
        """Check that it has a number and data."""
        object.__setattr__(self, "id", validate.count("id", self.id, low=0))
        validate.instance("data", self.data, Dataset)

    def __len__(self) -> int:
        """Return n_k, the number of examples."""
        return len(self.data)

    @staticmethod
    def stands_for(value: object) -> bool:
        """Tell whether another class's instance, a learner's, may be taken for one."""
        number, data = getattr(value, "id", None), getattr(value, "data", None)
        return isinstance(number, int) and isinstance(data, Dataset)


@dataclass(frozen=True, kw_only=True)
class LocalTraining:
    """What every client does with the model that it receives: plain SGD.

    Attributes
    ----------
    epochs
        E, passes over the client's own data; or one number per client id, as a
        list, an array or a tensor.
    batch_size
        B, examples in a step; None takes all of them in one step.
    lr
        step size of the local steps.
    momentum
        of local SGD, in [0, 1); starts at zero in every round.
    weight_decay
        adds ``weight_decay * params`` to each gradient.

    Raises
    ------
    ValueError
        a number out of its range.
    """

    epochs: int | Sequence[int] = 1
    batch_size: int | None = 32
    lr: float = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        """Check every number, and keep each as Python's own."""
        advice = _("Take 0.1 and halve it until the loss falls.")
        plain: dict[str, Any] = {
            "epochs": validate.counts("epochs", self.epochs),
            "lr": validate.positive("lr", self.lr, advice),
            "momentum": validate.fraction("momentum", self.momentum),
            "weight_decay": validate.at_least("weight_decay", self.weight_decay, 0.0),
        }
        if self.batch_size is not None:
            plain["batch_size"] = validate.count("batch_size", self.batch_size)
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def of(self, ids: npt.ArrayLike) -> LocalTraining:
        """Return the settings of a cohort: epochs one per client of the cohort.

        Raises
        ------
        ValueError
            ``epochs`` has no entry for one of the ids.
        """
        if not isinstance(self.epochs, Sequence):
            return self
        chosen = [int(i) for i in np.atleast_1d(np.asarray(ids))]
        if max(chosen) >= len(self.epochs):
            raise validate.fail(
                _("epochs for {num_epochs} clients").format(
                    num_epochs=len(self.epochs)
                ),
                _("one for each client id up to {max}").format(max=max(chosen)),
                _("Pass one number of epochs per client, or one for all."),
            )
        return replace(self, epochs=tuple(self.epochs[i] for i in chosen))


def batch_plan(
    sizes: npt.ArrayLike,
    local: LocalTraining,
    streams: npt.ArrayLike | Sequence[np.random.Generator],
) -> Tensor:
    """Lay down which examples each client uses in each local step of a round.

    All of the round's randomness is here, made before any training. Every epoch is a
    fresh shuffle of the client's examples, cut into batches; the last may be smaller.

    Parameters
    ----------
    sizes
        examples of each client, ``(K,)``.
    local
        epochs (one for all, or K of them) and batch size.
    streams
        K keys of :func:`fltutor.seeds.keys`, or K numpy generators.

    Returns
    -------
    ``(K, S, B)`` int64, row numbers in each client's data; -1 is no example, and a
    step that is all -1 leaves its client unchanged.

    Examples
    --------
    >>> local = LocalTraining(epochs=1, batch_size=2)
    >>> plan = batch_plan([3, 1], local, seeds.keys(0, "batches", 0, [0, 1]))
    >>> plan.shape, (plan >= 0).sum(dim=(1, 2))
    (torch.Size([2, 2, 2]), tensor([3, 1]))
    """
    validate.instance("local", local, LocalTraining)
    counts = np.asarray(sizes, dtype=np.int64)  # (K,)
    words = _keys(streams)  # (K,)
    validate.same_length(sizes=len(counts), streams=len(words))
    validate.count("examples of the smallest client", int(counts.min()))
    return torch.from_numpy(_lay_down(counts, local, words))


def _lay_down(counts: Rows, local: LocalTraining, words: seeds.Keys) -> Rows:
    epochs = np.broadcast_to(np.asarray(local.epochs, dtype=np.int64), counts.shape)
    most = int(counts.max())
    batch = most if local.batch_size is None else min(local.batch_size, most)  # B
    per_epoch = -(-counts // batch)  # (K,) batches in an epoch
    plan = np.full((len(counts), int((per_epoch * epochs).max()), batch), -1)
    client = np.repeat(np.arange(len(counts)), epochs)  # (T,), T = all clients' epochs
    if len(client) == 0:
        return plan
    epoch = np.arange(len(client)) - np.repeat(epochs.cumsum() - epochs, epochs)
    rows = (
        np.where(np.arange(most) < counts[client, None], np.arange(most), -1)
        if local.batch_size is None
        else seeds.permutations(words[client], counts[client], epoch)
    )
    order = np.full((len(client), -(-most // batch) * batch), -1)
    order[:, : rows.shape[1]] = rows
    batches = order.reshape(len(client), -1, batch)  # (T, batches in an epoch, B)
    t, place = np.nonzero(np.arange(batches.shape[1]) < per_epoch[client, None])
    k = client[t]
    plan[k, epoch[t] * per_epoch[k] + place] = batches[t, place]
    return plan


def _keys(streams: npt.ArrayLike | Sequence[np.random.Generator]) -> seeds.Keys:
    if isinstance(streams, Sequence) and isinstance(streams[0], np.random.Generator):
        draws = [s.integers(2**64, dtype=np.uint64) for s in streams]  # type: ignore[union-attr]  # the first entry tells
        return np.array(draws, dtype=np.uint64)
    return np.asarray(streams, dtype=np.uint64)
