"""One line of the ledger, and how its numbers add up and are written down."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from fltutor.updates import State

#: Quantities that add up over the rounds, and how to make each from a record.
CUMULATIVE = {
    "bytes": ("bytes_up", "bytes_down"),
    "bytes_up": ("bytes_up",),
    "bytes_down": ("bytes_down",),
    "local_steps": ("local_steps",),
    "wall_seconds": ("wall_seconds",),
}

UNITS = {
    "round": "rounds",
    "bytes": "bytes",
    "bytes_up": "bytes",
    "bytes_down": "bytes",
    "local_steps": "local steps",
    "wall_seconds": "s",
    "seconds": "simulated s",
    "loss": "nats",
    "accuracy": "fraction of 1",
    "epsilon": "epsilon",
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """One line of the ledger.

    Attributes
    ----------
    round
        from 1; the numbers are those after this round.
    loss
        on the test set, in nats; NaN where the round was not evaluated.
    accuracy
        on the test set, in [0, 1]; NaN likewise.
    participants
        clients whose update was used.
    left_out
        sampled clients whose update was not used: dropped, late or not finite.
    bytes_up
        from clients to server in this round: what the messages weighed that came in
        time (:attr:`fltutor.Updates.sent`).
    bytes_down
        from server to clients in this round: to everyone who was there, whether or not
        an update came back.
    local_steps
        gradient steps of all clients together in this round, also of those whose
        update was late, lost or not finite.
    wall_seconds
        how long the round took here; never printed in lessons.
    seconds
        simulated seconds since the start, where a clock runs; else NaN.
    epsilon
        privacy spent so far at ``delta``, where it is accounted for.
    delta
        the delta that goes with ``epsilon``.
    state
        the federation's state after the round; None where nobody kept it. It is no
        field: neither ``asdict`` nor a comparison nor a ledger looks at it.
    """

    state: ClassVar[State | None] = None  # of a record without one

    round: int
    loss: float = float("nan")
    accuracy: float = float("nan")
    participants: int = 0
    left_out: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    local_steps: int = 0
    wall_seconds: float = 0.0
    seconds: float = float("nan")
    epsilon: float = float("nan")
    delta: float = float("nan")

    def with_state(self, state: State | None) -> Record:
        """Return the record with the state after its round."""
        new = copy(self)
        object.__setattr__(new, "state", state)
        return new

    def without_state(self) -> Record:
        """Return the record alone, so that it keeps no state alive."""
        return replace(self)


COLUMNS = tuple(field.name for field in fields(Record))


def plain(value: Any) -> Any:
    """Return a number as JSON can hold it."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def number(value: Any) -> Any:
    """Return the number that :func:`plain` wrote."""
    known = value is None or isinstance(value, str)
    return float("nan" if value is None else value) if known else value
