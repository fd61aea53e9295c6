"""What a run leaves behind: one record a round, the ledger of a federation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fltutor import validate

if TYPE_CHECKING:
    import pandas as pd

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
        from clients to server in this round.
    bytes_down
        from server to clients in this round.
    local_steps
        gradient steps of all clients together in this round.
    wall_seconds
        how long the round took here; never printed in lessons.
    seconds
        simulated seconds since the start, where a clock runs; else NaN.
    epsilon
        privacy spent so far at ``delta``, where it is accounted for.
    delta
        the delta that goes with ``epsilon``.
    """

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


_FIELDS = tuple(field.name for field in fields(Record))


@dataclass(frozen=True)
class History(Sequence[Record]):
    """The records of a run, in order.

    ``history["accuracy"]`` is a column as a numpy array ``(rounds,)``,
    ``history[3]`` a record, ``history.axis("bytes")`` a column to draw against.

    Examples
    --------
    >>> history = History((Record(round=1, bytes_up=8), Record(round=2)))
    >>> history.axis("bytes")
    array([8, 8])
    """

    records: tuple[Record, ...]
    name: str = ""

    def __len__(self) -> int:
        """Count the rounds."""
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        """Go through the records in order."""
        return iter(self.records)

    def __getitem__(self, key: Any) -> Any:
        """Return a column by its name, a record by its number, or a shorter history."""
        if isinstance(key, str):
            validate.one_of("column", key, _FIELDS)
            return np.array([getattr(record, key) for record in self.records])
        if isinstance(key, slice):
            return History(self.records[key], self.name)
        return self.records[key]

    def axis(self, name: str) -> npt.NDArray[Any]:
        """Return a quantity to draw against, added up over the rounds where it adds.

        Parameters
        ----------
        name
            a column, or "bytes" (up and down together).
        """
        if name in CUMULATIVE:
            return np.cumsum(sum(self[column] for column in CUMULATIVE[name]))
        validate.one_of("axis", name, (*_FIELDS, *CUMULATIVE))
        return np.asarray(self[name])

    @property
    def evaluated(self) -> History:
        """Return only the rounds that were evaluated."""
        kept = tuple(r for r in self.records if not np.isnan(r.loss))
        return History(kept, self.name)

    def rounds_to(self, target: float, column: str = "accuracy") -> float:
        """Count rounds until the best value so far reaches ``target``.

        Interpolated linearly between evaluated rounds, as McMahan et al. 2017 (sec. 3)
        count; infinity where it is never reached.
        """
        seen = self.evaluated
        best = np.maximum.accumulate(seen[column]) if len(seen) else np.array([])
        reached = np.flatnonzero(best >= target)
        if len(reached) == 0:
            return float("inf")
        at = int(reached[0])
        rounds = seen["round"]
        if at == 0:
            return float(rounds[0])
        share = (target - best[at - 1]) / (best[at] - best[at - 1])
        return float(rounds[at - 1] + share * (rounds[at] - rounds[at - 1]))

    def to_frame(self) -> pd.DataFrame:
        """Return the ledger as a pandas frame, one row a round."""
        import pandas as pd

        return pd.DataFrame([asdict(r) for r in self.records], columns=list(_FIELDS))

    def to_json(self) -> str:
        """Return the ledger as JSON; what was not measured is null."""
        rows = [
            {k: None if v != v else v for k, v in asdict(record).items()}
            for record in self.records
        ]
        return json.dumps({"name": self.name, "records": rows})

    @classmethod
    def from_json(cls, text: str) -> History:
        """Read what :meth:`to_json` wrote."""
        data = json.loads(text)
        rows: list[dict[str, Any]] = [
            {k: float("nan") if v is None else v for k, v in row.items()}
            for row in data["records"]
        ]
        return cls(tuple(Record(**row) for row in rows), data["name"])
