"""An nbgrader course as a folder: sources, settings, a roster to fill in."""

from __future__ import annotations

from pathlib import Path

from fltutor.instructor.notebooks import dumps, read, stamp, without_explanations

CONFIG = '''\
"""Settings of this course. `nbgrader --help-all` lists what else can be set."""

from fltutor.instructor import grading

c = get_config()
c.CourseDirectory.course_id = "fltutor"
# What learners get in place of a solution, as in the course's own exercises.
grading.configure(c)
# Where students' machines and yours meet, if they share a disk:
# c.Exchange.root = "/srv/nbgrader/exchange"
'''
ROSTER = "id,first_name,last_name,email\n"


def write_sources(solutions: Path, folder: Path) -> list[str]:
    """Write an nbgrader course into `folder`; return its assignments' names.

    One assignment a notebook of `solutions`, without the explanations that only
    solutions have. Sources are written anew; settings and a roster that are there
    already stay, because they are the instructor's.
    """
    names = []
    for path in sorted(solutions.glob("[0-9][0-9]_*.ipynb")):
        target = folder / "source" / path.stem / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = without_explanations(stamp(read(path)))
        target.write_text(dumps(source), encoding="utf-8", newline="\n")
        names.append(path.stem)
    for name, text in (("nbgrader_config.py", CONFIG), ("roster.csv", ROSTER)):
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return names
