"""The two records that every data set comes in: `Dataset` and `Split`.

A `Dataset` checks itself when it is made, so that a NaN in a pixel or a label
out of range is named here, and not met later as a curve that bends strangely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

Indices = Tensor | np.ndarray[Any, Any] | Sequence[int] | slice
"""What selects examples: integers, a boolean mask, a list or a slice."""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Examples and their targets, held by one owner.

    Arrays and lists become tensors; floats that are not tensors yet take
    torch's default dtype, tensors keep the dtype they have.

    Parameters
    ----------
    x
        Shape (n, ...). Float features, or int64 tokens for text.
    y
        Shape (n,). int64 class labels, or floats for regression.
    num_classes
        C, so that labels lie in 0..C-1. None for regression.
    groups
        Shape (n,), int64, or None: which natural owner (a hospital, a
        speaker, a device) an example comes from.
    group_names
        Name of group g at position g; empty where groups have no names.

    Raises
    ------
    ValueError
        If the data is empty, the lengths differ, a value is NaN or infinite,
        or a label lies outside 0..C-1.
    """

    x: Tensor
    y: Tensor
    num_classes: int | None = None
    groups: Tensor | None = None
    group_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Bring the fields into their declared types and check them."""
        object.__setattr__(self, "x", as_tensor(self.x, "x"))
        object.__setattr__(self, "y", as_tensor(self.y, "y"))
        object.__setattr__(self, "group_names", tuple(self.group_names))
        if self.groups is not None:
            object.__setattr__(self, "groups", as_tensor(self.groups, "groups"))
        _check_lengths(self)
        _check_finite(self.x, "x")
        _check_targets(self)
        _check_groups(self)

    def __len__(self) -> int:
        """Return the number of examples n."""
        return int(self.x.shape[0])

    def __getitem__(self, indices: Indices) -> Dataset:
        """Return the chosen examples as a new Dataset, in the order given.

        Raises
        ------
        TypeError
            If one single number is given (a Dataset is never one example).
        IndexError
            If a number lies outside the data or a mask has another length.
        """
        chosen = _positions(indices, len(self))
        groups = None if self.groups is None else self.groups[chosen]
        return replace(self, x=self.x[chosen], y=self.y[chosen], groups=groups)

    def __repr__(self) -> str:
        """Say what is in it, without printing the numbers."""
        parts = f"n={len(self)}, x={tuple(self.x.shape)}"
        parts += f", num_classes={self.num_classes}"
        if self.groups is not None:
            parts += f", groups={np.unique(self.groups.numpy()).size}"
        return f"Dataset({parts})"


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A data set cut into what is trained on and what is only measured on.

    Parameters
    ----------
    train, test
        The two parts; no example is in both.
    num_classes
        C, or None for regression.
    name
        Short name, as in `fltutor data`.
    licence
        The licence of the data, and where it asks for it, the source.
    class_names
        Name of class c at position c; may be empty.
    description
        One or two sentences: what it is and how it was cut and scaled.
    """

    train: Dataset
    test: Dataset
    num_classes: int | None
    name: str
    licence: str
    class_names: tuple[str, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        """Check that both parts describe the same problem."""
        if self.train.x.shape[1:] != self.test.x.shape[1:]:
            raise ValueError(
                f"Split {self.name!r}: train examples have shape "
                f"{tuple(self.train.x.shape[1:])}, test examples "
                f"{tuple(self.test.x.shape[1:])}. Both parts need one shape: "
                "cut them from the same array."
            )
        for part in ("train", "test"):
            got = getattr(self, part).num_classes
            if got != self.num_classes:
                raise ValueError(
                    f"Split {self.name!r}: {part}.num_classes is {got}, the split "
                    f"says {self.num_classes}. Give all three the same number."
                )

    def __repr__(self) -> str:
        """Say name and sizes."""
        return f"Split({self.name!r}, train={self.train!r}, test={self.test!r})"


def as_tensor(value: Any, name: str = "x") -> Tensor:
    """Return `value` as a tensor: integers int64, new floats default dtype."""
    if isinstance(value, Tensor):
        tensor = value.detach()
    else:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(
                f"Dataset: {name} holds {array.dtype} values, but only numbers can "
                "be trained on. Turn words into numbers first."
            )
        tensor = torch.tensor(array)
        if tensor.is_floating_point():
            tensor = tensor.to(torch.get_default_dtype())
    if tensor.is_floating_point() or tensor.dtype == torch.int64:
        return tensor
    return tensor.to(torch.int64)


def _check_lengths(data: Dataset) -> None:
    if data.x.ndim < 1 or data.x.shape[0] == 0:
        raise ValueError(
            f"Dataset: x has shape {tuple(data.x.shape)}, so there is no example in "
            "it. At least one example is needed: check the selection before this."
        )
    for name, part in (("y", data.y), ("groups", data.groups)):
        if part is None:
            continue
        if part.ndim != 1 or part.shape[0] != data.x.shape[0]:
            raise ValueError(
                f"Dataset: {name} has shape {tuple(part.shape)}, x has "
                f"{data.x.shape[0]} examples. {name} needs shape "
                f"({data.x.shape[0]},): one number for each example."
            )


def _check_finite(values: Tensor, name: str) -> None:
    if not values.is_floating_point() or bool(torch.isfinite(values).all()):
        return
    bad = ~torch.isfinite(values).reshape(values.shape[0], -1).all(dim=1)
    first = int(bad.nonzero()[0])
    raise ValueError(
        f"Dataset: {name} holds NaN or infinity in {int(bad.sum())} of "
        f"{values.shape[0]} examples, the first at index {first}. Every value must be "
        "finite: fill in or drop missing values before building the Dataset."
    )


def _check_targets(data: Dataset) -> None:
    y, classes = data.y, data.num_classes
    if classes is None:
        _check_finite(y, "y")
        return
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 1:
        raise ValueError(
            f"Dataset: num_classes is {classes!r}. It needs a whole number of at "
            "least 1, or None for regression."
        )
    if y.is_floating_point():
        raise ValueError(
            f"Dataset: y holds {y.dtype} values, but num_classes={classes} asks for "
            "whole class labels. Convert y to integers, or leave num_classes=None "
            "for regression."
        )
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= classes:
        raise ValueError(
            f"Dataset: labels run from {low} to {high}, but num_classes={classes} "
            f"allows 0..{classes - 1}. Renumber the labels from 0, or raise "
            "num_classes."
        )


def _check_groups(data: Dataset) -> None:
    if data.groups is None:
        return
    if data.groups.is_floating_point() or int(data.groups.min()) < 0:
        raise ValueError(
            "Dataset: groups must be whole numbers from 0 on, one for each example. "
            "Number the owners 0, 1, 2, ... and keep their names in group_names."
        )
    highest = int(data.groups.max())
    if data.group_names and highest >= len(data.group_names):
        raise ValueError(
            f"Dataset: group {highest} has no name, group_names holds "
            f"{len(data.group_names)}. Give one name for each group, or none at all."
        )


def _positions(indices: Indices, n: int) -> Tensor:
    """Return `indices` as int64 positions in 0..n-1, shape (m,)."""
    if isinstance(indices, slice):
        return torch.arange(n)[_forward(indices, n)]
    chosen = torch.as_tensor(indices)
    if chosen.numel() == 0:
        chosen = chosen.reshape(0).to(torch.int64)
    if chosen.ndim != 1 or chosen.is_floating_point() or chosen.is_complex():
        raise TypeError(
            f"Dataset: cannot select examples by {indices!r}. A list, array or tensor "
            "of whole numbers, a mask or a slice is needed; for one example write "
            "data[[i]]."
        )
    if chosen.dtype == torch.bool:
        if chosen.shape[0] != n:
            raise IndexError(
                f"Dataset: the mask has {chosen.shape[0]} entries, the data {n} "
                "examples. One entry for each example is needed."
            )
        return chosen.nonzero()[:, 0]
    chosen = chosen.to(torch.int64)
    if chosen.numel() and (int(chosen.min()) < -n or int(chosen.max()) >= n):
        raise IndexError(
            f"Dataset: indices run from {int(chosen.min())} to {int(chosen.max())}, "
            f"but there are {n} examples, 0..{n - 1}. Choose among those."
        )
    return torch.where(chosen < 0, chosen + n, chosen)


def _forward(part: slice, n: int) -> Tensor:
    """Return the positions of a slice; torch itself knows no negative step."""
    return torch.tensor(list(range(n))[part], dtype=torch.int64)
