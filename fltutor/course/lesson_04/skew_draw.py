"""The four panels of the skew explorer, each on axes that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from fltutor import plots
from fltutor.lab.base import of_lesson

Array: TypeAlias = np.ndarray[Any, Any]
WORDS = of_lesson("04", "skew")
GAP = 2  # white pixels between two digits of the strip


def table(axes: plots.Axes, counts: Array) -> None:
    """Draw clients x classes as bubbles."""
    plots.draw_bubbles(axes, counts, title=WORDS.say("title_table"))
    axes.grid(False)


def strip(axes: plots.Axes, images: Array, sizes: Array) -> None:
    """Draw what each client calls 0, 1, ..., in the rows of the bubbles."""
    clients, classes, height, width = images.shape
    box = axes.get_window_extent()
    wanted = (width + GAP) * (box.height / clients) / (box.width / classes)
    row = max(round(wanted), height + GAP)  # few clients: space, not stretched digits
    top, left = (row - height) // 2, GAP // 2
    sheet = np.zeros((clients, row, classes, width + GAP))
    sheet[:, top : top + height, :, left : left + width] = images.transpose(0, 2, 1, 3)
    flat = sheet.reshape(clients * row, classes * (width + GAP))
    axes.imshow(
        flat, cmap="Greys", vmin=0.0, vmax=1.0, aspect="auto",
        extent=(-0.5, classes - 0.5, clients - 0.5, -0.5),
    )  # fmt: skip
    axes.set_xticks(range(classes), [str(c) for c in range(classes)])
    axes.set_yticks(range(clients), [str(size) for size in sizes])
    axes.tick_params(axis="y", labelsize=7 if clients > 12 else 8, length=0)
    axes.set_ylim(clients - 0.4, -0.6)
    axes.grid(False)
    axes.set_title(WORDS.say("title_strip"))
    axes.set_xlabel("class")
    axes.set_ylabel("examples of the client")


def measures(
    axes: plots.Axes, skew: Mapping[str, float], chance: Mapping[str, float]
) -> None:
    """Draw the measures beside those of a random split of the same sizes."""
    names = {"tv": "tv", "jsd": "jsd (nats)", "emd": "emd"}
    groups = {
        names[key]: {WORDS.say("this"): skew[key], WORDS.say("chance"): chance[key]}
        for key in skew
    }
    top = 1.25 * max(0.4, *skew.values(), *chance.values())
    plots.draw_bars(
        axes, groups, ylabel="skew", ylim=(0.0, top),
        title=WORDS.say("title_measures", tv=skew["tv"]), fmt=".2f",
    )  # fmt: skip


def curves(
    axes: plots.Axes, accuracy: Sequence[float], iid: Sequence[float], rounds: int
) -> None:
    """Draw accuracy by round, on this split and on an even random one."""
    plots.draw_lines(
        axes,
        range(len(accuracy)),
        {WORDS.say("this"): accuracy, "iid": iid},
        xlabel="round",
        ylabel="test accuracy",
        title=WORDS.say(
            "title_curves", accuracy=accuracy[-1], rounds=len(accuracy) - 1
        ),
        xlim=(0, rounds),
        ylim=(0.0, 1.02),
    )
    axes.set_xticks(range(0, rounds + 1, 4))
