"""Hold notebooks to the course's pattern; prints every fault, one a line.

python workshop/lint.py                      # lessons/, exercises/, solutions/
python workshop/lint.py lessons/02_x.ipynb
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import nbformat
from lint_book import Book
from lint_lesson import LESSONS
from notebooks import ROOT, WIDGET_VIEW, notebooks

BANNED = ("interactive_output", "interact(", "clear_output", "Output(", "pyplot")
MAX_BYTES = 1_500_000
TAGS = ROOT / "tests" / "nbval_tags.toml"
NBVAL_TAGS = {"nbval-ignore-output", "nbval-skip", "raises-exception"}
_ID = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
_HEX = re.compile(r"^(?=.*\d)[0-9a-f]{6,}$")


def frame(book: Book) -> Iterator[str]:
    """Kernelspec, size, ids, magics: the same for every notebook."""
    if book.notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "kernelspec: its name must be python3"
    size = book.path.stat().st_size
    if size > MAX_BYTES:
        yield f"size: {size} bytes, at most {MAX_BYTES}"
    if "widgets" in book.notebook.metadata:
        yield "widgets: widget state is saved: make notebooks"
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
                yield f"widgets: {cell.id} saved a widget view: make notebooks"
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


EVERYWHERE: tuple[Callable[[Book], Iterator[str]], ...] = (frame, outputs, tags)


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
