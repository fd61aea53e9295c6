"""Direct labels: names stand beside their lines, and never on top of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
)

_GAP = 1.15


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move numbers apart until neighbours are at least ``gap`` from each other.

    Keeps their order and stays within [low, high] where that is possible; each
    stays as near to its wanted place as a single pass up and down allows.

    Examples
    --------
    >>> spread([0.5, 0.5], 0.2, 0.0, 1.0)
    [0.4, 0.6]
    """
    if not len(wanted):
        return []
    order = np.argsort(np.asarray(wanted, dtype=float), kind="stable")
    places = [float(np.clip(wanted[i], low, high)) for i in order]
    blocks: list[list[float]] = []  # [sum of wanted bottoms, count]
    for rank, place in enumerate(places):
        blocks.append([place - rank * gap, 1.0])
        while len(blocks) > 1:
            (a, n), (b, m) = blocks[-2], blocks[-1]
            if a / n <= b / m:
                break
            blocks[-2:] = [[a + b, n + m]]
    flat = [total / count for total, count in blocks for _ in range(int(count))]
    flat = [max(value, low) for value in flat]
    room = high - gap * (len(flat) - 1)
    flat = [min(value, max(room, low)) for value in flat]
    result = [0.0] * len(places)
    for rank, index in enumerate(order):
        result[index] = round(flat[rank] + rank * gap, 12)
    return result


def label_ends(
    axes: Axes,
    ends: Mapping[str, float],
    colours: Mapping[str, str],
) -> list[Text]:
    """Write each name to the right of the axes at the height where its line ends.

    Parameters
    ----------
    axes
        Axes whose limits are final; they are made narrower to give the names room.
    ends
        Name -> y value (data units) at the line's right end.
    colours
        Name -> colour of the text.
    """
    if not ends:
        return []
    names = list(ends)
    low, high = axes.get_ylim()
    display = axes.transData.transform([(0.0, ends[name]) for name in names])[:, 1]
    bottom, top = axes.transData.transform([(0.0, low), (0.0, high)])[:, 1]
    heights = (display - bottom) / (top - bottom)
    texts = [
        axes.text(
            1.015, 0.0, name, color=colours[name], transform=axes.transAxes,
            va="center", ha="left", fontsize=9, clip_on=False,
        )
        for name in names
    ]  # fmt: skip
    boxes = _boxes(axes, texts)
    gap = _GAP * max(box[1] for box in boxes) / abs(top - bottom)
    for text, height in zip(texts, spread(list(heights), gap, 0.0, 1.0), strict=True):
        text.set_y(height)
    _make_room(axes, max(box[0] for box in boxes))
    return texts


def _boxes(axes: Axes, texts: Sequence[Text]) -> list[tuple[float, float]]:
    """Return width and height of each text in pixels."""
    renderer = _renderer(axes)
    extents = [text.get_window_extent(renderer) for text in texts]
    return [(extent.width, extent.height) for extent in extents]


def _make_room(axes: Axes, pixels: float) -> None:
    """Shrink the axes from the right so that a text of that width fits beside it."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    box = axes.get_position()
    right = 0.99 if box.x1 > 0.9 else box.x1
    width = (right - box.x0 - (pixels + 2.0) / figure.bbox.width) / 1.015
    width = max(min(width, box.width), 0.25 * box.width)
    axes.set_position((box.x0, box.y0, width, box.height))


def fit_left(axes: Axes) -> None:
    """Move the left edge of leftmost axes so that tick numbers and label are seen."""
    figure = axes.get_figure(root=True)
    box = axes.get_position()
    if figure is None or box.x0 > 0.3:
        return
    extent = axes.yaxis.get_tightbbox(_renderer(axes))
    if extent is None or extent.x0 >= 4.0:
        return
    shift = (4.0 - extent.x0) / figure.bbox.width
    axes.set_position((box.x0 + shift, box.y0, box.width - shift, box.height))


def plain_ticks(axes: Axes) -> None:
    """Write ticks as a reader says them: round 5 and not 2.5, 0.1 and not 10^-1.

    Whole numbers along x get whole ticks; on a logarithmic axis a few measured
    places are themselves the ticks.
    """
    lines = [np.asarray(line.get_xdata(), dtype=float) for line in axes.get_lines()]
    xs = np.unique(np.concatenate(lines)) if lines else np.zeros(0)
    if axes.get_xscale() == "log":
        _plain(axes.xaxis)
        if 0 < len(xs) <= 6:
            axes.set_xticks(xs)
    elif np.array_equal(xs, np.round(xs)):
        axes.xaxis.set_major_locator(
            MaxNLocator("auto", integer=True, steps=[1, 2, 2.5, 5, 10])
        )
    if axes.get_yscale() == "log":
        _plain(axes.yaxis)


def _plain(axis: Axis) -> None:
    """Write plain numbers on a logarithmic axis, 1, 2, 5, 10 if it is short."""
    low, high = axis.get_view_interval()
    if low > 0 and high / low < 1000:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _renderer(axes: Axes) -> Any:
    """Return the Agg renderer of the axes' figure."""
    figure = axes.get_figure(root=True)
    canvas: Any = figure.canvas if figure is not None else None
    assert isinstance(canvas, FigureCanvasAgg)
    return canvas.get_renderer()  # type: ignore[no-untyped-call]
