"""The widget of lesson 07 in JupyterLab, moved with the keyboard."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

CELLS = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "direction": "def mine(grad, params, start, memory):\n"
    '    return grad - memory["c_i"] + memory["c"]',
    "widget": "ft.widgets.corrections_lab(direction=mine)",
}


@pytest.fixture(scope="module")
def lab(page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in CELLS.items()]
    path = jupyterlab.root / "corrections.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, "corrections.ipynb")
    browser.run_all(page)
    return page


def test_the_widget_runs_the_learners_direction(lab):
    assert browser.errors(lab) == []
    line = browser.widget_line(lab, "corrections")
    assert "yours < 0.001" in line
    assert "FedAvg 0.213" in line


def test_a_single_local_step_makes_fedavg_and_scaffold_one(lab):
    before = browser.widget_image(lab, "corrections")
    browser.move_slider(lab, "local steps K", "Home", name="corrections")
    after = browser.wait_for_picture_change(lab, before, "corrections")
    assert after.startswith(b"\x89PNG")
    line = browser.widget_line(lab, "corrections")
    end = line.split("FedAvg ")[1].split(";")[0]
    assert f"SCAFFOLD {end};" in line
