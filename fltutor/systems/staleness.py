"""How much an update counts that started from an old model: s(staleness)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fltutor import validate

#: how often the model changed meanwhile -> factor in (0, 1], 1 for a fresh update
Staleness: TypeAlias = Callable[[int], float]


def constant(staleness: int) -> float:
    """Return 1: an old update counts like a fresh one."""
    return 1.0


def inverse_root(staleness: int) -> float:
    """Return ``1 / sqrt(1 + s)``: Nguyen et al. 2022 (arXiv:2106.06639), section 5.

    Examples
    --------
    >>> inverse_root(3)
    0.5
    """
    return float((1 + staleness) ** -0.5)


def polynomial(a: float = 0.5) -> Staleness:
    """Return ``s -> (1 + s)^-a``: Xie et al. 2019 (arXiv:1903.03934), section 5.2."""
    validate.at_least("a", a, 0.0)
    return lambda staleness: float((1 + staleness) ** -a)


def hinge(a: float = 10.0, b: float = 4.0) -> Staleness:
    """Return 1 up to b, then ``1 / (a (s - b) + 1)``: Xie et al. 2019, section 5.2."""
    validate.at_least("a", a, 0.0)
    validate.at_least("b", b, 0.0)
    return lambda staleness: 1.0 if staleness <= b else 1 / (a * (staleness - b) + 1)
