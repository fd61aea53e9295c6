"""What a widget says, kept apart from what it does: in its lesson's ``words.toml``.

::

    [widget.drift]
    title = "The drift microscope"

    [widget.drift.controls]             # what stands beside a control, with its unit
    lr = "learning rate (per step)"

    [widget.drift.choices.algorithm]    # key of a choice -> what is shown
    scaffold = "SCAFFOLD"

    [widget.drift.say]                  # sentences, with named placeholders
    gap = "{name} after {rounds} rounds: {gap:.3f} from the optimum."
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fltutor import catalogue, validate
from fltutor.words import _


@dataclass(frozen=True)
class Words:
    """A widget's words, read when they are needed, in the language of that moment.

    Attributes
    ----------
    name
        of the widget; also its CSS class, after ``fltutor-``.
    read
        returns the table ``[widget.<name>]``.
    """

    name: str
    read: Callable[[], Mapping[str, Any]]

    @property
    def title(self) -> str:
        """Its title, a few words."""
        return _(self._find("title"))

    def label(self, field: str) -> str:
        """Return what stands beside a control, with its unit."""
        return _(self._find("controls", field))

    def option(self, field: str, key: Any) -> str:
        """Return what is shown for a choice's key; a number is shown as it is."""
        if isinstance(key, int | float):
            return f"{key:g}"
        return _(self._find("choices", field, key))

    def say(self, sentence: str, **values: Any) -> str:
        """Fill a sentence's placeholders."""
        template = _(self._find("say", sentence))
        return template.format(**values) if values else template

    def _find(self, *path: str) -> str:
        found: Any = self.read()
        for part in path:
            if part not in found:
                raise validate.fail(
                    f"no words {'.'.join(('widget', self.name, *path))}",
                    "a text for everything that a widget shows",
                    "Add it to the lesson's words.toml.",
                    kind=KeyError,
                )
            found = found[part]
        return str(found)


def of_lesson(number: str, name: str) -> Words:
    """Return the words of a lesson's widget, ``of_lesson("05", "drift")``."""
    return Words(name, lambda: catalogue.words(number).get("widget", {}).get(name, {}))
