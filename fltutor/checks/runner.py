"""Run a check: every case, then the catalogue where a case does not hold."""

from __future__ import annotations

import time

from fltutor.checks.cases import same
from fltutor.checks.faults import plain
from fltutor.checks.limits import TooLong, quiet, time_limit
from fltutor.checks.model import Case, Check, Fault, Mismatch, Mistake, Outcome
from fltutor.checks.report import Result
from fltutor.checks.stubs import is_stub

LIMIT = 10.0  # seconds for all cases of one answer; a right answer takes milliseconds


def run_check(check: Check, answers: tuple[object, ...]) -> Result:
    """Hold the learner's answers to the check; never raises for what they wrote."""
    if len(answers) != check.num_answers:
        raise TypeError(
            f"ft.check({check.id!r}, ...) got {len(answers)} answers, needs "
            f"{check.num_answers}: {check.signature}."
        )
    if any(is_stub(answer) for answer in answers):
        return Result(check, outcomes=(), written=False)
    outcomes = run_cases(check, answers)
    if any(o.fault and o.fault.kind == "NotImplementedError" for o in outcomes):
        return Result(check, outcomes=(), written=False)
    mistake = None
    if not all(outcome.held for outcome in outcomes):
        mistake = recognise(check, outcomes)
    return Result(check, outcomes=outcomes, mistake=mistake)


def run_cases(check: Check, answers: tuple[object, ...]) -> tuple[Outcome, ...]:
    """Run the cases in order; a case that hangs ends the run."""
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + LIMIT
    for case in check.cases:
        outcome = _run_case(case, answers, deadline - time.monotonic())
        outcomes.append(outcome)
        if outcome.fault is not None and outcome.fault.kind == "TooLong":
            break
    return tuple(outcomes)


def _run_case(case: Case, answers: tuple[object, ...], seconds: float) -> Outcome:
    mismatch: Mismatch | None = None
    fault: Fault | None = None
    with quiet() as printed:
        try:
            with time_limit(max(seconds, 0.01)):
                case.run(*answers)
        except Mismatch as finding:
            mismatch = finding
        except TooLong:
            words = f"It did not end within {LIMIT:.0f} seconds. A loop without end?"
            fault = Fault("TooLong", "", words)
        except (Exception, SystemExit) as error:
            fault = plain(error)
    return Outcome(case.name, mismatch, fault, printed.getvalue())


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
