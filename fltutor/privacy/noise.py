"""Gaussian noise, where it is added, and the mean whose denominator tells nothing."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from fltutor import accounting, seeds, validate
from fltutor.accounting import Epsilon
from fltutor.aggregators import uniform_mean
from fltutor.promises import Plan, sampling_rate
from fltutor.updates import Updates
from fltutor.words import _

#: Who adds the noise.
PLACEMENTS = ("central", "distributed", "local")
#: What a stage of this package promises, for the message that refuses ``extra``.
PROTECTS = "what one client adds to the sum"


@dataclass(frozen=True, kw_only=True)
class GaussianNoise:
    """A stage that adds Gaussian noise of size z C to the sum of the updates [wire].

    Whoever adds it, its size is a matter of the *sum* over clients:

    * "central": the server adds ``N(0, z^2 C^2)`` once; it sees every update bare. In
      the round's matrix each row carries 1 / K of that one vector.
    * "distributed": each of K clients adds a share ``N(0, z^2 C^2 / K)``. The sum has
      the noise of "central"; a single row has little, so it needs a secure sum. A
      client that drops out after adding its share takes the share with it.
    * "local": each client adds ``N(0, z^2 C^2)`` for itself and trusts nobody; the sum
      has sqrt(K) times the noise. The epsilon is that of one client's own messages,
      sent or not, over all rounds: hiding in a cohort does not count.

    Parameters
    ----------
    max_norm
        C, the norm to which :func:`clip`, right before, cuts each update; above 0.
    multiplier
        z, at least 0. More noise, smaller epsilon, worse model.
    placement
        "central", "distributed" or "local".
    delta
        in (0, 1), for the epsilon in the ledger. Well below 1 / N.
    seed
        of the noise: the stream is named by the round, and by the client where each
        adds its own. Here a run can be repeated; where privacy is meant, noise comes
        from the operating system, for whoever knows the seed can take the noise away.

    Notes
    -----
    Its federation writes epsilon and delta into every record: as
    :func:`fltutor.accounting.spent` for ``sampling="poisson"``, with q = 1 for cohorts
    of fixed size, and infinity, with a warning that says why, where the clip is missing
    or the aggregator does not divide by a fixed number. A round in which nobody takes
    part adds no noise (it changes nothing): a tiny deviation while q N is not tiny. The
    server's step must read nothing of the clients but the noised rows; FedNova's reads
    their numbers of steps, which no noise hides.

    References
    ----------
    McMahan et al. 2018 (arXiv:1710.06963), Algorithm 1; Kairouz et al. 2021
    (arXiv:2102.06387) for distributed noise, which they draw from a discrete Gaussian
    so that it can be added in a ring; here it is continuous.

    Examples
    --------
    >>> gaussian_noise(max_norm=0.5, multiplier=1.0).placement
    'central'
    """

    max_norm: float
    multiplier: float
    placement: str = "central"
    delta: float = 1e-5
    seed: int = 0

    name = "gaussian_noise"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the ranges."""
        advice = _("Use the clip's max_norm.")
        bound = validate.positive("max_norm", self.max_norm, advice)
        validate.one_of("placement", self.placement, PLACEMENTS)
        validate.keep(
            self, max_norm=bound, multiplier=checked_multiplier(self.multiplier)
        )
        validate.keep(
            self, delta=checked_delta(self.delta), seed=validate.seed(self.seed)
        )

    def __call__(self, updates: Updates) -> Updates:
        """Add noise to a round's rows [wire]."""
        noise = noise_rows(
            updates, self.multiplier * self.max_norm, self.placement, self.seed
        )  # (K, d)
        return replace(updates, deltas=updates.deltas + noise)

    def fits(self, plan: Plan) -> None:
        """Warn where the noise proves nothing, and say why."""
        warn_without_promise(self.name, self._why_not(plan))

    def spend(self, rounds: int, plan: Plan) -> Epsilon:
        """Return the epsilon of so many rounds; infinite where nothing is proven."""
        return promised(
            self._why_not(plan),
            self.multiplier,
            self.delta,
            self.placement,
            rounds,
            plan,
        )

    def _why_not(self, plan: Plan) -> str:
        pairs = pairwise((None, *plan.uplink))
        before = next(first for first, second in pairs if second is self)
        if not getattr(before, "bound", math.inf) <= self.max_norm:
            return _(
                "no clip of max_norm <= {max_norm} stands right before it, so one "
                "client's update may be of any size"
            ).format(max_norm=self.max_norm)
        return why_not_mean(plan)


