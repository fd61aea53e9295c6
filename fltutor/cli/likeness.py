"""When two files of the course say the same.

A notebook that was only run or saved again has other bytes and the same cells. What a
learner can have changed is the text of the cells, so that is what counts: not outputs,
counters, widget states, metadata, nor the empty cell that running the last one leaves.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What is remembered of a file: a checksum of its bytes, and one of its text.

    For a notebook the text is its cells; for any other file, and for what only claims
    to be a notebook, both are the same. None stands for what was never recorded.
    """

    whole: str | None = None
    text: str | None = None

    def same_text(self, other: Mark) -> bool:
        """Tell whether both are known to say the same."""
        same_bytes = self.whole is not None and self.whole == other.whole
        return same_bytes or (self.text is not None and self.text == other.text)


def mark(content: bytes, *, notebook: bool) -> Mark:
    """Return the mark of a file's content."""
    whole = hashlib.sha256(content).hexdigest()
    cells = _cells(content) if notebook else None
    if cells is None:
        return Mark(whole=whole, text=whole)
    text = json.dumps(cells, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Mark(whole=whole, text=hashlib.sha256(text).hexdigest())


def _cells(content: bytes) -> list[tuple[str, str]] | None:
    """Return the type and source of every cell that holds something, None if broken."""
    try:
        cells = json.loads(content)["cells"]
        found = [(str(cell["cell_type"]), _joined(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return [(kind, source) for kind, source in found if source.strip()]


def _joined(source: Any) -> str:
    """Return a source as one string: a notebook may keep it as a list of lines."""
    return source if isinstance(source, str) else "".join(source)
