"""The rules that a lesson is held to: its skeleton, its cells, its figures."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from lint_book import Book

SECTIONS = (
    "Predict", "Build", "See", "Measure", "Where it breaks", "Who sees what", "Quiz",
    "Take-away",
)  # fmt: skip
SECTIONS_OF_00 = ("Predict", "See", "Take-away")
VIEWERS = ("client", "server", "eavesdropper", "user of the model")
FIGURES = {"lines", "bars", "points", "scatter", "heatmap", "bubbles", "curves"}
MEDIAN_LINES, MOST_HAVE_LINES, MAX_LINES = 7, 16, 24
_ARXIV = re.compile(r"arXiv:\s?\d{4}\.\d{4,5}")
_NUMBER = re.compile(r"(?<![\w.:/])\d+\.\d+(?![\w.]*\w)")


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
    """Short cells: the median, nine in ten, and each."""
    counts = {cell.id: len(cell.source.splitlines()) for cell in book.code}
    if counts and median(counts.values()) > MEDIAN_LINES:
        middle = median(counts.values())
        yield f"lengths: the median code cell has {middle:g} lines > {MEDIAN_LINES}"
    long = [name for name, count in counts.items() if count > MOST_HAVE_LINES]
    if len(long) > 0.1 * len(counts):
        yield (
            f"lengths: {len(long)} of {len(counts)} cells above {MOST_HAVE_LINES} "
            f"lines: {long}"
        )
    for name, count in counts.items():
        if count > MAX_LINES:
            yield f"lengths: {name} has {count} lines, at most {MAX_LINES}"


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


LESSONS: tuple[Callable[[Book], Iterator[str]], ...] = (
    title,
    skeleton,
    lengths,
    figures,
    parts,
    numbers,
)
