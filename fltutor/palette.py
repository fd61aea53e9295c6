"""The course's colours, as hex: Okabe-Ito, safe for colour-blind readers."""

from __future__ import annotations

BLACK, GREY = "#000000", "#6B6B6B"
BLUE, GREEN, VERMILLION, PURPLE = "#0072B2", "#009E73", "#D55E00", "#CC79A7"
ORANGE, SKY, YELLOW = "#E69F00", "#56B4E9", "#F0E442"
LINE_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, BLACK)
"""Dark enough for a line or for text on white."""
FILLS = (SKY, ORANGE, GREEN, PURPLE, YELLOW, BLUE, VERMILLION, GREY)
"""In the order in which areas use them."""
STROKES = {
    SKY: "#2E86B8",
    ORANGE: "#B57D00",
    GREEN: GREEN,
    PURPLE: "#B4608D",
    YELLOW: "#8F8400",
    BLUE: BLUE,
    VERMILLION: VERMILLION,
    GREY: GREY,
}
"""The line that belongs to a fill: the same hue, at least 3:1 on white."""
CONTOUR, FAINT, GRID = "#949494", "#CFCFCF", "#E3E3E3"
"""Greys behind the data: contours (3:1), what is not in use, grid lines."""
RIGHT, WRONG, NOTE = GREEN, VERMILLION, BLUE
"""Marks of a check, a quiz, an error."""
