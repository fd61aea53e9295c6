"""The look of the course: sizes, colours, one style per algorithm, PNG bytes."""

from __future__ import annotations

import base64
import html
import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fltutor import validate
from fltutor.palette import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    GRID,
    LINE_COLOURS,
    PURPLE,
    VERMILLION,
)
from fltutor.words import _

SIZE = (6.5, 3.5)
"""Width and height of a figure in inches."""
DPI = 110
"""Dots per inch, so that a figure is 715 pixels wide."""


@dataclass(frozen=True)
class Style:
    """How one series is drawn: colour, dash pattern and marker together."""

    colour: str
    dash: str = "-"
    marker: str = "o"


ALGORITHMS: dict[str, Style] = {
    "fedavg": Style(BLUE, "-", "o"),
    "scaffold": Style(VERMILLION, "-", "s"),
    "fedprox": Style(GREEN, "--", "^"),
    "fednova": Style(PURPLE, "-.", "D"),
    "feddyn": Style(BLACK, ":", "v"),
    "fedavgm": Style(BLACK, "--", "P"),
    "fedadagrad": Style(GREEN, ":", "X"),
    "fedadam": Style(VERMILLION, "--", "*"),
    "fedyogi": Style(PURPLE, ":", "h"),
    "central": Style(BLACK, "-", ""),
    "local": Style(GREY, "--", "d"),
}
"""One fixed style per algorithm in the whole course, keyed by lower-case name."""

_OTHERS = tuple(
    Style(colour, dash, marker)
    for dash, markers in (("-", "osD^v"), ("--", "PXd*h"), (":", "<>p8H"))
    for colour, marker in zip(LINE_COLOURS, markers, strict=True)
)

STYLE: dict[Any, Any] = {
    "figure.figsize": SIZE,
    "figure.dpi": DPI,
    "figure.facecolor": "white",
    "savefig.dpi": DPI,
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=list(LINE_COLOURS)),
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.0,
    "legend.frameon": False,
    "text.parse_math": True,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
}
"""matplotlib settings of the course; no tight box, no constrained layout (slow)."""


_ALONE = threading.RLock()


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the course's style, and alone.

    matplotlib is made for one thread: its settings are one for the process, and a
    figure that is cleared while it is drawn breaks. Widgets are heard in a second one.
    """
    with _ALONE, mpl.rc_context(STYLE):
        yield


def use_style() -> None:
    """Make the course's style the default for figures that a learner draws."""
    mpl.rcParams.update(STYLE)


def style_of(name: str) -> Style | None:
    """Return the fixed style of a known algorithm, None for any other name."""
    return ALGORITHMS.get(name.strip().casefold().replace(" ", ""))


def styles(names: Iterable[str]) -> dict[str, Style]:
    """Give every series of one figure a style, all different.

    Known algorithms get their fixed style; other names take what is left, in order.
    """
    names = list(names)
    fixed = {name: style for name in names if (style := style_of(name))}
    taken = {(style.colour, style.dash) for style in fixed.values()}
    free = [style for style in _OTHERS if (style.colour, style.dash) not in taken]
    result: dict[str, Style] = {}
    others = 0
    for name in names:
        if name in fixed:
            result[name] = fixed[name]
            continue
        result[name] = free[others % len(free)]
        others += 1
    return result


def new_figure(size: tuple[float, float] = SIZE) -> Figure:
    """Make an empty figure on the Agg canvas, outside pyplot's global state."""
    with styled():
        figure = Figure(figsize=size, dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def new_axes(size: tuple[float, float] = SIZE) -> tuple[Figure, Axes]:
    """Make a figure with one pair of axes and room for title and labels."""
    figure = new_figure(size)
    with styled():
        axes = figure.add_axes((0.10, 0.15, 0.86, 0.73))
    return figure, axes


def png(figure: Figure, *, fast: bool = False) -> bytes:
    """Render a figure to PNG bytes: the same picture gives the same bytes.

    ``fast`` trades size for speed, for pictures that live for a moment.
    """
    buffer = io.BytesIO()
    canvas = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        canvas = FigureCanvasAgg(figure)
    level = 1 if fast else 9
    with _ALONE:
        canvas.print_png(  # type: ignore[no-untyped-call]
            buffer,
            metadata={"Software": None},
            pil_kwargs={"compress_level": level},
        )
    return buffer.getvalue()


def described(picture: bytes, alt: str) -> dict[str, str]:
    """Return a PNG with its alt text in every form that a notebook's reader takes.

    ``text/html`` carries the alt text to a screen reader: JupyterLab and the HTML
    export drop the alt text of a bare PNG. Code hosts show the PNG, tests the words.
    """
    encoded = base64.b64encode(picture).decode("ascii")
    source = f'src="data:image/png;base64,{encoded}"'
    return {
        "text/html": f'<img alt="{html.escape(alt)}" style="max-width:100%" {source}>',
        "image/png": encoded,
        "text/plain": alt,
    }


class Picture:
    """A finished figure together with the sentence that says what it shows.

    In a notebook it displays as an image whose alt text is that sentence; its plain
    text is the same, so that whoever does not see the picture gets the finding.

    Examples
    --------
    >>> figure, axes = new_axes()
    >>> Picture(figure, alt="An empty pair of axes.")
    An empty pair of axes.
    """

    def __init__(self, figure: Figure, *, alt: str) -> None:
        if not isinstance(alt, str) or not alt.strip():
            raise validate.fail(
                f"alt={validate.shown(alt)}",
                _("alt text"),
                _("Pass alt= with one sentence that states what the figure shows."),
            )
        self.figure = figure
        self.alt = " ".join(alt.split())

    @property
    def axes(self) -> Axes:
        """The first pair of axes, for a learner who wants to add to the figure."""
        return self.figure.axes[0]

    def png(self) -> bytes:
        """Return the picture as PNG bytes."""
        return png(self.figure)

    def __repr__(self) -> str:
        """Return the alt text."""
        return self.alt

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        return described(self.png(), self.alt), {"image/png": {"alt": self.alt}}
