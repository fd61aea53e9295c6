"""An instructor's nbgrader grades the course's format: full marks, and zero."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import exercise_support as support
import pytest

from fltutor.instructor.folder import write_sources

pytest.importorskip(
    "nbgrader", reason="nbgrader is for instructors: extra `instructor`"
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),  # nbgrader's own
]

# Each notebook is executed twice, so not all of the course: the tests' own, and the
# part that sets the pattern. The rest is held to the same format by test_exercises.
SUBSET = ("01_", "02_", "03_")
NOTEBOOKS = [
    path
    for path in support.solutions()
    if path.stem == "02_small"
    or (path.parent.parent == support.ROOT and path.stem.startswith(SUBSET))
]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a generated and autograded course: {(student, notebook): submission}."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    folder = tmp_path_factory.mktemp("course")
    root = folder / "repository"
    (root / "solutions").mkdir(parents=True)
    for path in NOTEBOOKS:
        shutil.copy(path, root / "solutions")
    names = write_sources(root / "solutions", folder)
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.db_url = f"sqlite:///{folder / 'gradebook.db'}"
    config.Application.log_level = "ERROR"
    api = NbGraderAPI(config=config)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", str(support.ROOT), prepend=os.pathsep)
        scripts = str(Path(sys.executable).parent)  # nbgrader calls `alembic`
        patch.setenv("PATH", scripts, prepend=os.pathsep)
        for name in names:
            _grade(api, folder, name)
    with api.gradebook as book:
        return {
            (student, name): _scores(book, student, name)
            for name in names
            for student in ("solved", "untouched")
        }


def _grade(api, folder, name):
    """Generate an assignment; hand in the solution and the untouched exercise."""
    made = api.generate_assignment(name, create=True)
    assert made["success"], made["log"] + made.get("error", "")
    sources = {"solved": folder / "source", "untouched": folder / "release"}
    for student, source in sources.items():
        handed_in = folder / "submitted" / student / name
        shutil.copytree(source / name, handed_in)
        graded = api.autograde(name, student)
        assert graded["success"], graded["log"] + graded.get("error", "")


def _scores(book, student, name):
    grades = book.find_submission_notebook(name, name, student).grades
    return {g.name: (g.auto_score, g.max_score) for g in grades}


NAMES = [path.stem for path in NOTEBOOKS]


def graded(name, kind):
    """Return the ids of a notebook's graded cells: "code", "markdown" by hand."""
    path = next(path for path in NOTEBOOKS if path.stem == name)
    return [
        cell.id
        for cell in support.tool.stamp(support.tool.read(path)).cells
        if cell.cell_type == kind and cell.metadata.get("nbgrader", {}).get("grade")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_scores_full_marks(course, name):
    scores = course["solved", name]
    assert graded(name, "code")
    for cell in graded(name, "code"):
        score, most = scores[cell]
        assert score == most > 0, cell


@pytest.mark.parametrize("name", NAMES)
def test_the_untouched_exercise_scores_zero(course, name):
    scores = course["untouched", name]
    assert {score for score, _ in scores.values()} == {0}


@pytest.mark.parametrize("name", NAMES)
def test_the_open_answer_waits_for_a_person(course, name):
    assert graded(name, "markdown")
    for cell in graded(name, "markdown"):
        assert course["solved", name][cell][0] is None
