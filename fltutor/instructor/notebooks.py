"""What nbgrader needs, from what authors wrote: stamping, clearing, what learners get.

How a solutions notebook is written stands in ``workshop/exercises.py``. Needs nbformat;
`generate` needs nbgrader, the extra ``instructor``.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

CODE_STUB = "# Write your code here.\nraise NotImplementedError"
TEXT_STUB = "*Write your answer here.*"
CHECK_LINE = re.compile(r"""^ft\.check\((["'])(?P<id>\d\d\.\w+)\1,.*\)$""")
RUBRIC = re.compile(
    r"\bRubric\b[*: ]*(?:\((?P<total>\d+) points?(?P<each> each)?\))?(?P<text>.*)",
    re.DOTALL,
)
_PART = re.compile(r"^\* ", re.MULTILINE)


def read(path: Path) -> NotebookNode:
    """Read a notebook, in format 4."""
    return nbformat.read(path, as_version=4)


def dumps(notebook: NotebookNode) -> str:
    """Return the notebook's bytes: sorted keys, one newline at the end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def tags(cell: NotebookNode) -> list[str]:
    """Return the cell's tags."""
    return list(cell.metadata.get("tags", []))


def check_id(cell: NotebookNode) -> str | None:
    """Return the check that the cell solves, if any."""
    return cell.metadata.get("fltutor", {}).get("check")


# ---- stamping: what nbgrader needs, from what authors wrote ----------------------


def stamp(notebook: NotebookNode) -> NotebookNode:
    """Return the solutions notebook with ids, hidden graded lines, nbgrader metadata.

    Stamping a stamped notebook changes nothing.
    """
    notebook = copy.deepcopy(notebook)
    notebook.nbformat_minor = 5
    notebook.metadata = NotebookNode(
        kernelspec={
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        language_info={"name": "python"},
    )
    _name_checks(notebook)
    rubric = 1
    for cell in notebook.cells:
        _hide_graded_line(cell)
        rubric = rubric_points(cell.source) or rubric
        graded = _nbgrader_metadata(cell, rubric)
        cell.metadata.pop("nbgrader", None)
        if graded is not None:
            cell.metadata["nbgrader"] = graded
    ids = [cell.id for cell in notebook.cells]
    twice = sorted({word for word in ids if ids.count(word) > 1})
    if twice:
        raise ValueError(f"Cell ids occur twice: {twice}. Each needs its own.")
    return notebook


def _name_checks(notebook: NotebookNode) -> None:
    """Let a solution cell that names no check belong to the next one asked."""
    upcoming: str | None = None
    for cell in reversed(notebook.cells):
        if cell.cell_type != "code":
            continue
        if found := CHECK_LINE.match(cell.source.strip().split("\n")[-1]):
            upcoming = found["id"]
        unnamed = "BEGIN SOLUTION" in cell.source and check_id(cell) is None
        if unnamed and upcoming is not None:
            cell.metadata.setdefault("fltutor", {})["check"] = upcoming


def _hide_graded_line(cell: NotebookNode) -> None:
    line = cell.source.strip()
    if cell.cell_type == "code" and CHECK_LINE.match(line) and "\n" not in line:
        cell.source = (
            "### BEGIN HIDDEN TESTS\n"
            f"assert {line}.passed\n"
            "### END HIDDEN TESTS\n"
            f"{line}"
        )


def rubric_points(text: str) -> int | None:
    """Return what a rubric gives in all: as it says, else the sum of its parts.

    Examples
    --------
    >>> rubric_points("**Rubric** (4 points): a reason (1) · a plan (3)")
    4
    >>> rubric_points("Rubric: a reason (1); a plan (2).")
    3
    >>> rubric_points("A text that mentions equation (3).") is None
    True
    """
    found = RUBRIC.search(text)
    if found is None:
        return None
    if found["each"]:
        return int(found["total"]) * len(_PART.findall(found["text"]))
    if found["total"]:
        return int(found["total"])
    return sum(map(int, re.findall(r"\((\d+)\)", found["text"]))) or None


def _nbgrader_metadata(cell: NotebookNode, rubric: int) -> dict[str, object] | None:
    solution = "BEGIN SOLUTION" in cell.source
    hidden = "BEGIN HIDDEN TESTS" in cell.source
    if not solution and not hidden:
        return None
    grade = hidden or cell.cell_type == "markdown"
    meta: dict[str, object] = {
        "cell_type": cell.cell_type,
        "grade": grade,
        "grade_id": cell.id,
        "locked": hidden,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if grade:
        usual = 1 if hidden else rubric
        meta["points"] = cell.metadata.get("fltutor", {}).get("points", usual)
    return meta


# ---- generating: what learners get -----------------------------------------------


def without_explanations(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without the cells that only solutions have."""
    notebook = copy.deepcopy(notebook)
    notebook.cells = [c for c in notebook.cells if "solution-only" not in tags(c)]
    return notebook


def generate(notebook: NotebookNode) -> NotebookNode:
    """Return the learners' notebook of a stamped solutions notebook."""
    from nbconvert.exporters import NotebookExporter
    from nbgrader import preprocessors as pre
    from traitlets.config import Config

    config = Config()
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    exporter = NotebookExporter(config=config)
    exporter._preprocessors = []  # none of nbconvert's defaults
    for step in (
        pre.LockCells,
        pre.ClearSolutions,
        pre.ClearOutput,
        pre.ClearHiddenTests,
        pre.ClearMarkScheme,
        pre.CheckCellMetadata,
    ):
        exporter.register_preprocessor(step, enabled=True)
    text, _ = exporter.from_notebook_node(
        without_explanations(notebook), resources={"metadata": {"name": "exercise"}}
    )
    exercise = nbformat.reads(text, as_version=4)
    for cell in exercise.cells:
        if cell.cell_type == "code":
            cell.source = no_raise_at_margin(cell.source)
        _require_cleared(cell)
    return exercise


def no_raise_at_margin(source: str) -> str:
    """Let "Run All" get past an exercise whose answer is a number."""
    return source.replace(f"\n{CODE_STUB}", f"\n{CODE_STUB.splitlines()[0]}")


def _require_cleared(cell: NotebookNode) -> None:
    for word in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS"):
        if word in cell.source:
            raise ValueError(f"Cell {cell.id!r} still contains {word!r}.")
