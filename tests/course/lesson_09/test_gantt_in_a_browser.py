"""The Gantt of rounds in JupyterLab: a key moves it, and the learner's clock runs."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

CELLS = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "widget": "ft.widgets.gantt_lab()",
}


@pytest.fixture(scope="module")
def lab(page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in CELLS.items()]
    path = jupyterlab.root / "gantt.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, "gantt.ipynb")
    browser.run_all(page)
    return page


def waits_for_line(page, part):
    page.wait_for_function(
        """part => document.querySelector('.fltutor-gantt .fltutor-line')
        .innerText.includes(part)""",
        arg=part,
        timeout=20_000,
    )


def test_the_widget_opens_with_synchronous_rounds(lab):
    assert browser.errors(lab) == []
    line = browser.widget_line(lab, "gantt")
    assert line.startswith("Synchronous: ")
    assert " 0 late" in line


def test_the_end_of_the_deadline_slider_makes_clients_late(lab):
    before = browser.widget_image(lab, "gantt")
    browser.move_slider(lab, "deadline", "Home", name="gantt")
    after = browser.wait_for_picture_change(lab, before, "gantt")
    assert after.startswith(b"\x89PNG")
    waits_for_line(lab, "2 simulated seconds a round, 30 in 60 s")
    assert " 0 late" not in browser.widget_line(lab, "gantt")


def test_a_button_trains_without_rounds(lab):
    before = browser.widget_image(lab, "gantt")
    lab.locator(".fltutor-gantt").get_by_text("FedAsync", exact=True).first.click()
    browser.wait_for_picture_change(lab, before, "gantt")
    waits_for_line(lab, "FedAsync: ")
    assert "mean staleness 0." not in browser.widget_line(lab, "gantt")
