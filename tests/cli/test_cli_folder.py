"""The learner's folder: how it is named, copied into, renewed, and left alone."""

import json
import os
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from fltutor.cli import main
from fltutor.cli.arguments import split_arguments
from fltutor.cli.course import RECORD, Course, copy_course
from fltutor.cli.ports import own_port

lab = import_module("fltutor.cli.lab")

NAME = Path("lessons/02_fedavg.ipynb")
FLAGS = ("debug", "no-script", "y")


def notebook(*sources, outputs=(), **metadata):
    """Return a notebook's text: code cells with these sources."""
    cells = [
        {
            "cell_type": "code",
            "source": source,
            "outputs": list(outputs),
            "metadata": metadata,
        }
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4})


def ship(root, text):
    (root / NAME).parent.mkdir(parents=True, exist_ok=True)
    (root / NAME).write_text(text)


@pytest.fixture
def course(tmp_path):
    """An installed course of one notebook."""
    root = tmp_path / "package" / "course"
    ship(root, notebook("mean(rows)"))
    return Course(root=root, is_clone=False)


@pytest.fixture
def mine(course, tmp_path):
    """A learner's copy of it."""
    copy_course(course, tmp_path / "mine", version="0.1.0")
    return tmp_path / "mine"


def renew(course, mine):
    return copy_course(course, mine, version="0.2.0")


# --- what counts as changed


RUN = {"output_type": "stream", "name": "stdout", "text": "0.5"}


@pytest.mark.parametrize(
    "text",
    [
        notebook("mean(rows)", outputs=[RUN]),
        notebook("mean(rows)", trusted=True),
        notebook(["mean(", "rows)"]),
        notebook("mean(rows)", ""),
        json.dumps(json.loads(notebook("mean(rows)")), indent=1) + "\n",
    ],
    ids=["run", "trusted", "as lines", "an empty cell after it", "saved again"],
)
def test_a_notebook_with_the_same_cells_counts_as_unchanged(course, mine, text):
    (mine / NAME).write_text(text)
    copied = renew(course, mine)
    assert (copied.kept, copied.updated, copied.beside) == ([], [], [])
    assert (mine / NAME).read_text() == text
    ship(course.root, notebook("median(rows)"))
    assert renew(course, mine).updated == [NAME]
    assert (mine / NAME).read_text() == notebook("median(rows)")


@pytest.mark.parametrize(
    "text",
    [
        notebook("my_mean(rows)"),
        notebook("mean(rows)", "x"),
        notebook(),
        notebook("mean(rows)").replace('"code"', '"markdown"'),
        notebook("mean(rows)")[:-3],
        "[]",
        "[" * 100_000,
    ],
    ids=["edited", "added", "deleted", "turned to text", "torn", "a list", "deep"],
)
def test_a_notebook_with_other_cells_counts_as_changed(course, mine, text):
    (mine / NAME).write_text(text)
    ship(course.root, notebook("median(rows)"))
    assert renew(course, mine).kept == [NAME]
    assert (mine / NAME).read_text() == text


def test_new_outputs_of_the_course_reach_a_file_that_nobody_touched(course, mine):
    new = notebook("mean(rows)", outputs=[RUN])
    ship(course.root, new)
    assert renew(course, mine).updated == [NAME]
    assert (mine / NAME).read_text() == new


def test_new_outputs_alone_are_not_laid_beside_a_changed_notebook(course, mine):
    (mine / NAME).write_text(notebook("my_mean(rows)"))
    ship(course.root, notebook("mean(rows)", outputs=[RUN]))
    copied = renew(course, mine)
    assert (copied.kept, copied.beside) == ([NAME], [])


def test_a_record_of_version_0_1_0_is_understood(course, mine):
    record = json.loads((mine / RECORD).read_text())
    del record["texts"]
    (mine / RECORD).write_text(json.dumps(record))
    ship(course.root, notebook("median(rows)"))
    assert renew(course, mine).updated == [NAME]


# --- what is left alone


def test_a_link_stays_a_link_and_its_file_is_renewed(course, mine, tmp_path):
    real = tmp_path / "elsewhere.ipynb"
    (mine / NAME).rename(real)
    (mine / NAME).symlink_to(real)
    ship(course.root, notebook("median(rows)"))
    assert renew(course, mine).updated == [NAME]
    assert (mine / NAME).is_symlink()
    assert real.read_text() == notebook("median(rows)")


