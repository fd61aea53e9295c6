"""The command line: what it copies, examines and fetches."""

import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.version import Version

import fltutor
from fltutor import datasets
from fltutor.cli import main
from fltutor.cli.course import RECORD, Course, copy_course, find_course
from fltutor.cli.findings import Finding

lab = import_module("fltutor.cli.lab")
doctor = import_module("fltutor.cli.doctor")
distributions = import_module("fltutor.cli.distributions")
examinations = import_module("fltutor.cli.examinations")

LESSON = Path("lessons/00_start_here.ipynb")
EXERCISE = Path("exercises/01_why.ipynb")


@pytest.fixture
def course(tmp_path):
    """A tiny installed course of three notebooks."""
    root = tmp_path / "package" / "course"
    ship(root, LESSON, "lesson, first edition")
    ship(root, EXERCISE, "exercise, first edition")
    ship(root, Path("solutions/01_why.ipynb"), "solution")
    return Course(root=root, is_clone=False)


@pytest.fixture
def installed(course, monkeypatch):
    """As if `fltutor` were installed from a wheel; records what would be started."""
    started = []
    monkeypatch.setattr(lab, "find_course", lambda: course)
    monkeypatch.setattr(
        lab, "run_process", lambda command, env: started.append((command, env)) or 0
    )
    return started


