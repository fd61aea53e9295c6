"""nbgrader's settings for the course, and verdicts that a submission cannot reach.

A cell such as ``ft.check = lambda *answers: Result()`` changes the library in the
student's kernel, where the hidden tests run as well. `ExecuteApart` therefore keeps
the course before the first cell and puts it back before each graded one. Code that
searches a kernel's memory for it can still cheat; read what scores oddly.

Needs nbgrader: the extra ``instructor``.
"""

from __future__ import annotations

import io
import re
import secrets
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader import preprocessors as pre
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets.config import Config

from fltutor.instructor.notebooks import CODE_STUB, TEXT_STUB, no_raise_at_margin

SECONDS = 120  # a cell's limit: a check's own is 10, a training of an exercise takes 5
_CHECKED = re.compile(r"""ft\.check\(["'](\d\d)\.""")


class GentleStubs(NbGraderPreprocessor):
    """Let "Run All" get past an exercise whose answer is a number."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, cell_index: int
    ) -> tuple[NotebookNode, Any]:
        """Replace a stub at the margin by its comment."""
        if cell.cell_type == "code":
            cell.source = no_raise_at_margin(cell.source)
        return cell, resources


class ExecuteApart(pre.Execute):
    """Execute a submission, with the course as it was at each verdict."""

    def preprocess(
        self, nb: NotebookNode, resources: Any, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Execute a notebook in a fresh kernel."""
        self._lessons = sorted(
            {n for c in nb.cells for n in _CHECKED.findall(c.source)}
        )
        self._name, self._secret = f"_{secrets.token_hex(16)}", secrets.token_hex(16)
        self._kept = False
        return super().preprocess(nb, resources, km)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        """Execute a cell; a graded one only with the course put back."""
        if cell.cell_type == "code" and not self._kept:
            self._kept = True
            self._ask(self._keeping(), index)
        if cell.cell_type == "code" and is_grade(cell):
            shown = self._ask(f"{self._name}()", index)
            if self._secret not in shown:
                cell.outputs = [_refusal(shown)]
                return cell, resources
            cell, resources = super().preprocess_cell(cell, resources, index)
            cell.outputs = list(map(_no_points, cell.outputs))
            return cell, resources
        return super().preprocess_cell(cell, resources, index)

    def _keeping(self) -> str:
        source = Path(__file__).with_name("pristine.py").read_text(encoding="utf-8")
        return (
            f"{self._name} = {{'__name__': 'pristine'}}\n"
            f"exec({source!r}, {self._name})\n"
            f"{self._name} = {self._name}['keep']({self._lessons!r}, {self._secret!r})"
        )

    def _ask(self, code: str, index: int) -> str:
        """Run code of ours in the kernel; return all that it showed."""
        cell = nbformat.v4.new_code_cell(code)
        super().preprocess_cell(cell, {}, index)
        return "".join(
            str(output.get("text", output.get("evalue", ""))) for output in cell.outputs
        )


def _no_points(output: NotebookNode) -> NotebookNode:
    """Show what a check said, but not as a result, which nbgrader reads as points."""
    if output.output_type != "execute_result":
        return output
    return nbformat.v4.new_output(
        "display_data", data=output.data, metadata=output.metadata
    )


def _refusal(shown: str) -> NotebookNode:
    words = "The course could not be put back as it was. Read this submission by hand."
    return nbformat.v4.new_output(
        "error", ename="NotGraded", evalue=words, traceback=[words, shown[:500]]
    )


class AnyNotebook(NotebookExporter):
    """Read what editors write: a byte-order mark at the start is no fault."""

    def from_file(
        self, file_stream: Any, resources: Any = None, **kw: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Read a notebook from an open file."""
        text = file_stream.read()
        plain = text.decode("utf-8") if isinstance(text, bytes) else text
        stream = io.StringIO(plain.removeprefix("\ufeff"))
        return super().from_file(stream, resources=resources, **kw)


def configure(config: Config) -> None:
    """Set what the course needs of nbgrader; a course's settings file calls it."""
    from nbgrader.converters import Autograde, GenerateAssignment

    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    steps = list(GenerateAssignment.preprocessors.default())
    steps.insert(steps.index(pre.ClearSolutions) + 1, GentleStubs)
    config.GenerateAssignment.preprocessors = steps
    config.Autograde.autograde_preprocessors = [
        ExecuteApart if step is pre.Execute else step
        for step in Autograde.autograde_preprocessors.default()
    ]
    config.Autograde.exporter_class = AnyNotebook
    config.ExecuteApart.timeout = SECONDS
    config.OverwriteCells.add_missing_cells = True
