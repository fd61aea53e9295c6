"""Every widget in JupyterLab: opened as its lesson does, moved with the keyboard."""

import inspect

import browser
import nbformat
import opening
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

from fltutor import catalogue, widgets

OPENINGS = opening.openings()
PLACES = {}  # (widget's name, which of those on the page) -> its opening
for each in OPENINGS:
    PLACES[each.widget.file, sum(n == each.widget.file for n, _ in PLACES)] = each
BROKEN = 'def broken(*given):\n    raise RuntimeError("a slip of mine")'
SETTLED = """([name, place, before]) => {
  const box = document.querySelectorAll(`.fltutor-${name}`)[place];
  const line = box.querySelector(".fltutor-line");
  return line.getAttribute("aria-busy") !== "true" && line.innerText !== before;
}"""
#: What axe need not look at: the notebook around our outputs.
OURS = {"include": [[".fltutor-widget"]]}
LABELS = ".fltutor-lab .controls span, .fltutor-lab button, .fltutor-lab output"
CUT = """labels => [...document.querySelectorAll(labels)]
  .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
  .map(each => each.innerText)"""


def functions(name):
    """Return the parameters of a widget's factory that take a learner's function."""
    parameters = inspect.signature(getattr(widgets, name)).parameters.values()
    return [p.name for p in parameters
            if p.default is None and p.annotation != "str | None"]  # fmt: skip


def cells():
    """Yield the sources of one notebook: all widgets, then broken functions, cards."""
    for each in OPENINGS:
        yield from each.sources
    yield BROKEN
    for name in catalogue.widgets():
        for parameter in functions(name):
            yield f"ft.widgets.{name}({parameter}=broken)"
    yield 'ft.lesson.predict("How many?", low=0, high=10, step=1, key="many")'
    yield 'ft.lesson.quiz("05")'


@pytest.fixture(scope="module")
def course(page, jupyterlab):
    made = [new_code_cell(source, id=f"cell-{k}") for k, source in enumerate(cells())]
    path = jupyterlab.root / "widgets.ipynb"
    nbformat.write(new_notebook(cells=made, metadata=METADATA), path)
    browser.open_notebook(page, jupyterlab, path.name)
    browser.run_all(page, timeout=240)
    return page


def at(place):
    return f"{place[0]}-{PLACES[place].lesson}"


def state(page, place):
    return browser.widget_image(page, *place), browser.widget_line(page, *place)


def settle(page, place, before=""):
    """Wait until the line is final, and another one than before."""
    page.wait_for_function(SETTLED, arg=[*place, before], timeout=60_000)
    return state(page, place)


def keys(page, place, field):
    """Return the key that moves a control, and the one that moves it back."""
    knob = browser.control(page, place[0], field, place[1])
    kind = knob.evaluate("each => each.type")
    if kind == "checkbox":
        return "Space", "Space"
    if kind != "range":
        return "ArrowDown", "ArrowUp"
    full = knob.evaluate("each => Number(each.value) >= Number(each.max)")
    return ("ArrowLeft", "ArrowRight") if full else ("ArrowRight", "ArrowLeft")


def fields(page, place):
    rows = browser.widget(page, *place).locator("[class*='control-']")
    names = [word for row in rows.all() for word in row.get_attribute("class").split()]
    return [name[8:] for name in names if name.startswith("control-")]


@pytest.mark.parametrize("place", PLACES, ids=at)
def test_a_widget_opens_as_it_is_saved_and_every_control_moves_it(course, place):
    page, one = course, PLACES[place]
    assert browser.errors(page) == []
    picture, line = settle(page, place)
    assert line == one.line
    idle = {name.removeprefix(f"{one.lesson}.") for name in one.widget.idle}
    idle = {name for name in idle if "." not in name}
    assert set(idle) <= set(fields(page, place))
    for field in idle:  # and what is said not to move anything does not
        key, back = keys(page, place, field)
        browser.press(page, place[0], field, key, place=place[1])
        page.wait_for_timeout(600)
        assert settle(page, place)[1] == line, field
        browser.press(page, place[0], field, back, place=place[1])
    for field in fields(page, place):
        if field in idle:
            continue
        key, back = keys(page, place, field)
        browser.press(page, place[0], field, key, place=place[1])
        moved, said = settle(page, place, before=line)
        assert moved != picture, field
        browser.press(page, place[0], field, back, place=place[1])
        assert settle(page, place, before=said)[1] == line, field


@pytest.mark.parametrize("name", catalogue.widgets())
def test_a_broken_function_is_told_in_place(course, name):
    file = catalogue.widgets()[name][1].file
    first = sum(n == file for n, _ in PLACES)
    for number, _parameter in enumerate(functions(name)):
        said = until_it_is_called(course, (file, first + number))
        assert "RuntimeError: a slip of mine" in said
        assert "in broken, line 2" in said
    assert browser.errors(course) == []


def until_it_is_called(page, place):
    """Move controls until the learner's function is called; return the words."""
    said = browser.widget_line(page, *place)
    for field in fields(page, place):
        key, _ = keys(page, place, field)
        for _ in range(3 if key == "ArrowDown" else 1):
            if "a slip of mine" in said:
                return said
            browser.press(page, place[0], field, key, place=place[1])
            page.wait_for_timeout(400)
            _, said = settle(page, place)
    return said


def test_no_label_is_cut(course):
    assert course.locator(LABELS).count() > 100
    assert course.evaluate(CUT, LABELS) == []


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious(course, theme):
    course.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
        theme,
    )
    course.wait_for_timeout(1500)
    found = Axe().run(course, context=OURS).response["violations"]
    serious = [
        (each["id"], node["html"][:200])
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
    assert serious == []
