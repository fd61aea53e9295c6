"""The lessons' quizzes for a learning platform: GIFT, QTI 1.2 and QTI 2.1.

GIFT is what Moodle reads. The zips are IMS content packages: QTI 1.2 is what Canvas
imports, QTI 2.1 what ILIAS, OpenOlat and Moodle's add-ons do. Every option keeps its
explanation as feedback. References: docs.moodle.org/en/GIFT_format; IMS Question & Test
Interoperability 1.2.1 (2003) and 2.1 (2012).
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

from fltutor import catalogue
from fltutor.catalogue import Lesson
from fltutor.lesson.questions import Question, markup, quiz

_QTI21 = "http://www.imsglobal.org/xsd/imsqti_v2p1"
_CP = "http://www.imsglobal.org/xsd/imscp_v1p1"
_TYPES = {"1.2": "imsqti_xmlv1p2", "2.1": "imsqti_item_xmlv2p1"}
_THE_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # a zip's times; the same bytes every time


def write_quizzes(folder: Path) -> list[str]:
    """Write each lesson's quiz in three formats into `folder`; return the names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for lesson in catalogue.lessons().values():
        if "quiz" not in catalogue.words(lesson.number):
            continue
        questions = quiz(lesson.number).questions
        name = lesson.notebook
        text = gift(lesson, questions)
        (folder / f"{name}.gift").write_text(text, encoding="utf-8", newline="\n")
        one = {f"{name}.xml": qti12(lesson, questions)}
        (folder / f"{name}.qti12.zip").write_bytes(_package(one, "1.2"))
        items = {
            f"{name}_{k}.xml": qti21(lesson, k, question)
            for k, question in enumerate(questions, start=1)
        }
        (folder / f"{name}.qti21.zip").write_bytes(_package(items, "2.1"))
        names.append(name)
    return names


# ---- GIFT ------------------------------------------------------------------------


def gift(lesson: Lesson, questions: tuple[Question, ...]) -> str:
    """Return the questions as GIFT, in a category of the lesson's own."""
    parts = [f"$CATEGORY: fltutor/{lesson.number} {lesson.title.replace('/', '//')}\n"]
    for k, question in enumerate(questions, start=1):
        lines = [
            f"{'=' if option.correct else '~'}{escaped(markup(option.text))}"
            f"#{escaped(markup(option.why))}"
            for option in question.options
        ]
        body = "\n".join(f"  {line}" for line in lines)
        title = escaped(f"{lesson.number} question {k}")
        parts.append(
            f"::{title}::[html]{escaped(markup(question.text))} {{\n{body}\n}}\n"
        )
    return "\n".join(parts)


def escaped(text: str) -> str:
    r"""Return text in which no character means anything to GIFT.

    Examples
    --------
    >>> print(escaped("a = {1: 2} ~ #"))
    a \= \{1\: 2\} \~ \#
    """
    marked = "".join(f"\\{c}" if c in "\\~=#{}:" else c for c in text)
    return " ".join(marked.split())


# ---- QTI -------------------------------------------------------------------------


def qti12(lesson: Lesson, questions: tuple[Question, ...]) -> bytes:
    """Return a quiz as one QTI 1.2 assessment; each option has feedback of its own."""
    root = ET.Element("questestinterop")
    title = f"{lesson.number} {lesson.title}"
    test = _under(root, "assessment", ident=f"quiz_{lesson.number}", title=title)
    section = _under(test, "section", ident="root_section")
    for k, question in enumerate(questions, start=1):
        name = f"q_{lesson.number}_{k}"
        item = _under(section, "item", ident=name, title=f"Question {k}")
        shown = _under(item, "presentation")
        _text12(shown, question.text)
        ask = _under(shown, "response_lid", ident="answer", rcardinality="Single")
        choices = _under(ask, "render_choice")
        for n, option in enumerate(question.options):
            _text12(_under(choices, "response_label", ident=f"o{n}"), option.text)
        result = _under(item, "resprocessing")
        kept = _under(result, "outcomes")
        _under(kept, "decvar", varname="SCORE", minvalue="0", maxvalue="100",
               vartype="Decimal")  # fmt: skip
        for n, option in enumerate(question.options):
            case = _under(result, "respcondition", **{"continue": "Yes"})
            equal = _under(_under(case, "conditionvar"), "varequal", respident="answer")
            equal.text = f"o{n}"
            if option.correct:
                _under(case, "setvar", action="Set", varname="SCORE").text = "100"
            _under(case, "displayfeedback", feedbacktype="Response", linkrefid=f"f{n}")
        for n, option in enumerate(question.options):
            _text12(_under(item, "itemfeedback", ident=f"f{n}"), option.why)
    return _bytes(root)


