"""What code can change around itself, and how it is put back."""

from __future__ import annotations

import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import torch

from fltutor.guard.answers import Printed
from fltutor.guard.originals import originals


@contextmanager
def kept(printed: Printed) -> Iterator[None]:
    """Put everything back that is one for the whole process.

    Grad mode and numpy's errstate belong to a thread, and the guarded call has one of
    its own. Warnings are silent meanwhile, and what is printed goes to ``printed``.
    """
    undo = [_setting(read, write) for read, write in _SETTINGS]
    streams = sys.stdout, sys.stderr
    with warnings.catch_warnings(), originals():
        warnings.simplefilter("ignore")
        sys.stdout, sys.stderr = printed, Printed(0)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams
            for put_back in undo:
                with suppress(Exception):  # one that fails must not keep the others
                    put_back()


def _setting(
    read: Callable[[], Any], write: Callable[[Any], object]
) -> Callable[[], object]:
    try:
        before = read()
    except OSError:  # the working directory itself may have been deleted
        return lambda: None
    return lambda: write(before)


def _change_directory(path: str) -> None:
    if os.getcwd() != path:  # noqa: PTH109 - a Path would be made for a comparison
        os.chdir(path)


#: How a setting is read and written; the functions as they are when this is loaded.
_SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_rng_state, torch.set_rng_state),
    (np.random.get_state, np.random.set_state),
    (random.getstate, random.setstate),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (os.getcwd, _change_directory),
)
