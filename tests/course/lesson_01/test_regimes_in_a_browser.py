"""The widgets of lessons 00 and 01, moved with the keyboard in JupyterLab."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

SOURCES = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "regimes": "ft.widgets.regimes_lab()",
    "broken": "ft.widgets.regimes_lab(average=lambda models, sizes: models.avg())",
    "first": "ft.widgets.first_lab()",
}


@pytest.fixture(scope="module")
def opened(page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in SOURCES.items()]
    book = new_notebook(cells=cells, metadata=METADATA)
    nbformat.write(book, jupyterlab.root / "regimes_widgets.ipynb")
    browser.open_notebook(page, jupyterlab, "regimes_widgets.ipynb")
    browser.run_all(page)
    return page


def wait_for_words(page, name, words):
    page.wait_for_function(
        f"""() => document.querySelector('.fltutor-{name} .fltutor-line')
        .innerText.includes({words!r})""",
        timeout=30_000,
    )


def test_an_arrow_key_on_clients_retrains_all_three_regimes(opened):
    before = browser.widget_image(opened, "regimes")
    assert "10 of 10 clients share" in browser.widget_line(opened, "regimes")
    browser.move_slider(opened, "clients", "ArrowRight", name="regimes")
    after = browser.wait_for_picture_change(opened, before, "regimes")
    assert after.startswith(b"\x89PNG")
    wait_for_words(opened, "regimes", "11 of 11 clients share")
    wait_for_words(opened, "regimes", "After 30 rounds")


def test_alpha_and_who_shares_are_reached_by_their_labels(opened):
    browser.move_slider(opened, "clients that share", "ArrowLeft", name="regimes")
    wait_for_words(opened, "regimes", "9 of 11 clients share")
    card = opened.locator(".fltutor-regimes").first
    card.get_by_label("they share raw data").uncheck()
    wait_for_words(opened, "regimes", "After 30 rounds")
    opened.wait_for_function(
        """() => !document.querySelector('.fltutor-regimes .fltutor-line')
        .innerText.includes('central')""",
        timeout=30_000,
    )
    assert "FedAvg" in browser.widget_line(opened, "regimes")


def test_the_first_federation_streams_after_a_key(opened):
    before = browser.widget_image(opened, "first")
    browser.move_slider(opened, "local passes", "ArrowRight", name="first")
    browser.wait_for_picture_change(opened, before, "first")
    wait_for_words(opened, "first", "after 20 rounds")


def test_a_learners_broken_average_is_told_in_place(opened):
    lines = opened.locator(".fltutor-regimes .fltutor-line")
    said = lines.nth(1).inner_text()
    assert "AttributeError" in said
    assert "avg" in said
    assert browser.errors(opened) == []
