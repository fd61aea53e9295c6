"""Your turn: whose function a lesson goes on with, and what a learner has passed."""

import json
import sys

import pytest

import fltutor as ft
from fltutor.checks import record

ID = "02.weighted_mean"


def right(deltas, weights):
    return (weights / weights.sum()) @ deltas


def stub(deltas, weights): ...


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a course folder, seen from its lessons, with a kernel's imports."""
    (tmp_path / "lessons").mkdir()
    monkeypatch.chdir(tmp_path / "lessons")
    monkeypatch.delenv(record.SWITCH, raising=False)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    return tmp_path


def test_a_right_function_is_what_the_lesson_goes_on_with(capsys):
    assert ft.lesson.yours(right, ID) is right
    assert capsys.readouterr().out == (
        f"{ID}: right. From here on the lesson runs yours.\n"
    )


@pytest.mark.parametrize("nothing", [stub, ...])
def test_an_unwritten_one_leaves_the_courses_in_one_line(nothing, capsys):
    assert ft.lesson.yours(nothing, ID) is ft.checks.find(ID).reference
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "not written yet" in said


def test_a_wrong_one_hears_its_mistake_and_leaves_the_courses(capsys):
    got = ft.lesson.yours(lambda deltas, weights: deltas.mean(0), ID)
    assert got is ft.checks.find(ID).reference
    said = capsys.readouterr().out
    assert "The unweighted mean" in said
    assert said.endswith("the lesson goes on with the course's version.\n")


def test_what_was_passed_is_kept_in_the_courses_folder(folder):
    assert not ft.check(ID, stub)
    assert record.passed() == frozenset()
    assert ft.check(ID, right)
    assert json.loads((folder / record.NAME).read_text())["passed"] == [ID]
    assert [path.name for path in folder.iterdir() if path.is_file()] == [record.NAME]


def test_progress_counts_per_lesson(folder):
    ft.check(ID, right)
    rows = {row[0]: row[2] for row in ft.lesson.progress().rows}
    total = len(ft.checks.checks_of("02"))
    assert rows["02"] == f"1 of {total}"
    assert rows["03"].startswith("0 of ")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"passed": 3}', '{"passed": [1]}'])
def test_a_file_that_is_not_ours_counts_for_nothing(folder, text):
    (folder / record.NAME).write_text(text)
    assert record.passed() == frozenset()


def test_nothing_is_written_outside_a_kernel_or_where_it_is_switched_off(
    folder, monkeypatch
):
    monkeypatch.setenv(record.SWITCH, "off")
    ft.check(ID, right)
    monkeypatch.delenv(record.SWITCH)
    monkeypatch.delitem(sys.modules, "ipykernel")
    ft.check(ID, right)
    assert not (folder / record.NAME).exists()


def test_a_folder_that_cannot_be_written_changes_no_verdict(folder, monkeypatch):
    monkeypatch.setattr(record, "place", lambda: folder / "gone" / record.NAME)
    assert ft.check(ID, right)
