"""Find calls that never let go of Python's lock, in a copy of this process.

``sum(range(10**11))`` runs for an hour between two bytecodes. No other thread gets a
turn meanwhile, and no handler of a signal: nothing in the same process can answer.
A copy of the process can be ended from outside.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence

import torch

from fltutor.guard.answers import Printed

#: macOS's frameworks do not survive a copy, Windows has none.
POSSIBLE = sys.platform == "linux"
#: A copy that was idle this part of the time waits for something: no verdict on that.
IDLE = 0.8


def rehearse(steps: Sequence[Callable[[], object]], seconds: float) -> int:
    """Count the steps that end in time, one after another, in a copy of this process.

    Nothing that they do to Python's memory or print reaches this process.

    Parameters
    ----------
    steps
        called without arguments; what they return or raise does not matter.
    seconds
        for all of them.

    Returns
    -------
    The number of steps before the first that keeps computing beyond the time. All of
    them where none does, where a step only waits, and where no copy can be made: a
    thread can be left behind then (:func:`fltutor.guard.call`).
    """
    if not POSSIBLE or not steps:
        return len(steps)
    read, write = os.pipe()
    copy = _fork()
    if copy == 0:
        _act(steps, write)
    os.close(write)
    try:
        if copy is None:
            return len(steps)
        ended, in_time, busy = _watch(copy, read, seconds)
    finally:
        os.close(read)
    return ended if not in_time and busy > (1 - IDLE) * seconds else len(steps)


def _fork() -> int | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns that threads stay behind
        try:
            return os.fork()
        except OSError:  # no memory or no processes left
            return None


def _watch(copy: int, read: int, seconds: float) -> tuple[int, bool, float]:
    """Return the steps that ended, whether the copy did, and how long it computed."""
    ended, in_time = 0, False
    deadline = time.monotonic() + seconds
    try:
        while not in_time and (left := deadline - time.monotonic()) > 0:
            if select.select([read], [], [], left)[0]:
                news = os.read(read, 4096)
                ended, in_time = ended + len(news), not news
    finally:  # also when the learner interrupts
        os.kill(copy, signal.SIGKILL)
        _, _, usage = os.wait4(copy, 0)
    return ended, in_time, usage.ru_utime + usage.ru_stime


def _act(steps: Sequence[Callable[[], object]], write: int) -> None:
    """Take the steps in the copy, a byte for each that ends; never returns."""
    with contextlib.suppress(BaseException):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        sys.stdout = sys.stderr = Printed(0)
        torch.set_num_threads(1)  # the others stayed behind
        for step in steps:
            with contextlib.suppress(BaseException):
                step()
            os.write(write, b".")
    os._exit(0)
