"""What stages and aggregators promise about a whole federation, and what that costs.

A part of the uplink, or an aggregator, may have either or both of

* ``fits(plan)``, asked once when a federation is made: it raises where it does not fit
  (an attacker whom nobody knows), and warns where it fits but keeps no promise;
* ``spend(rounds, plan)``, asked after every round: the epsilon, with its delta, that
  so many rounds have spent. The ledger writes both down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from fltutor.accounting import Epsilon


class Plan(Protocol):
    """What a part may ask of the federation that it stands in."""

    @property
    def clients(self) -> Sequence[Any]:
        """Return all N."""
        ...

    @property
    def sampling(self) -> str:
        """Return "fixed" or "poisson"."""
        ...

    @property
    def rate(self) -> float:
        """Return q, the share of the clients that a round expects."""
        ...

    @property
    def uplink(self) -> Sequence[Any]:
        """Return the stages in their order."""
        ...

    @property
    def aggregator(self) -> Any:
        """Return what makes one vector of a round's matrix."""
        ...


def fit(plan: Plan) -> None:
    """Ask every part whether it fits the federation.

    Raises
    ------
    ValueError
        a part that does not.
    """
    for check in _asked(plan, "fits"):
        check(plan)


def spent(plan: Plan, rounds: int) -> dict[str, float]:
    """Return "epsilon" and "delta" after so many rounds; nothing where nobody accounts.

    Where several parts account, each one's promise holds: the smallest epsilon counts.
    """
    bounds: list[Epsilon] = [spend(rounds, plan) for spend in _asked(plan, "spend")]
    if not bounds:
        return {}
    best = min(bounds)
    return {"epsilon": float(best), "delta": best.delta}


def sampling_rate(plan: Plan) -> float:
    """Return the rate with which a cohort hides its members from an accountant.

    Only Poisson sampling amplifies privacy here. A cohort of fixed size hides its
    members too, but not as the accountant assumes, so it counts as 1: always safe.
    """
    return plan.rate if plan.sampling == "poisson" else 1.0


def _asked(plan: Plan, question: str) -> Iterator[Any]:
    for part in (*plan.uplink, plan.aggregator):
        method = getattr(part, question, None)
        if callable(method) and not isinstance(part, type):
            yield method
