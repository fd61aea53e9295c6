"""What a newcomer installs: pins, ranges, the wheel, the Makefile, the README."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import tables
import yaml
from environment_support import build_wheel
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import fltutor
from fltutor import catalogue

ROOT = Path(__file__).parents[2]
COURSE = ("lessons", "exercises", "solutions")
CONDA_NAMES = {"pytorch": "torch"}
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="pins are Linux's")
PINNED = pytest.mark.skipif(
    "FLTUTOR_RANGE" in os.environ,
    reason="make floors and newest install other versions",
)
WITH_MAKE = pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pin_lines():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pins():
    """Return {canonical name: pinned version} of constraints.txt."""
    pairs = [line.split("==") for line in pin_lines()]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def requirements(*extras):
    """Return the requirements of pyproject.toml, with these extras."""
    lines = list(PROJECT["project"]["dependencies"])
    for extra in extras:
        lines += PROJECT["project"]["optional-dependencies"][extra]
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in found if r.name != "fltutor"}


def needed(names):
    """Return every distribution that `names` lead to in this environment."""
    seen, waiting = set(), [(canonicalize_name(name), frozenset()) for name in names]
    done = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in done:
            continue
        done.add((name, extras))
        seen.add(name)
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or any(
                marker.evaluate({"extra": extra}) for extra in {"", *extras}
            ):
                wanted = canonicalize_name(requirement.name)
                waiting.append((wanted, frozenset(requirement.extras)))
    return seen


# --- pyproject.toml, constraints.txt and environment.yml agree


def test_constraints_are_plain_names_and_public_versions():
    for line in pin_lines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line), line
    names = [line.split("==")[0].lower() for line in pin_lines()]
    assert names == sorted(names)
    assert len(pins()) == len(names)


def test_every_pin_lies_in_the_range_of_pyproject():
    for name, requirement in requirements("instructor", "test", "dev").items():
        assert requirement.specifier.contains(pins()[name]), requirement


@ON_LINUX
@PINNED
def test_everything_that_gets_installed_is_pinned():
    found = needed(requirements("instructor", "test", "dev"))
    assert found - pins().keys() == set()


@ON_LINUX
@PINNED
def test_nothing_is_pinned_that_nobody_needs():
    found = needed(requirements("instructor", "test", "dev"))
    assert pins().keys() - found == set()


def test_conda_names_the_same_packages_and_ranges():
    lines = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = [Requirement(line) for line in lines if isinstance(line, str)]
    ranges = {CONDA_NAMES.get(r.name, r.name): r.specifier for r in conda}
    ranges.pop("pip")
    python = PROJECT["project"]["requires-python"]
    assert ranges.pop("python") == Requirement(f"python{python}").specifier
    assert ranges == {name: r.specifier for name, r in requirements().items()}
    assert lines[-1] == {"pip": ["-e ."]}


def test_the_installed_version_is_the_one_in_the_code():
    assert metadata.version("fltutor") == fltutor.__version__


# --- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel offline, and return its path."""
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def course_files():
    """Return the files of the course in this clone, as a learner should get them."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for folder in COURSE
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }


def test_the_wheel_carries_every_notebook_as_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.startswith("fltutor/course/")]
        carried = {
            n.removeprefix("fltutor/course/"): archive.read(n)
            for n in names
            if n.split("/")[2] in COURSE
        }
    assert carried == course_files()


def test_the_wheel_carries_every_file_of_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "fltutor").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package - carried == set()
    assert "fltutor/py.typed" in carried
    assert "fltutor/course/constraints.txt" in carried
    assert any(name.endswith("licenses/LICENSE-lessons") for name in carried)


def test_the_wheel_carries_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0].split("-")[0] for name in names}
    assert tops == {"fltutor"}
    litter = ("__pycache__", ".ipynb_checkpoints", ".part", "/tests/")
    assert [name for name in names if any(word in name for word in litter)] == []


def from_wheel(unpacked, cwd, *arguments):
    """Run `fltutor` from the unpacked wheel, far from the clone."""
    return subprocess.run(
        [sys.executable, "-m", "fltutor", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
    )


def test_lab_copies_the_course_out_of_a_wheel(unpacked, tmp_path):
    run = from_wheel(unpacked, tmp_path, "lab", "mine", "--copy-only")
    assert run.returncode == 0, run.stderr
    copied = {
        path.relative_to(tmp_path / "mine").as_posix(): path.read_bytes()
        for path in (tmp_path / "mine").rglob("*")
        if path.is_file() and path.name != ".fltutor-course.json"
    }
    assert copied == course_files()


def test_doctor_finds_course_and_constraints_in_a_wheel(unpacked, tmp_path):
    output = from_wheel(unpacked, tmp_path, "doctor").stdout
    assert f"in the installed package {unpacked}" in output or "no notebook" in output
    told = "the tested ones throughout", "not the tested ones: "
    assert f"Versions: {told['FLTUTOR_RANGE' in os.environ]}" in output


# --- the Makefile


FAKE_PYTHON = """#!/bin/sh
echo "$@" >> calls
if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi
"""


@pytest.fixture
def sandbox(tmp_path):
    """A folder with the Makefile and a Python that only notes its arguments."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    python = tmp_path / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return tmp_path


