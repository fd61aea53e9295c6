"""An audit: what an attack on one run proves that a federation does give away.

For each of m canaries a coin is tossed: it joins the federation or not. One that
joins is sampled as any client, and sends a large update along a direction of its
own, all directions orthogonal, so that it comes out of the clip with norm C. The
attacker sees every model, knows the directions, and guesses from how far the
models moved along each who was in: the highest half of its guesses "in", the
lowest "out". The more are right, the larger an epsilon is ruled out.

A lower bound above the accountant's upper bound shows that something is wrong; one
below it shows nothing.

References
----------
Steinke, Nasr and Jagielski 2023 (arXiv:2305.08846), Algorithm 1 and theorem 5.2:
the clients' coins are independent, so one run gives m guesses. Canaries as in
Andrew et al. 2023 (arXiv:2302.03098).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from fltutor import accounting, promises, seeds, validate
from fltutor.updates import State, Updates
from fltutor.words import _

F = TypeVar("F", bound="Audited")


class Audited(promises.Plan, Protocol):
    """What an audit needs of a federation."""

    def init(self) -> State:
        """Return the state before the first round."""
        ...

    def round(self, state: State, index: int) -> tuple[State, Updates]:
        """Run one round."""
        ...


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What an attack found, beside what was promised.

    Attributes
    ----------
    epsilon
        a lower bound: a federation that is (epsilon, delta)-private for less lets the
        attack guess this well with a chance of at most ``1 - confidence``.
    delta
        of both bounds.
    upper
        what the federation's own accountant promises; NaN where it has none.
    confidence
        of the lower bound.
    right, guesses
        how many guesses, and how many of them were right.
    num_canaries
        how many clients were there or not by the toss of a coin.
    """

    epsilon: float
    delta: float
    upper: float
    confidence: float
    right: int
    guesses: int
    num_canaries: int

    @property
    def broken(self) -> bool:
        """Whether the attack sees more than the accountant allows."""
        return self.epsilon > self.upper


