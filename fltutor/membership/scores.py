"""Scores: how much a model looks as if it had seen an example."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fltutor import validate
from fltutor.datasets import Dataset
from fltutor.task import Task
from fltutor.words import _

#: The least spread of a normal fit, so that equal values do not give a zero.
_FLOOR = 1e-6


@torch.no_grad()
def loss_score(task: Task, params: Tensor, dataset: Dataset) -> Tensor:
    """Score examples by how little loss they have: ``(n,)``, ``-loss``.

    A model fits what it has seen. But an easy example has a small loss in every model,
    member or not: this score cannot tell easy from known.

    References
    ----------
    Yeom et al. 2018 (arXiv:1709.01604), section 3; Shokri et al. 2017
    (arXiv:1610.05820) trained a network on the model's outputs instead.
    """
    validate.vector("params", params, task.dim)
    return -task.losses(task.predict(params, dataset.x), dataset.y).double()


@torch.no_grad()
def confidence(task: Task, params: Tensor, dataset: Dataset) -> Tensor:
    """Return ``log(p / (1 - p))`` of the true class: ``(n,)``, nearly normal.

    Computed from the outputs, ``z_y - log sum over c != y of exp z_c``, so that a p
    that rounds to 1 still has a size.

    References
    ----------
    Carlini et al. 2022 (arXiv:2112.03570), section 4, "logit scaling".
    """
    validate.vector("params", params, task.dim)
    outputs = task.predict(params, dataset.x).double()  # (n, C)
    if outputs.ndim != 2 or dataset.num_classes is None:
        raise validate.fail(
            _("outputs of shape {shape}").format(shape=tuple(outputs.shape)),
            _("one number for each class, (n, C)"),
            _("Use loss_score for a task without classes."),
        )
    right = outputs.gather(1, dataset.y[:, None])  # (n, 1)
    others = outputs.scatter(1, dataset.y[:, None], -math.inf).logsumexp(dim=1)
    return right[:, 0] - others


def likelihood_score(
    task: Task,
    params: Tensor,
    dataset: Dataset,
    *,
    shadows: Tensor,
    members: Tensor,
    online: bool = True,
) -> Tensor:
    """Score examples by a likelihood ratio, calibrated for each of them: ``(n,)``.

    For each example the shadow models that had it give a normal distribution of its
    confidence, those that did not another. The score is
    ``log N(target | in) - log N(target | out)``, and no longer mistakes easy for known.

    Parameters
    ----------
    task, params
        the model under attack ``(d,)``.
    dataset
        the n examples in question.
    shadows, members
        ``(M, d)`` and bool ``(M, n)``: who had what.
    online
        False uses the models without the example alone, as an attacker must who trains
        before knowing whom to ask about: ``log P(out <= target)``.

    References
    ----------
    Carlini et al. 2022 (arXiv:2112.03570), Algorithm 1 and equation 4. Here each spread
    is one number for all examples, as the paper does below 64 shadow models.
    """
    validate.same_length(shadows=len(shadows), members=len(members))
    seen = torch.stack([confidence(task, each, dataset) for each in shadows])  # (M, n)
    target = confidence(task, params, dataset)  # (n,)
    with_it, without = _fit(seen, members), _fit(seen, ~members)
    if not online:
        rank: Tensor = torch.special.log_ndtr((target - without[0]) / without[1])
        return rank  # log P(out <= target)
    return _log_normal(target, *with_it) - _log_normal(target, *without)


def _fit(seen: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return each example's mean ``(n,)`` and one spread, over the chosen models."""
    count = chosen.sum(dim=0)  # (n,)
    if bool((count == 0).any()):
        raise validate.fail(
            _("{n} examples that all or none of the shadow models had").format(
                n=int((count == 0).sum())
            ),
            _("models with and without each example"),
            _("Draw members with shadow_members."),
        )
    mean = (seen * chosen).sum(dim=0) / count  # (n,)
    apart = (seen - mean).square() * chosen  # (M, n)
    free = (count - 1).sum().clamp(min=1)  # what the means leave
    return mean, (apart.sum() / free).sqrt().clamp(min=_FLOOR)


def _log_normal(value: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    return -((value - mean) / spread).square() / 2 - spread.log()
