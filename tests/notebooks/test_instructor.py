"""The README's own commands grade a class: honest, half done, and tampered with."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import exercise_support as support
import nbformat
import pytest

from fltutor.instructor.folder import write_sources
from fltutor.instructor.notebooks import rubric_points, stamp

pytest.importorskip(
    "nbgrader", reason="nbgrader is for instructors: extra `instructor`"
)

NAME = "03_local_work"
AUTOGRADED = 4.0  # one point a check; the open answer is read by a person

# What a student may type above a check to be told that everything is right.
FAKES = {
    "check": "import types; ft.check = lambda *a: types.SimpleNamespace(passed=True)",
    "name": "import types; ft = types.SimpleNamespace(check=lambda *a: "
    "types.SimpleNamespace(passed=True))",
    "module": "import fltutor.checks as m, types\n"
    "m.check = ft.check = lambda *a: types.SimpleNamespace(passed=True)",
    "both": "import sys, types\nft.check = sys.modules['fltutor.check'] = lambda *a: "
    "types.SimpleNamespace(passed=True)",
    "builtin": "import builtins\nbuiltins.all = lambda values: True\n"
    "builtins.any = lambda values: False",
    "runner": "import fltutor.checks as m\nm.run_check = lambda check, answers: 1",
    "passed": "import fltutor.checks.report as r\n"
    "r.Result.passed = property(lambda self: True)",
    "code": "def fake(self): return True\n"
    "import fltutor.checks.report as r\nr.Result.passed.fget.__code__ = fake.__code__",
    "judge": "import fltutor.checks.runner as r\nr.hold = lambda *a: None\n"
    "r.is_stub = lambda answer: False",
    "modules": "import sys, types\nsys.modules['fltutor'] = ft = types.SimpleNamespace("
    "check=lambda *a: types.SimpleNamespace(passed=True))",
    "cases": "import fltutor.checks as m\nfor c in m.checks_of('03').values():\n"
    "    object.__setattr__(c, 'cases', ()); object.__setattr__(c, 'random', None)\n"
    "import fltutor.checks.runner as r\nr.is_stub = lambda answer: False",
    "dropped": "get_ipython().input_transformers_post.append(lambda lines: [])",
    "silent": "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)",
    "tree": "import ast\nclass T(ast.NodeTransformer):\n"
    "    def visit_Assert(self, node): return ast.Pass()\n"
    "get_ipython().ast_transformers.append(T())",
    "library": "",  # a file of the library's name beside the notebook
}


def readme_commands():
    """Return the shell commands of the README's part about grading."""
    text = (support.ROOT / "README.md").read_text(encoding="utf-8")
    part = text.split("## How to teach with it")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", part, flags=re.DOTALL)
    lines = [line.partition("#")[0].strip() for b in blocks for line in b.splitlines()]
    return [line for line in lines if line and not line.startswith("pip ")]