def audit(
    federation: Any,
    *,
    rounds: int,
    num_canaries: int = 200,
    guesses: int | None = None,
    confidence: float = 0.95,
    delta: float | None = None,
    seed: int = 0,
) -> Audit:
    """Attack a federation once, and bound its epsilon from below, as said above.

    Parameters
    ----------
    federation
        whose algorithm and stages keep no memory of clients.
    rounds, num_canaries, guesses
        T; m, more canaries, a tighter bound; r <= m, even: the attacker abstains on
        the others; None takes half of m.
    confidence, delta
        in (0, 1); delta None takes the federation's own, else 1e-5.
    seed
        of coins and directions.
    """
    rounds = validate.count("rounds", rounds)
    _no_client_memory(federation)
    promise = promises.spent(federation, rounds)
    own = promise.get("delta", 1e-5) if delta is None else delta
    m = validate.count("num_canaries", num_canaries, 2)
    joined = seeds.stream(seed, "coins").random(m) < 0.5  # (m,)
    r = _guesses(guesses, m)
    limits = _limits(own, confidence)
    lower_bound(r, r, num_canaries=m, **limits)  # refuses what it must before a run
    order = np.argsort(_attack(federation, rounds, joined, seed))
    right = int((~joined[order[: r // 2]]).sum() + joined[order[m - r // 2 :]].sum())
    bound = lower_bound(right, r, num_canaries=m, **limits)
    return Audit(
        epsilon=bound, upper=promise.get("epsilon", math.nan), **limits,
        right=right, guesses=r, num_canaries=m,
    )  # fmt: skip


def _limits(delta: float, confidence: float) -> dict[str, Any]:
    return {"delta": accounting.ranges.delta(delta), "confidence": confidence}


def _guesses(guesses: int | None, m: int) -> int:
    if guesses is None:
        return 2 * max(1, m // 4)
    r = validate.count("guesses", guesses, 2, m)
    if r % 2:
        raise validate.fail(
            _("guesses={guesses}").format(guesses=r),
            _("an even number: as many for in as for out"),
            _("Take {one} or {other}.").format(one=r - 1, other=r + 1),
        )
    return r


def _no_client_memory(federation: Audited) -> None:
    memory = sorted(federation.init().clients)
    if memory:
        raise validate.fail(
            _("client memory {names}").format(names=", ".join(memory)),
            _("clients that remember nothing: canaries come from outside"),
            _("Audit with FedAvg or FedProx, without error feedback."),
        )


def _attack(
    federation: Audited, rounds: int, joined: np.ndarray[Any, Any], seed: int
) -> np.ndarray[Any, Any]:
    """Run the rounds with those who joined; return every canary's score (m,)."""
    state = federation.init()
    directions = _directions(state.params, len(joined), seed)  # (m, d)
    bounds = [getattr(stage, "bound", 0.0) for stage in federation.uplink]
    size = 100 * max([1.0, *bounds])  # far above any clip
    stage = _joining(
        size * directions[torch.from_numpy(joined)],
        promises.sampling_rate(federation), len(federation.clients), seed,
    )  # fmt: skip
    attacked = replace(cast(Any, federation), uplink=(stage, *federation.uplink))
    state, total = attacked.init(), torch.zeros_like(state.params)
    for index in range(rounds):
        after, _unused = attacked.round(state, index)
        total += after.params - state.params
        state = after
    return np.asarray((directions @ total).double().numpy())


def _directions(like: Tensor, m: int, seed: int) -> Tensor:
    """Return m unit vectors ``(m, d)``: orthogonal while there is room for that."""
    stream, d = seeds.torch_stream(seed, "canaries"), len(like)
    normal = torch.randn(d, m, generator=stream, dtype=torch.float64)
    if m <= d:
        return _rows(torch.linalg.qr(normal).Q, like)
    return _rows(normal / normal.norm(dim=0), like)


def _rows(columns: Tensor, like: Tensor) -> Tensor:
    return columns.T.to(like.dtype)


def _joining(
    rows: Tensor, rate: float, num_clients: int, seed: int
) -> Callable[[Updates], Updates]:
    """Return a stage in which canaries join a round, each with the sampling rate."""

    def canaries(updates: Updates) -> Updates:
        present = seeds.stream(seed, "joins", updates.round).random(len(rows)) < rate
        here = torch.from_numpy(present).nonzero().flatten()  # (c,)
        weights = updates.weights.mean().expand(len(here))
        return Updates(
            ids=torch.cat([updates.ids, num_clients + here]),
            deltas=torch.cat([updates.deltas, rows[here]]),  # (K + c, d)
            weights=torch.cat([updates.weights, weights]),
            steps=torch.cat([updates.steps, torch.zeros_like(here)]),
            round=updates.round,
        )

    return canaries


def lower_bound(
    right: int,
    guesses: int,
    *,
    num_canaries: int,
    delta: float,
    confidence: float = 0.95,
) -> float:
    """Return the largest epsilon that ``right`` of r guesses rule out, at least 0.

    Parameters
    ----------
    right, guesses, num_canaries
        v <= r <= m.
    delta, confidence
        in [0, 1), and in (0, 1).

    Examples
    --------
    >>> round(lower_bound(95, 100, num_canaries=100, delta=0.0), 3)
    2.172
    """
    guesses = validate.count("guesses", guesses, 1, num_canaries)
    right = validate.count("right", right, 0, guesses)
    limit = 1 - validate.number("confidence", confidence, above=0, below=1)
    known: dict[str, Any] = {"num_canaries": num_canaries, "delta": delta}
    low, high = 0.0, 60.0
    if p_value(right, guesses, epsilon=low, **known) >= limit:
        return 0.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        ruled_out = p_value(right, guesses, epsilon=middle, **known) < limit
        low, high = (middle, high) if ruled_out else (low, middle)
    return low


def p_value(
    right: int, guesses: int, *, num_canaries: int, epsilon: float, delta: float
) -> float:
    """Bound the chance of so many right guesses, were it (epsilon, delta)-private.

    ``P[W >= v] + 2 m delta max_i P[v - i <= W < v] / i``, where W counts the right ones
    of r independent guesses, each right with chance ``e^epsilon / (1 + e^epsilon)``.

    References
    ----------
    Steinke, Nasr and Jagielski 2023 (arXiv:2305.08846), theorem 5.2, and appendix D for
    the maximum.
    """
    k = np.arange(guesses + 1)  # (r + 1,)
    binomial = [
        math.lgamma(guesses + 1) - math.lgamma(i + 1) - math.lgamma(guesses - i + 1)
        for i in k
    ]
    wrong = math.log1p(math.exp(-epsilon))  # -log of the chance of a right guess
    chances = np.exp(np.array(binomial) - k * wrong - (guesses - k) * (epsilon + wrong))
    tail = float(chances[right:].sum())
    if delta == 0 or right == 0:
        return min(1.0, tail)
    below = np.cumsum(chances[:right][::-1])  # P[v - i <= W < v], i = 1 .. v
    most = float((below / np.arange(1, right + 1)).max())
    return min(1.0, tail + 2 * num_canaries * delta * most)
