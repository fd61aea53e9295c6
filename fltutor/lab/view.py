"""ipywidgets pieces: controls from a state, the picture, the line in words, cards."""

from __future__ import annotations

import asyncio
import html
import traceback
from collections.abc import Callable
from typing import Any

import ipywidgets

from fltutor.lab.controls import Control, controls
from fltutor.palette import WRONG

_CALM = "padding:.2em 0"
_LABEL = {"description_width": "11em"}
_MOMENT = 0.2
_WIDE = {"width": "34em", "max_width": "98%"}


def control_widget(control: Control, value: Any) -> Any:
    """Build the ipywidgets control that belongs to a state's field."""
    common: dict[str, Any] = {
        "description": control.text,
        "style": _LABEL,
        "layout": ipywidgets.Layout(**_WIDE),
    }
    if control.kind == "toggle":
        return ipywidgets.Checkbox(value=value, indent=True, **common)
    if control.kind == "choice":
        if all(isinstance(c, int | float) for c in control.choices):
            options = [(f"{c:g}", c) for c in control.choices]
            return ipywidgets.SelectionSlider(options=options, value=value, **common)
        options = [(str(c), c) for c in control.choices]
        if len(options) > 4:
            return ipywidgets.Dropdown(options=options, value=value, **common)
        common["layout"] = ipywidgets.Layout(width="auto", max_width="98%")
        common["style"] = _LABEL | {"button_width": "auto"}
        return ipywidgets.ToggleButtons(options=options, value=value, **common)
    if isinstance(value, int):
        return ipywidgets.IntSlider(
            value=value, min=int(control.low), max=int(control.high),
            step=int(control.step), **common,
        )  # fmt: skip
    return ipywidgets.FloatSlider(
        value=value, min=control.low, max=control.high, step=control.step,
        readout_format=_format(control.step), **common,
    )  # fmt: skip


def control_widgets(state: Any) -> dict[str, Any]:
    """Build every control of a state, field name -> widget."""
    return {
        name: control_widget(control, getattr(state, name))
        for name, control in controls(state).items()
    }


def _format(step: float) -> str:
    digits = 0
    while digits < 6 and abs(step * 10**digits - round(step * 10**digits)) > 1e-9:
        digits += 1
    return f".{digits}f"


def spoken(text: str, *, error: bool = False) -> str:
    """Return a line of text as HTML that a screen reader announces when it changes."""
    look = f"border-left:4px solid {WRONG};padding-left:.6em" if error else _CALM
    return (
        f'<div class="fltutor-line" role="status" aria-live="polite" style="{look}">'
        f"{html.escape(text)}</div>"
    )


def plain_error(error: BaseException) -> str:
    """Say in one line what went wrong, and where in the learner's cell."""
    place = ""
    for entry in reversed(traceback.extract_tb(error.__traceback__)):
        if "ipykernel_" in entry.filename or entry.filename.startswith("<ipython"):
            place = (
                f" in {entry.name}, line {entry.lineno}: {entry.line or ''}".rstrip()
            )
            break
    said = " ".join(str(error).split()) or "no message"
    said += "" if said.endswith((".", "!", "?")) else "."
    return (
        f"This could not be computed{place}. {type(error).__name__}: {said} "
        "Change the code or the setting, then run the cell again."
    )


def text_html(markup: str) -> Any:
    """Wrap HTML in a widget."""
    return ipywidgets.HTML(markup)


def image() -> Any:
    """Make the picture widget that live PNG bytes are written into."""
    return ipywidgets.Image(
        format="png",
        layout=ipywidgets.Layout(
            display="none", max_width="100%", width="715px", object_fit="contain"
        ),
    )


def column(*children: Any, name: str = "") -> Any:
    """Stack widgets."""
    box = ipywidgets.VBox(list(children))
    box.add_class("fltutor-widget")
    if name:
        box.add_class(f"fltutor-{name}")
    return box


def slider(text: str, low: float, high: float, step: float, value: float) -> Any:
    """Make a slider for a guess; whole numbers when low, high and step are."""
    control = Control(text, "number", "", low, high, step)
    whole = all(float(v).is_integer() for v in (low, high, step, value))
    return control_widget(control, int(value) if whole else float(value))


def button(text: str, on_click: Callable[[], None]) -> Any:
    """Make a button."""
    layout = ipywidgets.Layout(width="10em", margin="2px 2px 2px 11.5em")
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
