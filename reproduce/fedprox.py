"""FedProx on synthetic(1, 1): kept partial work against dropping it.

Li et al. 2020 (arXiv:1812.06127), section 5.2 and figure 1: 30 devices, 10 a round,
batch 10, 20 local epochs, lr 0.01, mu 1; stragglers are 0, 50 or 90 % of a round's
devices and reach a random number of epochs. FedAvg drops them, FedProx keeps what
they have. The paper draws figures; its text says that with 90 % stragglers FedProx
gains 22 points of test accuracy on average over five data sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

import fltutor as ft
from reproduce.common import Row, spread

METHODS = {
    "FedAvg, stragglers dropped": (ft.FedAvg(), False),
    "FedAvg, partial work kept (FedProx with mu 0)": (ft.FedProx(mu=0.0), True),
    "FedProx mu 1, partial work kept": (ft.FedProx(mu=1.0), True),
}
DROPPED = "FedAvg, stragglers dropped"


def final_accuracy(
    algorithm: ft.FedAvg, keep: bool, fraction: float, seed: int, rounds: int
) -> float:
    """Return the mean test accuracy of the last ten rounds, in points."""
    data = ft.datasets.synthetic(alpha=1.0, beta=1.0, seed=seed)
    federation = ft.Federation(
        ft.Task(ft.models.linear(60, 10), seed=seed),
        ft.splitters.by_group(data.train),
        algorithm,
        ft.LocalTraining(epochs=20, batch_size=10, lr=0.01),
        cohort_size=10,
        seed=seed,
    )
    slow = ft.systems.stragglers(federation, fraction=fraction, keep=keep)
    history = slow.run(rounds=rounds, test=data.test, progress=False)
    return 100 * float(np.mean(history["accuracy"][-10:]))


def rows(
    *,
    rounds: int = 100,
    seeds: Sequence[int] = range(5),
    fractions: Sequence[float] = (0.0, 0.5, 0.9),
) -> Iterator[Row]:
    """Yield accuracies, and the gain over FedAvg, paired by generator seed."""
    for fraction in fractions:
        scores = {
            name: [final_accuracy(a, keep, fraction, s, rounds) for s in seeds]
            for name, (a, keep) in METHODS.items()
        }
        share = f"synthetic(1, 1), {fraction:.0%} stragglers"
        for name, values in scores.items():
            yield Row(
                result=f"{share}: {name}, accuracy in points after {rounds} rounds",
                paper="figure only",
                here=spread(values),
            )
        kept = np.array(scores["FedProx mu 1, partial work kept"])
        gain = kept - np.array(scores[DROPPED])
        yield Row(
            result=f"{share}: FedProx minus FedAvg, points",
            paper="+22, mean of five data sets" if fraction == 0.9 else "figure only",
            here=f"{spread(list(gain))}, {int((gain > 0).sum())} of {len(gain)} seeds",
        )
