"""Tests see the course as a fresh install does: no downloaded data, one thread."""

import os
import tempfile

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Give notebooks that nbval runs an empty data folder.

    Tests of the real files find theirs under another name; the workers that run tests
    side by side inherit it, and configure once more.
    """
    os.environ.setdefault("FLTUTOR_REAL_DATA", os.environ.get("FLTUTOR_DATA", ""))
    if config.getoption("nbval", False):
        os.environ["FLTUTOR_DATA"] = tempfile.mkdtemp(prefix="fltutor-no-data-")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("FLTUTOR_PROGRESS", "off")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
