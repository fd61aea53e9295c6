"""The runs behind the leaderboard roulette: how each was made, and the saved results.

``roulette.json`` holds every result, so that a spin needs no training;
``python workshop/roulette_runs.py`` makes it again, a test repeats some of its runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fltutor import algorithms, datasets, evaluation, models, splitters
from fltutor.clients import LocalTraining
from fltutor.federation import Federation
from fltutor.task import Task

Floats = npt.NDArray[np.float64]
Setting = Mapping[str, float]

FILE = Path(__file__).with_name("roulette.json")
SEEDS = 24
ROUNDS = 15
#: What stands in a row of results, all measured after the last round.
COLUMNS = ("validation", "everyone", "own", "worst")
_LRS = (0.1, 0.01, 0.02, 0.03, 0.05, 0.2, 0.3, 0.5, 0.7)


def _grid(name: str, first: float, *others: float) -> tuple[Setting, ...]:
    """Return nine settings, the one that everybody tries first at the front."""
    return tuple(
        {"lr": lr, name: value} for value in (first, *others) for lr in (0.1, 0.03, 0.3)
    )


#: Each method's nine settings; the first is the usual one.
GRIDS: dict[str, tuple[Setting, ...]] = {
    "FedAvg": tuple({"lr": lr} for lr in _LRS),
    "FedProx": _grid("mu", 0.01, 0.1, 1.0),
    "SCAFFOLD": tuple({"lr": lr} for lr in _LRS),
    "FedNova": tuple({"lr": lr} for lr in _LRS),
    "FedAdam": _grid("server_lr", 0.1, 0.03, 0.01),
}


@dataclass(frozen=True, eq=False)
class Runs:
    """Every saved result.

    Attributes
    ----------
    names
        the M methods.
    settings
        the T settings of each method, the usual one first.
    results
        ``(M, T, seeds, 4)``, accuracies in [0, 1] in the order of ``COLUMNS``.
    """

    names: tuple[str, ...]
    settings: tuple[tuple[Setting, ...], ...]
    results: Floats


def measure(method: str, setting: Setting, seed: int) -> tuple[float, ...]:
    """Train once and measure: the values of ``COLUMNS``, four digits each.

    The seed decides the split, what is held out, the start, cohorts and batches, the
    same for every method and setting. Needs float64.
    """
    data = datasets.digits()
    clients = splitters.dirichlet(
        data.train, num_clients=10, alpha=0.1, min_size=20, seed=seed
    )
    rest, own = evaluation.hold_out(clients, 0.25, seed=seed)
    train, valid = evaluation.hold_out(rest, 0.25, seed=seed + 1000)
    task = Task(models.mlp(64, 32, 10), seed=seed)
    knobs = {name: value for name, value in setting.items() if name != "lr"}
    local = LocalTraining(epochs=2, batch_size=16, lr=setting["lr"])
    federation = Federation(
        task, train, _algorithm(method, knobs), local, cohort_size=3, seed=seed
    )
    params = evaluation.train(federation, ROUNDS).params
    found = evaluation.scores(task, params, test=data.test, own=own)
    chosen_on = task.evaluate(params, evaluation.pool(valid))["accuracy"]
    values = (chosen_on, found.everyone, found.mean, found.worst)
    return tuple(round(value, 4) for value in values)


def _algorithm(method: str, knobs: Mapping[str, float]) -> algorithms.FedAvg:
    classes: dict[str, Any] = {"SCAFFOLD": algorithms.Scaffold}
    made = classes.get(method) or getattr(algorithms, method)
    built: algorithms.FedAvg = made(**knobs)
    return built


@lru_cache(maxsize=1)
def load() -> Runs:
    """Read the saved results."""
    saved = json.loads(FILE.read_text(encoding="utf-8"))
    names = tuple(saved)
    tries = tuple(tuple(row["setting"] for row in saved[name]) for name in names)
    results = [[row["results"] for row in saved[name]] for name in names]
    return Runs(names, tries, np.array(results))


def to_json(results: Mapping[str, Sequence[Sequence[Sequence[float]]]]) -> str:
    """Write results, method -> (T, seeds, 4), one setting a line."""
    blocks = []
    for name, rows in results.items():
        lines = [
            json.dumps({"setting": dict(setting), "results": row})
            for setting, row in zip(GRIDS[name], rows, strict=True)
        ]
        blocks.append(f"{json.dumps(name)}: [\n" + ",\n".join(lines) + "\n]")
    return "{" + ",\n".join(blocks) + "}\n"
