"""All clients of a group take their steps together: one row of a matrix each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from fltutor.clients import Client, LocalTraining
from fltutor.engines.affine import Descent, add_up, narrow_first
from fltutor.engines.backprop import Layer, Stack
from fltutor.engines.schedule import Group
from fltutor.engines.shared import Direction
from fltutor.task import Task

#: (step, grads (m, d)) -> None; writes the gradients of the first m clients
Gradients = Callable[[int, Tensor], None]

#: Bytes of batches that are fetched in one go, so that a step finds them in the cache.
#: Single batches cost W1 9 % more, 2**20 and 2**22 bytes 12 to 14 %; W2 and W3 hardly
#: notice. Rounds' times at other values, as in :mod:`fltutor.engines.choosing`.
BLOCK_BYTES = 2**19


def descend(
    group: Group,
    starts: Tensor,
    params: Tensor,
    local: LocalTraining,
    direction: Direction,
    memory: Mapping[str, Tensor],
    gradients: Gradients,
) -> None:
    """Take all local steps of a group, along any direction.

    Parameters
    ----------
    group, local
        who steps when, and how far.
    starts, memory
        the group's rows, ``(M, d)``; not written to.
    params
        ``(M, d)``, holds ``starts`` and becomes the ends.
    direction
        of the algorithm.
    gradients
        from one of the makers below, made with ``params``.
    """
    velocity = torch.zeros_like(params) if local.momentum else None
    p, g, s, own = params, torch.empty_like(params), starts, dict(memory)  # (M, d)
    for step, m in enumerate(group.working):
        if m != len(p):
            p, g, s = params[:m], g[:m], starts[:m]  # (m, d)
            own = {n: v[:m] if v.ndim == 2 else v for n, v in memory.items()}
        gradients(step, g)
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
    params: Tensor,
    *,
    layers: Sequence[Layer],
) -> Gradients:
    """Prepare gradients by hand, for :func:`descend`."""
    stack = Stack(layers, task.loss_name, params)
    stream = _batches(task, group, clients, layers[-1].shape[0])

    def write(step: int, grads: Tensor) -> None:
        factors = stack.first(len(grads)).backpropagate(*next(stream))
        Stack(layers, task.loss_name, grads).store(factors)

    return write


def descend_by_hand(
    task: Task,
    group: Group,
    clients: Sequence[Client],
    starts: Tensor,
    params: Tensor,
    descent: Descent,
    *,
    layers: Sequence[Layer],
) -> None:
    """Take all local steps of a group, by hand and without writing gradients down.

    Parameters
    ----------
    task, group, clients, layers
        what is trained, who steps when, the cohort.
    starts
        ``(M, d)``; not written to.
    params
        ``(M, d)``, becomes the ends; read from nowhere.
    descent
        the step that all of them take.
    """
    whole = stack = Stack(layers, task.loss_name, starts, own=True)
    push: Stack | None = None
    for factor, rows in narrow_first(descent.terms, task.dim):
        term = Stack(layers, task.loss_name, rows)
        push = term.times(factor) if push is None else push.plus(term, factor)
    for batch in _batches(task, group, clients, layers[-1].shape[0]):
        if (m := len(batch[0])) != stack.members:
            stack = stack.first(m)
            push = push.first(m) if push is not None else None
        stack.step(stack.backpropagate(*batch), descent.rate, descent.keep, push)
    whole.write(params)


def _batches(
    task: Task, group: Group, clients: Sequence[Client], outputs: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield a step's x ``(m, B, f)``, targets ``(m, C, B)``, shares ``(m, 1, B)``.

    The examples of several steps are fetched in one go, as many as stay in the cache.
    """
    x, y, at = group.gather(clients)
    x = x.reshape(len(x), -1)  # (n, f)
    targets = y[at][:, :, None]  # (S, M, 1, B)
    if task.loss_name == "cross_entropy":
        classes = torch.arange(outputs)[:, None]  # (C, 1)
        targets = (targets == classes).to(x.dtype)  # (S, M, C, B)
    others = zip(targets.unbind(), _shares(group, x).unbind(), strict=True)
    size = at.shape[1:].numel() * x.shape[1] * x.element_size()
    length = max(1, BLOCK_BYTES // size)
    for begin in range(0, len(at), length):
        rows = at[begin : begin + length]  # (s, M, B)
        inputs = x.index_select(0, rows.view(-1)).view(*rows.shape, -1)
        working = group.working[begin : begin + length]
        for m, own in zip(working, inputs.unbind(), strict=True):
            target, part = next(others)
            if m < len(own):
                own, target, part = own[:m], target[:m], part[:m]
            yield own, target, part


def _shares(group: Group, like: Tensor) -> Tensor:
    """Return each example's share in its client's mean loss, ``(S, M, 1, B)``."""
    real = (group.plan >= 0).to(like.dtype)[:, :, None]
    return real / real.sum(dim=3, keepdim=True).clamp(min=1)


def by_vmap(
    task: Task, group: Group, clients: Sequence[Client], params: Tensor
) -> Gradients:
    """Prepare torch's own gradients, mapped over clients, for :func:`descend`."""
    x, y, at = group.gather(clients)
    real = group.plan >= 0  # (S, M, B)
    mapped = torch.func.vmap(task.gradient)

    def write(step: int, grads: Tensor) -> None:
        m = len(grads)
        rows = at[step, :m]  # (m, B)
        grads.copy_(mapped(params[:m], x[rows], y[rows], real[step, :m]))

    return write


def by_autograd(
    task: Task, group: Group, clients: Sequence[Client], params: Tensor
) -> Gradients:
    """Prepare torch's own gradients of one client, for :func:`descend`."""
    module = _module_on(task, params[0])
    leaves = [p for p in module.parameters() if p.requires_grad]
    losses = _losses(task, module, group, clients)

    def write(step: int, grads: Tensor) -> None:
        parts = torch.autograd.grad(next(losses), leaves)
        torch.cat([part.reshape(-1) for part in parts], out=grads[0])

    return write


def descend_by_autograd(
    task: Task,
    group: Group,
    clients: Sequence[Client],
    starts: Tensor,
    params: Tensor,
    descent: Descent,
) -> None:
    """Take all local steps of one client; arguments as in :func:`descend_by_hand`.

    Gradients go straight into the layers' parameters, without a vector between.
    """
    module = _module_on(task, params.copy_(starts)[0])
    push = add_up(descent.terms, task.dim)
    leaves: list[Tensor] = [p for p in module.parameters() if p.requires_grad]
    for loss in _losses(task, module, group, clients):
        parts = torch.autograd.grad(loss, leaves)
        if push is not None:  # one pass over the parameters for both
            torch.add(push, params, alpha=descent.keep, out=params)
        elif descent.keep != 1:
            params.mul_(descent.keep)
        torch._foreach_add_(leaves, parts, alpha=-descent.rate)


def _losses(
    task: Task, module: nn.Module, group: Group, clients: Sequence[Client]
) -> Iterator[Tensor]:
    """Yield one client's mean loss in each step, of the module as it is by then.

    Images in single precision are handed on with their channels last, which torch's
    convolutions and pools like best: 0.9 of the time of W4. In double it is 1.1.
    """
    x, y, at = group.gather(clients)
    if x.ndim == 4 and x.dtype == torch.float32:
        x = x.to(memory_format=torch.channels_last)
    for plan, places in zip(group.plan[:, 0], at[:, 0], strict=True):
        rows = places[plan >= 0]  # (B,)
        with torch.enable_grad():
            loss = task.losses(module(x[rows]), y[rows]).mean()
        yield loss


def _module_on(task: Task, params: Tensor) -> nn.Module:
    """Copy the module, its parameters being views of a vector ``(d,)``.

    Clients in other threads are not in the way, and nothing is copied back.
    """
    module = deepcopy(task.module)
    named = dict(module.named_parameters())
    for name, part in task.layout.unflatten(params).items():
        named[name].data = part
    return module
