"""Attacks that know what the honest clients send, and hide among them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from torch import Tensor

from fltutor import validate
from fltutor.poisoning.attack import Attack


@dataclass(frozen=True, kw_only=True)
class InnerProduct(Attack):
    """All attackers send the honest mean with its sign turned [client].

    ``-factor mean(honest)``: the aggregate's inner product with the honest mean becomes
    negative while no row stands out.

    Parameters
    ----------
    attackers
        ids.
    factor
        epsilon of the paper, above 0. Small ones pass for honest rows with Krum, large
        ones turn a mean around.

    References
    ----------
    Xie, Koyejo and Gupta 2020 (arXiv:1903.03936), section 4. With no honest row in the
    cohort the attackers send what they learnt.

    Examples
    --------
    >>> import torch
    >>> lie = inner_product(attackers=[1])
    >>> lie.sends(own=torch.ones(1, 2), honest=torch.eye(2), shares=torch.ones(1))
    tensor([-0.5000, -0.5000])
    """

    factor: float = 1.0

    name = "inner_product"

    def __post_init__(self) -> None:
        """Check the ids and the range."""
        super().__post_init__()
        validate.keep(self, factor=validate.positive("factor", self.factor))

    def sends(self, own: Tensor, honest: Tensor, shares: Tensor) -> Tensor:
        """Return one row for all of them, ``(d,)``."""
        return -self.factor * honest.mean(dim=0) if len(honest) else own


inner_product = InnerProduct


@dataclass(frozen=True, kw_only=True)
class Alie(Attack):
    """All attackers send a row a little beside the honest mean: "a little is enough".

    ``mean(honest) - z std(honest)`` in every column: near enough that more than half of
    all clients, attackers included, are as far from the mean or farther, so that rules
    take it for one of them; and always to the same side [client].

    Parameters
    ----------
    attackers
        ids.
    z
        at least 0; None takes :func:`alie_z` of the round's cohort, and 0 where that is
        negative or the attackers are the majority anyway.

    References
    ----------
    Baruch, Baruch and Goldberg 2019 (arXiv:1902.06156), Algorithm 3. Deviation: there
    the attackers estimate mean and deviation from their own data; here they know the
    honest rows, which is stronger and works for a single attacker too. Standard
    deviations divide by the number of rows.
    """

    z: float | None = None

    name = "alie"

    def __post_init__(self) -> None:
        """Check the ids and the range."""
        super().__post_init__()
        if self.z is not None:
            validate.keep(self, z=validate.number("z", self.z, low=0))

    def sends(self, own: Tensor, honest: Tensor, shares: Tensor) -> Tensor:
        """Return one row for all of them, ``(d,)``."""
        if len(honest) == 0:
            return own
        z = self.z
        if z is None:
            z = max(0.0, _z(len(own) + len(honest), len(own)))
        return honest.mean(dim=0) - z * honest.std(dim=0, correction=0)


alie = Alie


def alie_z(*, num_clients: int, num_attackers: int) -> float:
    """Return how many deviations from the mean still pass for honest.

    ``s = floor(n / 2 + 1) - m`` honest clients are needed for a majority, and
    ``z = Phi^-1((n - m - s) / (n - m))``: s of the n - m honest are farther away.

    Parameters
    ----------
    num_clients, num_attackers
        n and m < n / 2.

    References
    ----------
    Baruch, Baruch and Goldberg 2019 (arXiv:1902.06156), equations 1 and 2.

    Examples
    --------
    >>> round(alie_z(num_clients=50, num_attackers=24), 4)
    1.4261
    """
    n = validate.count("num_clients", num_clients, 3)
    return _z(n, validate.count("num_attackers", num_attackers, 1, (n - 1) // 2))


def _z(n: int, m: int) -> float:
    """Return z, and infinities where nobody or everybody may be nearer."""
    needed = math.floor(n / 2 + 1) - m
    share = (n - m - needed) / (n - m)
    return NormalDist().inv_cdf(share) if 0 < share < 1 else -math.inf
