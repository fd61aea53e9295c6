"""The skew explorer in JupyterLab: moved with the keyboard, watched as it trains."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

CELLS = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "widget": "ft.widgets.skew_lab()",
}


@pytest.fixture(scope="module")
def lab(page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in CELLS.items()]
    path = jupyterlab.root / "skew.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, "skew.ipynb")
    browser.run_all(page)
    return page


def wait_for_line(page, words):
    page.wait_for_function(
        """words => document.querySelector('.fltutor-skew .fltutor-line')
        .innerText.includes(words)""",
        arg=words,
        timeout=20_000,
    )


def test_the_widget_opens_with_numbers_in_words(lab):
    assert browser.errors(lab) == []
    assert "10 clients" in browser.widget_line(lab, "skew")
    assert "Skew: tv 0.380 (chance" in browser.widget_line(lab, "skew")


def test_an_arrow_key_adds_a_client_and_trains_again(lab):
    before = browser.widget_image(lab, "skew")
    browser.move_slider(lab, "clients", "ArrowRight", name="skew")
    after = browser.wait_for_picture_change(lab, before, "skew")
    assert after.startswith(b"\x89PNG")
    wait_for_line(lab, "11 clients")
    wait_for_line(lab, "after 12 rounds")
    assert "11 clients" in browser.widget_line(lab, "skew")


def test_a_smaller_alpha_is_more_skewed(lab):
    browser.move_slider(lab, "alpha", "Home", name="skew")
    wait_for_line(lab, "Skew: tv 0.8")
    assert "chance" in browser.widget_line(lab, "skew")
