"""A lab of 90 minutes for each lesson: a timing sheet, and slides of the lesson."""

from __future__ import annotations

import re
from pathlib import Path

from nbformat import NotebookNode

from fltutor import catalogue
from fltutor.catalogue import Lesson
from fltutor.instructor.notebooks import read, tags

LAB = 90  # minutes
FRAME = 15  # of them for everyone's prediction, the open question, the quiz
_TASK = re.compile(
    r"^## (?P<title>.+?)\s*\n+\*(?P<minutes>\d+) minutes(?P<rest>[^*]*)\*", re.MULTILINE
)


def timing_sheet(lessons: tuple[Lesson, ...], solutions: Path) -> str:
    """Return a Markdown page: for each lesson what fits into a lab, and what is left.

    Core exercises are done in class as long as they fit; stretch and open questions
    are homework. The minutes are those that ``lesson.toml`` and the notebooks name.
    """
    parts = [f"# Labs of {LAB} minutes\n"]
    for lesson in lessons:
        path = solutions / f"{lesson.notebook}.ipynb"
        tasks = tasks_of(read(path)) if path.exists() else []
        parts.append(_sheet(lesson, tasks))
    return "\n".join(parts)


def tasks_of(notebook: NotebookNode) -> list[tuple[str, int, bool]]:
    """Return (title, minutes, whether it is core) of each exercise."""
    return [
        (found["title"], int(found["minutes"]), "core" in found["rest"])
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        and (found := _TASK.search(cell.source)) is not None
    ]


def _sheet(lesson: Lesson, tasks: list[tuple[str, int, bool]]) -> str:
    clock = 5
    rows = [("0", "5", "Prediction: everyone notes a guess")]
    together = min(lesson.minutes, LAB - FRAME)
    what = f"The lesson, together; {lesson.minutes} minutes to read it alone"
    rows.append((str(clock), str(together), what))
    clock += together
    home = []
    for title, minutes, core in tasks:
        if core and clock + minutes + FRAME - 5 <= LAB:
            rows.append((str(clock), str(minutes), title))
            clock += minutes
        else:
            home.append(f"{title} ({minutes} min)")
    rows.append((str(clock), str(FRAME - 5), "Quiz, and what the open question asks"))
    lines = [f"| {at} | {minutes} | {text} |" for at, minutes, text in rows]
    end = f"Ends at minute {clock + FRAME - 5} of {LAB}."
    left = f" At home: {'; '.join(home)}." if home else ""
    head = (
        f"## {lesson.number} {lesson.title}\n\n| from | minutes | what |\n|---|---|---|"
    )
    return "\n".join([head, *lines, "", end + left, ""])


def slides(notebook: NotebookNode) -> str:
    """Return a lesson as one HTML page of slides that needs no network.

    A slide begins at each heading; code that is folded in the lesson is left out.
    reveal.js would come from the network, so this is nbconvert's plain page, cut into
    sections that the keys Left and Right turn. Formulas are shown as they are typed
    where there is no network.
    """
    from nbconvert import HTMLExporter

    groups: list[list[NotebookNode]] = []
    for cell in notebook.cells:
        if "setup" in tags(cell):
            continue
        begins = cell.cell_type == "markdown" and cell.source.lstrip().startswith("#")
        if begins or not groups:
            groups.append([])
        groups[-1].append(cell)
    exporter = HTMLExporter(template_name="basic", mathjax_url="", require_js_url="")
    pages = [_page(exporter, notebook, cells) for cells in groups]
    return _DECK.replace("<!--slides-->", "\n".join(pages))


def _page(exporter: object, notebook: NotebookNode, cells: list[NotebookNode]) -> str:
    part = NotebookNode({**notebook, "cells": cells})
    body, _ = exporter.from_notebook_node(part)  # type: ignore[attr-defined]
    return f'<section class="slide">\n{body}\n</section>'


def write_slides(lessons: Path, folder: Path) -> list[str]:
    """Write the slides of every lesson into `folder`; return the names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for lesson in catalogue.lessons().values():
        path = lessons / f"{lesson.notebook}.ipynb"
        if path.exists():
            page = slides(read(path))
            target = folder / f"{lesson.notebook}.html"
            target.write_text(page, encoding="utf-8", newline="\n")
            names.append(lesson.notebook)
    return names


_DECK = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>fltutor</title>
<style>
body { font: 22px/1.4 sans-serif; margin: 0; color: #111; background: #fff; }
.slide { min-height: 90vh; padding: 3vh 6vw; border-bottom: 1px solid #ccc; }
.deck .slide { display: none; }
.deck .slide.shown { display: block; border: 0; }
pre { font-size: 18px; background: #f4f4f4; padding: .5em; overflow-x: auto; }
img { max-width: 100%; }
.jp-InputPrompt, .jp-OutputPrompt, .prompt, .anchor-link { display: none; }
</style></head><body>
<!--slides-->
<script>
const slides = [...document.querySelectorAll(".slide")];
let at = 0;
function show(k) {
  at = Math.min(Math.max(k, 0), slides.length - 1);
  slides.forEach((slide, i) => slide.classList.toggle("shown", i === at));
  window.scrollTo(0, 0);
}
document.body.classList.add("deck");
show(0);
document.addEventListener("keydown", (event) => {
  if (event.key === "ArrowRight" || event.key === "PageDown") show(at + 1);
  if (event.key === "ArrowLeft" || event.key === "PageUp") show(at - 1);
});
window.addEventListener("beforeprint", () => document.body.classList.remove("deck"));
window.addEventListener("afterprint", () => document.body.classList.add("deck"));
</script></body></html>
"""
