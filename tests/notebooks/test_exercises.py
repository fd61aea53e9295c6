"""Exercises are generated from the solutions, and nothing else makes them."""

from __future__ import annotations

import ast
import os
import re
import shutil

import exercise_support as support
import pytest
from nbclient import NotebookClient

pytest.importorskip("nbgrader", reason="generating exercises needs the extra `test`")

tool = support.tool
SMALL = support.FIXTURES / "solutions" / "02_small.ipynb"
NOTEBOOKS = [pytest.param(path, id=path.stem) for path in support.solutions()]

# Lesson 00 shows how checks work; every other lesson asks the full set.
FULL = [
    pytest.param(path, id=path.stem)
    for path in support.solutions()
    if path.parent.parent == support.ROOT and not path.stem.startswith("00_")
]


@pytest.fixture
def repository(tmp_path):
    """Return a small repository whose exercises are up to date."""
    (tmp_path / "solutions").mkdir()
    shutil.copy(SMALL, tmp_path / "solutions")
    tool.write(tmp_path)
    return tmp_path


def exercise_of(path):
    return tool.generate(tool.stamp(tool.read(path)))


# ---- the course's notebooks ------------------------------------------------------


def test_the_committed_exercises_are_what_would_be_generated():
    assert tool.differing(support.ROOT) == [], "run `make exercises` and commit"


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_generating_twice_gives_the_same_bytes(path):
    assert tool.dumps(exercise_of(path)) == tool.dumps(exercise_of(path))


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_an_exercise_has_no_solution_no_output_and_no_nbgrader_import(path):
    solved, exercise = tool.read(path), exercise_of(path)
    kept = [c for c in solved.cells if "solution-only" not in tool.tags(c)]
    assert [c.id for c in exercise.cells] == [c.id for c in kept]
    for cell in exercise.cells:
        assert "nbgrader" not in cell.source
        assert "SOLUTION" not in cell.source
        assert "solution-only" not in tool.tags(cell)
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            ast.parse(cell.source)


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_every_check_of_a_notebook_is_solved_asked_and_hinted(path):
    cells = tool.read(path).cells
    solved = {tool.check_id(cell) for cell in cells} - {None}
    lines = [cell.source.strip().split("\n")[-1] for cell in cells]
    asked = {found["id"] for line in lines if (found := tool.CHECK_LINE.match(line))}
    assert solved == asked
    for cell in cells:
        if tool.CHECK_LINE.match(cell.source.strip().split("\n")[-1]):
            assert "BEGIN HIDDEN TESTS" in cell.source, f"{cell.id}: not stamped"
    if path.parent == support.ROOT / "solutions":
        hinted = {id for id in solved for line in lines if f'ft.hint("{id}"' in line}
        assert hinted == solved


@pytest.mark.parametrize("path", FULL)
def test_a_lesson_asks_three_core_one_stretch_and_one_open_question(path):
    cells = tool.read(path).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert len(re.findall(r"^\*\d+ minutes · core\*$", text, re.M)) >= 3
    assert len(re.findall(r"^\*\d+ minutes · stretch\*$", text, re.M)) >= 1
    assert "Rubric" in text
    assert "<!-- BEGIN SOLUTION -->" in text
    assert any("solution-only" in tool.tags(cell) for cell in cells), "say why"


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS)
def test_an_untouched_exercise_runs_to_its_end(path):
    exercise = exercise_of(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", str(support.ROOT), prepend=os.pathsep)
        NotebookClient(exercise, kernel_name="python3", timeout=120).execute()
    shown = [
        output["data"]["text/plain"]
        for cell in exercise.cells
        if tool.CHECK_LINE.match(cell.source)
        for output in cell.outputs
    ]
    assert shown
    assert all("not written yet" in text for text in shown)


# ---- the tool --------------------------------------------------------------------


def test_an_edited_exercise_is_noticed(repository, capsys):
    assert tool.main(["--check", "--root", str(repository)]) == 0
    path = repository / "exercises" / SMALL.name
    path.write_text(path.read_text().replace("Write your code", "write your code"))
    assert tool.main(["--check", "--root", str(repository)]) == 1
    assert "exercises/02_small.ipynb is not what" in capsys.readouterr().out


def test_an_edited_solution_is_noticed(repository):
    path = repository / "solutions" / SMALL.name
    path.write_text(path.read_text().replace("One row per client", "A row per client"))
    assert tool.differing(repository) == ["exercises/02_small.ipynb"]
    assert tool.write(repository) == ["exercises/02_small.ipynb"]
    assert tool.differing(repository) == []


def test_an_exercise_without_a_solution_is_noticed(repository):
    orphan = repository / "exercises" / "03_orphan.ipynb"
    shutil.copy(repository / "exercises" / SMALL.name, orphan)
    assert tool.differing(repository) == ["exercises/03_orphan.ipynb"]


def test_a_check_writes_nothing(repository):
    path = repository / "exercises" / SMALL.name
    path.unlink()
    assert tool.main(["--check", "--root", str(repository)]) == 1
    assert not path.exists()


def test_stamping_twice_changes_nothing():
    once = tool.stamp(tool.read(SMALL))
    assert tool.dumps(tool.stamp(once)) == tool.dumps(once)
    assert tool.dumps(once) == SMALL.read_text(encoding="utf-8")


def test_a_solution_cell_belongs_to_the_next_check():
    notebook = tool.read(SMALL)
    del notebook.cells[3].metadata["fltutor"]
    stamped = tool.stamp(notebook)
    assert tool.check_id(stamped.cells[3]) == "02.weighted_mean"
    assert [cell.id for cell in stamped.cells if tool.check_id(cell)] == ["mean-code"]


def test_points_are_said_on_the_check_cell():
    notebook = tool.read(SMALL)
    notebook.cells[4].metadata["fltutor"] = {"points": 3}
    assert tool.stamp(notebook).cells[4].metadata["nbgrader"]["points"] == 3


def test_two_cells_of_one_id_are_refused():
    notebook = tool.read(SMALL)
    notebook.cells[1].id = notebook.cells[0].id
    with pytest.raises(ValueError, match=r"occur twice: \['title'\]"):
        tool.stamp(notebook)


def test_an_answer_that_is_a_number_leaves_a_cell_that_runs():
    notebook = tool.read(SMALL)
    notebook.cells[
        3
    ].source = "answer = ...\n### BEGIN SOLUTION\nanswer = 0.25\n### END SOLUTION"
    cell = tool.generate(tool.stamp(notebook)).cells[3]
    space = {}
    exec(cell.source, space)
    assert space["answer"] is ...
    assert "0.25" not in cell.source


def test_a_course_for_instructors_has_no_explanations(tmp_path, repository):
    assert tool.main(["--course", str(tmp_path / "c"), "--root", str(repository)]) == 0
    source = tool.read(tmp_path / "c" / "source" / SMALL.stem / SMALL.name)
    assert "mean-why" not in [cell.id for cell in source.cells]
    assert "### BEGIN SOLUTION" in source.cells[3].source
