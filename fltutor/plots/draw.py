"""Drawing onto given axes: what `charts` wraps into pictures and widgets use live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from fltutor import validate
from fltutor.palette import FILLS, GREY
from fltutor.plots.labels import fit_left, label_ends, plain_ticks
from fltutor.plots.style import style_of, styles
from fltutor.words import _

Series = Mapping[str, ArrayLike]


def titles(axes: Axes, title: str | None, xlabel: str, ylabel: str) -> None:
    """Set the title (the finding) and the two axis labels (with units)."""
    if title:
        axes.set_title(title)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)


def draw_lines(
    axes: Axes,
    x: ArrayLike | Mapping[str, ArrayLike],
    series: Series,
    *,
    xlabel: str,
    ylabel: str,
    title: str | None = None,
    bands: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    xlog: bool = False,
    ylog: bool = False,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    labels: bool = True,
) -> None:
    """Draw one line a series, its name at its right end; NaN is left out.

    ``x`` is one array for all or one a name; ``bands`` gives (low, high) of a line.
    """
    look, ends = styles(series), dict[str, float]()
    for name, values in series.items():
        xs = np.asarray(x[name] if isinstance(x, Mapping) else x, dtype=float)
        ys = np.asarray(values, dtype=float)
        _same_length(name, xs, ys)
        kept = np.isfinite(xs) & np.isfinite(ys)
        style = look[name]
        axes.plot(
            xs[kept], ys[kept], color=style.colour, linestyle=style.dash,
            marker=style.marker or None, markevery=max(1, int(kept.sum()) // 8),
            label=name,
        )  # fmt: skip
        if bands and name in bands:
            _band(axes, xs, bands[name], kept, style.colour)
        if kept.any():
            ends[name] = float(ys[kept][-1])
    _limits(axes, xlog, ylog, xlim, ylim)
    titles(axes, title, xlabel, ylabel)
    fit_left(axes)
    if labels and (len(series) > 1 or next(iter(series), "")):
        label_ends(axes, ends, {name: look[name].colour for name in ends})


def draw_bars(
    axes: Axes,
    values: Mapping[str, float] | Mapping[str, Mapping[str, float]],
    *,
    ylabel: str,
    xlabel: str = "",
    title: str | None = None,
    errors: Mapping[str, float] | None = None,
    ylim: tuple[float, float] | None = None,
    fmt: str = ".3g",
) -> None:
    """Draw one bar a name, or a group of bars a name, each with its number on top.

    ``values`` is name -> number, or group -> {bar: number}.
    """
    groups = _groups(values)
    names = list(dict.fromkeys(bar for group in groups.values() for bar in group))
    width = 0.8 / max(len(names), 1)
    for k, name in enumerate(names):
        places = np.arange(len(groups)) + (k - (len(names) - 1) / 2) * width
        heights = np.array([group.get(name, np.nan) for group in groups.values()])
        bars = axes.bar(
            places, heights, width * 0.92, color=_fill(name, k),
            edgecolor="black", linewidth=0.6, label=name, hatch=_hatch(k),
        )  # fmt: skip
        if errors and len(names) == 1:
            _whiskers(axes, places, heights, [errors.get(g, 0.0) for g in groups])
        offset = 0 if not errors else 8
        texts = [format(h, fmt) if np.isfinite(h) else "" for h in heights]
        axes.bar_label(bars, texts, padding=2 + offset, fontsize=8)
    axes.set_xticks(np.arange(len(groups)), list(groups))
    axes.grid(False, axis="x")
    axes.margins(y=0.12)
    if ylim:
        axes.set_ylim(*ylim)
    titles(axes, title, xlabel, ylabel)
    fit_left(axes)
    if len(names) > 1:
        _legend_below(axes, len(names), -0.24 if xlabel else -0.12)


def draw_points(
    axes: Axes,
    points: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    xlabel: str,
    ylabel: str,
    title: str | None = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    labels: bool = True,
) -> None:
    """Draw clouds of points, one marker and colour a name: name -> (x, y)."""
    look = styles(points)
    for name, (x, y) in points.items():
        xs, ys = np.atleast_1d(np.asarray(x)), np.atleast_1d(np.asarray(y))
        _same_length(name, xs, ys)
        style = look[name]
        axes.plot(
            xs, ys, linestyle="", color=style.colour, marker=style.marker or "o",
            alpha=0.8, markeredgewidth=0, label=name,
        )  # fmt: skip
    _limits(axes, False, False, xlim, ylim)
    titles(axes, title, xlabel, ylabel)
    fit_left(axes)
    if labels and len(points) > 1:
        axes.legend(loc="best", handletextpad=0.2, frameon=True, framealpha=0.85)


def draw_heatmap(
    axes: Axes,
    matrix: ArrayLike,
    *,
    rows: Sequence[Any],
    columns: Sequence[Any],
    xlabel: str,
    ylabel: str,
    title: str | None = None,
    fmt: str = ".2f",
    vmin: float | None = None,
    vmax: float | None = None,
    numbers: bool = True,
) -> None:
    """Draw a matrix as tiles with its numbers written in them."""
    values = np.asarray(matrix, dtype=float)  # (R, C)
    if values.shape != (len(rows), len(columns)):
        raise validate.fail(
            _("a matrix of shape {shape}").format(shape=values.shape),
            _("shape ({r}, {c})").format(r=len(rows), c=len(columns)),
            _("Pass one name a row and one a column."),
        )
    image = axes.imshow(values, cmap="cividis", aspect="auto", vmin=vmin, vmax=vmax)
    axes.set_xticks(range(len(columns)), [str(name) for name in columns])
    axes.set_yticks(range(len(rows)), [str(name) for name in rows])
    axes.grid(False)
    shade = np.asarray(image.norm(values))
    if numbers:
        for (i, j), value in np.ndenumerate(values):
            dark = bool(np.isfinite(value)) and shade[i, j] < 0.55
            axes.text(
                j, i, format(value, fmt), ha="center", va="center", fontsize=8,
                color="white" if dark else "black",
            )  # fmt: skip
    titles(axes, title, xlabel, ylabel)
    fit_left(axes)


def draw_bubbles(
    axes: Axes,
    counts: ArrayLike,
    *,
    title: str | None = None,
    xlabel: str = "class",
    ylabel: str = "client",
    classes: Sequence[Any] | None = None,
    clients: Sequence[Any] | None = None,
) -> None:
    """Draw clients x classes: the area of a bubble is the number of examples."""
    table = np.asarray(counts, dtype=float)  # (N, C)
    if table.ndim != 2:
        raise validate.fail(
            _("counts of shape {shape}").format(shape=table.shape),
            _("a table (clients, classes)"),
            _("Pass ft.splitters.label_counts(clients)."),
        )
    num_clients, num_classes = table.shape
    box = axes.get_window_extent()
    reach = 1.0 if num_clients <= 12 else 1.6  # thin rows: into the next one
    cell = min(box.width / num_classes, reach * box.height / num_clients)
    figure = axes.get_figure(root=True)
    points = cell * 72.0 / (figure.dpi if figure else 100.0)
    area = (0.95 * points) ** 2 * table / max(float(table.max()), 1.0)
    row, column = np.nonzero(table)
    axes.scatter(
        column, row, s=area[row, column], color=FILLS[0], edgecolor=GREY, lw=0.5
    )
    axes.set_xlim(-0.6, num_classes - 0.4)
    axes.set_ylim(num_clients - 0.4, -0.6)
    step = max(1, num_clients // 10)
    names = list(clients) if clients is not None else list(range(num_clients))
    ticks = range(0, num_clients, step)
    axes.set_yticks(ticks, [str(names[i]) for i in ticks])
    kinds = classes if classes is not None else range(num_classes)
    axes.set_xticks(range(num_classes), [str(kind) for kind in kinds])
    titles(axes, title, xlabel, ylabel)
    fit_left(axes)


def _groups(
    values: Mapping[str, float] | Mapping[str, Mapping[str, float]],
) -> dict[str, dict[str, float]]:
    """Bring both forms of bar values to group -> {bar: number}."""
    return {
        str(name): (
            {str(bar): float(v) for bar, v in value.items()}
            if isinstance(value, Mapping)
            else {"": float(value)}
        )
        for name, value in values.items()
    }


def _band(
    axes: Axes,
    x: np.ndarray,
    edges: tuple[ArrayLike, ArrayLike],
    kept: np.ndarray,
    colour: str,
) -> None:
    low, high = (np.asarray(edge, dtype=float)[kept] for edge in edges)
    axes.fill_between(x[kept], low, high, color=colour, alpha=0.18, lw=0)


def _whiskers(
    axes: Axes, x: np.ndarray, y: np.ndarray, spread: Sequence[float]
) -> None:
    axes.errorbar(x, y, spread, fmt="none", ecolor="black", capsize=3)


def _legend_below(axes: Axes, columns: int, below: float) -> None:
    box = axes.get_position()
    axes.set_position((box.x0, box.y0 + 0.06, box.width, box.height - 0.06))
    axes.legend(ncols=columns, loc="upper left", bbox_to_anchor=(0.0, below))


def _fill(name: str, k: int) -> str:
    """Give an algorithm its own colour and other bars what stands in their place."""
    style = style_of(name)
    return style.colour if style else FILLS[k % len(FILLS)]


def _hatch(k: int) -> str:
    return ("", "//", "..", "xx", "\\\\", "++", "oo", "--")[k % 8]


def _limits(
    axes: Axes,
    xlog: bool,
    ylog: bool,
    xlim: tuple[float, float] | None,
    ylim: tuple[float, float] | None,
) -> None:
    if xlog:
        axes.set_xscale("log")
    if ylog:
        axes.set_yscale("log")
    if xlim:
        axes.set_xlim(*xlim)
    if ylim:
        axes.set_ylim(*ylim)
    plain_ticks(axes)


def _same_length(name: str, x: np.ndarray, y: np.ndarray) -> None:
    if x.shape != y.shape or x.ndim != 1:
        raise validate.fail(
            _("series {name!r} with x of shape {shape} and y of shape {shape2}").format(
                name=name, shape=x.shape, shape2=y.shape
            ),
            _("two arrays of one length"),
            _("Pass one x for each y."),
        )
