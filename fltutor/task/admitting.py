"""Data held against the model: once for each data set, and a trial of each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from fltutor import validate
from fltutor.datasets import Dataset
from fltutor.task.losses import Loss, refuse_reduced
from fltutor.words import _

if TYPE_CHECKING:
    from fltutor.task.task import Task


def admit(task: Task, data: Dataset, name: str, trial: Tensor | None) -> Tensor:
    """Hold a data set against a task.

    Parameters
    ----------
    task, data, name
        the task, the data, and what the data are called in a message.
    trial
        the answer for other data of this kind; None lets model and loss be tried.

    Returns
    -------
    the outputs of a few examples, ``(B, ...)``.
    """
    _check_precision(task, data, name)
    outputs = trial
    if outputs is None:
        outputs = _try_model(task, _few(data.x), name)
    if task.loss_name == "cross_entropy":
        _check_labels(outputs, data, name)
    elif task.loss_name == "mse":
        _check_one_output(outputs, name)
    elif not data.y.is_floating_point():
        labels = torch.from_numpy(
            np.unique(data.y.numpy())
        )  # a loss of one's own may know fewer
        every = outputs[:1].expand(len(labels), *outputs.shape[1:])
        _losses(task.losses, every, labels, name)
    if trial is None:
        _try_loss(task, outputs, data.y[_places(data.y)], name)
    return outputs


def _check_precision(task: Task, data: Dataset, name: str) -> None:
    if task.loss_name == "cross_entropy" and data.y.is_floating_point():
        raise validate.fail(
            _("{name} with labels in {dtype}").format(name=name, dtype=data.y.dtype),
            _("whole class labels for cross entropy"),
            _("Give the Dataset num_classes, or the Task loss='mse' for regression."),
        )
    parts = [data.x] if task.loss_name == "cross_entropy" else [data.x, data.y]
    for part in parts:
        if part.is_floating_point() and part.dtype != task.dtype:
            raise validate.fail(
                _("{name} in {dtype} and a model in {dtype2}").format(
                    name=name, dtype=part.dtype, dtype2=task.dtype
                ),
                _("one precision"),
                _("Call torch.set_default_dtype before you make data and model."),
            )


def _check_labels(outputs: Tensor, data: Dataset, name: str) -> None:
    classes = outputs.shape[1] if outputs.ndim == 2 else 0
    if classes < 2:
        raise validate.fail(
            _("outputs of shape {shape} for an example of {name}").format(
                shape=tuple(outputs.shape[1:]), name=name
            ),
            _("one output for each class, two or more, for cross entropy"),
            _(
                "Build the model with num_outputs=2 for labels 0 and 1; one "
                "number alone is for loss='mse'."
            ),
        )
    if data.num_classes is not None and data.num_classes <= classes:
        return
    low, high = int(data.y.min()), int(data.y.max())
    if low < 0 or high >= classes:
        raise validate.fail(
            _(
                "{name} with labels from {low} to {high} and a model with "
                "{classes} outputs"
            ).format(name=name, low=low, high=high, classes=classes),
            _("labels from 0 to {limit}").format(limit=classes - 1),
            _(
                "Build the model with num_outputs={limit}, or renumber the labels."
            ).format(limit=high + 1),
        )


def _check_one_output(outputs: Tensor, name: str) -> None:
    if outputs.numel() != len(outputs):
        raise validate.fail(
            _("outputs of shape {shape} for an example of {name}").format(
                shape=tuple(outputs.shape[1:]), name=name
            ),
            _("one number for each example for squared error"),
            _(
                "Build the model with num_outputs=1, or give the Task a loss "
                "of your own."
            ),
        )


def _places(rows: Tensor) -> Tensor:
    """Return the first, the middle and the last place; of one example, it twice."""
    n = len(rows)
    return torch.tensor([0, n // 2, n - 1] if n > 2 else [0, n - 1])


def _few(x: Tensor) -> Tensor:
    """Return two or three examples, ``(B, ...)``; of one alone, another made of it."""
    rows = x[_places(x)]
    if len(x) == 1:
        rows[1] = rows[1] / 2 + 0.5 if x.is_floating_point() else 0
    return rows


def _try_model(task: Task, x: Tensor, name: str) -> Tensor:
    """Run a few examples through the model and see that it is a function of each."""
    buffers, kind = list(task.module.buffers()), type(task.module).__name__
    before, chance = [b.clone() for b in buffers], torch.get_rng_state()
    outputs = _outputs(task, x, name)
    moved = not torch.equal(chance, torch.get_rng_state())
    torch.set_rng_state(chance)
    if moved or not _alike(outputs, _outputs(task, x, name)):
        raise validate.fail(
            _(
                "a {kind} that draws random numbers, or whose second answer is another"
            ).format(kind=kind),
            _("outputs that are a function of parameters and input"),
            _("Take dropout, noise and whatever remembers out of forward()."),
        )
    if not all(map(torch.equal, before, buffers)):
        raise validate.fail(
            _("a {kind} whose forward pass changes its buffers").format(kind=kind),
            _("a model that is its trainable parameters and nothing else"),
            _(
                "A server that averages vectors would lose them. For running "
                "statistics use nn.GroupNorm."
            ),
        )
    _refuse_mixed("model", outputs, lambda row: _outputs(task, x[row], name))
    return outputs


def _try_loss(task: Task, outputs: Tensor, y: Tensor, name: str) -> None:
    each = _losses(task.losses, outputs, y, name)
    alone = lambda row: _losses(task.losses, outputs[row], y[row], name)  # noqa: E731  # one line, used once
    _refuse_mixed("loss", each, alone)


def _refuse_mixed(what: str, whole: Tensor, alone: Callable[[Tensor], Tensor]) -> None:
    """Refuse what says something else of an example when it comes with others."""
    rows = torch.arange(len(whole))[:, None]  # (B, 1)
    try:
        apart = torch.cat([alone(row) for row in rows])
    except ValueError:  # it takes three examples, but not one
        apart = whole[:0]
    if not _alike(whole, apart):
        raise validate.fail(
            _(
                "a {what} whose answer for an example depends on the others in "
                "its batch"
            ).format(what=what),
            _("one in which every example stands alone"),
            _("Use nn.GroupNorm or nn.LayerNorm, and no mean over the batch."),
        )


def _outputs(task: Task, x: Tensor, name: str) -> Tensor:
    """Return the model's outputs ``(B, ...)``, or say that it does not take them."""
    try:
        with torch.no_grad():
            outputs: Any = task.predict(task.init(), x)
    except Exception as error:
        raise validate.fail(
            _(
                "{name} with examples of shape {shape} and {dtype}, which the "
                "model does not take ({error})"
            ).format(
                name=name,
                shape=tuple(x.shape[1:]),
                dtype=x.dtype,
                error=_first_line(error),
            ),
            _wanted(task.module),
            _("Change the model's input, or bring the data into that form."),
        ) from error
    if not isinstance(outputs, Tensor) or outputs.shape[:1] != x.shape[:1]:
        raise validate.fail(
            _("{outputs} from the model for {n} examples").format(
                outputs=validate.shown(outputs), n=len(x)
            ),
            _("a tensor of outputs, one row for each of the {n}").format(n=len(x)),
            _("Let forward() return scores (B, outputs), and nothing beside them."),
        )
    return outputs


