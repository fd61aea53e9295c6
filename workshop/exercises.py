"""Make exercises/NN_name.ipynb from solutions/NN_name.ipynb.

    python workshop/exercises.py             stamp the solutions, write the exercises
    python workshop/exercises.py --check     change nothing; exit 1 if they differ
    python workshop/exercises.py --course D  write an nbgrader course in D

``solutions/`` is the only source. nbgrader's own preprocessors do the clearing,
without a course database; what comes out needs no nbgrader to be used.

How a solutions notebook is built (cell by cell)
------------------------------------------------
1. ``title`` (markdown): title, what it exercises, minutes, link to the lesson.
2. ``setup`` (code, tag ``setup``): all imports and ``ft.lesson.setup()``.
3. Per exercise, three core and one stretch:

   * markdown: ``## Exercise 1 · The weighted mean``, then a line
     ``*10 minutes · core*`` (or ``stretch``), the task, and the signature.
   * code: the frame that learners get, and what they write between
     ``### BEGIN SOLUTION`` and ``### END SOLUTION``. Inside a function those lines
     become ``raise NotImplementedError``. Where the answer is a number, write
     ``answer = ...`` above the region: at the left margin it just disappears.
     An exercise may span several cells; each belongs to the next ``ft.check``
     (stamping notes that in the metadata ``{"fltutor": {"check": "02.name"}}``).
   * code: ``ft.check("02.weighted_mean", weighted_mean)`` and nothing else. Stamping
     adds the graded line that learners do not see.
   * code: ``# ft.hint("02.weighted_mean", 1)``: learners take the # away.
   * markdown, tag ``solution-only``: why it is solved like this. Learners' copies
     do not have it. Any cell may carry that tag.
4. One open question: markdown with the question and the rubric; then a markdown cell
   with a model answer between ``<!-- BEGIN SOLUTION -->`` and
   ``<!-- END SOLUTION -->`` (graded by hand).

Cells that an exercise's solution needs besides ``setup`` (a data set, a helper)
carry the tag ``check-setup``, so that the tests run them too. Points: metadata
``{"fltutor": {"points": 2}}`` on the check cell; 1 if not said.

Ids are short words and stay for ever. To write a notebook as text: workshop/draft.py.
The order: write, stamp (this tool), execute (workshop/notebooks.py), this tool again.
"""

from __future__ import annotations

import argparse
import copy
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
CODE_STUB = "# Write your code here.\nraise NotImplementedError"
TEXT_STUB = "*Write your answer here.*"
CHECK_LINE = re.compile(r"""^ft\.check\((["'])(?P<id>\d\d\.\w+)\1,.*\)$""")
COURSE_CONFIG = f"""c = get_config()
c.CourseDirectory.course_id = "fltutor"
c.ClearSolutions.code_stub = {{"python": {CODE_STUB!r}}}
c.ClearSolutions.text_stub = {TEXT_STUB!r}
"""


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
    for cell in notebook.cells:
        _hide_graded_line(cell)
        graded = _nbgrader_metadata(cell)
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


def _nbgrader_metadata(cell: NotebookNode) -> dict[str, object] | None:
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
        meta["points"] = cell.metadata.get("fltutor", {}).get("points", 1)
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
            cell.source = _no_raise_at_margin(cell.source)
        _require_cleared(cell)
    return exercise


def _no_raise_at_margin(source: str) -> str:
    """Let "Run All" get past an exercise whose answer is a number."""
    return source.replace(f"\n{CODE_STUB}", f"\n{CODE_STUB.splitlines()[0]}")


def _require_cleared(cell: NotebookNode) -> None:
    for word in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS"):
        if word in cell.source:
            raise ValueError(f"Cell {cell.id!r} still contains {word!r}.")


# ---- files -----------------------------------------------------------------------


def planned(root: Path) -> dict[Path, str]:
    """Return every file that should stand there, with its bytes."""
    files: dict[Path, str] = {}
    for path in sorted((root / "solutions").glob("[0-9][0-9]_*.ipynb")):
        solution = stamp(read(path))
        files[path] = dumps(solution)
        files[root / "exercises" / path.name] = dumps(generate(solution))
    return files


def differing(root: Path) -> list[str]:
    """Return the files that are not what would be written, and orphans."""
    files = planned(root)
    wrong = [
        path
        for path, text in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    orphans = set((root / "exercises").glob("*.ipynb")) - files.keys()
    return [str(path.relative_to(root)) for path in [*wrong, *sorted(orphans)]]


def write(root: Path) -> list[str]:
    """Write what differs; return the names written."""
    changed = []
    for path, text in planned(root).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(str(path.relative_to(root)))
    return changed


def write_course(root: Path, folder: Path) -> list[str]:
    """Write an nbgrader course: one assignment a solutions notebook."""
    names = []
    for path in sorted((root / "solutions").glob("[0-9][0-9]_*.ipynb")):
        target = folder / "source" / path.stem / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = without_explanations(stamp(read(path)))
        target.write_text(dumps(source), encoding="utf-8", newline="\n")
        names.append(path.stem)
    (folder / "nbgrader_config.py").write_text(COURSE_CONFIG, encoding="utf-8")
    return names


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="solutions/ -> exercises/")
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--course", type=Path, help="write an nbgrader course there")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    chosen = parser.parse_args(arguments)
    if chosen.course is not None:
        names = write_course(chosen.root, chosen.course)
        sys.stdout.write(f"{chosen.course}: {len(names)} assignments written\n")
        return 0
    if chosen.check:
        wrong = differing(chosen.root)
        for name in wrong:
            sys.stdout.write(f"{name} is not what `make exercises` would write\n")
        return int(bool(wrong))
    changed = write(chosen.root)
    sys.stdout.write(
        "".join(f"wrote {name}\n" for name in changed) or "all up to date\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
