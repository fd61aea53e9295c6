"""Arrays, lists, columns and tensors become tensors, whatever their memory is like."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fltutor.validate import fail, shown
from fltutor.words import _

Array = np.ndarray[Any, Any]
Indices = Tensor | Array | Sequence[int] | slice
"""What selects examples: integers, a boolean mask, a list or a slice."""


def as_tensor(value: Any, name: str = "x") -> Tensor:
    """Return `value` as a tensor: integers int64, new floats default dtype."""
    tensor = numbers(value, name)
    if tensor.is_floating_point() and not isinstance(value, Tensor):
        tensor = tensor.to(torch.get_default_dtype())
    if tensor.is_complex():
        raise _no_numbers(name, str(tensor.dtype))
    if tensor.is_floating_point() or tensor.dtype == torch.int64:
        return tensor
    return tensor.to(torch.int64)


def positions(indices: Indices, n: int) -> Tensor:
    """Return `indices` as int64 positions in 0..n-1, shape (m,)."""
    if isinstance(indices, slice):
        # torch itself knows no negative step
        return torch.tensor(list(range(n))[indices], dtype=torch.int64)
    chosen = indices if isinstance(indices, Tensor) else numbers(indices, "indices")
    if chosen.numel() == 0:
        chosen = chosen.reshape(0).to(torch.int64)
    if chosen.ndim != 1 or chosen.is_floating_point() or chosen.is_complex():
        raise fail(
            _("{indices} to select examples by").format(indices=shown(indices)),
            _("a list, array or tensor of whole numbers, a mask or a slice"),
            _("For one example write data[[i]]."),
            kind=TypeError,
        )
    if chosen.dtype == torch.bool:
        if chosen.shape[0] != n:
            raise fail(
                _("a mask of {shape} entries for {n} examples").format(
                    shape=chosen.shape[0], n=n
                ),
                _("one entry for each example"),
                _("Make the mask from this very data set."),
                kind=IndexError,
            )
        return chosen.nonzero()[:, 0]
    chosen = chosen.to(torch.int64)
    if chosen.numel() and (int(chosen.min()) < -n or int(chosen.max()) >= n):
        raise fail(
            _("indices from {min} to {max} for {n} examples").format(
                min=int(chosen.min()), max=int(chosen.max()), n=n
            ),
            _("indices from 0 to {limit}").format(limit=n - 1),
            _("Choose among those."),
            kind=IndexError,
        )
    return torch.where(chosen < 0, chosen + n, chosen)


def is_words(value: Any) -> bool:
    """Tell whether a list, an array or a column holds words."""
    if isinstance(value, Tensor):
        return False
    array = np.asarray(value)
    kind = array.dtype.kind
    return kind in "UT" or (kind == "O" and any(isinstance(v, str) for v in array.flat))


def codes(values: Any, known: Sequence[Any] = ()) -> tuple[Array, tuple[Any, ...]]:
    """Return each value's place among the different ones, and those in order.

    Parameters
    ----------
    values
        ``(n,)``, words or numbers.
    known
        the different values in their order; empty sorts those that occur. A value
        that is not among them gets -1.
    """
    listed = list(values)
    try:
        names = list(known) or sorted(set(listed))
    except TypeError:  # words and numbers side by side
        names = sorted(set(listed), key=str)
    place = {name: i for i, name in enumerate(names)}
    found = [place.get(value, -1) for value in listed]
    return np.array(found, dtype=np.int64), tuple(names)


def numbers(value: Any, name: str) -> Tensor:
    """Return a tensor of its own memory, in the machine's byte order.

    Raises
    ------
    TypeError, ValueError
        words, or rows of different lengths.
    """
    if isinstance(value, Tensor):
        return value.detach()
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise fail(
            _("{name} in rows of different lengths").format(name=name),
            _("one shape"),
            _("Pad or cut the rows."),
        ) from error
    kind = array.dtype.kind
    if kind == "O" and array.size:
        types = {type(entry) for entry in array.flat}
        if all(issubclass(t, Real | np.bool_) for t in types):
            kind = "b" if types <= {bool, np.bool_} else "f"
    if kind not in "biuf":
        raise _no_numbers(name, str(array.dtype))
    wanted = {"b": np.bool_, "f": np.float64}.get(kind, np.int64)
    if array.dtype.kind == "f" and array.dtype.itemsize == 4:
        wanted = np.float32
    return torch.from_numpy(np.array(array, dtype=wanted, order="C"))


def _no_numbers(name: str, kind: str) -> TypeError:
    return fail(
        _("{name} of {kind} values").format(name=name, kind=kind),
        _("numbers, since only numbers can be trained on"),
        _("Turn words into numbers first: Dataset.from_frame does it for a table."),
        kind=TypeError,
    )
