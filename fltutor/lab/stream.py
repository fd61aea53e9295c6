"""Frames that come one after another, stepped on the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

INTERVAL = 0.1
"""Seconds between two drawings while frames stream in."""


class Stream:
    """Run one generator of frames at a time; a new one ends the old one.

    The kernel stays responsive: after each frame the event loop gets its turn, so a
    slider that moves in the middle of a training is heard at once. Messages from a
    browser may arrive in two threads: JupyterLab sends those of widgets to a subshell,
    which has an event loop of its own, beside the kernel's. So runs are numbered, and
    only the newest may show anything.

    Parameters
    ----------
    show
        Called with (frame, final): with the first frame at once, then at most every
        ``interval`` seconds, and with the last, which alone is final.
    fail
        Called with the exception that ended a run.
    """

    def __init__(
        self,
        show: Callable[[Any, bool], None],
        fail: Callable[[Exception], None],
        *,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.show = show
        self.fail = fail
        self.interval = interval
        self.clock = clock
        self.task: asyncio.Task[None] | None = None
        self._newest = 0
        self._lock = threading.RLock()

    def start(self, make: Callable[[], Iterator[tuple[Any, bool]]]) -> None:
        """End what runs and start anew; without an event loop, run to the end.

        ``make`` returns an iterator of (frame, whether it is known to be the last).
        """
        run = self.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._to_the_end(make, run)
            return
        self.task = loop.create_task(self._run(make, run))

    def cancel(self) -> int:
        """End the run in progress, if there is one; return the number of the next."""
        with self._lock:
            self._newest += 1
            return self._newest

    def _tell(self, run: int, say: Callable[..., None], *what: Any) -> None:
        """Say something, unless a newer run has begun."""
        with self._lock:
            if run == self._newest:
                say(*what)

    def _to_the_end(
        self, make: Callable[[], Iterator[tuple[Any, bool]]], run: int
    ) -> None:
        try:
            last = deque(make(), maxlen=1)
            if last:
                self._tell(run, self.show, last[0][0], True)
        except Exception as error:
            self._tell(run, self.fail, error)

    async def _run(
        self, make: Callable[[], Iterator[tuple[Any, bool]]], run: int
    ) -> None:
        drawn, frames = -float("inf"), None
        step: tuple[Any, bool] | None = None
        try:
            await _breathe()  # of moves in a hurry, only the last is computed
            frames = make()
            while run == self._newest and (new := next(frames, None)) is not None:
                step = new
                if step[1] or self.clock() - drawn >= self.interval:
                    self._tell(run, self.show, *step)
                    drawn = self.clock()
                await _breathe()
            if step is not None and not step[1]:
                self._tell(run, self.show, step[0], True)
        except Exception as error:
            self._tell(run, self.fail, error)
        finally:
            close = getattr(frames, "close", None)
            if close is not None:
                close()


async def _breathe() -> None:
    """Let messages in: a message from the browser needs a few turns of the loop."""
    for _ in range(4):
        await asyncio.sleep(0)
