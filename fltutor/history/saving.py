"""A history in a file: numpy's npz, which holds arrays and runs no code when read."""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fltutor import validate
from fltutor.memory import ClientMemory
from fltutor.updates import State
from fltutor.words import _

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]

FORMAT = "fltutor history 1"
#: what reading a file that is cut short, altered or something else may raise
_BROKEN = (
    AttributeError, EOFError, IndexError, KeyError, MemoryError, NotImplementedError,
    OverflowError, RuntimeError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def write(
    path: str | os.PathLike[str], meta: Mapping[str, Any], arrays: Arrays
) -> None:
    """Write a file, whole or not at all: whoever reads sees the old one or the new.

    Parameters
    ----------
    path
        where; a file that stands there is replaced at the end.
    meta
        what JSON can hold.
    arrays
        name -> array of numbers.
    """
    goal = Path(path)
    text = json.dumps({"format": FORMAT, **meta}, allow_nan=False).encode()
    every: dict[str, Any] = {"meta": np.frombuffer(text, dtype=np.uint8), **arrays}
    draft = goal.with_name(f".{goal.name}.{uuid4().hex}")  # beside it: same disk
    try:
        with draft.open("xb") as file:
            # Numbers only, so that nothing is pickled: to forbid it takes numpy 2.1,
            # and numpy 2.0 would take the word for one more array.
            np.savez(file, **every)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(goal)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Arrays]:
    """Read what :func:`write` wrote: the meta data and the arrays.

    Raises
    ------
    ValueError
        the file is damaged, or something else.
    OSError
        there is none, or it must not be read.
    """
    content = Path(path).read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays.pop("meta").tobytes())
        if meta.pop("format") != FORMAT:
            raise KeyError("format")
    except _BROKEN as error:
        raise damaged(path) from error
    return meta, arrays


def damaged(path: str | os.PathLike[str]) -> ValueError:
    """Return the error for a file that no history can be read from."""
    return validate.fail(
        _("the file {path!r}, which is damaged or no history").format(path=str(path)),
        _("a file that History.save wrote"),
        _("Save the history again, or take an older copy."),
    )


def pack(state: State) -> tuple[dict[str, Any], Arrays]:
    """Take a state apart: names and sizes for JSON, arrays for the file.

    Of client memory only rows that were written take space.
    """
    arrays: Arrays = {"params": _array("params", state.params)}
    for k, (name, value) in enumerate(state.server.items()):
        arrays[f"server.{k}"] = _array(name, value)
    for k, (name, matrix) in enumerate(state.clients.items()):
        memory = ClientMemory.of(matrix)
        ids, rows = memory.written()
        arrays[f"clients.{k}.ids"] = ids.numpy()
        arrays[f"clients.{k}.rows"] = _array(name, rows)
        arrays[f"clients.{k}.zero"] = _array(name, memory.zero)
    names = {"server": list(state.server), "clients": list(state.clients)}
    sizes = [len(matrix) for matrix in state.clients.values()]
    return {**names, "num_clients": sizes}, arrays


def unpack(meta: Mapping[str, Any], arrays: Arrays) -> State:
    """Put a state together again; whatever does not fit raises."""
    server = {
        str(name): torch.from_numpy(arrays[f"server.{k}"])
        for k, name in enumerate(meta["server"])
    }
    clients = {}
    for k, (name, size) in enumerate(
        zip(meta["clients"], meta["num_clients"], strict=True)
    ):
        ids = torch.from_numpy(arrays[f"clients.{k}.ids"])  # (m,)
        rows = torch.from_numpy(arrays[f"clients.{k}.rows"])  # (m, d)
        zero = torch.from_numpy(arrays[f"clients.{k}.zero"])  # (d,)
        if rows.shape != (len(ids), len(zero)) or not set(ids.tolist()) <= {
            *range(size)
        }:
            raise ValueError(name)
        clients[str(name)] = _matrix(size, zero, ids, rows)
    params = torch.from_numpy(arrays["params"])
    if params.ndim != 1 or not params.is_floating_point():
        raise ValueError("params")
    return State(params, server, clients)


def _matrix(size: int, zero: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
    if len(ids) == 0:
        return zero.expand(size, -1)
    memory = ClientMemory(size, zero, {}).replaced(ids, rows)
    return memory if len(ids) < size else memory.dense()


def _array(name: str, value: Tensor) -> npt.NDArray[Any]:
    try:
        return value.detach().cpu().numpy()
    except TypeError as error:
        raise validate.fail(
            _("{name} in {dtype}").format(name=name, dtype=value.dtype),
            _("numbers that numpy has too"),
            _("Train in float32 or float64."),
        ) from error
