"""What must hold of a Dirichlet splitter, whichever way it draws.

The owners are held to the shares that the generator remembers. A splitter that draws in
another way (gamma numbers, say) leaves nothing to remember and is held to averages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fltutor.checks import Given, require
from fltutor.checks.model import Judge
from fltutor.course.lesson_04.checks.recording import Array, Split, inputs_of
from fltutor.words import _

SIGMAS = 5.0  # how far a right answer may be from the mean, in standard errors


Property = Callable[[Sequence[Split], dict[str, Any]], None]


def judging(*properties: Property) -> Judge:
    """Return the judge that asks for these properties, in order."""

    def judge(got: object, expected: object, given: Given) -> None:
        for asked in properties:
            asked(got, dict(given))  # type: ignore[arg-type] # what split_often returns

    return judge


def table(owner: Array, given: dict[str, Any]) -> Array:
    """Count the examples of each client and class, ``(N, C)``."""
    labels, num_clients = given["labels"], given["num_clients"]
    counts = np.zeros((num_clients, labels.max() + 1), dtype=int)
    np.add.at(counts, (owner, labels), 1)
    return counts


# ---- the shares ------------------------------------------------------------------


def alpha_as_given(splits: Sequence[Split], given: dict[str, Any]) -> None:
    """Require that every Dirichlet vector was drawn for N clients at alpha."""
    needed = np.full(given["num_clients"], given["alpha"], dtype=float)
    for split in splits:
        for alpha, _shares in split.drawn:
            fits = alpha.shape == needed.shape and np.allclose(alpha, needed, rtol=1e-6)
            problem = _(
                "`draw.dirichlet` needs `alpha` once for each client: "
                "np.full(num_clients, alpha)."
            )
            seen = inputs_of(given, split.seed)
            require(fits, problem, seen, expected=needed, got=alpha, kind="alpha")


def cut_by_shares(splits: Sequence[Split], given: dict[str, Any]) -> None:
    """Require shares of its own for each class, and counts within one of them."""
    members = np.bincount(given["labels"])  # (C,)
    for split in splits:
        shares = [row for _alpha, row in split.drawn]
        if not shares:
            continue  # drawn in another way: `as_spread_as_dirichlet` looks at that
        seen = inputs_of(given, split.seed)
        sentence = _("{sets} sets of shares were drawn for {classes} classes.")
        problem = sentence.format(sets=len(shares), classes=len(members))
        require(len(shares) >= len(members), problem, seen, kind="too few draws")
        counts = table(split.rough, given)  # (N, C)
        fits = [
            [bool((np.abs(column - row * m) <= 1.0 + 1e-6).all()) for row in shares]
            for column, m in zip(counts.T, members, strict=True)
        ]
        bad = next((c for c, row in enumerate(fits) if not any(row)), 0)
        sentence = _(
            "With min_size = 0 the counts of class {label} are {counts}. No set of "
            "shares that you drew gives these, to within one example."
        )
        problem = sentence.format(label=bad, counts=counts[:, bad].tolist())
        require(_one_each(fits), problem, seen, kind="other shares")


def _one_each(
    fits: Sequence[Sequence[bool]], taken: frozenset[int] = frozenset()
) -> bool:
    """Whether each class can have a set of shares that no other has."""
    return not fits or any(
        fit and v not in taken and _one_each(fits[1:], taken | {v})
        for v, fit in enumerate(fits[0])
    )


def even(splits: Sequence[Split], given: dict[str, Any]) -> None:
    """Require equal parts of each class, as a very large alpha gives them."""
    needed = np.bincount(given["labels"]) / given["num_clients"]  # (C,)
    for split in splits:
        counts = table(split.rough, given)  # (N, C)
        ahead = (counts > np.floor(needed)).any(axis=1)  # of sizes rounded down
        kind = "left over" if ahead.sum() == 1 else "not even"
        got = int(ahead.argmax()) if kind == "left over" else None
        sentence = _(
            "At this alpha each client should get an equal part of each class, to "
            "within one example. Class 0 is cut into {counts}."
        )
        problem = sentence.format(counts=counts[:, 0].tolist())
        fits = bool((np.abs(counts - needed) <= 1.5).all())
        require(fits, problem, inputs_of(given, split.seed), got=got, kind=kind)


def as_spread_as_dirichlet(splits: Sequence[Split], given: dict[str, Any]) -> None:
    """Require the moments of Dirichlet(alpha), independent from class to class.

    For shares s of N clients E[s] = 1 / N and E[sum s^2] = (alpha + 1) / (N alpha + 1);
    those of two classes are independent, so E[sum s t] = 1 / N.
    """
    n, alpha, members = (
        given["num_clients"],
        given["alpha"],
        np.bincount(given["labels"]),
    )
    shares = np.array([table(s.rough, given) / members for s in splits])  # (R, N, C)
    squares = (shares**2).sum(axis=1)  # (R, C)
    whole = shares.sum(axis=2)  # (R, N)
    classes = len(members)
    pairs = ((whole**2).sum(axis=1) - squares.sum(axis=1)) / (classes * (classes - 1))
    for found, needed, kind, problem in (
        (squares.ravel(), (alpha + 1) / (n * alpha + 1), "spread",
         _("Over many draws the shares of a class are not as unequal as Dirichlet "
           "with this alpha makes them.")),
        (pairs, 1 / n, "classes together",
         _("Over many draws the clients' shares of one class go with their shares of "
           "another. Each class needs shares of its own.")),
        *((whole[:, k] / classes, 1 / n, "client ahead",
           _("Over many draws some client gets more than the others."))
          for k in range(n)),
    ):  # fmt: skip
        error = max(found.std() / np.sqrt(len(found)), 1e-9)
        off = abs(found.mean() - needed) / error
        require(bool(off <= SIGMAS), problem, kind=kind)


# ---- chance ----------------------------------------------------------------------


def from_draw_alone(splits: Sequence[Split], given: dict[str, Any]) -> None:
    """Require the same split from the same draw, and others from others."""
    for split in splits:
        sizes = np.bincount(split.rough, minlength=given["num_clients"])
        filled = int(sizes.min()) < given["min_size"]  # then the two runs differ
        problem = _("The same `draw` should give the same split: it gave two.")
        same = filled or bool((split.rough == split.owner).all())
        require(same, problem, inputs_of(given, split.seed), kind="other chance")
    first, *others = splits
    problem = _("Other `draw`s should give other splits: all gave the same.")
    differ = any(bool((split.rough != first.rough).any()) for split in others)
    require(differ, problem, given, kind="ignores draw")


def shuffled(splits: Sequence[Split], given: dict[str, Any]) -> None:
    """Require that a class is not cut in the order in which its members are given."""
    changes = least = 0
    for split in splits:
        for label in np.unique(given["labels"]):
            owners = split.rough[given["labels"] == label]
            changes += int((np.diff(owners) != 0).sum())
            least += len(np.unique(owners)) - 1
    problem = _(
        "Each class is cut in the order of the examples: the first ones all go to one "
        "client."
    )
    require(changes > least, problem, given, kind="in order")


# ---- the minimum -----------------------------------------------------------------


def large_enough(splits: Sequence[Split], given: dict[str, Any]) -> None:
    """Require the minimum size of every client."""
    for split in splits:
        sizes = np.bincount(split.owner, minlength=given["num_clients"])
        sentence = _("Client {client} has {size} examples. `min_size` is {least}.")
        problem = sentence.format(
            client=int(sizes.argmin()), size=int(sizes.min()), least=given["min_size"]
        )
        enough = int(sizes.min()) >= given["min_size"]
        moved = bool((split.rough != split.owner).any())
        kind = "too small" if moved else "nothing moved"
        require(enough, problem, inputs_of(given, split.seed), kind=kind)


def filled_by_the_largest(splits: Sequence[Split], given: dict[str, Any]) -> None:
    """Require that the largest gave, one at a time, exactly what was lacking.

    In the end no client is then more than one above a donor, however ties were broken.
    """
    least, num_clients = given["min_size"], given["num_clients"]
    for split in splits:
        seen = inputs_of(given, split.seed)
        before, after = (
            np.bincount(owner, minlength=num_clients)
            for owner in (split.rough, split.owner)
        )
        lacking = int(np.maximum(least - before, 0).sum())
        moved = int((split.rough != split.owner).sum())
        again = split.num_drawn_again != len(split.drawn)
        problem = _("The shares are drawn again until every client is large enough.")
        require(not again, problem, seen, kind="drawn again")
        sizes = _("Sizes with min_size = 0: {before}. With {least}: {after}.")
        said = sizes.format(before=before.tolist(), least=least, after=after.tolist())
        over = int((after - np.maximum(before, least)).max())
        problem = _("A client that has too few should end with exactly min_size. ")
        require(over <= 0, problem + said, seen, kind=f"{over} too many")
        gave = after < before
        largest = bool((after[gave] >= after.max() - 1).all())
        problem = _("A client gave although another one was larger. ")
        require(largest, problem + said, seen, kind="not the largest")
        sentence = _("{lacking} examples had to move. {moved} have another owner.")
        problem = sentence.format(lacking=lacking, moved=moved)
        require(moved == lacking, problem, seen, kind="moved")


ALL = (
    alpha_as_given,
    large_enough,
    filled_by_the_largest,
    from_draw_alone,
    shuffled,
    cut_by_shares,
)
