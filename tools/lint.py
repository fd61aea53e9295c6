"""Hold notebooks to the course's pattern; prints every fault, one a line.

python tools/lint.py                      # lessons/, exercises/, solutions/
python tools/lint.py lessons/02_x.ipynb
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
from notebooks import ROOT, WIDGET_VIEW, notebooks

SECTIONS = (
    "Predict", "Build", "See", "Measure", "Where it breaks", "Who sees what", "Quiz",
    "Take-away",
)  # fmt: skip
SECTIONS_OF_00 = ("Predict", "See", "Take-away")
VIEWERS = ("client", "server", "eavesdropper", "user of the model")
FIGURES = {"lines", "bars", "points", "scatter", "heatmap", "bubbles", "curves"}
BANNED = ("interactive_output", "interact(", "clear_output", "Output(", "pyplot")
MAX_BYTES = 1_500_000
TAGS = ROOT / "tests" / "nbval_tags.toml"
NBVAL_TAGS = {"nbval-ignore-output", "nbval-skip", "raises-exception"}
_ID = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
_HEX = re.compile(r"^(?=.*\d)[0-9a-f]{6,}$")
_ARXIV = re.compile(r"arXiv:\s?\d{4}\.\d{4,5}")
_NUMBER = re.compile(r"(?<![\w.:/])\d+\.\d+(?![\w.]*\w)")


@dataclass(frozen=True)
class Book:
    """A notebook, with what the rules ask of it."""

    path: Path
    kind: str  # "lessons", "exercises" or "solutions"
    notebook: Any

    @property
    def cells(self) -> list[Any]:
        """All cells."""
        return list(self.notebook.cells)

    @property
    def code(self) -> list[Any]:
        """The code cells."""
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def number(self) -> str:
        """The two digits that begin the file name."""
        return self.path.name[:2]

    def sections(self) -> dict[str, list[Any]]:
        """Return heading -> cells from it to the next heading of level two."""
        found: dict[str, list[Any]] = {"": []}
        name = ""
        for cell in self.cells:
            if cell.cell_type == "markdown":
                for line in cell.source.splitlines():
                    if line.startswith("## "):
                        name = line[3:].split(":")[0].strip()
                        found.setdefault(name, [])
            found[name].append(cell)
        return found


def frame(book: Book) -> Iterator[str]:
    """Kernelspec, size, ids, magics: the same for every notebook."""
    if book.notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "kernelspec: its name must be python3"
    size = book.path.stat().st_size
    if size > MAX_BYTES:
        yield f"size: {size} bytes, at most {MAX_BYTES}"
    if "widgets" in book.notebook.metadata:
        yield "widgets: widget state is saved; run tools/notebooks.py"
    for cell in book.cells:
        name = cell.get("id", "")
        if not _ID.match(name) or any(_HEX.match(word) for word in name.split("-")):
            yield f"id: {name!r} is not made of short words"
    for cell in book.code:
        for line in cell.source.splitlines():
            start = line.strip()
            if start.startswith("!") or (
                start.startswith("%") and start != "%matplotlib inline"
            ):
                yield f"magic: {cell.id}: {start!r}"
        if cell.source.rstrip().endswith(";"):
            yield f"semicolon: {cell.id} ends in ';', nbval cannot compare it"
        for word in BANNED:
            if word in cell.source:
                yield f"banned: {cell.id} uses {word.strip('(')}"


def outputs(book: Book) -> Iterator[str]:
    """Everything was run, from top to bottom, without an error."""
    if book.kind == "exercises":
        return
    counts = [cell.execution_count for cell in book.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"counts: execution counts are {counts}, need 1..{len(counts)}"
    for cell in book.code:
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"error: {cell.id} ends in {output.ename}"
            if output.get("name") == "stderr":
                yield f"stderr: {cell.id} writes {output.text[:60]!r}"
            data = output.get("data", {})
            if WIDGET_VIEW in data:
                yield f"widgets: {cell.id} saved a widget view; run tools/notebooks.py"
            said = data.get("text/plain", "")
            if re.search(r"\bat 0x[0-9a-f]+", said + output.get("text", "")):
                yield f"address: {cell.id} prints a memory address"
            if "image/png" in data and (not said or said.startswith("<")):
                yield f"alt: {cell.id} shows a picture without words"


def tags(book: Book) -> Iterator[str]:
    """Cells that are not compared are listed, each with its reason, in one file."""
    listed = tomllib.loads(TAGS.read_text("utf-8")) if TAGS.exists() else {}
    allowed = listed.get(f"{book.kind}/{book.path.name}", {})
    used = {
        cell.id for cell in book.code if NBVAL_TAGS & set(cell.metadata.get("tags", []))
    }
    for name in sorted(used - set(allowed)):
        yield f"tags: {name} is tagged but not listed in tests/{TAGS.name}"
    for name in sorted(set(allowed) - used):
        yield f"tags: {name} is listed in tests/{TAGS.name} but not tagged"


def title(book: Book) -> Iterator[str]:
    """Title, minutes, what it builds on; then imports and setup, nothing else."""
    first = book.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "title: the first cell must be markdown that begins with '# '"
    if not re.search(r"Minutes: \d+", first.source):
        yield "title: no 'Minutes: NN'"
    if "Builds on" not in first.source:
        yield "title: no 'Builds on'"
    if not book.code:
        yield "setup: no code cell"
        return
    setup = ast.parse(book.code[0].source).body
    good = all(isinstance(s, ast.Import | ast.ImportFrom) for s in setup[:-1])
    if not good or not setup or ast.unparse(setup[-1]) != "ft.lesson.setup()":
        yield "setup: the first code cell must hold imports and ft.lesson.setup() only"
    for cell in book.code[1:]:
        if re.search(r"^(import|from) ", cell.source, re.MULTILINE):
            yield f"imports: {cell.id} imports; all imports stand in the first cell"


def skeleton(book: Book) -> Iterator[str]:
    """Check that the sections stand in their order."""
    found = [name for name in book.sections() if name in SECTIONS]
    needed = SECTIONS_OF_00 if book.number == "00" else SECTIONS
    for name in needed:
        if name not in found:
            yield f"skeleton: no section '## {name}'"
    if found != [name for name in SECTIONS if name in found]:
        yield f"skeleton: the sections stand as {found}"
    for name in book.sections():
        if name and name not in (*SECTIONS, "Papers") and name != "Optional":
            yield f"skeleton: '## {name}' is not one of the fixed headings"


def lengths(book: Book) -> Iterator[str]:
    """Short cells, each with a sentence before it."""
    counts = {cell.id: len(cell.source.splitlines()) for cell in book.code}
    if counts and median(counts.values()) > 5:
        yield f"lengths: the median code cell has {median(counts.values()):g} lines > 5"
    long = [name for name, count in counts.items() if count > 14]
    if len(long) > 0.1 * len(counts):
        yield f"lengths: {len(long)} of {len(counts)} cells above 14 lines: {long}"
    for name, count in counts.items():
        if count > 20:
            yield f"lengths: {name} has {count} lines, at most 20"
    for before, cell in zip([None, *book.cells], book.cells, strict=False):
        if cell.cell_type != "code":
            continue
        if before is None or before.cell_type != "markdown":
            yield f"text: no markdown before {cell.id}"
        elif all(x.startswith("#") or not x.strip() for x in before.source.split("\n")):
            yield f"text: only a heading before {cell.id}"


def figures(book: Book) -> Iterator[str]:
    """Every figure goes through ft.plots and has alt text."""
    for cell in book.code:
        try:
            tree = ast.parse(re.sub(r"^%.*$", "", cell.source, flags=re.MULTILINE))
        except SyntaxError as error:
            yield f"syntax: {cell.id}: {error}"
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = ast.unparse(node.func.value)
                alt = {keyword.arg for keyword in node.keywords} & {"alt", None}
                if owner.endswith("plots") and node.func.attr in FIGURES and not alt:
                    yield f"alt: {cell.id}: {ast.unparse(node.func)} without alt="
            if isinstance(node, ast.Import | ast.ImportFrom) and "matplotlib" in (
                ast.unparse(node)
            ):
                yield f"banned: {cell.id} imports matplotlib; figures live in ft.plots"


def parts(book: Book) -> Iterator[str]:
    """Each section holds what it is for."""
    sections = book.sections()

    def text(name: str, kind: str) -> str:
        cells = [c for c in sections.get(name, []) if c.cell_type == kind]
        return "\n".join(cell.source for cell in cells)

    if "Predict" in sections:
        if "ft.lesson.predict(" not in text("Predict", "code"):
            yield "predict: the section has no ft.lesson.predict(...)"
        if not any(".reveal(" in cell.source for cell in book.code):
            yield "predict: nothing is revealed with .reveal(measured)"
    if "Build" in sections and book.number != "00" and not any(
        "ft.lesson.compare(" in text(name, "code") for name in ("Build", "Measure")
    ):  # fmt: skip
        yield "build: no ft.lesson.compare(mine, library)"
    if "See" in sections:
        yield from _see(sections["See"], text("See", "markdown"))
    if "Who sees what" in sections:
        yield from _viewers(text("Who sees what", "markdown"))
    if "Quiz" in sections and f'ft.lesson.quiz("{book.number}")' not in text(
        "Quiz", "code"
    ):
        yield f'quiz: the section has no ft.lesson.quiz("{book.number}")'
    yield from _ending(book, text("Take-away", "markdown"))


def _see(cells: Sequence[Any], text: str) -> Iterator[str]:
    shown = [o.get("data", {}) for c in cells for o in c.get("outputs", [])]
    numbers = [d.get("text/plain", "") for d in shown if "image/png" in d]
    if not any(re.search(r"\d", said) for said in numbers):
        yield "see: no widget with a picture and its numbers in words"
    if "?" not in text:
        yield "see: no question stands with the widget"
    if "<details>" not in text:
        yield "see: no folded answer (<details>)"


def _viewers(text: str) -> Iterator[str]:
    tables = [
        [part.strip().strip("*").lower() for part in line.split("|")]
        for line in text.splitlines()
        if line.count("|") >= 4
    ]
    if not tables or [c for c in tables[0] if c in VIEWERS] != list(VIEWERS):
        yield f"viewers: needs a table with the columns {' | '.join(VIEWERS)}"
    elif len(tables) < 3:
        yield "viewers: the table has no row"


def _ending(book: Book, text: str) -> Iterator[str]:
    bullets = re.split(r"^#+ Papers", text, maxsplit=1, flags=re.MULTILINE)[0]
    count = len(re.findall(r"^[-*] ", bullets, re.MULTILINE))
    if count != 5:
        yield f"take-away: {count} bullets, needs exactly five"
    everything = "\n".join(c.source for c in book.cells if c.cell_type == "markdown")
    papers = re.split(r"^#+ Papers", everything, maxsplit=1, flags=re.MULTILINE)
    if book.number != "00" and (len(papers) < 2 or not _ARXIV.search(papers[1])):
        yield "papers: needs a heading Papers with arXiv ids (arXiv:1602.05629)"


def numbers(book: Book) -> Iterator[str]:
    """Every decimal number in the text stands in a cell or an output above it."""
    seen = ""
    for cell in book.cells:
        if cell.cell_type == "code":
            seen += cell.source
            for output in cell.outputs:
                seen += output.get("text", "")
                seen += output.get("data", {}).get("text/plain", "")
            continue
        prose = re.sub(
            r"`[^`]*`|\$[^$]*\$|<!--.*?-->", " ", _ARXIV.sub("", cell.source)
        )
        for match in _NUMBER.finditer(prose):
            token = match.group()
            tail = prose[match.end() : match.end() + 2].strip()
            share = f"{float(token) / 100:.6g}" if tail.startswith("%") else token
            if token not in seen and share.lstrip("0") not in seen:
                yield f"number: {token} in {cell.id} is printed by no cell above"


EVERYWHERE: tuple[Callable[[Book], Iterator[str]], ...] = (frame, outputs, tags)
LESSONS = (title, skeleton, lengths, figures, parts, numbers)


def lint(path: Path, kind: str = "") -> list[str]:
    """Return every fault of a notebook."""
    book = Book(path, kind or path.resolve().parent.name, nbformat.read(path, 4))
    rules = EVERYWHERE + (LESSONS if book.kind == "lessons" else ())
    return [fault for rule in rules for fault in rule(book)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the faults; return 1 if there are any."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--kind", default="", help="lessons, exercises or solutions")
    options = parser.parse_args(arguments)
    folders = [str(ROOT / n) for n in ("lessons", "exercises", "solutions")]
    found = 0
    for path in notebooks(options.paths or folders):
        for fault in lint(path, options.kind):
            found += 1
            print(f"{path.name}: {fault}")
    print(f"{found} faults" if found else "no faults")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
