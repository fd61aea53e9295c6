"""Three regimes on the same data: alone, federated, all data in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from fltutor import validate
from fltutor.algorithms import FedAvg
from fltutor.clients import Client
from fltutor.datasets import Dataset
from fltutor.evaluation.scoring import Scores, scores
from fltutor.federation import Federation
from fltutor.rounds import walk
from fltutor.updates import State
from fltutor.words import _


def train(federation: Federation, rounds: int) -> State:
    """Run a federation and return the state after the last round.

    Parameters
    ----------
    federation
        left as it is; the same one gives the same state every time.
    rounds
        how many; 0 gives the start.

    Returns
    -------
    the state; ``.params`` ``(d,)`` is the model.
    """
    validate.count("rounds", rounds, low=0)
    state = federation.init()
    for index in range(rounds):
        state, _ = federation.round(state, index)
    return state


def local_only(federation: Federation, rounds: int) -> Tensor:
    """Let every client train alone from the common start: models ``(N, d)``.

    Plain SGD on its own data, as much of it as in ``rounds`` rounds with everyone
    taking part, and on the same batches. The algorithm, the cohort size, the uplink
    and the aggregator of the federation play no part.

    Parameters
    ----------
    federation
        gives task, clients, local training, engine and seed.
    rounds
        each of ``local.epochs``; with K of N clients a round, a federation's client
        trains in only rounds * K / N of them.
    """
    validate.count("rounds", rounds, low=0)
    ids = torch.arange(len(federation.clients))
    models = federation.task.init().expand(len(ids), -1).clone()  # (N, d)
    for index in range(rounds):
        models, _ = walk(federation, models, ids, index)
    return models


def central(federation: Federation, rounds: int) -> Tensor:
    """Train one model ``(d,)`` on all clients' data in one place.

    ``rounds`` times the federation's local training, batch size and all: every example
    is seen as often as by a federation in which everyone takes part. It is no upper
    bound: the step size that suits the clients need not suit the pool.

    Parameters
    ----------
    federation
        gives task, clients, local training and seed.
    rounds
        each of ``local.epochs`` passes over all data.

    Raises
    ------
    ValueError
        epochs that differ from client to client.
    """
    if not isinstance(federation.local.epochs, int):
        raise validate.fail(
            _("one number of epochs per client"),
            _("one for the pooled data"),
            _("Give the federation LocalTraining(epochs=...) with a single number."),
        )
    pooled = [Client(0, pool(federation.clients))]
    alone = Federation(
        federation.task,
        pooled,
        FedAvg(),
        federation.local,
        engine=federation.engine,
        seed=federation.seed,
    )
    return train(alone, rounds).params


def regimes(
    federation: Federation, rounds: int, *, test: Dataset, own: Sequence[Client]
) -> dict[str, Scores]:
    """Train alone, federated and centrally, and score all three alike.

    Parameters
    ----------
    federation
        over the training parts of the clients.
    rounds
        for each regime.
    test
        everyone's data that nobody trained on.
    own
        each client's own test data, from :func:`fltutor.evaluation.hold_out`.

    Returns
    -------
    "local", the federation's algorithm by name, "central" -> scores.
    """
    models = {
        "local": local_only(federation, rounds),
        federation.algorithm.name: train(federation, rounds).params,
        "central": central(federation, rounds),
    }
    return {
        name: scores(federation.task, params, test=test, own=own)
        for name, params in models.items()
    }


def pool(clients: Sequence[Client]) -> Dataset:
    """Put all clients' examples into one data set, client after client."""
    validate.instances("clients", clients, Client)
    parts = [client.data for client in clients]
    owners = [part.groups for part in parts if part.groups is not None]
    return replace(
        parts[0],
        x=torch.cat([part.x for part in parts]),
        y=torch.cat([part.y for part in parts]),
        groups=torch.cat(owners) if len(owners) == len(parts) else None,
    )
