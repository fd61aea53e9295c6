"""Re-execute notebooks so that an unchanged result leaves an unchanged file.

    python workshop/notebooks.py                      # all of lessons/ and solutions/
    python workshop/notebooks.py lessons/02_x.ipynb   # these
    python workshop/notebooks.py --check [paths]      # change nothing, exit 1 if stale

Timings, widget state, random model ids and language versions are left out; where a
new output says the same as the saved one, the saved one is kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("lessons", "solutions")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
KEPT = ("fltutor", "nbgrader")
"""Metadata of a cell that is kept besides its tags (workshop/exercises.py)."""


def notebooks(paths: Sequence[str] = ()) -> list[Path]:
    """List the notebooks under the given paths, or the whole course's."""
    roots = [Path(path) for path in paths] or [ROOT / name for name in FOLDERS]
    found: list[Path] = []
    for root in roots:
        found += [root] if root.suffix == ".ipynb" else sorted(root.glob("*.ipynb"))
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]


def tidy_output(output: Any) -> Any:
    """Drop what a saved output must not hold: widget views, needless metadata."""
    output = nbformat.from_dict(dict(output))
    if "data" in output:
        others = [key for key in output["data"] if key != WIDGET_VIEW]
        if others:
            output["data"].pop(WIDGET_VIEW, None)
        for key, value in list(output.get("metadata", {}).items()):
            if not value:
                del output["metadata"][key]
    return output


def merge_streams(outputs: Iterable[Any]) -> list[Any]:
    """Join neighbouring pieces of one stream, whose borders are chance."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if (
            last is not None
            and output["output_type"] == last["output_type"] == "stream"
            and output["name"] == last["name"]
        ):
            last["text"] += output["text"]
        else:
            merged.append(output)
    return merged


def same(old: Any, new: Any) -> bool:
    """Say whether two outputs tell the same: all but pictures must be equal.

    Pictures count as equal only byte for byte, so that a changed figure is saved.
    """
    return bool(tidy_output(old) == tidy_output(new))


def tidy(notebook: Any) -> Any:
    """Bring a notebook to the form in which the course keeps it."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        keep = {k: cell.metadata[k] for k in KEPT if k in cell.metadata}
        cell.metadata = nbformat.from_dict(keep | ({"tags": tags} if tags else {}))
        if cell.cell_type != "code":
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
            continue
        cell.outputs = merge_streams(tidy_output(output) for output in cell.outputs)
        if cell.execution_count is not None:
            count += 1
            cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return notebook


def execute(path: Path, *, timeout: int = 300) -> str:
    """Run a notebook from top to bottom and return its new text."""
    notebook = nbformat.read(path, as_version=4)
    saved = {cell.id: list(cell.get("outputs", [])) for cell in notebook.cells}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    with tempfile.TemporaryDirectory() as empty:
        client.execute(env=environment(empty))
    for cell in tidy(notebook).cells:
        if cell.cell_type == "code":
            cell.outputs = keep_old(saved[cell.id], cell.outputs, cell.execution_count)
    return text_of(notebook)


def keep_old(old: Sequence[Any], new: Sequence[Any], count: int | None) -> list[Any]:
    """Take the saved outputs where the new ones say the same."""
    old = merge_streams(tidy_output(output) for output in old)
    for output in old:
        if output["output_type"] == "execute_result":
            output["execution_count"] = count
    if len(old) == len(new) and all(map(same, old, new)):
        return old
    return list(new)


def environment(data: str) -> dict[str, str]:
    """Return the kernel's environment: offline, no downloaded data, one thread."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).strip(":")
    return {
        **os.environ,
        "PYTHONPATH": path,
        "FLTUTOR_DATA": data,
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "FLTUTOR_PROGRESS": "off",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def text_of(notebook: Any) -> str:
    """Write a notebook as the text that is saved."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook, indent=1) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Re-execute, say what changed; return 1 if --check found a stale notebook."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("paths", nargs="*", help="notebooks or folders")
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    stale = 0
    for path in notebooks(options.paths):
        started = time.perf_counter()
        try:
            text = execute(path)
        except Exception as error:
            print(f"{path}: FAILED\n{error}")
            return 2
        seconds = time.perf_counter() - started
        changed = text != path.read_text(encoding="utf-8")
        stale += changed
        if changed and not options.check:
            path.write_text(text, encoding="utf-8")
        word = "stale" if options.check else "rewritten"
        print(f"{path}: {word if changed else 'unchanged'}, {seconds:.1f} s")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
