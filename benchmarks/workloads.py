"""The workloads: the same samples, batches, local epochs and plain SGD for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

import fltutor as ft
from fltutor import seeds
from fltutor.clients import batch_plan
from fltutor.datasets.folder import DataNotFoundError


@dataclass(frozen=True)
class Workload:
    """A model, a cohort and what its clients do in a round.

    Attributes
    ----------
    name, title
        short and long.
    model
        builds the module.
    data
        "digits" (embedded), "mnist" or "random".
    shape
        of one example.
    num_clients, cohort
        N and K.
    examples
        of each client, about; None deals out the whole data set.
    batch_size, epochs
        of the local training.
    least, hoped
        goals: ratios to the textbook loop; None for a workload without one.
    """

    name: str
    title: str
    model: Callable[[], nn.Module]
    data: str
    shape: tuple[int, ...]
    num_clients: int
    cohort: int
    examples: int | None
    batch_size: int
    epochs: int
    least: float | None = None
    hoped: float | None = None

    @property
    def local(self) -> ft.LocalTraining:
        """Return the clients' settings."""
        return ft.LocalTraining(epochs=self.epochs, batch_size=self.batch_size, lr=0.05)


def _2nn() -> nn.Module:
    return ft.models.mlp(784, 200, 200, 10)


W1 = Workload(
    "W1", "digits, MLP 64-32-10, 20 clients, batch 16, 5 epochs",
    lambda: ft.models.mlp(64, 32, 10), "digits", (64,), 20, 20, None, 16, 5, 20, 35,
)  # fmt: skip
W2E1 = Workload(
    "W2E1", "MNIST, 2NN 784-200-200-10, 10 of 100 clients, batch 10, 1 epoch",
    _2nn, "mnist", (784,), 100, 10, 600, 10, 1, 3.5, 5,
)  # fmt: skip
W2E5 = replace(
    W2E1, name="W2E5", title=W2E1.title.replace("1 epoch", "5 epochs"), epochs=5,
    least=3.3, hoped=4,
)  # fmt: skip
W3 = Workload(
    "W3", "crowd, logistic regression 64-10, 1,000 clients of 20, batch 10, 1 epoch",
    lambda: ft.models.linear(64, 10), "random", (64,), 1000, 1000, 20, 10, 1, 60, 120,
)  # fmt: skip
W4 = Workload(
    "W4", "MNIST, CNN of 1,663,370 parameters, 10 clients, batch 10, 1 epoch",
    lambda: ft.models.cnn(), "mnist", (1, 28, 28), 100, 10, 600, 10, 1, 1.9, 2.1,
)  # fmt: skip

ALL = {workload.name: workload for workload in (W1, W2E1, W2E5, W3, W4)}


def quick(workload: Workload) -> Workload:
    """Shrink a workload so that it is done in a moment; its goals do not hold."""
    smaller = {"W2E1": 60, "W2E5": 30, "W3": 20, "W4": 20}
    examples = smaller.get(workload.name)
    clients = min(workload.num_clients, 100) if workload.name == "W3" else None
    return replace(
        workload,
        examples=examples,
        data="digits" if workload.name == "W1" else "random",
        num_clients=clients or workload.cohort,
        cohort=clients or workload.cohort,
        least=None,
        hoped=None,
    )


def load(workload: Workload) -> tuple[list[ft.Client], str]:
    """Return a workload's clients, and which data they hold."""
    if workload.data == "digits":
        train = ft.datasets.digits().train
        return ft.splitters.iid(train, num_clients=workload.num_clients), "digits"
    if workload.data == "mnist":
        try:
            as_images = len(workload.shape) == 3
            train = ft.datasets.mnist(as_images=as_images, download=False).train
            return ft.splitters.iid(train, num_clients=workload.num_clients), "MNIST"
        except DataNotFoundError:
            pass
    clients = [
        made(i, workload.examples or 20, workload.shape)
        for i in range(workload.num_clients)
    ]
    return clients, "random numbers of the same shape"


def used(federation: ft.Federation) -> ft.State:
    """Return a state in which client memory is in use, the first cohort's too."""
    state, _ = federation.round(federation.init(), 1)
    state, _ = federation.round(state, 0)
    return state


def training(federation: ft.Federation, state: ft.State) -> tuple[Any, ...]:
    """Return what an engine is given in the first round."""
    f, ids = federation, federation.sample(0)
    cohort = [f.clients[i] for i in ids.tolist()]
    sizes, streams = [len(c) for c in cohort], seeds.keys(f.seed, "batches", 0, ids)
    plan = batch_plan(sizes, f.local, streams)
    starts, memory = f.algorithm.start(state, ids), state.rows(ids)
    return f.task, starts, cohort, plan, f.local, f.algorithm.direction, memory


def made(index: int, examples: int, shape: tuple[int, ...]) -> ft.Client:
    """Make a client of random examples; the same at every call."""
    draw = seeds.torch_stream(0, "benchmark", index)
    x = torch.rand(examples, *shape, generator=draw)
    y = torch.randint(10, (examples,), generator=draw)
    return ft.Client(index, ft.Dataset(x, y, num_classes=10))
