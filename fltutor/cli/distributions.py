"""Examine what is installed: Python, the packages, their files and versions."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .course import find_course
from .findings import Finding, install, install_again

if TYPE_CHECKING:  # at work only where it is needed: packaging may be what is missing
    from packaging.requirements import Requirement
    from packaging.version import Version

_NEEDED_FILES = {".py", ".so", ".pyd", ".dll", ".dylib", ".js", ".html"}
_NOT_NEEDED = {"test", "tests", "testing", "bin", "Scripts"}


def python() -> Finding:
    """Examine the version of Python."""
    from packaging.specifiers import SpecifierSet

    needed = SpecifierSet(metadata.metadata("fltutor")["Requires-Python"])
    version = ".".join(map(str, sys.version_info[:3]))
    if needed.contains(version, prereleases=True):
        return Finding(subject="Python", state="ok", what=f"{version}, {sys.prefix}")
    return Finding(
        subject="Python",
        state="fault",
        what=f"{version}, but the course needs {needed}",
        remedy="Install a newer Python, make an environment with it "
        "(python3.12 -m venv NAME), and install the course there.",
    )


def requirements() -> list[Requirement]:
    """Return what the course needs to run, without its extras."""
    return list(_required_by("fltutor"))


def installed(name: str) -> Version | None:
    """Return the installed version of a package, None where there is none."""
    from packaging.version import Version

    try:
        return Version(metadata.version(name))
    except metadata.PackageNotFoundError:
        return None


def everything() -> Iterator[tuple[Requirement, str]]:
    """Yield each requirement of the course, and of what it requires, with its owner."""
    from packaging.utils import canonicalize_name

    waiting: list[tuple[str, frozenset[str]]] = [("fltutor", frozenset())]
    done = set(waiting)
    while waiting:
        owner, extras = waiting.pop()
        for requirement in _required_by(owner, extras):
            yield requirement, owner
            need = canonicalize_name(requirement.name), frozenset(requirement.extras)
            if need not in done and installed(requirement.name) is not None:
                done.add(need)
                waiting.append(need)


def _required_by(
    name: str, extras: frozenset[str] = frozenset()
) -> Iterator[Requirement]:
    """Yield what an installed package requires here, with some of its extras."""
    from packaging.requirements import Requirement

    for requirement in map(Requirement, metadata.requires(name) or []):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": e}) for e in {"", *extras}):
            yield requirement


def packages() -> Finding:
    """Examine that each package that gets used is there, and new enough."""
    faults, names = [], []
    for requirement, owner in everything():
        version = installed(requirement.name)
        of = "" if owner == "fltutor" else f" (needed by {owner})"
        if version is None:
            faults.append(f"{requirement.name} is missing{of}")
        elif not requirement.specifier.contains(version, prereleases=True):
            needed = f"{requirement.name} {version}, needed {requirement.specifier}"
            faults.append(needed + of)
        else:
            continue
        names.append(requirement.name)
    if faults:
        return Finding(
            subject="Packages",
            state="fault",
            what="; ".join(dict.fromkeys(faults)),
            remedy=install(dict.fromkeys(names)),
        )
    what = f"all {len(requirements())} are here"
    return Finding(subject="Packages", state="ok", what=what)


def files() -> Finding:
    """Examine that installed packages still have the files they were installed with."""
    names = {requirement.name for requirement, _ in everything()}
    gone = {}
    for name in sorted({"fltutor", *names}):
        lost = list(_lost_files(name))
        if lost:
            gone[name] = f"{name} lacks {len(lost)} of its files ({lost[0]})"
    if gone:
        return Finding(
            subject="Files",
            state="fault",
            what="; ".join(gone.values()),
            remedy=install_again(gone),
        )
    return Finding(subject="Files", state="ok", what=f"{len(names)} packages are whole")


def _lost_files(name: str) -> Iterator[str]:
    """Yield the files that a package recorded and that are not there any more."""
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return
    record = distribution.read_text("RECORD") or ""
    for row in csv.reader(record.splitlines()):
        path = PurePosixPath(row[0] if row else "")
        needed = path.suffix in _NEEDED_FILES and not _NOT_NEEDED & set(path.parts)
        if needed and not Path(str(distribution.locate_file(path))).exists():
            yield str(path)


def constraints() -> dict[str, Version]:
    """Return the versions that are known to work together, by canonical name."""
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    path = find_course().root / "constraints.txt"
    pins: dict[str, Version] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equal, version = line.partition("#")[0].partition("==")
        if equal:
            pins[canonicalize_name(name.strip())] = Version(version.strip())
    return pins


def pins() -> Finding:
    """Examine whether versions are those that the saved outputs come from."""
    others = dict(_other_versions())
    if not others:
        what = "the tested ones throughout"
        return Finding(subject="Versions", state="ok", what=what)
    return Finding(
        subject="Versions",
        state="note",
        what="not the tested ones: " + "; ".join(others.values()),
        remedy="Lessons run, but last digits may differ from the saved ones. For the "
        f"tested versions: {install(others)}",
    )


def _other_versions() -> Iterator[tuple[str, str]]:
    """Yield the packages of the course that are not in their tested version."""
    from packaging.utils import canonicalize_name

    tested = constraints()
    for requirement in requirements():
        version = installed(requirement.name)
        pin = tested.get(canonicalize_name(requirement.name))
        if version and pin and version.public != pin.public:
            name = requirement.name
            yield name, f"{name} {version.public} (tested {pin.public})"


def torch_works() -> Finding:
    """Examine that torch loads and multiplies."""
    import torch

    total = float((torch.eye(3, dtype=torch.float64) @ torch.ones(3).double()).sum())
    if total == 3.0:
        what = f"{torch.__version__} computes"
        return Finding(subject="torch", state="ok", what=what)
    return Finding(
        subject="torch",
        state="fault",
        what=f"eye(3) @ ones(3) sums to {total}, but it must be 3",
        remedy=install_again(["torch"]),
    )
