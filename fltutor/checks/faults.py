"""A learner's exception in plain words, with the line of their code."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from pathlib import Path

from fltutor import guard
from fltutor.checks.model import Fault
from fltutor.words import _

MISFIT = "Two shapes do not fit together. Print the shapes just before this line."
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (RecursionError, "The function calls itself without end."),
    (NameError, "A name is used that is not defined here. A typo, or a missing cell?"),
    (IndexError, "An index points beyond the end."),
    (KeyError, "A dictionary has no such key."),
    (ZeroDivisionError, "Something is divided by zero."),
    (AttributeError, "The object has no such attribute or method. What type is it?"),
    (ImportError, "A module or a name in it could not be imported."),
    (AssertionError, "An assert in the code does not hold."),
    (SystemExit, "The code asks Python to exit."),
    (MemoryError, "The code asks for more memory than there is."),
)
_SHAPES = (
    "size of tensor",
    "mismatch",
    "shapes",
    "broadcast",
    "mat1",
    "shape '",
    "dimension",
)


def plain(fault: guard.Fault) -> Fault:
    """Say what went wrong, and on which of the learner's own lines."""
    text = fault.text.split("\n")[0]
    line, code = _own_line(fault.stack)
    return Fault(fault.kind, text, _words(fault.error, text), line, code)


def without_end(seconds: float, fault: guard.Fault | None = None) -> Fault:
    """Say that the code did not end, and, where that is known, where it was."""
    words = _(
        "It did not end within {seconds:.0f} seconds. A loop without end?"
    ).format(seconds=seconds)
    line, code = _own_line(fault.stack) if fault is not None else (None, "")
    return Fault("TooLong", "", words, line, code)


def _words(error: BaseException, text: str) -> str:
    if isinstance(error, RuntimeError | ValueError | IndexError) and any(
        word in text for word in _SHAPES
    ):
        return _(MISFIT)
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return _(words)
    if isinstance(error, TypeError) and "argument" in text:
        return _("Something is called with arguments that it does not take.")
    return _("The code stopped with an error.")


def _own_line(stack: traceback.StackSummary) -> tuple[int | None, str]:
    """Return the deepest line that is not a library's."""
    for frame in reversed(stack):
        if not _is_library(frame.filename):
            code = frame.line or linecache.getline(frame.filename, frame.lineno or 0)
            return frame.lineno, code.strip()
    return None, ""


_LIBRARIES = tuple(
    str(Path(folder).resolve())
    for folder in {
        *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
        str(Path(__file__).parents[1]),
    }
)
_CATALOGUE = str(Path(__file__).parents[1] / "course")


def _is_library(filename: str) -> bool:
    path = str(Path(filename).resolve()) if not filename.startswith("<") else filename
    return path.startswith(_LIBRARIES) and not path.startswith(_CATALOGUE)
