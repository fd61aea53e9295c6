"""Small grey pictures side by side, such as a digit and what was made of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from fltutor.plots.style import Picture, new_figure, styled


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

    Raises
    ------
    ValueError
        no picture, or one that is not a matrix.

    Examples
    --------
    >>> images({"a corner": [[1.0, 0.0], [0.0, 0.0]]}, title="One dark pixel",
    ...        alt="One of four pixels is dark.")
    One of four pixels is dark.
    """
    matrices = _matrices(pictures)
    figure = new_figure((6.5, 2.3))
    width = 0.94 / len(matrices)
    with styled():
        figure.text(0.03, 0.91, title, weight="bold", size=10)
        for place, (name, matrix) in enumerate(matrices.items()):
            left = 0.03 + width * (place + 0.06)
            axes = figure.add_axes((left, 0.20, width * 0.88, 0.64))
            axes.imshow(matrix, cmap="Greys", vmin=vmin, vmax=vmax)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(False)
            axes.spines[["top", "right"]].set_visible(True)
            axes.set_xlabel(name)
    return Picture(figure, alt=alt)


def _matrices(pictures: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    matrices = {name: np.asarray(values, float) for name, values in pictures.items()}
    bad = {name: m.shape for name, m in matrices.items() if m.ndim != 2}
    if bad or not matrices:
        raise ValueError(
            f"images got {bad or 'no picture'}, needs one (height, width) matrix a "
            "name. Reshape a row of pixels first: row.reshape(8, 8)."
        )
    return matrices
