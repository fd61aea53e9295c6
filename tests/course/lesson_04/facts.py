"""What lesson 04 defines, and what it became in the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lesson_support import Row

import fltutor as ft


def mixes() -> tuple[Any, ...]:
    counts = counts_of_04(ft.splitters.dirichlet, alpha=0.3)  # zeros included
    return counts / counts.sum(axis=1, keepdims=True), counts.sum(0) / counts.sum()


def counts_of_04(split: Callable[..., Any], **options: Any) -> Any:
    train = ft.datasets.digits().train
    return ft.splitters.label_counts(split(train, num_clients=20, seed=0, **options))


def table_of_04(name: str, *options: Any) -> Callable[..., Any]:
    """Return what runs a lesson's splitter on the library's own stream."""

    def run(made: dict[str, Any]) -> Callable[..., Any]:
        labels = ft.datasets.digits().train.y.numpy()
        draw = ft.seeds.stream(0, "split", name)
        first = len(labels) if name == "quantity" else labels
        owner = made[name](first, 20, *options, draw)
        return lambda: made["table"](owner, labels)

    return run


ROWS = [
    Row("total_variation", ("total-variation",),
        ft.splitters.measures.METRICS["tv"], mixes),
    Row("earth_mover", ("earth-mover",),
        ft.splitters.measures.METRICS["emd"], mixes),
    Row("jensen_shannon", ("divergence", "jensen-shannon"),
        ft.splitters.measures.METRICS["jsd"], mixes),
    Row("shards", ("table", "shards"),
        lambda: counts_of_04(ft.splitters.shards), tuple,
        mine=table_of_04("shards", 2)),
    Row("dirichlet", ("table", "dirichlet"),
        lambda: counts_of_04(ft.splitters.dirichlet, alpha=1.0), tuple,
        mine=table_of_04("dirichlet", 1.0)),
    Row("quantity", ("table", "quantity"),
        lambda: counts_of_04(ft.splitters.quantity, alpha=0.5).sum(axis=1), tuple,
        mine=lambda made: lambda: table_of_04("quantity", 0.5)(made)().sum(axis=1)),
]  # fmt: skip
