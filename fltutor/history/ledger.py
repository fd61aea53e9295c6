"""The records of a run, in order: columns, axes, a torch module, a file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from fltutor import validate
from fltutor.history import saving
from fltutor.history.record import COLUMNS, CUMULATIVE, Record, number, plain
from fltutor.updates import State
from fltutor.vectors import Layout
from fltutor.words import _

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class History(Sequence[Record]):
    """The records of a run, in order, and the state in which it ended.

    ``history["accuracy"]`` is a column as a numpy array ``(rounds,)``,
    ``history[3]`` a record, ``history.axis("bytes")`` a column to draw against.

    Attributes
    ----------
    records
        one a round. They come without their states: a history keeps the last state
        and no other, or a long run would fill the memory.
    name
        of the run, in legends.
    state
        after the last round; left out, the last record's.
    module
        a torch module with the model's layers, for :meth:`model`.
    layout
        where the module's parameters stand in ``state.params``.

    Examples
    --------
    >>> history = History((Record(round=1, bytes_up=8), Record(round=2)))
    >>> history.axis("bytes")
    array([8, 8])
    """

    records: tuple[Record, ...]
    name: str = ""
    state: State | None = field(default=None, compare=False, repr=False)
    module: nn.Module | None = field(default=None, compare=False, repr=False)
    layout: Layout | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Take over the last record's state, and let go of all others."""
        if self.state is None and self.records:
            object.__setattr__(self, "state", self.records[-1].state)
        alone = tuple(record.without_state() for record in self.records)
        object.__setattr__(self, "records", alone)
        if self.layout is None and self.module is not None:
            object.__setattr__(self, "layout", Layout.of(self.module))

    def __len__(self) -> int:
        """Count the rounds."""
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        """Go through the records in order."""
        return iter(self.records)

    def __getitem__(self, key: Any) -> Any:
        """Return a column by its name, a record by its number, or a shorter history."""
        if isinstance(key, str):
            validate.one_of("column", key, COLUMNS)
            return np.array([getattr(record, key) for record in self.records])
        if isinstance(key, slice):
            return self._only(self.records[key])
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
        validate.one_of("axis", name, (*COLUMNS, *CUMULATIVE))
        return np.asarray(self[name])

    @property
    def evaluated(self) -> History:
        """Return only the rounds that were evaluated."""
        return self._only(tuple(r for r in self.records if not np.isnan(r.loss)))

    def rounds_to(self, target: float, column: str = "accuracy") -> float:
        """Count rounds until the best value so far reaches ``target``.

        Interpolated linearly between evaluated rounds, as McMahan et al. 2017 (sec. 3)
        count; infinity where it is never reached. The best loss is the smallest, the
        best of anything else the largest.
        """
        if not math.isfinite(target):
            raise validate.fail(
                f"target={target}",
                _("a finite number"),
                _("Use 0.9 for 90 % accuracy."),
            )
        seen, sign = self.evaluated, -1.0 if column == "loss" else 1.0
        best = np.maximum.accumulate(sign * seen[column]) if len(seen) else np.zeros(0)
        goal = sign * target
        reached = np.flatnonzero(best >= goal)
        if len(reached) == 0:
            return float("inf")
        at = int(reached[0])
        rounds = seen["round"]
        if at == 0:
            return float(rounds[0])
        share = (goal - best[at - 1]) / (best[at] - best[at - 1])
        return float(rounds[at - 1] + share * (rounds[at] - rounds[at - 1]))

    def model(self, module: nn.Module | None = None) -> nn.Module:
        """Return a torch module with the parameters that the run ended with.

        Parameters
        ----------
        module
            whose layers to use, for a history that was loaded from a file: a file
            holds numbers, no code. It is copied. Default: the run's own.

        Raises
        ------
        ValueError
            no state, no module, or one whose parameters are not the run's.
        """
        chosen = self.module if module is None else module
        if self.state is None or chosen is None:
            none = _("a history without a state"), _("a history without a module")
            raise validate.fail(
                none[self.state is not None],
                _("the state and the module of a run"),
                _(
                    "Take the history that run returned; after History.load, pass a "
                    "module as you built it: history.model(ft.models.mlp(64, 32, 10))."
                ),
            )
        layout = Layout.of(chosen)
        if self.layout is not None and layout != self.layout:
            raise validate.fail(
                _("a module with parameters {shapes}").format(shapes=_shapes(layout)),
                _shapes(self.layout),
                _("Build the module with the numbers that the run had."),
            )
        made = deepcopy(chosen)
        with torch.no_grad():
            for name, value in layout.unflatten(self.state.params).items():
                made.get_parameter(name).copy_(value)
        return made

    def to_frame(self) -> pd.DataFrame:
        """Return the ledger as a pandas frame, one row a round."""
        import pandas as pd

        return pd.DataFrame([asdict(r) for r in self.records], columns=list(COLUMNS))

    def to_json(self) -> str:
        """Return the ledger as JSON: null is not measured, "inf" and "-inf" infinite.

        The state is not part of it: :meth:`save` keeps that too.
        """
        rows = [
            {k: plain(v) for k, v in asdict(record).items()} for record in self.records
        ]
        return json.dumps({"name": self.name, "records": rows}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> History:
        """Read what :meth:`to_json` wrote."""
        data = json.loads(text)
        rows = [{k: number(v) for k, v in row.items()} for row in data["records"]]
        return cls(tuple(Record(**row) for row in rows), data["name"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write ledger and state to a file, whole or not at all; nothing is pickled.

        Parameters
        ----------
        path
            for instance "run.npz"; a file that stands there is replaced.
        """
        shapes = self.layout.shapes if self.layout else {}
        meta = {
            "ledger": self.to_json(),
            "layout": [[name, list(shape)] for name, shape in shapes.items()],
        }
        names, arrays = saving.pack(self.state) if self.state else ({}, {})
        saving.write(path, {**meta, **names}, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> History:
        """Read what :meth:`save` wrote; go on with ``run(state=..., start=...)``.

        Raises
        ------
        ValueError
            the file is damaged, or something else.
        """
        meta, arrays = saving.read(path)
        try:
            ledger = cls.from_json(meta["ledger"])
            shapes = {str(n): torch.Size(shape) for n, shape in meta["layout"]}
            state = saving.unpack(meta, arrays) if arrays else None
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise saving.damaged(path) from error
        layout = Layout(shapes=shapes) if shapes else None
        return cls(ledger.records, ledger.name, state=state, layout=layout)

    def _only(self, records: tuple[Record, ...]) -> History:
        """Return some of the records; the state goes with the last alone."""
        ends = bool(records) and records[-1] is self.records[-1]
        state = self.state if ends else None
        return History(records, self.name, state, self.module, self.layout)


def _shapes(layout: Layout) -> str:
    return ", ".join(f"{name} {tuple(shape)}" for name, shape in layout.shapes.items())