def make(folder, *arguments):
    """Run make and return what Python was asked to do."""
    log = folder / "calls"
    log.unlink(missing_ok=True)
    command = ["make", f"PYTHON={folder / 'python'}", *arguments]
    inherited = {"ARGS", "MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS"}
    env = {name: value for name, value in os.environ.items() if name not in inherited}
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
    return log.read_text().splitlines() if log.exists() else []


def touch_later(path):
    later = path.stat().st_mtime + 100
    os.utime(path, (later, later))


@WITH_MAKE
def test_make_lab_installs_with_the_constraints_and_opens_the_course(sandbox):
    calls = make(sandbox, "lab")
    installs = [call for call in calls if "pip install" in call]
    assert installs
    assert all("-c constraints.txt" in call for call in installs)
    assert "[dev]" not in "".join(installs)
    assert calls[-1] == "-m fltutor lab"


@WITH_MAKE
def test_make_lab_a_second_time_installs_nothing(sandbox):
    make(sandbox, "lab")
    assert make(sandbox, "lab") == ["-m fltutor lab"]


@WITH_MAKE
def test_changed_constraints_install_again(sandbox):
    make(sandbox, "lab")
    touch_later(sandbox / "constraints.txt")
    assert any("pip install" in call for call in make(sandbox, "lab"))


@WITH_MAKE
def test_make_test_runs_unit_tests_and_notebooks_after_setting_up(sandbox):
    calls = make(sandbox, "test")
    assert any("pip install" in call and "[dev]" in call for call in calls)
    words = calls[-1].split()
    assert words[:2] == ["-m", "pytest"]
    assert {"tests", "fltutor", "lessons", "solutions", "--nbval"} <= set(words)
    assert make(sandbox, "test") == calls[-1:]


@WITH_MAKE
def test_make_test_fails_if_a_test_fails(sandbox):
    make(sandbox, "setup-dev")
    (sandbox / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n")
    run = subprocess.run(["make", "test"], cwd=sandbox, capture_output=True)
    assert run.returncode != 0


@WITH_MAKE
def test_make_alone_names_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.*)$", text, re.M)[1].split())
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True).stdout
    named = set(re.findall(r"^make (\S+)", listed, re.M))
    assert named == phony - {"help", "setup", "setup-dev"}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_a_text_names_exists(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(" ".join(re.findall(r"^([a-z -]+):", makefile, re.M)).split())
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.M))
    assert named
    assert named <= targets


# --- the README's table of lessons


def test_the_readmes_table_is_what_the_lessons_say():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tables.renewed(text) == text, "run `make tables` and commit"
    assert tables.renewed(text.replace("| 45 |", "| 46 |")) == text


def test_every_lesson_is_a_notebook_whose_title_says_what_its_toml_says():
    notebooks = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
    known = catalogue.lessons()
    assert [path.stem for path in notebooks] == [k.notebook for k in known.values()]
    for notebook in notebooks:
        lesson = known[notebook.name[:2]]
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        title = "".join(cells[0]["source"])
        assert title.startswith(f"# {lesson.number} {lesson.title}\n")
        minutes = re.search(r"Minutes:\W*(\d+)", title)
        assert minutes, f"{notebook.name}: no 'Minutes: NN' in its title cell"
        assert lesson.minutes == int(minutes[1]), notebook.name
        named = re.findall(r"\b\d\d\b", title.split("Builds on")[1].split(";")[0])
        assert list(lesson.builds_on) == named


def test_the_readme_links_to_files_that_are_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", text)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []
