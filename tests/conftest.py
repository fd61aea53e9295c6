"""Fixtures that several test files share: the course's paths, JupyterLab, a browser."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workshop"), str(ROOT / "tests")]

# Loaded by path, one of each name a lesson; pytest would import them by name.
collect_ignore_glob = ["course/lesson_*/facts.py", "course/lesson_*/alternatives.py"]

import browser  # noqa: E402  (lies in workshop/, which the line above makes importable)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that opens a browser, and keep those on one xdist worker."""
    for item in items:
        if {"open_notebook", "page"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Server]:
    """Run one JupyterLab for all browser tests, on a folder of copies."""
    if browser.chromium() is None:
        pytest.skip("no Chromium found: install chromium or Google Chrome")
    folder = tmp_path_factory.mktemp("jupyterlab")
    (folder / "root").mkdir()
    with browser.serving(folder / "root", folder / "private") as server:
        yield server


@pytest.fixture(scope="module")
def page(jupyterlab: browser.Server) -> Iterator[Any]:
    """Open one browser page a test file (its event loop must not outlive the file)."""
    with browser.browsing() as opened:
        yield opened


@pytest.fixture
def open_notebook(page: Any, jupyterlab: browser.Server) -> Callable[[Path | str], Any]:
    """Return a function that opens a copy of a notebook and gives the page.

    A path inside the project (``"lessons/02_fedavg.ipynb"``) or anywhere else.
    """

    def open_copy(path: Path | str) -> Any:
        source = ROOT / path
        shutil.copy(source, jupyterlab.root / source.name)
        browser.open_notebook(page, jupyterlab, source.name)
        return page

    return open_copy
