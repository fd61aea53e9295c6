"""How near a reconstruction is to the truth."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fltutor import validate
from fltutor.words import _


def mse(first: Tensor, second: Tensor) -> Tensor:
    """Return the mean squared error of each example: ``(B, ...) -> (B,)``."""
    if first.shape != second.shape:
        raise validate.fail(
            _("shapes {first} and {second}").format(
                first=tuple(first.shape), second=tuple(second.shape)
            ),
            _("equal shapes (B, ...)"),
            _("Compare one reconstruction for each example."),
        )
    return (first.double() - second.double()).square().flatten(1).mean(dim=1)


def psnr(first: Tensor, second: Tensor, *, peak: float = 1.0) -> Tensor:
    """Return the peak signal-to-noise ratio of each example in dB: ``(B,)``.

    ``10 log10(peak^2 / mse)``: 20 dB is a blurred picture, above 30 dB few would see a
    difference, equal pictures have infinity.

    Parameters
    ----------
    first, second
        ``(B, ...)``.
    peak
        the range of a pixel.

    Examples
    --------
    >>> psnr(torch.zeros(1, 4), torch.full((1, 4), 0.1))
    tensor([20.0000], dtype=torch.float64)
    """
    validate.positive("peak", peak)
    error = mse(first, second)
    return 20 * math.log10(peak) - 10 * error.log10()


def match(reconstructed: Tensor, originals: Tensor) -> Tensor:
    """Return which reconstruction belongs to which original: order ``(B,)``.

    A gradient does not say in which order its examples stood. The order is the one with
    the smallest total error, so ``reconstructed[order]`` stands beside ``originals``.

    Parameters
    ----------
    reconstructed
        ``(R, ...)``, R >= B.
    originals
        ``(B, ...)``.
    """
    from scipy.optimize import (  # type: ignore[import-untyped]  # ships no types
        linear_sum_assignment,
    )

    _rows, order = linear_sum_assignment(_errors(originals, reconstructed).numpy())
    return torch.from_numpy(order)


def found(candidates: Tensor, originals: Tensor, *, tolerance: float = 1e-8) -> Tensor:
    """Tell which originals stand among the candidates: bool ``(B,)``.

    Parameters
    ----------
    candidates
        ``(R, ...)``, as :func:`~fltutor.inversion.exact.dense_inputs` gives them; none
        at all will do.
    originals
        ``(B, ...)``.
    tolerance
        the mean squared error up to which one counts as found.
    """
    if len(candidates) == 0:
        return torch.zeros(len(originals), dtype=torch.bool)
    return _errors(originals, candidates).min(dim=1).values <= tolerance


def _errors(originals: Tensor, candidates: Tensor) -> Tensor:
    """Return the mean squared error of every pair: ``(B, R)``, without cancellation."""
    pairs = originals.double().flatten(1)[:, None] - candidates.double().flatten(1)
    return pairs.square().mean(dim=2)  # (B, R, pixels) -> (B, R)
