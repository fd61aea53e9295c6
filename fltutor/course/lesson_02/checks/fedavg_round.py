"""Exercise 02.fedavg_round: distribute, train, aggregate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fltutor.checks.cases import example, tensor
from fltutor.checks.model import Check, Mistake


@dataclass(frozen=True)
class Client:
    """As much of `fltutor.Client` as a round needs: an id, and data with a length."""

    id: int
    data: tuple[Tensor, ...]

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.data)


Train = Callable[[Tensor, Client], Tensor]


def _train(params: Tensor, client: Client) -> Tensor:
    """Move half of the way to the mean of the client's data; return the delta."""
    start = torch.as_tensor(params, dtype=torch.float64)  # a learner may use numpy
    return 0.5 * (torch.stack(client.data).mean(0) - start)


_CLIENTS = [
    Client(0, (tensor(1.0, 2.0),)),
    Client(1, (tensor(3.0, 0.0), tensor(5.0, 2.0), tensor(4.0, -2.0))),
    Client(2, (tensor(-2.0, 4.0), tensor(0.0, 8.0))),
    Client(3, (tensor(6.0, -6.0), tensor(7.0, 1.0))),
]


def _aggregate(
    params: Tensor, clients: Sequence[Client], ids: Sequence[int], train: Train
) -> Tensor:
    sizes = tensor(*(len(clients[i].data) for i in ids))  # (K,)
    deltas = torch.stack([train(params, clients[i]) for i in ids])  # (K, d)
    return sizes / sizes.sum() @ deltas


def _whole_federation(
    params: Tensor, clients: Sequence[Client], ids: Sequence[int], train: Train
) -> Tensor:
    total = sum(len(client.data) for client in clients)
    share = tensor(*(len(clients[i].data) / total for i in ids))
    return params + share @ torch.stack([train(params, clients[i]) for i in ids])


def _one_after_the_other(
    params: Tensor, clients: Sequence[Client], ids: Sequence[int], train: Train
) -> Tensor:
    for i in ids:
        params = params + train(params, clients[i])
    return params


def _weighted_chain(
    params: Tensor, clients: Sequence[Client], ids: Sequence[int], train: Train
) -> Tensor:
    total = sum(len(clients[i]) for i in ids)
    for i in ids:
        params = params + len(clients[i]) / total * train(params, clients[i])
    return params


def _server_in_place(
    params: Tensor, clients: Sequence[Client], ids: Sequence[int], train: Train
) -> Tensor:
    params += _aggregate(params, clients, ids, train)
    return params


def _round_of(ids: list[int]) -> dict[str, object]:
    given = {"params": tensor(1.0, 1.0), "clients": _CLIENTS, "ids": ids}
    return {**given, "train": _train}


FEDAVG_ROUND = Check(
    id="02.fedavg_round",
    title="One round of FedAvg",
    signature="fedavg_round(params, clients, ids, train) -> (d,)",
    cases=(
        example("one client alone", _round_of([0]), tensor(1.0, 1.5)),
        example(
            "two clients with 1 and 3 examples", _round_of([0, 1]), tensor(2.125, 0.75)
        ),
        example(
            "a cohort of three out of four", _round_of([1, 2, 3]), tensor(15 / 7, 1.0)
        ),
        example(
            "every client of the federation",
            _round_of([0, 1, 2, 3]),
            tensor(2.0, 1.0625),
        ),
    ),
    mistakes=(
        Mistake(
            "Weights over the federation",
            _whole_federation,
            "n_k is divided by the examples of all clients, also of those that did "
            "not take part, so the weights of a small cohort add up to much less than "
            "1. Divide by the examples of the cohort.",
        ),
        Mistake(
            "Every client counts the same",
            lambda params, clients, ids, train: (
                params + torch.stack([train(params, clients[i]) for i in ids]).mean(0)
            ),
            "FedAvg weights a client by its number of examples, len(client.data).",
        ),
        Mistake(
            "Everybody takes part",
            lambda params, clients, ids, train: (
                params + _aggregate(params, clients, range(len(clients)), train)
            ),
            "All clients train, whatever `ids` says. Only the cohort does: "
            "clients[i] for i in ids.",
        ),
        Mistake(
            "The aggregate instead of the new params",
            _aggregate,
            "This is how far the model should move. The new params are params + that.",
        ),
        Mistake(
            "The server subtracts",
            lambda params, clients, ids, train: (
                params - _aggregate(params, clients, ids, train)
            ),
            "A delta is end - start, so it already points the right way: add it.",
        ),
        Mistake(
            "One client after the other",
            _one_after_the_other,
            "Each client starts where the one before ended. In a round all clients "
            "start from the same params, the server's.",
        ),
        Mistake(
            "A running sum, and training from it",
            _weighted_chain,
            "The weights are right, but a client trains from params that already "
            "contain the clients before it. Compute all deltas from the old params "
            "first, then add their weighted mean.",
        ),
        Mistake(
            "The params are changed in place",
            _server_in_place,
            "`params += ...` also changes the caller's model, which was the one of "
            "the round before. Write params + aggregate.",
        ),
    ),
    hints=(
        "Three verbs, three lines: distribute, train, aggregate. Who takes part, and "
        "what do all of them start from?",
        "Collect train(params, clients[i]) for i in ids into a (K, d) matrix, the "
        "sizes len(clients[i].data) into a (K,) vector; then a weighted mean.",
        "deltas = torch.stack([train(params, clients[i]) for i in ids]); "
        "return params + weighted_mean(deltas, sizes).",
    ),
)
