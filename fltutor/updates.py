"""The two records of a round: the matrix of updates, and the state around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from fltutor import validate
from fltutor.memory import ClientMemory

MEMORY_LIMIT = 2 * 2**30
#: Client memory from which it pays not to copy the rows that stay as they are.
_WORTH_SHARING = 2**20


@dataclass(frozen=True, eq=False)
class Updates:
    """What a cohort sends: one row a client, and beside it one weight a client.

    Attributes
    ----------
    ids
        who sends, ``(K,)`` int64.
    deltas
        end - start of each client's training, ``(K, d)``; the server adds.
    weights
        aggregation weights, ``(K,)``, sum 1.
    steps
        local steps that each client took, ``(K,)`` int64.
    extra
        whatever else an algorithm sends, name -> ``(K, d)``.
    round
        the round's index, from 0.
    """

    ids: Tensor
    deltas: Tensor
    weights: Tensor
    steps: Tensor
    extra: Mapping[str, Tensor] = field(default_factory=dict)
    round: int = 0

    def __post_init__(self) -> None:
        """Check that there is one entry per client everywhere."""
        validate.same_length(
            ids=len(self.ids),
            deltas=len(self.deltas),
            weights=len(self.weights),
            steps=len(self.steps),
            **{name: len(rows) for name, rows in self.extra.items()},
        )

    def __len__(self) -> int:
        """Count the clients K."""
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Count the bytes that travel up: the deltas and everything in ``extra``."""
        matrices = [self.deltas, *self.extra.values()]
        return sum(m.numel() * m.element_size() for m in matrices)

    def keep(self, rows: Tensor) -> Updates:
        """Return only some rows, with weights that sum to 1 again.

        Parameters
        ----------
        rows
            bool mask ``(K,)`` or row numbers.
        """
        weights = self.weights[rows]
        total = weights.sum()
        return replace(
            self,
            ids=self.ids[rows],
            deltas=self.deltas[rows],
            weights=weights / total if len(weights) and total > 0 else weights,
            steps=self.steps[rows],
            extra={name: matrix[rows] for name, matrix in self.extra.items()},
        )


@dataclass(frozen=True, eq=False)
class State:
    """All that outlives a round: the model, the server's and the clients' memory.

    Attributes
    ----------
    params
        the model vector ``(d,)``.
    server
        the server's own vectors, name -> ``(d,)``.
    clients
        one row for each of the N clients, name -> ``(N, d)``. The rows stay
        on the clients' devices; they stand in one matrix to be read at a glance.
        Read it, make the next with :meth:`with_rows`.
    """

    params: Tensor
    server: Mapping[str, Tensor] = field(default_factory=dict)
    clients: Mapping[str, Tensor] = field(default_factory=dict)

    def rows(self, ids: Tensor) -> dict[str, Tensor]:
        """Return what a cohort knows beside the model.

        Parameters
        ----------
        ids
            ``(K,)``.

        Returns
        -------
        name -> ``(K, d)`` for client memory, ``(d,)`` for server memory.
        """
        own = {name: memory[ids] for name, memory in self.clients.items()}
        return {**self.server, **own}

    def with_rows(self, name: str, ids: Tensor, rows: Tensor) -> State:
        """Return a state in which some clients' rows are replaced; self is untouched.

        Memory is taken on the first write, not before, and large memory of which few
        rows change shares the others (:class:`fltutor.memory.ClientMemory`).

        Raises
        ------
        MemoryError
            the matrix of client memory would be above 2 GiB.
        """
        old = self.clients[name]
        size = old.numel() * old.element_size()
        if size > MEMORY_LIMIT:
            raise MemoryError(
                f"Client memory {name!r} needs {size / 2**30:.1f} GiB for "
                f"{old.shape[0]} clients x {old.shape[1]} parameters, the limit is "
                f"{MEMORY_LIMIT / 2**30:.0f} GiB. Use fewer clients, a smaller model, "
                "or an algorithm without client memory (FedAvg, FedProx)."
            )
        new: Tensor
        if size >= _WORTH_SHARING and 4 * len(ids) <= len(old):
            new = ClientMemory.of(old).replaced(ids, rows)  # (N, d)
        else:
            new = old.clone(memory_format=torch.contiguous_format)  # (N, d)
            new[ids] = rows
        return replace(self, clients={**self.clients, name: new})


def unwritten(num_clients: int, params: Tensor) -> Tensor:
    """Return zeros ``(N, d)`` that take no memory until they are first written."""
    return params.new_zeros(()).expand(num_clients, len(params))
