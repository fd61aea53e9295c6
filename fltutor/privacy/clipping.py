"""Clipping: nobody adds more than C, and C may follow the clients' own norms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fltutor import seeds, validate
from fltutor.accounting import Epsilon
from fltutor.privacy.noise import (
    PLACEMENTS,
    PROTECTS,
    checked_delta,
    checked_multiplier,
    noise_rows,
    promised,
    warn_without_promise,
    why_not_mean,
)
from fltutor.promises import Plan
from fltutor.rows import clipped, norms
from fltutor.updates import State, Updates
from fltutor.words import _


def clipped_share(deltas: Tensor, max_norm: float) -> float:
    """Return the share of rows longer than C, in [0, 1]. At 0, C does nothing."""
    return float((norms(deltas) > max_norm).double().mean())


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A stage that shortens each client's update to a norm of at most C [client].

    The whole update is clipped, once, at the client, before anything is summed:
    clipping the mean afterwards bounds nobody.

    Parameters
    ----------
    max_norm
        C > 0. Small C, little noise and little signal; a C that clips nobody
        (:func:`clipped_share` of 0) bounds nothing that noise of a usual size hides.

    References
    ----------
    McMahan et al. 2018 (arXiv:1710.06963), Algorithm 1, FlatClip.
    """

    max_norm: float

    name = "clip"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the range."""
        advice = _("Start near the median norm of the updates.")
        validate.keep(
            self, max_norm=validate.positive("max_norm", self.max_norm, advice)
        )

    @property
    def bound(self) -> float:
        """Return the norm that no row exceeds behind this stage."""
        return self.max_norm

    def __call__(self, updates: Updates) -> Updates:
        """Shorten a round's rows [client]."""
        return replace(updates, deltas=clipped(updates.deltas, self.max_norm))


clip = Clip