def qti21(lesson: Lesson, k: int, question: Question) -> bytes:
    """Return a question as one QTI 2.1 item; feedback is told by what was chosen."""
    root = ET.Element("assessmentItem", xmlns=_QTI21)
    root.attrib |= {
        "identifier": f"q_{lesson.number}_{k}",
        "title": f"{lesson.number} {lesson.title}: question {k}",
        "adaptive": "false",
        "timeDependent": "false",
    }
    kinds = {"cardinality": "single", "baseType": "identifier"}
    answer = _under(root, "responseDeclaration", identifier="RESPONSE", **kinds)
    right = _under(_under(answer, "correctResponse"), "value")
    right.text = f"o{question.correct}"
    score = {"cardinality": "single", "baseType": "float"}
    _under(root, "outcomeDeclaration", identifier="SCORE", **score)
    _under(root, "outcomeDeclaration", identifier="FEEDBACK", **kinds)
    body = _under(root, "itemBody")
    ask = _under(body, "choiceInteraction", responseIdentifier="RESPONSE",
                 shuffle="true", maxChoices="1")  # fmt: skip
    _html(_under(ask, "prompt"), question.text)
    for n, option in enumerate(question.options):
        _html(_under(ask, "simpleChoice", identifier=f"o{n}"), option.text)
    steps = _under(root, "responseProcessing")
    _score21(steps)
    said = _under(steps, "setOutcomeValue", identifier="FEEDBACK")
    _under(said, "variable", identifier="RESPONSE")
    for n, option in enumerate(question.options):
        told = {"outcomeIdentifier": "FEEDBACK", "showHide": "show"}
        _html(_under(root, "modalFeedback", identifier=f"o{n}", **told), option.why)
    return _bytes(root)


def _score21(steps: ET.Element) -> None:
    """Score 1 where the response is the correct one, else 0."""
    condition = _under(steps, "responseCondition")
    hit = _under(condition, "responseIf")
    match = _under(hit, "match")
    _under(match, "variable", identifier="RESPONSE")
    _under(match, "correct", identifier="RESPONSE")
    for branch, points in ((hit, "1"), (_under(condition, "responseElse"), "0")):
        value = _under(branch, "setOutcomeValue", identifier="SCORE")
        _under(value, "baseValue", baseType="float").text = points


def _html(place: ET.Element, text: str) -> None:
    """Put a text's markup into an element, as elements."""
    inner = ET.fromstring(f"<span>{markup(text)}</span>")
    place.text = inner.text
    place.extend(list(inner))


def _text12(place: ET.Element, text: str) -> None:
    material = _under(place, "material")
    _under(material, "mattext", texttype="text/html").text = markup(text)


def _under(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, tag, attributes)


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _package(files: dict[str, bytes], version: str) -> bytes:
    """Return a zip of the files and the manifest that an import looks for."""
    root = ET.Element("manifest", xmlns=_CP, identifier="fltutor")
    _under(root, "organizations")
    resources = _under(root, "resources")
    for name in files:
        key = f"r_{name.removesuffix('.xml')}"
        kind = _TYPES[version]
        made = _under(resources, "resource", identifier=key, type=kind, href=name)
        _under(made, "file", href=name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"imsmanifest.xml": _bytes(root), **files}.items():
            archive.writestr(zipfile.ZipInfo(name, _THE_FIRST_DAY), content)
    return packed.getvalue()
