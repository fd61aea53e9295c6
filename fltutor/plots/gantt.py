"""Trips on a clock: a row a client, a bar a trip, a line whenever the model changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from fltutor.palette import BLACK, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from fltutor.plots.labels import fit_left
from fltutor.plots.style import Picture, new_axes, styled

#: a trip's three parts: name, colour, hatch
PARTS = (
    ("download", SKY, ""),
    ("compute", ORANGE, "//"),
    ("upload", GREEN, "|||"),
)
#: what became of it: name, outcomes, marker, colour, size
MARKS: tuple[tuple[str, tuple[str, ...], str, str, float], ...] = (
    ("used", ("used", "partial"), "o", BLACK, 3.0),
    ("late", ("late",), "x", VERMILLION, 6.0),
    ("dropped", ("dropped",), "v", PURPLE, 5.5),
)


def draw_gantt(
    axes: Axes,
    spans: Sequence[Any],
    ends: Sequence[float],
    *,
    num_clients: int,
    window: float,
    names: tuple[str, str] = ("0", ""),
    title: str | None = None,
) -> None:
    """Draw trips: parts by colour and hatch, the work that was lost in pale.

    ``spans`` and ``ends`` are those of a ``fltutor.systems.Trace``; ``window`` is the
    right end in seconds, ``names`` stands at the first and the last row.
    """
    few = len(ends) <= 40
    axes.vlines(
        ends, -0.7, num_clients - 0.3, color=BLACK,
        lw=1.0 if few else 0.4, alpha=0.8 if few else 0.35, zorder=1,
    )  # fmt: skip
    for lost in (False, True):
        _bars(axes, [s for s in spans if (s.outcome not in MARKS[0][1]) == lost], lost)
    _marks(axes, spans)
    _rows(axes, num_clients, names)
    axes.set_xlim(0, window)
    axes.set_xlabel("simulated seconds")
    if title:
        axes.set_title(title)
    fit_left(axes)
    _legend(axes)


def gantt(trace: Any, *, num_clients: int, title: str, alt: str) -> Picture:
    """Draw the trips of a run.

    Parameters
    ----------
    trace
        from a federation with a clock: its spans and its ends.
    num_clients
        rows, N.
    title, alt
        the finding, as a heading and as a sentence with its numbers.
    """
    figure, axes = new_axes()
    with styled():
        axes.set_position((0.1, 0.23, 0.87, 0.67))
        draw_gantt(
            axes, trace.spans, trace.ends, num_clients=num_clients,
            window=1.02 * trace.ends[-1], title=title,
        )  # fmt: skip
    return Picture(figure, alt=alt)


def _bars(axes: Axes, spans: Sequence[Any], lost: bool) -> None:
    for k, (name, colour, hatch) in enumerate(PARTS):
        boxes = []
        for span in spans:
            edges = (span.start, span.download_end, span.compute_end, span.upload_end)
            left, right, y = edges[k], edges[k + 1], span.client
            corners = [(left, y - 0.36), (right, y - 0.36)]
            boxes.append([*corners, (right, y + 0.36), (left, y + 0.36)])
        axes.add_collection(
            PolyCollection(
                boxes, facecolor=colour, hatch=hatch, edgecolor="black", linewidth=0.35,
                alpha=0.3 if lost else 1.0, label="" if lost else name, zorder=2,
            ),
            autolim=False,
        )  # fmt: skip


def _marks(axes: Axes, spans: Sequence[Any]) -> None:
    for name, outcomes, marker, colour, size in MARKS:
        over = [s for s in spans if s.outcome in outcomes]
        axes.plot(
            [s.upload_end for s in over], [s.client for s in over], linestyle="",
            marker=marker, color=colour, markersize=size, markeredgewidth=1.4,
            label=name, zorder=3,
        )  # fmt: skip


def _rows(axes: Axes, num_clients: int, names: tuple[str, str]) -> None:
    step = max(num_clients // 4, 1)
    ticks = [*range(0, num_clients - 1, step), num_clients - 1]
    labels = [names[0], *map(str, ticks[1:-1]), names[1] or str(num_clients - 1)]
    axes.set_ylim(num_clients - 0.3, -0.7)
    axes.set_yticks(ticks, labels)
    axes.set_ylabel("client")
    axes.grid(False, axis="y")


def _legend(axes: Axes) -> None:
    axes.legend(
        ncols=len(PARTS) + len(MARKS), loc="upper center",
        bbox_to_anchor=(0.46, -50 / axes.get_window_extent().height),
        columnspacing=1.4, handletextpad=0.5, borderaxespad=0.0,
    )  # fmt: skip
