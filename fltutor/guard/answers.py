"""What came of a guarded call: a value or a fault, and what was printed."""

from __future__ import annotations

import io
import traceback
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

#: Characters that are kept of a message, and of what a call prints.
MESSAGE, PRINTED = 2_000, 4_000
#: Frames that are kept of a call without end into itself.
DEEPEST = 100


class TooLong(BaseException):
    """The code ran longer than its guard waits.

    No `Exception`, so that a learner's ``except Exception`` does not swallow it.
    """


@dataclass(frozen=True)
class Fault:
    """Why a call has no value.

    Attributes
    ----------
    kind
        the exception's class by name; "TooLong" for a call that did not end.
    text
        its message, cut to 2,000 characters; "" where it has none or cannot say it.
    error
        the exception itself.
    stack
        the lines that led there, the deepest last.
    """

    kind: str
    text: str
    error: BaseException = field(compare=False)
    stack: traceback.StackSummary = field(
        default_factory=traceback.StackSummary, compare=False, repr=False
    )


@dataclass(frozen=True)
class Answer:
    """What a guarded call gave: a value, or a fault, and what it printed meanwhile."""

    value: Any = None
    fault: Fault | None = None
    printed: str = ""


def fault_of(error: BaseException) -> Fault:
    """Describe an exception, also one that cannot describe itself."""
    try:
        text = cut(str(error), MESSAGE)
    except TooLong:
        raise
    except BaseException:  # a __str__ of the learner's own may raise whatever it likes
        text = ""
    stack = traceback.extract_tb(error.__traceback__, limit=-DEEPEST)
    return Fault(type(error).__name__, text, error, stack)


def too_long(seconds: float, frame: FrameType | None) -> Fault:
    """Describe a call that is still at work, in this frame."""
    stack = traceback.extract_stack(frame, limit=DEEPEST)
    text = f"more than {seconds:g} seconds"
    return Fault("TooLong", text, TooLong(text), stack)


def cut(text: str, most: int) -> str:
    """Shorten a text, and say by how much."""
    if len(text) <= most:
        return text
    return f"{text[:most]} ... ({len(text) - most:,} more characters)"


class Printed(io.TextIOBase):
    """A place to print to that keeps the beginning and counts the rest."""

    def __init__(self, most: int = PRINTED):
        self.most, self.length = most, 0
        self.parts: list[str] = []

    def writable(self) -> bool:
        """Tell that one can print here."""
        return True

    def write(self, text: str) -> int:
        """Take a text, as far as there is room."""
        if not isinstance(text, str):
            raise TypeError(f"write() takes a str, got a {type(text).__name__}.")
        if room := max(0, self.most - self.length):
            self.parts.append(text[:room])
        self.length += len(text)
        return len(text)

    def getvalue(self) -> str:
        """Return what was kept, and how much more there was."""
        more = max(0, self.length - self.most)
        end = f"\n... ({more:,} more characters)" if more else ""
        return "".join(self.parts) + end
