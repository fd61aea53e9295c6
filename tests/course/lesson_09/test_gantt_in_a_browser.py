"""The Gantt of rounds in JupyterLab: sliders in a hurry, and a learner's slips."""

import browser
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

CELLS = {
    "setup": "import fltutor as ft\n\nft.lesson.setup()",
    "slips": """def moody(trips, deadline, enough):
    if deadline < 10:
        raise SystemExit(3)
    if deadline < 20:
        print("wait", "." * 10**7)
    return max(trips.values(), default=1.0), list(trips)


ft.widgets.gantt_lab(play_round=moody)""",
}


@pytest.fixture(scope="module")
def lab(page, jupyterlab):
    cells = [new_code_cell(source, id=name) for name, source in CELLS.items()]
    path = jupyterlab.root / "gantt.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, "gantt.ipynb")
    browser.run_all(page)
    return page


def test_two_sliders_moved_in_a_hurry_end_at_the_picture_of_where_they_stand(lab):
    browser.press(lab, "gantt", "asked", "ArrowRight")
    line = browser.wait_for_words(lab, "gantt", "Synchronous")
    lab.wait_for_timeout(1000)
    line, picture = (
        f(lab, "gantt") for f in (browser.widget_line, browser.widget_image)
    )
    for _ in range(4):
        browser.press(lab, "gantt", "asked", "ArrowLeft", times=3)
        browser.press(lab, "gantt", "spread", "ArrowLeft", times=2)
        browser.press(lab, "gantt", "asked", "ArrowRight", times=3)
        browser.press(lab, "gantt", "spread", "ArrowRight", times=2)
    assert browser.wait_for_words(lab, "gantt", line) == line
    lab.wait_for_timeout(1000)  # and nothing late comes after it
    assert browser.widget_line(lab, "gantt") == line
    assert browser.widget_image(lab, "gantt") == picture
    assert browser.errors(lab) == []


def test_an_exit_and_a_flood_of_prints_are_told_in_place_and_a_move_recovers(lab):
    good = browser.widget_image(lab, "gantt")
    browser.press(lab, "gantt", "deadline", "Home")
    said = browser.wait_for_words(lab, "gantt", "SystemExit: 3")
    assert "in moody, line 3: raise SystemExit(3)" in said
    assert browser.widget_image(lab, "gantt") == good
    browser.press(lab, "gantt", "deadline", "ArrowRight", times=12)  # 14 s
    browser.wait_for_words(lab, "gantt", "Synchronous")
    printed = browser.widget(lab, "gantt").locator(".fltutor-printed").inner_text()
    assert "wait ....." in printed
    assert len(printed) < 5000
    browser.press(lab, "gantt", "deadline", "End")
    browser.widget(lab, "gantt").locator(".fltutor-printed").wait_for(state="hidden")
    assert browser.errors(lab) == []
