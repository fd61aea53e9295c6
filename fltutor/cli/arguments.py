"""What `fltutor lab` was told: the folder among the options that Jupyter gets."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from fltutor.words import _


def split_arguments(
    arguments: Sequence[str], flags: Callable[[], Collection[str]]
) -> tuple[Path | None, list[str]]:
    """Return the folder, wherever it stands, and what Jupyter is handed on.

    Parameters
    ----------
    arguments
        Words as they were typed, in any order: ``--port 8890 mine --debug``.
    flags
        Returns Jupyter's options that take no value. Only asked where it matters: a
        plain word after an option without ``=`` is that option's value, or the folder.

    Raises
    ------
    ValueError
        There are two folders, or the one is no name of a folder.
    """
    folders: list[str] = []
    options: list[str] = []
    after_option = False
    for word in arguments:
        if word.startswith("-"):
            options.append(word)
            after_option = "=" not in word
        elif after_option and options[-1].lstrip("-") not in flags():
            options.append(word)
            after_option = False
        else:
            folders.append(word)
            after_option = False
    if len(folders) > 1:
        message = _(
            "Got {count} folders ({names}), need one at most. Join an option and its "
            "value by =, and name one folder."
        )
        names = ", ".join(map(repr, folders))
        raise ValueError(message.format(count=len(folders), names=names))
    return (folder_named(folders[0]) if folders else None), options


def folder_named(name: str) -> Path:
    """Return the path that `name` means, if a folder can be called so.

    Raises
    ------
    ValueError
        `name` is blank, a notebook's, of nobody's home, or holds what no name holds.
    """
    if not name.strip() or any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        message = _(
            "Got {name}, need the name of a folder. Name a folder, or a path where "
            "nothing is yet."
        )
    elif name.endswith(".ipynb"):
        message = _(
            "Got {name}, which names a notebook, need the name of a folder. Name the "
            "folder, and open the notebook in JupyterLab."
        )
    else:
        try:
            return Path(name).expanduser()
        except RuntimeError:
            message = _(
                "Got {name}, but there is no such user, need the name of a folder. "
                "Write the path in full."
            )
    raise ValueError(message.format(name=repr(name)))
