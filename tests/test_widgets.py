"""Every widget of the course: computed, drawn and worded at all its extremes."""

from pathlib import Path

import pytest

from fltutor import widgets
from fltutor.widgets.base import Lab, check_lab, controls
from fltutor.widgets.base_canvas import CanvasLab

FOLDER = Path(widgets.__file__).parent


def labs():
    return sorted(widgets.LABS)


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
    assert 1 <= len(controls(lab.parts.state)) <= most


@pytest.mark.parametrize("name", labs())
def test_a_widget_says_the_same_twice(name):
    make = getattr(widgets, name)
    first, second = make(), make()
    assert first.line(first.frame()) == second.line(second.frame())


def test_every_widget_file_is_registered():
    files = {path.stem for path in FOLDER.glob("*.py")}
    files = {stem for stem in files if not stem.startswith(("base", "_"))}
    listed = {target.partition(":")[0] for target in widgets.LABS.values()}
    assert listed == files


def test_an_unknown_widget_is_answered_with_what_there_is():
    with pytest.raises(AttributeError, match="has no 'no_lab'"):
        _ = widgets.no_lab


def test_only_the_view_imports_ipywidgets_and_no_widget_imports_matplotlib():
    for path in FOLDER.glob("*.py"):
        source = path.read_text()
        if path.name != "base_view.py":
            assert "import ipywidgets" not in source, path.name
        assert "import matplotlib" not in source, path.name
        assert "from matplotlib" not in source, path.name
