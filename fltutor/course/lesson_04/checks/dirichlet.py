"""Exercise 04.dirichlet: a Dirichlet splitter with a minimum size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from fltutor.checks.old import Case, Check, Mistake, require, run, to_array

Array: TypeAlias = np.ndarray[Any, Any]
Rng: TypeAlias = np.random.Generator
_N = 5
_SIZES = (60, 40, 50, 30)
_LABELS = np.random.default_rng(7).permutation(np.repeat(np.arange(4), _SIZES))


def _owners(answer: object, alpha: float, min_size: int, seed: int) -> Array:
    """Run the learner's splitter, and require one client for each example."""
    given = {"labels": _LABELS, "num_clients": _N, "alpha": alpha,
             "min_size": min_size, "draw": np.random.default_rng(seed)}  # fmt: skip
    got = to_array(run(answer, given))
    n = len(_LABELS)
    require(
        got is not None and got.shape == (n,),
        f"The answer is one client for each of the {n} examples, shape ({n},).",
        kind="shape",
    )
    assert got is not None
    owner: Array = np.nan_to_num(got, nan=-1.0).astype(np.int64)
    outside = int(((owner < 0) | (owner >= _N)).sum())
    problem = "Some examples belong to no client: their number is not in 0 to N - 1."
    require(outside == 0, problem, kind="nobody's")
    return owner


def _table(owner: Array) -> Array:
    counts = np.zeros((_N, len(_SIZES)), dtype=int)  # (N, C)
    np.add.at(counts, (owner, _LABELS), 1)
    return counts


def _everyone_once(answer: object) -> None:
    for seed in range(3):
        _owners(answer, 1.0, 1, seed)


def _even(answer: object) -> None:
    counts = _table(_owners(answer, 1e4, 1, 0))
    gap = np.abs(counts - np.array(_SIZES) / _N).max()
    problem = "With alpha = 10000 every client should have a fifth of each class."
    require(float(gap) <= 1.5, problem, kind="not even")


def _skewed(answer: object) -> None:
    found = []
    for seed in range(5):
        counts = _table(_owners(answer, 0.05, 1, seed))
        sizes = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        gaps = np.abs(counts / sizes - counts.sum(axis=0) / counts.sum()).sum(axis=1)
        found.append(float(gaps @ sizes[:, 0] / sizes.sum() / 2))
    problem = "With alpha = 0.05 the clients should hold different classes."
    require(float(np.mean(found)) > 0.35, problem, kind="same mix")


def _from_draw(answer: object) -> None:
    first, again, other = (_owners(answer, 1.0, 1, seed) for seed in (0, 0, 1))
    problem = "The same draw should give the same split."
    require(bool((first == again).all()), problem, kind="other randomness")
    problem = "Another draw should give another split."
    require(bool((first != other).any()), problem, kind="ignores draw")


def _shuffled(answer: object) -> None:
    owner = _owners(answer, 1e4, 1, 0)
    sorted_runs = [bool((np.diff(owner[c == _LABELS]) >= 0).all()) for c in range(4)]
    problem = "The first examples of a class all go to the same client."
    require(not any(sorted_runs), problem, kind="in order")


def _large_enough(answer: object) -> None:
    for seed in range(10):
        sizes = np.bincount(_owners(answer, 0.01, 6, seed), minlength=_N)
        problem = "Some client has fewer than min_size = 6 examples."
        require(int(sizes.min()) >= 6, problem, kind="too small")


def _fill(owner: Array, num_clients: int, min_size: int) -> Array:
    for client in range(num_clients):
        while (owner == client).sum() < min_size:
            donor = np.bincount(owner, minlength=num_clients).argmax()
            owner[np.flatnonzero(owner == donor)[-1]] = client
    return owner


def _split(
    labels: Array, num_clients: int, alpha: float, min_size: int, draw: Rng,
    *, common: bool = False, shuffle: bool = True,
) -> Array:  # fmt: skip
    owner = np.empty(len(labels), dtype=int)
    shares = draw.dirichlet(np.full(num_clients, alpha))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        members = draw.permutation(members) if shuffle else members
        if not common:
            shares = draw.dirichlet(np.full(num_clients, alpha))
        cuts = np.round(np.cumsum(shares)[:-1] * len(members)).astype(int)
        for client, part in enumerate(np.split(members, cuts)):
            owner[part] = client
    return _fill(owner, num_clients, min_size)


