"""Shadow models: what a model looks like that had an example, and one that had not."""

from __future__ import annotations

import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining, batch_plan
from fltutor.datasets import Dataset
from fltutor.engines import Engine, vectorised
from fltutor.task import Task
from fltutor.words import _


def shadow_members(num_examples: int, *, num_shadows: int, seed: int = 0) -> Tensor:
    """Draw who is in which shadow model's data: bool ``(M, n)``.

    Every example is in exactly half of them, so that its loss as a member and as none
    can be compared.

    Parameters
    ----------
    num_examples, num_shadows
        n; M, even.
    seed
        of the draw.
    """
    validate.count("num_examples", num_examples)
    if validate.count("num_shadows", num_shadows, low=2) % 2:
        raise validate.fail(
            f"num_shadows={num_shadows}",
            _("an even number"),
            _("Each example is in half of the shadow models."),
        )
    draw = seeds.torch_stream(seed, "shadows")
    order = torch.rand(num_shadows, num_examples, generator=draw).argsort(dim=0)
    return order < num_shadows // 2  # (M, n)


def train_shadows(
    task: Task,
    dataset: Dataset,
    members: Tensor,
    local: LocalTraining,
    *,
    engine: Engine = vectorised,
    seed: int = 0,
) -> Tensor:
    """Train one shadow model on each row's examples: ``(M, d)``, all at once.

    The attacker has data like the target's and trains as the target does. Every shadow
    starts at ``task.init()``.

    Parameters
    ----------
    task, dataset
        the model, and the n examples that the shadows share.
    members
        bool ``(M, n)``, as :func:`shadow_members` draws it.
    local
        how each is trained: as the target was.
    engine, seed
        as in a federation.
    """
    if members.shape[1:] != (len(dataset),):
        raise validate.fail(
            _("members of shape {shape}").format(shape=tuple(members.shape)),
            _("(shadow models, {n})").format(n=len(dataset)),
            _("Draw them with shadow_members(len(dataset), num_shadows=16)."),
        )
    clients = [Client(m, dataset[row]) for m, row in enumerate(members)]
    streams = seeds.keys(seed, "shadow batches", range(len(clients)))
    plan = batch_plan([len(client) for client in clients], local, streams)
    starts = task.init().expand(len(clients), -1).clone()  # (M, d)
    ends, _steps = engine(task, starts, clients, plan, local, FedAvg().direction, {})
    return ends
