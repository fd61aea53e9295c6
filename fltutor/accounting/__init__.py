"""How much privacy was spent: Renyi accounting of the Poisson-subsampled Gaussian.

Each round every client takes part independently with probability q (Poisson sampling),
its update has norm at most C, and the server sees the *sum* plus Gaussian noise of
standard deviation z C. Two federations are neighbours when one client is added or
removed. One round has a Renyi divergence at each order; over rounds these add up, and
at the end they become one epsilon for a delta. Epsilon never stands without its delta.
"""

from fltutor.accounting import ranges
from fltutor.accounting.conversion import (
    CONVERSIONS,
    Epsilon,
    epsilon,
    noise_for,
    spent,
)
from fltutor.accounting.gaussian import classic_gaussian_noise, gaussian_epsilon
from fltutor.accounting.renyi import ORDERS, rdp_gaussian

__all__ = [
    "CONVERSIONS",
    "ORDERS",
    "Epsilon",
    "classic_gaussian_noise",
    "epsilon",
    "gaussian_epsilon",
    "noise_for",
    "ranges",
    "rdp_gaussian",
    "spent",
]
