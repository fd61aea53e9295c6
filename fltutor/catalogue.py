"""The course's lessons, found in ``course/lesson_NN/`` and registered nowhere.

A lesson's folder holds ``lesson.toml`` (what it is), ``words.toml`` (what it says),
``checks.py`` (what is held against an answer) and the files of its widgets.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

COURSE = Path(__file__).parent / "course"


@dataclass(frozen=True, kw_only=True)
class Widget:
    """A widget of a lesson.

    Attributes
    ----------
    name
        its factory, a function of the file: ``ft.widgets.<name>()``.
    file
        the file's name without its ending, and the widget's CSS class after
        ``fltutor-``.
    slider
        the field of its `Controls` that a benchmark moves.
    goal_ms
        milliseconds from a key press to changed pixels.
    plays
        whether it has a play button.
    idle
        field -> why a step from the lesson's setting leaves the words as they are;
        ``"07.distance"`` where that holds in one lesson of several.
    """

    name: str
    file: str
    slider: str
    goal_ms: int
    plays: bool = False
    idle: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a lesson is: the content of its ``lesson.toml``.

    Attributes
    ----------
    number
        two digits, from the folder's name.
    notebook
        name of its notebook in ``lessons/`` and of its exercises, without ending.
    title, idea
        as in the table of lessons.
    minutes
        for reading and running.
    builds_on
        numbers of lessons.
    data
        data sets that its optional sections need.
    extras
        extras of the package that its optional sections need.
    """

    number: str
    notebook: str
    title: str
    idea: str
    minutes: int
    builds_on: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    widgets: tuple[Widget, ...] = ()


@cache
def lessons() -> Mapping[str, Lesson]:
    """Return the lessons by their number, ``"05"``, in order."""
    folders = sorted(COURSE.glob("lesson_[0-9][0-9]/lesson.toml"))
    return MappingProxyType({path.parent.name[-2:]: _read(path) for path in folders})


@cache
def words(number: str) -> Mapping[str, Any]:
    """Return what a lesson says, as its ``words.toml`` has it; empty without one."""
    path = COURSE / f"lesson_{number}" / "words.toml"
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            f"Got {path.parent.name}/words.toml that is not valid TOML, {error}. "
            "Mend that line: a quote inside a text is often the cause."
        ) from None


def part(number: str, name: str) -> ModuleType:
    """Import a file of a lesson, ``part("05", "drift")``."""
    return import_module(f"fltutor.course.lesson_{number}.{name}")


def with_part(name: str) -> tuple[str, ...]:
    """Return the numbers of the lessons that have a file or folder of that name."""
    found = re.compile(rf"{name}(\.py)?$")
    return tuple(
        number
        for number in lessons()
        if any(found.match(p.name) for p in (COURSE / f"lesson_{number}").iterdir())
    )


def widgets() -> dict[str, tuple[str, Widget]]:
    """Return the widgets by factory name: the lesson's number, and what it is."""
    return {
        widget.name: (lesson.number, widget)
        for lesson in lessons().values()
        for widget in lesson.widgets
    }


def _read(path: Path) -> Lesson:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    made = tuple(Widget(**entry) for entry in raw.pop("widgets", []))
    lists: dict[str, Any] = {
        key: tuple(raw.pop(key, ())) for key in ("builds_on", "data", "extras")
    }
    return Lesson(number=path.parent.name[-2:], widgets=made, **lists, **raw)
