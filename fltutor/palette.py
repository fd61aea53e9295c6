"""The course's colours, as hex: Okabe-Ito, safe for colour-blind readers."""

from __future__ import annotations

BLACK, GREY = "#000000", "#6B6B6B"
BLUE, GREEN, VERMILLION, PURPLE = "#0072B2", "#009E73", "#D55E00", "#CC79A7"
ORANGE, SKY, YELLOW = "#E69F00", "#56B4E9", "#F0E442"
LINE_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, BLACK)
"""Dark enough for a line or for text on white."""
FILLS = (SKY, ORANGE, GREEN, PURPLE, YELLOW, BLUE, VERMILLION, GREY)
"""In the order in which areas use them."""
CONTOUR, FAINT, GRID = "#B5B5B5", "#CFCFCF", "#E3E3E3"
"""Greys behind the data: contours, what is not in use, grid lines."""
RIGHT, WRONG, NOTE = GREEN, VERMILLION, BLUE
"""Marks of a check, a quiz, an error."""
