"""The two records of a round: the matrix of updates, and the state around it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from fltutor import validate
from fltutor.memory import ClientMemory
from fltutor.words import _

MEMORY_LIMIT = 2 * 2**30
#: Client memory from which it pays not to copy the rows that stay as they are.
_WORTH_SHARING = 2**20


class _Counted(Tensor):
    """Numbers that follow from the others and that no stage has set."""

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # torch's way to say: what is made from it is a plain tensor


#: In place of a tensor: count it from the others.
COUNTED: Tensor = torch.zeros(0, dtype=torch.int64).as_subclass(_Counted)


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
    sent
        bytes that each client's message weighed, ``(K,)`` int64. Left out, it is the
        row of ``deltas`` and those of ``extra`` as they are, number by number. A
        stage that sends something smaller (or larger) sets it. The ledger counts
        bytes from nothing else.
    trips
        which of its trips a client's row comes from, ``(K,)`` int64; where there are
        rounds, the round. ``(client, trip)`` names a row's randomness.
    lost_steps
        local steps behind rows that were here once and were left out.
    """

    ids: Tensor
    deltas: Tensor
    weights: Tensor
    steps: Tensor
    extra: Mapping[str, Tensor] = field(default_factory=dict)
    round: int = 0
    sent: Tensor = COUNTED
    trips: Tensor = COUNTED
    lost_steps: int = 0

    def __post_init__(self) -> None:
        """Check that there is one entry per client everywhere, and count the bytes."""
        if self.trips is COUNTED:
            trips = torch.full((len(self.ids),), self.round, dtype=torch.int64)
            object.__setattr__(self, "trips", trips)
        if isinstance(self.sent, _Counted):
            object.__setattr__(self, "sent", self._dense())
        validate.same_length(
            ids=len(self.ids),
            deltas=len(self.deltas),
            weights=len(self.weights),
            steps=len(self.steps),
            sent=len(self.sent),
            trips=len(self.trips),
            **{name: len(rows) for name, rows in self.extra.items()},
        )

    @classmethod
    def nobody(cls, params: Tensor, index: int) -> Updates:
        """Return a round of no client: a matrix ``(0, d)``."""
        ids, none = torch.zeros(0, dtype=torch.int64), params.new_zeros(0)
        return cls(ids, none.reshape(0, len(params)), none, ids, round=index)

    def __len__(self) -> int:
        """Count the clients K."""
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Count the bytes that travel up: what all messages weighed together."""
        return int(self.sent.sum())

    @property
    def work(self) -> int:
        """Count the local steps behind the round, also of rows that were left out."""
        return int(self.steps.sum()) + self.lost_steps

    def keep(self, rows: Tensor) -> Updates:
        """Return only some rows, with weights that sum to 1 again.

        Parameters
        ----------
        rows
            bool mask ``(K,)`` or row numbers.
        """
        weights = self.weights[rows]
        total = weights.sum()
        steps, counted = self.steps[rows], isinstance(self.sent, _Counted)
        return replace(
            self,
            ids=self.ids[rows],
            deltas=self.deltas[rows],
            weights=weights / total if len(weights) and total > 0 else weights,
            steps=steps,
            extra={name: matrix[rows] for name, matrix in self.extra.items()},
            sent=COUNTED if counted else self.sent[rows],
            trips=self.trips[rows],
            lost_steps=self.work - int(steps.sum()),
        )

    def _dense(self) -> Tensor:
        matrices = (self.deltas, *self.extra.values())  # (K, d) each
        row = sum(m[:1].numel() * m.element_size() for m in matrices)
        return torch.full((len(self.ids),), row, dtype=torch.int64).as_subclass(
            _Counted
        )


def finite_rows(*matrices: Tensor) -> Tensor | None:
    """Return who sends finite numbers only, bool ``(K,)``; None where all do.

    Parameters
    ----------
    *matrices
        ``(K, d)`` each.
    """
    if all(math.isfinite(m.sum()) for m in matrices):  # as nearly always, and quick
        return None
    rows = torch.stack([torch.isfinite(m).all(dim=1) for m in matrices])
    good = rows.all(dim=0)  # (matrices, K) -> (K,)
    return None if bool(good.all()) else good


def leave_out_not_finite(updates: Updates, where: str = "") -> Updates:
    """Drop rows with NaN or infinity, and name their clients in a warning [server].

    Parameters
    ----------
    updates
        a round's matrix; everything in ``extra`` is looked at too.
    where
        words that say since when they are not finite.
    """
    good = finite_rows(updates.deltas, *updates.extra.values())  # (K,)
    if good is None:
        return updates
    warn_not_finite(updates, good, where)
    return updates.keep(good)


def warn_not_finite(updates: Updates, good: Tensor, where: str = "") -> None:
    """Name the clients outside of ``good``, bool ``(K,)``, in a warning."""
    message = _(
        "Round {round}: the updates of clients {ids} are not finite{where} and were "
        "left out. A smaller lr usually helps."
    )
    told = message.format(
        round=updates.round + 1, ids=updates.ids[~good].tolist(), where=where
    )
    warnings.warn(told, stacklevel=4)


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


def admit(state: State, start: State, by: str = "") -> None:
    """Require a state of this federation: its names, N and d.

    Parameters
    ----------
    state
        what came in.
    start
        the federation's own, before its first round.
    by
        who made it, where that was code of somebody's.

    Raises
    ------
    ValueError
        it belongs to another model, algorithm, uplink or number of clients.
    """
    validate.instance("state", state, State)
    whose = _("a state from {name}").format(name=by) if by else _("a state")
    _same("params", state.params, start.params, whose)
    for kind in ("server", "clients"):
        got, own = getattr(state, kind), getattr(start, kind)
        if got.keys() != own.keys():
            what = _("{whose} with {kind} memory {names}")
            raise validate.fail(
                what.format(whose=whose, kind=kind, names=sorted(got)),
                str(sorted(own)),
                _("It belongs to another algorithm or uplink: set both as in its run."),
            )
    for name, rows in start.clients.items():  # the server's may be of any form
        _same(name, state.clients[name], rows, whose)


def _same(name: str, value: Tensor, like: Tensor, whose: str) -> None:
    if value.shape == like.shape and value.dtype == like.dtype:
        return
    what = _("{whose} with {name} of shape {shape} and {dtype}")
    raise validate.fail(
        what.format(
            whose=whose, name=name, shape=tuple(value.shape), dtype=value.dtype
        ),
        f"{tuple(like.shape)}, {like.dtype}",
        _("It belongs to another model or to another number of clients."),
    )
