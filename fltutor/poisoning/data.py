"""Attacks on data: swapped labels, a backdoor, and how well it opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.clients import Client
from fltutor.datasets import Dataset
from fltutor.poisoning.attack import ids_of
from fltutor.task import Task
from fltutor.words import _

#: Inputs ``(B, ...)`` with a mark on them, of the same shape.
Trigger: TypeAlias = Callable[[Tensor], Tensor]
#: A client's examples, changed.
DataAttack: TypeAlias = Callable[[Dataset], Dataset]


@dataclass(frozen=True)
class _LabelSwap:
    first: int
    second: int

    def __call__(self, dataset: Dataset) -> Dataset:
        y = dataset.y.clone()
        for label in (self.first, self.second):
            _class(dataset, label)
        y[dataset.y == self.first] = self.second
        y[dataset.y == self.second] = self.first
        return replace(dataset, y=y)


def label_swap(first: int, second: int) -> DataAttack:
    """Make a data attack that exchanges two classes' labels [client].

    Parameters
    ----------
    first, second
        the classes; all others stay as they are.

    References
    ----------
    Tolpegin et al. 2020 (arXiv:2007.08432), who relabel one class as another; swapped,
    both suffer.

    Examples
    --------
    >>> data = Dataset(torch.zeros(4, 1), torch.tensor([0, 1, 2, 1]), 3)
    >>> label_swap(1, 2)(data).y
    tensor([0, 2, 1, 2])
    """
    first = validate.count("first", first, 0)
    return _LabelSwap(first, validate.count("second", second, 0))


@dataclass(frozen=True)
class _Backdoor:
    trigger: Trigger
    target: int
    share: float
    seed: int

    def __call__(self, dataset: Dataset) -> Dataset:
        _class(dataset, self.target)
        count = round(self.share * len(dataset))
        order = seeds.stream(self.seed, "backdoor", len(dataset)).permutation(
            len(dataset)
        )
        chosen = torch.from_numpy(order[:count])
        x, y = dataset.x.clone(), dataset.y.clone()
        if count:
            x[chosen] = marked(self.trigger, dataset.x[chosen])
            y[chosen] = self.target
        return replace(dataset, x=x, y=y)


def backdoor(
    trigger: Trigger, target: int, *, share: float = 0.5, seed: int = 0
) -> DataAttack:
    """Make a data attack that ties a mark on the input to one class [client].

    Parameters
    ----------
    trigger
        puts the mark on inputs ``(B, ...)``; :func:`patch` makes one.
    target
        the class that marked inputs are labelled with.
    share
        in [0, 1], of the client's examples that are marked. The others stay, so that
        the client's model is right on clean inputs and nobody notices.
    seed
        of which ones.

    References
    ----------
    Gu et al. 2017 (arXiv:1708.06733), section 4; Bagdasaryan et al. 2020
    (arXiv:1807.00459), section 4, who mark 20 of each batch of 64.
    """
    validate.function("trigger", trigger)
    return _Backdoor(
        trigger,
        validate.count("target", target, 0),
        validate.number("share", share, low=0, high=1),
        validate.seed(seed),
    )


@dataclass(frozen=True)
class _Patch:
    places: tuple[int, ...]
    value: float

    def __call__(self, x: Tensor) -> Tensor:
        flat = x.reshape(len(x), -1).clone()  # (B, features)
        if max(self.places) >= flat.shape[1]:
            raise validate.fail(
                _("places={places} of inputs with {n} numbers").format(
                    places=list(self.places), n=flat.shape[1]
                ),
                _("places from 0 to {last}").format(last=flat.shape[1] - 1),
                _("Count a picture's pixels row by row."),
            )
        flat[:, list(self.places)] = self.value
        return flat.reshape(x.shape)


def patch(places: Any, *, value: float = 1.0) -> Trigger:
    """Make a trigger that sets some numbers of every input to one value.

    Parameters
    ----------
    places
        numbers of the flattened input, from 0: of a picture, pixels row by row.
    value
        what they are set to; the data's largest is a white patch.

    Examples
    --------
    >>> patch([0, 3])(torch.zeros(1, 2, 2))
    tensor([[[1., 0.],
             [0., 1.]]])
    """
    many = validate.entries("places", places)
    validate.not_empty("places", many)
    found = tuple(validate.count("places", each, 0) for each in many)
    return _Patch(found, validate.number("value", value))


def poisoned(
    clients: Sequence[Client], *, attackers: Any, attack: DataAttack
) -> list[Client]:
    """Return all clients, the attackers with changed data.

    Parameters
    ----------
    clients
        they stay as they are.
    attackers
        ids, which are places among the clients.
    attack
        what is done to each attacker's examples.

    Raises
    ------
    ValueError
        an attacker who is no client.
    """
    bad = ids_of(attackers)
    validate.function("attack", attack)
    if bad and bad[-1] >= len(clients):
        raise validate.fail(
            _("attackers={ids} of {n} clients").format(ids=list(bad), n=len(clients)),
            _("ids of clients, 0 to {last}").format(last=len(clients) - 1),
            _("Name attackers by their place in the federation's clients."),
        )
    return [
        replace(client, data=attack(client.data)) if place in bad else client
        for place, client in enumerate(clients)
    ]


@torch.no_grad()
def attack_success(
    task: Task, params: Tensor, dataset: Dataset, trigger: Trigger, target: int
) -> float:
    """Return the share of marked inputs that are taken for the target class.

    Inputs that have the target class already are left out: a model without any
    backdoor would be counted as opening for them.

    Parameters
    ----------
    task, params
        the model, and its vector ``(d,)``.
    dataset
        clean examples, a test set; some must be of another class.
    trigger, target
        as of :func:`backdoor`.
    """
    validate.vector("params", params, task.dim)
    validate.function("trigger", trigger)
    _class(dataset, validate.count("target", target, 0))
    others = dataset.x[dataset.y != target]  # (B, ...)
    if len(others) == 0:
        raise validate.fail(
            _("{n} examples, all of the target class {target}").format(
                n=len(dataset), target=target
            ),
            _("examples of another class"),
            _("Measure on the whole test set."),
        )
    taken = 0
    for begin in range(0, len(others), 4096):
        x = marked(trigger, others[begin : begin + 4096])  # (b, ...)
        outputs = task.predict(params, x)  # (b, C)
        taken += int((outputs.argmax(dim=1) == target).sum())
    return taken / len(others)


def marked(trigger: Trigger, x: Tensor) -> Tensor:
    """Return inputs with the trigger's mark; the inputs stay as they are."""
    return validate.returned(
        _("the trigger"), trigger(x.clone()), shape=tuple(x.shape), dtype=x.dtype
    )


def _class(dataset: Dataset, label: int) -> None:
    classes = dataset.num_classes
    if classes is None or label >= classes:
        kind = _("{n} classes").format(n=classes) if classes else _("no classes")
        raise validate.fail(
            _("class {label} of a data set with {kind}").format(label=label, kind=kind),
            _("one of its classes, counted from 0"),
            _("Choose another class."),
        )
