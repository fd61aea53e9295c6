"""Find a check by its id: ``"02.weighted_mean"`` is one of lesson 02's."""

from __future__ import annotations

import re

from fltutor import catalogue
from fltutor.checks.model import Check
from fltutor.words import _


def lessons() -> tuple[str, ...]:
    """Return the numbers of the lessons that have checks: ``("02", ...)``."""
    return catalogue.with_part("checks")


def checks_of(lesson: str) -> dict[str, Check]:
    """Return the checks of one lesson, by id."""
    checks: tuple[Check, ...] = catalogue.part(lesson, "checks").CHECKS
    return {check.id: check for check in checks}


def find(id: str) -> Check:
    """Return the check of that id.

    Raises
    ------
    KeyError
        If there is none; the message names those of the lesson.
    """
    form = re.fullmatch(r"(\d\d)\.(\w+)", str(id))
    if form is None or form[1] not in lessons():
        sentence = _(
            "There is no check {id!r}. An id looks like '02.weighted_mean'; lessons "
            "with checks: {lessons}."
        )
        raise KeyError(sentence.format(id=id, lessons=", ".join(lessons())))
    checks = checks_of(form[1])
    if id not in checks:
        sentence = _("There is no check {id!r}. Lesson {lesson} has: {ids}.")
        raise KeyError(sentence.format(id=id, lesson=form[1], ids=", ".join(checks)))
    return checks[id]
