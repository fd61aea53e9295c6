"""`CanvasLab`: a lab whose picture is drawn and played in the browser.

Python computes a whole trajectory for a slider's move and sends its arrays; JavaScript
(a lesson's script, plain canvas, no other library) draws and plays them. The saved
notebook shows the same PNG and line in words as any other `Lab`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from fltutor import plots
from fltutor.lab.base import Lab
from fltutor.lab.words import Words
from fltutor.words import _

C = TypeVar("C")
F = TypeVar("F")


class CanvasLab(Lab[C, F]):
    """A `Lab` with a canvas of its own in place of the picture.

    Parameters
    ----------
    controls, compute, draw, finding, words, size, guarded
        as in `Lab`; ``draw`` makes the picture that is saved with the notebook.
    payload
        frame -> what the canvas needs: numbers, strings, lists and arrays.
    script
        the file that draws and plays it.
    texts
        names of the sentences that the script writes.
    """

    def __init__(
        self,
        controls: C,
        compute: Callable[[C], F | Iterator[F]],
        draw: Callable[[plots.Figure, F], None],
        finding: Callable[[F], str],
        *,
        payload: Callable[[F], dict[str, Any]],
        script: Path,
        words: Words,
        texts: tuple[str, ...] = (),
        size: tuple[float, float] = plots.style.SIZE,
        guarded: bool = False,
    ) -> None:
        super().__init__(
            controls, compute, draw, finding, words=words, size=size, guarded=guarded
        )
        self.payload, self.script, self.texts = payload, script, texts

    def sent(self, frame: F, picture: bytes | None = None) -> dict[str, Any]:
        """Return what the canvas draws."""
        return self.payload(frame)

    def drawn_words(self) -> dict[str, str]:
        """Return what the script writes: name -> text."""
        names = {"play": _("Play"), "pause": _("Pause"), "step": _("Step"),
                 "reset": _("Reset"), "round": _("round")}  # fmt: skip
        said = {name: self.parts.words.say(name) for name in self.texts}
        return super().drawn_words() | names | said
