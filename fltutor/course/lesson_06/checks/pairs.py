"""Exercise 06.paired_bootstrap: an interval for paired seeds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fltutor.checks.old import Check, Mistake, example

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


_A = np.array([0.60, 0.75, 0.82, 0.55, 0.70])
_B = np.array([0.66, 0.76, 0.87, 0.64, 0.68])
_PICKS = np.random.default_rng(6).integers(5, size=(200, 5))


def _quantiles(means: Floats, tail: float = 0.025) -> Floats:
    return np.quantile(means, [tail, 1 - tail])


def _paired(a: Floats, b: Floats, picks: Ints) -> Floats:
    return _quantiles((b - a)[picks].mean(axis=1))


def _apart(a: Floats, b: Floats, picks: Ints) -> Floats:
    return _quantiles(b[picks].mean(axis=1) - a[picks[::-1]].mean(axis=1))


def _standard_error(a: Floats, b: Floats, picks: Ints) -> Floats:
    gains = b - a
    half = 1.96 * gains.std(ddof=1) / np.sqrt(len(gains))
    return np.array([gains.mean() - half, gains.mean() + half])


def _spread_of_means(a: Floats, b: Floats, picks: Ints) -> Floats:
    means = (b - a)[picks].mean(axis=1)
    return np.array([means.mean() - means.std(), means.mean() + means.std()])


PAIRED_BOOTSTRAP = Check(
    id="06.paired_bootstrap",
    title="An interval for paired seeds",
    signature="paired_bootstrap(a, b, picks) -> (low, high)",
    cases=(
        example(
            "the same gain under every seed: nothing to doubt",
            {"a": _A, "b": _A + 0.03, "picks": _PICKS},
            (0.03, 0.03),
        ),
        example(
            "three draws by hand",
            {
                "a": np.array([0.0, 0.0]),
                "b": np.array([0.2, 0.6]),
                "picks": np.array([[0, 0], [0, 1], [1, 1]]),
            },
            (0.21, 0.59),
        ),
        example(
            "five seeds, two hundred draws",
            {"a": _A, "b": _B, "picks": _PICKS},
            tuple(_paired(_A, _B, _PICKS)),
        ),
    ),
    mistakes=(
        Mistake(
            "Each method resampled for itself",
            _apart,
            "Seeds are drawn for a and for b separately, so the pairs are torn apart "
            "and the luck of the split no longer cancels. Subtract first: b - a.",
        ),
        Mistake(
            "A minus B",
            lambda a, b, picks: _paired(b, a, picks),
            "The sign is reversed: positive should mean that b is better, b - a.",
        ),
        Mistake(
            "Ninety percent",
            lambda a, b, picks: _quantiles((b - a)[picks].mean(axis=1), 0.05),
            "This cuts off 5 % at each end, which leaves 90 %. For 95 % it is 2.5 % at "
            "each end: quantiles 0.025 and 0.975.",
        ),
        Mistake(
            "Quantiles of single gains",
            lambda a, b, picks: _quantiles((b - a)[picks].ravel()),
            "These are quantiles of single gains: how much one seed may differ. The "
            "question is the mean: take .mean(axis=1) of every draw first.",
        ),
        Mistake(
            "The mean over the draws",
            lambda a, b, picks: _quantiles((b - a)[picks].mean(axis=0)),
            "This averages over the draws (axis 0) and leaves one number a place. "
            "Each draw is a row: its mean is over axis 1.",
        ),
        Mistake(
            "Standard errors",
            _standard_error,
            "This is mean +- 1.96 standard errors, which assumes a bell curve and "
            "does not use `picks` at all. Resample, and take quantiles of the means.",
        ),
        Mistake(
            "Plus and minus one standard deviation",
            _spread_of_means,
            "One standard deviation to either side covers about two thirds of the "
            "means. Take their quantiles 0.025 and 0.975.",
        ),
        Mistake(
            "Lowest and highest",
            lambda a, b, picks: np.array(
                [
                    (b - a)[picks].mean(axis=1).min(),
                    (b - a)[picks].mean(axis=1).max(),
                ]
            ),
            "The lowest and the highest mean grow apart the more you draw. Take the "
            "quantiles 0.025 and 0.975.",
        ),
    ),
    hints=(
        "What must happen before anything is drawn, so that the seeds stay paired?",
        "Gains (R,), then gains[picks] is (draws, R): one mean a row, then two "
        "quantiles of those means.",
        "means = (b - a)[picks].mean(axis=1); "
        "return np.quantile(means, [0.025, 0.975]).",
    ),
)
