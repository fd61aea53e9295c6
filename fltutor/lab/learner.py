"""Frames in which a learner's function runs: under the guard, answered in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fltutor import guard


class Slip(Exception):
    """A learner's function did not come to an end, or raised.

    Attributes
    ----------
    fault
        what happened, as the guard describes it.
    printed
        what was printed until then, cut.
    """

    def __init__(self, fault: guard.Fault, printed: str) -> None:
        super().__init__(fault.text)
        self.fault, self.printed = fault, printed


def ask(function: Callable[..., Any], *given: Any) -> tuple[Any, str]:
    """Call under the guard; return the answer and what was printed.

    Raises
    ------
    Slip
        for anything that the call raises, and for one without end.
    """
    answer = guard.call(function, *given)
    if answer.fault is not None:
        raise Slip(answer.fault, answer.printed)
    return answer.value, answer.printed
