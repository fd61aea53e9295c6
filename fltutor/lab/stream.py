"""Frames that come one after another, stepped on the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

INTERVAL = 0.1
"""Seconds between two drawings while frames stream in."""


class Stream:
    """Run one generator of frames at a time; a new one cancels the old one.

    The kernel stays responsive: after each frame the event loop gets its turn, so a
    slider that moves in the middle of a training is heard at once.

    Parameters
    ----------
    show
        Called with a frame to draw: with the first at once, then at most every
        ``interval`` seconds, and always with the last.
    fail
        Called with the exception that ended a run.
    """

    def __init__(
        self,
        show: Callable[[Any], None],
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

    def start(self, make: Callable[[], Iterator[Any]]) -> None:
        """Cancel what runs and start anew; without an event loop, run to the end."""
        self.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._to_the_end(make)
            return
        self.task = loop.create_task(self._run(make))

    def cancel(self) -> None:
        """Stop the run in progress, if there is one."""
        if self.task is not None and not self.task.done():
            self.task.cancel()
        self.task = None

    def _to_the_end(self, make: Callable[[], Iterator[Any]]) -> None:
        try:
            last = deque(make(), maxlen=1)
            if last:
                self.show(last[0])
        except Exception as error:
            self.fail(error)

    async def _run(self, make: Callable[[], Iterator[Any]]) -> None:
        drawn = -float("inf")
        waiting = None
        frames = None
        try:
            frames = make()
            for frame in frames:
                waiting = frame
                if self.clock() - drawn >= self.interval:
                    self.show(frame)
                    drawn, waiting = self.clock(), None
                await _breathe()
            if waiting is not None:
                self.show(waiting)
        except Exception as error:
            self.fail(error)
        finally:
            close = getattr(frames, "close", None)
            if close is not None:
                close()


async def _breathe() -> None:
    """Let messages in: a message from the browser needs a few turns of the loop."""
    for _ in range(4):
        await asyncio.sleep(0)
