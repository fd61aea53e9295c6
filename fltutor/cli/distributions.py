"""Examine what is installed: Python, the packages, their files and versions."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fltutor.words import _

from .course import find_course
from .findings import Finding, fault, install, install_again, note, ok

if TYPE_CHECKING:  # at work only where it is needed: packaging may be what is missing
    from packaging.requirements import Requirement
    from packaging.version import Version

_NEEDED_FILES = {".py", ".so", ".pyd", ".dll", ".dylib", ".js", ".html", ".toml"}
_NOT_NEEDED = {"test", "tests", "testing", "bin", "Scripts"}


def python() -> Finding:
    """Examine the version of Python."""
    from packaging.specifiers import SpecifierSet

    needed = SpecifierSet(metadata.metadata("fltutor")["Requires-Python"])
    version = ".".join(map(str, sys.version_info[:3]))
    if needed.contains(version, prereleases=True):
        return ok("Python", f"{version}, {sys.prefix}")
    what = _("{version}, but the course needs {needed}")
    remedy = _(
        "Install a newer Python, make an environment with it (python3.12 -m venv "
        "NAME), and install the course there."
    )
    return fault("Python", what.format(version=version, needed=needed), remedy)


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
        if version is None:
            what = _("{name} is missing, which {owner} needs")
        elif not requirement.specifier.contains(version, prereleases=True):
            what = _("{name} {version}, but {owner} needed {range}")
        else:
            continue
        name, needed = requirement.name, requirement.specifier
        values = {"name": name, "version": version, "owner": owner, "range": needed}
        faults.append(what.format(**values))
        names.append(name)
    if faults:
        what = "; ".join(dict.fromkeys(faults))
        return fault("Packages", what, install(dict.fromkeys(names)))
    return ok("Packages", _("all {count} are here").format(count=len(requirements())))


def files() -> Finding:
    """Examine that installed packages still have the files they were installed with."""
    names = {requirement.name for requirement, _ in everything()}
    what = _("{name} lacks {count} of its files ({first})")
    gone = {}
    for name in sorted({"fltutor", *names}):
        lost = list(_lost_files(name))
        if lost:
            gone[name] = what.format(name=name, count=len(lost), first=lost[0])
    if gone:
        return fault("Files", "; ".join(gone.values()), install_again(gone))
    return ok("Files", _("{count} packages are whole").format(count=len(names)))


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
        return ok("Versions", _("the tested ones throughout"))
    what = _("not the tested ones: {names}").format(names="; ".join(others.values()))
    remedy = _(
        "Lessons run, but last digits may differ from the saved ones. For the tested "
        "versions: {command}"
    )
    return note("Versions", what, remedy.format(command=install(others)))


def _other_versions() -> Iterator[tuple[str, str]]:
    """Yield the packages of the course that are not in their tested version."""
    from packaging.utils import canonicalize_name

    tested = constraints()
    for requirement in requirements():
        version = installed(requirement.name)
        pin = tested.get(canonicalize_name(requirement.name))
        if version and pin and version.public != pin.public:
            name, what = requirement.name, _("{name} {version} (tested {pin})")
            values = {"name": name, "version": version.public, "pin": pin.public}
            yield name, what.format(**values)


def torch_works() -> Finding:
    """Examine that torch loads and multiplies."""
    import torch

    total = float((torch.eye(3, dtype=torch.float64) @ torch.ones(3).double()).sum())
    if total == 3.0:
        return ok("torch", _("{version} computes").format(version=torch.__version__))
    what = _("eye(3) @ ones(3) sums to {total}, but it must be 3").format(total=total)
    return fault("torch", what, install_again(["torch"]))
