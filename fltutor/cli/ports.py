"""A port for each course that is open, so that two that start at once do not clash.

Jupyter looks for a free port, closes it and opens it again later. Where two look at
the same time they find the same one, and the second ends.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

FIRST, COUNT = 8888, 50
_BESIDE = 10_000  # a port's token: below those that systems give to connections


@contextmanager
def own_port() -> Iterator[int]:
    """Give a free port that no other `fltutor lab` is given until this one ends.

    What holds it is another port, bound for as long: two processes cannot both bind
    it, and the system frees it however the process ends. If all are taken, the first
    is given, and Jupyter says that it finds none.
    """
    for port in range(FIRST, FIRST + COUNT):
        token = _bound(port + _BESIDE)
        if token is None:
            continue
        with token:
            free = _bound(port)
            if free is not None:
                free.close()
                yield port
                return
    yield FIRST


def _bound(port: int) -> socket.socket | None:
    """Return a socket bound to a port of this machine, None where it is taken."""
    made = socket.socket()
    try:
        made.bind(("127.0.0.1", port))
    except OSError:
        made.close()
        return None
    return made
