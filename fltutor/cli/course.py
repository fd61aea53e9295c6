"""Where the course's files are, and how a learner gets a copy of them.

A copy can be brought up to date any number of times. The rule: what a learner changed
is never overwritten. A record of what was shipped, in the course folder, tells a file
that nobody touched from one that somebody did.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fltutor.words import _

from .likeness import Mark, mark

FOLDERS = ("lessons", "exercises", "solutions")
RECORD = ".fltutor-course.json"


@dataclass(frozen=True, kw_only=True)
class Course:
    """A folder that holds `lessons/`, `exercises/` and `solutions/`."""

    root: Path
    is_clone: bool
    folders: tuple[str, ...] = FOLDERS

    def files(self) -> Iterator[Path]:
        """Yield every file of the course, as paths relative to `root`, sorted."""
        for folder in self.folders:
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
    message = _(
        "Got no lessons in {package} and none in {clone}, need the course in one of "
        "them. Install fltutor again."
    )
    raise FileNotFoundError(message.format(package=package / "course", clone=clone))


def copy_course(course: Course, target: Path, *, version: str) -> Copied:
    """Copy the course into `target`, overwriting nothing that a learner changed.

    A missing file is written. A file that is as it was shipped is updated; a notebook
    counts as such if its cells do, whatever running it left in it. A file that was
    changed stays as it is; if the course has a newer one, that is laid beside it as
    ``name.new-VERSION.ext``, once. A symbolic link stays one: where its file is
    updated, that file is written, wherever it lies.

    Two copies at once into one folder do no harm: each file is replaced in one step,
    and both write the same.

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
    OSError
        Something cannot be read or written. What was there before is whole.
    """
    _check_target(course, target)
    target.mkdir(parents=True, exist_ok=True)
    shipped = _read_record(target)
    copied = Copied()
    for name in course.files():
        content = (course.root / name).read_bytes()
        before = shipped.get(name.as_posix(), Mark())
        _place(name, content, target, before, version, copied)
        shipped[name.as_posix()] = _mark(name, content)
    _write_record(target, version, shipped)
    return copied


def _place(
    name: Path, content: bytes, target: Path, before: Mark, version: str, copied: Copied
) -> None:
    """Put one file where it belongs and note what was done."""
    path, new = target / name, _mark(name, content)
    if not path.exists() and not path.is_symlink():
        _write(path, content)
        copied.written.append(name)
        return
    here = _mark(name, path.read_bytes()) if path.is_file() else Mark()
    if here.whole == new.whole:
        return
    if here.whole is not None and here.whole == before.whole:
        _write(path, content)
        copied.updated.append(name)
    elif here.same_text(new):
        return  # it was run, or saved again: the outputs are the learner's
    elif here.same_text(before):
        _write(path, content)
        copied.updated.append(name)
    else:
        copied.kept.append(name)
        if not before.same_text(new):
            copied.beside.append((name, _lay_beside(name, content, target, version)))


def _lay_beside(name: Path, content: bytes, target: Path, version: str) -> Path:
    """Write `content` beside `name` under the first free name; return that name."""
    number = 1
    while True:
        words = f".new-{version}" + (f"-{number}" if number > 1 else "")
        new = name.with_name(name.stem + words + name.suffix)
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
        message = _(
            "Got {target}, which is a file, need a folder for the course. Name a "
            "folder, or a path where nothing is yet."
        )
        raise ValueError(message.format(target=target))
    inside = [course.root / folder for folder in FOLDERS]
    if not course.is_clone:
        inside = [course.root]
    if here == course.root or any(here.is_relative_to(part) for part in inside):
        message = _(
            "Got {target}, which lies in the course itself, need a folder of its own "
            "for a copy. Name another one."
        )
        raise ValueError(message.format(target=target))


def _read_record(target: Path) -> dict[str, Mark]:
    """Return what is recorded in `target`; nothing if there is no sound record.

    Without a record every file counts as changed, so that nothing can be lost.
    """
    try:
        record = json.loads((target / RECORD).read_text(encoding="utf-8"))
        files, texts = record["files"], record.get("texts", {})
        return {
            str(name): Mark(whole=str(whole), text=texts.get(name))
            for name, whole in files.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_record(target: Path, version: str, shipped: dict[str, Mark]) -> None:
    """Note what was shipped: `files` by bytes, as 0.1.0 did, and `texts` by cells."""
    record = {
        "version": version,
        "files": {name: mark.whole for name, mark in shipped.items()},
        "texts": {name: mark.text for name, mark in shipped.items() if mark.text},
    }
    _write(target / RECORD, (json.dumps(record, indent=1) + "\n").encode())


def _mark(name: Path, content: bytes) -> Mark:
    return mark(content, notebook=name.suffix == ".ipynb")


def _write(path: Path, content: bytes) -> None:
    """Write all of `content`, or nothing: an interruption leaves no half file.

    The name of what is not finished yet belongs to this write alone: no file of a
    learner's and no other copying at the same time can bear it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.resolve()
    unfinished = place.with_name(f".fltutor-{secrets.token_hex(8)}.tmp")
    try:
        unfinished.write_bytes(content)
        if place.exists():
            shutil.copymode(place, unfinished)
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
