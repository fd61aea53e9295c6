"""What a score is worth: true against false accusations at every threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fltutor import validate
from fltutor.words import _


@dataclass(frozen=True, kw_only=True, eq=False)
class Roc:
    """What a score is worth at every threshold, from the strictest to the laxest.

    Attributes
    ----------
    false_positives, true_positives
        shares ``(T,)`` in [0, 1], of those wrongly accused and of members named; from
        (0, 0) to (1, 1).
    thresholds
        ``(T,)``: whoever scores at least so much is called a member; the first is
        infinite.
    """

    false_positives: Tensor
    true_positives: Tensor
    thresholds: Tensor

    @property
    def auc(self) -> float:
        """Return the area under the curve: 0.5 is a coin, 1 is certainty.

        The chance that a member scores higher than somebody who is none, ties half.
        """
        return float(torch.trapezoid(self.true_positives, self.false_positives))

    def tpr_at(self, false_positives: float) -> float:
        """Return the share of members named while at most so many are wrongly accused.

        No threshold between two of the curve is invented: with fewer than ``1 /
        false_positives`` people who are no members, none of them may be accused.

        Parameters
        ----------
        false_positives
            the largest share allowed, 0.01 or 0.001, in [0, 1].
        """
        validate.number("false_positives", false_positives, low=0, high=1)
        allowed = self.false_positives <= false_positives
        return float(self.true_positives[allowed].max())

    def summary(self) -> Mapping[str, float]:
        """Return the three numbers that are worth reporting, by name."""
        return {
            "auc": self.auc,
            "tpr at 1 % fpr": self.tpr_at(0.01),
            "tpr at 0.1 % fpr": self.tpr_at(0.001),
        }


def roc(scores: Tensor, members: Tensor) -> Roc:
    """Compare scores with the truth at every threshold.

    Parameters
    ----------
    scores
        ``(n,)``, higher for "member"; no threshold tells equal ones apart.
    members
        bool ``(n,)``, both kinds present.

    Examples
    --------
    >>> truth = torch.tensor([True, True, False, False])
    >>> roc(torch.tensor([0.9, 0.4, 0.5, 0.1]), truth).auc
    0.75
    """
    validate.same_length(scores=len(scores), members=len(members))
    if bool(scores.isnan().any()):
        raise validate.fail(
            _("{n} scores that are NaN").format(n=int(scores.isnan().sum())),
            _("numbers, infinite ones too"),
            _("Look for a model that diverged."),
        )
    truth = members.bool()
    _both_kinds(truth)
    order = scores.argsort(descending=True)
    ranked = scores[order].double()  # (n,)
    last = torch.cat([ranked[1:] != ranked[:-1], torch.ones(1) > 0])  # of its ties
    right = truth[order].cumsum(dim=0)[last] / truth.sum()  # (T,)
    wrong = (~truth)[order].cumsum(dim=0)[last] / (~truth).sum()  # (T,)
    zero = torch.zeros(1, dtype=torch.float64)
    return Roc(
        false_positives=torch.cat([zero, wrong.double()]),
        true_positives=torch.cat([zero, right.double()]),
        thresholds=torch.cat([zero + math.inf, ranked[last]]),
    )


def _both_kinds(truth: Tensor) -> None:
    yes, no = int(truth.sum()), int((~truth).sum())
    if not yes or not no:
        raise validate.fail(
            _("{yes} members and {no} others").format(yes=yes, no=no),
            _("at least one of each"),
            _("Add examples that the model has not seen, or that it has."),
        )
