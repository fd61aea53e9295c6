"""What tests do with a lab: every extreme, and settings drawn at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from fltutor import plots
from fltutor.lab.base import Lab
from fltutor.lab.controls import Control, declared

C = TypeVar("C")


def check_lab(lab: Lab[Any, Any]) -> int:
    """Compute, draw and word a lab at every control's extremes; return how many.

    Raises AssertionError with the setting that fails: a number that is not finite, an
    empty drawing, a line without words or with ``nan`` in it.
    """
    count = 0
    for name, controls in extremes(lab.parts.controls):
        check_frame(lab, lab.frame(controls), name)
        count += 1
    return count


def check_frame(lab: Lab[Any, Any], frame: Any, name: str, *, drawn: bool = True
                ) -> None:  # fmt: skip
    """Hold one frame to what `check_lab` promises."""
    where = f"{lab.parts.title} at {name}"
    bad = not_finite(frame)
    assert not bad, f"{where}: not finite: {bad}"
    line = lab.line(frame)
    words = line.lower().replace(",", " ").split()
    assert line, f"{where}: no line in words"
    assert not {"nan", "inf"} & set(words), f"{where}: {line}"
    if drawn:
        figure = lab.figure(frame)
        assert figure.axes, f"{where}: nothing drawn"
        assert plots.png(figure, fast=True)[:4] == b"\x89PNG"


def extremes(default: C) -> Iterator[tuple[str, C]]:
    """Yield (name, controls): the default, each control at both ends, and all at once.

    Choices are gone through in full.
    """
    yield "default", default
    every = declared(default)
    ends = {name: _typed(default, name, _ends(c)) for name, c in every.items()}
    for name, control in every.items():
        values = control.choices if control.kind == "choice" else ends[name]
        for value in values:
            yield f"{name}={value}", _with(default, {name: value})
    for k, word in enumerate(("all low", "all high")):
        yield word, _with(default, {n: e[k] for n, e in ends.items()})


def random_controls(default: C, draw: np.random.Generator) -> C:
    """Draw every control, all its values alike."""
    values = {}
    for name, control in declared(default).items():
        if control.kind == "number":
            steps = round((control.high - control.low) / control.step)
            value = control.low + control.step * int(draw.integers(steps + 1))
            values[name] = _typed(default, name, (round(value, 9),) * 2)[0]
        else:
            choices = control.choices or (False, True)
            values[name] = choices[int(draw.integers(len(choices)))]
    return _with(default, values)


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


def _ends(control: Control) -> tuple[Any, Any]:
    if control.kind == "number":
        return control.low, control.high
    if control.kind == "choice":
        return control.choices[0], control.choices[-1]
    return False, True


def _typed(default: Any, name: str, ends: tuple[Any, Any]) -> tuple[Any, Any]:
    """Keep whole numbers whole."""
    value = getattr(default, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(ends[0]), int(ends[1])
    return ends


def _with(default: C, values: dict[str, Any]) -> C:
    return replace(default, **values)  # type: ignore[type-var]  # a dataclass, checked
