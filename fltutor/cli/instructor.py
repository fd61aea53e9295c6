"""`fltutor instructor DIR`: an nbgrader course, quizzes, slides, a plan for a lab."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from fltutor.words import _

from .arguments import folder_named
from .course import find_course


@click.command("instructor")
@click.argument("folder", metavar="DIR")
@click.option("--quizzes", is_flag=True, help="Quizzes instead: GIFT, QTI 1.2 and 2.1.")
@click.option("--slides", is_flag=True, help="Slides and a timing sheet instead.")
def teach(folder: str, quizzes: bool, slides: bool) -> None:
    """Make an nbgrader course in DIR: sources, settings, a roster to fill in.

    Run it again after an upgrade: sources are written anew, your settings and your
    roster stay. With --quizzes or --slides those are made, and nothing is graded.
    """
    try:
        target = folder_named(folder).absolute()
        if quizzes:
            _make_quizzes(target / "quizzes")
        if slides:
            _make_slides(target / "slides")
        if not quizzes and not slides:
            _make_course(target)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _make_quizzes(target: Path) -> None:
    from fltutor.instructor.quizzes import write_quizzes

    done = _("{count} quizzes as GIFT, QTI 1.2 and QTI 2.1 in {folder}")
    click.echo(done.format(count=len(write_quizzes(target)), folder=target))


def _make_slides(target: Path) -> None:
    from fltutor import catalogue
    from fltutor.instructor.lab_hours import timing_sheet, write_slides

    root = find_course().root
    names = write_slides(root / "lessons", target)
    sheet = timing_sheet(tuple(catalogue.lessons().values()), root / "solutions")
    (target / "timing.md").write_text(sheet, encoding="utf-8", newline="\n")
    done = _("{count} decks of slides and timing.md in {folder}")
    click.echo(done.format(count=len(names), folder=target))


def _make_course(target: Path) -> None:
    if find_spec("nbgrader") is None:
        message = _(
            "Got an environment without nbgrader, need it to grade. Install the extra: "
            "{command}"
        )
        command = 'pip install "fltutor[instructor]"'
        raise click.ClickException(message.format(command=command))
    from fltutor.instructor.folder import write_sources

    names = write_sources(find_course().root / "solutions", target)
    done = _("{count} assignments in {folder}. Next: cd {folder}, and {command}")
    first = "nbgrader generate_assignment " + (names[0] if names else "NAME")
    click.echo(done.format(count=len(names), folder=target, command=first))
