"""Begin a lesson: its folder, notebook, solution and facts, each from a skeleton.

    make lesson N=17 NAME=poisoning TITLE="Poisoning and robust aggregation"

What is made runs as it stands, and is held by the tests: a scaled sum in place of the
lesson's idea. Change it file by file; nothing else in the repository names a lesson.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import draft
from notebooks import ROOT, text_of

import exercises

SKELETON = Path(__file__).parent / "skeleton"


def begin(number: str, name: str, title: str, root: Path = ROOT) -> list[Path]:
    """Write a lesson's files and return them; refuse where one is there already."""
    stem = name.split("_")[0]
    words = {"number": number, "name": name, "title": title, "stem": stem}
    course = root / "fltutor" / "course" / f"lesson_{number}"
    tests = root / "tests" / "course" / f"lesson_{number}"
    made = {
        course / "__init__.py": filled("__init__.py", words),
        course / "lesson.toml": filled("lesson.toml", words),
        course / "words.toml": filled("words.toml", words),
        course / "checks.py": filled("checks.py", words),
        course / f"{stem}.py": filled("widget.py", words),
        tests / "facts.py": filled("facts.py", words),
        tests / "alternatives.py": filled("alternatives.py", words),
    }
    for folder, source in (("lessons", "lesson.py"), ("solutions", "solution.py")):
        notebook = draft.to_notebook(filled(source, words))
        if folder == "solutions":
            notebook = exercises.stamp(notebook)
        made[root / folder / f"{number}_{name}.ipynb"] = text_of(notebook)
    there = [path for path in made if path.exists()]
    there += list((root / "lessons").glob(f"{number}_*.ipynb"))
    if there:
        raise FileExistsError(
            f"Got lesson {number}, need a number that is free: {there[0]} is there. "
            "Choose another, or edit what is there."
        )
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(made)


def filled(source: str, words: dict[str, str]) -> str:
    """Return a skeleton's text with its {{marks}} filled in."""
    text = (SKELETON / f"{source}.txt").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: words[mark[1]], text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Begin a lesson and say what comes next."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("number", help="two digits: 17")
    parser.add_argument("name", help="of the notebook, after the number: poisoning")
    parser.add_argument("title", help='"Poisoning and robust aggregation"')
    options = parser.parse_args(arguments)
    if not re.fullmatch(r"\d\d", options.number):
        parser.error(f"got number {options.number!r}, need two digits, like 17")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", options.name):
        parser.error(f"got name {options.name!r}, need words_like_these")
    for path in begin(options.number, options.name, options.title):
        print(path.relative_to(ROOT))
    print("Next: make notebooks, make exercises, make tables, make test")
    return 0


if __name__ == "__main__":
    sys.exit(main())
