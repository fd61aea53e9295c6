"""What the tests of checks and exercises share: notebooks, and what they define."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lesson_support import Turn, turns
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests" / "fixtures"


@cache
def load(path: Path) -> ModuleType:
    """Import a file that is in no package."""
    spec = importlib.util.spec_from_file_location(
        f"loaded_{path.parent.name}_{path.stem}", path
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


tool = load(ROOT / "workshop" / "exercises.py")


def solutions() -> list[Path]:
    """Return the solutions notebooks: the course's, then the tests' own."""
    return [
        path
        for folder in (ROOT / "solutions", FIXTURES / "solutions")
        for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    ]


@cache
def where(id: str) -> Path:
    """Return the solutions notebook that solves a check."""
    for path in solutions():
        if any(tool.check_id(cell) == id for cell in tool.read(path).cells):
            return path
    raise LookupError(
        f"No solutions notebook has a cell with metadata "
        f'{{"fltutor": {{"check": "{id}"}}}}.'
    )


def checked_names(notebook: NotebookNode, id: str) -> list[str]:
    """Return the expressions that the notebook hands to ``ft.check(id, ...)``."""
    for cell in notebook.cells:
        line = cell.source.strip().split("\n")[-1]
        found = tool.CHECK_LINE.match(line)
        if cell.cell_type == "code" and found and found["id"] == id:
            call = ast.parse(line, mode="eval").body
            assert isinstance(call, ast.Call)
            return [ast.unparse(argument) for argument in call.args[1:]]
    raise LookupError(f'No cell of the notebook is ft.check("{id}", ...).')


def answers(notebook: NotebookNode, id: str) -> tuple[object, ...]:
    """Run the cells that a check's answer needs, and return the answer."""
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in notebook.cells:
        needed = {"setup", "check-setup"} & set(tool.tags(cell)) or tool.check_id(cell)
        if cell.cell_type == "code" and needed:
            code = compile(cell.source, f"<cell {cell.id}>", "exec")
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, space)
        if tool.check_id(cell) == id:
            last = space.copy()  # a later exercise may reuse a name
    return tuple(eval(name, last) for name in checked_names(notebook, id))


def solution(id: str) -> tuple[object, ...]:
    """Return the reference solution: folded in its lesson, or in its notebook."""
    if (found := turn(id)) is not None:
        return (found.defined(found.code),)
    return answers(tool.read(where(id)), id)


def untouched(id: str) -> tuple[object, ...]:
    """Return what the learner's notebook hands to the check before any work."""
    if (found := turn(id)) is not None:
        return (found.defined(found.stub),)
    pytest.importorskip("nbgrader", reason="generating exercises needs nbgrader")
    return answers(tool.generate(tool.stamp(tool.read(where(id)))), id)


@cache
def turn(id: str) -> Turn | None:
    """Return the Your turn of a lesson that asks for this check, if one does."""
    for path in (ROOT / "lessons").glob(f"{id[:2]}_*.ipynb"):
        for found in turns(tool.read(path).cells):
            if found.check == id:
                return found
    return None


def alternatives(id: str) -> list[tuple[str, object]]:
    """Return correct answers that are written differently: (in words, answer)."""
    path = ROOT / "tests" / "course" / f"lesson_{id[:2]}" / "alternatives.py"
    return list(load(path).ALTERNATIVES.get(id, ())) if path.exists() else []
