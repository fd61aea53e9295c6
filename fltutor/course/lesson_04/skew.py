"""Widget of lesson 04: who holds what, how skewed that is, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from fltutor import datasets, guard, models, plots, seeds, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining
from fltutor.course.lesson_04 import skew_draw
from fltutor.course.lesson_04.skew_draw import WORDS
from fltutor.federation import Federation
from fltutor.lab.base import Lab, choice, number
from fltutor.task import Task

Array: TypeAlias = np.ndarray[Any, Any]
Split: TypeAlias = Callable[..., Any]
ROUNDS = 12  # every second one is drawn
METRICS = ("tv", "jsd", "emd")
ALPHAS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
LOCAL = LocalTraining(epochs=2, batch_size=16, lr=0.2)
SPLITTERS = (
    "iid", "dirichlet", "shards", "classes", "quantity", "rotation", "noise",
    "contrast", "renamed",
)  # fmt: skip
FULL = {"rotation": 90.0, "noise": 1.0, "contrast": 1.0}  # at a shift of 100 %


@dataclass(frozen=True)
class Controls:
    """What the reader moves."""

    splitter: str = choice("dirichlet", SPLITTERS)
    alpha: float = choice(1.0, ALPHAS)
    pieces: int = number(2, low=1, high=10, step=1)
    shift: int = number(50, low=0, high=100, step=10)  # %
    clients: int = number(10, low=2, high=20, step=1)
    seed: int = number(0, low=0, high=9, step=1)


@dataclass(frozen=True)
class Frame:
    """A split, its measures, and two trainings as far as they have come.

    Attributes
    ----------
    counts
        ``(N, C)`` examples of each class at each client.
    images
        ``(N, C, 8, 8)`` a picture that the client calls class c; 0 where it has none.
    measures, chance
        metric -> skew of this split, and of random splits of the same sizes.
    accuracy, iid
        of FedAvg on the common test set, before round 1 and after each round: on this
        split, and on an even random one.
    """

    counts: Array
    images: Array
    measures: dict[str, float]
    chance: dict[str, float]
    accuracy: tuple[float, ...]
    iid: tuple[float, ...]
    splitter: str


def compute(controls: Controls, *, split: Split | None = None) -> Iterator[Frame]:
    """Yield the split at once, then a frame every second round of both trainings."""
    data = datasets.digits()
    clients = deal(data.train, controls, split)
    even = splitters.iid(data.train, num_clients=controls.clients, seed=controls.seed)
    frame = Frame(
        counts=splitters.label_counts(clients),
        images=_pictures(clients),
        measures={name: splitters.skew(clients, name) for name in METRICS},
        chance=_chance(data.train, clients, controls.seed),
        accuracy=(),
        iid=(),
        splitter=controls.splitter,
    )
    runs = [_accuracies(each, data.test, controls.seed) for each in (clients, even)]
    for index, (accuracy, iid) in enumerate(zip(*runs, strict=True)):
        curves = (*frame.accuracy, accuracy), (*frame.iid, iid)
        frame = replace(frame, accuracy=curves[0], iid=curves[1])
        if index % 2 == 0:
            yield frame


def deal(
    train: datasets.Dataset, controls: Controls, split: Split | None = None
) -> list[Client]:
    """Deal the digits out as the controls say; ``split`` is a learner's Dirichlet."""
    word = controls.splitter
    if word == "dirichlet" and split is not None:
        return _own(train, controls, split)
    common = {"num_clients": controls.clients, "seed": controls.seed}
    if word in FULL:
        strength = controls.shift / 100 * FULL[word]
        return splitters.feature_shift(train, kind=word, strength=strength, **common)
    makers: dict[str, Callable[..., list[Client]]] = {
        "iid": splitters.iid,
        "dirichlet": partial(splitters.dirichlet, alpha=controls.alpha),
        "shards": partial(splitters.shards, shards_per_client=controls.pieces),
        "classes": partial(_classes, labels=controls.pieces),
        "quantity": partial(splitters.quantity, alpha=controls.alpha),
        "renamed": partial(splitters.label_flip, fraction=controls.shift / 100),
    }
    return makers[word](train, **common)


