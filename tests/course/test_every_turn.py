"""Each Your turn of a lesson: a stub, the call, and the finished code folded below."""

from __future__ import annotations

import nbformat
import pytest
from exercise_support import ROOT
from lesson_support import folded, turns

import fltutor as ft

TURNS = [
    pytest.param(turn, id=f"{path.stem[:2]}-{turn.name}")
    for path in sorted((ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
    for turn in turns(nbformat.read(path, 4).cells)
]


pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("turn", TURNS)
def test_the_folded_code_is_right(turn):
    result = ft.check(turn.check, turn.defined(turn.code))
    assert result.passed, repr(result)


@pytest.mark.parametrize("turn", TURNS)
def test_the_learners_cell_is_a_stub_that_says_it_is_not_written(turn):
    assert not ft.check(turn.check, turn.defined(turn.stub)).written
    assert "not written yet" in turn.said


def test_folded_code_is_found_in_a_cell():
    text = "<details><summary>x</summary>\n\n```python\ny = 1\n```\n\n</details>"
    assert folded(text) == "y = 1\n"
    assert folded("nothing folded ```python\ny = 1\n```") == ""
