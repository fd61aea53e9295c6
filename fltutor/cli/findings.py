"""What an examination says, and the commands that it advises."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from fltutor.words import _

from .course import find_course


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What an examination found.

    `state` is "ok", "note" (works, but know this) or "fault" (lessons will not run).
    """

    subject: str
    state: Literal["ok", "note", "fault"]
    what: str
    remedy: str = ""


def ok(subject: str, what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(subject=subject, state="ok", what=what)


def note(subject: str, what: str, remedy: str) -> Finding:
    """Return something to know, which keeps no lesson from running."""
    return Finding(subject=subject, state="note", what=what, remedy=remedy)


def fault(subject: str, what: str, remedy: str) -> Finding:
    """Return something that keeps lessons from running."""
    return Finding(subject=subject, state="fault", what=what, remedy=remedy)


def install(names: Iterable[str]) -> str:
    """Return the command that installs packages into this environment.

    It keeps to the tested versions, which a clone holds in another place than an
    installed wheel, and names neither fltutor nor make: in a wheel's environment there
    is no clone, and a clone's `make` takes what it once installed for done.
    """
    return _pip([*_held(), *names])


def install_again(names: Iterable[str]) -> str:
    """Return how to install packages once more that are here, but not whole."""
    others = [name for name in names if name != "fltutor"]
    if not others:
        return _("Install the course again, from its clone or its wheel.")
    return _pip(["--force-reinstall", "--no-deps", *_held(), *others])


def install_module(module: str) -> str:
    """Return how to install what a module comes from that cannot be imported.

    What left its record behind lacks files only; what is not here at all needs what it
    requires, too.
    """
    owners = metadata.packages_distributions().get(module)
    return install_again(dict.fromkeys(owners)) if owners else install([module])


def _pip(words: Iterable[str]) -> str:
    return command([sys.executable, "-m", "pip", "install", *words])


def command(words: Iterable[str]) -> str:
    """Return words as one types them here, those with blanks in quotes."""
    words = list(words)
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _held() -> list[str]:
    """Return pip's option for the tested versions, nothing where they are lost."""
    try:
        path = find_course().root / "constraints.txt"
    except FileNotFoundError:
        return []
    return ["-c", str(path)] if path.is_file() else []
