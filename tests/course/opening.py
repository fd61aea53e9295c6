"""How a lesson opens its widgets: the cell, and what that cell needs."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

from fltutor import catalogue

LESSONS = Path(__file__).resolve().parents[2] / "lessons"


@dataclass(frozen=True)
class Opening:
    """A cell of a lesson that shows a widget.

    Attributes
    ----------
    widget
        its entry in the catalogue.
    sources
        the cells before it that define what it uses, then the cell itself.
    line
        the words that are saved with it.
    """

    lesson: str
    cell: str
    widget: catalogue.Widget
    sources: tuple[str, ...]
    line: str


def openings() -> list[Opening]:
    """Return every cell of the course that shows a widget, in order."""
    return [
        opening
        for lesson in catalogue.lessons().values()
        for opening in _of_lesson(lesson)
    ]


def _of_lesson(lesson: catalogue.Lesson) -> list[Opening]:
    path = LESSONS / f"{lesson.notebook}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    found = []
    for k, cell in enumerate(code):
        source = "".join(cell["source"])
        for widget in lesson.widgets + _others():
            if f"ft.widgets.{widget.name}(" in source:
                before = ["".join(each["source"]) for each in code[:k]]
                line = "".join(cell["outputs"][0]["data"]["text/plain"])
                made = (*needed(before, source), source)
                found.append(Opening(lesson.number, cell["id"], widget, made, line))
                break
    return found


def _others() -> tuple[catalogue.Widget, ...]:
    return tuple(widget for _, widget in catalogue.widgets().values())


def needed(before: list[str], source: str) -> list[str]:
    """Return the cells that define a name which the source uses, or these cells use."""
    wanted, kept = _uses(source), []
    for cell in reversed(before):
        if _defines(cell) & wanted:
            wanted |= _uses(cell)
            kept.append(cell)
    return kept[::-1]


def _uses(source: str) -> set[str]:
    nodes = ast.walk(ast.parse(source))
    return {node.id for node in nodes if isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)}  # fmt: skip


def _defines(source: str) -> set[str]:
    found = set()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            found |= {(a.asname or a.name).split(".")[0] for a in statement.names}
        else:
            found |= {node.id for node in ast.walk(statement)
                      if isinstance(node, ast.Name)
                      and isinstance(node.ctx, ast.Store)}  # fmt: skip
    return found
