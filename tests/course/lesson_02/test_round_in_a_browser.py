"""The widget of lesson 02 in JupyterLab: moved with the keyboard, and Run All."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

CELLS = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "widget": "ft.widgets.round_lab(aggregate=lambda deltas, shares: shares @ deltas)",
}


@pytest.fixture(scope="module")
def lab(page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in CELLS.items()]
    path = jupyterlab.root / "round.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, "round.ipynb")
    browser.run_all(page)
    return page


def test_the_widget_runs_the_learners_mean(lab):
    assert browser.errors(lab) == []
    line = browser.widget_line(lab, "round")
    assert line.startswith("Round 1, aggregate")
    assert "is the library's weighted mean" in line


def test_an_arrow_key_takes_one_more_client_into_the_round(lab):
    before = browser.widget_image(lab, "round")
    assert "clients 2, 4, 6, 8," in browser.widget_line(lab, "round")
    browser.move_slider(lab, "clients in the round", "ArrowRight", name="round")
    after = browser.wait_for_picture_change(lab, before, "round")
    assert after.startswith(b"\x89PNG")
    ids = browser.widget_line(lab, "round").split("clients ")[1].split(", ")[:5]
    assert all(i.isdigit() for i in ids)


def test_more_rounds_stream_to_a_better_model(lab):
    browser.move_slider(lab, "round number", "End", name="round")
    lab.wait_for_function(
        """() => document.querySelector('.fltutor-round .fltutor-line')
        .innerText.startsWith('Round 8, aggregate')""",
        timeout=20_000,
    )
