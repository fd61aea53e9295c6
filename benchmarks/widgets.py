"""How fast widgets answer: key press to changed pixels, and frames a second in play.

    python benchmarks/widgets.py                     # every widget of the list below
    python benchmarks/widgets.py drift_lab           # some of them

Opens each in JupyterLab under headless Chromium. The clock is the browser's own: it
starts in the `keydown` event, and stops in the first animation frame in which the
picture (canvas pixels, or the image's source) differs.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import browser
import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

#: factory -> (CSS name, label of a slider, whether it has a play button)
WIDGETS = {
    "drift_lab": ("drift", "local steps K", True),
    "drift_plane": ("plane", "learning rate", False),
}
MOVES, SECONDS = 10, 5.0

_CLOCK = """name => {
  const box = document.querySelector(`.fltutor-${name}`);
  const look = () => {
    const canvas = box.querySelector("canvas");
    if (canvas) return canvas.toDataURL();
    return box.querySelector("img").src;
  };
  window.bench = null;
  document.addEventListener("keydown", () => {
    const began = performance.now();
    const before = look();
    const wait = () => {
      if (look() !== before) window.bench = performance.now() - began;
      else requestAnimationFrame(wait);
    };
    requestAnimationFrame(wait);
  }, { capture: true, once: true });
}"""
_FRAMES = """name => Number(
  document.querySelector(`.fltutor-${name} canvas`).dataset.frames)"""


def notebook(folder: Path, names: list[str]) -> None:
    """Write a notebook with one cell a widget."""
    sources = ["import fltutor as ft\n\nft.lesson.setup()"]
    sources += [f"ft.widgets.{name}()" for name in names]
    cells = [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), folder / "bench.ipynb")


def focus(page: Any, name: str, label: str) -> None:
    """Put the keyboard on a slider, whoever drew it."""
    box = browser.widget(page, name)
    box.scroll_into_view_if_needed()
    if box.locator("canvas").count():
        box.get_by_label(label).first.focus()
    else:
        browser.handle(page, label, name).focus()


def key_to_pixels(page: Any, name: str, label: str) -> float:
    """Return the median of ten moves to the left and right, in milliseconds."""
    times = []
    for k in range(MOVES):
        focus(page, name, label)
        page.evaluate(_CLOCK, name)
        page.keyboard.press("ArrowLeft" if k % 2 else "ArrowRight")
        page.wait_for_function("() => window.bench !== null", timeout=30_000)
        times.append(float(page.evaluate("() => window.bench")))
        page.wait_for_timeout(1500)  # a streamed run comes to its end
    return median(times)


def frames_a_second(page: Any, name: str) -> float:
    """Play from the start and count the pictures that were painted."""
    box = browser.widget(page, name)
    box.get_by_role("button", name="Reset").click()
    box.get_by_role("button", name="Play").click()
    count, start = page.evaluate(_FRAMES, name), page.evaluate("performance.now()")
    page.wait_for_timeout(SECONDS * 1000)
    passed = page.evaluate("performance.now()") - start
    return float(1000 * (page.evaluate(_FRAMES, name) - count) / passed)


def main(names: list[str]) -> None:
    """Measure and print one line a widget."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "root").mkdir()
        notebook(Path(folder) / "root", names)
        private = Path(folder) / "private"
        with (
            browser.serving(Path(folder) / "root", private) as server,
            browser.browsing() as page,
        ):
            browser.open_notebook(page, server, "bench.ipynb")
            browser.run_all(page)
            for factory in names:
                name, label, plays = WIDGETS[factory]
                line = f"{key_to_pixels(page, name, label):.0f} ms key to pixels"
                if plays:
                    line += f", {frames_a_second(page, name):.0f} frames a second"
                print(f"{factory}: {line}")


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(WIDGETS)
    unknown = sorted(set(chosen) - set(WIDGETS))
    if unknown:
        sys.exit(f"unknown widgets {unknown}, known are {sorted(WIDGETS)}")
    main(chosen)
