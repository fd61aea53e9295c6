"""A widget's state: a frozen dataclass whose fields know their label, range and unit.

No matplotlib, no ipywidgets: what stands here is tested with plain pytest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

S = TypeVar("S")
_KEY = "control"


@dataclass(frozen=True)
class Control:
    """What a reader can move: one field of a state."""

    label: str
    kind: str  # "number", "choice" or "toggle"
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    step: float = 1.0
    choices: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        """Label with its unit, as it stands beside the slider."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def number(
    label: str, default: float, *, low: float, high: float, step: float, unit: str = ""
) -> Any:
    """Declare a slider; an int default gives whole numbers.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class State:
    ...     clients: int = number("clients", 5, low=2, high=20, step=1)
    >>> State().clients
    5
    """
    if not (low <= default <= high and step > 0):
        raise ValueError(
            f"slider {label!r} got default {default} in [{low}, {high}] with step "
            f"{step}, needs low <= default <= high and step > 0. Correct the range."
        )
    control = Control(label, "number", unit, low, high, step)
    return field(default=default, metadata={_KEY: control})


def choice(label: str, default: Any, choices: Sequence[Any], *, unit: str = "") -> Any:
    """Declare a choice; numbers become a slider over just these values."""
    if default not in choices:
        raise ValueError(
            f"choice {label!r} got default {default!r}, needs one of {list(choices)}. "
            "Take one of them."
        )
    control = Control(label, "choice", unit, choices=tuple(choices))
    return field(default=default, metadata={_KEY: control})


def toggle(label: str, default: bool = False) -> Any:
    """Declare a check box."""
    return field(default=default, metadata={_KEY: Control(label, "toggle")})


def controls(state: Any) -> dict[str, Control]:
    """Return field name -> `Control` of a state or of its class."""
    if not is_dataclass(state):
        raise TypeError(
            f"a widget's state got {state!r}, needs a frozen dataclass. "
            "Decorate it with @dataclass(frozen=True)."
        )
    found = {f.name: f.metadata[_KEY] for f in fields(state) if _KEY in f.metadata}
    bare = [f.name for f in fields(state) if _KEY not in f.metadata]
    if bare:
        raise TypeError(
            f"state fields {bare} have no control, need a label, range and unit. "
            "Declare them with number(...), choice(...) or toggle(...)."
        )
    return found


def checked(state: S) -> S:
    """Return the state if every field lies within its declared range, else raise."""
    for name, control in controls(state).items():
        value = getattr(state, name)
        if control.kind == "number":
            good = math.isfinite(value) and control.low <= value <= control.high
            need = f"a number in [{control.low}, {control.high}]"
        elif control.kind == "choice":
            good, need = value in control.choices, f"one of {list(control.choices)}"
        else:
            good, need = isinstance(value, bool), "True or False"
        if not good:
            raise ValueError(
                f"{control.text} got {value!r}, needs {need}. Choose another value."
            )
    return state


def extremes(control: Control) -> tuple[Any, Any]:
    """Return the two ends of a control."""
    if control.kind == "number":
        return control.low, control.high
    if control.kind == "choice":
        return control.choices[0], control.choices[-1]
    return False, True


def extreme_states(default: S) -> Iterator[tuple[str, S]]:
    """Yield (name, state): the default, each control at both ends, and all at once.

    Choices are gone through in full.
    """
    yield "default", default
    every = controls(default)
    ends = {name: _typed(default, name, extremes(c)) for name, c in every.items()}
    for name, control in every.items():
        values = control.choices if control.kind == "choice" else ends[name]
        for value in values:
            yield f"{name}={value}", replace(default, **{name: value})  # type: ignore[type-var]
    for k, word in enumerate(("all low", "all high")):
        yield word, replace(default, **{n: e[k] for n, e in ends.items()})  # type: ignore[type-var]


def _typed(default: Any, name: str, ends: tuple[Any, Any]) -> tuple[Any, Any]:
    """Keep whole numbers whole."""
    value = getattr(default, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(ends[0]), int(ends[1])
    return ends


def not_finite(frame: Any, path: str = "frame") -> list[str]:
    """Name every number in a frame that is NaN or infinite.

    Looks into dataclasses, mappings, sequences, arrays and tensors.
    """
    if frame is None or isinstance(frame, str | bytes | bool):
        return []
    if is_dataclass(frame) and not isinstance(frame, type):
        parts = [(f.name, getattr(frame, f.name)) for f in fields(frame)]
        return [bad for n, v in parts for bad in not_finite(v, f"{path}.{n}")]
    if isinstance(frame, Mapping):
        pairs = frame.items()
        return [bad for k, v in pairs for bad in not_finite(v, f"{path}[{k!r}]")]
    if isinstance(frame, Sequence):
        return [
            bad for i, v in enumerate(frame) for bad in not_finite(v, f"{path}[{i}]")
        ]
    try:
        values = np.asarray(frame)
    except (TypeError, ValueError):
        return []
    if values.dtype.kind in "fc" and not np.isfinite(values).all():
        return [path]
    return []
