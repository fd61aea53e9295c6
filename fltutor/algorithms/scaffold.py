"""SCAFFOLD: control variates that tell every client where the others want to go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fltutor import validate
from fltutor.algorithms.fedavg import NOTHING, Aggregate, FedAvg
from fltutor.clients import LocalTraining
from fltutor.directions import affine
from fltutor.updates import State, Updates, unwritten
from fltutor.words import _


@dataclass(frozen=True, kw_only=True)
class Scaffold(FedAvg):
    """FedAvg with control variates against drift; clients uniform, 1 / K.

    Client i keeps ``c_i``, an estimate of its own gradient, the server ``c``, the mean
    of all N. A local step goes along ``grad - c_i + c``: what is special to the client
    is taken away, what all others want is added. After its tau steps

    * option 1: ``c_i <- grad F_i(start)``, one more pass over the client's data;
    * option 2: ``c_i <- c_i - c - delta / (tau lr)``, the mean of its local gradients.

    The change of c_i travels up beside delta, as ``extra["c_i_change"]``; c travels
    down. Server: ``x <- x + server_lr mean(delta)``, ``c <- c + sum(changes) / N``.
    All control variates start at zero, so the first round is FedAvg's.

    Parameters
    ----------
    option
        1 or 2, how c_i is renewed; 2 is cheaper and the paper's choice in practice.
    server_lr
        as in :class:`FedAvg`.

    References
    ----------
    Karimireddy et al. 2020 (arXiv:1910.06378), Algorithm 1: line 10 the direction,
    line 12 the options, lines 16 and 17 the server. Deviations: with local momentum
    option 2 is no longer a mean of gradients (use momentum 0); weight decay counts as
    part of the gradient; a client that took no step keeps its c_i under option 2.

    Examples
    --------
    >>> import torch
    >>> memory = {"c": torch.tensor([0.5]), "c_i": torch.tensor([2.0])}
    >>> Scaffold().direction(torch.tensor([2.0]), torch.ones(1), torch.ones(1), memory)
    tensor([0.5000])
    """

    weighting = "uniform"
    downloads = ("c",)

    option: int = 2

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        validate.count("option", self.option, 1, 2)

    @property
    def name(self) -> str:
        """Return the paper's spelling."""
        return "SCAFFOLD"

    @property
    def full_gradient(self) -> bool:
        """Option 1 asks every client for its gradient at the start."""
        return self.option == 1

    def init(self, params: Tensor, num_clients: int) -> State:
        """Start all control variates at zero: params ``(d,)``, N clients [server]."""
        memory = {"c_i": unwritten(num_clients, params)}  # (N, d)
        return State(params, {"c": torch.zeros_like(params)}, memory)

    @affine
    def direction(
        self, grad: Tensor, params: Tensor, start: Tensor, memory: Mapping[str, Tensor]
    ) -> Tensor:
        """Correct the gradient: ``grad - c_i + c`` [client]."""
        return grad - memory["c_i"] + memory["c"]

    def finish(
        self,
        updates: Updates,
        state: State,
        local: LocalTraining,
        *,
        own: Mapping[str, Tensor] = NOTHING,
    ) -> tuple[Updates, State]:
        """Renew c_i and send its change beside delta [client, wire]."""
        old = state.clients["c_i"][updates.ids]  # (K, d)
        if self.option == 1:
            new = _gradient(own)  # (K, d), line 12, option I
        else:
            new = self.renew(old, updates, state, local)  # (K, d)
        sent = replace(updates, extra={"c_i_change": new - old})
        return sent, state.with_rows("c_i", updates.ids, new)

    def renew(
        self, old: Tensor, updates: Updates, state: State, local: LocalTraining
    ) -> Tensor:
        """Return option 2's new c_i, ``(K, d)``, the paper's line 12 [client].

        Parameters
        ----------
        old
            the cohort's c_i, ``(K, d)``.
        updates, state, local
            as in :meth:`finish`.
        """
        taken = updates.steps[:, None].to(old.dtype)  # (K, 1)
        new = updates.deltas / (-local.lr * taken.clamp(min=1))  # (K, d): mean gradient
        new.add_(old).sub_(state.server["c"])
        return new if bool(taken.all()) else torch.where(taken > 0, new, old)

    def step(self, aggregate: Aggregate, updates: Updates, state: State) -> State:
        """Move the model and c, so that c stays the mean of all N c_i [server]."""
        state = super().step(aggregate, updates, state)
        num_clients = len(state.clients["c_i"])  # N
        c = state.server["c"] + updates.extra["c_i_change"].sum(dim=0) / num_clients
        return replace(state, server={"c": c})


def _gradient(own: Mapping[str, Tensor]) -> Tensor:
    """Return each client's gradient at its start, ``(K, d)``."""
    if "gradient" not in own:
        raise validate.fail(
            _("finish without own['gradient']"),
            _("each client's gradient at its start (K, d) for option 1"),
            _("Run it in a Federation, or use option=2."),
        )
    return own["gradient"]