@dataclass(frozen=True, kw_only=True)
class AdaptiveClip:
    """A stage whose C moves towards a quantile of the clients' norms [wire].

    Each client sends, beside its clipped update, one bit: 1 if its norm was at most C,
    so that it was *not* clipped. With b, the noised mean of the bits,

        C <- C exp(-lr (b - quantile))

    and C grows while fewer than the wanted share pass unclipped. It clips and adds
    noise in one, since the noise has to follow C.

    Parameters
    ----------
    quantile
        gamma in [0, 1], the share that shall pass unclipped; 0.5 aims at the median
        norm.
    start
        the first C, above 0.
    lr
        eta, above 0: with 0.2 C moves by at most a fifth a round, about.
    multiplier
        z of updates and bits together, which the accountant counts; 0 adds no noise at
        all. The updates' noise is a little more than z C, :func:`noise_beside_bits`.
    bits_noise
        sigma_b, of the *sum* of the bits, above z / 2; None takes a twentieth of
        ``expected``, and z where that is less.
    expected
        q N, by which the bits' sum is divided. None divides by those who came, which is
        right for cohorts of fixed size only.
    placement
        "central" or "distributed", as of :func:`gaussian_noise`.
    delta, seed
        as of :func:`gaussian_noise`.

    References
    ----------
    Andrew et al. 2021 (arXiv:1905.03871), Algorithm 1; theorem 1 for the two noises.
    Deviation: the paper takes sigma_b = m / 20 always, which for small cohorts would
    leave no noise for the updates.
    """

    quantile: float = 0.5
    start: float = 0.1
    lr: float = 0.2
    multiplier: float = 0.0
    bits_noise: float | None = None
    expected: float | None = None
    placement: str = "central"
    delta: float = 1e-5
    seed: int = 0

    name = "adaptive_clip"
    protects = PROTECTS

    def __post_init__(self) -> None:
        """Check the ranges."""
        validate.one_of("placement", self.placement, PLACEMENTS[:2])
        validate.keep(
            self, quantile=validate.number("quantile", self.quantile, low=0, high=1)
        )
        validate.keep(self, start=validate.positive("start", self.start))
        validate.keep(
            self, lr=validate.positive("lr", self.lr, _("0.2 is the paper's."))
        )
        validate.keep(self, multiplier=checked_multiplier(self.multiplier))
        if self.expected is not None:
            validate.keep(self, expected=validate.positive("expected", self.expected))
        if self.bits_noise is not None:
            noise_beside_bits(multiplier=self.multiplier, bits_noise=self.bits_noise)
        validate.keep(
            self, delta=checked_delta(self.delta), seed=validate.seed(self.seed)
        )

    def init(self, params: Tensor, num_clients: int) -> Mapping[str, Tensor]:
        """Remember C: "max_norm", one number of the server's."""
        return {"max_norm": params.new_tensor([self.start])}

    def __call__(self, updates: Updates, state: State) -> tuple[Updates, State]:
        """Clip, add noise, and move C after the share that was not clipped [wire]."""
        old = state.server["max_norm"]  # (1,)
        max_norm = float(old)
        below = (norms(updates.deltas) <= max_norm).double()  # (K,)
        deltas = clipped(updates.deltas, max_norm)
        expected = self.expected or len(updates)
        bits_noise = self._bits_noise(expected)
        if self.multiplier > 0:
            z = noise_beside_bits(multiplier=self.multiplier, bits_noise=bits_noise)
            deltas = deltas + noise_rows(
                updates, z * max_norm, self.placement, self.seed
            )
        draw = seeds.stream(self.seed, "bits", updates.round).normal()
        # bits count as -1/2 or 1/2, so that one client moves their sum by 1/2 only
        share = 0.5 + (float((below - 0.5).sum()) + bits_noise * draw) / expected
        new = adapted(max_norm, share, quantile=self.quantile, lr=self.lr)
        server = {**state.server, "max_norm": torch.full_like(old, new)}
        return replace(updates, deltas=deltas), replace(state, server=server)

    def fits(self, plan: Plan) -> None:
        """Warn where the noise proves nothing, and say why."""
        if self.multiplier > 0:
            warn_without_promise(self.name, self._why_not(plan))

    def spend(self, rounds: int, plan: Plan) -> Epsilon:
        """Return the epsilon of so many rounds, the bits' share of it included."""
        return promised(
            self._why_not(plan),
            self.multiplier,
            self.delta,
            self.placement,
            rounds,
            plan,
        )

    def _bits_noise(self, expected: float) -> float:
        if self.multiplier == 0:
            return 0.0
        if self.bits_noise is not None:
            return self.bits_noise
        return max(expected / 20, self.multiplier)

    def _why_not(self, plan: Plan) -> str:
        if self.expected is None and plan.sampling == "poisson":
            return _(
                "the bits' mean divides by the number who came: pass "
                "expected=cohort_size"
            )
        return why_not_mean(plan)


adaptive_clip = AdaptiveClip


def adapted(max_norm: float, below: float, *, quantile: float, lr: float) -> float:
    """Return the next C: ``C exp(-lr (below - quantile))``.

    Parameters
    ----------
    max_norm
        C.
    below
        the share of clients whose norm was at most C, in [0, 1] before noise.
    quantile, lr
        as of :func:`adaptive_clip`.

    Examples
    --------
    >>> round(adapted(3.0, 0.5, quantile=0.2, lr=0.2), 9)
    2.825293601
    """
    return max_norm * math.exp(-lr * (below - quantile))


def noise_beside_bits(*, multiplier: float, bits_noise: float) -> float:
    """Return the updates' own multiplier where the bits are noised too.

    ``(z^-2 - (2 sigma_b)^-2)^(-1/2)``: both together then cost what z costs.

    Parameters
    ----------
    multiplier
        z, of both together; at least 0.
    bits_noise
        sigma_b, above z / 2. Much noise on the bits, little more on the updates.

    Examples
    --------
    >>> round(noise_beside_bits(multiplier=1.0, bits_noise=5.0), 9)
    1.005037815
    """
    z = validate.number("multiplier", multiplier, low=0)
    advice = _("A twentieth of the cohort is usual; never less than the multiplier.")
    sigma = validate.number("bits_noise", bits_noise, above=z / 2, advice=advice)
    return z / math.sqrt(1 - (z / (2 * sigma)) ** 2)
