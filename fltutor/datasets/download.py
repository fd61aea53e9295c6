"""One file over HTTP: bounded in size and time; nothing half done counts as data.

A file takes its name only when it is whole and has its checksum. Until then it lies
beside it as ``.NAME.PROCESS.part``; what a killed process left is swept away later.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from fltutor.datasets.sources import RemoteFile
from fltutor.words import _

#: What one download may fail with.
FAILURES = (OSError, ValueError, HTTPException)

CHUNK = 1 << 16
#: Silence after which a server is given up, and time until speed is looked at.
PATIENCE_SECONDS = 30.0
#: Mean bytes a second below which a download is given up.
SLOWEST = 10 * 2**10


def fetch_file(
    url: str, remote: RemoteFile, folder: Path, step: Callable[[int], Any]
) -> None:
    """Fetch a file and give it its name once it is whole.

    Parameters
    ----------
    url
        its address.
    remote
        its name, size and checksum. Not one byte beyond the size is taken.
    folder
        where it comes to lie; made if need be.
    step
        called with the number of bytes that came.

    Raises
    ------
    OSError, ValueError, HTTPException
        no answer, too slow, too long, too short, or with another checksum. The folder
        is then as before.
    """
    made = [p for p in (folder, *folder.parents) if not p.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder, remote.name)
    part = folder / f".{remote.name}.{os.getpid()}.part"
    try:
        with part.open("wb") as file:
            digest = receive(url, remote.size, file, step)
            os.fsync(file.fileno())
        if digest != remote.sha256:
            raise ValueError(_("its checksum is not the published one"))
        part.replace(folder / remote.name)
    finally:
        part.unlink(missing_ok=True)
        for place in made:
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()


def receive(url: str, size: int, file: IO[bytes], step: Callable[[int], Any]) -> str:
    """Write what an address gives, and return its SHA-256."""
    digest, received, begin = hashlib.sha256(), 0, time.monotonic()
    with _opened(url) as answer:
        # read1 returns what has come: a server that drips does not hold it up
        while chunk := answer.read1(min(CHUNK, size + 1 - received)):
            received += len(chunk)
            if received > size:
                raise ValueError(_("it is longer than {size} bytes").format(size=size))
            file.write(chunk)
            digest.update(chunk)
            step(len(chunk))
            waited = time.monotonic() - begin
            if received < SLOWEST * (waited - PATIENCE_SECONDS):
                raise TimeoutError(
                    _("only {got} of {size} bytes came in {seconds:.0f} s").format(
                        got=received, size=size, seconds=waited
                    )
                )
    if received < size:
        raise ValueError(
            _("it ended after {got} of {size} bytes").format(got=received, size=size)
        )
    return digest.hexdigest()


def sweep(folder: Path, name: str) -> None:
    """Remove parts that nobody has written to for longer than a download may wait."""
    old = time.time() - 4 * PATIENCE_SECONDS
    for part in folder.glob(f".{name}.*.part"):
        if part.stat().st_mtime < old:
            part.unlink(missing_ok=True)


def _opened(url: str) -> Any:
    import ssl
    from urllib.request import Request, urlopen

    import certifi  # comes with pooch: some Pythons find no certificates of their own

    trust = ssl.create_default_context(cafile=certifi.where())
    request = Request(url, headers={"User-Agent": "fltutor"})
    return urlopen(request, timeout=PATIENCE_SECONDS, context=trust)
