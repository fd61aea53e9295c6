"""The uplink: what is done to a round's updates between the clients and the server.

A stage without memory is a function ``Updates -> Updates``. A stage with memory has

* ``init(params (d,), num_clients) -> {name: memory}``: a tensor ``(N, d)`` is memory of
  the clients, one row each; any other tensor is the server's;
* ``stage(updates, state) -> (updates, state)``, where ``state`` is the model and this
  stage's own memory, by the names of its ``init``.

Nothing is kept on the stage itself. A stage that promises privacy or robustness says so
by ``protects = "..."``, what it protects: whatever an algorithm sends beside the delta
would travel without that protection, and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias, cast

import torch
from torch import Tensor

from fltutor import validate
from fltutor.updates import State, Updates
from fltutor.words import _

Memory: TypeAlias = Mapping[str, Tensor]


class StageWithMemory(Protocol):
    """A stage that remembers something from round to round, in the state."""

    def init(self, params: Tensor, num_clients: int) -> Memory:
        """Make its memory before the first round: params ``(d,)``, N clients."""
        ...

    def __call__(self, updates: Updates, state: State) -> tuple[Updates, State]:
        """Transform a round's updates, and remember."""
        ...


#: One thing done to the round's updates between the clients and the aggregator.
Stage: TypeAlias = Callable[[Updates], Updates] | StageWithMemory


def name_of(part: Any) -> str:
    """Return what a stage, an aggregator or another function is called in messages.

    Its own ``name``, else its function's or class's.

    Examples
    --------
    >>> from functools import partial
    >>> name_of(len), name_of(partial(sorted, reverse=True))
    ('len', 'sorted')
    """
    own = getattr(part, "name", None)
    if isinstance(own, str):
        return own
    inner = getattr(part, "func", part)  # of a functools.partial
    return getattr(inner, "__name__", None) or type(inner).__name__


def refuse_extra(part: Any, updates: Updates) -> None:
    """Refuse ``extra`` where a stage or an aggregator promises to protect.

    Raises
    ------
    ValueError
        ``part.protects`` is set and something travels beside the deltas.
    """
    protects = getattr(part, "protects", None)
    if not protects or not updates.extra:
        return
    what = _("{names} beside the deltas under {part!r}, which protects {protects}")
    raise validate.fail(
        what.format(
            names=", ".join(repr(name) for name in updates.extra),
            part=name_of(part),
            protects=protects if isinstance(protects, str) else _("the deltas alone"),
        ),
        _("an algorithm that sends its delta and nothing else"),
        _("What travels beside it goes unprotected. Use FedAvg, FedProx or FedDyn."),
    )


@dataclass(frozen=True, eq=False)
class Uplink:
    """All stages in their order, each with its own part of the state.

    A stage's memory stands in the state as ``"name/memory"``; two stages of one kind
    are told apart by a number, ``"name 2/memory"``.

    Attributes
    ----------
    stages
        in the order in which they are applied.
    params, num_clients
        the model ``(d,)`` and N, from which every stage's memory is made.
    names
        one a stage, all different.
    start
        the memory of all stages before the first round.
    """

    stages: Sequence[Stage]
    params: Tensor
    num_clients: int
    names: tuple[str, ...] = field(init=False)
    start: State = field(init=False)

    def __post_init__(self) -> None:
        """Name the stages and make their memory once."""
        bare = [name_of(stage) for stage in self.stages]
        counted = [bare[: i + 1].count(name) for i, name in enumerate(bare)]
        names = [
            n if k == 1 else f"{n} {k}" for n, k in zip(bare, counted, strict=True)
        ]
        object.__setattr__(self, "names", tuple(names))
        start = State(self.params)
        for name, stage in zip(names, self.stages, strict=True):
            if remembers(stage):
                start = _with(start, name, self._memory(name, stage))
        object.__setattr__(self, "start", start)

    @property
    def words(self) -> str:
        """Return " after the uplink's ..." for messages; "" without stages."""
        after = _(" after the uplink's {names}")
        return after.format(names=", ".join(self.names)) if self.names else ""

    def add(self, state: State) -> State:
        """Return an algorithm's state with the stages' memory as it begins."""
        return self.keep(state, self.start)

    def without(self, state: State) -> State:
        """Return the state without the stages' memory: what the algorithm knows."""
        mine = self.start
        if not mine.server and not mine.clients:
            return state
        server = {k: v for k, v in state.server.items() if k not in mine.server}
        clients = {k: v for k, v in state.clients.items() if k not in mine.clients}
        return replace(state, server=server, clients=clients)

    def keep(self, state: State, memory: State) -> State:
        """Return an algorithm's state with the stages' memory of another state."""
        if not self.start.server and not self.start.clients:
            return state
        own = {k: memory.server[k] for k in self.start.server}
        rows = {k: memory.clients[k] for k in self.start.clients}
        server, clients = {**state.server, **own}, {**state.clients, **rows}
        return replace(state, server=server, clients=clients)

    def __call__(self, updates: Updates, state: State) -> tuple[Updates, State]:
        """Apply every stage in order [wire]."""
        for name, stage in zip(self.names, self.stages, strict=True):
            refuse_extra(stage, updates)
            if not remembers(stage):
                plain = cast(Callable[[Updates], Updates], stage)
                updates = _updates(name, plain(updates), updates)
                continue
            own = _only(state, name)
            answer = cast(StageWithMemory, stage)(updates, own)
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise _answered(name, answer, _("a pair (updates, state)"))
            updates = _updates(name, answer[0], updates)
            state = _with(state, name, _memory_of(name, answer[1], own))
        return updates, state

    def _memory(self, name: str, stage: Any) -> State:
        made = stage.init(self.params, self.num_clients)
        if not isinstance(made, Mapping):
            raise _answered(f"{name}.init", made, _("a dict of name -> tensor"))
        shape = (self.num_clients, len(self.params))
        server: dict[str, Tensor] = {}
        clients: dict[str, Tensor] = {}
        for key, value in made.items():
            if not isinstance(value, Tensor):
                raise _answered(
                    f"{name}.init", value, _("a tensor for {name!r}").format(name=key)
                )
            (clients if value.shape == shape else server)[key] = value
        return State(self.params, server, clients)


