"""The widget of lesson 08 in JupyterLab: moved with the keyboard, filling in."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

CELLS = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "rule": "def adam(v, square, beta2):\n    return beta2 * v + (1 - beta2) * square",
    "widget": "ft.widgets.server_lab(second=adam)",
}


@pytest.fixture(scope="module")
def lab(page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in CELLS.items()]
    path = jupyterlab.root / "server.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, "server.ipynb")
    browser.run_all(page)
    return page


def test_the_map_is_filled_in_for_twenty_rounds(lab):
    assert browser.errors(lab) == []
    line = browser.widget_line(lab, "server")
    assert line.startswith("FedAvgM, server lr 1, momentum 0.9")
    assert "mean of rounds 16 to 20" in line


def test_an_arrow_key_moves_to_the_next_cell_without_training_again(lab):
    before = browser.widget_image(lab, "server")
    browser.move_slider(lab, "your server lr", "ArrowLeft", name="server")
    after = browser.wait_for_picture_change(lab, before, "server")
    assert after.startswith(b"\x89PNG")
    line = browser.widget_line(lab, "server")
    assert line.startswith("FedAvgM, server lr 0.3, momentum 0.9")


def test_more_rounds_stream_in(lab):
    browser.move_slider(lab, "rounds", "ArrowRight", name="server")
    lab.wait_for_function(
        """() => document.querySelector('.fltutor-server .fltutor-line')
        .innerText.includes('rounds 21 to 25')""",
        timeout=30_000,
    )
    assert browser.errors(lab) == []
