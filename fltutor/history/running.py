"""From the records of a run to its history: a bar, and an end before its time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any

from torch import nn

from fltutor.history.ledger import History
from fltutor.history.record import Record
from fltutor.updates import State
from fltutor.words import _


def gather(
    records: Iterator[Record],
    *,
    rounds: int,
    name: str,
    state: State,
    module: nn.Module,
    progress: bool | None = None,
) -> History:
    """Run all rounds and keep their records, and the last state alone.

    An interruption (the stop button, Ctrl-C) ends the run after its last whole round:
    what was run is returned, with a warning that says how much that is.

    Parameters
    ----------
    records, rounds
        makes a round whenever it is asked for the next; how many there will be.
    name, module
        of the run, in legends; of the model, for :meth:`History.model`.
    state
        before the first round.
    progress
        show a bar; None shows one once a run lasts two seconds.
    """
    kept: list[Record] = []
    with _bar(records, rounds, name, progress) as bar:
        try:
            for record in bar:
                state = record.state or state
                kept.append(record.without_state())  # or every round's state would live
        except KeyboardInterrupt:
            message = _("{name} was interrupted: {done} of {rounds} rounds are kept.")
            told = message.format(name=name, done=len(kept), rounds=rounds)
            warnings.warn(told, stacklevel=3)
    return History(tuple(kept), name, state=state, module=module)


def _bar(
    records: Iterator[Record], rounds: int, name: str, progress: bool | None
) -> AbstractContextManager[Any]:
    # Who uses the library alone may have no tqdm; a bar that nobody asked for can go.
    if progress is False or (progress is None and find_spec("tqdm") is None):
        return nullcontext(records)
    from tqdm.auto import tqdm

    bar: AbstractContextManager[Any] = tqdm(
        records,
        total=rounds,
        desc=name,
        delay=2.0 if progress is None else 0.0,
        leave=False,
    )
    return bar