def ship(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(*arguments):
    return CliRunner().invoke(main, list(arguments))


# --- copying the course


def test_a_first_copy_holds_every_file_and_its_checksums(course, tmp_path):
    copied = copy_course(course, tmp_path / "mine", version="0.1.0")
    assert len(copied.written) == 3
    assert (tmp_path / "mine" / LESSON).read_text() == "lesson, first edition"
    record = json.loads((tmp_path / "mine" / RECORD).read_text())
    assert record["version"] == "0.1.0"
    assert set(record["files"]) == {p.as_posix() for p in course.files()}


def test_copying_again_changes_nothing(course, tmp_path):
    copy_course(course, tmp_path / "mine", version="0.1.0")
    (tmp_path / "mine" / LESSON).write_text("my notes")
    before = contents(tmp_path / "mine")
    copied = copy_course(course, tmp_path / "mine", version="0.1.0")
    assert contents(tmp_path / "mine") == before
    assert (copied.written, copied.updated, copied.beside) == ([], [], [])
    assert copied.kept == [LESSON]


def test_an_untouched_old_file_is_updated(course, tmp_path):
    copy_course(course, tmp_path / "mine", version="0.1.0")
    ship(course.root, LESSON, "lesson, second edition")
    copied = copy_course(course, tmp_path / "mine", version="0.2.0")
    assert copied.updated == [LESSON]
    assert (tmp_path / "mine" / LESSON).read_text() == "lesson, second edition"


def test_a_changed_file_stays_and_the_new_one_is_laid_beside_it(course, tmp_path):
    copy_course(course, tmp_path / "mine", version="0.1.0")
    (tmp_path / "mine" / EXERCISE).write_text("my answer")
    ship(course.root, EXERCISE, "exercise, second edition")
    copied = copy_course(course, tmp_path / "mine", version="0.2.0")
    beside = Path("exercises/01_why.new-0.2.0.ipynb")
    assert copied.beside == [(EXERCISE, beside)]
    assert (tmp_path / "mine" / EXERCISE).read_text() == "my answer"
    assert (tmp_path / "mine" / beside).read_text() == "exercise, second edition"


def test_a_new_edition_is_laid_beside_only_once(course, tmp_path):
    copy_course(course, tmp_path / "mine", version="0.1.0")
    (tmp_path / "mine" / EXERCISE).write_text("my answer")
    ship(course.root, EXERCISE, "exercise, second edition")
    copy_course(course, tmp_path / "mine", version="0.2.0")
    (tmp_path / "mine/exercises/01_why.new-0.2.0.ipynb").unlink()
    copied = copy_course(course, tmp_path / "mine", version="0.2.0")
    assert copied.beside == []
    assert not (tmp_path / "mine/exercises/01_why.new-0.2.0.ipynb").exists()


def test_a_file_laid_beside_and_then_changed_is_not_overwritten(course, tmp_path):
    copy_course(course, tmp_path / "mine", version="0.1.0")
    (tmp_path / "mine" / EXERCISE).write_text("my answer")
    taken = tmp_path / "mine/exercises/01_why.new-0.2.0.ipynb"
    taken.write_text("my answer in the new one")
    ship(course.root, EXERCISE, "exercise, second edition")
    copied = copy_course(course, tmp_path / "mine", version="0.2.0")
    assert copied.beside[0][1] == Path("exercises/01_why.new-0.2.0-2.ipynb")
    assert taken.read_text() == "my answer in the new one"


@pytest.mark.parametrize("record", [None, "", "{}", '{"files": 3}', "[1]"])
def test_without_a_sound_record_every_other_file_counts_as_changed(
    course, tmp_path, record
):
    ship(tmp_path / "mine", LESSON, "somebody's work")
    if record is not None:
        (tmp_path / "mine" / RECORD).write_text(record)
    copied = copy_course(course, tmp_path / "mine", version="0.1.0")
    assert copied.beside == [(LESSON, Path("lessons/00_start_here.new-0.1.0.ipynb"))]
    assert (tmp_path / "mine" / LESSON).read_text() == "somebody's work"


def test_a_deleted_file_comes_back(course, tmp_path):
    copy_course(course, tmp_path / "mine", version="0.1.0")
    (tmp_path / "mine" / LESSON).unlink()
    assert copy_course(course, tmp_path / "mine", version="0.1.0").written == [LESSON]


def test_an_interrupted_write_leaves_the_old_file_whole(course, tmp_path, monkeypatch):
    copy_course(course, tmp_path / "mine", version="0.1.0")
    ship(course.root, LESSON, "lesson, second edition")

    def full(self, content):
        self.open("wb").close()
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        copy_course(course, tmp_path / "mine", version="0.2.0")
    assert (tmp_path / "mine" / LESSON).read_text() == "lesson, first edition"
    assert not list((tmp_path / "mine").rglob("*.part"))


def test_a_file_in_the_place_of_the_folder_is_refused(course, tmp_path):
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(ValueError, match="which is a file.*Name a folder"):
        copy_course(course, tmp_path / "mine", version="0.1.0")


def test_a_copy_inside_the_course_itself_is_refused(course):
    with pytest.raises(ValueError, match="lies in the course itself"):
        copy_course(course, course.root / "lessons" / "mine", version="0.1.0")


def contents(folder):
    return {p: p.read_text() for p in folder.rglob("*") if p.is_file()}


# --- fltutor lab


def test_lab_from_a_wheel_copies_and_opens_lesson_00(installed, tmp_path):
    result = run("lab", str(tmp_path / "mine"), "--no-browser", "--port=8890")
    assert result.exit_code == 0, result.output
    command, environ = installed[0]
    assert command[:4] == [sys.executable, "-P", "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path / 'mine'}" in command
    url = "--LabApp.default_url=/lab/tree/lessons/00_start_here.ipynb"
    assert url in command
    assert "--no-browser" in command
    assert command[-1] == "--port=8890"
    assert (tmp_path / "mine" / LESSON).is_file()


def test_lab_switches_the_news_off(installed, tmp_path):
    theirs = {"JUPYTER_CONFIG_PATH": "/theirs", "HOME": "/h"}
    environ = lab.lab_environment(theirs, tmp_path, 8888)
    first, *others = environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    settings = Path(first) / "labconfig" / "default_setting_overrides.json"
    notification = json.loads(settings.read_text())[
        "@jupyterlab/apputils-extension:notification"
    ]
    assert notification["fetchNews"] == "false"
    assert others == ["/theirs"]
    assert environ["HOME"] == "/h"


def test_lab_names_what_it_laid_beside(installed, course, tmp_path):
    run("lab", str(tmp_path / "mine"), "--copy-only")
    (tmp_path / "mine" / EXERCISE).write_text("my answer")
    ship(course.root, EXERCISE, "exercise, second edition")
    output = run("lab", str(tmp_path / "mine"), "--copy-only").output
    version = fltutor.__version__
    assert f"exercises/01_why.new-{version}.ipynb" in output
    assert "exercises/01_why.ipynb is yours" in output
    assert installed == []


def test_lab_from_a_clone_opens_the_clone(installed, course, monkeypatch):
    clone = Course(root=course.root, is_clone=True)
    monkeypatch.setattr(lab, "find_course", lambda: clone)
    assert run("lab").exit_code == 0
    assert f"--ServerApp.root_dir={course.root}" in installed[0][0]


def test_lab_without_a_folder_makes_one_here(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("lab", "--copy-only").exit_code == 0
    assert (tmp_path / "fltutor-course" / LESSON).is_file()


def test_lab_hands_on_the_exit_status(installed, tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "run_process", lambda command, env: 3)
    assert run("lab", str(tmp_path / "mine")).exit_code == 3


def test_lab_into_a_file_says_what_to_do(installed, tmp_path):
    (tmp_path / "mine").write_text("a file")
    result = run("lab", str(tmp_path / "mine"))
    assert result.exit_code == 1
    assert "Name a folder" in result.output


def test_root_gets_the_option_that_jupyter_asks_for(installed, tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "_is_root", lambda: True)
    run("lab", str(tmp_path / "mine"))
    monkeypatch.setattr(lab, "_is_root", lambda: False)
    run("lab", str(tmp_path / "mine"))
    assert ["--allow-root" in command for command, _ in installed] == [True, False]


def test_run_process_returns_the_status():
    command = [sys.executable, "-c", "import os; exit(int(os.environ['STATUS']))"]
    assert lab.run_process(command, {**os.environ, "STATUS": "4"}) == 4


JUPYTER = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: exit(7))
signal.signal(signal.SIGTERM, lambda *_: exit(8))
print("ready", flush=True)
time.sleep(30)
"""
LAUNCHER = f"""
import os, sys
from fltutor.cli.lab import run_process
exit(run_process([sys.executable, '-c', {JUPYTER!r}], os.environ))
"""


@pytest.mark.skipif(os.name == "nt", reason="sends signals as a POSIX terminal does")
@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda pid: os.killpg(pid, signal.SIGINT), 7),  # Ctrl-C reaches both
        (lambda pid: os.kill(pid, signal.SIGTERM), 8),  # reaches the launcher alone
    ],
    ids=["ctrl-c", "terminate"],
)
def test_stopping_stops_jupyter_and_waits_for_it(send, status):
    command = [sys.executable, "-c", LAUNCHER]
    with subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        send(process.pid)
        assert process.wait(20) == status


# --- fltutor doctor


def test_doctor_finds_no_fault_with_this_environment():
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "FAULT" not in result.output
    assert "fltutor lab" in result.output.splitlines()[-1]


def test_every_fault_comes_with_a_remedy_and_exit_code_1(monkeypatch):
    fault = Finding(subject="X", state="fault", what="is broken", remedy="mend it")
    monkeypatch.setattr(doctor, "EXAMINATIONS", (lambda: fault,))
    result = run("doctor")
    assert result.exit_code == 1
    assert "FAULT  X: is broken" in result.output
    assert "-> mend it" in result.output


def test_a_note_does_not_count_as_a_fault(monkeypatch):
    note = Finding(subject="X", state="note", what="is odd", remedy="never mind")
    monkeypatch.setattr(doctor, "EXAMINATIONS", (lambda: note,))
    assert run("doctor").exit_code == 0


def test_an_examination_that_breaks_is_a_fault(monkeypatch):
    def torch_works():
        raise ImportError("libgomp.so.1 not found")

    monkeypatch.setattr(doctor, "EXAMINATIONS", (torch_works,))
    result = run("doctor")
    assert result.exit_code == 1
    assert "torch works: could not be examined (ImportError: libgomp" in result.output


def test_an_old_python_is_a_fault(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    finding = distributions.python()
    assert finding.state == "fault"
    assert "3.10.4" in finding.what
    assert ">=3.11" in finding.what


def test_a_missing_package_is_a_fault(monkeypatch):
    monkeypatch.setattr(distributions, "installed", lambda name: None)
    finding = distributions.packages()
    assert finding.state == "fault"
    assert "torch is missing" in finding.what
    assert "constraints.txt" in finding.remedy


def test_an_old_package_is_a_fault(monkeypatch):
    monkeypatch.setattr(distributions, "installed", lambda name: Version("0.0.1"))
    finding = distributions.packages()
    assert finding.state == "fault"
    assert "numpy 0.0.1, but fltutor needed >=" in finding.what


def test_another_version_than_the_tested_one_is_a_note(monkeypatch):
    monkeypatch.setattr(
        distributions, "constraints", lambda: {"numpy": Version("99.1")}
    )
    finding = distributions.pins()
    assert finding.state == "note"
    assert "(tested 99.1)" in finding.what


def test_a_local_build_of_the_tested_version_is_the_tested_one(monkeypatch):
    monkeypatch.setattr(
        distributions, "constraints", lambda: {"torch": Version("2.13")}
    )
    monkeypatch.setattr(distributions, "installed", lambda name: Version("2.13+cpu"))
    assert distributions.pins().state == "ok"


def test_a_course_without_notebooks_is_a_fault(monkeypatch, tmp_path):
    empty = Course(root=tmp_path, is_clone=False)
    monkeypatch.setattr(examinations, "find_course", lambda: empty)
    assert examinations.course().state == "fault"


def test_a_kernel_of_another_python_is_a_fault(monkeypatch, tmp_path):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": ["/other/bin/python"], "display_name": "P", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    finding = examinations.kernel()
    assert finding.state == "fault"
    assert "/other/bin/python" in finding.what
    assert "ipykernel install" in finding.remedy


def test_missing_widget_extensions_are_a_fault(monkeypatch):
    monkeypatch.setattr(examinations, "_EXTENSIONS", {"@nobody/nothing": "nothing"})
    finding = examinations.widgets()
    assert finding.state == "fault"
    assert "@nobody/nothing" in finding.what
    assert finding.remedy.endswith(" nothing")


def test_a_data_folder_that_is_not_there_is_a_fault_if_it_was_asked_for(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("FLTUTOR_DATA", str(tmp_path / "gone"))
    finding = examinations.data_folder()
    assert finding.state == "fault"
    assert "FLTUTOR_DATA" in finding.remedy


def test_the_data_folder_is_counted(monkeypatch, tmp_path):
    monkeypatch.setenv("FLTUTOR_DATA", str(tmp_path))
    finding = examinations.data_folder()
    assert finding.state == "ok"
    assert "0 of 4 optional data sets" in finding.what


def test_too_many_threads_are_a_note(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 0.5)
    assert examinations.threads().state == "note"


def test_no_browser_is_a_note(monkeypatch):
    monkeypatch.setattr(examinations.shutil, "which", lambda name: None)
    assert examinations.browser().state == "note"


# --- fltutor data


def test_data_lists_what_is_there_and_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("FLTUTOR_DATA", str(tmp_path))
    lines = run("data").output.splitlines()
    assert str(tmp_path) in lines[0]
    for name, words in [
        ("digits", ["built in"]),
        ("mnist", ["missing", "MiB", "CC BY-SA 3.0"]),
        ("heart_disease", ["missing", "KiB"]),
    ]:
        line = next(line for line in lines if line.split()[0] == name)
        assert all(word in line for word in words), line
    assert run("data", "list").output.splitlines() == lines


def test_data_tells_what_is_here(monkeypatch, tmp_path):
    monkeypatch.setenv("FLTUTOR_DATA", str(tmp_path))
    for entry in datasets.catalogue():
        for path in entry.files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
    output = run("data").output
    assert "missing" not in output
    assert "data fetch" not in output


def test_data_fetch_hands_on_the_name_and_the_progress_bar(monkeypatch, tmp_path):
    calls = []

    def fetch(name, progress):
        calls.append((name, progress))
        return (tmp_path / name / "file.gz",)

    monkeypatch.setenv("FLTUTOR_DATA", str(tmp_path))
    monkeypatch.setattr(datasets, "fetch", fetch)
    result = run("data", "fetch", "mnist")
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "mnist") in result.output
    assert run("data", "fetch", "--quiet", "all", "digits").exit_code == 1
    run("data", "fetch", "--quiet", "shakespeare", "digits")
    assert calls == [("mnist", True), ("shakespeare", False)]


def test_data_fetch_all_fetches_each_that_is_not_built_in(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setenv("FLTUTOR_DATA", str(tmp_path))
    monkeypatch.setattr(
        datasets, "fetch", lambda name, progress: calls.append(name) or (tmp_path,)
    )
    assert run("data", "fetch", "all").exit_code == 0
    assert calls == [e.name for e in datasets.catalogue() if not e.embedded]


def test_data_fetch_of_an_unknown_name_lists_the_known_ones():
    result = run("data", "fetch", "cifar")
    assert result.exit_code == 1
    assert "Got cifar" in result.output
    assert "mnist" in result.output


def test_a_failed_download_is_told_in_plain_words(monkeypatch, tmp_path):
    def fetch(name, progress):
        raise datasets.DataDownloadError("checksum differs; nothing was kept")

    monkeypatch.setenv("FLTUTOR_DATA", str(tmp_path))
    monkeypatch.setattr(datasets, "fetch", fetch)
    result = run("data", "fetch", "mnist")
    assert result.exit_code == 1
    assert "Error: checksum differs; nothing was kept" in result.output


# --- the command itself


def test_the_module_runs_and_tells_its_version():
    output = subprocess.run(
        [sys.executable, "-m", "fltutor", "--version"], capture_output=True, text=True
    ).stdout
    assert output == f"fltutor, version {fltutor.__version__}\n"


def test_the_clone_is_found_before_the_package():
    course = find_course()
    assert course.is_clone
    assert (course.root / "pyproject.toml").is_file()
