"""What a learner sees: the result of a check, a hint; as text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from html import escape

import numpy as np

from fltutor import guard
from fltutor.checks.model import Check, Given, Outcome
from fltutor.checks.values import to_array
from fltutor.palette import NOTE, RIGHT, WRONG
from fltutor.words import _

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
    if isinstance(value, Sequence) and len(value) <= 6:
        return f"[{'; '.join(_show_part(item) for item in value)}]"
    if isinstance(value, Sequence):
        return f"[{_show_part(value[0])}; ... {len(value)} in all]"
    if is_dataclass(value) and not isinstance(value, type):
        parts = {each.name: getattr(value, each.name) for each in fields(value)}
        return f"{type(value).__name__}{_show(parts)}"
    if callable(value):
        return f"the function {getattr(value, '__name__', type(value).__name__)}"
    return f"a {type(value).__name__}"


@dataclass(frozen=True)
class Result:
    """What a check found. ``passed`` is the verdict; a notebook shows the rest.

    The random cases are one line, held if all of them are, so that what is shown does
    not depend on their number.
    """

    check: Check
    outcomes: tuple[Outcome, ...]
    mistake: str | None = None
    written: bool = True

    @property
    def passed(self) -> bool:
        """Whether every case holds."""
        return self.written and all(held for _, held, _ in self.rows())

    def __bool__(self) -> bool:
        """Return ``passed``."""
        return self.passed

    def rows(self) -> list[tuple[str, bool | None, Outcome | None]]:
        """Return (words, held, what to show): a row a case, the random ones in one.

        ``held`` is None for what was not tried.
        """
        check, made = self.check, len(self.check.cases)
        words = check.wording.cases
        tried = [*self.outcomes[:made]]
        rows: list[tuple[str, bool | None, Outcome | None]] = [
            (words[outcome.case.key], outcome.held, outcome) for outcome in tried
        ]
        rows += [(words[case.key], None, None) for case in check.cases[len(tried) :]]
        if check.random is not None:
            drawn = self.outcomes[made:]
            failed = next((outcome for outcome in drawn if not outcome.held), None)
            held = None if not drawn else failed is None and len(drawn) == check.draws
            rows.append((_("random inputs: as the course's own answer"), held, failed))
        return rows

    def headline(self) -> str:
        """Return the verdict in one line."""
        name = f"{self.check.id} · {self.check.wording.title}"
        if not self.written:
            return _("{name}: not written yet").format(name=name)
        rows = self.rows()
        if self.passed:
            sentence = _("{name}: all {total} checks hold")
            return sentence.format(name=name, total=len(rows))
        sentence = _("{name}: not yet, {held} of {total} checks hold")
        held = sum(bool(held) for _, held, _ in rows)
        return sentence.format(name=name, held=held, total=len(rows))

    def lines(self) -> list[tuple[str, str]]:
        """Return (kind, text): the whole message, ready to be laid out."""
        words, id = self.check.wording, self.check.id
        if not self.written:
            write = _("Nothing to check yet. Write {signature}.")
            push = _('A first push: ft.hint("{id}", 1)')
            return [
                ("note", write.format(signature=words.signature)),
                ("note", _("Then run its cell, and this one again.")),
                ("next", push.format(id=id)),
            ]
        lines: list[tuple[str, str]] = []
        if self.mistake is not None:
            lines.append(("mistake", "{}. {}".format(*words.mistakes[self.mistake])))
        shown = False
        for text, held, outcome in self.rows():
            if held is None:
                lines.append(("skipped", _("{case} (not tried)").format(case=text)))
                continue
            lines.append(("held" if held else "failed", text))
            if not held and not shown and outcome is not None:
                given = self.check.given(outcome.case)
                lines.extend(("detail", line) for line in details(outcome, given))
                shown = True
        if not self.passed:
            lines.append(("next", _('Stuck? ft.hint("{id}", 1)').format(id=id)))
        return lines

    def __repr__(self) -> str:
        """Return the message as plain text; the same on every machine."""
        mark = {"held": "  ✓ ", "failed": "  ✗ ", "skipped": "  - "}
        mark |= {"detail": "      ", "mistake": "  ! "}
        body = [mark.get(kind, "  ") + text for kind, text in self.lines()]
        return "\n".join([self.headline(), *body])

    def _repr_mimebundle_(self, **options: object) -> Bundle:
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


def details(outcome: Outcome, given: Given) -> list[str]:
    """Return what a learner needs to see of a case that does not hold."""
    lines: list[str] = []
    if (fault := outcome.fault) is not None:
        lines.append(fault.words)
        if fault.line is not None:
            where = _("line {line}: {code}")
            lines.append(where.format(line=fault.line, code=fault.code))
        if fault.text or fault.kind != "TooLong":
            lines.append(f"{fault.kind}: {fault.text}")
        lines += _inputs(given)
    elif (finding := outcome.mismatch) is not None:
        lines.append(finding.problem)
        lines += _inputs(finding.given)
        if finding.expected is not None:
            sentence = _("expected {value}")
            lines.append(sentence.format(value=show(finding.expected)))
        if finding.expected is not None or finding.got is not None:
            lines.append(_("got      {value}").format(value=show(finding.got)))
    if outcome.printed.strip():
        printed = outcome.printed.strip().splitlines()
        sentence = _("your code printed: {text}")
        lines.append(sentence.format(text=" / ".join(printed[:3])))
    return lines


def _inputs(given: Given) -> list[str]:
    sentence = _("given {name} = {value}")
    return [
        sentence.format(name=name, value=show(value)) for name, value in given.items()
    ]


@dataclass(frozen=True)
class Hint:
    """One of the three hints of an exercise."""

    check: Check
    level: int

    def __repr__(self) -> str:
        """Return the hint as plain text."""
        return f"{self._title()}\n  {self.check.wording.hints[self.level - 1]}"

    def _title(self) -> str:
        return _("{id} · hint {level} of 3").format(id=self.check.id, level=self.level)

    def _repr_mimebundle_(self, **options: object) -> Bundle:
        text = _code(escape(self.check.wording.hints[self.level - 1]))
        body = f'<div style="white-space:pre-wrap">{text}</div>'
        return {"text/plain": repr(self), "text/html": _box(NOTE, self._title(), body)}


def _box(colour: str, title: str, body: str) -> str:
    return (
        f'<div style="border-left:4px solid {colour};padding:.2em .8em;margin:.3em 0">'
        f"<strong>{escape(title)}</strong>{body}</div>"
    )