def _losses(loss: Loss, outputs: Tensor, y: Tensor, name: str) -> Tensor:
    """Return a loss's answer ``(B,)``, or say what is wrong with it."""
    try:
        with torch.no_grad():
            each: Any = loss(outputs, y)
    except Exception as error:
        raise validate.fail(
            _("{name}, for which the loss fails ({error})").format(
                name=name, error=_first_line(error)
            ),
            _("a loss of outputs {shape} and targets {shape2}").format(
                shape=tuple(outputs.shape), shape2=tuple(y.shape)
            ),
            _("Make the model's outputs, the targets and the loss fit together."),
        ) from error
    if isinstance(each, Tensor) and each.ndim == 0:
        refuse_reduced(getattr(loss, "__name__", type(loss).__name__), "mean")
    return validate.returned(
        "the loss",
        each,
        shape=(len(y),),
        finite=False,
        advice=_("Let it return one number for each example."),
    )


def _alike(a: Tensor, b: Tensor) -> bool:
    """Tell whether outputs are the same up to another order of summation."""
    if a.shape != b.shape:
        return False
    if not a.is_floating_point():
        return torch.equal(a, b)
    near = torch.finfo(a.dtype).eps ** 0.5
    scale = float(a.detach().nan_to_num().abs().max()) if a.numel() else 0.0
    return torch.allclose(a, b, rtol=near, atol=near * max(scale, near), equal_nan=True)


def _wanted(module: nn.Module) -> str:
    """Say what the first layer with parameters takes."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            return f"float examples of {layer.in_features} features"
        if isinstance(layer, nn.Embedding):
            return f"whole numbers from 0 to {layer.num_embeddings - 1}"
        if isinstance(layer, nn.Conv2d):
            return f"float images (channels {layer.in_channels}, height, width)"
        if next(layer.parameters(recurse=False), None) is not None:
            break
    return "examples of the form that the model takes"


def _first_line(error: Exception) -> str:
    """Return an error's kind and its first line, at most 160 characters."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}"[:160]
