"""What the tests of the algorithms share: members, small problems, a loop."""

from dataclasses import replace

import torch

from fltutor import Client, Dataset, Federation, LocalTraining, Task
from fltutor.algorithms import (
    FedAdagrad,
    FedAdam,
    FedAvg,
    FedAvgM,
    FedDyn,
    FedNova,
    FedProx,
    FedYogi,
    Scaffold,
)
from fltutor.engines import vectorised

MEMBERS = {
    "FedAvg": FedAvg(),
    "FedProx": FedProx(mu=0.5),
    "SCAFFOLD": Scaffold(),
    "SCAFFOLD option 1": Scaffold(option=1),
    "FedNova": FedNova(),
    "FedDyn": FedDyn(alpha=0.3),
    "FedAvgM": FedAvgM(momentum=0.5, server_lr=0.5),
    "FedAdagrad": FedAdagrad(),
    "FedAdam": FedAdam(),
    "FedYogi": FedYogi(),
}

SIZES = (7, 3, 1, 12, 5)  # ragged: the last batches differ, and so do the steps


def classification(sizes=SIZES, seed=0):
    """Return a task with d = 15 and a ragged federation, in float64."""
    draw = torch.Generator().manual_seed(seed)
    clients = []
    for i, n in enumerate(sizes):
        x = torch.randn(n, 4, dtype=torch.float64, generator=draw) + i
        y = torch.randint(3, (n,), generator=draw)
        clients.append(Client(i, Dataset(x, y, num_classes=3)))
    return Task(torch.nn.Linear(4, 3, dtype=torch.float64), seed=seed), clients


def walk(problem, algorithm, local, *, rounds, state=None, **options):
    """Yield (state before, updates, state after) of each round."""
    options = {"engine": vectorised, **options}
    federation = Federation(*problem, algorithm, local, **options)
    state = federation.init() if state is None else state
    for index in range(rounds):
        after, updates = federation.round(state, index)
        yield state, updates, after
        state = after


def end(problem, algorithm, local, **options):
    """Return the state after the last round."""
    *_, (_, _, state) = walk(problem, algorithm, local, **options)
    return state


def full_batch(steps, lr=0.1, **options):
    return LocalTraining(epochs=steps, batch_size=None, lr=lr, **options)


def close(got, expected, atol=1e-10):
    expected = torch.as_tensor(expected, dtype=got.dtype)
    torch.testing.assert_close(got, expected.expand_as(got), atol=atol, rtol=0)


def feed(deltas):
    """Make an uplink stage that replaces a round's deltas by a given number."""

    def stage(updates):
        return replace(updates, deltas=torch.full_like(updates.deltas, deltas.pop(0)))

    return stage


def gradients(problem, params):
    """Return every client's full gradient at params, (N, d)."""
    task, clients = problem
    return torch.stack([task.gradient(params, c.data.x, c.data.y) for c in clients])
