"""The course's widgets by name: ``ft.widgets.drift_lab()``.

Each lives in the folder of its lesson and is listed in that lesson's ``lesson.toml``;
what they are made of stands in :mod:`fltutor.lab`.
"""

from __future__ import annotations

from typing import Any

from fltutor import catalogue

__all__ = sorted(catalogue.widgets())


def __getattr__(name: str) -> Any:
    """Load a widget's factory when it is first used."""
    if name not in catalogue.widgets():
        raise AttributeError(
            f"There is no widget {name!r}. Use one of: {', '.join(__all__)}."
        )
    number, widget = catalogue.widgets()[name]
    return getattr(catalogue.part(number, widget.file), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
