"""Exercise checks: what held, what did not, and the mistake that it looks like.

``ft.check("02.weighted_mean", weighted_mean)`` answers at once and never raises for
what a learner wrote; ``ft.hint("02.weighted_mean", 1)`` helps, in three levels. A
check is data: a reference, cases made by hand, random cases, catalogued mistakes. How
one is written stands at the top of `fltutor.checks.model`; lesson 02 is the pattern.
"""

from __future__ import annotations

from fltutor.checks import record
from fltutor.checks.cases import agree, case, require, run
from fltutor.checks.edits import edit
from fltutor.checks.model import Case, Check, Given, Mismatch
from fltutor.checks.registry import checks_of, find, lessons
from fltutor.checks.report import Hint, Result
from fltutor.checks.runner import run_check
from fltutor.checks.values import draw, tensor, to_array
from fltutor.checks.wording import Wording
from fltutor.words import _

__all__ = [
    "Case",
    "Check",
    "Given",
    "Hint",
    "Mismatch",
    "Result",
    "Wording",
    "agree",
    "case",
    "check",
    "checks_of",
    "draw",
    "edit",
    "find",
    "hint",
    "lessons",
    "require",
    "run",
    "tensor",
    "to_array",
]


def check(id: str, *answers: object) -> Result:
    """Hold an answer to its exercise and say what holds and what does not.

    Parameters
    ----------
    id
        The exercise: ``"02.weighted_mean"``.
    answers
        What the learner wrote: usually one function; a number, an array, a class, or
        several of them where the exercise says so.

    Returns
    -------
    Result
        Shown by a notebook as it is; ``.passed`` is the verdict.

    Raises
    ------
    KeyError
        If there is no exercise of that id. Never for what the learner wrote.

    Examples
    --------
    >>> check("02.weighted_mean", lambda deltas, weights: deltas.mean(0)).passed
    False
    >>> check("02.weighted_mean", ...).headline()
    '02.weighted_mean · The weighted mean of the updates: not written yet'
    """
    result = run_check(find(id), answers)
    if result.passed:
        record.note(id)
    return result


def hint(id: str, level: int = 1) -> Hint:
    """Return a hint: 1 says where to look, 2 how to go about it, 3 nearly all.

    Raises
    ------
    KeyError
        If there is no exercise of that id.
    ValueError
        If ``level`` is not 1, 2 or 3.
    """
    if level not in (1, 2, 3):
        sentence = _("level must be 1, 2 or 3, got {level!r}. Start with 1.")
        raise ValueError(sentence.format(level=level))
    return Hint(find(id), level)
