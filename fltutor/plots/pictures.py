"""Small grey pictures side by side, such as a digit and what was made of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from fltutor import validate
from fltutor.plots.style import Picture, new_figure, styled
from fltutor.words import _


def images(
    pictures: Mapping[str, ArrayLike],
    *,
    title: str,
    alt: str,
    vmin: float = 0.0,
    vmax: float = 1.0,
) -> Picture:
    """Draw one grey picture a name, dark where the value is high.

    Parameters
    ----------
    pictures
        name -> ``(height, width)``; the name is written under its picture.
    title, alt
        the finding, as a heading and as a sentence with its numbers.
    vmin, vmax
        drawn white and black.

    Examples
    --------
    >>> images({"a corner": [[1.0, 0.0], [0.0, 0.0]]}, title="One dark pixel",
    ...        alt="One of four pixels is dark.")
    One of four pixels is dark.
    """
    matrices = _matrices(pictures)
    width = 6.11 / len(matrices)  # inches for each, between the margins
    side = min(0.88 * width, 1.5)
    height = side + 0.75
    figure = new_figure((6.5, height))
    with styled():
        figure.text(0.03, 1 - 0.22 / height, title, weight="bold", size=10)
        for place, (name, matrix) in enumerate(matrices.items()):
            left = (0.2 + width * place) / 6.5
            box = (left, 0.35 / height, side / 6.5, side / height)
            _draw(figure.add_axes(box), name, matrix, vmin, vmax)
    return Picture(figure, alt=alt)


def _matrices(pictures: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    matrices = {name: np.asarray(values, float) for name, values in pictures.items()}
    bad = {name: m.shape for name, m in matrices.items() if m.ndim != 2}
    if bad or not matrices:
        raise validate.fail(
            _("pictures of shapes {bad}").format(bad=bad) if bad else _("no picture"),
            _("one (height, width) matrix a name"),
            _("Reshape a row of pixels first: row.reshape(8, 8)."),
        )
    return matrices


def _draw(axes: Axes, name: str, matrix: np.ndarray, vmin: float, vmax: float) -> None:
    axes.imshow(matrix, cmap="Greys", vmin=vmin, vmax=vmax)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[["top", "right"]].set_visible(True)
    axes.set_xlabel(name)
