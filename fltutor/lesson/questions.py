"""Five questions at a lesson's end; every option, right or wrong, is explained."""

from __future__ import annotations

import html
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fltutor import catalogue, validate
from fltutor.lab import view

QUESTIONS = 5


@dataclass(frozen=True)
class Option:
    """One answer, whether it is right, and why or why not."""

    text: str
    why: str
    correct: bool


@dataclass(frozen=True)
class Question:
    """A question with its options."""

    text: str
    options: tuple[Option, ...]

    @property
    def correct(self) -> int:
        """Position of the right option."""
        return next(k for k, option in enumerate(self.options) if option.correct)


class Quiz:
    """A lesson's questions: live where widgets run, foldable text where not."""

    def __init__(self, name: str, questions: tuple[Question, ...]) -> None:
        self.name = name
        self.questions = questions
        self._chosen: dict[int, int] = {}
        self._box: Any = None

    def answer(self, question: int, option: int) -> str:
        """Record an answer and return its explanation (numbers from 0)."""
        self._chosen[question] = option
        return explain(self.questions[question].options[option])

    @property
    def score(self) -> str:
        """How many of the answered questions are right."""
        right = sum(
            self.questions[q].options[o].correct for q, o in self._chosen.items()
        )
        return (
            f"{right} of {len(self.questions)} right, "
            f"{len(self._chosen)} of {len(self.questions)} answered."
        )

    @property
    def box(self) -> Any:
        """The ipywidgets view, built when it is first shown."""
        if self._box is None:
            self._box = self._build()
        return self._box

    def _build(self) -> Any:
        total = view.text_html("")
        total.value = view.spoken(self.score)
        cards = [self._card(k, question, total)
                 for k, question in enumerate(self.questions)]  # fmt: skip
        return view.column(*cards, total, name="quiz")

    def _card(self, k: int, question: Question, total: Any) -> Any:
        text = view.text_html("")

        def choose(option: int) -> None:
            text.value = view.spoken(
                self.answer(k, option), error=not question.options[option].correct
            )
            total.value = view.spoken(self.score)

        title = view.text_html(f"<b>{k + 1}. {markup(question.text)}</b>")
        answers = view.radio([plain(o.text) for o in question.options], choose)
        return view.column(title, answers, text)

    def __repr__(self) -> str:
        """Return questions and options, without the answers."""
        lines = []
        for k, question in enumerate(self.questions, start=1):
            lines.append(f"{k}. {plain(question.text)}")
            lines += [
                f"   {letter}) {plain(option.text)}"
                for letter, option in zip("abcdef", question.options, strict=False)
            ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "".join(
            f"<p><b>{k}. {markup(question.text)}</b></p><ul>"
            + "".join(
                f"<li>{markup(option.text)}<details><summary>is it?</summary>"
                f"{markup(explain(option))}</details></li>"
                for option in question.options
            )
            + "</ul>"
            for k, question in enumerate(self.questions, start=1)
        )

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, Any]:
        return view.mime_bundle(
            self.box, **{"text/plain": repr(self), "text/html": self._repr_html_()}
        )


def quiz(name: str) -> Quiz:
    """Return a lesson's quiz by its number: ``quiz("02")``."""
    validate.one_of("quiz", name, catalogue.lessons())
    return made(catalogue.words(name).get("quiz", {}), name)


def parse(text: str, name: str = "quiz") -> Quiz:
    """Read and check a quiz in TOML; raise with everything that is wrong."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"quiz {name}: not valid TOML, {error}.") from None
    return made(raw, name)


def made(raw: Mapping[str, Any], name: str) -> Quiz:
    """Check a quiz as its words have it, and make it."""
    found = problems(raw)
    if found:
        raise ValueError(f"quiz {name}: " + "; ".join(found) + ".")
    questions = tuple(
        Question(
            one_line(question["text"]),
            tuple(
                Option(one_line(o["text"]), one_line(o["why"]), o.get("correct", False))
                for o in question["option"]
            ),
        )
        for question in raw["question"]
    )
    return Quiz(name, questions)


def problems(raw: Mapping[str, Any]) -> list[str]:
    """Say everything that is wrong with a quiz as read from TOML."""
    found = [f"unknown key {key!r}" for key in raw if key not in ("title", "question")]
    questions = raw.get("question", [])
    if not isinstance(questions, list):
        return ["question must be written [[question]], once for each"]
    if len(questions) != QUESTIONS:
        found.append(f"has {len(questions)} questions, needs {QUESTIONS}")
    for k, question in enumerate(questions, start=1):
        found += [f"question {k} {fault}" for fault in _faults(question)]
    if found:
        return found
    right = [_right(question["option"]) for question in questions]
    place, times = Counter(right).most_common(1)[0]
    if times > 2:
        found.append(
            f"the right answer is option {place + 1} in {times} questions, "
            "needs to move about (at most 2 times in one place)"
        )
    longest = sum(
        all(
            len(q["option"][r]["text"]) > len(option["text"])
            for k, option in enumerate(q["option"])
            if k != r
        )
        for q, r in zip(questions, right, strict=True)
    )
    if longest > 3:
        found.append(
            f"the right answer is the longest in {longest} questions, at most 3: "
            "shorten some or lengthen wrong ones"
        )
    return found


def _faults(question: dict[str, Any]) -> list[str]:
    options = question.get("option", [])
    faults = [] if str(question.get("text", "")).strip() else ["has no text"]
    faults += [f"has an unknown key {k!r}" for k in question
               if k not in ("text", "option")]  # fmt: skip
    if not 3 <= len(options) <= 5:
        faults.append(f"has {len(options)} options, needs 3 to 5")
    if sum(bool(o.get("correct", False)) for o in options) != 1:
        faults.append("needs exactly one option with correct = true")
    for i, option in enumerate(options, start=1):
        for key in ("text", "why"):
            if not str(option.get(key, "")).strip():
                faults.append(f"option {i} has no {key}")
        faults += [f"option {i} has an unknown key {k!r}" for k in option
                   if k not in ("text", "why", "correct")]  # fmt: skip
    for key in ("text", "why"):
        told = [one_line(str(option.get(key, ""))) for option in options]
        if len(set(told)) != len(told):
            faults.append(f"has two options with the same {key}")
    return faults


def _right(options: list[dict[str, Any]]) -> int:
    return next(k for k, option in enumerate(options) if option.get("correct", False))


def explain(option: Option) -> str:
    """Return what a reader sees who chose this option."""
    return f"{'Right.' if option.correct else 'Not quite.'} {option.why}"


def one_line(text: str) -> str:
    """Join a wrapped text to one line."""
    return " ".join(text.split())


def plain(text: str) -> str:
    """Drop the marks around code."""
    return text.replace("`", "")


def markup(text: str) -> str:
    """Turn `code` marks into HTML, everything else into text."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
