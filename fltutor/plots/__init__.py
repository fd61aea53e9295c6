"""L5: every figure of the course, in one look; matplotlib is imported here alone.

``curves`` draws runs; ``lines``, ``bars``, ``points``, ``heatmap`` and ``bubbles``
draw arrays; each returns a `Picture`. The ``draw_*`` functions do the same on given
axes, for widgets.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fltutor.palette import (
    BLACK,
    BLUE,
    FILLS,
    GREEN,
    GREY,
    LINE_COLOURS,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
)
from fltutor.plots.charts import bars, bubbles, heatmap, lines, points
from fltutor.plots.curves import curves
from fltutor.plots.draw import (
    draw_bars,
    draw_bubbles,
    draw_heatmap,
    draw_lines,
    draw_points,
)
from fltutor.plots.forest import forest
from fltutor.plots.gantt import draw_gantt, gantt
from fltutor.plots.labels import label_ends
from fltutor.plots.pictures import images
from fltutor.plots.style import (
    ALGORITHMS,
    Picture,
    Style,
    described,
    new_axes,
    new_figure,
    png,
    style_of,
    styled,
    styles,
    use_style,
)

scatter = points

__all__ = [
    "ALGORITHMS",
    "BLACK",
    "BLUE",
    "FILLS",
    "GREEN",
    "GREY",
    "LINE_COLOURS",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "YELLOW",
    "Axes",
    "Figure",
    "Picture",
    "Style",
    "bars",
    "bubbles",
    "curves",
    "described",
    "draw_bars",
    "draw_bubbles",
    "draw_gantt",
    "draw_heatmap",
    "draw_lines",
    "draw_points",
    "forest",
    "gantt",
    "heatmap",
    "images",
    "label_ends",
    "lines",
    "new_axes",
    "new_figure",
    "png",
    "points",
    "scatter",
    "style_of",
    "styled",
    "styles",
    "use_style",
]
