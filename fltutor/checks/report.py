"""What a learner sees: the result of a check, a hint; as text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from fltutor import guard
from fltutor.checks.cases import to_array
from fltutor.checks.model import Check, Mistake, Outcome
from fltutor.palette import NOTE, RIGHT, WRONG

Bundle = dict[str, str]


def show(value: object) -> str:
    """Return a short, deterministic text of a value: 4 digits, shape, no address."""
    shown = guard.call(_show, value, seconds=1)
    if shown.fault is not None:  # what cannot even be looked at is still named
        return f"a {type(value).__name__}"
    return guard.cut(shown.value, 300)


def _show_part(value: object) -> str:
    try:
        return _show(value)
    except Exception:  # the others are shown all the same
        return f"a {type(value).__name__}"


def _show(value: object) -> str:
    array = None if isinstance(value, bool) else to_array(value)
    if array is not None:
        if array.ndim == 0:
            return f"{array.item():.4g}"
        text = np.array2string(
            array,
            threshold=12,
            edgeitems=2,
            separator=", ",
            formatter={"float_kind": lambda number: f"{number:.4g}"},
        )
        return f"{' '.join(text.split())}  shape {array.shape}"
    if value is None or isinstance(value, str | bool):
        return repr(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key}: {_show_part(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, Sequence) and len(value) <= 4:
        return f"[{'; '.join(_show_part(item) for item in value)}]"
    if isinstance(value, Sequence):
        return f"[{_show_part(value[0])}; ... {len(value)} in all]"
    if callable(value):
        return f"the function {getattr(value, '__name__', type(value).__name__)}"
    return f"a {type(value).__name__}"


@dataclass(frozen=True)
class Result:
    """What a check found. ``passed`` is the verdict; a notebook shows the rest."""

    check: Check
    outcomes: tuple[Outcome, ...]
    mistake: Mistake | None = None
    written: bool = True

    @property
    def passed(self) -> bool:
        """Whether every case holds."""
        held = len(self.outcomes) == len(self.check.cases)
        return self.written and held and all(o.held for o in self.outcomes)

    def __bool__(self) -> bool:
        """Return ``passed``."""
        return self.passed

    def headline(self) -> str:
        """Return the verdict in one line."""
        name = f"{self.check.id} · {self.check.title}"
        if not self.written:
            return f"{name}: not written yet"
        held, total = sum(o.held for o in self.outcomes), len(self.check.cases)
        if self.passed:
            return f"{name}: all {total} checks hold"
        return f"{name}: not yet, {held} of {total} checks hold"

    def lines(self) -> list[tuple[str, str]]:
        """Return (kind, text): the whole message, ready to be laid out."""
        if not self.written:
            return [
                ("note", f"Nothing to check yet. Write {self.check.signature}."),
                ("note", "Then run its cell, and this one again."),
                ("next", f'A first push: ft.hint("{self.check.id}", 1)'),
            ]
        lines: list[tuple[str, str]] = []
        if self.mistake is not None:
            lines.append(("mistake", f"{self.mistake.name}. {self.mistake.message}"))
        shown = False
        for outcome in self.outcomes:
            lines.append(("held" if outcome.held else "failed", outcome.name))
            if not outcome.held and not shown:
                lines.extend(("detail", text) for text in details(outcome))
                shown = True
        for case in self.check.cases[len(self.outcomes) :]:
            lines.append(("skipped", f"{case.name} (not tried)"))
        if not self.passed:
            lines.append(("next", f'Stuck? ft.hint("{self.check.id}", 1)'))
        return lines

    def __repr__(self) -> str:
        """Return the message as plain text; the same on every machine."""
        mark = {"held": "  ✓ ", "failed": "  ✗ ", "skipped": "  - "}
        mark |= {"detail": "      ", "mistake": "  ! "}
        body = [mark.get(kind, "  ") + text for kind, text in self.lines()]
        return "\n".join([self.headline(), *body])

    def _repr_mimebundle_(self, **_: object) -> Bundle:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        colour = RIGHT if self.passed else WRONG if self.written else NOTE
        rows = "".join(_row(kind, text) for kind, text in self.lines())
        return _box(colour, self.headline(), rows)


_STYLE = {
    "detail": "font-family:monospace;white-space:pre-wrap;margin-left:2em",
    "mistake": f"border:1px solid {WRONG};padding:.3em .6em;margin:.4em 0",
    "next": "opacity:.75",
}
_MARK = {
    "held": f'<span style="color:{RIGHT}">✓</span> ',
    "failed": f'<span style="color:{WRONG}">✗</span> ',
    "skipped": "– ",
}


def _row(kind: str, text: str) -> str:
    body = _MARK.get(kind, "") + _code(escape(text))
    return f'<div style="{_STYLE.get(kind, "")}">{body}</div>'


def _code(text: str) -> str:
    """Set what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text)


def details(outcome: Outcome) -> list[str]:
    """Return what a learner needs to see of a case that does not hold."""
    lines: list[str] = []
    if outcome.fault is not None:
        fault = outcome.fault
        lines.append(fault.words)
        if fault.line is not None:
            lines.append(f"line {fault.line}: {fault.code}")
        if fault.text or fault.kind != "TooLong":
            lines.append(f"{fault.kind}: {fault.text}")
    elif (finding := outcome.mismatch) is not None:
        lines.append(finding.problem)
        lines += [f"given {name} = {show(v)}" for name, v in finding.given.items()]
        if finding.expected is not None:
            lines.append(f"expected {show(finding.expected)}")
        if finding.expected is not None or finding.got is not None:
            lines.append(f"got      {show(finding.got)}")
    if outcome.printed.strip():
        printed = outcome.printed.strip().splitlines()
        lines.append("your code printed: " + " / ".join(printed[:3]))
    return lines


@dataclass(frozen=True)
class Hint:
    """One of the three hints of an exercise."""

    check: Check
    level: int

    def __repr__(self) -> str:
        """Return the hint as plain text."""
        return f"{self._title()}\n  {self.check.hints[self.level - 1]}"

    def _title(self) -> str:
        return f"{self.check.id} · hint {self.level} of 3"

    def _repr_mimebundle_(self, **_: object) -> Bundle:
        text = _code(escape(self.check.hints[self.level - 1]))
        body = f'<div style="white-space:pre-wrap">{text}</div>'
        return {"text/plain": repr(self), "text/html": _box(NOTE, self._title(), body)}


def _box(colour: str, title: str, body: str) -> str:
    return (
        f'<div style="border-left:4px solid {colour};padding:.2em .8em;margin:.3em 0">'
        f"<strong>{escape(title)}</strong>{body}</div>"
    )
