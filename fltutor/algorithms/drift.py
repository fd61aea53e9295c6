"""Drift corrections: each bends the clients' steps, or what the server hears of them.

Clients that take many steps on their own data drift towards their own optimum. The
mean of drifted models is not the model that everyone wanted.
"""

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


@dataclass(frozen=True, kw_only=True)
class FedProx(FedAvg):
    """FedAvg with a rubber band to the server's model; weights n_k / n as FedAvg.

    Each client minimises ``F_k(w) + mu / 2 ||w - start||^2``, so a local step goes
    along ``grad + mu (w - start)``. A larger mu drifts less and learns more slowly;
    the bias shrinks but does not vanish. ``mu = 0`` is FedAvg.

    Parameters
    ----------
    mu
        strength of the pull, at least 0. Above ``2 / lr`` the local steps diverge.
    server_lr
        as in :class:`FedAvg`.

    References
    ----------
    Li et al. 2020 (arXiv:1812.06127), Algorithm 2, with plain SGD as the inexact
    local solver. Deviation: the paper's text samples devices by n_k / n and averages
    them uniformly; here, as in its experiments, the cohort is drawn uniformly and
    weighted by n_k / n.

    Examples
    --------
    >>> import torch
    >>> grad, w, start = torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([2.0])
    >>> FedProx(mu=0.5).direction(grad, w, start, {})
    tensor([1.5000])
    """

    mu: float = 0.01

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        validate.at_least("mu", self.mu, 0.0)

    @affine
    def direction(
        self, grad: Tensor, params: Tensor, start: Tensor, memory: Mapping[str, Tensor]
    ) -> Tensor:
        """Pull back to the start: ``grad + mu (params - start)`` [client]."""
        return grad + self.mu * (params - start)


@dataclass(frozen=True, kw_only=True)
class FedNova(FedAvg):
    """FedAvg that counts every client's steps once; weights n_k / n as FedAvg.

    A client that took more local steps moved further, and so pulls FedAvg's mean to
    itself. FedNova divides each update by its number of steps and multiplies the mean
    by the average number: ``x <- x + server_lr tau_eff sum_k p_k delta_k / tau_k``
    with ``p_k = n_k / n`` and ``tau_eff = sum_k p_k tau_k``. Equal steps are FedAvg.

    Parameters
    ----------
    server_lr
        as in :class:`FedAvg`.

    References
    ----------
    Wang et al. 2020 (arXiv:2007.07481), the section that names FedNova: the general
    update rule with ``w_k = p_k``. With local momentum rho, tau_k is the paper's
    ``||a_k||_1 = (tau - rho (1 - rho^tau) / (1 - rho)) / (1 - rho)``, also in tau_eff,
    so that equal steps still are FedAvg. Deviations: both factors are applied in
    :meth:`finish`, where the paper's server applies tau_eff; there is no variant for
    proximal local steps.

    Examples
    --------
    >>> import torch
    >>> ids, one = torch.arange(2), torch.ones(2, 1)
    >>> raw = Updates(ids, one, torch.full((2,), 0.5), torch.tensor([1, 3]))
    >>> FedNova().finish(raw, State(one[0]), LocalTraining())[0].deltas.flatten()
    tensor([2.0000, 0.6667])
    """

    def finish(
        self,
        updates: Updates,
        state: State,
        local: LocalTraining,
        *,
        own: Mapping[str, Tensor] = NOTHING,
    ) -> tuple[Updates, State]:
        """Scale each row to the same number of steps: ``delta tau_eff / tau``."""
        tau, rho = updates.steps.to(updates.deltas.dtype), local.momentum  # (K,)
        lengths = (tau - rho * (1 - rho**tau) / (1 - rho)) / (1 - rho)  # ||a_k||_1
        effective = (updates.weights * lengths).sum()  # ()
        scale = torch.where(tau > 0, effective / lengths, 0.0)  # (K,)
        return replace(updates, deltas=updates.deltas * scale[:, None]), state


@dataclass(frozen=True, kw_only=True)
class FedDyn(FedAvg):
    """FedAvg on losses that are bent until their optima agree; clients uniform, 1 / K.

    Client i remembers ``h_i``, its gradient where it last stood, and steps along
    ``grad - h_i + alpha (w - start)``; afterwards ``h_i <- h_i - alpha delta_i``. The
    server keeps ``h <- h - alpha (K / N) mean(delta)``, which is the mean of all h_i,
    and sets ``x <- x + server_lr (mean(delta) - h / alpha)``. All h start at zero.
    Only the model travels. A large alpha is stable and slow; alpha near 0 is neither.

    Parameters
    ----------
    alpha
        strength of the bend, above 0.
    server_lr
        scales the server's move; 1 is the paper's.

    References
    ----------
    Acar et al. 2021 (arXiv:2111.04263), Algorithm 1, with a few steps of SGD in
    place of the exact local minimum (as in its experiments) and with the server's
    step size added. Robust aggregators replace ``mean(delta)`` in both places.

    Examples
    --------
    >>> import torch
    >>> grad, w, start = torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([2.0])
    >>> FedDyn(alpha=0.5).direction(grad, w, start, {"h_i": torch.tensor([0.25])})
    tensor([1.2500])
    """

    weighting = "uniform"

    alpha: float = 0.1

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        validate.positive("alpha", self.alpha, "Use 0.1, or FedAvg for no correction.")

    def init(self, params: Tensor, num_clients: int) -> State:
        """Start all h at zero [server]: params ``(d,)``, N clients."""
        memory = {"h_i": unwritten(num_clients, params)}  # (N, d)
        return State(params, {"h": torch.zeros_like(params)}, memory)

    @affine
    def direction(
        self, grad: Tensor, params: Tensor, start: Tensor, memory: Mapping[str, Tensor]
    ) -> Tensor:
        """Bend the gradient: ``grad - h_i + alpha (params - start)`` [client]."""
        return grad - memory["h_i"] + self.alpha * (params - start)

    def finish(
        self,
        updates: Updates,
        state: State,
        local: LocalTraining,
        *,
        own: Mapping[str, Tensor] = NOTHING,
    ) -> tuple[Updates, State]:
        """Remember where the client stood: ``h_i <- h_i - alpha delta`` [client]."""
        h_i = state.clients["h_i"][updates.ids] - self.alpha * updates.deltas  # (K, d)
        return updates, state.with_rows("h_i", updates.ids, h_i)

    def step(self, aggregate: Aggregate, updates: Updates, state: State) -> State:
        """Average, then undo the mean of all bends: ``- h / alpha`` [server]."""
        share = len(updates) / len(state.clients["h_i"])  # K / N
        h = state.server["h"] - self.alpha * share * aggregate  # (d,)
        move = aggregate - h / self.alpha  # (d,)
        params = state.params + self.server_lr * move
        return replace(state, params=params, server={"h": h})
