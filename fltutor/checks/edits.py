"""Mistakes as edits of the right answer: what somebody typed instead."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any


@dataclass(frozen=True)
class Edit:
    """Replacements in the source of a function or a class, each in one place.

    Parameters
    ----------
    changes
        (what stands there, what they typed instead).
    of
        A helper of the reference that is edited in its place.
    """

    changes: tuple[tuple[str, str], ...]
    of: Callable[..., Any] | None = None

    def apply(self, reference: object) -> Any:
        """Return the reference with the mistake in it; the reference stays as it is.

        A tuple of answers is edited where each text stands.
        """
        if isinstance(reference, tuple):
            return self._apply_to_one_of(reference)
        sources = [self.edited(source_of(self.of or reference))]
        if self.of is not None:
            sources.append(source_of(reference))
        space = dict(_globals(reference))
        for source in sources:
            exec(compile(source, f"<{_name(reference)}, edited>", "exec"), space)
        return space[_name(reference)]

    def _apply_to_one_of(self, references: tuple[object, ...]) -> tuple[Any, ...]:
        mine = [
            self.of is None and self.changes[0][0] in source_of(reference)
            for reference in references
        ]
        if sum(mine) != 1:
            raise ValueError(
                f"Got an edit of {self.changes[0][0]!r}, which stands in {sum(mine)} "
                "answers; it needs to stand in one. Write more of the line."
            )
        return tuple(
            self.apply(reference) if here else reference
            for reference, here in zip(references, mine, strict=True)
        )

    def edited(self, source: str) -> str:
        """Return the source with every change made.

        Raises
        ------
        ValueError
            If a text does not stand there exactly once.
        """
        for old, new in self.changes:
            if (count := source.count(old)) != 1:
                raise ValueError(
                    f"Got an edit of {old!r}, which stands {count} times in the "
                    "source; it needs to stand there once. Write it as the source "
                    "does, or more of the line."
                )
            source = source.replace(old, new)
        return source


def edit(*texts: str, of: Callable[..., Any] | None = None) -> Edit:
    """Return the edit that replaces the first text by the second, and so on.

    Parameters
    ----------
    texts
        ``old, new, old, new, ...``: each old text stands once in the source.
    of
        A helper of the reference that is edited in its place.

    Examples
    --------
    >>> edit("end - start", "start - end").edited("return end - start")
    'return start - end'
    """
    if not texts or len(texts) % 2:
        raise ValueError(
            f"Got {len(texts)} texts; an edit needs pairs, what stands there and what "
            "they typed instead. Add the one that is missing."
        )
    return Edit(tuple(zip(texts[::2], texts[1::2], strict=True)), of)


def source_of(answer: object) -> str:
    """Return the source of a function or a class, without its indentation."""
    if not isinstance(answer, FunctionType | type):
        raise ValueError(
            f"Got a reference of type {type(answer).__name__}; an edit needs a "
            "function or a class. Write the wrong answer itself."
        )
    return textwrap.dedent(inspect.getsource(answer))


def _name(answer: object) -> str:
    return str(answer.__name__)  # type: ignore[attr-defined] # a function or a class


def _globals(answer: object) -> dict[str, Any]:
    return vars(sys.modules[answer.__module__])