@pytest.fixture(scope="module")
def grades(tmp_path_factory):
    """Follow the README; return {student: score} and the course's folder."""
    base = tmp_path_factory.mktemp("teacher")
    exchange = base / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "HOME": str(base)}
    environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    place = base
    for command in readme_commands():
        words = command.split()
        if words[0] == "cd":
            place = place / words[1]
            _set_exchange(place, exchange)
            continue
        if words[1] == "collect":
            _hand_in(place, base / "student", exchange, environ)
        _run(command, place, environ)
    with (place / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    return rows, place


def _run(command, place, environ):
    done = subprocess.run(
        command, shell=True, cwd=place, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def _set_exchange(place, exchange):
    """Do what the settings file says about machines that share a disk."""
    path = place / "nbgrader_config.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("# c.Exchange", "c.Exchange"), encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace(
        "/srv/nbgrader/exchange", str(exchange)
    )
    path.write_text(text, encoding="utf-8")


def _hand_in(place, mine, exchange, environ):
    """Let one student submit by command; lay what the others sent into submitted/."""
    mine.mkdir()
    shutil.copy(place / "nbgrader_config.py", mine)
    _run(f"nbgrader fetch_assignment {NAME}", mine, environ)
    _run(f"nbgrader submit {NAME}", mine, environ)
    for student, (text, files) in hand_ins(place).items():
        folder = place / "submitted" / student / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(text, encoding="utf-8")
        files = {**files, "timestamp.txt": "2026-11-25 12:00:00.000000 UTC"}
        files["submission_secret.txt"] = student  # releasing feedback asks for both
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")


def hand_ins(place):
    """Return {student: (notebook, files beside it)}."""
    source = nbformat.read(place / "source" / NAME / f"{NAME}.ipynb", 4)
    blank = nbformat.read(place / "release" / NAME / f"{NAME}.ipynb", 4)
    solved = {c.id: c.source for c in source.cells if c.id.endswith("-code")}
    full = with_cells(blank, solved)
    half = with_cells(blank, dict(list(solved.items())[:2]))
    deleted = with_cells(full, {})
    deleted.cells = [c for c in deleted.cells if c.id != "rates-check"]
    lost = with_cells(full, {})
    lost.cells = [c for c in lost.cells if c.id != "rates-code"]
    made = {"full": full, "blank": blank, "half": half, "deleted": deleted}
    made["lost"] = lost
    sent = {name: (nbformat.writes(nb), {}) for name, nb in made.items()}
    sent["bom"] = ("\ufeff" + nbformat.writes(full), {})
    for name, code in FAKES.items():
        answers = {key: _wrong(text, code) for key, text in solved.items()}
        beside = {"fltutor.py": FAKE_LIBRARY} if name == "library" else {}
        sent[f"fake-{name}"] = (nbformat.writes(with_cells(blank, answers)), beside)
    sent["honest-fake"] = (nbformat.writes(_faked(full)), {})
    return sent


FAKE_LIBRARY = "import types\nlesson = types.SimpleNamespace(setup=lambda: None)\n"
FAKE_LIBRARY += "check = lambda *a: types.SimpleNamespace(passed=True)\n"


def _wrong(text, code):
    name = re.search(r"def (\w+)", text)[1]
    return f"def {name}(*inputs):\n    return 0\n\n{code}"


def _faked(full):
    """A right answer under a fake keeps its points."""
    cells = {c.id: f"{c.source}\n{FAKES['check']}" for c in full.cells}
    return with_cells(full, {k: v for k, v in cells.items() if k.endswith("-code")})


def with_cells(notebook, sources):
    """Return a copy with the sources of some cells replaced, by id."""
    made = nbformat.from_dict(notebook.copy())
    made = nbformat.reads(nbformat.writes(made), 4)
    for cell in made.cells:
        cell.source = sources.get(cell.id, cell.source)
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "score"),
    [
        ("full", AUTOGRADED),
        ("blank", 0.0),
        ("half", 2.0),
        ("deleted", AUTOGRADED),  # the check came back
        ("lost", AUTOGRADED - 1),  # the answer did not
        ("bom", AUTOGRADED),
        ("honest-fake", AUTOGRADED),
        *[(f"fake-{name}", 0.0) for name in FAKES],
    ],
)
def test_a_hand_in_scores_what_its_answers_are_worth(grades, student, score):
    assert grades[0][student] == score


@pytest.mark.slow
def test_what_was_submitted_by_command_was_collected(grades):
    rows, place = grades
    everybody = {path.name for path in (place / "submitted").iterdir()}
    assert everybody == rows.keys()
    assert len(everybody) == len(FAKES) + 8


@pytest.mark.slow
def test_everybody_has_feedback_that_shows_what_the_check_said(grades):
    page = grades[1] / "feedback" / "half" / NAME / f"{NAME}.html"
    assert "03.read_ledger" in page.read_text(encoding="utf-8")


def test_the_source_has_stubs_to_make_and_no_explanations(tmp_path):
    names = write_sources(support.ROOT / "solutions", tmp_path)
    assert NAME in names
    for name in names:
        nb = nbformat.read(tmp_path / "source" / name / f"{name}.ipynb", 4)
        assert not any("solution-only" in c.metadata.get("tags", []) for c in nb.cells)
        assert any("BEGIN SOLUTION" in c.source for c in nb.cells)


def test_settings_and_roster_that_are_there_stay(tmp_path):
    write_sources(support.ROOT / "solutions", tmp_path)
    roster = tmp_path / "roster.csv"
    assert roster.read_text(encoding="utf-8").startswith("id,")
    roster.write_text("id\nme\n", encoding="utf-8")
    write_sources(support.ROOT / "solutions", tmp_path)
    assert roster.read_text(encoding="utf-8") == "id\nme\n"


@pytest.mark.parametrize("path", support.solutions(), ids=lambda path: path.stem)
def test_an_open_answer_is_worth_what_its_rubric_adds_up_to(path):
    nb = stamp(support.tool.read(path))
    (answer,) = [
        c
        for c in nb.cells
        if c.cell_type == "markdown" and c.metadata.get("nbgrader", {}).get("grade")
    ]
    (rubric,) = [t for c in nb.cells if (t := rubric_points(c.source))]
    assert answer.metadata["nbgrader"]["points"] == rubric


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("**Rubric** (4 points): a reason (1) · a plan (3)", 4),
        ("Rubric: a reason (1); two plans (2).", 3),
        ("**Rubric** (2 points each)\n\n* one\n* two\n* three", 6),
        ("Equation (3) has no rub.", None),
    ],
)
def test_a_rubric_says_what_it_gives_in_all(text, points):
    assert rubric_points(text) == points