gaussian_noise = GaussianNoise


def noise_rows(updates: Updates, std: float, placement: str, seed: int) -> Tensor:
    """Return the noise of each row, ``(K, d)``; over the sum of all rows it is ``std``.

    Parameters
    ----------
    updates
        a round's matrix, for its shape and for the names of the streams.
    std
        of the sum; with "local" of each row.
    placement, seed
        as of :func:`gaussian_noise`.
    """
    deltas = updates.deltas
    if placement == "central":
        stream = seeds.torch_stream(seed, "noise", updates.round)
        return std / len(deltas) * _normal(deltas[0], stream).expand_as(deltas)
    each = std if placement == "local" else std / math.sqrt(len(deltas))
    named = zip(updates.ids.tolist(), updates.trips.tolist(), strict=True)
    streams = [seeds.torch_stream(seed, "noise", trip, i) for i, trip in named]
    pairs = zip(deltas, streams, strict=True)
    return each * torch.stack([_normal(row, stream) for row, stream in pairs])


def _normal(like: Tensor, stream: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=stream, dtype=like.dtype)


@dataclass(frozen=True, kw_only=True)
class FixedMean:
    """An aggregator that divides the sum by a number fixed beforehand [server].

    ``sum_k delta_k / (q N)``, whoever came. One client then moves it by at most
    C / (q N); a mean over those who came moves in every row when one more comes. The
    weights are checked and then ignored.

    Parameters
    ----------
    expected
        q N, the clients that a round expects: the federation's ``cohort_size``.

    References
    ----------
    McMahan et al. 2018 (arXiv:1710.06963), equation 1 (the estimator f_f), with all
    weights 1.

    Examples
    --------
    >>> fixed_mean(expected=4)(torch.ones(2, 3), torch.ones(2))
    tensor([0.5000, 0.5000, 0.5000])
    """

    expected: float

    name = "fixed_mean"
    protects = PROTECTS
    fixed_weights = True

    def __post_init__(self) -> None:
        """Check the range."""
        advice = _("Pass the federation's cohort_size.")
        validate.keep(
            self, expected=validate.positive("expected", self.expected, advice)
        )

    def __call__(self, deltas: Tensor, weights: Tensor) -> Tensor:
        """Return the sum over ``expected``, ``(d,)`` [server]."""
        validate.matrix("deltas", deltas, weights)
        return deltas.sum(dim=0) / self.expected


fixed_mean = FixedMean


def why_not_mean(plan: Plan) -> str:
    """Say why a mean moves by more than C / (q N); empty if it does not.

    The plain mean of a cohort of fixed size has a fixed denominator too.
    """
    rule = getattr(plan.aggregator, "rule", plan.aggregator)  # under a secure sum
    fixed = getattr(plan.aggregator, "fixed_weights", False) or (
        rule is uniform_mean and plan.sampling == "fixed"
    )
    return (
        ""
        if fixed
        else _(
            "the aggregator does not divide by a fixed number: use "
            "privacy.fixed_mean(expected=cohort_size)"
        )
    )


def warn_without_promise(name: str, reason: str) -> None:
    """Warn that a stage's noise proves nothing; silent without a reason."""
    if reason:
        told = _("{name} proves no epsilon here (the ledger says inf): {reason}.")
        warnings.warn(told.format(name=name, reason=reason), stacklevel=6)


def promised(
    reason: str, z: float, delta: float, placement: str, rounds: int, plan: Plan
) -> Epsilon:
    """Return what so many rounds with multiplier z spend; infinite with a reason."""
    if reason:
        return Epsilon(math.inf, delta, math.nan)
    rate = 1.0 if placement == "local" else sampling_rate(plan)
    return accounting.spent(
        noise_multiplier=z, sampling_rate=rate, rounds=rounds, delta=delta
    )


def checked_multiplier(value: float) -> float:
    """Require a noise multiplier of at least 0."""
    advice = _("Noise of multiplier 1 is the clip's own size; 0 is no noise.")
    return validate.number("multiplier", value, low=0, advice=advice)


def checked_delta(value: float) -> float:
    """Require a delta in (0, 1)."""
    return accounting.ranges.delta(value)
