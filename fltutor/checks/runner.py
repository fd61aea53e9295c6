"""Run a check: every case, then the catalogue where a case does not hold."""

from __future__ import annotations

import time
import warnings
import zlib
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

from fltutor import guard
from fltutor.checks.cases import agree, run
from fltutor.checks.faults import MISFIT, plain, without_end
from fltutor.checks.model import Case, Check, Mismatch, Outcome
from fltutor.checks.report import Result
from fltutor.checks.stubs import is_stub
from fltutor.checks.values import same
from fltutor.words import _

LIMIT = 10.0  # seconds for all cases of one answer; a right answer takes milliseconds
RANDOM = "random"  # the key of every random case
_KEPT = 64  # checks whose random cases and mistakes' outcomes are kept: a lesson's few


@guard.originals()
def run_check(check: Check, answers: tuple[object, ...]) -> Result:
    """Hold the learner's answers to the check; never raises for what they wrote."""
    if len(answers) != check.num_answers:
        sentence = _("ft.check({id!r}, ...) got {got} answers, needs {count}: {what}.")
        raise TypeError(
            sentence.format(
                id=check.id,
                got=len(answers),
                count=check.num_answers,
                what=check.wording.signature,
            )
        )
    if any(is_stub(answer) for answer in answers):
        return Result(check, outcomes=(), written=False)
    outcomes = _guarded(check, answers)
    if any(o.fault and o.fault.kind == "NotImplementedError" for o in outcomes):
        return Result(check, outcomes=(), written=False)
    mistake = None
    if not all(outcome.held for outcome in outcomes):
        mistake = recognise(check, outcomes)
    return Result(check, outcomes=outcomes, mistake=mistake)


# ---- the cases, and what is expected of them -------------------------------------


@lru_cache(_KEPT)
def all_cases(check: Check) -> tuple[tuple[Case, object], ...]:
    """Return every case and what it expects: those made by hand, then the random."""
    drawn: list[Case] = []
    for i in range(check.draws if check.random is not None else 0):
        rng = np.random.default_rng([zlib.crc32(check.id.encode()), i])
        assert check.random is not None
        drawn.append(Case(RANDOM, check.random(rng)))
    return tuple(
        (case, reference_value(check, case) if case.expected is None else case.expected)
        for case in (*check.cases, *drawn)
    )


def reference_value(check: Check, case: Case) -> object:
    """Return what the reference makes of a case."""
    return used(check, case, check.split(check.reference))


def used(check: Check, case: Case, answers: tuple[object, ...]) -> object:
    """Do with the answers what the check does, on copies of the inputs."""
    given = check.given(case)
    if check.use is not None:
        called = getattr(answers[0], "__name__", _("your answer"))
        use = partial(check.use, *answers)
        return run(use, given, may_change=check.may_change, what=called)
    (answer,) = answers
    if not given and not callable(check.reference):
        return answer
    return run(answer, given, may_change=check.may_change)


def hold(
    check: Check, case: Case, expected: object, answers: tuple[object, ...]
) -> None:
    """Hold the answers to one case; raises `Mismatch` where it does not hold."""
    got, given = used(check, case, answers), check.given(case)
    judge = case.judge or check.judge
    if judge is not None:
        judge(got, expected, given)
        return
    parts = check.wording.parts
    what = "" if callable(check.reference) else _("your answer")
    agree(
        got, expected, given, what=what, parts=parts, rtol=check.rtol, atol=check.atol
    )


def _steps(check: Check, answers: tuple[object, ...]) -> list[tuple[Case, Step]]:
    return [
        (case, partial(hold, check, case, expected, answers))
        for case, expected in all_cases(check)
    ]


Step = Callable[[], None]


# ---- the learner's code, under the guard -----------------------------------------


def _guarded(check: Check, answers: tuple[object, ...]) -> tuple[Outcome, ...]:
    """Run the cases in order; a case that hangs ends the run."""
    steps = _steps(check, answers)
    known_to_end = guard.rehearse([step for _, step in steps], LIMIT)
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + LIMIT
    for case, step in steps[:known_to_end]:
        outcome = _try(case, step, deadline - time.monotonic())
        outcomes.append(outcome)
        if outcome.fault is not None and outcome.fault.kind == "TooLong":
            return tuple(outcomes)
    if known_to_end < len(steps):
        outcomes.append(Outcome(steps[known_to_end][0], fault=without_end(LIMIT)))
    return tuple(outcomes)


def _try(case: Case, step: Step, seconds: float) -> Outcome:
    answer = guard.call(step, seconds=max(seconds, 0.01))
    if answer.fault is None:
        return Outcome(case, printed=answer.printed)
    if isinstance(answer.fault.error, Mismatch):
        return Outcome(case, answer.fault.error, printed=answer.printed)
    if answer.fault.kind == "TooLong":
        fault = without_end(LIMIT, answer.fault)
    else:
        fault = plain(answer.fault)
    return Outcome(case, fault=fault, printed=answer.printed)


# ---- the catalogue ---------------------------------------------------------------


def recognise(check: Check, outcomes: tuple[Outcome, ...]) -> str | None:
    """Return the first mistake that does what this answer does, in every case."""
    for mistake in check.mistakes:
        theirs = outcomes_of(check, mistake)
        if len(theirs) == len(outcomes) and all(map(alike, outcomes, theirs)):
            return mistake
    return None


@lru_cache(_KEPT * 8)
def outcomes_of(check: Check, mistake: str) -> tuple[Outcome, ...]:
    """Return what a catalogued mistake does in each case."""
    steps = _steps(check, check.wrong(mistake))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(_try_ours(case, step) for case, step in steps)


def _try_ours(case: Case, step: Step) -> Outcome:
    """Try without the guard, which takes its time: the code is the course's own."""
    try:
        step()
    except Mismatch as finding:
        return Outcome(case, finding)
    except Exception as error:
        return Outcome(case, fault=plain(guard.fault_of(error)))
    return Outcome(case)


def alike(a: Outcome, b: Outcome) -> bool:
    """Whether two answers did the same thing in a case."""
    if a.held or b.held:
        return a.held and b.held
    if a.fault is not None and b.fault is not None:
        kinds = a.fault.kind == b.fault.kind or a.fault.words == _(MISFIT)
        return kinds and a.fault.words == b.fault.words  # numpy has words of its own
    left, right = a.mismatch, b.mismatch
    if left is None or right is None or left.kind != right.kind:
        return False
    if left.kind.startswith("modified"):
        return True
    return same(left.got, right.got, rtol=1e-4, atol=1e-6)
