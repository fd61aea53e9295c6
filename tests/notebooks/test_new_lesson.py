"""A lesson that is begun runs, and nothing else in the repository changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import new_lesson
import pytest

ROOT = Path(__file__).resolve().parents[2]
MADE = [
    "fltutor/course/lesson_99/__init__.py",
    "fltutor/course/lesson_99/checks.py",
    "fltutor/course/lesson_99/lesson.toml",
    "fltutor/course/lesson_99/sample.py",
    "fltutor/course/lesson_99/words.toml",
    "lessons/99_sample_lesson.ipynb",
    "solutions/99_sample_lesson.ipynb",
    "tests/course/lesson_99/alternatives.py",
    "tests/course/lesson_99/facts.py",
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Return a copy of the code and the tests with one lesson more."""
    root = tmp_path_factory.mktemp("repository") / "clone"
    root.mkdir()
    for name in ("fltutor", "tests", "workshop"):
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    for name in ("conftest.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, root)
    made = new_lesson.begin("99", "sample_lesson", "A sample", root)
    assert sorted(path.relative_to(root).as_posix() for path in made) == MADE
    return root


def python(root, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )


def test_its_notebooks_run_and_have_no_fault(repository):
    run = python(repository, "workshop/notebooks.py", "lessons", "solutions")
    assert run.returncode == 0, run.stdout + run.stderr
    lint = python(repository, "workshop/lint.py", "lessons", "solutions")
    assert lint.stdout.strip() == "no faults"


def test_its_check_quiz_widget_and_facts_pass_the_tests_of_all(repository):
    run = python(
        repository,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *("tests/course/test_every_check.py", "tests/course/test_every_widget.py"),
        *("tests/course/test_every_turn.py", "tests/course/test_every_lesson.py"),
        *("-k", "99 or sample_lab"),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout


def test_the_readmes_table_has_a_row_for_it(repository):
    assert python(repository, "workshop/tables.py").returncode == 0
    text = (repository / "README.md").read_text(encoding="utf-8")
    assert "| 99 | [A sample](lessons/99_sample_lesson.ipynb) |" in text


def test_a_number_that_is_taken_is_refused(repository):
    with pytest.raises(FileExistsError, match="Got lesson 99, need a number"):
        new_lesson.begin("99", "other", "Another", repository)
