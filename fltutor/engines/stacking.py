"""All clients of a group take their steps together: one row of a matrix each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy

import torch
from torch import Tensor

from fltutor.clients import Client, LocalTraining
from fltutor.engines.affine import Descent
from fltutor.engines.backprop import Layer, Network
from fltutor.engines.products import Products, own_weights
from fltutor.engines.schedule import Group
from fltutor.engines.shared import Direction
from fltutor.task import Task

#: (step, params (m, d), grads (m, d)) -> None; writes the clients' gradients, or, made
#: with a descent, takes the step in params
Gradients = Callable[[int, Tensor, Tensor], None]

#: Batches that are fetched in one go.
BLOCK_BYTES = 2**19


def descend(
    group: Group,
    starts: Tensor,
    params: Tensor,
    local: LocalTraining,
    direction: Direction | None,
    memory: Mapping[str, Tensor],
    gradients: Gradients,
) -> None:
    """Take all local steps of a group.

    Parameters
    ----------
    group, local
        who steps when, and how far.
    starts, memory
        the group's rows, ``(M, d)``; not written to.
    params
        ``(M, d)``, a copy of ``starts`` that becomes the ends.
    direction, gradients
        of the algorithm, and from one of the makers below; no direction where
        that was made with a descent.
    """
    velocity = torch.zeros_like(params) if local.momentum else None
    grads = params if direction is None else torch.empty_like(params)  # (M, d)
    p, g, s, own = params, grads, starts, dict(memory)
    for step, m in enumerate(group.working):
        if m != len(p):
            p, g, s = params[:m], grads[:m], starts[:m]  # (m, d)
            own = {n: v[:m] if v.ndim == 2 else v for n, v in memory.items()}
        gradients(step, p, g)
        if direction is None:
            continue
        if local.weight_decay:
            g.add_(p, alpha=local.weight_decay)
        move = direction(g, p, s, own)  # (m, d)
        if velocity is not None:
            move = velocity[:m].mul_(local.momentum).add_(move)
        p.sub_(move, alpha=local.lr)


def by_hand(
    task: Task,
    group: Group,
    clients: Sequence[Client],
    layers: Sequence[Layer],
    descent: Descent | None = None,
) -> Gradients:
    """Prepare a :class:`Network` for a group's steps."""
    x, y, at = group.gather(clients)
    x, members = x.reshape(len(x), -1), len(group.rows)  # (n, f)
    share = _shares(group, x)  # (S, M, 1, B)
    classes = torch.arange(layers[-1].shape[0])[:, None]  # (C, 1)
    size = at.shape[1:].numel() * x.shape[1] * x.element_size()
    length = max(1, BLOCK_BYTES // size)  # steps whose batches are fetched together
    net: Network | None = None
    block: list[tuple[Tensor, ...]] = []

    def fetch(steps: slice) -> Iterator[tuple[Tensor, ...]]:
        rows = at[steps]  # (s, M, B)
        inputs = x.index_select(0, rows.view(-1)).view(*rows.shape, -1)
        targets = y[rows][:, :, None]  # (s, M, 1, B)
        if task.loss_name == "cross_entropy":
            targets = (targets == classes).to(x.dtype)  # (s, M, C, B)
        parts = [inputs, targets, share[steps]]
        if members == 1:
            parts = [part[:, 0] for part in parts]
        return zip(*(part.unbind(0) for part in parts), strict=True)

    def write(step: int, params: Tensor, grads: Tensor) -> None:
        nonlocal net, block
        if step % length == 0:
            block = list(fetch(slice(step, step + length)))
        batch, m = block[step % length], len(params)
        if m < members:
            batch = tuple(part[0 if m == 1 else slice(m)] for part in batch)
        if net is None or m != net.members:
            net = Network(layers, task.loss_name, params, grads, descent)
        net.backpropagate(*batch)

    return write


def _shares(group: Group, like: Tensor) -> Tensor:
    """Return each example's share in its client's mean loss, ``(S, M, 1, B)``."""
    real = (group.plan >= 0).to(like.dtype)[:, :, None]
    return real / real.sum(dim=3, keepdim=True).clamp(min=1)


def by_vmap(
    task: Task,
    group: Group,
    clients: Sequence[Client],
    descent: Descent | None = None,
) -> Gradients:
    """Prepare torch's own gradients for a group, mapped over its clients."""
    x, y, at = group.gather(clients)
    real = group.plan >= 0  # (S, M, B)
    mapped = torch.func.vmap(task.gradient)

    def write(step: int, params: Tensor, grads: Tensor) -> None:
        rows = at[step, : len(params)]  # (m, B)
        made = mapped(params, x[rows], y[rows], real[step, : len(params)])  # (m, d)
        if descent is None:
            grads.copy_(made)
        else:
            descent.drift(params)
            params.sub_(made, alpha=descent.rate)

    return write


def by_autograd(
    task: Task,
    group: Group,
    clients: Sequence[Client],
    descent: Descent | None = None,
) -> Gradients:
    """Prepare torch's own gradients for a group of one client.

    The group has a copy of the module, whose
    parameters are views of the client's vector: clients in other threads are not in
    the way, and nothing is copied back.
    """
    x, y, at = group.gather(clients)
    real = group.plan >= 0  # (S, 1, B)
    module = deepcopy(task.module)
    leaves: list[Tensor] = []
    products = Products([] if descent is None else own_weights(module))

    def write(step: int, params: Tensor, grads: Tensor) -> None:
        rows = at[step, 0][real[step, 0]]  # (B,)
        if step == 0:
            named = dict(module.named_parameters())
            for name, part in task.layout.unflatten(params[0]).items():
                named[name].data = part
                if named[name].requires_grad:
                    leaves.append(named[name])
        with torch.enable_grad():
            loss = task.losses(module(x[rows]), y[rows]).mean()
        parts = torch.autograd.grad(loss, [*leaves, *products.outputs])
        if descent is None:
            torch.cat([part.reshape(-1) for part in parts], out=grads[0])
            return
        descent.drift(params)
        if leaves:
            torch._foreach_add_(leaves, parts[: len(leaves)], alpha=-descent.rate)
        products.add(parts[len(leaves) :], -descent.rate)

    return write
