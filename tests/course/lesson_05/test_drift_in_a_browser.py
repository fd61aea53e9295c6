"""The drift microscope in JupyterLab: play, step, reset, and the order of its keys."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

SOURCES = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "drift": "ft.widgets.drift_lab()",
}
TIME = "() => Number(document.querySelector('.fltutor-drift canvas').dataset.time)"
#: Frames whose time lies a second before the moment in which play was pressed.
BACKWARDS = """() => {
  const usual = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = call => usual(now => call(now - 1000));
}"""


@pytest.fixture(scope="module")
def lab(page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in SOURCES.items()]
    path = jupyterlab.root / "drift.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, "drift.ipynb")
    browser.run_all(page)
    wait_for(page, "time > 0")
    return page


def pixels(page):
    return browser.widget_image(page, "drift")


def click(page, name):
    browser.widget(page, "drift").get_by_role("button", name=name).click()


def wait_for(page, condition):
    page.wait_for_function(f"() => {{ const time = ({TIME})(); return {condition}; }}")


def test_every_control_is_labelled_and_reached_with_tab(lab):
    labels = [
        "algorithm", "local steps K", "learning rate", "curvature spread",
        "distance of optima", "clients", "participation", "uneven work",
        "Play", "Step", "Reset", "round",
    ]  # fmt: skip
    browser.control(lab, "drift", "algorithm").focus()
    for label in labels:
        name = lab.evaluate(
            "() => document.activeElement.getAttribute('aria-label')"
            " || document.activeElement.innerText"
        )
        assert label in name
        lab.keyboard.press("Tab")


def test_reset_step_and_play(lab):
    click(lab, "Reset")
    wait_for(lab, "time === 0")
    start = pixels(lab)
    click(lab, "Step")
    wait_for(lab, "time === 1")
    after = pixels(lab)
    assert after != start
    click(lab, "Play")
    wait_for(lab, "time > 1.2")
    assert pixels(lab) != after
    click(lab, "Pause")
    stopped = lab.evaluate(TIME)
    lab.wait_for_timeout(200)
    assert lab.evaluate(TIME) == stopped
    click(lab, "Reset")
    wait_for(lab, "time === 0")
    assert pixels(lab) == start


def test_the_round_slider_moves_through_time(lab):
    knob = browser.widget(lab, "drift").locator("input.round")
    knob.focus()
    lab.keyboard.press("End")
    wait_for(lab, "time === 40")
    lab.keyboard.press("ArrowLeft")
    wait_for(lab, "time === 39")


def test_thirty_plays_from_the_start_go_on_though_time_runs_backwards(lab):
    slips = []
    lab.on("pageerror", lambda error: slips.append(str(error)))
    lab.on("console", lambda said: slips.append(said.text) if said.type == "error"
           else None)  # fmt: skip
    for number in range(30):
        if number == 15:
            lab.evaluate(BACKWARDS)
        click(lab, "Reset")
        wait_for(lab, "time === 0")
        click(lab, "Play")
        wait_for(lab, "time > 0")
        click(lab, "Pause")
    assert [slip for slip in slips if "drift" in slip or "undefined" in slip] == []


def test_who_wants_no_motion_sees_whole_rounds(lab):
    lab.emulate_media(reduced_motion="reduce")
    click(lab, "Reset")
    wait_for(lab, "time === 0")
    start = pixels(lab)
    click(lab, "Play")
    wait_for(lab, "time > 0.05")
    assert lab.evaluate(TIME) < 1
    assert pixels(lab) == start
    wait_for(lab, "time > 1")
    assert pixels(lab) != start
    click(lab, "Pause")
    lab.emulate_media(reduced_motion="no-preference")
