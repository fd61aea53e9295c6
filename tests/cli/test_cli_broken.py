"""`fltutor doctor` in environments that are broken on purpose, one thing at a time."""

import json
import os
import re
import shlex
import shutil
import sys
import venv

import pytest
from environment_support import ROOT, Environment, build_wheel

pytestmark = pytest.mark.skipif(os.name == "nt", reason="environments made of links")


@pytest.fixture
def environment(tmp_path):
    return Environment(tmp_path / "an environment")


def remedy(output, subject):
    """Return the words of the command that the doctor advises for a fault."""
    line = re.search(rf"FAULT  {subject}: .*\n +-> (.*)", output)
    assert line, output
    return shlex.split(line[1])


def test_a_whole_environment_is_ready(environment):
    status, output = environment.doctor()
    assert status == 0, output
    assert output.splitlines()[-1] == "Ready. Open the course with: fltutor lab"


# --- packages


def test_a_missing_package_is_installed_into_this_environment(environment):
    environment.remove("tqdm", record=True)
    status, output = environment.doctor()
    assert status == 1
    assert "tqdm is missing, which fltutor needs" in output
    words = remedy(output, "Packages")
    assert words[:4] == [str(environment.python), "-m", "pip", "install"]
    assert words[4:] == ["-c", str(ROOT / "constraints.txt"), "tqdm"]


def test_a_missing_package_that_another_needs_is_found(environment):
    environment.remove("tornado", record=True)
    status, output = environment.doctor()
    assert status == 1
    assert re.search(r"tornado is missing, which \S+ needs", output)
    assert remedy(output, "Packages")[-1] == "tornado"


@pytest.mark.parametrize("name", ["tqdm", "tornado", "jupyterlab"])
def test_a_package_whose_files_are_gone_is_installed_again(environment, name):
    environment.remove(name)
    status, output = environment.doctor()
    assert status == 1
    assert f"{name} lacks " in output
    words = remedy(output, "Files")
    assert {"--force-reinstall", "--no-deps"} < set(words)
    assert words[-1] == name


def test_a_package_that_lacks_one_file_is_found(environment):
    environment.replace("anywidget", __init__="")
    status, output = environment.doctor()
    assert status == 1
    assert "anywidget lacks " in output


def test_a_torch_that_cannot_be_loaded_is_a_fault(environment):
    environment.replace("torch", __init__="raise OSError('libgomp.so.1: not found')")
    status, output = environment.doctor()
    assert status == 1
    assert "FAULT  torch works: could not be examined (OSError: libgomp" in output


# --- what the doctor itself needs


@pytest.mark.parametrize("record", [True, False], ids=["missing", "files gone"])
@pytest.mark.parametrize("name", ["click", "packaging"])
def test_the_doctor_works_without_what_it_is_made_of(environment, name, record):
    environment.remove(name, record=record)
    status, output = environment.doctor()
    assert status == 1
    assert "FAULT" in output
    commands = [line for line in output.splitlines() if "-m pip install" in line]
    assert any(line.endswith(f" {name}") for line in commands), output
    assert any("--no-deps" in line for line in commands) != record


def test_a_click_that_is_an_empty_folder_counts_as_missing(environment):
    environment.replace("click")
    status, output = environment.doctor()
    assert status == 1
    assert "click lacks " in output


def test_without_click_other_commands_say_what_is_missing(environment):
    environment.remove("click", record=True)
    status, output = environment.run("lab")
    assert status == 1
    assert "Got an environment without click" in output
    assert "need it to run fltutor. Install it: " in output


# --- the kernel


def kernel_of(python, folder, *words):
    """Lay a kernel `python3` into a folder; return the variable that points there."""
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": list(words) or argv, "display_name": "P", "language": "python"}
    spec.write_text(json.dumps(kernel))
    return {"JUPYTER_PATH": str(folder)}


