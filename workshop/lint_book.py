"""A notebook as the lint's rules see it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Book:
    """A notebook, with what the rules ask of it."""

    path: Path
    kind: str  # "lessons", "exercises" or "solutions"
    notebook: Any

    @property
    def cells(self) -> list[Any]:
        """All cells."""
        return list(self.notebook.cells)

    @property
    def code(self) -> list[Any]:
        """The code cells."""
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def number(self) -> str:
        """The two digits that begin the file name."""
        return self.path.name[:2]

    def sections(self) -> dict[str, list[Any]]:
        """Return heading of level two -> its cells; a cell with two is cut in two."""
        found: dict[str, list[Any]] = {"": []}
        name = ""
        for cell in self.cells:
            if cell.cell_type != "markdown":
                found[name].append(cell)
                continue
            for piece in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
                if piece.startswith("## "):
                    name = piece[3:].split("\n")[0].split(":")[0].strip()
                    found.setdefault(name, [])
                found[name].append(type(cell)(cell, source=piece))
        return found
