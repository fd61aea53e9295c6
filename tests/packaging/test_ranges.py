"""The ends of the ranges: what `make floors` and `make newest` ask pip for."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "workshop" / "ranges.py"


@pytest.fixture(scope="module")
def ranges():
    return runpy.run_path(str(SCRIPT))


def test_every_range_has_a_lower_bound_and_nothing_else(ranges):
    found = ranges["requirements"]()
    assert len(found) > 15
    for line in found:
        (specifier,) = Requirement(line).specifier
        assert specifier.operator == ">=", line


def test_the_floors_are_the_lower_bounds(ranges):
    floors = list(ranges["constraints"]("floors"))
    assert "numpy==2.0" in floors
    asked = {Requirement(line).name for line in ranges["requirements"]()}
    assert {Requirement(line).name for line in floors} == asked


@pytest.mark.parametrize("end", ["floors", "newest"])
def test_torch_stays_at_its_tested_version(ranges, end):
    torch = [line for line in ranges["constraints"](end) if line.startswith("torch=")]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert torch == [line for line in pins if line.startswith("torch==")]


def test_the_newest_are_held_by_nothing_else(ranges):
    assert len(list(ranges["constraints"]("newest"))) == 1


def test_an_unknown_end_is_refused_before_anything_is_installed(tmp_path):
    command = [sys.executable, SCRIPT, "lowest"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 2
    assert "Got ['lowest'], need one of ('floors', 'newest')" in run.stdout
