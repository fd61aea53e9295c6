"""What a check is made of: cases, catalogued mistakes, hints; all of it data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Given = Mapping[str, object]
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


@dataclass(frozen=True)
class Case:
    """One thing that the learner's answer must do.

    Parameters
    ----------
    name
        What holds when the case passes, in words ("equal weights give the mean").
    run
        Called with the learner's answer (or answers); raises `Mismatch` where it
        does not hold. Inputs must be copied per call: `fltutor.checks.run` does.
    """

    name: str
    run: Callable[..., None]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that learners really give, and what its author needs to hear.

    ``answer`` is the wrong answer itself: a function, a class, a number, or a tuple
    of them where the check takes several answers.
    """

    name: str
    answer: object
    message: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """An exercise's check.

    Parameters
    ----------
    id
        ``"NN.name"``: the lesson's number, a dot, the exercise.
    title
        The exercise in a few words.
    signature
        What the learner is to write, for messages: ``"weighted_mean(deltas, ...)"``.
    cases
        In the order in which a learner should meet them: simplest first.
    mistakes
        At least four, each told apart from the others by the cases.
    hints
        Three texts: where to look, how to go about it, nearly the answer.
    """

    id: str
    title: str
    signature: str
    cases: tuple[Case, ...]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str, str]
    num_answers: int = field(default=1)

    def split(self, answer: object) -> tuple[object, ...]:
        """Return the answers of a mistake or an alternative as a tuple."""
        if self.num_answers == 1:
            return (answer,)
        if not isinstance(answer, tuple) or len(answer) != self.num_answers:
            raise ValueError(
                f"{self.id} takes {self.num_answers} answers, got {answer!r}. "
                "Give a tuple of that length."
            )
        return answer


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

    name: str
    mismatch: Mismatch | None = None
    fault: Fault | None = None
    printed: str = ""

    @property
    def held(self) -> bool:
        """Whether the case passed."""
        return self.mismatch is None and self.fault is None
