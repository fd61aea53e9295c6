"""Advantages over a baseline with their intervals: one row a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from fltutor.palette import BLUE, GREY, VERMILLION
from fltutor.plots.labels import fit_left
from fltutor.plots.style import Picture, new_axes, styled

if TYPE_CHECKING:
    import pandas as pd


def draw_forest(
    axes: Axes, table: pd.DataFrame, *, xlabel: str, title: str | None = None
) -> None:
    """Draw each method's gain and interval: better, worse, or grey for cannot tell.

    Parameters
    ----------
    axes
        where.
    table
        from ``fltutor.evaluation.table``: columns gain, low, high; rows without a
        gain, the baseline's, are left out.
    xlabel
        what is gained, with its unit.
    title
        the finding.
    """
    rows = table[np.isfinite(table["gain"].astype(float))]
    places = np.arange(len(rows))[::-1]
    axes.axvline(0.0, color=GREY, linewidth=1)
    for y, (_, row) in zip(places, rows.iterrows(), strict=True):
        clear = row["low"] > 0 or row["high"] < 0
        colour = (BLUE if row["low"] > 0 else VERMILLION) if clear else GREY
        marker: Any = "o" if clear else "|"
        axes.plot([row["low"], row["high"]], [y, y], color=colour)
        axes.plot([row["gain"]], [y], color=colour, marker=marker)
    names = rows.index if "verdict" not in rows else _names(rows)
    axes.set_yticks(places, list(names))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(xlabel)
    if title:
        axes.set_title(title)
    fit_left(axes)


def forest(table: pd.DataFrame, *, xlabel: str, title: str, alt: str) -> Picture:
    """Draw who is better than the baseline, and of whom one cannot tell.

    Parameters
    ----------
    table
        from ``fltutor.evaluation.table``.
    xlabel, title, alt
        what is gained and its unit, the finding, and the finding in words.
    """
    figure, axes = new_axes()
    with styled():
        draw_forest(axes, table, xlabel=xlabel, title=title)
    return Picture(figure, alt=alt)


def _names(rows: pd.DataFrame) -> list[str]:
    return [
        f"{name}\n{verdict}" if verdict == "cannot tell" else str(name)
        for name, verdict in zip(rows.index, rows["verdict"], strict=True)
    ]
