"""Lesson 03 in JupyterLab: the widget moves by keyboard, the lesson runs through."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA


@pytest.fixture(scope="module")
def lab(page, jupyterlab):
    cells = [
        new_code_cell("import fltutor as ft\n\nft.lesson.setup()", id="setup"),
        new_code_cell("ft.widgets.work_lab()", id="work"),
    ]
    path = jupyterlab.root / "work.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, path.name)
    browser.run_all(page)
    return page


def _wait_for_words(page, words):
    page.wait_for_function(
        "words => document.querySelector('.fltutor-work .fltutor-line')"
        ".innerText.includes(words)",
        arg=words,
        timeout=30_000,
    )


def _settings_own_rounds(line):
    return float(line.split("your setting ")[1].split(" rounds")[0])


def _mib(line):
    """Return the MiB that FedSGD sends until the target."""
    return float(line.split("rounds, ")[1].split(" MiB")[0])


def test_more_epochs_by_keyboard_change_picture_steps_and_rounds(lab):
    assert browser.errors(lab) == []
    before, line = browser.widget_image(lab, "work"), browser.widget_line(lab, "work")
    assert line.startswith("20 local steps a round")
    browser.move_slider(lab, "E, local epochs", "ArrowRight", name="work")
    after = browser.wait_for_picture_change(lab, before, "work")
    assert after.startswith(b"\x89PNG")
    _wait_for_words(lab, "40 local steps a round")
    lab.wait_for_function(
        "() => (document.querySelector('.fltutor-work .fltutor-line').innerText"
        ".match(/ MiB/g) || []).length === 2",
        timeout=30_000,
    )
    now = browser.widget_line(lab, "work")
    assert _settings_own_rounds(now) < _settings_own_rounds(line)


def test_fewer_clients_by_keyboard_send_fewer_bytes(lab):
    before, line = browser.widget_image(lab, "work"), browser.widget_line(lab, "work")
    browser.move_slider(lab, "C, share of clients", "ArrowLeft", name="work")
    browser.wait_for_picture_change(lab, before, "work")
    fedsgd = line.split("FedSGD ")[1].split(";")[0]
    lab.wait_for_function(
        """old => {
          const line = document.querySelector('.fltutor-work .fltutor-line').innerText;
          return line.match(/ MiB/g)?.length === 2 && !line.includes(old);
        }""",
        arg=fedsgd,
        timeout=30_000,
    )
    now = browser.widget_line(lab, "work")
    assert _mib(now) < 0.9 * _mib(line)


def test_the_x_axis_is_chosen_without_a_mouse(lab):
    before = browser.widget_image(lab, "work")
    button = browser.widget(lab, "work").get_by_role("button", name="bytes")
    button.focus()
    lab.keyboard.press("Enter")
    assert browser.wait_for_picture_change(lab, before, "work").startswith(b"\x89PNG")
