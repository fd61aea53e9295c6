"""The browser harness and the widget base, in JupyterLab under headless Chromium."""

import time
from pathlib import Path

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

SETUP = "import fltutor as ft\nimport sample_lab\n\nft.lesson.setup()"
SAMPLE = Path(__file__).parents[1] / "fixtures" / "sample_lab.py"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory, jupyterlab):
    (jupyterlab.root / "sample_lab.py").write_text(SAMPLE.read_text())
    sources = {
        "setup": SETUP,
        "guess": "guess = sample_lab.guess()\nguess",
        "reveal": "guess.reveal(7)",
        "wave": "sample_lab.wave_lab()",
        "slow": "sample_lab.slow_lab()",
        "broken": "sample_lab.broken_lab()",
        "quiz": "sample_lab.quiz()",
    }
    cells = [new_code_cell(source, id=name) for name, source in sources.items()]
    path = tmp_path_factory.mktemp("sample") / "sample.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    return path


@pytest.fixture(scope="module")
def sample(page, jupyterlab, notebook):
    (jupyterlab.root / "sample.ipynb").write_text(notebook.read_text())
    browser.open_notebook(page, jupyterlab, "sample.ipynb")
    browser.run_all(page)
    return page


def test_run_all_leaves_no_error(sample):
    assert browser.errors(sample) == []
    assert sample.locator(".jp-InputPrompt").all_inner_texts() == [
        f"[{k}]:" for k in range(1, 8)
    ]


def test_an_arrow_key_moves_the_slider_and_changes_picture_and_words(sample):
    before = browser.widget_image(sample, "wave")
    assert browser.widget_line(sample, "wave").startswith("3 periods")
    browser.press(sample, "wave", "periods", "ArrowRight")
    after = browser.wait_for_picture_change(sample, before, "wave")
    assert after.startswith(b"\x89PNG")
    assert browser.widget_line(sample, "wave").startswith("4 periods")


def test_the_picture_says_the_line_to_who_does_not_see_it(sample):
    picture = sample.locator(".fltutor-wave img")
    assert picture.get_attribute("alt") == browser.widget_line(sample, "wave")


def test_a_choice_shows_its_words_and_is_made_with_arrow_keys(sample):
    group = sample.get_by_role("radiogroup", name="shape")
    assert group.locator("label").all_inner_texts() == ["a sine", "a square"]
    browser.press(sample, "wave", "shape", "ArrowDown")
    browser.wait_for_words(sample, "wave", "top 1 m")


def test_the_keyboard_alone_reaches_every_control(sample):
    browser.control(sample, "wave", "periods").focus()
    names = []
    for _ in range(4):
        names.append(sample.evaluate(
            "() => document.activeElement.closest('[class*=control-]').className"
        ))  # fmt: skip
        sample.keyboard.press("Tab")
    assert [name.split("control-")[1] for name in names] == [
        "periods", "height", "shape", "doubled",
    ]  # fmt: skip


def test_a_move_cancels_the_run_before_it_and_a_line_is_running_until_it_is_final(
    sample,
):
    assert "round 40 " in browser.widget_line(sample, "slow")
    before = browser.widget_image(sample, "slow")
    browser.press(sample, "slow", "speed", "ArrowRight")
    started = time.monotonic()
    browser.wait_for_picture_change(sample, before, "slow")
    assert time.monotonic() - started < 2.0
    line = browser.widget_line(sample, "slow")
    assert line.startswith("Running: round ")
    assert "speed 2" in line
    browser.press(sample, "slow", "speed", "ArrowRight")
    final = browser.wait_for_words(sample, "slow", "round 40 of 40, speed 3")
    assert final == "round 40 of 40, speed 3"


def test_an_error_is_told_in_place_and_the_next_move_recovers(sample):
    line = browser.widget_line(sample, "broken")
    assert "ZeroDivisionError" in line
    browser.press(sample, "broken", "divisor", "ArrowRight")
    browser.wait_for_words(sample, "broken", "quotient 1")
    assert browser.widget_image(sample, "broken").startswith(b"\x89PNG")


def test_a_guess_is_committed_with_the_keyboard_and_revealed(sample):
    browser.press(sample, "predict", "", "ArrowRight", times=2)
    card = sample.locator(".fltutor-predict")
    sample.wait_for_function(
        "() => document.querySelector('.fltutor-predict output').innerText === '7'"
    )
    card.locator("button").focus()
    sample.keyboard.press("Enter")
    card.get_by_text("Committed: 7").wait_for()


def test_a_quiz_explains_the_answer_that_is_chosen(sample):
    card = sample.locator(".fltutor-quiz")
    card.locator("input[type=radio]").first.check()
    card.get_by_text("0 of 5 right, 1 of 5 answered.").wait_for()
    assert "Not quite." in card.inner_text()
