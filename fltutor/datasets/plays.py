"""`shakespeare`: every speaking role is a client, and they speak differently.

A role's first lines are for training and its last `test_fraction` for testing; no
window crosses the cut. Roles stand in the order of their first appearance. The text
names roles but not plays, so roles that share a name ("First Citizen", "Messenger")
are one client here; the benchmark LEAF tells them apart.

Source: the task is that of B. McMahan et al., AISTATS 2017,
https://arxiv.org/abs/1602.05629; the text is Andrej Karpathy's tinyshakespeare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fltutor.validate import count, fail

from .arrays import as_tensor
from .cutting import open_fraction
from .folder import damaged, locate, read
from .records import Dataset, Split
from .sources import SHAKESPEARE

Array = np.ndarray[Any, Any]

ALPHABET = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""The 65 characters; the token of a character is its place here. Fixed in advance,
so that no client has to reveal which characters it uses."""


@dataclass(frozen=True, kw_only=True)
class _Windows:
    """How a role's text becomes examples."""

    length: int
    stride: int
    test_fraction: float

    def __post_init__(self) -> None:
        """Check the three numbers."""
        count("window", self.length)
        count("stride", self.stride)
        open_fraction("test_fraction", self.test_fraction)


def shakespeare(
    *,
    window: int = 80,
    stride: int = 10,
    min_lines: int = 50,
    test_fraction: float = 0.2,
    download: bool = True,
) -> Split:
    """Return next-character prediction: x (n, window) tokens, groups = roles.

    An example is `window` characters of one role's speeches and the one that comes
    next; windows start every `stride` characters. Left out are roles of fewer than
    `min_lines` lines or too short for one window in train and in test.

    Raises
    ------
    DataNotFoundError, DataDownloadError, DataCorruptError
        If the file is missing, cannot be fetched (1.1 MiB), or is damaged.
    ValueError
        If no role is left or a number is out of range.
    """
    count("min_lines", min_lines)
    cut = _Windows(length=window, stride=stride, test_fraction=test_fraction)
    roles = {n: s for n, s in _speeches(download).items() if len(s) >= min_lines}
    parts = {name: _examples(lines, cut) for name, lines in roles.items()}
    parts = {n: p for n, p in parts.items() if len(p[0]) and len(p[1])}
    if not parts:
        raise fail(
            f"min_lines={min_lines} and window={window}, which no role satisfies",
            "at least one role",
            "Lower one of them.",
        )
    return Split(
        train=_dataset([train for train, _ in parts.values()], tuple(parts)),
        test=_dataset([test for _, test in parts.values()], tuple(parts)),
        num_classes=len(ALPHABET),
        name=SHAKESPEARE.name,
        licence=SHAKESPEARE.licence,
        class_names=tuple(ALPHABET),
    )


def _speeches(download: bool) -> dict[str, list[str]]:
    """Return each role's lines of text, in the order of the plays."""
    paths = locate(SHAKESPEARE, download=download)
    text = read(SHAKESPEARE, paths)[0].decode("utf-8", errors="replace")
    text = text.replace("\r\n", "\n")
    strange = sorted(set(text) - set(ALPHABET))
    if strange:
        raise damaged(
            SHAKESPEARE,
            paths[0],
            f"holds the character(s) {''.join(strange[:10])!r}",
            f"text in the {len(ALPHABET)} characters of the course",
        )
    roles: dict[str, list[str]] = {}
    for block in text.split("\n\n"):
        name, *lines = block.strip("\n").split("\n")
        if name.endswith(":") and lines:
            roles.setdefault(name[:-1], []).extend(lines)
    if not roles:
        raise damaged(
            SHAKESPEARE,
            paths[0],
            "names no role",
            "a text of speeches, each after a line 'NAME:',",
        )
    return roles


def _examples(lines: list[str], cut: _Windows) -> tuple[Array, Array]:
    """Return windows with their next character, (n, length + 1): train, test."""
    first_test = len(lines) - max(1, round(len(lines) * cut.test_fraction))
    return _slide(lines[:first_test], cut), _slide(lines[first_test:], cut)


def _slide(lines: list[str], cut: _Windows) -> Array:
    text = "".join(line + "\n" for line in lines)
    table = np.zeros(128, dtype=np.int64)
    table[[ord(character) for character in ALPHABET]] = np.arange(len(ALPHABET))
    tokens = table[np.frombuffer(text.encode("ascii"), np.uint8)]
    if len(tokens) <= cut.length:
        return np.empty((0, cut.length + 1), dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(tokens, cut.length + 1)
    return windows[:: cut.stride]


def _dataset(parts: list[Array], names: tuple[str, ...]) -> Dataset:
    table = np.concatenate(parts)
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    x, y = np.ascontiguousarray(table[:, :-1]), table[:, -1].copy()
    return Dataset(as_tensor(x), as_tensor(y), len(ALPHABET), as_tensor(owner), names)
