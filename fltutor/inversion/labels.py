"""The last layer's bias counts the labels of a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.inversion.exact import layer
from fltutor.task import Task
from fltutor.words import _


def lone_label(weight: Tensor, bias: Tensor | None = None) -> int:
    """Return the label of a batch of one from the last layer's gradient.

    ``db_c = p_c - 1[c = y]`` is negative for the true class alone. Without a bias the
    rows of ``dW_c = (p_c - 1[c = y]) h`` say the same, as long as h is not negative
    (after a ReLU it is not).

    Parameters
    ----------
    weight
        ``(classes, inputs)`` of a *gradient*; a delta points the other way.
    bias
        ``(classes,)``, where there is one.

    Raises
    ------
    ValueError
        not exactly one class is negative: more than one example, another loss, or a
        delta instead of a gradient.

    References
    ----------
    Zhao et al. 2020 (iDLG, arXiv:2001.02610), equations 3 to 6.

    Examples
    --------
    >>> lone_label(torch.tensor([[0.1, 0.2], [-0.3, -0.6], [0.2, 0.4]]))
    1
    """
    signs = weight.sum(dim=1) if bias is None else bias  # (C,)
    negative = (signs < 0).nonzero().reshape(-1)
    if len(negative) != 1:
        raise validate.fail(
            _("{n} classes with a negative gradient").format(n=len(negative)),
            _("exactly one, as for one example and cross-entropy"),
            _("Use label_counts for a batch; turn a delta's sign first."),
        )
    return int(negative[0])


def label_counts(
    task: Task,
    params: Tensor,
    gradient: Tensor,
    *,
    num_examples: int,
    public: Tensor,
    head: str = "head",
) -> Tensor:
    """Count the labels of a batch from one gradient: ``(classes,)``, their sum B.

    ``B db_c = sum_b p_bc - count_c``. The counts are wanted, the gradient is known, and
    the predictions p are close to those on any other pictures while the model is young:
    ``count_c = B (mean p_c - db_c)``, rounded so that they sum to B.

    Parameters
    ----------
    task, params
        the model ``(d,)`` that the server sent.
    gradient
        ``(d,)``; of a delta after S steps of size lr take ``-delta / (S lr)``, which
        averages over the steps and is the rougher the further they went.
    num_examples
        B.
    public
        ``(n, ...)`` inputs on which the attacker predicts instead: :func:`noise`, say.
    head
        name of the last layer.

    References
    ----------
    Wainakh et al. 2022 (LLG, arXiv:2105.09369), section 4; there the gradient of the
    weights is used and p is estimated from the gradients of absent classes.
    """
    validate.count("num_examples", num_examples)
    bias = layer(task.layout, gradient, head)[1]  # (C,)
    outputs = task.predict(params.detach(), public)  # (n, C)
    mean = outputs.detach().double().softmax(dim=1).mean(dim=0)  # (C,)
    return _whole(num_examples * (mean - bias.double()), num_examples)


def noise(shape: tuple[int, ...], *, num_examples: int = 64, seed: int = 0) -> Tensor:
    """Draw inputs that say nothing, ``(n, *shape)`` in [0, 1), for `label_counts`."""
    generator = seeds.torch_stream(seed, "inversion", "public")
    return torch.rand((num_examples, *shape), generator=generator)


def _whole(counts: Tensor, total: int) -> Tensor:
    """Round to whole numbers >= 0 of a given sum: largest remainders go up."""
    scaled = counts.clamp(min=0)
    scaled = scaled * (total / scaled.sum().clamp(min=1e-12))
    down = scaled.floor().long()  # (C,)
    missing = total - int(down.sum())
    first = (scaled - down).argsort(descending=True)[:missing]
    down[first] += 1
    return down
