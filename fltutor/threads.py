"""Torch's threads: one for small tensors, all of them for large ones.

Two torch threads on one small matrix cost more than they bring, and on a machine that
does other things too they cost a hundred times more: each waits for the other.

A federation's round therefore computes alone, before and after its engine, and the
engine inside must still learn how many threads the caller may use: torch says 1 by
then, and an engine's arguments are the algorithm's, not the machine's. A context
variable carries that number inwards; each thread of a program has one of its own, and
it is gone when the outermost scope ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

#: Threads that torch is allowed outside the outermost `one_thread_each`.
_allowed: ContextVar[int | None] = ContextVar("allowed", default=None)


@contextmanager
def one_thread_each() -> Iterator[int]:
    """Let every thread compute alone for a while, then restore the setting.

    Threads that are started inside compute alone too. May stand inside itself, and
    above a function as a decorator.

    Yields
    ------
    how many threads torch was allowed outside: as many can work side by side.

    Examples
    --------
    >>> with one_thread_each() as allowed:
    ...     torch.get_num_threads()
    1
    """
    outside, allowed = _allowed.get(), torch.get_num_threads()
    if allowed == 1 or outside is not None:
        yield outside or allowed
        return
    token = _allowed.set(allowed)
    torch.set_num_threads(1)
    try:
        yield allowed
    finally:
        torch.set_num_threads(allowed)
        _allowed.reset(token)