def test_a_link_to_nothing_is_left_alone(course, mine, tmp_path):
    (mine / NAME).unlink()
    (mine / NAME).symlink_to(tmp_path / "nowhere")
    assert renew(course, mine).kept == [NAME]
    assert (mine / NAME).is_symlink()
    assert not (tmp_path / "nowhere").exists()


def test_a_linked_folder_stays_one(course, mine, tmp_path):
    (mine / "lessons").rename(tmp_path / "on-another-disk")
    (mine / "lessons").symlink_to(tmp_path / "on-another-disk")
    ship(course.root, notebook("median(rows)"))
    assert renew(course, mine).updated == [NAME]
    assert (mine / "lessons").is_symlink()


@pytest.mark.parametrize("name", [f"{NAME}.part", f"{RECORD}.part", "lessons/my.part"])
def test_a_part_file_of_the_learners_is_not_touched(course, mine, name):
    (mine / name).write_text("half of my download")
    ship(course.root, notebook("median(rows)"))
    renew(course, mine)
    assert (mine / name).read_text() == "half of my download"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_renewed_file_keeps_its_mode_and_a_new_one_has_the_usual(course, mine):
    plain = mine / "plain"
    plain.write_text("")
    assert (mine / NAME).stat().st_mode == plain.stat().st_mode
    (mine / NAME).chmod(0o600)
    ship(course.root, notebook("median(rows)"))
    renew(course, mine)
    assert (mine / NAME).stat().st_mode & 0o777 == 0o600


COPY = """
import sys
from pathlib import Path
from fltutor.cli.course import Course, copy_course
course = Course(root=Path(sys.argv[1]), is_clone=False)
sys.stdin.read()
copy_course(course, Path(sys.argv[2]), version="0.1.0")
"""


def test_copies_made_at_the_same_time_are_all_whole(course, tmp_path):
    for number in range(100):
        (course.root / f"lessons/{number:02}.txt").write_text("text" * 1000)
    command = [sys.executable, "-c", COPY, course.root, tmp_path / "mine"]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in started:
        process.stdin.close()
    failed = [process.stderr.read().decode() for process in started if process.wait()]
    assert failed == []
    there = {p.name: p.read_text() for p in (tmp_path / "mine").rglob("*.*")}
    assert len(there) == 102
    assert {there[f"{number:02}.txt"] for number in range(100)} == {"text" * 1000}


# --- how the folder is named


@pytest.mark.parametrize(
    ("words", "folder", "options"),
    [
        (["mine", "--port=1"], "mine", ["--port=1"]),
        (["--port=1", "mine"], "mine", ["--port=1"]),
        (["--port", "1", "mine"], "mine", ["--port", "1"]),
        (["mine", "--port", "1"], "mine", ["--port", "1"]),
        (["--debug", "mine", "-y"], "mine", ["--debug", "-y"]),
        (["--port", "1"], None, ["--port", "1"]),
        (["--A.token", "", "mine"], "mine", ["--A.token", ""]),
        (["--A.x=1", "--debug", "--port", "1", "m"], "m", None),
        ([], None, []),
    ],
)
def test_the_folder_is_found_wherever_it_stands(words, folder, options):
    found, others = split_arguments(words, lambda: FLAGS)
    assert found == (Path(folder) if folder else None)
    assert others == (words[:-1] if options is None else options)


OPTIONS = st.lists(
    st.sampled_from([["--port", "1"], ["--ip=x"], ["--debug"], ["-y"], ["--A.b", "c"]]),
    max_size=4,
)


@given(before=OPTIONS, after=OPTIONS)
def test_no_option_takes_the_folder_and_none_is_lost(before, after):
    first, last = sum(before, []), sum(after, [])
    found, options = split_arguments([*first, "mine", *last], lambda: FLAGS)
    assert found == Path("mine")
    assert options == first + last


def test_jupyters_own_flags_are_known():
    assert {"debug", "no-browser", "allow-root"} <= set(lab.jupyter_flags())


@pytest.fixture
def started(course, monkeypatch, tmp_path):
    """As if installed from a wheel; records what would be started."""
    commands = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lab, "find_course", lambda: course)
    monkeypatch.setattr(lab, "run_process", lambda *call: commands.append(call) or 0)
    return commands


