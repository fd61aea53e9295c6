"""Take pictures of a notebook as JupyterLab shows it, page by page.

    python workshop/look.py lessons/02_x.ipynb --out /tmp/look --run

Writes /tmp/look-01.png, /tmp/look-02.png, ... Without --run the saved outputs are
shown, as a reader sees them who has not run anything.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import browser as lab

_SCROLL = """y => {
  const outer = document.querySelector('.jp-WindowedPanel-outer');
  outer.scrollTop = y;
  const cells = [...document.querySelectorAll('.jp-Notebook .jp-Cell')];
  const end = cells.at(-1).getBoundingClientRect().bottom;
  const top = outer.getBoundingClientRect().top;
  return [end - top, outer.clientHeight];
}"""


def look(path: Path, out: Path, *, run: bool, cell: str = "") -> list[Path]:
    """Open a notebook, run it if asked, and save one picture a screen."""
    saved: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        root = lab.course(Path(folder) / "root", path.resolve())
        with (
            lab.serving(root, Path(folder) / "private") as server,
            lab.browsing(1100, 1400) as page,
        ):
            lab.open_notebook(page, server, path.name)
            if run:
                lab.run_all(page)
            page.wait_for_timeout(800)
            top = 0
            while True:
                rest, height = page.evaluate(_SCROLL, top)
                page.wait_for_timeout(250)
                name = out.with_name(f"{out.stem}-{len(saved) + 1:02d}.png")
                page.locator(".jp-NotebookPanel").screenshot(path=name)
                saved.append(name)
                top += height - 40
                if rest <= height:
                    break
            for text in lab.errors(page):
                print(f"ERROR on the page:\n{text}")
    return saved


def main(arguments: Sequence[str] | None = None) -> int:
    """Save the pictures and name them."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--out", type=Path, default=Path("look.png"))
    parser.add_argument("--run", action="store_true", help="Run All first")
    options = parser.parse_args(arguments)
    if lab.chromium() is None:
        print("No Chromium found: install the package chromium, or Google Chrome.")
        return 1
    for name in look(options.notebook, options.out, run=options.run):
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
