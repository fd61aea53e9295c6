"""Notebooks hold to the course's pattern, and every rule of the lint can fail."""

import base64
import copy
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import lint
import lint_lesson
import nbformat
import notebooks
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).parents[1] / "fixtures" / "sample_lesson.py"
BUDGET = 6
"""How many cells of the whole course nbval may leave uncompared."""
COURSE = notebooks.notebooks(
    [str(ROOT / name) for name in ("lessons", "exercises", "solutions")]
)


@pytest.mark.parametrize("path", COURSE, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_notebook_of_the_course_has_no_fault(path):
    assert lint.lint(path) == []


def test_tags_that_switch_comparison_off_are_few_and_have_a_reason():
    listed = tomllib.loads(lint.TAGS.read_text("utf-8"))
    reasons = [reason for cells in listed.values() for reason in cells.values()]
    assert len(reasons) <= BUDGET
    assert all(len(reason.split()) >= 4 for reason in reasons)
    assert all((ROOT / name).exists() for name in listed)


def test_ids_are_kept_by_one_notebook_each_lesson_and_are_unique():
    for path in COURSE:
        ids = [cell.id for cell in nbformat.read(path, 4).cells]
        assert len(ids) == len(set(ids)), path


# The lint itself


def sample():
    """Return the sample lesson as if it had been executed."""
    cells = []
    for block in re.split(r"^# %% ", SAMPLE.read_text(), flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        if head.endswith("[markdown]"):
            text = re.sub(r"^# ?", "", body.strip(), flags=re.MULTILINE)
            cells.append(new_markdown_cell(text, id=head.split()[0]))
        else:
            cells.append(new_code_cell(body.strip(), id=head))
    notebook = new_notebook(cells=cells, metadata=copy.deepcopy(notebooks.METADATA))
    code = [cell for cell in cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        said = {"mean": "1.5", "wave-widget": "3 periods"}.get(cell.id, "")
        if said:
            data = {"text/plain": said}
            if cell.id == "wave-widget":
                data["image/png"] = "iVBORw0KGgo="
            cell.outputs = [
                new_output("execute_result", data=data, execution_count=count)
            ]
    return notebook


def faults(notebook, folder, kind="lessons"):
    path = folder / "02_sample.ipynb"
    nbformat.write(notebook, path)
    return lint.lint(path, kind)


def test_the_sample_lesson_has_no_fault(tmp_path):
    assert faults(sample(), tmp_path) == []


def cell(notebook, name):
    return next(c for c in notebook.cells if c.id == name)


def edit(name, old, new):
    def change(notebook):
        found = cell(notebook, name)
        assert old in found.source
        found.source = found.source.replace(old, new)

    return change


def output(where, **fields):
    def change(notebook):
        kind = fields.pop("output_type", "display_data")
        cell(notebook, where).outputs.append(new_output(kind, **fields))

    return change


def setting(name, **fields):
    return lambda notebook: cell(notebook, name).update(fields)


def swap(first, second):
    def change(notebook):
        ids = [c.id for c in notebook.cells]
        i, j = ids.index(first), ids.index(second)
        cells = notebook.cells
        cells[i], cells[j] = cells[j], cells[i]

    return change


def grow(count):
    def change(notebook):
        for found in notebook.cells:
            if found.cell_type == "code" and found.id != "setup":
                found.source = "\n".join(["x = 1"] * (count - 1) + [found.source])

    return change


VIEW = {notebooks.WIDGET_VIEW: {"model_id": "1"}, "text/plain": "x"}
BREAKS = {
    "kernelspec": lambda n: n.metadata.kernelspec.update(name="other"),
    "size": edit("agree-text", "numpy", "numpy" + "x" * 1_500_000),
    "widgets: widget state": lambda n: n.metadata.update(widgets={}),
    "id: '3f2a9c1e'": setting("mean", id="3f2a9c1e"),
    "id: 'Mean_1'": setting("mean", id="Mean_1"),
    "magic: mean: '!pip": edit("mean", "mine", "!pip install x\nmine"),
    "magic: mean: '%timeit": edit("mean", "mine = ", "%timeit "),
    "semicolon": edit("mean", "2\nmine", "2\nmine;"),
    "banned: mean uses clear_output": edit("mean", "mine", "clear_output\nmine"),
    "banned: setup imports matplotlib": edit(
        "setup", "import numpy as np", "import matplotlib"
    ),
    "counts": setting("mean", execution_count=None),
    "error: mean": output(
        "mean", output_type="error", ename="ValueError", evalue="", traceback=[]
    ),
    "stderr": output("mean", output_type="stream", name="stderr", text="warn"),
    "widgets: mean saved": output("mean", data=VIEW),
    "address": output("mean", data={"text/plain": "<f at 0x7f00>"}),
    "alt: mean shows": output("mean", data={"image/png": "", "text/plain": "<F>"}),
    "tags: mean is tagged": lambda n: cell(n, "mean").metadata.update(
        tags=["nbval-skip"]
    ),
    "title: the first cell": edit("title", "# 02", "02"),
    "title: no 'Minutes": edit("title", "Minutes: 5", "Five minutes"),
    "title: no 'Builds on'": edit("title", "Builds on", "After"),
    "setup: the first code cell": edit("setup", "ft.lesson.setup()", "x = 1"),
    "imports: mean": edit("mean", "mine = ", "import os\nmine = "),
    "skeleton: no section '## Measure'": edit("measure", "## Measure", "### Measure"),
    "skeleton: the sections stand": swap("breaks", "who"),
    "skeleton: '## More'": edit("agree-text", "The same", "## More\nThe same"),
    "lengths: the median": grow(9),
    "above 16 lines": grow(17),
    "at most 24": grow(25),
    "syntax: mean": edit("mean", "mine = ", "mine = = "),
    "without alt=": edit("picture", ', alt=f"Half: {share}."', ""),
    "predict: the section": edit("predict-mean", "ft.lesson.predict", "ask"),
    "predict: nothing is revealed": edit("reveal", ".reveal", ".show"),
    "build: no ft.lesson.compare": edit("agree", "ft.lesson.compare", "print"),
    "see: no widget": setting("wave-widget", outputs=[]),
    "see: no question": edit("see", "periods?", "periods."),
    "see: no folded answer": edit("see", "<details>", "<div>"),
    "viewers: needs a table": edit("who", "eavesdropper | user", "user | eavesdropper"),
    "viewers: the table has no row": edit(
        "who", "\n| an example | its own | no | no | no |", ""
    ),
    'quiz: the section has no ft.lesson.quiz("02")': edit("quiz", "02", "03"),
    "take-away: 4 bullets": edit("take-away", "- five\n", ""),
    "papers": edit("take-away", "arXiv:1602.05629", "2016"),
    "number: 1.7 in agree-text": edit("agree-text", "1.5", "1.7"),
    "number: 51.0 in picture-text": edit("picture-text", "50.0", "51.0"),
}


@pytest.mark.parametrize("message", BREAKS)
def test_a_rule_of_the_lint_fails_on_a_broken_notebook(message, tmp_path):
    notebook = sample()
    BREAKS[message](notebook)
    assert any(message in fault for fault in faults(notebook, tmp_path))


def test_every_rule_is_seen_red_by_some_broken_notebook():
    source = Path(lint.__file__).read_text() + Path(lint_lesson.__file__).read_text()
    told = set(re.findall(r"yield \(?\s*f?[\"']([a-z-]+):", source))
    missing = {word for word in told if not any(word + ":" in m or m.startswith(word)
               for m in BREAKS)}  # fmt: skip
    assert missing - {"alt", "text", "lengths"} == set()


def test_lesson_00_may_have_a_shorter_skeleton(tmp_path):
    notebook = sample()
    edit("breaks", "## Where it breaks\n", "")(notebook)
    edit("quiz", "02", "00")(notebook)
    path = tmp_path / "00_start.ipynb"
    nbformat.write(notebook, path)
    assert lint.lint(path, "lessons") == []


def test_exercises_need_no_outputs_but_clean_ids(tmp_path):
    notebook = sample()
    for found in notebook.cells:
        if found.cell_type == "code":
            found.outputs, found.execution_count = [], None
    assert faults(notebook, tmp_path, "exercises") == []
    notebook.cells[0].id = "a1b2c3d4"
    assert faults(notebook, tmp_path, "exercises") != []


# Re-execution


def small(folder, source, **fields):
    path = folder / "lessons" / "small.ipynb"
    path.parent.mkdir(exist_ok=True)
    made = new_notebook(
        cells=[new_code_cell(source, id="only", **fields)],
        metadata=notebooks.METADATA | {"widgets": {}, "signature": "x"},
    )
    nbformat.write(made, path)
    return path


def test_executing_twice_leaves_the_same_bytes_and_tidy_metadata(tmp_path, capsys):
    path = small(tmp_path, "import ipywidgets\nprint('a')\nipywidgets.IntSlider()")
    assert notebooks.main([str(path), "--check"]) == 1
    assert notebooks.main([str(path)]) == 0
    first = path.read_bytes()
    assert notebooks.main([str(path)]) == 0
    assert path.read_bytes() == first
    assert "unchanged" in capsys.readouterr().out
    assert notebooks.main([str(path), "--check"]) == 0
    made = nbformat.read(path, 4)
    assert dict(made.metadata) == notebooks.METADATA
    assert made.cells[0].execution_count == 1
    assert not {"execution", "signature"} & set(made.cells[0].metadata)


def test_a_changed_result_is_stale_in_check_mode_and_left_alone(tmp_path):
    path = small(tmp_path, "1 + 1")
    notebooks.main([str(path)])
    changed = path.read_text().replace('"2"', '"3"')
    path.write_text(changed)
    assert notebooks.main([str(path), "--check"]) == 1
    assert path.read_text() == changed


def test_a_failing_notebook_is_told_and_not_saved(tmp_path, capsys):
    path = small(tmp_path, "1 / 0")
    before = path.read_bytes()
    assert notebooks.main([str(path)]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_widget_views_are_dropped_where_something_else_stands_for_them():
    both = new_output("display_data", data=VIEW)
    assert list(notebooks.tidy_output(both)["data"]) == ["text/plain"]
    alone = new_output("display_data", data={notebooks.WIDGET_VIEW: {}})
    assert list(notebooks.tidy_output(alone)["data"]) == [notebooks.WIDGET_VIEW]


def test_pieces_of_one_stream_are_joined():
    def piece(text, name="stdout"):
        return new_output("stream", text=text, name=name)

    merged = notebooks.merge_streams([piece("a"), piece("b"), piece("c", "stderr")])
    assert [(o["name"], o["text"]) for o in merged] == [
        ("stdout", "ab"), ("stderr", "c"),
    ]  # fmt: skip


# nbval


def nbval(path):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval",
         "--nbval-current-env", "--nbval-sanitize-with",
         str(ROOT / "tests" / "nbval_sanitize.cfg"), str(path)],
        capture_output=True, text=True, cwd=ROOT, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    source = (
        "import fltutor as ft\n"
        "ft.lesson.compare(1.0, 1.0)\n"
        "ft.plots.bars({'a': 0.5}, ylabel='y', title='t', alt=f'Half: {0.5}.')"
    )
    path = small(tmp_path_factory.mktemp("nbval"), source)
    assert notebooks.main([str(path)]) == 0
    return path


def test_nbval_passes_on_an_executed_notebook(executed):
    done = nbval(executed)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Half: 0.5.", "Half: 0.6."),
        ("exact, the same number in the one place", "different"),
    ],
)
def test_nbval_sees_a_changed_digit_in_a_saved_output(executed, tmp_path, old, new):
    text = executed.read_text()
    assert old in text
    path = tmp_path / "changed.ipynb"
    notebook = nbformat.reads(text, 4)
    for out in notebook.cells[0].outputs:
        out.update(_replaced(out, old, new))
    nbformat.write(notebook, path)
    assert path.read_text() != text
    assert nbval(path).returncode == 1


def _replaced(out, old, new):
    if "text" in out:
        return {"text": out["text"].replace(old, new)}
    data = {k: v.replace(old, new) for k, v in out["data"].items()}
    return {"data": data}


def test_nbval_takes_exact_and_close_to_1e_12_as_equal(executed, tmp_path):
    path = tmp_path / "close.ipynb"
    text = executed.read_text()
    near = text.replace("exact, the same number in", "close, equal to 1e-12 in")
    assert near != text
    path.write_text(near)
    assert nbval(path).returncode == 0


def test_saved_pictures_are_valid_png(executed):
    outs = nbformat.read(executed, 4).cells[0].outputs
    (png,) = [o["data"]["image/png"] for o in outs if "data" in o]
    assert base64.b64decode(png).startswith(b"\x89PNG")
