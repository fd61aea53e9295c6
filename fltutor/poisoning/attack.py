"""What all attacks on updates share: who they are, and when they act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from fltutor import validate
from fltutor.updates import Updates
from fltutor.words import _


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A stage in which attackers send something else than they learnt.

    Attackers who are not in a round's cohort do nothing in it. What an algorithm sends
    beside the deltas stays as it was.

    Parameters
    ----------
    attackers
        ids, from 0; an empty list is no attack. One that is no client of the federation
        is refused when the federation is made.
    """

    attackers: Sequence[int]

    name = "attack"

    def __post_init__(self) -> None:
        """Check the ids."""
        ids = ids_of(self.attackers)
        validate.keep(self, attackers=ids)

    def __call__(self, updates: Updates) -> Updates:
        """Replace the attackers' rows [client]."""
        bad = torch.isin(updates.ids, torch.tensor(self.attackers, dtype=torch.int64))
        if not bool(bad.any()):
            return updates
        rows, weights = updates.deltas, updates.weights
        shares = weights[bad] / weights.sum()  # (A,)
        deltas = rows.clone()
        deltas[bad] = self.sends(rows[bad], rows[~bad], shares).to(rows.dtype)
        return replace(updates, deltas=deltas)

    def sends(self, own: Tensor, honest: Tensor, shares: Tensor) -> Tensor:
        """Return what the A attackers of a round send, ``(A, d)`` or ``(d,)`` for all.

        Parameters
        ----------
        own
            what they learnt, ``(A, d)``.
        honest
            the others' rows, ``(H, d)``, maybe none: an attacker who knows everything.
        shares
            the attackers' shares of the weight, ``(A,)``.
        """
        raise NotImplementedError

    def fits(self, plan: Any) -> None:
        """Refuse attackers who are no clients of the federation."""
        known = len(plan.clients)
        strangers = [i for i in self.attackers if i >= known]
        if strangers:
            raise validate.fail(
                _("attackers={ids} in {name}").format(ids=strangers, name=self.name),
                _("ids of clients, 0 to {last}").format(last=known - 1),
                _("Name attackers by their place in the federation's clients."),
            )


def ids_of(attackers: Any) -> tuple[int, ...]:
    """Require ids of attackers, and return them in order, each once."""
    many = validate.entries("attackers", attackers)
    return tuple(sorted({validate.count("attackers", each, 0) for each in many}))
