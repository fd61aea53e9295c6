"""A dense layer with a bias gives its input away by one division."""

from __future__ import annotations

from torch import Tensor

from fltutor import validate
from fltutor.vectors import Layout
from fltutor.words import _


def layer(layout: Layout, update: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """Cut a dense layer's weight and bias out of an update.

    Parameters
    ----------
    layout
        of the model, ``task.layout``.
    update
        ``(d,)``, a gradient or a delta.
    name
        of the layer, "hidden1" or "head".

    Returns
    -------
    ``(outputs, inputs)`` and ``(outputs,)``.

    Raises
    ------
    ValueError
        no such layer, or one without a bias or with more than two axes.
    """
    validate.vector("update", update, layout.size)
    parts = layout.unflatten(update)
    dense = [
        key.removesuffix(".weight")
        for key, part in parts.items()
        if key.endswith(".weight")
        and part.ndim == 2
        and key.removesuffix("weight") + "bias" in parts
    ]
    validate.one_of("name", name, dense)
    return parts[f"{name}.weight"], parts[f"{name}.bias"]


def dense_inputs(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Divide each row of a dense layer's gradient by its bias's.

    Row i of the gradient is ``sum_b g_bi x_b`` over the batch, its bias ``sum_b g_bi``:
    their quotient is an average of examples, weighted by how much each moved unit i.
    Where *one* example moved it, the quotient is that example, exactly. ReLU makes such
    units common: an example that leaves a unit at zero does not move it.

    The learning rate cancels. So it works on a delta after several local steps too, as
    long as all of them used the same example.

    Parameters
    ----------
    weight
        ``(outputs, inputs)``, of the gradient or the delta.
    bias
        ``(outputs,)``.

    Returns
    -------
    quotients ``(U, inputs)`` of the units that moved at all, and their places ``(U,)``.

    References
    ----------
    Geiping et al. 2020 (arXiv:2003.14053), Proposition 3.1; Boenisch et al. 2023
    (arXiv:2112.02918), section 4.
    """
    if weight.ndim != 2 or bias.shape != weight.shape[:1]:
        raise validate.fail(
            _("weight of shape {weight} and bias of shape {bias}").format(
                weight=tuple(weight.shape), bias=tuple(bias.shape)
            ),
            _("(outputs, inputs) and (outputs,)"),
            _("Cut both out of one layer with inversion.layer."),
        )
    moved = bias.abs() > 0  # (outputs,)
    return weight[moved] / bias[moved, None], moved.nonzero().reshape(-1)


def dense_input(weight: Tensor, bias: Tensor) -> Tensor:
    """Return the input of a dense layer for a batch of one: ``dW_i / db_i``.

    The unit with the largest ``|db_i|`` is taken, where rounding does least.

    Parameters
    ----------
    weight, bias
        as in :func:`dense_inputs`.

    Returns
    -------
    ``(inputs,)``.

    Raises
    ------
    ValueError
        no unit moved: the bias's gradient is zero everywhere.

    Examples
    --------
    >>> import torch
    >>> x, error = torch.tensor([0.5, 2.0]), torch.tensor([0.0, -4.0, 1.0])
    >>> dense_input(torch.outer(error, x), error)
    tensor([0.5000, 2.0000])
    """
    quotients, places = dense_inputs(weight, bias)
    if len(places) == 0:
        raise validate.fail(
            _("a bias whose gradient is zero everywhere"),
            _("one unit that moved"),
            _("Take another layer: ReLU switched all of this one off."),
        )
    return quotients[int(bias[places].abs().argmax())]
