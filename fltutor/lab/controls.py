"""A widget's settings: a frozen dataclass `Controls` whose fields know their range.

What a field is called stands in the lesson's words. No matplotlib, no ipywidgets: what
stands here is tested with plain pytest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from fltutor import validate
from fltutor.lab.words import Words
from fltutor.words import _

C = TypeVar("C")
_KEY = "control"


@dataclass(frozen=True)
class Control:
    """What a reader can move: one field of a widget's `Controls`.

    Attributes
    ----------
    kind
        "number", "choice" or "toggle".
    low, high, step
        of a number, in its unit.
    choices
        keys; what is shown for each stands in the words.
    """

    kind: str
    low: float = 0.0
    high: float = 1.0
    step: float = 1.0
    choices: tuple[Any, ...] = ()


def number(default: float, *, low: float, high: float, step: float) -> Any:
    """Declare a slider; an int default gives whole numbers.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Controls:
    ...     clients: int = number(5, low=2, high=20, step=1)
    >>> Controls().clients
    5
    """
    if not (low <= default <= high and step > 0):
        raise validate.fail(
            f"a slider's default {default} in [{low}, {high}] with step {step}",
            "low <= default <= high and step > 0",
            "Correct the range.",
        )
    control = Control("number", low, high, step)
    return field(default=default, metadata={_KEY: control})


def choice(default: Any, choices: Sequence[Any]) -> Any:
    """Declare a choice between keys; numbers become a slider over just these."""
    if default not in choices:
        raise validate.fail(
            f"a choice's default {default!r}",
            f"one of {list(choices)}",
            "Take one of them.",
        )
    control = Control("choice", choices=tuple(choices))
    return field(default=default, metadata={_KEY: control})


def toggle(default: bool = False) -> Any:
    """Declare a check box."""
    return field(default=default, metadata={_KEY: Control("toggle")})


def declared(controls: Any) -> dict[str, Control]:
    """Return field name -> `Control` of a widget's controls or of their class."""
    if not is_dataclass(controls):
        raise validate.fail(
            f"a widget's controls as {controls!r}",
            "a frozen dataclass",
            "Decorate it with @dataclass(frozen=True).",
            kind=TypeError,
        )
    found = {f.name: f.metadata[_KEY] for f in fields(controls) if _KEY in f.metadata}
    bare = [f.name for f in fields(controls) if _KEY not in f.metadata]
    if bare:
        raise validate.fail(
            f"fields {bare} without a control",
            "a range or choices for each",
            "Declare them with number(...), choice(...) or toggle(...).",
            kind=TypeError,
        )
    return found


def checked(controls: C, words: Words | None = None) -> C:
    """Return the controls if every field lies within its range, else raise."""
    for name, control in declared(controls).items():
        value = getattr(controls, name)
        if control.kind == "number":
            good = math.isfinite(value) and control.low <= value <= control.high
            need = _("a number in [{low}, {high}]").format(
                low=control.low, high=control.high
            )
        elif control.kind == "choice":
            good = value in control.choices
            need = _("one of {choices}").format(choices=list(control.choices))
        else:
            good, need = isinstance(value, bool), _("True or False")
        if not good:
            label = name if words is None else words.label(name)
            raise validate.fail(f"{label}={value!r}", need, _("Choose another value."))
    return controls


def typed(controls: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values from the browser the types that the fields have."""
    known = asdict(controls)
    return {
        name: type(known[name])(value) if isinstance(value, int | float) else value
        for name, value in values.items()
        if name in known
    }


def described(controls: Any, words: Words) -> list[dict[str, Any]]:
    """Describe the controls for the browser, in order."""
    return [
        {
            "name": name, "text": words.label(name), "kind": c.kind,
            "low": c.low, "high": c.high, "step": c.step, "choices": list(c.choices),
            "shown": [words.option(name, key) for key in c.choices],
        }
        for name, c in declared(controls).items()
    ]  # fmt: skip
