"""The leaderboard roulette, spun with the keyboard in JupyterLab."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

SOURCES = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "roulette": "ft.widgets.roulette_lab()",
    "broken": """state = ft.widgets.roulette_lab().state
lab = ft.widgets.roulette_lab(interval=lambda gains, picks: gains.median())
lab.state = type(state)(seeds=5)
lab""",
}


@pytest.fixture(scope="module")
def opened(page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in SOURCES.items()]
    book = new_notebook(cells=cells, metadata=METADATA)
    nbformat.write(book, jupyterlab.root / "roulette.ipynb")
    browser.open_notebook(page, jupyterlab, "roulette.ipynb")
    browser.run_all(page)
    return page


def wait_for_words(page, words):
    page.wait_for_function(
        f"""() => document.querySelector('.fltutor-roulette .fltutor-line')
        .innerText.includes({words!r})""",
        timeout=30_000,
    )


def test_an_arrow_key_spins_and_the_picture_changes(opened):
    before = browser.widget_image(opened, "roulette")
    assert "Spin 1, 1 seed" in browser.widget_line(opened, "roulette")
    browser.move_slider(opened, "spin", "ArrowRight", name="roulette")
    after = browser.wait_for_picture_change(opened, before, "roulette")
    assert after.startswith(b"\x89PNG")
    wait_for_words(opened, "Spin 2, 1 seed")


def test_seeds_tries_and_test_set_are_reached_by_their_labels(opened):
    browser.move_slider(opened, "tries for FedAvg", "End", name="roulette")
    wait_for_words(opened, "FedAvg 9, others 1")
    browser.move_slider(opened, "seeds reported", "ArrowRight", name="roulette")
    wait_for_words(opened, "2 seeds")
    card = opened.locator(".fltutor-roulette").first
    card.get_by_text("worst", exact=True).click()
    wait_for_words(opened, "worst client")


def test_a_learners_broken_interval_is_told_in_place(opened):
    said = opened.locator(".fltutor-roulette .fltutor-line").nth(1).inner_text()
    assert "AttributeError" in said
    assert "median" in said
    assert browser.errors(opened) == []
