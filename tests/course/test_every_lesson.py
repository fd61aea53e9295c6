"""What a lesson defines is what the library holds.

The definitions are taken from the lesson's own cells and run beside the library, as
``lesson_NN/facts.py`` lists them.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from exercise_support import ROOT, load
from lesson_support import folded

import fltutor as ft

FACTS = {
    path.parent.name[-2:]: load(path)
    for path in sorted(Path(__file__).parent.glob("lesson_*/facts.py"))
}
ROWS = [
    pytest.param(number, row, id=f"{number}-{row.name}")
    for number, facts in FACTS.items()
    for row in facts.ROWS
]


pytestmark = pytest.mark.usefixtures("float64")


def namespace(lesson: str, cells: tuple[str, ...]) -> dict[str, Any]:
    """Run a lesson's imports, then those cells, leaving out what only shows.

    Of a text cell the code that it folds away: what the learner is asked to write.
    """
    (path,) = (ROOT / "lessons").glob(f"{lesson}_*.ipynb")
    sources = {
        c.id: c.source if c.cell_type == "code" else folded(c.source)
        for c in nbformat.read(path, 4).cells
    }
    unknown = set(cells) - set(sources)
    assert not unknown, f"{path.name} has no cells {sorted(unknown)}"
    made: dict[str, Any] = {"__name__": "lesson"}
    for cell in ("setup", *cells):
        tree = ast.parse(sources[cell])
        tree.body = [node for node in tree.body if not isinstance(node, ast.Expr)]
        code = compile(tree, f"{path.name}:{cell}", "exec", dont_inherit=True)
        exec(code, made)
    return made


def largest_difference(mine: Any, library: Any) -> float:
    a, b = torch.as_tensor(mine).double(), torch.as_tensor(library).double()
    assert a.shape == b.shape
    return float((a - b).abs().max())


@pytest.mark.parametrize(("number", "row"), ROWS)
def test_a_lessons_definition_is_what_the_library_holds(number, row):
    made = namespace(number, row.cells)
    mine = row.mine(made) if row.mine else made[row.name]
    got, expected = mine(*row.inputs()), row.library(*row.inputs())
    assert largest_difference(got, expected) <= row.tolerance


def test_a_wrong_definition_would_be_noticed():
    row = next(row for row in FACTS["02"].ROWS if row.name == "weighted_mean")
    deltas, weights = row.inputs()
    assert largest_difference(deltas.mean(0), row.library(deltas, weights)) > 1e-3


def test_every_lesson_that_builds_something_has_facts():
    assert set(FACTS) >= {"02", "04", "06", "07", "08", "09"}
    assert set(FACTS) <= set(ft.catalogue.lessons())
