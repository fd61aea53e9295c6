"""Where secrets come from: the machine, or a named stream so that a lesson repeats.

What keeps a secret must be unknown to everybody else, so keys and masks are drawn by
the operating system unless a seed is given. A seeded secret is no secret: whoever knows
the seed knows it. It is there so that a lesson prints the same digits twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeAlias

from fltutor import seeds, validate

#: (n) -> n bytes that nobody could have guessed.
Draw: TypeAlias = Callable[[int], bytes]


def system(num_bytes: int) -> bytes:
    """Return bytes from the operating system's generator: real secrets.

    Examples
    --------
    >>> len(system(32)), system(32) == system(32)
    (32, False)
    """
    return secrets.token_bytes(validate.count("num_bytes", num_bytes))


def named(seed: int, *names: str | int) -> Draw:
    """Return a source that gives the same bytes in every run: for lessons and tests.

    A toy. Whoever knows the seed knows every secret that was drawn from it; a real
    program draws with :func:`system`.

    Parameters
    ----------
    seed, *names
        name the stream, as in :func:`fltutor.seeds.keys`.

    Examples
    --------
    >>> named(0, "keys", 3)(4) == named(0, "keys", 3)(4)
    True
    """
    return seeds.stream(seed, *names).bytes


def below(limit: int, draw: Draw) -> int:
    """Return a whole number in [0, limit), every one as likely.

    Numbers of as many bits as needed are drawn until one lies below the limit;
    a remainder instead would favour the small ones.
    """
    bits = max(limit - 1, 1).bit_length()
    size, surplus = (bits + 7) // 8, -bits % 8
    while True:
        number = int.from_bytes(draw(size), "big") >> surplus
        if number < limit:
            return number
