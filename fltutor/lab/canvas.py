"""`CanvasLab`: a lab whose picture is drawn and played in the browser.

Python computes a whole trajectory for a slider's move and sends its arrays;
JavaScript (a lesson's script, plain canvas, no other library) draws and plays them. The
saved notebook shows the same PNG and line in words as any other `Lab`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import anywidget
import numpy as np
import traitlets

from fltutor import plots
from fltutor.lab import view
from fltutor.lab.base import Lab, checked, controls
from fltutor.lab.stream import Stream

S = TypeVar("S")
F = TypeVar("F")
STATIC = Path(__file__).parent / "static"
LARGEST = 1e6  # float32 arrays hold no more than the picture can show


class CanvasLab(Lab[S, F]):
    """A `Lab` with a canvas of its own in place of the picture.

    Parameters
    ----------
    state, compute, draw, finding, title, name, size
        as in `Lab`; ``draw`` makes the picture that is saved with the notebook.
    payload
        frame -> what the canvas needs: numbers, strings, lists and arrays.
    script
        the file whose ``draw`` the canvas runs.
    """

    def __init__(
        self,
        state: S,
        compute: Callable[[S], F | Iterator[F]],
        draw: Callable[[plots.Figure, F], None],
        finding: Callable[[F], str],
        *,
        payload: Callable[[F], dict[str, Any]],
        script: Path,
        title: str,
        name: str,
        size: tuple[float, float] = plots.style.SIZE,
    ) -> None:
        super().__init__(
            state, compute, draw, finding, title=title, name=name, size=size
        )
        self.payload = payload
        self.script = script

    def open(self) -> CanvasLive:
        """Build the live side."""
        return CanvasLive(self)


@cache
def canvas_class(script: Path) -> type[Any]:
    """Return the anywidget class that runs a script."""
    files = [STATIC / "controls.js", script]
    members = {
        "_esm": "\n".join(path.read_text(encoding="utf-8") for path in files),
        "_css": (STATIC / "canvas.css").read_text(encoding="utf-8"),
        "title": traitlets.Unicode().tag(sync=True),
        "controls": traitlets.List().tag(sync=True),
        "state": traitlets.Dict().tag(sync=True),
        "frame": traitlets.Dict().tag(sync=True),
        "error": traitlets.Unicode().tag(sync=True),
    }
    return type("Canvas", (anywidget.AnyWidget,), members)


class CanvasLive:
    """The moving half: one anywidget, whose state the reader moves."""

    def __init__(self, lab: CanvasLab[Any, Any]) -> None:
        self.lab = lab
        self.canvas = canvas_class(lab.script)(
            title=lab.parts.title,
            controls=control_list(lab.parts.state),
            state=asdict(lab.parts.state),
        )
        self.stream = Stream(self.show, self.fail)
        self.canvas.observe(lambda change: self.move(change["new"]), names="state")
        self.box = view.column(self.canvas, name=lab.parts.name)

    def move(self, values: dict[str, Any]) -> None:
        """Take the controls' new values and compute the frame that belongs to them."""
        try:
            state = checked(replace(self.lab.state, **typed(self.lab.state, values)))
        except Exception as error:
            self.fail(error)
            return
        self.lab.state = state
        self.stream.start(lambda: self.lab.frames(state))

    def first(self, frame: Any, picture: bytes, line: str) -> None:
        """Show the frame that is also saved as a picture."""
        self.show(frame)

    def show(self, frame: Any) -> None:
        """Send a frame to the browser, in one message."""
        with self.canvas.hold_sync():
            sent = self.lab.payload(frame) | {"line": self.lab.line(frame)}
            self.canvas.frame = {key: packed(value) for key, value in sent.items()}
            self.canvas.error = ""

    def fail(self, error: Exception) -> None:
        """Show an error in place; the last good picture stays."""
        self.canvas.error = view.plain_error(error)


def control_list(state: Any) -> list[dict[str, Any]]:
    """Describe a state's controls for the browser, in order."""
    return [
        {"name": name, "text": c.text, "kind": c.kind, "low": c.low, "high": c.high,
         "step": c.step, "choices": list(c.choices)}
        for name, c in controls(state).items()
    ]  # fmt: skip


def typed(state: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Give numbers from the browser the types that the state's fields have."""
    known = asdict(state)
    return {
        name: type(known[name])(value) if isinstance(value, int | float) else value
        for name, value in values.items()
        if name in known
    }


def packed(value: Any) -> Any:
    """Return an array as float32 bytes, anything else as it is."""
    if isinstance(value, np.ndarray):
        return np.clip(value, -LARGEST, LARGEST).astype("<f4").tobytes()
    return value
