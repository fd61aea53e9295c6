"""How a lesson opens its widgets: the cell, and what that cell needs."""

from __future__ import annotations

import json
import symtable
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
        for _, widget in catalogue.widgets().values():
            if f"ft.widgets.{widget.name}(" in source:
                before = ["".join(each["source"]) for each in code[:k]]
                line = "".join(cell["outputs"][0]["data"]["text/plain"])
                made = (*needed(before, source), source)
                found.append(Opening(lesson.number, cell["id"], widget, made, line))
                break
    return found


def needed(before: list[str], source: str) -> list[str]:
    """Return the cells that define a name which the source uses, or these cells use.

    Of several definitions the last before its use counts.
    """
    wanted, kept = _uses(source), []
    for cell in reversed(before):
        if found := _defines(cell) & wanted:
            wanted = (wanted - found) | _uses(cell)
            kept.append(cell)
    return kept[::-1]


def _uses(source: str) -> set[str]:
    """Return the global names that a cell reads, inside its functions too."""
    return _read(symtable.symtable(source, "cell", "exec"))


def _read(table: symtable.SymbolTable) -> set[str]:
    top = table.get_type() == "module"
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (top or symbol.is_global())
    }
    return names.union(*map(_read, table.get_children()))


def _defines(source: str) -> set[str]:
    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
