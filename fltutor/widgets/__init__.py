"""L6: the widgets, one file each; ipywidgets is imported in this package alone.

``LABS`` names every widget: to add one, write ``widgets/<file>.py`` with a factory
that returns a `Lab`, and add its line here. ``ft.widgets.<name>()`` loads it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

LABS: dict[str, str] = {
    "round_lab": "rounds:round_lab",
    "drift_lab": "drift:drift_lab",
    "drift_plane": "plane:drift_plane",
    "corrections_lab": "corrections:corrections_lab",
    "work_lab": "local_work:work_lab",
    "skew_lab": "skew:skew_lab",
    "server_lab": "server_map:server_lab",
    "gantt_lab": "gantt:gantt_lab",
    "roulette_lab": "roulette:roulette_lab",
    # name: "module:factory"
    "first_lab": "first:first_lab",
    "regimes_lab": "regimes:regimes_lab",
}

_BASE = {"Lab": "base", "number": "base", "choice": "base", "toggle": "base"}

__all__ = ["LABS", "Lab", "choice", "number", "toggle"]


def __getattr__(name: str) -> Any:
    """Load a widget's factory, or a name of the base, when it is first used."""
    if name in LABS:
        module, _, factory = LABS[name].partition(":")
        return getattr(import_module(f"{__name__}.{module}"), factory)
    if name in _BASE:
        return getattr(import_module(f"{__name__}.{_BASE[name]}"), name)
    raise AttributeError(
        f"fltutor.widgets has no {name!r}, it has {sorted([*LABS, *_BASE])}."
    )


def __dir__() -> list[str]:
    return sorted([*globals(), *LABS, *_BASE])
