"""Write a notebook as plain text: to edit it, or to begin a new one.

    python workshop/draft.py text lessons/02_x.ipynb draft.py    # notebook -> text
    python workshop/draft.py notebook draft.py lessons/02_x.ipynb  # text -> notebook

The text is jupytext's py:percent. A cell's title is its id, a short word that stays
for ever: ``# %% drift-widget`` or ``# %% why-federate [markdown]``; tags stand
behind it: ``# %% big-data tags=["nbval-skip"]``. Going back to a notebook keeps the
saved outputs of cells that did not change; ``workshop/notebooks.py`` re-executes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from notebooks import KEPT, text_of, tidy

_ID = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")


def to_text(notebook: Any) -> str:
    """Write a notebook as py:percent with ids as titles."""
    notebook = nbformat.from_dict(notebook)
    notebook.metadata = nbformat.from_dict({})
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"title": cell.id})
        if tags:
            cell.metadata["tags"] = tags
    text = jupytext.writes(notebook, fmt="py:percent")
    return re.sub(r"\A# ---\n.*?# ---\n\n?", "", text, flags=re.DOTALL)


def to_notebook(text: str, old: Any = None) -> Any:
    """Read py:percent text; outputs of unchanged cells come from ``old``."""
    notebook = jupytext.reads(text, fmt="py:percent")
    saved = {cell.id: cell for cell in old.cells} if old else {}
    for place, cell in enumerate(notebook.cells, start=1):
        name = cell.metadata.pop("title", "")
        if not _ID.match(name):
            raise ValueError(
                f"cell {place} has the title {name!r}, needs a short id of lower-case "
                f"words. Begin it with '# %% my-id' or '# %% my-id [markdown]':\n"
                f"{cell.source[:80]}"
            )
        cell.id = name
        before = saved.get(name)
        same = before is not None and before.source == cell.source
        if cell.cell_type == "code" and same and before.cell_type == "code":
            cell.outputs = before.outputs
            cell.execution_count = before.execution_count
        for key in KEPT:
            if before is not None and key in before.metadata:
                cell.metadata.setdefault(key, before.metadata[key])
    return tidy(notebook)


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert one file in the direction asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("to", choices=["text", "notebook"])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args(arguments)
    if options.to == "text":
        notebook = nbformat.read(options.source, as_version=4)
        options.target.write_text(to_text(notebook), encoding="utf-8")
        return 0
    old = nbformat.read(options.target, 4) if options.target.exists() else None
    notebook = to_notebook(options.source.read_text(encoding="utf-8"), old)
    options.target.parent.mkdir(exist_ok=True)
    options.target.write_text(text_of(notebook), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
