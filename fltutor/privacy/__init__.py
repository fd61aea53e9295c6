"""Differential privacy for whole clients: clip, noise, account, and audit the claim.

    noise = privacy.gaussian_noise(max_norm=1.0, multiplier=1.0)
    Federation(..., cohort_size=20, sampling="poisson",
               uplink=(privacy.clip(max_norm=1.0), noise),
               aggregator=privacy.fixed_mean(expected=20))

The protected unit is one client: two federations are neighbours when one client is
added or removed (its update is in the sum or not). Clipping bounds by how much that
moves the sum, noise hides it, a fixed denominator keeps the count out, and
:mod:`fltutor.accounting` says how much is left to see.
"""

from fltutor.privacy.auditing import Audit, audit, lower_bound, p_value
from fltutor.privacy.clipping import (
    AdaptiveClip,
    Clip,
    adapted,
    adaptive_clip,
    clip,
    clipped_share,
    noise_beside_bits,
)
from fltutor.privacy.noise import (
    PLACEMENTS,
    FixedMean,
    GaussianNoise,
    fixed_mean,
    gaussian_noise,
)
from fltutor.rows import clipped

__all__ = [
    "PLACEMENTS",
    "AdaptiveClip",
    "Audit",
    "Clip",
    "FixedMean",
    "GaussianNoise",
    "adapted",
    "adaptive_clip",
    "audit",
    "clip",
    "clipped",
    "clipped_share",
    "fixed_mean",
    "gaussian_noise",
    "lower_bound",
    "noise_beside_bits",
    "p_value",
]
