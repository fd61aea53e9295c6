"""How fast widgets answer: key press to changed pixels, and frames a second in play.

    make bench-widgets                               # every widget of the course
    make bench-widgets ARGS="drift_lab round_lab"    # some of them

Opens each in JupyterLab under headless Chromium. The clock is the browser's own: it
starts in the `keydown` event, and stops in the first animation frame in which the
picture (canvas pixels, or the image's source) differs.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workshop"))

import browser
import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import METADATA

from fltutor import catalogue

MOVES, SECONDS = 10, 5.0
LESSON = Path(__file__).resolve().parents[1] / "lessons" / "05_client_drift.ipynb"


WIDGETS = {name: widget for name, (_, widget) in catalogue.widgets().items()}

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
_PICTURE = ".jp-OutputArea-output img, .jp-OutputArea-output canvas"
_FRAMES = """name => Number(
  document.querySelector(`.fltutor-${name} canvas`).dataset.frames)"""


def notebook(folder: Path, names: list[str]) -> None:
    """Write a notebook with one cell a widget."""
    sources = ["import fltutor as ft\n\nft.lesson.setup()"]
    sources += [f"ft.widgets.{name}()" for name in names]
    cells = [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), folder / "bench.ipynb")


def key_to_pixels(page: Any, name: str, field: str) -> float:
    """Return the median of ten moves to the left and right, in milliseconds."""
    times = []
    for k in range(MOVES):
        browser.control(page, name, field).focus()
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


def opening(page: Any, server: browser.Server, name: str) -> tuple[float, float]:
    """Return the seconds to a lesson's first picture: saved, and made anew.

    The first from the address to the picture that is stored with the lesson, in a
    JupyterLab that runs. The second from "run all" on a fresh kernel.
    """
    began = time.monotonic()
    page.goto(server.address(name))
    page.locator(_PICTURE).first.wait_for(timeout=60_000)
    saved = time.monotonic() - began
    browser.open_notebook(page, server, name)
    page.evaluate("window.jupyterapp.commands.execute('editmenu:clear-all')")
    page.locator(_PICTURE).first.wait_for(state="detached", timeout=60_000)
    began = time.monotonic()
    page.evaluate("() => { window.jupyterapp.commands.execute('runmenu:run-all'); }")
    page.locator(_PICTURE).first.wait_for(timeout=120_000)
    return saved, time.monotonic() - began


def main(names: list[str]) -> None:
    """Measure and print one line a widget."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "root").mkdir()
        notebook(Path(folder) / "root", names)
        shutil.copy(LESSON, Path(folder) / "root")
        private = Path(folder) / "private"
        with (
            browser.serving(Path(folder) / "root", private) as server,
            browser.browsing() as page,
        ):
            browser.open_notebook(page, server, "bench.ipynb")
            browser.run_all(page)
            print(f"load average {os.getloadavg()[0]:.1f}\n")
            print("| widget | ms, key to pixels | goal | frames a second |")
            print("|---|---|---|---|")
            for factory in names:
                it = WIDGETS[factory]
                took = f"{key_to_pixels(page, it.file, it.slider):.0f}"
                rate = f"{frames_a_second(page, it.file):.0f}" if it.plays else ""
                print(f"| {factory} | {took} | {it.goal_ms} | {rate} |", flush=True)
            saved, made = opening(page, server, LESSON.name)
            print(f"\n{LESSON.name}: its first picture after {saved:.1f} s as saved,")
            print(f"after {made:.1f} s where a fresh kernel draws it")


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(WIDGETS)
    unknown = sorted(set(chosen) - set(WIDGETS))
    if unknown:
        sys.exit(f"unknown widgets {unknown}, known are {sorted(WIDGETS)}")
    main(chosen)
