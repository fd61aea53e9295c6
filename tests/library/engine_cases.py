"""What the tests of the engines share: models, clients, a comparison."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fltutor import algorithms, models, seeds
from fltutor.clients import Client, batch_plan
from fltutor.datasets import Dataset
from fltutor.directions import affine
from fltutor.engines import sequential
from fltutor.task import Task

WIDE = torch.float64
FEATURES, CLASSES = 6, 3

MODELS = {
    "linear": lambda: models.linear(FEATURES, CLASSES),
    "mlp": lambda: models.mlp(FEATURES, 5, CLASSES),
    "deep": lambda: models.mlp(FEATURES, 4, 7, 2, CLASSES),
    "tanh": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(FEATURES, 4, bias=False), nn.Tanh(), nn.Linear(4, 3)
    ),
    "unbiased": lambda: nn.Sequential(nn.Linear(FEATURES, CLASSES, bias=False)),
    "bare": lambda: nn.Sequential(
        nn.Linear(FEATURES, 4), nn.ReLU(), nn.Linear(4, CLASSES, bias=False)
    ),
}
OTHERS = {
    "normed": lambda: nn.Sequential(
        nn.Linear(FEATURES, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, CLASSES)
    ),
    "convolution": lambda: models.cnn(8, CLASSES, channels=(2, 2), hidden=3),
    "text": lambda: models.char_rnn(CLASSES, embedding=2, hidden=3),
}
ALGORITHMS = [
    kind()
    for kind in vars(algorithms).values()
    if isinstance(kind, type)
    and issubclass(kind, algorithms.FedAvg)
    and kind is not algorithms.FedOpt
]


def draw(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=seeds.torch_stream(seed, "test"), dtype=WIDE)


def make_task(name: str, loss: str = "cross_entropy") -> Task:
    if loss == "mse":
        module: nn.Module = models.mlp(FEATURES, 5, 1)
    else:
        module = {**MODELS, **OTHERS}[name]()
    return Task(module.double(), loss=loss, seed=1)


def make_clients(name: str, sizes: list[int], loss: str = "cross_entropy"):
    shape = {"convolution": (1, 8, 8), "tanh": (2, 3)}.get(name, (FEATURES,))
    clients = []
    for i, n in enumerate(sizes):
        x = draw(i, n, *shape)
        if name == "text":
            x = x.abs().long().clamp(max=CLASSES - 1)
        y = x.reshape(n, -1).to(WIDE).sum(1)
        if loss == "cross_entropy":
            y = y.abs().long() % CLASSES
        clients.append(Client(i, Dataset(x, y, None if loss == "mse" else CLASSES)))
    return clients


@affine
def everything(grad, params, start, memory):
    """Use every argument, as no single algorithm does."""
    pull = 0.3 * (params - start) + memory["client"] - memory["server"]
    return grad + 0.1 * pull


def compare(engine, task, clients, plan, local, direction=everything) -> None:
    starts = task.init() + 0.05 * draw(7, len(clients), task.dim)
    memory = {"client": draw(8, len(clients), task.dim), "server": draw(9, task.dim)}
    before = [t.clone() for t in (starts, plan, *memory.values())]
    arguments = (task, starts, clients, plan, local, direction, memory)
    ends, steps = engine(*arguments)
    truth, counts = sequential(*arguments)
    assert (ends - truth).abs().max() < 1e-10
    assert steps.tolist() == counts.tolist()
    assert ends.dtype == truth.dtype
    for was, now in zip(before, (starts, plan, *memory.values()), strict=True):
        assert torch.equal(was, now)


def plan_for(clients, local, seed=0) -> Tensor:
    ids = [client.id for client in clients]
    return batch_plan(
        [len(c) for c in clients], local.of(ids), seeds.keys(seed, "batches", 0, ids)
    )
