"""What lesson 06 defines, and what it became in the library."""

from __future__ import annotations

from typing import Any

import numpy as np
from lesson_support import Row, small_task
from scipy import stats

import fltutor as ft
from fltutor.course.lesson_06 import roulette_runs

#: The level whose expanded tails are the plain rule's 0.025, for eight values.
LEVEL = 1 - 2 * stats.t.cdf(np.sqrt(7 / 8) * stats.norm.ppf(0.025), 7)


def pairs_and_picks() -> tuple[Any, ...]:
    a = np.array([0.60, 0.75, 0.82, 0.55, 0.70, 0.66, 0.58, 0.71])
    gains = np.array([0.02, -0.01, 0.05, 0.03, 0.04, -0.02, 0.01, 0.06])
    picks = ft.seeds.stream(0, "bootstrap").integers(8, size=(10_000, 8))
    return a, a + gains, picks


def library_interval(a: Any, b: Any, picks: Any) -> list[float]:
    found = ft.evaluation.bootstrap(b - a, level=LEVEL)
    return [found.low, found.high]


def library_run(seed: int, algorithm: ft.FedAvg, lr: float) -> float:
    everyone: float = roulette_runs.measure("FedAvg", {"lr": lr}, seed)[1]
    return everyone


def a_model_and_data() -> tuple[Any, ...]:
    return small_task().init(), ft.datasets.digits().test


RUN_06 = ("digits", "parts", "federation", "accuracy")

ROWS = [
    Row("paired_bootstrap", ("interval-code",), library_interval, pairs_and_picks),
    Row("accuracy_on", (*RUN_06[:3], "everyone"),
        lambda model, data: small_task().evaluate(model, data)["accuracy"],
        a_model_and_data),
    Row("accuracy", RUN_06, library_run, lambda: (5, ft.FedAvg(), 0.1),
        tolerance=1e-4),  # the saved runs have four digits
]  # fmt: skip