def remembers(stage: Any) -> bool:
    """Whether a stage is of the form with memory: it has ``init``."""
    return callable(getattr(stage, "init", None))


def _only(state: State, name: str) -> State:
    """Return the model and one stage's memory, by the stage's own names."""
    head = f"{name}/"

    def mine(memory: Memory) -> dict[str, Tensor]:
        return {k[len(head) :]: v for k, v in memory.items() if k.startswith(head)}

    return State(state.params, mine(state.server), mine(state.clients))


def _with(state: State, name: str, own: State) -> State:
    """Return the state with one stage's memory replaced."""
    server = {f"{name}/{k}": v for k, v in own.server.items()}
    clients = {f"{name}/{k}": v for k, v in own.clients.items()}
    return replace(
        state, server={**state.server, **server}, clients={**state.clients, **clients}
    )


def _updates(name: str, answer: Any, before: Updates) -> Updates:
    """Return a stage's answer if it is a round's matrix as wide as the one it got."""
    if not isinstance(answer, Updates):
        raise _answered(name, answer, _("the round's Updates"))
    old, deltas = before.deltas, answer.deltas
    good = isinstance(deltas, Tensor) and deltas.ndim == 2
    if not good or deltas.shape[1:] != old.shape[1:] or deltas.dtype != old.dtype:
        what = _("deltas of shape {shape} and {dtype} from the stage {stage!r}")
        raise validate.fail(
            what.format(shape=tuple(deltas.shape), dtype=deltas.dtype, stage=name),
            _("(clients, {dim}) and {dtype}").format(dim=old.shape[1], dtype=old.dtype),
            _("A stage changes the numbers of a row, not how many there are."),
        )
    rows = deltas.shape[:1]  # (K,)
    if answer.weights.shape != rows or answer.sent.shape != rows:
        what = _("weights of shape {weights} and sent {sent} from the stage {stage!r}")
        raise validate.fail(
            what.format(
                weights=tuple(answer.weights.shape), sent=tuple(answer.sent.shape),
                stage=name,
            ),
            _("({rows},), one entry a client").format(rows=len(deltas)),
            _("Take rows away with updates.keep(rows): it keeps everything in step."),
        )  # fmt: skip
    if answer.sent.dtype != torch.int64 or bool((answer.sent < 0).any()):
        what = _("sent of {dtype} from the stage {stage!r}")
        raise validate.fail(
            what.format(dtype=answer.sent.dtype, stage=name),
            _("whole numbers of bytes, int64 and not negative"),
            _("Round up, and use .long()."),
        )
    return answer


def _memory_of(name: str, answer: Any, before: State) -> State:
    """Return the memory that a stage gives back, if it is the memory that it made."""
    if not isinstance(answer, State):
        raise _answered(name, answer, _("the state as the second of its pair"))
    for kind in ("server", "clients"):
        old, new = getattr(before, kind), getattr(answer, kind)
        if set(old) != set(new):
            what = _("{kind} memory {names} from the stage {stage!r}")
            raise validate.fail(
                what.format(kind=kind, names=sorted(new), stage=name),
                _("the names that its init made: {names}").format(names=sorted(old)),
                _("Make all memory in init; replace what is in the state that came."),
            )
    for key, rows in answer.clients.items():
        needed = tuple(before.clients[key].shape)
        if tuple(rows.shape) != needed:
            what = _("client memory {name!r} of shape {shape} from the stage {stage!r}")
            raise validate.fail(
                what.format(name=key, shape=tuple(rows.shape), stage=name),
                _("{shape}, one row for each client").format(shape=needed),
                _("Write the cohort's rows with state.with_rows(name, ids, rows)."),
            )
    if answer.params is not before.params:
        raise validate.fail(
            _("another model from the stage {stage!r}").format(stage=name),
            _("the model that came in"),
            _("Change updates.deltas: the server moves the model."),
        )
    return answer


def _answered(name: str, answer: Any, needed: str) -> ValueError:
    what = _("{kind} from the stage {stage!r}")
    return validate.fail(
        what.format(kind=validate.shown(answer), stage=name),
        needed,
        _("End it with return, and make the new Updates with dataclasses.replace."),
    )
