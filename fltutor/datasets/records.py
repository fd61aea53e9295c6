"""The two records that every data set comes in: `Dataset` and `Split`.

A `Dataset` checks itself when it is made, so that a NaN in a pixel or a label
out of range is named here, and not met later as a curve that bends strangely.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from fltutor import validate
from fltutor.datasets.arrays import Indices, as_tensor, codes, is_words, positions
from fltutor.datasets.checking import check
from fltutor.datasets.frames import read_frame
from fltutor.words import _

if TYPE_CHECKING:
    import pandas as pd


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
        speaker, a device) an example comes from. Words become numbers.
    group_names
        Name of group g at position g; empty where groups have no names.
    class_names
        Name of class c at position c; empty where classes have no names.

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
    class_names: tuple[str, ...] = ()
    _length: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Bring the fields into their declared types and check them."""
        self._set(x=as_tensor(self.x, "x"), y=as_tensor(self.y, "y"))
        if self.num_classes is not None:
            self._set(num_classes=validate.count("num_classes", self.num_classes))
        if self.groups is not None and not self.group_names and is_words(self.groups):
            places, names = codes(np.asarray(self.groups).tolist())
            self._set(groups=places, group_names=map(str, names))
        if self.groups is not None:
            self._set(groups=as_tensor(self.groups, "groups"))
        self._set(group_names=tuple(self.group_names))
        self._set(class_names=tuple(self.class_names))
        check(self)
        self._set(_length=len(self.x))  # a crowd is asked for it in every round

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        target: str,
        group: str | None = None,
        classes: Any = None,
    ) -> Dataset:
        """Read a table: one row an example, one column what is learnt.

        Words, whole numbers and yes/no in the target are classes, coded in sorted
        order (a categorical column's own); floats are values for a regression.

        Parameters
        ----------
        frame
            a pandas frame; every other column is a feature: numbers or yes/no.
        target, group
            the columns that are learnt, and that say whose row it is.
        classes
            the classes in the order of their codes, or how many, 0 to C - 1. Give a
            test set the training set's ``class_names``, so that both are coded alike.

        Raises
        ------
        ValueError
            columns that are missing or hold words, empty cells, unknown classes.

        Examples
        --------
        >>> import pandas as pd
        >>> rows = {"age": [60, 41], "ill": ["no", "yes"], "clinic": ["Ulm", "Bonn"]}
        >>> data = Dataset.from_frame(pd.DataFrame(rows), target="ill", group="clinic")
        >>> data.y, data.class_names, data.group_names
        (tensor([0, 1]), ('no', 'yes'), ('Bonn', 'Ulm'))
        """
        return cls(**read_frame(frame, target=target, group=group, classes=classes))

    @classmethod
    def from_torch(cls, dataset: Any, num_classes: int | None = None) -> Dataset:
        """Read a torch data set of pairs (x, y), a ``TensorDataset`` for example.

        Parameters
        ----------
        dataset
            has a length, and an example and its target at every place.
        num_classes
            C, or None for regression.
        """
        tensors = getattr(dataset, "tensors", None)
        if tensors is None:
            if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
                raise _no_pairs(validate.shown(dataset))
            pairs = [dataset[i] for i in range(len(dataset))]
            if not pairs:
                raise _no_pairs(_("a data set without examples"))
            if not all(isinstance(p, tuple | list) and len(p) == 2 for p in pairs):
                raise _no_pairs(_("examples that are no pairs"))
            parts = zip(*pairs, strict=True)
            tensors = [torch.stack([as_tensor(v) for v in part]) for part in parts]
        if len(tensors) != 2:
            raise _no_pairs(_("{n} tensors").format(n=len(tensors)))
        x, y = tensors
        return cls(x, y, num_classes)

    def __len__(self) -> int:
        """Return the number of examples n."""
        return self._length

    def __getitem__(self, indices: Indices) -> Dataset:
        """Return the chosen examples as a new Dataset, in the order given.

        Raises
        ------
        TypeError
            If one single number is given (a Dataset is never one example).
        IndexError
            If a number lies outside the data or a mask has another length.
        """
        chosen = positions(indices, len(self))
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
        for part in ("train", "test"):
            validate.instance(part, getattr(self, part), Dataset)
        train, test = tuple(self.train.x.shape[1:]), tuple(self.test.x.shape[1:])
        if train != test:
            raise validate.fail(
                _(
                    "training examples {train} and test examples {test} in {name!r}"
                ).format(train=train, test=test, name=self.name),
                _("one shape in both parts"),
                _("Cut them from the same array."),
            )
        for part in ("train", "test"):
            got = getattr(self, part).num_classes
            if got != self.num_classes:
                raise validate.fail(
                    _("a split {name!r} whose {part}.num_classes is {got}").format(
                        name=self.name, part=part, got=got
                    ),
                    _("num_classes={num_classes}, as in the split").format(
                        num_classes=self.num_classes
                    ),
                    _("Give all three the same number."),
                )

    def __repr__(self) -> str:
        """Say name and sizes."""
        return f"Split({self.name!r}, train={self.train!r}, test={self.test!r})"


def _no_pairs(got: str) -> ValueError:
    return validate.fail(
        got, _("a torch data set of pairs (x, y)"), _("Use TensorDataset(x, y).")
    )
