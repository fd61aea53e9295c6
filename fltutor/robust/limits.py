"""What every robust rule promises, and how many bad rows it can bear."""

from __future__ import annotations

import warnings
from typing import Any

from fltutor import validate
from fltutor.words import _

#: For the message that refuses what travels beside the deltas.
PROTECTS = "the model from single rows, and looks at deltas only"


def majority(name: str, num_byzantine: int, k: int) -> None:
    """Refuse f of K rows where the bad ones are no minority."""
    if 2 * num_byzantine >= k:
        raise validate.fail(
            _("num_byzantine={f} for {k} updates").format(f=num_byzantine, k=k),
            _("more than {least} updates for {name}, so that most are honest").format(
                least=2 * num_byzantine, name=name
            ),
            _("Lower num_byzantine, or sample more clients."),
        )


def sees_rows(name: str, inner: Any) -> None:
    """Refuse an inner rule that is there to hide the rows (``hides_rows``)."""
    if getattr(inner, "hides_rows", False):
        raise validate.fail(
            _("inner={inner} for {name}").format(
                inner=getattr(inner, "name", type(inner).__name__), name=name
            ),
            _("a rule that sees single updates"),
            _(
                "Choose one of the two protections: {name} compares single updates, "
                "and secure aggregation hides them."
            ).format(name=name),
        )


def krums(name: str, num_byzantine: int, k: int) -> None:
    """Refuse f of K rows without a majority, and warn where Krum's proof ends.

    Blanchard 2017 proves it for ``2 f + 2 < K``.
    """
    need = 2 * num_byzantine + 2
    if 2 * num_byzantine >= k:
        raise validate.fail(
            _("num_byzantine={f} for {k} updates").format(f=num_byzantine, k=k),
            _("2 num_byzantine + 2 < updates, {need} < {k}, for {name}").format(
                need=need, k=k, name=name
            ),
            _("Lower num_byzantine, or sample more clients."),
        )
    if need >= k and num_byzantine > 0:
        told = _(
            "{name} with num_byzantine={f} of {k} updates: its guarantee needs "
            "2 num_byzantine + 2 < updates. It is computed with one neighbour at least."
        )
        message = told.format(name=name, f=num_byzantine, k=k)
        warnings.warn(message, stacklevel=4)


def expected(plan: Any) -> int:
    """Return how many updates a federation's round expects."""
    return round(float(plan.rate) * len(plan.clients))
