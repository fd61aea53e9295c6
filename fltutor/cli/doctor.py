"""Is this machine ready for the course, and if not, what to do about it.

Needs the standard library only, until an examination is run: what is missing here may
be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from fltutor.words import _

from . import distributions, examinations
from .findings import Finding, fault, install_module

Examination = Callable[[], Finding]
Style = Callable[[str, str], str]

EXAMINATIONS: tuple[Examination, ...] = (
    distributions.python,
    distributions.packages,
    distributions.files,
    distributions.pins,
    distributions.torch_works,
    examinations.course,
    examinations.kernel,
    examinations.widgets,
    examinations.data_folder,
    examinations.names,
    examinations.threads,
    examinations.browser,
)

_MARKS: dict[Literal["ok", "note", "fault"], tuple[str, str]] = {
    "ok": ("ok   ", "green"),
    "note": ("note ", "yellow"),
    "fault": ("FAULT", "red"),
}


def examine_all() -> list[Finding]:
    """Run every examination and return what it found."""
    return [_run(examination) for examination in EXAMINATIONS]


def report(findings: list[Finding], style: Style = lambda text, colour: text) -> str:
    """Return the findings as text; `style` colours a word.

    The last line says "Ready" only if there is no fault.
    """
    return "\n".join([*_lines(findings, style), _verdict(findings)])


def faults(findings: list[Finding]) -> int:
    """Return how many findings keep lessons from running; notes do not count."""
    return sum(finding.state == "fault" for finding in findings)


def _lines(findings: list[Finding], style: Style) -> Iterator[str]:
    for finding in findings:
        mark, colour = _MARKS[finding.state]
        yield f"{style(mark, colour)}  {finding.subject}: {finding.what}"
        if finding.remedy:
            yield f"       -> {finding.remedy}"


def _verdict(findings: list[Finding]) -> str:
    count = faults(findings)
    if count:
        message = _("{count} to mend; see the arrows above.")
        return message.format(count=count)
    return _("Ready. Open the course with: fltutor lab")


def _run(examination: Examination) -> Finding:
    """Return the finding; an examination that breaks is itself a fault."""
    remedy = _("Install the course again, in an environment of its own.")
    try:
        return examination()
    except ImportError as error:
        what, remedy = f"{type(error).__name__}: {error}", _for_import(error, remedy)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
    what = _("could not be examined ({error})").format(error=what)
    return fault(examination.__name__.replace("_", " "), what, remedy)


def _for_import(error: ImportError, otherwise: str) -> str:
    """Return what to install for a module that cannot be imported."""
    module = (error.name or "").partition(".")[0]
    return install_module(module) if module else otherwise
