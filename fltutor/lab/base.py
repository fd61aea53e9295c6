"""`Lab`: controls -> compute -> frame -> drawing; the reader moves the controls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from fltutor import plots, validate
from fltutor.lab import learner, view
from fltutor.lab.controls import Control, checked, choice, declared, number, toggle
from fltutor.lab.live import STATIC, Live
from fltutor.lab.words import Words, of_lesson
from fltutor.words import _

__all__ = [
    "Control",
    "Lab",
    "Words",
    "checked",
    "choice",
    "declared",
    "number",
    "of_lesson",
    "toggle",
]

C = TypeVar("C")
F = TypeVar("F")
_DONE = object()


@dataclass(frozen=True)
class Parts(Generic[C, F]):
    """What a widget is made of, apart from any screen."""

    controls: C
    compute: Callable[[C], F | Iterator[F]]
    draw: Callable[[plots.Figure, F], None]
    finding: Callable[[F], str]
    words: Words
    size: tuple[float, float] = plots.style.SIZE
    guarded: bool = False

    @property
    def title(self) -> str:
        """What the widget is, in a few words."""
        return self.words.title

    @property
    def name(self) -> str:
        """Short word for the widget, its CSS class after ``fltutor-``."""
        return self.words.name


class Lab(Generic[C, F]):
    """A widget: controls above a picture above a line that says the finding.

    Parameters
    ----------
    controls
        The default: a frozen dataclass made of `number`, `choice`, `toggle`.
    compute
        Pure function controls -> frame; or a generator of frames, for training that
        is watched as it goes. Its last frame is the result.
    draw
        Draws a frame on an empty `Figure` (``figure.add_axes`` or ``subplots``).
    finding
        The frame in words with its numbers, one line, at most four digits.
    words
        What the widget says: its title, labels and sentences.
    guarded
        Whether a learner's function runs inside ``compute``: then whatever that does
        is answered in place, after ten seconds at most for a frame.
    """

    #: What draws in the browser: here it shows the picture that Python drew.
    script: Path = STATIC / "picture.js"

    def __init__(
        self,
        controls: C,
        compute: Callable[[C], F | Iterator[F]],
        draw: Callable[[plots.Figure, F], None],
        finding: Callable[[F], str],
        *,
        words: Words,
        size: tuple[float, float] = plots.style.SIZE,
        guarded: bool = False,
    ) -> None:
        self.parts = Parts(
            checked(controls, words), compute, draw, finding, words, size, guarded
        )
        self.controls = controls
        self.printed = ""  # by a learner's function, in the latest frame
        self._live: Live | None = None
        self._kept: plots.Figure | None = None
        self._alone = threading.RLock()  # one frame at a time, whoever asks

    def steps(self, controls: C | None = None) -> Iterator[tuple[F, bool]]:
        """Yield (frame, whether it is known to be the last) as they come."""
        chosen = self.parts.controls if controls is None else controls
        made: Any = self._take(self.parts.compute, checked(chosen, self.parts.words))
        if not isinstance(made, Iterator):
            yield made, True
            return
        try:
            while (frame := self._take(next, made, _DONE)) is not _DONE:
                yield frame, False
        finally:
            if isinstance(made, Generator):
                with suppress(ValueError):  # a learner's endless loop is still inside
                    made.close()

    def _take(self, function: Callable[..., Any], *given: Any) -> Any:
        with self._alone:
            if not self.parts.guarded:
                return function(*given)
            value, printed = learner.ask(function, *given)
            if value is not _DONE:
                self.printed = printed
            return value

    def frames(self, controls: C | None = None) -> Iterator[F]:
        """Yield every frame; one, where compute is not a generator."""
        for frame, _last in self.steps(controls):
            yield frame

    def frame(self, controls: C | None = None) -> F:
        """Return the last frame."""
        last: list[F] = []
        for frame in self.frames(controls):
            last[:] = [frame]
        if not last:
            raise validate.fail(
                f"no frame from {self.parts.title!r}",
                "at least one",
                "Yield the starting point before the first round.",
            )
        return last[0]

    def line(self, frame: F) -> str:
        """Return the frame in words, on one line."""
        return " ".join(self.parts.finding(frame).split())

    def figure(self, frame: F) -> plots.Figure:
        """Draw a frame on a figure of its own."""
        figure = plots.new_figure(self.parts.size)
        self._redraw(figure, frame)
        return figure

    def _redraw(self, figure: plots.Figure, frame: F) -> None:
        with plots.styled():
            figure.clear()
            self.parts.draw(figure, frame)

    def sent(self, frame: F, picture: bytes | None = None) -> dict[str, Any]:
        """Return what the browser shows of a frame; its picture may be there already.

        Pictures of a moment are drawn on one figure that is kept, which takes half the
        time. Nobody else draws meanwhile.
        """
        if picture is None:
            with plots.styled():
                if self._kept is None:
                    self._kept = plots.new_figure(self.parts.size)
                self._redraw(self._kept, frame)
                picture = plots.png(self._kept, fast=True)
        return {"png": picture}

    def drawn_words(self) -> dict[str, str]:
        """Return what the script writes: name -> text."""
        return {"running": _("Running:"), "printed": _("Your function printed:")}

    @property
    def live(self) -> Live:
        """The side that moves: built when it is first shown."""
        if self._live is None:
            self._live = Live(self)
        return self._live

    def __repr__(self) -> str:
        """Return the title and the default controls."""
        return f"{self.parts.title}: {self.parts.controls}"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, Any]:
        try:
            frame = self.frame(self.controls)
            line = self.line(frame)
            picture = plots.png(self.figure(frame))
        except Exception as error:
            self.live.fail(error)
            told = view.plain_error(error)
            return view.mime_bundle(self.live.box, **{"text/plain": told})
        self.live.first(frame, picture)
        return view.mime_bundle(self.live.box, **plots.described(picture, line))
