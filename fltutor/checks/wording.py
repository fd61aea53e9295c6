"""What a check says: read from the lesson's ``words.toml``, when it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fltutor import catalogue
from fltutor.words import _


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The words of one check.

    Attributes
    ----------
    title
        the exercise in a few words.
    signature
        what the learner is to write, and the types of what comes in.
    hints
        three: where to look, how to go about it, nearly the answer.
    cases
        by key: what holds when the case passes.
    mistakes
        by key: its name, and what its author needs to hear.
    parts
        names of the parts of a result that has several: "the new params".
    """

    title: str
    signature: str
    hints: tuple[str, ...]
    cases: Mapping[str, str] = field(default_factory=dict)
    mistakes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()


def wording(id: str) -> Wording:
    """Return the words of a check, in the language chosen now."""
    number, name = id.split(".")
    try:
        said = catalogue.words(number)["check"][name]
        return Wording(
            title=_(said["title"]),
            signature=_(said["signature"]),
            hints=tuple(map(_, said["hints"])),
            cases={key: _(text) for key, text in said.get("cases", {}).items()},
            mistakes={
                key: (_(text["name"]), _(text["message"]))
                for key, text in said["mistakes"].items()
            },
            parts=tuple(map(_, said.get("parts", ()))),
        )
    except KeyError as missing:
        raise LookupError(
            f"Got no {missing} for check {id}; words.toml of lesson {number} needs a "
            f"[check.{name}] with title, signature, hints and mistakes. Write it there."
        ) from None
