"""Many clients: what a round costs when the federation grows and the cohort stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import fltutor as ft
from benchmarks import measure
from benchmarks.workloads import made


class LazyClients(Sequence[ft.Client]):
    """A federation's clients, each built when it is asked for and then forgotten."""

    def __init__(self, num_clients: int, examples: int = 20):
        self.num_clients, self.examples = num_clients, examples

    def __len__(self) -> int:
        """Return N."""
        return self.num_clients

    @overload
    def __getitem__(self, index: int) -> ft.Client: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ft.Client]: ...
    def __getitem__(self, index: int | slice) -> ft.Client | Sequence[ft.Client]:
        """Build a client."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.num_clients))]
        if not 0 <= index < self.num_clients:
            raise IndexError(index)
        return made(index, self.examples, (64,))

    def __iter__(self) -> Iterator[ft.Client]:
        """Build them one after another."""
        return (self[i] for i in range(self.num_clients))


def measure_scale(*, quick: bool) -> list[dict[str, Any]]:
    """Time a round of 100 clients out of more and more."""
    task = ft.Task(ft.models.linear(64, 10), seed=0)
    local = ft.LocalTraining(epochs=1, batch_size=10, lr=0.05)
    sizes = [100, 1000] if quick else [100, 10_000]
    lazy = [1000] if quick else [100, 100_000, 1_000_000]
    federations = {}
    for kind, numbers in (("kept", sizes), ("made when asked", lazy)):
        for n in numbers:
            clients: Sequence[ft.Client] = LazyClients(n)
            if kind == "kept":
                clients = list(clients)
            federations[kind, n] = ft.Federation(
                task, clients, ft.FedAvg(), local, cohort_size=100, seed=0
            )
    states = {key: f.init() for key, f in federations.items()}
    calls = {
        f"{n} {kind}": lambda f=f, s=states[kind, n]: f.round(s, 1)
        for (kind, n), f in federations.items()
    }
    times = measure.interleave(calls, repeats=3 if quick else 15)
    return [
        {
            "clients": n,
            "kind": kind,
            **measure.summary(times[f"{n} {kind}"]),
            "peak_mib": measure.peak_of(calls[f"{n} {kind}"]),
        }
        for kind, n in federations
    ]
