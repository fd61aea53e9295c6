"""Run a check: every case, then the catalogue where a case does not hold."""

from __future__ import annotations

import time
from functools import partial

from fltutor import guard
from fltutor.checks.cases import same
from fltutor.checks.faults import plain, without_end
from fltutor.checks.model import Case, Check, Mismatch, Mistake, Outcome
from fltutor.checks.report import Result
from fltutor.checks.stubs import is_stub

LIMIT = 10.0  # seconds for all cases of one answer; a right answer takes milliseconds


@guard.originals()
def run_check(check: Check, answers: tuple[object, ...]) -> Result:
    """Hold the learner's answers to the check; never raises for what they wrote."""
    if len(answers) != check.num_answers:
        raise TypeError(
            f"ft.check({check.id!r}, ...) got {len(answers)} answers, needs "
            f"{check.num_answers}: {check.signature}."
        )
    if any(is_stub(answer) for answer in answers):
        return Result(check, outcomes=(), written=False)
    steps = [partial(case.run, *answers) for case in check.cases]
    outcomes = run_cases(check, answers, guard.rehearse(steps, LIMIT))
    if any(o.fault and o.fault.kind == "NotImplementedError" for o in outcomes):
        return Result(check, outcomes=(), written=False)
    mistake = None
    if not all(outcome.held for outcome in outcomes):
        mistake = recognise(check, outcomes)
    return Result(check, outcomes=outcomes, mistake=mistake)


def run_cases(
    check: Check, answers: tuple[object, ...], most: int | None = None
) -> tuple[Outcome, ...]:
    """Run the cases in order; a case that hangs ends the run.

    ``most`` of them are known to end; the next one is not, and is not run.
    """
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + LIMIT
    for case in check.cases[:most]:
        outcome = _run_case(case, answers, deadline - time.monotonic())
        outcomes.append(outcome)
        if outcome.fault is not None and outcome.fault.kind == "TooLong":
            return tuple(outcomes)
    if len(outcomes) < len(check.cases):
        case = check.cases[len(outcomes)]
        outcomes.append(Outcome(case.name, fault=without_end(LIMIT)))
    return tuple(outcomes)


def _run_case(case: Case, answers: tuple[object, ...], seconds: float) -> Outcome:
    answer = guard.call(case.run, *answers, seconds=max(seconds, 0.01))
    if answer.fault is None:
        return Outcome(case.name, printed=answer.printed)
    if isinstance(answer.fault.error, Mismatch):
        return Outcome(case.name, answer.fault.error, printed=answer.printed)
    if answer.fault.kind == "TooLong":
        fault = without_end(LIMIT, answer.fault)
    else:
        fault = plain(answer.fault)
    return Outcome(case.name, fault=fault, printed=answer.printed)


def recognise(check: Check, outcomes: tuple[Outcome, ...]) -> Mistake | None:
    """Return the catalogued mistake that fails like this answer, if there is one.

    First a mistake that agrees in every case; else the one mistake that agrees with
    the wrong values of more failing cases than any other.
    """
    failing = [i for i, outcome in enumerate(outcomes) if outcome.mismatch]
    scores: list[int] = []
    for mistake in check.mistakes:
        theirs = run_cases(check, check.split(mistake.answer))
        if len(theirs) == len(outcomes) and all(
            alike(a, b) for a, b in zip(outcomes, theirs, strict=True)
        ):
            return mistake
        scores.append(
            sum(i < len(theirs) and alike(outcomes[i], theirs[i]) for i in failing)
        )
    best = max(scores, default=0)
    if best == 0 or scores.count(best) > 1:
        return None
    return check.mistakes[scores.index(best)]


def alike(a: Outcome, b: Outcome) -> bool:
    """Whether two answers did the same thing in a case."""
    if a.held or b.held:
        return a.held and b.held
    if a.fault is not None and b.fault is not None:
        return (a.fault.kind, a.fault.text) == (b.fault.kind, b.fault.text)
    left, right = a.mismatch, b.mismatch
    if left is None or right is None or left.kind != right.kind:
        return False
    if left.kind.startswith("modified"):
        return True
    return same(left.got, right.got, rtol=1e-4, atol=1e-6)
