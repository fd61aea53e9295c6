"""ipywidgets pieces of cards and columns, and the line in words."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable
from typing import Any

import ipywidgets

from fltutor import guard
from fltutor.lab.learner import Slip
from fltutor.palette import WRONG
from fltutor.words import _

_CALM = "padding:.2em 0"
_MOMENT = 0.2


def spoken(text: str, *, error: bool = False) -> str:
    """Return a line of text as HTML that a screen reader announces when it changes."""
    look = f"border-left:4px solid {WRONG};padding-left:.6em" if error else _CALM
    return (
        f'<div class="fltutor-line" role="status" aria-live="polite" style="{look}">'
        f"{html.escape(text)}</div>"
    )


def plain_error(error: BaseException) -> str:
    """Say in one line what went wrong, and where in the learner's cell."""
    fault = error.fault if isinstance(error, Slip) else guard.fault_of(error)
    place = ""
    for entry in reversed(fault.stack):
        if "ipykernel_" in entry.filename or entry.filename.startswith("<ipython"):
            place = _(" in {function}, line {line}: {code}").format(
                function=entry.name, line=entry.lineno, code=entry.line or ""
            )
            break
    if isinstance(fault.error, guard.TooLong):
        template = _(
            "This does not come to an end{place}, in {said}. Change the code, then run "
            "its cell and this one again; if nothing answers, restart the kernel."
        )
        return template.format(place=place.rstrip(), said=fault.text)
    said = " ".join(fault.text.split()) or _("no message")
    said += "" if said.endswith((".", "!", "?")) else "."
    template = _(
        "This could not be computed{place}. {kind}: {said} "
        "Change the code or the setting, then run the cell again."
    )
    return template.format(place=place.rstrip(), kind=fault.kind, said=said)


def text_html(markup: str) -> Any:
    """Wrap HTML in a widget."""
    return ipywidgets.HTML(markup)


def column(*children: Any, name: str = "") -> Any:
    """Stack widgets."""
    box = ipywidgets.VBox(list(children))
    box.add_class("fltutor-widget")
    if name:
        box.add_class(f"fltutor-{name}")
    return box


def button(text: str, on_click: Callable[[], None]) -> Any:
    """Make a button."""
    layout = ipywidgets.Layout(width="10em", margin="2px 2px 2px 14em")
    made = ipywidgets.Button(description=text, layout=layout)
    made.on_click(lambda _: soon(on_click))
    return made


def soon(call: Callable[[], None]) -> None:
    """Call in a moment: a slider's last value may arrive after the button's click."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        call()
        return
    loop.call_later(_MOMENT, call)


def radio(options: list[str], on_change: Callable[[int], None]) -> Any:
    """Make radio buttons, none chosen; ``on_change`` gets the number of the choice."""
    made = ipywidgets.RadioButtons(
        options=[(text, k) for k, text in enumerate(options)],
        value=None,
        layout=ipywidgets.Layout(width="auto", max_width="98%"),
    )
    made.observe(
        lambda change: on_change(change["new"]) if change["new"] is not None else None,
        names="value",
    )
    return made


def mime_bundle(view: Any, **stands_for_it: str) -> dict[str, Any]:
    """Join a live view with what is shown where no kernel runs, by media type."""
    return dict(view._repr_mimebundle_() or {}) | stands_for_it