def _floors(start: int, fill: bool = True) -> Callable[..., Array]:
    def split(
        labels: Array, num_clients: int, alpha: float, min_size: int, draw: Rng
    ) -> Array:
        owner = np.full(len(labels), start)
        for label in np.unique(labels):
            members = draw.permutation(np.flatnonzero(labels == label))
            shares = draw.dirichlet(np.full(num_clients, alpha))
            sizes = (shares * len(members)).astype(int)
            owner[members[: sizes.sum()]] = np.repeat(np.arange(num_clients), sizes)
        return _fill(owner, num_clients, min_size) if fill else owner

    return split


DIRICHLET = Check(
    id="04.dirichlet",
    title="Dirichlet with a minimum size",
    signature="dirichlet(labels, num_clients, alpha, min_size, draw) -> owner (n,)",
    cases=(
        Case("every example has one client, 0 to N - 1", _everyone_once),
        Case("a very large alpha makes equal clients", _even),
        Case("a small alpha makes different clients", _skewed),
        Case("all chance comes from draw", _from_draw),
        Case("within a class, chance decides which examples", _shuffled),
        Case("nobody has fewer than min_size", _large_enough),
    ),
    mistakes=(
        Mistake(
            "Sizes rounded down",
            _floors(-1, fill=False),
            "Rounding every size down leaves examples over that belong to nobody. "
            "Round the places of the cuts: np.round(np.cumsum(shares)[:-1] * m).",
        ),
        Mistake(
            "The rest falls to client 0",
            _floors(0),
            "Your array begins as zeros, and what rounding down leaves over stays with "
            "client 0: it gets a few more of every class. Round the places of the "
            "cuts, not the sizes.",
        ),
        Mistake(
            "No minimum",
            lambda labels, num_clients, alpha, min_size, draw: _split(
                labels, num_clients, alpha, 0, draw
            ),
            "The split is right, but nobody looks at min_size. At small alpha some "
            "clients stay empty: let the largest give, one example at a time.",
        ),
        Mistake(
            "One set of shares for all classes",
            lambda labels, num_clients, alpha, min_size, draw: _split(
                labels, num_clients, alpha, min_size, draw, common=True
            ),
            "The shares are drawn once, before the loop, so each client gets the same "
            "share of every class: quantity skew, no label skew. Draw in the loop.",
        ),
        Mistake(
            "Alpha upside down",
            lambda labels, num_clients, alpha, min_size, draw: _split(
                labels, num_clients, 1 / alpha, min_size, draw
            ),
            "Large alpha makes your clients differ and small alpha makes them equal. "
            "It is the other way round: draw.dirichlet(np.full(num_clients, alpha)).",
        ),
        Mistake(
            "A generator of its own",
            lambda labels, num_clients, alpha, min_size, draw: _split(
                labels, num_clients, alpha, min_size, np.random.default_rng(0)
            ),
            "The split is the same whatever `draw` is. Use the generator that was "
            "passed, and make none inside.",
        ),
        Mistake(
            "Not shuffled",
            lambda labels, num_clients, alpha, min_size, draw: _split(
                labels, num_clients, alpha, min_size, draw, shuffle=False
            ),
            "The examples of a class are cut in the order in which they stand. If "
            "neighbours are alike (one writer, one hour), clients differ in more than "
            "labels. Cut draw.permutation(members).",
        ),
    ),
    hints=(
        "For each class: who are its members, what are the shares, where are the "
        "cuts? And at the end: who has too few?",
        "members = np.flatnonzero(labels == label), shares = "
        "draw.dirichlet(np.full(num_clients, alpha)), cuts at the rounded cumulative "
        "sums. Then, as long as a client has fewer than min_size, the largest client "
        "gives it one example.",
        "cuts = np.round(np.cumsum(shares)[:-1] * len(members)).astype(int); for "
        "client, part in enumerate(np.split(draw.permutation(members), cuts)): "
        "owner[part] = client. Then: while (owner == client).sum() < min_size: donor "
        "= np.bincount(owner, minlength=num_clients).argmax(); "
        "owner[np.flatnonzero(owner == donor)[-1]] = client.",
    ),
)
