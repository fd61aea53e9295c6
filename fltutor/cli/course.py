"""Where the course's files are, and how a learner gets a copy of them.

A copy can be brought up to date any number of times. The rule: what a learner changed
is never overwritten. A record of the shipped checksums in the course folder tells a
file that nobody touched from one that somebody did.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDERS = ("lessons", "exercises", "solutions")
RECORD = ".fltutor-course.json"


@dataclass(frozen=True, kw_only=True)
class Course:
    """A folder that holds `lessons/`, `exercises/` and `solutions/`."""

    root: Path
    is_clone: bool

    def files(self) -> Iterator[Path]:
        """Yield every file of the course, as paths relative to `root`, sorted."""
        for folder in FOLDERS:
            for path in sorted((self.root / folder).rglob("*")):
                if path.is_file() and ".ipynb_checkpoints" not in path.parts:
                    yield path.relative_to(self.root)


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What one copying did, by relative path."""

    written: list[Path] = field(default_factory=list)
    updated: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    beside: list[tuple[Path, Path]] = field(default_factory=list)


def find_course() -> Course:
    """Return the clone that `fltutor` runs from, else the course in the package.

    Raises
    ------
    FileNotFoundError
        Neither is there: the installation is not complete.
    """
    package = Path(__file__).resolve().parents[1]
    clone = package.parent
    if (clone / "pyproject.toml").is_file() and (clone / "lessons").is_dir():
        return Course(root=clone, is_clone=True)
    if (package / "course" / "lessons").is_dir():
        return Course(root=package / "course", is_clone=False)
    raise FileNotFoundError(
        f"Got no lessons in {package / 'course'} and none in {clone}, but one of them "
        "must hold the course. Install fltutor again."
    )


def copy_course(course: Course, target: Path, *, version: str) -> Copied:
    """Copy the course into `target`, overwriting nothing that a learner changed.

    A missing file is written. A file that is as it was shipped is updated. A file that
    was changed stays as it is; if the course has a newer one, that is laid beside it
    as ``name.new-VERSION.ext``, once.

    Parameters
    ----------
    course
        Where the files come from.
    target
        The learner's folder; made if it is missing.
    version
        The course's version, for the names of the files laid beside.

    Raises
    ------
    ValueError
        `target` lies inside the course itself, or is a file.
    """
    _check_target(course, target)
    target.mkdir(parents=True, exist_ok=True)
    shipped = _read_record(target)
    copied = Copied()
    for name in course.files():
        content = (course.root / name).read_bytes()
        _place(name, content, target, shipped, version, copied)
        shipped[name.as_posix()] = _checksum(content)
    record = json.dumps({"version": version, "files": shipped}, indent=1) + "\n"
    _write(target / RECORD, record.encode())
    return copied


def _place(
    name: Path,
    content: bytes,
    target: Path,
    shipped: dict[str, str],
    version: str,
    copied: Copied,
) -> None:
    """Put one file where it belongs and note what was done."""
    path, before = target / name, shipped.get(name.as_posix())
    if not path.exists() and not path.is_symlink():
        _write(path, content)
        copied.written.append(name)
        return
    here = _checksum(path.read_bytes()) if path.is_file() else None
    if here == _checksum(content):
        return
    if here is not None and here == before:
        _write(path, content)
        copied.updated.append(name)
        return
    copied.kept.append(name)
    if before != _checksum(content):
        copied.beside.append((name, _lay_beside(name, content, target, version)))


def _lay_beside(name: Path, content: bytes, target: Path, version: str) -> Path:
    """Write `content` beside `name` under the first free name; return that name."""
    number = 1
    while True:
        mark = f".new-{version}" + (f"-{number}" if number > 1 else "")
        new = name.with_name(name.stem + mark + name.suffix)
        path = target / new
        if not path.exists() and not path.is_symlink():
            _write(path, content)
            return new
        if path.is_file() and path.read_bytes() == content:
            return new
        number += 1


def _check_target(course: Course, target: Path) -> None:
    here = target.resolve()
    if here.exists() and not here.is_dir():
        raise ValueError(
            f"Got {target}, which is a file, but the course needs a folder. "
            "Name a folder, or a path where nothing is yet."
        )
    inside = [course.root / folder for folder in FOLDERS]
    if not course.is_clone:
        inside = [course.root]
    if here == course.root or any(here.is_relative_to(part) for part in inside):
        raise ValueError(
            f"Got {target}, which lies in the course itself, but a copy needs a "
            "folder of its own. Name another one."
        )


def _read_record(target: Path) -> dict[str, str]:
    """Return the checksums recorded in `target`; none if there is no sound record.

    Without a record every file counts as changed, so that nothing can be lost.
    """
    try:
        files = json.loads((target / RECORD).read_text(encoding="utf-8"))["files"]
        return {str(name): str(checksum) for name, checksum in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write all of `content`, or nothing: an interruption leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
