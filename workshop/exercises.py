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
   ``<!-- END SOLUTION -->`` (graded by hand, for as many points as the rubric gives).

Cells that an exercise's solution needs besides ``setup`` (a data set, a helper)
carry the tag ``check-setup``, so that the tests run them too. Points: metadata
``{"fltutor": {"points": 2}}`` on the check cell; 1 if not said.

Ids are short words and stay for ever. To write a notebook as text: workshop/draft.py.
The order: write, stamp (this tool), execute (workshop/notebooks.py), this tool again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fltutor.instructor.folder import write_sources
from fltutor.instructor.notebooks import (
    CHECK_LINE,
    check_id,
    dumps,
    generate,
    read,
    stamp,
    tags,
)

__all__ = ["CHECK_LINE", "check_id", "dumps", "generate", "read", "stamp", "tags"]

ROOT = Path(__file__).resolve().parents[1]


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


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="solutions/ -> exercises/")
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--course", type=Path, help="write an nbgrader course there")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    chosen = parser.parse_args(arguments)
    if chosen.course is not None:
        names = write_sources(chosen.root / "solutions", chosen.course)
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
