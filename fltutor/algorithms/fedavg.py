"""FedAvg, and the five moments at which an algorithm may differ from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, TypeAlias

from torch import Tensor

from fltutor import validate
from fltutor.clients import LocalTraining
from fltutor.directions import affine
from fltutor.updates import State, Updates

#: The vector (d,) that an aggregator made of a round's matrix.
Aggregate: TypeAlias = Tensor

#: What clients know beside their update, where an algorithm asks for nothing.
NOTHING: Mapping[str, Tensor] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class FedAvg:
    """Federated averaging, clients weighted by their examples: n_k / n.

    Each client takes its local steps of plain SGD from the server's model; the
    server adds the weighted mean of the updates, ``x <- x + server_lr mean(delta)``.
    n_k / n is over the round's own cohort: with unequal n_k and few clients in a round
    the mean over all rounds is not quite that over all examples (a cohort of one moves
    the model by its whole delta, however few examples it has). Unbiased is a fixed
    denominator: ``sum_k n_k delta_k / (q n)`` with n of all clients.

    A variant overrides one to four of the five moments: :meth:`init`, :meth:`start`,
    :meth:`direction`, :meth:`finish`, :meth:`step`. No moment keeps anything on
    ``self``: what must be remembered goes into the :class:`fltutor.State`.

    Parameters
    ----------
    server_lr
        the server's step size, above 0; 1 replaces the model by the mean of the
        clients' models, less goes only part of the way, more goes beyond it.

    References
    ----------
    McMahan et al. 2017 (arXiv:1602.05629), Algorithm 1; ``server_lr`` as in
    Reddi et al. 2021 (arXiv:2003.00295), Algorithm 1.

    Examples
    --------
    >>> FedAvg().name
    'FedAvg'
    """

    #: aggregation weights: "examples" (n_k / n) or "uniform" (1 / K)
    weighting: ClassVar[str] = "examples"
    #: names of server vectors that travel down beside the model
    downloads: ClassVar[tuple[str, ...]] = ()

    server_lr: float = 1.0

    def __post_init__(self) -> None:
        """Check the step size."""
        validate.positive("server_lr", self.server_lr)

    @property
    def name(self) -> str:
        """Return the name used in legends and ledgers."""
        return type(self).__name__

    @property
    def full_gradient(self) -> bool:
        """Whether :meth:`finish` needs ``own["gradient"]``, each client's at its start.

        A federation then makes one more full pass over each client's data.
        """
        return False

    def init(self, params: Tensor, num_clients: int) -> State:
        """Make the state before the first round [server].

        Parameters
        ----------
        params
            the model's start, ``(d,)``.
        num_clients
            N.
        """
        return State(params)

    def start(self, state: State, ids: Tensor) -> Tensor:
        """Hand out the model [wire]: ids ``(K,)`` -> starts ``(K, d)``."""
        return state.params.expand(len(ids), -1)

    @affine
    def direction(
        self, grad: Tensor, params: Tensor, start: Tensor, memory: Mapping[str, Tensor]
    ) -> Tensor:
        """Turn a gradient into a local step's direction [client].

        Elementwise: ``(d,)`` for one client, ``(K, d)`` for a stacked cohort. The
        step is ``params <- params - lr * direction``. It is called in every step,
        unless it declares itself :func:`~fltutor.directions.affine`, as this one does.
        """
        return grad

    def finish(
        self,
        updates: Updates,
        state: State,
        local: LocalTraining,
        *,
        own: Mapping[str, Tensor] = NOTHING,
    ) -> tuple[Updates, State]:
        """Let the clients finish their round: what they send, what they keep.

        Parameters
        ----------
        updates
            the cohort's deltas; whatever shall travel beside them goes into ``extra``.
        state
            the clients' rows are theirs to renew, with :meth:`State.with_rows`.
        local
            what they did, with the epochs of each.
        own
            what each client knows and does not send, name -> ``(K, d)``: "gradient" for
            an algorithm that asks for :attr:`full_gradient`. Given only then.
        """
        return updates, state

    def step(self, aggregate: Aggregate, updates: Updates, state: State) -> State:
        """Move the server's model by the aggregate ``(d,)`` [server]."""
        return replace(state, params=state.params + self.server_lr * aggregate)
