"""Write the README's table of lessons from each lesson's ``lesson.toml``.

python workshop/tables.py            # write it
python workshop/tables.py --check    # change nothing, exit 1 if it is stale
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from notebooks import ROOT

from fltutor import catalogue

README = ROOT / "README.md"
_TABLE = re.compile(r"(<!-- lessons: begin -->\n).*?(<!-- lessons: end -->)", re.DOTALL)


def table() -> str:
    """Return the table, one row a lesson."""
    rows = [
        f"| {lesson.number} | [{lesson.title}](lessons/{lesson.notebook}.ipynb) "
        f"| {lesson.idea} | {lesson.minutes} |\n"
        for lesson in catalogue.lessons().values()
    ]
    return "| | Lesson | The idea | Minutes |\n|---|---|---|---|\n" + "".join(rows)


def renewed(text: str) -> str:
    """Return a README with the table as it should be."""
    if not _TABLE.search(text):
        raise ValueError(
            "Got a README without its table's marks, need a line "
            "'<!-- lessons: begin -->' and a line '<!-- lessons: end -->'. "
            "Put both around the table of lessons."
        )
    return _TABLE.sub(lambda found: found[1] + table() + found[2], text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the README."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    old = README.read_text(encoding="utf-8")
    new = renewed(old)
    if options.check:
        print("the table is stale: make tables" if new != old else "the table is true")
        return int(new != old)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