def _classes(
    train: datasets.Dataset, *, num_clients: int, labels: int, seed: int
) -> list[Client]:
    """Deal classes, as many a client as it takes to give every class a holder."""
    enough = -(-(train.num_classes or 1) // num_clients)
    return splitters.labels_per_client(
        train, num_clients=num_clients, labels=max(labels, enough), seed=seed
    )


def _own(train: datasets.Dataset, controls: Controls, split: Split) -> list[Client]:
    """Run the learner's Dirichlet, and say what does not fit."""
    labels = train.y.numpy()
    draw = seeds.stream(controls.seed, "split", "dirichlet")
    owner = np.asarray(split(labels.copy(), controls.clients, controls.alpha, draw))
    if owner.shape != labels.shape:
        raise ValueError(
            f"your splitter returned shape {owner.shape}, needed is {labels.shape}: "
            "the client of each example. End it with return owner."
        )
    sizes = [int((owner == k).sum()) for k in range(controls.clients)]
    if sum(sizes) != len(labels) or min(sizes) == 0:
        raise ValueError(
            f"your splitter gave {sum(sizes)} of {len(labels)} examples to clients "
            f"0 to {controls.clients - 1}, the smallest got {min(sizes)}. Each example "
            "needs one client, and each client one example."
        )
    parts = [np.flatnonzero(owner == k) for k in range(controls.clients)]
    return [Client(k, train[part]) for k, part in enumerate(parts)]


def _pictures(clients: Sequence[Client]) -> Array:
    classes = clients[0].data.num_classes or 0
    images = np.zeros((len(clients), classes, 8, 8))
    for row, client in enumerate(clients):
        labels = client.data.y.numpy()
        for label in np.unique(labels):
            first = int(np.argmax(labels == label))
            images[row, label] = client.data.x[first].reshape(8, 8).numpy()
    return images


def _chance(
    train: datasets.Dataset, clients: Sequence[Client], seed: int
) -> dict[str, float]:
    """Measure five random splits of the same sizes: the skew that chance makes."""
    cuts = np.cumsum([len(client) for client in clients])[:-1]
    draw = seeds.stream(seed, "widget", "skew")
    found: dict[str, list[float]] = {name: [] for name in METRICS}
    labels = replace(train, x=train.x[:, :1])  # the measures look at labels only
    for _ in range(5):
        parts = np.split(draw.permutation(len(train)), cuts)
        random = [Client(k, labels[part]) for k, part in enumerate(parts)]
        for name in METRICS:
            found[name].append(splitters.skew(random, name))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _accuracies(
    clients: Sequence[Client], test: datasets.Dataset, seed: int
) -> Iterator[float]:
    """Train with everybody in every round; yield accuracy before and after rounds."""
    task = Task(models.mlp(64, 32, 10).to(test.x.dtype), seed=seed)
    federation = Federation(task, clients, FedAvg(), LOCAL, seed=seed)
    yield task.evaluate(federation.init().params, test)["accuracy"]
    for record in federation.rounds(ROUNDS, test):
        yield record.accuracy


def draw(figure: plots.Figure, frame: Frame) -> None:
    """Draw who holds what, what it looks like, the measures, and the accuracy."""
    sizes = frame.counts.sum(axis=1)
    skew_draw.table(figure.add_axes((0.09, 0.47, 0.385, 0.475)), frame.counts)
    skew_draw.strip(figure.add_axes((0.57, 0.47, 0.42, 0.475)), frame.images, sizes)
    left = figure.add_axes((0.09, 0.08, 0.385, 0.26))
    skew_draw.measures(left, frame.measures, frame.chance)
    right = figure.add_axes((0.60, 0.08, 0.38, 0.26))
    skew_draw.curves(right, frame.accuracy, frame.iid, ROUNDS)


def finding(frame: Frame) -> str:
    """Say the sizes, the measures and the accuracies in one line."""
    sizes = frame.counts.sum(axis=1)
    told = ", ".join(
        WORDS.say("measure", name=name, value=value, chance=frame.chance[name])
        for name, value in frame.measures.items()
    )
    return WORDS.say(
        "finding", splitter=WORDS.option("splitter", frame.splitter),
        clients=len(sizes), smallest=sizes.min(), largest=sizes.max(),
        classes=(frame.counts > 0).sum(axis=1).mean(), measures=told,
        rounds=len(frame.accuracy) - 1, accuracy=frame.accuracy[-1],
        iid=frame.iid[-1],
    )  # fmt: skip


def skew_lab(*, split: Split | None = None) -> Lab[Controls, Frame]:
    """Show clients x classes, the measures of skew, the examples and the accuracy.

    Parameters
    ----------
    split
        ``(labels (n,), num_clients, alpha, draw) -> owner (n,)``, a learner's own
        Dirichlet; its error is shown in place. Default: the library's.

    Examples
    --------
    >>> skew_lab().parts.title
    'The skew explorer'
    """
    guard.function("split", split, "(labels (n,), num_clients, alpha, draw) -> (n,)")
    return Lab(
        Controls(),
        partial(compute, split=split),
        draw,
        finding,
        words=WORDS,
        size=(6.5, 6.0),
        guarded=split is not None,
    )
