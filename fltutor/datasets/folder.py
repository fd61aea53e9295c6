"""The data folder: what lies there, what is fetched, and how it is verified.

Two rules. What is downloaded must match its published checksum exactly, or it is
thrown away. What a user laid into a folder of their own (`FLTUTOR_DATA`) is used if
its structure is right; where its checksum differs, one warning says so.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fltutor.validate import fail
from fltutor.words import _

from .download import FAILURES, fetch_file
from .sources import SOURCES, RemoteFile, Source

VARIABLE = "FLTUTOR_DATA"

EMBEDDED = {
    "digits": "CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)",
    "blobs_2d": "made by this course (MIT)",
    "synthetic": "made by this course (MIT)",
}


class DataNotFoundError(FileNotFoundError):
    """A data set is not in the data folder, and may not be fetched now."""


class DataDownloadError(OSError):
    """A download was interrupted, refused or corrupt; nothing of it was kept."""


class DataCorruptError(ValueError):
    """A file in the data folder is damaged or is not what its name says."""


class DataChecksumWarning(UserWarning):
    """A user's own file is well formed, but not the published one."""


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """One line of `fltutor data`.

    Parameters
    ----------
    name
        Name of the loader, and for `fltutor data fetch NAME`.
    files
        Where its files lie or would lie; empty for what needs none.
    licence
        Licence of the data.
    size
        Bytes to fetch in all; 0 for what needs no network.
    present
        True if every file is there.
    embedded
        True if it comes with the packages and is never fetched.
    """

    name: str
    files: tuple[Path, ...]
    licence: str
    size: int
    present: bool
    embedded: bool


def data_folder() -> Path:
    """Return the folder of all data sets: `FLTUTOR_DATA`, else the user's cache."""
    chosen = os.environ.get(VARIABLE, "").strip()
    if chosen:
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("fltutor"))


def catalogue() -> tuple[CatalogueEntry, ...]:
    """Return what there is, what is already here and how large the rest is."""
    embedded = tuple(
        CatalogueEntry(
            name=name, files=(), licence=licence, size=0, present=True, embedded=True
        )
        for name, licence in EMBEDDED.items()
    )
    return embedded + tuple(_entry(source) for source in SOURCES.values())


def fetch(name: str, progress: bool = True) -> tuple[Path, ...]:
    """Download what is missing of a data set and return its files.

    A file that is already there is left alone, unless it lies in the course's own
    cache and no longer matches its checksum.

    Raises
    ------
    ValueError
        If there is no data set of this name.
    DataDownloadError
        If a download fails or does not match its checksum. No part of it is kept.
    """
    if name in EMBEDDED:
        return ()
    if name not in SOURCES:
        known = ", ".join([*EMBEDDED, *SOURCES])
        raise fail(
            _("data set {name!r}").format(name=name),
            _("one of {known}").format(known=known),
            _("Check the spelling; `fltutor data` lists them all."),
        )
    return locate(SOURCES[name], download=True, progress=progress)


def locate(
    source: Source, *, download: bool, progress: bool = True
) -> tuple[Path, ...]:
    """Return the files of a data set, fetching those that are missing.

    Raises
    ------
    DataNotFoundError
        If a file is missing and `download` is False.
    """
    folder = data_folder() / source.folder
    missing = [f for f in source.files if not _usable(folder / f.name, f)]
    if missing and not download:
        names = ", ".join(f.name for f in missing)
        raise DataNotFoundError(
            f"Data set {source.name!r}: {names} not found in {folder} (or damaged "
            f"there). It needs {len(source.files)} file(s). Run `fltutor data fetch "
            f"{source.name}`, or set {VARIABLE} to the folder that holds "
            f"{source.folder}/."
        )
    for remote in missing:
        _download(source, remote, folder, progress)
    return tuple(folder / f.name for f in source.files)


def read(source: Source, paths: tuple[Path, ...]) -> tuple[bytes, ...]:
    """Return the unpacked content of each file; warn once of unpublished files.

    Raises
    ------
    DataCorruptError
        If a packed file is truncated or damaged.
    """
    contents, changed = [], []
    for remote, path in zip(source.files, paths, strict=True):
        packed = path.read_bytes()
        content = _unpack(source, path, packed)
        if not _published(remote, packed, content):
            changed.append(path.name)
        contents.append(content)
    if changed:
        warnings.warn(
            f"Data set {source.name!r}: {', '.join(changed)} in {paths[0].parent} "
            "differs from the published file. It is used if its structure is right, "
            "but results may differ from published ones. For the original, move it "
            f"away and run `fltutor data fetch {source.name}`.",
            DataChecksumWarning,
            stacklevel=4,
        )
    return tuple(contents)


def damaged(source: Source, path: Path, got: str, needed: str) -> DataCorruptError:
    """Return the error for a file that is not what it should be."""
    return DataCorruptError(
        f"Data set {source.name!r}: {path} {got}; {needed} is needed. Delete the file "
        f"and run `fltutor data fetch {source.name}`."
    )


def _entry(source: Source) -> CatalogueEntry:
    folder = data_folder() / source.folder
    files = tuple(folder / f.name for f in source.files)
    return CatalogueEntry(
        name=source.name,
        files=files,
        licence=source.licence,
        size=sum(f.size for f in source.files),
        present=all(path.is_file() for path in files),
        embedded=False,
    )


def _usable(path: Path, remote: RemoteFile) -> bool:
    """Return whether a file need not be fetched.

    In a user's own folder being there is enough (its structure is checked when it
    is read); in the course's cache it must match its checksum.
    """
    if not path.is_file():
        return False
    if os.environ.get(VARIABLE, "").strip():
        return True
    return hashlib.sha256(path.read_bytes()).hexdigest() == remote.sha256


def _published(remote: RemoteFile, packed: bytes, content: bytes) -> bool:
    if hashlib.sha256(packed).hexdigest() == remote.sha256:
        return True
    return hashlib.sha256(content).hexdigest() == remote.content_sha256


def _unpack(source: Source, path: Path, packed: bytes) -> bytes:
    if path.suffix != ".gz":
        return packed
    try:
        return gzip.decompress(packed)
    except (EOFError, OSError, zlib.error) as error:
        raise damaged(
            source, path, f"cannot be unpacked ({error})", "a whole gzip file"
        ) from error


def _download(source: Source, remote: RemoteFile, folder: Path, progress: bool) -> None:
    """Fetch one file from the first address that gives it with its checksum."""
    failures = []
    for address in source.addresses:
        url = address + remote.name
        with _bar(remote, shown=progress) as bar:
            try:
                fetch_file(url, remote, folder, bar.update)
            except FAILURES as error:
                failures.append(f"{url}: {_short(error)}")
            else:
                return
    raise DataDownloadError(
        f"Data set {source.name!r}: {remote.name} could not be fetched "
        f"({'; '.join(failures)}). A connection to one of these addresses and "
        f"{remote.size / 2**20:.1f} MiB in {folder} are needed; nothing unfinished was "
        f"kept. Try again, or lay the file into {folder} yourself."
    )


def _bar(remote: RemoteFile, *, shown: bool) -> Any:
    from tqdm.auto import tqdm

    return tqdm(
        desc=remote.name,
        unit="B",
        unit_scale=True,
        total=remote.size,
        disable=not shown,
    )


def _short(error: BaseException) -> str:
    """Return an error's kind and its first line, at most 160 characters."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__} {text[0] if text else ''}"[:160]