def test_a_kernel_of_another_environment_of_the_same_python(environment, tmp_path):
    variable = kernel_of(sys.executable, tmp_path)
    status, output = environment.doctor(**variable)
    assert status == 1
    found = f"python3 runs {sys.prefix}, but the course is installed for "
    assert found + str(environment.prefix) in output
    assert f"Rename the folder {tmp_path}/kernels/python3, then: " in output


def test_a_kernel_of_an_environment_without_anything(environment, tmp_path):
    venv.create(tmp_path / "empty", symlinks=True)
    variable = kernel_of(tmp_path / "empty" / "bin" / "python", tmp_path)
    status, output = environment.doctor(**variable)
    assert status == 1
    assert f"python3 runs {tmp_path / 'empty'}, but the course is" in output


@pytest.mark.parametrize(
    "words",
    [
        ["/nowhere/python", "-m", "ipykernel_launcher"],
        ["sh", "-c", "python"],
        ["false"],
    ],
    ids=["is not there", "is a shell", "only ends"],
)
def test_a_kernel_that_does_not_answer_is_a_fault(environment, tmp_path, words):
    status, output = environment.doctor(**kernel_of("", tmp_path, *words))
    assert status == 1
    assert f"FAULT  Kernel: python3 runs {words[0]}, which does not answer" in output


@pytest.mark.parametrize("record", [True, False], ids=["missing", "files gone"])
def test_without_ipykernel_it_is_installed(environment, record):
    environment.remove("ipykernel", record=record)
    status, output = environment.doctor()
    assert status == 1
    assert "FAULT  Kernel: there is no ipykernel" in output
    assert remedy(output, "Kernel")[-1] == "ipykernel"


def test_a_kernel_by_this_pythons_full_name_is_right(environment, tmp_path):
    status, output = environment.doctor(**kernel_of(environment.python, tmp_path))
    assert status == 0, output


# --- folders


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has folders nobody writes")
@pytest.mark.parametrize(
    "variables",
    [{"FLTUTOR_DATA": "/proc/self"}, {"FLTUTOR_DATA": "", "XDG_CACHE_HOME": "/proc/x"}],
    ids=["chosen", "not made yet"],
)
def test_a_data_folder_that_cannot_be_written_to_is_a_fault(environment, variables):
    status, output = environment.doctor(**variables)
    assert status == 1
    assert "FAULT  Data: /proc" in output
    assert "cannot be written to (" in output


def test_files_with_modules_names_are_named(environment):
    copy = environment.folder / "mine"
    (copy / "lessons").mkdir(parents=True)
    (copy / ".fltutor-course.json").write_text("{}")
    (environment.folder / "random.py").write_text("raise SystemExit('mine')")
    (copy / "lessons" / "torch.py").write_text("")
    (copy / "helper_of_mine.py").write_text("")
    status, output = environment.doctor()
    assert status == 0, output
    (line,) = re.findall("note   Names: (.*):", output)
    assert sorted(line.split(", ")) == [
        str(copy / "lessons" / "torch.py"),
        str(environment.folder / "random.py"),
    ]


# --- as a wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture
def from_wheel(environment, wheel):
    """The same, with fltutor from its wheel and no clone anywhere."""
    environment.install(wheel)
    return environment


def test_a_wheel_is_ready_too(from_wheel):
    status, output = from_wheel.doctor()
    assert status == 0, output
    assert "in the installed package" in output


def test_the_remedies_of_a_wheel_name_its_own_constraints(from_wheel):
    from_wheel.remove("tqdm", record=True)
    words = remedy(from_wheel.doctor()[1], "Packages")
    constraints = from_wheel.packages / "fltutor" / "course" / "constraints.txt"
    assert constraints.is_file()
    assert words[4:] == ["-c", str(constraints), "tqdm"]


@pytest.mark.parametrize("lost", ["course/lessons", "plots", "course/lesson_02"])
def test_a_wheel_that_is_not_whole_is_installed_again(from_wheel, lost):
    shutil.rmtree(from_wheel.packages / "fltutor" / lost)
    status, output = from_wheel.doctor()
    assert status == 1
    assert "Install the course again, from its clone or its wheel." in output or (
        "Install fltutor again" in output
    )
