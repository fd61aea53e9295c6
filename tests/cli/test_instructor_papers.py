"""Quizzes that a platform can import, slides and a plan; copies without solutions."""

from __future__ import annotations

import re
import sys
import zipfile
from xml.etree import ElementTree as ET

import nbformat
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from fltutor import catalogue
from fltutor.cli import main
from fltutor.instructor import lab_hours, quizzes
from fltutor.lesson.questions import Option, Question, markup, quiz

LESSON = catalogue.lessons()["03"]
QTI21 = "{http://www.imsglobal.org/xsd/imsqti_v2p1}"
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")),
    min_size=1,
    max_size=30,
)
QUESTIONS = st.builds(
    lambda text, options, right: Question(
        text,
        tuple(Option(t, w, k == right) for k, (t, w) in enumerate(options)),
    ),
    TEXT,
    st.lists(st.tuples(TEXT, TEXT), min_size=3, max_size=3),
    st.integers(0, 2),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quizzes")
    quizzes.write_quizzes(folder)
    return folder


def read_gift(text):
    """Read GIFT as Moodle does: an escaped character is nobody's mark."""
    text = re.sub(r"\\(.)", lambda m: f"\x00{ord(m[1])}\x01", text)
    found = []
    for asked, body in re.findall(r"::[^:]*::\[html\](.*?) \{(.*?)\n\}", text, re.S):
        answers = re.findall(r"^  ([=~])([^#\n]*)#([^\n]*)$", body, re.M)
        found.append((asked, answers))
    plain = lambda t: re.sub(r"\x00(\d+)\x01", lambda m: chr(int(m[1])), t)  # noqa: E731 - a name for one line
    return [(plain(q), [(m, plain(t), plain(w)) for m, t, w in a]) for q, a in found]


def squeezed(text):
    return " ".join(markup(text).split())


@given(QUESTIONS)
def test_gift_gives_every_text_back_whatever_is_in_it(question):
    ((asked, answers),) = read_gift(quizzes.gift(LESSON, (question,)))
    assert asked.strip() == squeezed(question.text)
    assert [a[0] for a in answers] == [
        "=" if o.correct else "~" for o in question.options
    ]
    assert [a[1] for a in answers] == [squeezed(o.text) for o in question.options]
    assert [a[2] for a in answers] == [squeezed(o.why) for o in question.options]


@given(QUESTIONS)
def test_qti_scores_the_right_option_and_explains_each(question):
    item = ET.fromstring(quizzes.qti21(LESSON, 1, question))
    right = item.find(f"{QTI21}responseDeclaration/{QTI21}correctResponse/{QTI21}value")
    choices = item.findall(f".//{QTI21}simpleChoice")
    told = item.findall(f"{QTI21}modalFeedback")
    assert right.text == f"o{question.correct}"
    assert len({c.get("identifier") for c in choices}) == len(question.options)
    assert [f.get("identifier") for f in told] == [c.get("identifier") for c in choices]

    old = ET.fromstring(quizzes.qti12(LESSON, (question,))).find(".//item")
    scoring = [
        c.find(".//varequal").text
        for c in old.iter("respcondition")
        if (s := c.find("setvar")) is not None and s.text == "100"
    ]
    assert scoring == [f"o{question.correct}"]
    labels = [label.get("ident") for label in old.iter("response_label")]
    links = [f.get("linkrefid") for f in old.iter("displayfeedback")]
    assert len(labels) == len(question.options)
    assert links == [f.get("ident") for f in old.iter("itemfeedback")]


@pytest.mark.parametrize("kind", ["qti12", "qti21"])
def test_a_package_holds_just_what_its_manifest_names(written, kind):
    for path in written.glob(f"*.{kind}.zip"):
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            files = {name: ET.fromstring(archive.read(name)) for name in names}
        manifest = files["imsmanifest.xml"]
        named = {e.get("href") for e in manifest.iter() if e.tag.endswith("}file")}
        assert named == names - {"imsmanifest.xml"}
        assert len(named) == (1 if kind == "qti12" else 5)


def test_each_quiz_is_there_with_all_its_questions(written):
    for number, lesson in catalogue.lessons().items():
        text = (written / f"{lesson.notebook}.gift").read_text(encoding="utf-8")
        assert len(read_gift(text)) == len(quiz(number).questions)


def test_the_same_bytes_come_every_time(written, tmp_path):
    quizzes.write_quizzes(tmp_path)
    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def notebook(*texts):
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    return nbformat.v4.new_notebook(cells=cells)


def test_slides_begin_at_headings_and_fetch_nothing():
    page = lab_hours.slides(notebook("# One", "more", "## Two", "$x^2$"))
    assert page.count('<section class="slide">') == 2
    assert re.findall(r"""(?:src|href)=["']https?:""", page) == []


def test_a_timing_sheet_sends_home_what_does_not_fit(tmp_path):
    task = "## Exercise {} · Title\n\n*{} minutes · {}*\n\nText."
    cells = (task.format(1, 20, "core"), task.format(2, 40, "core"))
    nb = notebook(*cells, task.format(3, 5, "stretch"))
    assert [m for _, m, _ in lab_hours.tasks_of(nb)] == [20, 40, 5]
    nbformat.write(nb, tmp_path / f"{LESSON.notebook}.ipynb")
    sheet = lab_hours.timing_sheet((LESSON,), tmp_path)
    assert "| 50 | 20 | Exercise 1 · Title |" in sheet  # after a lesson of 45
    assert "At home: Exercise 2 · Title (40 min); Exercise 3" in sheet
    assert int(re.search(r"Ends at minute (\d+)", sheet)[1]) <= lab_hours.LAB


def test_students_get_no_solutions_where_none_are_wanted(tmp_path):
    target = tmp_path / "mine"
    told = CliRunner().invoke(
        main, ["lab", str(target), "--copy-only", "--no-solutions"]
    )
    assert told.exit_code == 0, told.output
    assert {p.name for p in target.iterdir() if p.is_dir()} == {"lessons", "exercises"}


def test_without_nbgrader_the_command_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    monkeypatch.setattr(
        sys.modules["fltutor.cli.instructor"], "find_spec", lambda name: None
    )
    told = CliRunner().invoke(main, ["instructor", str(tmp_path / "x")])
    assert told.exit_code == 1
    assert 'pip install "fltutor[instructor]"' in told.output
    assert not (tmp_path / "x").exists()


def test_a_course_is_made_by_command(tmp_path):
    pytest.importorskip("nbgrader")
    told = CliRunner().invoke(main, ["instructor", str(tmp_path / "x")])
    assert told.exit_code == 0, told.output
    made = {path.name for path in (tmp_path / "x").iterdir()}
    assert made == {"source", "nbgrader_config.py", "roster.csv"}
