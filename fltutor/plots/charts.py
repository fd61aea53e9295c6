"""Finished pictures: one call draws a figure of the course, alt text required."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from fltutor.plots.draw import (
    draw_bars,
    draw_bubbles,
    draw_heatmap,
    draw_lines,
    draw_points,
)
from fltutor.plots.style import Picture, new_axes, styled


def lines(
    x: ArrayLike | Mapping[str, ArrayLike],
    series: Mapping[str, ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    title: str,
    alt: str,
    bands: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    xlog: bool = False,
    ylog: bool = False,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
) -> Picture:
    """Draw one line a name over a common x (or x per name).

    Examples
    --------
    >>> lines([1, 2], {"FedAvg": [0.1, 0.4]}, xlabel="round", ylabel="accuracy",
    ...       title="FedAvg learns", alt="Accuracy rises from 0.1 to 0.4.")
    Accuracy rises from 0.1 to 0.4.
    """
    figure, axes = new_axes()
    with styled():
        draw_lines(
            axes, x, series, xlabel=xlabel, ylabel=ylabel, title=title, bands=bands,
            xlog=xlog, ylog=ylog, xlim=xlim, ylim=ylim,
        )  # fmt: skip
    return Picture(figure, alt=alt)


def bars(
    values: Mapping[str, float] | Mapping[str, Mapping[str, float]],
    *,
    ylabel: str,
    title: str,
    alt: str,
    xlabel: str = "",
    errors: Mapping[str, float] | None = None,
    ylim: tuple[float, float] | None = None,
    fmt: str = ".3g",
) -> Picture:
    """Draw one bar a name, or one group of bars a name, numbers on top.

    Examples
    --------
    >>> bars({"home": 0.96, "abroad": 0.36}, ylabel="accuracy", title="Far apart",
    ...      alt="0.96 at home, 0.36 abroad.")
    0.96 at home, 0.36 abroad.
    """
    figure, axes = new_axes()
    with styled():
        draw_bars(
            axes, values, ylabel=ylabel, xlabel=xlabel, title=title, errors=errors,
            ylim=ylim, fmt=fmt,
        )  # fmt: skip
    return Picture(figure, alt=alt)


def points(
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    xlabel: str,
    ylabel: str,
    title: str,
    alt: str,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
) -> Picture:
    """Draw clouds of points, name -> (x, y)."""
    figure, axes = new_axes()
    with styled():
        draw_points(
            axes, groups, xlabel=xlabel, ylabel=ylabel, title=title, xlim=xlim,
            ylim=ylim,
        )  # fmt: skip
    return Picture(figure, alt=alt)


def heatmap(
    matrix: ArrayLike,
    *,
    rows: Sequence[Any],
    columns: Sequence[Any],
    xlabel: str,
    ylabel: str,
    title: str,
    alt: str,
    fmt: str = ".2f",
    vmin: float | None = None,
    vmax: float | None = None,
    numbers: bool = True,
) -> Picture:
    """Draw a matrix as tiles, with names for rows and columns."""
    figure, axes = new_axes()
    with styled():
        draw_heatmap(
            axes, matrix, rows=rows, columns=columns, xlabel=xlabel, ylabel=ylabel,
            title=title, fmt=fmt, vmin=vmin, vmax=vmax, numbers=numbers,
        )  # fmt: skip
    return Picture(figure, alt=alt)


def bubbles(
    counts: ArrayLike,
    *,
    title: str,
    alt: str,
    xlabel: str = "class",
    ylabel: str = "client",
    classes: Sequence[Any] | None = None,
) -> Picture:
    """Draw who holds what: clients x classes, area = number of examples."""
    figure, axes = new_axes()
    with styled():
        draw_bubbles(
            axes, counts, title=title, xlabel=xlabel, ylabel=ylabel, classes=classes
        )
    return Picture(figure, alt=alt)
