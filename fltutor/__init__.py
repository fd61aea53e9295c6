"""Federated learning from scratch: clients, aggregators and data splitters.

One idea runs through the library. A model is a vector, a round is a matrix: the
updates of one round are a ``(K, d)`` matrix whose rows are clients, and every topic
of the course is one more thing to do to that matrix.

Submodules and names load on first use, so ``import fltutor`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_SUBMODULES = (
    "accounting",
    "aggregators",
    "algorithms",
    "attestation",
    "catalogue",
    "checks",
    "clients",
    "datasets",
    "directions",
    "engines",
    "entropy",
    "evaluation",
    "federation",
    "history",
    "inversion",
    "lab",
    "lesson",
    "membership",
    "models",
    "paillier",
    "palette",
    "plots",
    "poisoning",
    "privacy",
    "promises",
    "robust",
    "rounds",
    "rows",
    "secagg",
    "seeds",
    "signatures",
    "splitters",
    "stages",
    "systems",
    "task",
    "toys",
    "updates",
    "validate",
    "vectors",
    "widgets",
    "words",
)

_NAMES = {
    "Client": "clients",
    "Dataset": "datasets",
    "FedAdagrad": "algorithms",
    "FedAdam": "algorithms",
    "FedAvg": "algorithms",
    "FedAvgM": "algorithms",
    "FedDyn": "algorithms",
    "FedNova": "algorithms",
    "FedProx": "algorithms",
    "FedYogi": "algorithms",
    "Federation": "federation",
    "History": "history",
    "Layout": "vectors",
    "LocalTraining": "clients",
    "Record": "history",
    "Scaffold": "algorithms",
    "Split": "datasets",
    "State": "updates",
    "Task": "task",
    "Updates": "updates",
    "batch_plan": "clients",
    "check": "checks",
    "hint": "checks",
}

__all__ = sorted({"__version__", *_SUBMODULES, *_NAMES})


def __getattr__(name: str) -> Any:
    """Load a submodule, or the module that holds a public name, on first use."""
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in _NAMES:
        value = getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
