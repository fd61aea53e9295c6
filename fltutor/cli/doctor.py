"""`fltutor doctor`: is this machine ready for the course, and if not, what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import click

from . import examinations
from .examinations import Finding

Examination = Callable[[], Finding]

EXAMINATIONS: tuple[Examination, ...] = (
    examinations.python,
    examinations.packages,
    examinations.pins,
    examinations.torch_works,
    examinations.course,
    examinations.kernel,
    examinations.widgets,
    examinations.data_folder,
    examinations.threads,
    examinations.browser,
)

_MARKS: dict[Literal["ok", "note", "fault"], tuple[str, str]] = {
    "ok": ("ok   ", "green"),
    "note": ("note ", "yellow"),
    "fault": ("FAULT", "red"),
}


@click.command("doctor")
def examine() -> None:
    """Examine this installation, and say what to do about each fault.

    Exit code 1 if there is a fault that keeps lessons from running; notes do not
    count.
    """
    findings = [_run(examination) for examination in EXAMINATIONS]
    for finding in findings:
        mark, colour = _MARKS[finding.state]
        click.echo(f"{click.style(mark, fg=colour)}  {finding.subject}: {finding.what}")
        if finding.remedy:
            click.echo(f"       -> {finding.remedy}")
    faults = sum(finding.state == "fault" for finding in findings)
    if faults:
        click.echo(f"{faults} fault{'s' * (faults > 1)} to mend; see the arrows above.")
        raise SystemExit(1)
    click.echo("Ready. Open the course with: fltutor lab")


def _run(examination: Examination) -> Finding:
    """Return the finding; an examination that breaks is itself a fault."""
    try:
        return examination()
    except Exception as error:
        return Finding(
            subject=examination.__name__.replace("_", " "),
            state="fault",
            what=f"could not be examined ({type(error).__name__}: {error})",
            remedy="Install the course again, in an environment of its own.",
        )
