"""What a check is made of: a reference, cases, mistakes; all of it data.

How a check is written. A lesson's checks stand in ``course/lesson_NN/checks.py``, code
only; what they say stands beside them, in ``words.toml``. Lesson 02 is the pattern.
A whole check, with everything that one needs::

    def weighted_mean(deltas: Tensor, weights: Tensor) -> Tensor:
        '''Return the mean of the rows, weighted, ``(d,)``.'''
        share = weights / weights.sum()  # (K,)
        return (share[:, None] * deltas).sum(0)


    def _mean_inputs(rng: Generator) -> tuple[Tensor, Tensor]:
        clients, dim = rng.integers(1, 5), rng.integers(1, 4)
        return draw(rng, clients, dim), draw(rng, clients, low=1, high=9)


    WEIGHTED_MEAN = Check(
        id="02.weighted_mean",
        reference=weighted_mean,
        cases=(
            case("equal", _DELTAS, tensor(0.5, 0.5), expected=tensor(2.0, 0.0)),
            case("counts", _DELTAS, tensor(10.0, 30.0)),
        ),
        random=_mean_inputs,
        mistakes={
            "sum": edit("weights / weights.sum()", "weights"),
            "columns": edit("share[:, None]", "share"),
            "in_place": edit("share[:, None] * deltas", "deltas.mul_(share[:, None])"),
            "median": lambda deltas, weights: deltas.median(0).values,
        },
    )

    CHECKS = (WEIGHTED_MEAN,)

and in ``words.toml``, in the order in which a learner should read it::

    [check.weighted_mean]
    title = "The weighted mean of the updates"
    signature = "weighted_mean(deltas, weights) -> (d,), from torch tensors"
    hints = ["where to look", "how to go about it", "nearly all"]

    [check.weighted_mean.cases]
    equal = "equal weights give the plain mean"
    counts = "weights may be counts of examples"

    [check.weighted_mean.mistakes.sum]
    name = "The weights are not normalised"
    message = "This is a weighted sum. Divide by weights.sum()."

A result of several parts may name them, ``parts = ["home", "abroad"]``.

The rules. A case's arguments are in the order of the reference's. What is expected is
what the reference returns; write ``expected`` too where somebody else's number or a
derivation gives it, and say where it comes from. The reference is plain and whole, so
that an edit can reach every part of it. A mistake is "what they typed instead"; each
text to replace occurs once in the reference (or in a helper, ``of=helper``). A function
where no edit says it. Mistakes stand in the order in which they are tried.
Random inputs vary everything that the text leaves open: unequal sizes, K and d apart,
rows without pattern, ties, surplus, negative, zero, more than two clients, a start that
is not zero, two values at least of each argument; and they are small, to be read.
Hand over what the lesson uses, torch or numpy, and say so in the signature. Where
a right answer is not one value (chance, a choice), give ``use`` (what is done with the
answer) and ``judge`` (what must hold of it).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from numpy.random import Generator

from fltutor.checks.edits import Edit
from fltutor.checks.wording import Wording, wording

Given = Mapping[str, object]
#: What must hold of (got, expected, given); raises `Mismatch` where it does not.
Judge = Callable[[object, object, Given], None]
NOTHING: Given = MappingProxyType({})


@dataclass(eq=False)
class Mismatch(Exception):
    """Say that one case does not hold: what was given, expected and got.

    Parameters
    ----------
    problem
        One sentence in plain words.
    kind
        Groups findings: ``"value"``, ``"shape"``, ``"none"``, ``"modified"``, ...
        Two answers fail alike when ``kind`` and ``got`` agree.
    """

    problem: str
    given: Given = field(default_factory=dict)
    expected: object = None
    got: object = None
    kind: str = "value"

    def __str__(self) -> str:
        """Return the sentence."""
        return self.problem


@dataclass(frozen=True, eq=False)
class Case:
    """One input, and what the learner's answer must do with it.

    Parameters
    ----------
    key
        Finds its line in ``words.toml``: what holds when the case passes.
    args
        In the order of the reference's arguments. They are copied for each call.
    expected
        By hand; None takes what the reference returns.
    judge
        In place of the check's, where a case asks for something of its own.
    """

    key: str
    args: tuple[object, ...] = ()
    expected: object = None
    judge: Judge | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """An exercise's check.

    Parameters
    ----------
    id
        ``"NN.name"``: the lesson's number, a dot, the exercise.
    reference
        The course's own answer: a function, a class, a number, a container of
        numbers; a tuple of answers where the exercise asks for several.
    cases
        Made by hand, in the order in which a learner should meet them.
    mistakes
        Wrong answers that learners really give, by key: an `Edit` of the reference,
        or the answer itself.
    random
        Makes the arguments of a random case; None only for an answer that takes none.
    draws
        How many random cases there are.
    use
        ``use(answer, *args)``: what is done with the answer. None calls it.
    judge
        None wants the numbers equal to ``expected``.
    rtol, atol
        How far numbers may be off; for answers that no float32 gives exactly enough.
    may_change
        Arguments that an answer may write into.
    num_answers
        How many things ``ft.check`` is given.
    words
        None reads them from the lesson's ``words.toml``.
    """

    id: str
    reference: object
    cases: tuple[Case, ...]
    mistakes: Mapping[str, object]
    random: Callable[[Generator], tuple[object, ...]] | None = None
    draws: int = 12
    use: Callable[..., object] | None = None
    judge: Judge | None = None
    rtol: float | None = None
    atol: float | None = None
    may_change: tuple[str, ...] = ()
    num_answers: int = 1
    words: Wording | None = None

    @property
    def wording(self) -> Wording:
        """What the check says, in the language chosen now."""
        return self.words or wording(self.id)

    def split(self, answer: object) -> tuple[object, ...]:
        """Return an answer, as a mistake or an alternative gives it, as a tuple."""
        if self.num_answers == 1:
            return (answer,)
        if not isinstance(answer, tuple) or len(answer) != self.num_answers:
            raise ValueError(
                f"{self.id} takes {self.num_answers} answers, got {answer!r}. "
                "Give a tuple of that length."
            )
        return answer

    def wrong(self, mistake: str) -> tuple[object, ...]:
        """Return the answers of somebody who makes this mistake."""
        found = self.mistakes[mistake]
        made = found.apply(self.reference) if isinstance(found, Edit) else found
        return self.split(made)

    def given(self, case: Case) -> Given:
        """Name the arguments of a case as the reference does."""
        if not case.args:
            return NOTHING
        called, skip = (
            (self.reference, 0) if self.use is None else (self.use, self.num_answers)
        )
        names = list(inspect.signature(called).parameters)[skip:]  # type: ignore[arg-type] # callable, since it takes arguments
        return dict(zip(names, case.args, strict=True))


@dataclass(frozen=True)
class Fault:
    """An exception of the learner's code, in plain words, with its line."""

    kind: str
    text: str
    words: str
    line: int | None = None
    code: str = ""


@dataclass(frozen=True)
class Outcome:
    """How one case went: held, `Mismatch` or `Fault`; and what the code printed."""

    case: Case
    mismatch: Mismatch | None = None
    fault: Fault | None = None
    printed: str = ""

    @property
    def held(self) -> bool:
        """Whether the case passed."""
        return self.mismatch is None and self.fault is None
