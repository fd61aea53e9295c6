"""Every widget of the course: computed, drawn and worded at all its extremes."""

import ast
import inspect

import pytest

from fltutor import catalogue, widgets
from fltutor.lab.base import Lab, declared
from fltutor.lab.canvas import CanvasLab
from fltutor.lab.trials import check_lab

COURSE = sorted(catalogue.COURSE.glob("lesson_*/*.py"))


def labs():
    return sorted(catalogue.widgets())


@pytest.mark.parametrize("name", labs())
def test_a_widget_holds_at_every_extreme(name):
    lab = getattr(widgets, name)()
    assert isinstance(lab, Lab)
    assert check_lab(lab) >= 3


@pytest.mark.parametrize("name", labs())
def test_a_widget_has_a_name_and_few_controls(name):
    lab = getattr(widgets, name)()
    most = 8 if isinstance(lab, CanvasLab) else 6  # a canvas has them in two columns
    assert lab.parts.name
    assert 1 <= len(declared(lab.parts.controls)) <= most


@pytest.mark.parametrize("name", labs())
def test_a_widget_says_the_same_twice(name):
    make = getattr(widgets, name)
    first, second = make(), make()
    assert first.line(first.frame()) == second.line(second.frame())


@pytest.mark.parametrize("name", labs())
def test_a_widgets_file_factory_and_class_share_a_stem(name):
    _, widget = catalogue.widgets()[name]
    assert widget.file in name.split("_")
    assert getattr(widgets, name)().parts.name == widget.file


def functions(name):
    """Return the parameters of a widget's factory that take a learner's function."""
    parameters = inspect.signature(getattr(widgets, name)).parameters.values()
    return [
        p.name for p in parameters if str(p.annotation) not in ("str", "str | None")
    ]


@pytest.mark.parametrize("wrong", [3, "mean", [1, 2]])
@pytest.mark.parametrize("name", labs())
def test_what_is_no_function_is_refused_at_once(name, wrong):
    for parameter in functions(name):
        with pytest.raises(ValueError, match=f"{parameter}=.*need a function"):
            getattr(widgets, name)(**{parameter: wrong})


@pytest.mark.parametrize("name", labs())
def test_a_widget_has_words_for_all_that_it_shows_and_none_besides(name):
    number, widget = catalogue.widgets()[name]
    words = catalogue.words(number)["widget"][widget.file]
    every = declared(getattr(widgets, name)().parts.controls)
    keys = {
        field: {key for key in control.choices if isinstance(key, str)}
        for field, control in every.items()
    }
    assert set(words["controls"]) == set(every)
    shown = {field: set(words.get("choices", {}).get(field, ())) for field in every}
    if name == "drift_lab":  # with a learner's function
        keys["algorithm"].add("yours")
    assert shown == keys
    assert {field.split(".")[-1] for field in widget.idle} <= set(every)
    assert widget.slider in every


def factories(path):
    """Return the functions of a file that are named like a widget's factory."""
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    names = [node.name for node in nodes if isinstance(node, ast.FunctionDef)]
    return {name for name in names if name.endswith("_lab") or name == "drift_plane"}


def test_every_widget_of_a_lessons_folder_is_in_its_toml():
    assert set().union(*map(factories, COURSE)) == set(labs())


def test_an_unknown_widget_is_answered_with_what_there_is():
    with pytest.raises(AttributeError, match="no widget 'no_lab'.*drift_lab"):
        _ = widgets.no_lab


def test_no_lesson_imports_ipywidgets_or_matplotlib():
    for path in COURSE:
        source = path.read_text(encoding="utf-8")
        for library in ("ipywidgets", "matplotlib"):
            assert f"import {library}" not in source, path
            assert f"from {library}" not in source, path
