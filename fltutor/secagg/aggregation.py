"""Secure aggregation as an aggregator: a mean of which only the sum ever shows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fltutor import entropy, validate
from fltutor.aggregators import Aggregator, mean, uniform_mean
from fltutor.promises import Plan
from fltutor.secagg import rounds
from fltutor.secagg.fixed_point import FixedPoint
from fltutor.secagg.messages import check_threshold
from fltutor.words import _


@dataclass(frozen=True, kw_only=True)
class SecureSum:
    """Learn the clients' sum, and from it their mean, and nothing else.

    Every call is a whole round of the protocol, with keys of its own: no mask serves
    twice. The result is that of ``rule`` on the updates, up to rounding: at most
    ``step / 2 * K / sum of (weights / largest weight)``, half a step where all weigh
    the same. It depends on no random number, as all masks cancel exactly.

    A toy, in one process: :mod:`fltutor.secagg.rounds` says what a real one has more.
    The clients' *weights* are not hidden, as the server of a plain federation knows
    them too; a real one adds them up as one more hidden number.

    Attributes
    ----------
    threshold
        t, clients that a round needs, more than half of its cohort. A cohort below it
        is refused, and the run stops: a sum of few says too much about each.
    point
        how numbers are written; one beyond its clip is refused, not cut.
    rule
        ``mean`` (by weights) or ``uniform_mean``. A robust rule compares single
        updates, and there are none to compare.
    draw
        source of keys; change it in lessons only.

    Raises
    ------
    ValueError
        a threshold below 2, or a rule that is no sum.

    References
    ----------
    Bonawitz et al. 2017 (doi:10.1145/3133956.3133982).
    """

    threshold: int
    point: FixedPoint
    rule: Aggregator = mean
    draw: entropy.Draw = entropy.system
    name: str = "secure_sum"
    #: A federation refuses what travels beside the deltas: nothing would hide it.
    protects: str = "single updates from the server"
    #: A rule that compares single updates cannot stand around it.
    hides_rows: bool = True

    def __post_init__(self) -> None:
        """Check the threshold and the rule."""
        validate.count("threshold", self.threshold, low=2)
        if self.rule is mean or self.rule is uniform_mean:
            return
        own = getattr(self.rule, "__name__", validate.shown(self.rule))
        raise validate.fail(
            _("rule={name} under secure aggregation").format(
                name=getattr(self.rule, "name", own)
            ),
            _("{first} or {second}").format(first="mean", second="uniform_mean"),
            _(
                "Choose one of the two protections: a robust rule compares single "
                "updates, and secure aggregation hides them."
            ),
        )

    def fits(self, plan: Plan) -> None:
        """Refuse a federation whose cohorts never fit the threshold."""
        if plan.sampling != "fixed":
            return  # each round has a size of its own, and is looked at when it comes
        cohort = round(plan.rate * len(plan.clients))
        check_threshold(self.threshold, cohort)

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Average ``deltas (K, d)`` by ``weights (K,)``: ``(d,)`` [wire].

        Raises
        ------
        ValueError
            fewer clients than the threshold, or a number beyond the clip.
        """
        validate.matrix("deltas", deltas, weights)
        check_threshold(self.threshold, len(deltas))
        shares = weights.double() / weights.max()  # (K,), in [0, 1]
        if self.rule is uniform_mean:
            shares = torch.ones_like(shares)
        modulus = self.point.modulus(len(deltas))
        values = {
            u: self.point.encode(share * row.double(), modulus)  # (d,)
            for u, (share, row) in enumerate(zip(shares, deltas, strict=True))
        }
        done = rounds.run(
            values, threshold=self.threshold, modulus=modulus, draw=self.draw
        )
        total = self.point.decode(done.total, modulus)  # (d,)
        return (total / shares.sum()).to(deltas.dtype)


def secure_sum(
    *,
    threshold: int,
    bits: int = 16,
    clip: float = 1.0,
    rule: Aggregator = mean,
    draw: entropy.Draw = entropy.system,
) -> SecureSum:
    """Make an aggregator that learns the clients' sum and nothing else.

    Parameters
    ----------
    threshold, rule, draw
        as in :class:`SecureSum`, which says what it does and how exact it is.
    bits, clip
        as in :class:`~fltutor.secagg.fixed_point.FixedPoint`: of one number, the error
        halves with each bit; and the largest absolute value.

    Examples
    --------
    >>> aggregate = secure_sum(threshold=2)
    >>> aggregate(torch.tensor([[0.0], [0.4]]), torch.tensor([1, 3]))
    tensor([0.3000])
    """
    point = FixedPoint(bits=bits, clip=clip)
    return SecureSum(threshold=threshold, point=point, rule=rule, draw=draw)
