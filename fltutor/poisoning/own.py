"""Attacks that need to know nothing but what the attacker learnt itself."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fltutor import validate
from fltutor.poisoning.attack import Attack


@dataclass(frozen=True, kw_only=True)
class SignFlip(Attack):
    """Attackers send the opposite of what they learnt: ``-factor delta`` [client].

    Parameters
    ----------
    attackers
        ids.
    factor
        above 0. At 1 the rows are as long as honest ones; at 10 one attacker of ten
        stops the mean.

    References
    ----------
    Li et al. 2019 (arXiv:1811.03761), section 5 (sign-flipping attack).
    """

    factor: float = 1.0

    name = "sign_flip"

    def __post_init__(self) -> None:
        """Check the ids and the range."""
        super().__post_init__()
        validate.keep(self, factor=validate.positive("factor", self.factor))

    def sends(self, own: Tensor, honest: Tensor, shares: Tensor) -> Tensor:
        """Return the opposite rows ``(A, d)``."""
        return -self.factor * own


sign_flip = SignFlip


@dataclass(frozen=True, kw_only=True)
class Scaled(Attack):
    """Attackers send what they learnt, times a factor [client].

    Parameters
    ----------
    attackers
        ids.
    factor
        any finite number: 10 makes oneself heard, 0 is a free rider, a negative one
        flips the sign.
    """

    factor: float = 10.0

    name = "scaled"

    def __post_init__(self) -> None:
        """Check the ids and the number."""
        super().__post_init__()
        validate.keep(self, factor=validate.number("factor", self.factor))

    def sends(self, own: Tensor, honest: Tensor, shares: Tensor) -> Tensor:
        """Return the longer rows ``(A, d)``."""
        return self.factor * own


scaled = Scaled


@dataclass(frozen=True, kw_only=True)
class Replacement(Attack):
    """Attackers enlarge what they learnt so that the mean becomes their model [client].

    ``delta / share``, where share is the attackers' part of the cohort's weight: after
    a mean, and once honest updates are small, the global model is theirs.

    Parameters
    ----------
    attackers
        ids; together they send one model.
    boost
        gamma, above 0; None takes ``1 / share``.

    References
    ----------
    Bagdasaryan et al. 2020 (arXiv:1807.00459), equations 2 and 3: gamma = n / eta.
    """

    boost: float | None = None

    name = "replacement"

    def __post_init__(self) -> None:
        """Check the ids and the range."""
        super().__post_init__()
        if self.boost is not None:
            validate.keep(self, boost=validate.positive("boost", self.boost))

    def sends(self, own: Tensor, honest: Tensor, shares: Tensor) -> Tensor:
        """Return the enlarged rows ``(A, d)``."""
        return own / shares.sum() if self.boost is None else self.boost * own


replacement = Replacement
