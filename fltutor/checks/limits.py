"""Run a learner's code so that it cannot hang, print or warn into the notebook."""

from __future__ import annotations

import contextlib
import ctypes
import io
import threading
import warnings
from collections.abc import Iterator

import torch


class TooLong(BaseException):
    """The code ran longer than a check waits.

    Not an `Exception`, so that a learner's ``except Exception`` does not swallow it.
    """


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooLong` in this thread after ``seconds``, on every platform.

    Python code is interrupted between two bytecodes; a single long call into torch
    or numpy is not.
    """
    thread = threading.get_ident()
    lock = threading.Lock()
    state = {"done": False, "fired": False}

    def fire() -> None:
        with lock:
            if not state["done"]:
                state["fired"] = True
                _raise_in(thread, TooLong)

    timer = threading.Timer(seconds, fire)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            state["done"] = True
        if state["fired"]:  # in time after all, by a hair: nothing may come later
            _raise_in(thread, None)


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    pending = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), pending)


@contextlib.contextmanager
def quiet() -> Iterator[io.StringIO]:
    """Catch what is printed, silence warnings, leave torch's global RNG as it was."""
    printed = io.StringIO()
    with (
        warnings.catch_warnings(),
        torch.random.fork_rng(devices=[]),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield printed
