"""Checks in their first form, until their lessons have the one of `model`.

``python -m fltutor.checks.old NN`` writes the words of a lesson's checks as they would
stand in its ``words.toml``; shorten the keys.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fltutor import catalogue
from fltutor.checks import cases as new
from fltutor.checks import model
from fltutor.checks.cases import require, run
from fltutor.checks.model import NOTHING, Given, Mismatch
from fltutor.checks.values import describe_type, tensor, to_array
from fltutor.checks.wording import Wording

__all__ = [
    "Case", "Check", "Given", "Mismatch", "Mistake", "close", "describe_type",
    "example", "require", "run", "tensor", "to_array", "value",
]  # fmt: skip
RTOL, ATOL = 1e-4, 1e-6
close = partial(new.agree, rtol=RTOL, atol=ATOL)


@dataclass(frozen=True)
class Case:
    """One thing that the learner's answer must do."""

    name: str
    run: Callable[..., None]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer, and what its author needs to hear."""

    name: str
    answer: object
    message: str


def Check(
    *, id: str, title: str, signature: str, cases: tuple[Case, ...],
    mistakes: tuple[Mistake, ...], hints: tuple[str, str, str], num_answers: int = 1,
) -> model.Check:  # fmt: skip
    """Return the check in its new form."""

    def new_case(case: Case) -> model.Case:
        return model.Case(case.name, judge=lambda got, expected, given: case.run(got))

    return model.Check(
        id=id,
        reference=0,
        cases=tuple(map(new_case, cases)),
        mistakes={mistake.name: mistake.answer for mistake in mistakes},
        num_answers=num_answers,
        words=Wording(
            title=title,
            signature=signature,
            hints=hints,
            cases={case.name: case.name for case in cases},
            mistakes={each.name: (each.name, each.message) for each in mistakes},
        ),
    )


def example(
    name: str, given: Given, expected: object, *, rtol: float = RTOL, atol: float = ATOL
) -> Case:
    """Return the case "called with ``given``, the function returns ``expected``"."""

    def case(answer: object) -> None:
        new.agree(run(answer, given), expected, given, rtol=rtol, atol=atol)

    return Case(name, case)


def value(
    name: str, expected: object, *, rtol: float = RTOL, atol: float = ATOL
) -> Case:
    """Return the case "the answer is this number or array"."""

    def case(answer: object) -> None:
        new.agree(answer, expected, NOTHING, what="your answer", rtol=rtol, atol=atol)

    return Case(name, case)


def words(number: str) -> str:
    """Return the words of a lesson's checks as TOML."""

    def key(text: str) -> str:
        return re.sub(r"\W+", "_", text.lower()).strip("_")

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    lines: list[str] = []
    for check in catalogue.part(number, "checks").CHECKS:
        said, table = check.wording, f"check.{check.id[3:]}"
        lines += ["", f"[{table}]", f"title = {quoted(said.title)}"]
        lines += [f"signature = {quoted(said.signature)}", "hints = ["]
        lines += [*(f"    {quoted(hint)}," for hint in said.hints), "]"]
        lines += ["", f"[{table}.cases]"]
        lines += [f"{key(text)} = {quoted(text)}" for text in said.cases.values()]
        for name, message in said.mistakes.values():
            lines += ["", f"[{table}.mistakes.{key(name)}]"]
            lines += [f"name = {quoted(name)}", f"message = {quoted(message)}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(words(sys.argv[1]))
