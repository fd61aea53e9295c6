"""`Lab`: state -> compute -> frame -> drawing, with controls that the reader moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from fltutor import plots
from fltutor.lab import view
from fltutor.lab.controls import (
    Control,
    checked,
    choice,
    controls,
    extreme_states,
    not_finite,
    number,
    toggle,
)
from fltutor.lab.stream import Stream

__all__ = [
    "Control",
    "Lab",
    "check_lab",
    "checked",
    "choice",
    "controls",
    "extreme_states",
    "not_finite",
    "number",
    "toggle",
]

S = TypeVar("S")
F = TypeVar("F")


@dataclass(frozen=True)
class Parts(Generic[S, F]):
    """What a widget is made of, apart from any screen."""

    state: S
    compute: Callable[[S], F | Iterator[F]]
    draw: Callable[[plots.Figure, F], None]
    finding: Callable[[F], str]
    title: str
    name: str = ""
    size: tuple[float, float] = plots.style.SIZE


class Lab(Generic[S, F]):
    """A widget: controls above a picture above a line that says the finding.

    Parameters
    ----------
    state
        The default state: a frozen dataclass made of `number`, `choice`, `toggle`.
    compute
        Pure function state -> frame; or a generator of frames, for training that is
        watched as it goes. Its last frame is the result.
    draw
        Draws a frame on an empty `Figure` (``figure.add_axes`` or ``subplots``).
    finding
        The frame in words with its numbers, one line, at most four digits.
    title
        What the widget is, in a few words.
    name
        Short word for the widget, used as its CSS class: ``fltutor-<name>``.
    """

    def __init__(
        self,
        state: S,
        compute: Callable[[S], F | Iterator[F]],
        draw: Callable[[plots.Figure, F], None],
        finding: Callable[[F], str],
        *,
        title: str,
        name: str = "",
        size: tuple[float, float] = plots.style.SIZE,
    ) -> None:
        self.parts = Parts(checked(state), compute, draw, finding, title, name, size)
        self.state = state
        self._live: Any = None

    def frames(self, state: S | None = None) -> Iterator[F]:
        """Yield every frame of a state; one, where compute is not a generator."""
        made = self.parts.compute(checked(self.parts.state if state is None else state))
        if isinstance(made, Iterator):
            yield from made
        else:
            yield made

    def frame(self, state: S | None = None) -> F:
        """Return the last frame of a state."""
        last: list[F] = []
        for frame in self.frames(state):
            last[:] = [frame]
        if not last:
            raise ValueError(
                f"{self.parts.title}: compute yielded no frame, needs at least one. "
                "Yield the starting point before the first round."
            )
        return last[0]

    def line(self, frame: F) -> str:
        """Return the frame in words, on one line."""
        return " ".join(self.parts.finding(frame).split())

    def figure(self, frame: F) -> plots.Figure:
        """Draw a frame on a figure of its own."""
        figure = plots.new_figure(self.parts.size)
        self.redraw(figure, frame)
        return figure

    def redraw(self, figure: plots.Figure, frame: F) -> None:
        """Draw a frame on a figure that is kept."""
        with plots.styled():
            figure.clear()
            self.parts.draw(figure, frame)

    @property
    def live(self) -> Any:
        """The ipywidgets side: built when it is first shown."""
        if self._live is None:
            self._live = self.open()
        return self._live

    def open(self) -> Any:
        """Build the live side; it has ``box``, ``first``, ``show`` and ``fail``."""
        return _Live(self)

    def __repr__(self) -> str:
        """Return the title and the default state."""
        return f"{self.parts.title}: {self.parts.state}"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, Any]:
        try:
            frame = self.frame(self.state)
            line = self.line(frame)
            picture = plots.png(self.figure(frame))
        except Exception as error:
            message = view.plain_error(error)
            self.live.fail(error)
            return view.mime_bundle(self.live.box, **{"text/plain": message})
        self.live.first(frame, picture, line)
        return view.mime_bundle(self.live.box, **plots.described(picture, line))


class _Live:
    """The moving half of a lab: ipywidgets controls, one kept figure, one stream."""

    def __init__(self, lab: Lab[Any, Any]) -> None:
        self.lab = lab
        self.figure = plots.new_figure(lab.parts.size)
        self.picture = view.image()
        self.text = view.text_html("")
        self.stream = Stream(self.show, self.fail)
        self.controls = view.control_widgets(lab.parts.state)
        for name, control in self.controls.items():
            control.observe(lambda change, name=name: self.move(name, change["new"]),
                            names="value")  # fmt: skip
        self.box = view.column(
            *self.controls.values(), self.picture, self.text, name=lab.parts.name
        )

    def move(self, name: str, value: Any) -> None:
        """Take a control's new value and start the frames that belong to it."""
        lab = self.lab
        try:
            lab.state = checked(replace(lab.state, **{name: value}))
        except Exception as error:
            self.fail(error)
            return
        state = lab.state
        self.stream.start(lambda: lab.frames(state))

    def first(self, frame: Any, picture: bytes, line: str) -> None:
        """Show the frame that is also saved as a picture."""
        self.show_png(picture)
        self.say(line)

    def show(self, frame: Any) -> None:
        """Draw a frame and say it in words."""
        self.lab.redraw(self.figure, frame)
        self.show_png(plots.png(self.figure, fast=True))
        self.say(self.lab.line(frame))

    def show_png(self, picture: bytes) -> None:
        """Put a picture in its place, which is hidden as long as there is none."""
        self.picture.value = picture
        if self.picture.layout.display == "none":
            self.picture.layout.display = None

    def say(self, line: str) -> None:
        """Write the line in words."""
        self.text.value = view.spoken(line)

    def fail(self, error: Exception) -> None:
        """Show an error in place; the last good picture stays."""
        self.text.value = view.spoken(view.plain_error(error), error=True)


def check_lab(lab: Lab[Any, Any]) -> int:
    """Compute, draw and word a lab at every control's extremes; return how many.

    Raises AssertionError with the state that fails: a number that is not finite, an
    empty drawing, a line without words or with ``nan`` in it.
    """
    count = 0
    for name, state in extreme_states(lab.parts.state):
        frame = lab.frame(state)
        bad = not_finite(frame)
        assert not bad, f"{lab.parts.title} at {name}: not finite: {bad}"
        assert lab.figure(frame).axes, f"{lab.parts.title} at {name}: nothing drawn"
        line = lab.line(frame)
        words = line.lower().replace(",", " ").split()
        assert line, f"{lab.parts.title} at {name}: no line in words"
        assert not {"nan", "inf"} & set(words), f"{name}: {line}"
        assert plots.png(lab.figure(frame))[:4] == b"\x89PNG"
        count += 1
    return count
