"""Test the course at both ends of the ranges that pyproject.toml promises.

    python workshop/ranges.py floors              the lowest version of each package
    python workshop/ranges.py newest              the newest one
    python workshop/ranges.py floors tests/cli -x      a part of the suite

Each end has an environment of its own, `.venv-floors` or `.venv-newest`, made once and
brought up to date on every run. What a range names is taken at its lower bound, or as
new as pip finds it; what those packages need in turn is as new as they allow. Python is
the one that runs this script.

torch is the exception: it stays at the version of constraints.txt at both ends. Old and
new builds of it from PyPI bring several gigabytes of CUDA libraries, which nothing
here uses. Its lower bound is therefore not tested here, and every run says so.

Tests that hold an environment to constraints.txt are skipped: `FLTUTOR_RANGE` is set.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENDS = ("floors", "newest")
KEPT = "torch"
EXTRAS = ("instructor", "test", "dev")
SUITE = ("--doctest-modules", "fltutor", "tests")


def requirements() -> list[str]:
    """Return every requirement of pyproject.toml, extras included, as text."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in EXTRAS:
        lines += project["optional-dependencies"][extra]
    return [line for line in lines if not line.startswith("fltutor")]


def tested(name: str) -> str:
    """Return the line of constraints.txt that pins `name`."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"{name}=="))


def constraints(end: str) -> Iterator[str]:
    """Yield what pip must keep to, so that it installs this end of the ranges."""
    yield tested(KEPT)
    if end == "floors":
        for line in requirements():
            name, _, lowest = line.partition(">=")
            if name != KEPT:
                yield f"{name}=={lowest}"


def install(end: str) -> Path:
    """Make or renew the environment of this end and return its Python."""
    folder = ROOT / f".venv-{end}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    held = folder / "constraints.txt"
    held.write_text("".join(f"{line}\n" for line in constraints(end)), "utf-8")
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    eager = ["--upgrade", "--upgrade-strategy", "eager"]
    log = folder / "pip.log"
    with log.open("w") as told:
        done = subprocess.run(
            [*pip, *eager, "-c", held, "-e", f"{ROOT}[dev]"],
            stdout=told,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        end_of_log = "\n".join(log.read_text("utf-8").splitlines()[-12:])
        raise SystemExit(f"pip cannot install the {end} ({log}):\n{end_of_log}")
    return python


REPORT = """
import sys
from importlib.metadata import version
print("Python", sys.version.split()[0])
for name in sys.argv[1:]:
    print(f"  {name} {version(name)}")
"""


def main(arguments: Sequence[str]) -> int:
    """Install one end, say what is there, run the tests; return their status."""
    if not arguments or arguments[0] not in ENDS:
        print(f"Got {list(arguments)}, need one of {ENDS} first. See the docstring.")
        return 2
    end, tests = arguments[0], arguments[1:] or SUITE
    print(f"Installing the {end} of pyproject.toml into .venv-{end}", flush=True)
    python = install(end)
    names = [line.partition(">=")[0] for line in requirements()]
    subprocess.run([python, "-c", REPORT, *names], check=True)
    print(f"{KEPT} is not at its {end}: {tested(KEPT)} is kept (see the docstring).")
    print("Running pytest", *tests, flush=True)
    command = [python, "-m", "pytest", "-q", *tests]
    environ = {"OMP_NUM_THREADS": "1", **os.environ, "FLTUTOR_RANGE": end}
    return subprocess.run(command, cwd=ROOT, env=environ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
