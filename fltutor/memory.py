"""Client memory: a matrix of one row a client that shares its rows with older ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_map_only


class ClientMemory(Tensor):
    """A matrix ``(N, d)``, read like any tensor and never written to.

    Few of N clients take part in a round. :meth:`replaced` makes the next round's
    matrix from their rows and shares all others with this one, which stays as it was.
    Rows that nobody wrote are zeros and take no memory.

    Reading some rows costs those rows; whatever else torch does with it costs a copy
    of the whole matrix, made by :meth:`dense`.

    Parameters
    ----------
    num_clients
        N.
    zero
        the row of a client that wrote nothing, ``(d,)``.
    rows
        client -> its row, ``(d,)``.

    Raises
    ------
    ValueError
        something would write to it.

    Examples
    --------
    >>> old = ClientMemory(4, torch.zeros(2), {})
    >>> new = old.replaced(torch.tensor([1, 3]), torch.ones(2, 2))
    >>> new.sum(dim=0), old.any()
    (tensor([2., 2.]), tensor(False))
    """

    _zero: Tensor
    _rows: Mapping[int, Tensor]

    @staticmethod
    def __new__(
        cls, num_clients: int, zero: Tensor, rows: Mapping[int, Tensor]
    ) -> ClientMemory:
        """Make a tensor that has a shape and a type but no numbers of its own."""
        made: ClientMemory = Tensor._make_wrapper_subclass(
            cls, (num_clients, len(zero)), dtype=zero.dtype
        )
        made._zero, made._rows = zero, rows
        return made

    @classmethod
    def of(cls, matrix: Tensor) -> ClientMemory:
        """Take a matrix ``(N, d)`` apart into rows, without copying any."""
        if isinstance(matrix, cls):
            return matrix
        if matrix.stride(0) == 0:  # one row, seen N times
            return cls(len(matrix), matrix[0], {})
        return cls(
            len(matrix), torch.zeros_like(matrix[0]), dict(enumerate(matrix.unbind()))
        )

    def replaced(self, ids: Tensor, rows: Tensor) -> ClientMemory:
        """Return the matrix with other rows ``(K, d)`` for some clients ``(K,)``."""
        # copies, or a round's K rows would live as long as one of them
        own = (row.to(self.dtype, copy=True) for row in rows.unbind())
        changed = dict(zip(ids.tolist(), own, strict=True))
        return ClientMemory(len(self), self._zero, {**self._rows, **changed})

    @property
    def zero(self) -> Tensor:
        """Return the row of a client that wrote nothing, ``(d,)``."""
        return self._zero

    def written(self) -> tuple[Tensor, Tensor]:
        """Return who wrote, ``(m,)`` ascending, and their rows, ``(m, d)``."""
        ids = sorted(self._rows)
        return torch.tensor(ids, dtype=torch.int64), self._stacked(ids)

    def dense(self) -> Tensor:
        """Return a plain copy, ``(N, d)``."""
        return self._stacked(range(len(self)))

    def _stacked(self, ids: Sequence[int]) -> Tensor:
        if not ids:
            return self._zero.new_empty(0, *self.shape[1:])
        return torch.stack([self._rows.get(i, self._zero) for i in ids])

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # torch's way to say: dispatch alone

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch leaves out what is empty
        cls,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Answer torch: the rows that are asked for, or by means of a plain copy."""
        if func._schema.is_mutable:  # type: ignore[attr-defined]
            _refuse_writing(str(func))
        first, *others = args
        if func is torch.ops.aten.index.Tensor and _is_ids(others[0]):
            chosen = torch.arange(len(first))[others[0][0]]
            return first._stacked(chosen.tolist())
        args, kwargs = tree_map_only(cls, cls.dense, (args, kwargs or {}))
        return func(*args, **kwargs)

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        """Refuse."""
        _refuse_writing("an assignment")

    def numpy(self, *, force: bool = False) -> Any:
        """Return a numpy copy, ``(N, d)``."""
        return self.dense().numpy(force=force)

    def tolist(self) -> list[list[float]]:
        """Return a list of N lists."""
        return self.dense().tolist()

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """Return a numpy copy, ``(N, d)``."""
        return np.asarray(self.dense(), *args, **kwargs)

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        """Show the matrix."""
        return f"ClientMemory({self.dense()!r})"

    def __deepcopy__(self, memo: dict[int, Any]) -> ClientMemory:
        """Return itself, since nothing can write to it."""
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Say how to make it again."""
        return ClientMemory, (len(self), self._zero, self._rows)


def _is_ids(index: Sequence[Tensor | None]) -> bool:
    return len(index) == 1 and index[0] is not None and index[0].ndim == 1


def _refuse_writing(what: str) -> NoReturn:
    raise ValueError(
        f"Got {what} on client memory, which older states still hold as it is. Make a "
        "new state with state.with_rows(name, ids, rows), or take a copy with .dense()."
    )
