"""Learning curves of finished runs, with any of the ledger's columns as x-axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fltutor import validate
from fltutor.plots.draw import draw_lines
from fltutor.plots.style import Picture, new_axes, styled
from fltutor.words import _

Floats: TypeAlias = NDArray[np.float64]


class Run(Protocol):
    """What `curves` needs of a history: a column by name, and a cumulative axis."""

    def __getitem__(self, name: str, /) -> Floats:
        """Return one value a recorded round."""

    def axis(self, name: str, /) -> Floats:
        """Return a cumulative x-axis of the same length."""


X_LABELS = {
    "round": "round",
    "bytes": "data sent, up and down (MiB)",
    "bytes_up": "data sent by clients (MiB)",
    "bytes_down": "data sent to clients (MiB)",
    "local_steps": "local steps, all clients",
    "seconds": "time (s)",
}
Y_LABELS = {
    "accuracy": "test accuracy",
    "loss": "test loss (nats)",
    "participants": "clients in the round",
}
_UNITS = {"round": "rounds", "bytes": "MiB", "local_steps": "local steps"}


def curves(
    histories: Mapping[str, Run] | Mapping[str, Sequence[Run]],
    x: str = "round",
    y: str = "accuracy",
    *,
    title: str | None = None,
    alt: str | None = None,
    ylim: tuple[float, float] | None = None,
    xlog: bool = False,
) -> Picture:
    """Draw a column of several runs, one line a name.

    Parameters
    ----------
    histories
        Name -> ``History``, or name -> several of them (one a seed): then the line
        is their mean and the band reaches from the lowest to the highest.
    x, y
        ``"round"``, ``"bytes"`` (in MiB), ``"local_steps"``, ``"seconds"``,
        ``"epsilon"`` (beside its delta); and a column: ``"accuracy"``, ``"loss"``, ...
    title, alt
        The finding, and the same in words; by default the end points are told.
    """
    _some(histories)
    xs, ys = dict[str, Floats](), dict[str, Floats]()
    bands = dict[str, tuple[Floats, Floats]]()
    for name, runs in histories.items():
        xs[name], values = _columns(name, _listed(runs), x, y)
        ys[name] = values.mean(axis=0)
        if len(values) > 1:
            bands[name] = (values.min(axis=0), values.max(axis=0))
    note = _at_delta(histories) if "epsilon" in (x, y) else ""
    figure, axes = new_axes()
    with styled():
        draw_lines(
            axes, xs, ys, title=title, bands=bands, ylim=ylim, xlog=xlog,
            xlabel=_label(x, X_LABELS, note), ylabel=_label(y, Y_LABELS, note),
        )  # fmt: skip
    told = f" Epsilon{note}." if note else ""
    return Picture(figure, alt=alt or describe(xs, ys, x=x, y=y) + told)


def _at_delta(histories: Mapping[str, Any]) -> str:
    """Return the words that name epsilon's delta: of all runs that account for it."""
    every = [r for runs in histories.values() for r in _listed(runs)]
    deltas = np.unique(np.concatenate([np.asarray(run["delta"]) for run in every]))
    known = ", ".join(f"{delta:g}" for delta in deltas[np.isfinite(deltas)])
    return f" at delta {known}" if known else ""


def _label(column: str, labels: Mapping[str, str], note: str) -> str:
    return column + note if column == "epsilon" else labels.get(column, column)


def _listed(runs: Any) -> list[Any]:
    return list(runs) if isinstance(runs, list | tuple) else [runs]


def describe(
    xs: Mapping[str, Floats], ys: Mapping[str, Floats], *, x: str, y: str
) -> str:
    """Say in words where each curve ends, four significant digits."""
    parts = []
    for name in ys:
        kept = np.isfinite(ys[name])
        if not kept.any():
            parts.append(f"{name} has no value")
            continue
        end, last = ys[name][kept][-1], xs[name][kept][-1]
        unit = _UNITS.get(x, x)
        parts.append(f"{name} ends at {end:.4g} after {last:.4g} {unit}")
    what = Y_LABELS.get(y, y).split(" (")[0]
    along = X_LABELS.get(x, x).split(" (")[0].split(",")[0]
    return f"{what.capitalize()} against {along}: {'; '.join(parts)}."


def _some(histories: Mapping[str, object]) -> None:
    if not histories:
        raise validate.fail(
            _("no histories"),
            _("at least one"),
            _("Pass a dict of name: federation.run(...)."),
        )


def _columns(name: str, seeds: Sequence[Run], x: str, y: str) -> tuple[Floats, Floats]:
    """Return x (T,) and y (seeds, T) of runs that recorded the same rounds."""
    axes = [np.asarray(run.axis(x), dtype=float) for run in seeds]
    values = [np.asarray(run[y], dtype=float) for run in seeds]
    lengths = sorted({len(value) for value in values})
    if len(lengths) != 1:
        raise validate.fail(
            _("runs of {lengths} rounds for {name!r}").format(
                lengths=lengths, name=name
            ),
            _("one length"),
            _("Run every seed for the same number of rounds."),
        )
    mean = np.stack(axes).mean(axis=0)
    return (mean / 2**20 if x.startswith("bytes") else mean), np.stack(values)
