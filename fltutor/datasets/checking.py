"""What a Dataset holds is checked when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fltutor import validate

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
            f"x of shape {tuple(data.x.shape)}, in which there is no example",
            "one example or more",
            "Check the selection before this.",
        )
    for name, part in (("y", data.y), ("groups", data.groups)):
        if part is not None and part.shape != data.x.shape[:1]:
            raise validate.fail(
                f"{name} of shape {tuple(part.shape)} for {data.x.shape[0]} examples",
                f"shape ({data.x.shape[0]},), one number for each example",
                f"Flatten {name} with .reshape(-1), or check the selection.",
            )


def _check_finite(values: Tensor, name: str) -> None:
    if not values.is_floating_point() or bool(torch.isfinite(values).all()):
        return
    bad = ~torch.isfinite(values).reshape(values.shape[0], -1).all(dim=1)
    raise validate.fail(
        f"{name} with NaN or infinity in {int(bad.sum())} of {values.shape[0]} "
        f"examples, the first at index {int(bad.nonzero()[0])}",
        "finite numbers",
        "Fill in or drop missing values before building the Dataset.",
    )


def _check_targets(data: Dataset) -> None:
    y, classes = data.y, data.num_classes
    if classes is None:
        _check_finite(y, "y")
        return
    if y.is_floating_point():
        raise validate.fail(
            f"y of {y.dtype} values and num_classes={classes}",
            "whole class labels",
            "Convert y to integers, or leave num_classes=None for regression.",
        )
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= classes:
        raise validate.fail(
            f"labels that run from {low} to {high}, and num_classes={classes}",
            f"labels in 0..{classes - 1}",
            "Renumber the labels from 0, or raise num_classes.",
        )
    if data.class_names and len(data.class_names) != classes:
        raise validate.fail(
            f"{len(data.class_names)} class_names for num_classes={classes}",
            "one name for each class",
            "Give them all, or none.",
        )


def _check_groups(data: Dataset) -> None:
    if data.groups is None:
        return
    if data.groups.is_floating_point() or int(data.groups.min()) < 0:
        raise validate.fail(
            "groups that are no whole numbers from 0 on",
            "one for each example",
            "Number the owners 0, 1, 2, ... and keep their names in group_names.",
        )
    highest = int(data.groups.max())
    if data.group_names and highest >= len(data.group_names):
        raise validate.fail(
            f"group {highest} without a name, and {len(data.group_names)} group_names",
            "one name for each group",
            "Give them all, or none.",
        )
