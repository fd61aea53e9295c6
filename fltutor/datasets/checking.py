"""What a Dataset holds is checked when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fltutor import validate
from fltutor.words import _

if TYPE_CHECKING:
    from fltutor.datasets.records import Dataset


def check(data: Dataset) -> None:
    """Require examples, as many targets and owners, finite numbers, labels in range."""
    _check_lengths(data)
    _check_finite(data.x, "x")
    _check_targets(data)
    _check_groups(data)


def _check_lengths(data: Dataset) -> None:
    if data.x.ndim < 1 or data.x.shape[0] == 0:
        raise validate.fail(
            _("x of shape {shape}, in which there is no example").format(
                shape=tuple(data.x.shape)
            ),
            _("one example or more"),
            _("Check the selection before this."),
        )
    for name, part in (("y", data.y), ("groups", data.groups)):
        if part is not None and part.shape != data.x.shape[:1]:
            raise validate.fail(
                _("{name} of shape {shape} for {n} examples").format(
                    name=name, shape=tuple(part.shape), n=data.x.shape[0]
                ),
                _("shape ({shape},), one number for each example").format(
                    shape=data.x.shape[0]
                ),
                _("Flatten {name} with .reshape(-1), or check the selection.").format(
                    name=name
                ),
            )


def _check_finite(values: Tensor, name: str) -> None:
    if not values.is_floating_point() or bool(torch.isfinite(values).all()):
        return
    bad = ~torch.isfinite(values).reshape(values.shape[0], -1).all(dim=1)
    raise validate.fail(
        _(
            "{name} with NaN or infinity in {sum} of {shape} examples, the "
            "first at index {nonzero}"
        ).format(
            name=name,
            sum=int(bad.sum()),
            shape=values.shape[0],
            nonzero=int(bad.nonzero()[0]),
        ),
        _("finite numbers"),
        _("Fill in or drop missing values before building the Dataset."),
    )


def _check_targets(data: Dataset) -> None:
    y, classes = data.y, data.num_classes
    if classes is None:
        _check_finite(y, "y")
        return
    if y.is_floating_point():
        raise validate.fail(
            _("y of {dtype} values and num_classes={classes}").format(
                dtype=y.dtype, classes=classes
            ),
            _("whole class labels"),
            _("Convert y to integers, or leave num_classes=None for regression."),
        )
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= classes:
        raise validate.fail(
            _("labels that run from {low} to {high}, and num_classes={classes}").format(
                low=low, high=high, classes=classes
            ),
            _("labels in 0..{limit}").format(limit=classes - 1),
            _("Renumber the labels from 0, or raise num_classes."),
        )
    if data.class_names and len(data.class_names) != classes:
        raise validate.fail(
            _("{num_class_names} class_names for num_classes={classes}").format(
                num_class_names=len(data.class_names), classes=classes
            ),
            _("one name for each class"),
            _("Give them all, or none."),
        )


def _check_groups(data: Dataset) -> None:
    if data.groups is None:
        return
    if data.groups.is_floating_point() or int(data.groups.min()) < 0:
        raise validate.fail(
            _("groups that are no whole numbers from 0 on"),
            _("one for each example"),
            _("Number the owners 0, 1, 2, ... and keep their names in group_names."),
        )
    highest = int(data.groups.max())
    if data.group_names and highest >= len(data.group_names):
        raise validate.fail(
            _(
                "group {highest} without a name, and {num_group_names} group_names"
            ).format(highest=highest, num_group_names=len(data.group_names)),
            _("one name for each group"),
            _("Give them all, or none."),
        )