BAD = {
    "empty": "",
    "blank": "  ",
    "NUL": "a\0b",
    "line": "a\nb",
    "not text": "a\udcff",
    "a notebook": "a.ipynb",
    "nobody's home": "~nobody-of-this-name/x",
    "a file": "file",
    "in a file": "file/mine",
    "too long": "x" * 300,
    "a link in a circle": "circle",
    "a link to nothing": "dangling",
    "a device": os.devnull,
}


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_what_is_no_folder_is_refused_in_three_parts(started, tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "dangling").symlink_to("nowhere")
    before = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(main, ["lab", "--debug", name])
    assert result.exit_code == 1, result.output
    assert "Error: Got " in result.output
    assert ", need " in result.output
    assert "ame " in result.output or "Write the path" in result.output
    assert "Traceback" not in result.output
    assert started == []
    assert sorted(tmp_path.rglob("*")) == before


def test_two_folders_are_refused_by_name(started):
    result = CliRunner().invoke(main, ["lab", "mine", "--port=1", "yours"])
    assert result.exit_code == 1
    assert "Got 2 folders ('mine', 'yours'), need one at most" in result.output
    assert started == []


def test_a_folder_with_blanks_and_other_letters_is_opened(started, tmp_path):
    result = CliRunner().invoke(main, ["lab", "--debug", "mein Kurs 联邦"])
    assert result.exit_code == 0, result.output
    assert f"--ServerApp.root_dir={tmp_path / 'mein Kurs 联邦'}" in started[0][0]


def test_without_jupyterlab_lab_says_what_to_do(started, monkeypatch):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    result = CliRunner().invoke(main, ["lab", "mine"])
    assert result.exit_code == 1
    assert "Got an environment without JupyterLab" in result.output
    assert "fltutor doctor" in result.output


# --- what runs beside what


def test_each_folder_remembers_its_own_tabs(tmp_path):
    one, two = (
        lab.lab_environment({}, tmp_path / name, 1)["JUPYTERLAB_WORKSPACES_DIR"]
        for name in ("one", "two")
    )
    assert one != two
    again = lab.lab_environment({}, tmp_path / "one", 1)["JUPYTERLAB_WORKSPACES_DIR"]
    assert again == one
    theirs = {"JUPYTERLAB_WORKSPACES_DIR": "/theirs"}
    chosen = lab.lab_environment(theirs, tmp_path, 1)["JUPYTERLAB_WORKSPACES_DIR"]
    assert chosen == "/theirs"


def test_two_that_start_at_once_are_given_two_free_ports():
    with own_port() as one, own_port() as two:
        assert one != two
        for port in (one, two):
            with socket.socket() as free:
                free.bind(("127.0.0.1", port))
    with own_port() as again:
        assert again == one


def test_a_port_that_somebody_else_uses_is_not_given():
    with own_port() as one:
        pass
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", one))
        with own_port() as two:
            assert two != one


def test_a_port_that_was_chosen_stays(tmp_path):
    chosen = lab.lab_environment({"JUPYTER_PORT": "9999"}, tmp_path, 8888)
    assert chosen["JUPYTER_PORT"] == "9999"
    assert lab.lab_environment({}, tmp_path, 8890)["JUPYTER_PORT"] == "8890"


MODULES = ("random", "re", "collections", "typing", "numpy", "json")


@pytest.fixture
def traps(tmp_path):
    """A folder whose files bear modules' names and break whatever imports them."""
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of mine')\n")
    (tmp_path / "helper_of_mine.py").write_text("answer = 42\n")
    return tmp_path


def test_the_server_starts_beside_files_with_modules_names(traps):
    command = [*lab.lab_command(traps, []), "--version"]
    environ = lab.lab_environment(os.environ, traps, 1)
    run = subprocess.run(command, cwd=traps, env=environ, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()


def test_the_module_runs_beside_a_file_called_random(tmp_path):
    (tmp_path / "random.py").write_text("raise SystemExit('random of mine')\n")
    command = [sys.executable, "-m", "fltutor", "data"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "digits" in run.stdout


def test_a_kernel_takes_installed_modules_and_still_finds_own_ones(traps, monkeypatch):
    from jupyter_client.manager import start_new_kernel

    environ = lab.lab_environment(os.environ, traps, 1)
    monkeypatch.setenv("JUPYTER_PATH", environ["JUPYTER_PATH"])
    manager, client = start_new_kernel(cwd=str(traps), env=environ)
    try:
        code = f"import {', '.join(MODULES)}, helper_of_mine, sys"
        reply = client.execute_interactive(code, timeout=30)
        assert reply["content"]["status"] == "ok", reply["content"]
        names = "sorted(n for n in globals() if n == 'sys')"
        reply = client.execute_interactive(
            "", user_expressions={"prefix": "sys.prefix", "n": names}, timeout=30
        )
        found = reply["content"]["user_expressions"]["prefix"]["data"]["text/plain"]
        assert found == repr(sys.prefix)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
