"""The drift microscope in JupyterLab: the keyboard, play, step, reset."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

SOURCES = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "drift": "ft.widgets.drift_lab()",
    "plane": "ft.widgets.drift_plane()",
}
TIME = "() => Number(document.querySelector('.fltutor-drift canvas').dataset.time)"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in SOURCES.items()]
    path = jupyterlab.root / "drift.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, "drift.ipynb")
    browser.run_all(page)
    wait_for(page, "time > 0")
    return page


def pixels(page):
    canvas = browser.widget(page, "drift").locator("canvas")
    return canvas.evaluate("canvas => canvas.toDataURL()")


def press(page, label, key):
    control = browser.widget(page, "drift").get_by_label(label).first
    control.focus()
    page.keyboard.press(key)


def wait_for(page, condition):
    page.wait_for_function(f"() => {{ const time = ({TIME})(); return {condition}; }}")


def wait_for_line(page, part):
    page.wait_for_function(
        "part => document.querySelector('.fltutor-drift .fltutor-line')"
        ".innerText.includes(part)",
        arg=part,
    )


def test_the_page_has_no_error_and_the_line_says_the_finding(lab):
    assert browser.errors(lab) == []
    assert "FedAvg after 40 rounds: 0.636" in browser.widget_line(lab, "drift")


def test_an_arrow_key_on_k_changes_canvas_and_words(lab):
    before = pixels(lab)
    press(lab, "local steps K", "ArrowRight")
    wait_for_line(lab, "0.792")
    assert pixels(lab) != before
    press(lab, "local steps K", "ArrowLeft")
    wait_for_line(lab, "0.636")
    assert pixels(lab) == before


def test_every_control_is_labelled_and_reached_with_tab(lab):
    labels = [
        "algorithm", "local steps K", "learning rate", "curvature spread",
        "distance of optima", "clients", "participation", "uneven work",
        "Play", "Step", "Reset", "round",
    ]  # fmt: skip
    browser.widget(lab, "drift").locator("select").focus()
    for label in labels:
        name = lab.evaluate(
            "() => document.activeElement.getAttribute('aria-label')"
            " || document.activeElement.innerText"
        )
        assert label in name
        lab.keyboard.press("Tab")


def test_reset_step_and_play(lab):
    box = browser.widget(lab, "drift")
    box.get_by_role("button", name="Reset").click()
    wait_for(lab, "time === 0")
    start = pixels(lab)
    box.get_by_role("button", name="Step").click()
    wait_for(lab, "time === 1")
    after = pixels(lab)
    assert after != start
    box.get_by_role("button", name="Play").click()
    wait_for(lab, "time > 1.2")
    moving = pixels(lab)
    assert moving != after
    box.get_by_role("button", name="Pause").click()
    stopped = lab.evaluate(TIME)
    lab.wait_for_timeout(200)
    assert lab.evaluate(TIME) == stopped
    box.get_by_role("button", name="Reset").click()
    wait_for(lab, "time === 0")
    assert pixels(lab) == start


def test_another_algorithm_is_chosen_with_the_keyboard(lab):
    browser.widget(lab, "drift").locator("select").focus()
    lab.keyboard.type("SC")
    wait_for_line(lab, "SCAFFOLD after 40 rounds")


def test_the_round_slider_moves_through_time(lab):
    press(lab, "round", "End")
    wait_for(lab, "time === 40")
    press(lab, "round", "ArrowLeft")
    wait_for(lab, "time === 39")


def test_the_plane_of_a_network_changes_with_its_slider(lab):
    before = browser.widget_image(lab, "plane")
    browser.move_slider(lab, "rounds", "ArrowLeft", name="plane", times=4)
    browser.wait_for_picture_change(lab, before, "plane")
    lab.wait_for_function(
        "() => document.querySelector('.fltutor-plane .fltutor-line')"
        ".innerText.startsWith('Round 4 ')"
    )
