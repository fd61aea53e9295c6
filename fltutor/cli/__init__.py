"""The command line: `fltutor lab`, `fltutor doctor`, `fltutor data`."""

from __future__ import annotations

from typing import Any

try:
    from click import group
except ImportError:  # then the doctor must say so, and not Python
    from . import bare

    main: Any = bare.main
else:
    from . import commands

    main = commands.main
    del group

__all__ = ["main"]
