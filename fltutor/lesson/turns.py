"""Your turn: a lesson goes on with the learner's function, or with the course's."""

from __future__ import annotations

from typing import Any

from fltutor import catalogue, checks
from fltutor.lesson.tables import Table, table
from fltutor.words import _


def yours(answer: Any, id: str) -> Any:
    """Check what the learner wrote and return what the lesson goes on with.

    * Not written yet: one line says so, and the course's own version comes back, so
      that everything below runs.
    * Not right yet: the check's message, and the course's version.
    * Right: the learner's own; whatever is below runs on it.

    Parameters
    ----------
    answer
        what the cell above defines; ``...`` in its body means not written yet.
    id
        of the check, ``"02.weighted_mean"``.

    Examples
    --------
    >>> mean = yours(lambda deltas, weights: ..., "02.weighted_mean")
    02.weighted_mean: not written yet. The lesson goes on with the course's version.
    """
    result = checks.check(id, answer)
    if result.passed:
        print(_("{id}: right. From here on the lesson runs yours.").format(id=id))
        return answer
    if not result.written:
        said = _("{id}: not written yet. The lesson goes on with the course's version.")
        print(said.format(id=id))
    else:
        _show(result)
        print(_("Until it is right, the lesson goes on with the course's version."))
    return checks.find(id).reference


def _show(result: checks.Result) -> None:
    """Show a result as a cell's last line would, in a notebook or a terminal."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        print(result)
        return
    from IPython.display import display

    display(result)  # type: ignore[no-untyped-call]  # IPython has no types


def progress() -> Table:
    """Say where the learner stands: for each lesson, how many checks were passed."""
    done = checks.record.passed()
    rows = []
    for number in checks.lessons():
        known = checks.checks_of(number)
        count = sum(id in done for id in known)
        rows.append(
            {
                _("lesson"): number,
                _("title"): _(catalogue.lessons()[number].title),
                _("checks passed"): _("{count} of {total}").format(
                    count=count, total=len(known)
                ),
            }
        )
    return table(rows)
