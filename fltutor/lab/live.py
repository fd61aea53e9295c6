"""The side of a lab that moves: one anywidget, whose controls the reader moves."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from fltutor.lab import view
from fltutor.lab.controls import checked, described, typed
from fltutor.lab.stream import Stream

STATIC = Path(__file__).parent / "static"
LARGEST = 1e6  # float32 arrays hold no more than the picture can show


def script_class(script: Path, **traits: Any) -> type[Any]:
    """Return an anywidget class that runs a script after that of all controls."""
    files = [STATIC / "controls.js", script]
    members = {
        "_esm": "\n".join(path.read_text(encoding="utf-8") for path in files),
        "_css": (STATIC / "lab.css").read_text(encoding="utf-8"),
    }
    synced = {name: trait.tag(sync=True) for name, trait in traits.items()}
    return type("InBrowser", (anywidget.AnyWidget,), members | synced)


@cache
def browser_class(script: Path) -> type[Any]:
    """Return the class of a lab whose pictures a script shows."""
    return script_class(
        script,
        title=traitlets.Unicode(),
        words=traitlets.Dict(),
        controls=traitlets.List(),
        values=traitlets.Dict(),
        frame=traitlets.Dict(),
        line=traitlets.Unicode(),
        running=traitlets.Bool(),
        printed=traitlets.Unicode(),
        error=traitlets.Unicode(),
    )


@cache
def guess_class() -> type[Any]:
    """Return the class of a slider alone."""
    return script_class(
        STATIC / "guess.js",
        control=traitlets.Dict(),
        value=traitlets.Any(),
        disabled=traitlets.Bool(),
    )


def guess_slider(text: str, low: float, high: float, step: float, value: float) -> Any:
    """Make a slider for a guess; it has ``value`` and ``disabled``."""
    control = {"text": text, "kind": "number", "low": low, "high": high, "step": step}
    return guess_class()(control=control, value=value)


class Live:
    """A lab's moving half: its view in the browser, and one stream of frames."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self.shown: Any = None
        self.moved = 0.0
        self._moving = threading.RLock()
        self.view = browser_class(lab.script)(
            title=lab.parts.title,
            words=lab.drawn_words(),
            controls=described(lab.parts.controls, lab.parts.words),
            values=asdict(lab.controls),
        )
        self.stream = Stream(self.show, self.fail)
        self.view.observe(lambda change: self.move(change["new"]), names="values")
        self.box = view.column(self.view, name=lab.parts.name)

    def move(self, values: Mapping[str, Any]) -> None:
        """Take the controls' new values and start the frames that belong to them.

        Two moves may arrive in two threads, and the later one first: the browser adds
        the time, under ``moved``.
        """
        with self._moving:
            when, lab = float(values.get("moved", self.moved)), self.lab
            if when < self.moved:
                return
            self.moved = when
            try:
                new = replace(lab.controls, **typed(lab.controls, values))
                lab.controls = checked(new, lab.parts.words)
            except Exception as error:
                self.stream.cancel()
                self.fail(error)
                return
            self.stream.start(lambda: lab.steps(new))

    def first(self, frame: Any, picture: bytes) -> None:
        """Show the frame that is also saved as a picture."""
        self.stream.cancel()
        self.show(frame, True, picture)

    def show(self, frame: Any, final: bool, picture: bytes | None = None) -> None:
        """Send a frame and its words to the browser, in one message."""
        line = self.lab.line(frame)
        with self.view.hold_sync():
            if frame is not self.shown or picture is not None:
                sent = self.lab.sent(frame, picture)
                self.view.frame = {key: packed(value) for key, value in sent.items()}
            self.view.line, self.view.running = line, not final
            self.view.printed, self.view.error = self.lab.printed, ""
        self.shown = frame

    def fail(self, error: Exception) -> None:
        """Show an error in place; the last good picture stays."""
        with self.view.hold_sync():
            self.view.error, self.view.running = view.plain_error(error), False
            self.view.printed = getattr(error, "printed", "")


def packed(value: Any) -> Any:
    """Return an array as float32 bytes, anything else as it is."""
    if isinstance(value, np.ndarray):
        return np.clip(value, -LARGEST, LARGEST).astype("<f4").tobytes()
    return value
