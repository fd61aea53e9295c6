"""Call a function in a thread of its own, which is left behind if it does not end."""

from __future__ import annotations

import contextvars
import ctypes
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import torch

from fltutor import validate
from fltutor.guard.answers import Answer, Printed, TooLong, fault_of, too_long
from fltutor.guard.surroundings import kept

#: Seconds that a call may take. A right answer takes milliseconds.
LIMIT = 10.0
#: Bytes of a thread's stack; macOS gives others than the first too little to recurse.
STACK = 2**24
#: Seconds between two looks for an interrupt, which some systems hold back in a wait.
_LOOK = 0.1
#: Seconds in which an exception that is sent to a thread should arrive.
_ATTEMPT = 0.05
#: Seconds in which a thread that was told to stop should, before things are put back.
_GRACE = 0.2

_ALONE = threading.Lock()
_INSIDE = contextvars.ContextVar("inside a guarded call", default=False)


def call(
    function: Callable[..., Any], *args: Any, seconds: float | None = None
) -> Answer:
    """Call a function of a learner's; never raises for what it does.

    It sees the caller's context variables and grad mode. Its settings, prints and
    warnings stay its own.

    Parameters
    ----------
    function, args
        what to call, and with what.
    seconds
        after which the call counts as one without end; None is ten.

    Returns
    -------
    Answer
        ``value``, or ``fault``; and what was ``printed``, cut to 4,000 characters.

    Raises
    ------
    KeyboardInterrupt
        the learner asks to stop; the call is told to stop too.

    Examples
    --------
    >>> call(max, 1, 2).value
    2
    >>> call(exit).fault.kind
    'SystemExit'
    """
    printed = Printed()
    with _alone(), kept(printed):
        answer = _Errand(function, args).done(LIMIT if seconds is None else seconds)
    if answer.fault is not None and isinstance(answer.fault.error, KeyboardInterrupt):
        raise answer.fault.error
    return replace(answer, printed=printed.getvalue())


@contextmanager
def _alone() -> Iterator[None]:
    """Let one thread at a time set aside what is one for the whole process.

    Of two calls that overlap, the second would put back what the first had set. A call
    inside a call, whose context it inherits, does not wait.
    """
    if _INSIDE.get():
        yield
        return
    with _ALONE:
        inside = _INSIDE.set(True)
        try:
            yield
        finally:
            _INSIDE.reset(inside)


class _Errand:
    """A call under way in another thread."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]):
        self.function, self.args = function, args
        self.answer: Answer | None = None
        self.over = False  # nothing of the learner's runs any more
        self.ended, self.lock = threading.Event(), threading.Lock()
        self.grad, self.threads = torch.is_grad_enabled(), torch.get_num_threads()
        context = contextvars.copy_context()
        self.thread = threading.Thread(
            target=context.run, args=(self.run,), name="learner", daemon=True
        )

    def run(self) -> None:
        """Call, in the thread; `TooLong` may strike at any moment and ends it."""
        with suppress(TooLong):
            self.carry_out()
        with suppress(TooLong), self.lock:
            self.over = True
        with suppress(TooLong):
            _land()  # one that was on its way

    def carry_out(self) -> None:
        """Call, and keep the answer."""
        torch.set_grad_enabled(self.grad)
        try:
            answer = Answer(self.function(*self.args))
        except BaseException as error:  # the guard's purpose
            answer = Answer(fault=fault_of(error))
        finally:
            if torch.get_num_threads() != self.threads:
                torch.set_num_threads(self.threads)
        with self.lock:
            self.answer = answer
            self.ended.set()

    def done(self, seconds: float) -> Answer:
        """Start, and wait for the end or for the end of patience."""
        usual = threading.stack_size(STACK)
        try:
            self.thread.start()
        finally:
            threading.stack_size(usual)
        deadline = time.monotonic() + seconds
        try:
            while not self.ended.wait(min(_LOOK, max(0, deadline - time.monotonic()))):
                if time.monotonic() >= deadline:
                    return self.give_up(seconds)
        except BaseException:  # an interrupt, or the patience of a guard around this
            self.give_up(seconds)
            raise
        assert self.answer is not None  # set just before `ended`
        return self.answer

    def give_up(self, seconds: float) -> Answer:
        """Tell the thread to stop; say where it was."""
        with self.lock:
            if self.answer is not None:  # in time after all, by a hair
                return self.answer
            frame = sys._current_frames().get(self.thread.ident or 0)
            fault = too_long(seconds, frame)
        threading.Thread(target=self.stop, daemon=True).start()
        self.thread.join(_GRACE)
        torch.set_num_threads(self.threads)
        return Answer(fault=fault)

    def stop(self) -> None:
        """Raise `TooLong` in the thread until it ends: it may catch some of them.

        Python delivers it between two bytecodes, so a sleep ends first. Until then
        every thread of the process looks for it after every call, and one that is
        traced does nothing else: it is taken back, and sent again later.
        """
        pause = _LOOK
        while self.thread.is_alive():
            with self.lock:
                if self.over:
                    return
                _send(self.thread, TooLong)
            self.thread.join(_ATTEMPT)
            with self.lock:
                if not self.over:
                    _send(self.thread, None)
            with suppress(TooLong):  # only a delivery tells the others to stop looking
                _send(threading.current_thread(), TooLong)
                _land()
            self.thread.join(pause)
            pause = min(1.0, 2 * pause)


def _send(thread: threading.Thread, kind: type[BaseException] | None) -> None:
    pending = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), pending
    )


def _land() -> None:
    """Give Python bytecodes to deliver an exception between."""
    for _ in range(3):
        pass


def function(name: str, value: object, signature: str = "") -> None:
    """Require a function of a learner's, or None, as soon as it is given.

    Parameters
    ----------
    name
        of the argument.
    signature
        what it is called with and returns, for the message.

    Raises
    ------
    ValueError
        for a number, a text or anything else that cannot be called.
    """
    if value is None or callable(value):
        return
    shown = repr(value) if isinstance(value, int | float | str) else _a(value)
    raise validate.fail(
        f"{name}={shown[:80]}",
        f"a function {signature}".rstrip(),
        f"Pass the function itself, without calling it: {name}=my_function.",
    )


def _a(value: object) -> str:
    return f"a {type(value).__name__}"
