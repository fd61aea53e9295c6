"""The check of a Dirichlet splitter: what its judge sees, however shares are drawn."""

from __future__ import annotations

import numpy as np
import pytest

import fltutor.checks as checks

LEVEL = "the shares of a class are not as unequal"
TOGETHER = "go with their shares of another"


def splitter(shares=None, fill=None):
    """Return a right splitter, or one with other shares, or another way to fill up."""
    shares = shares or (lambda draw, n, alpha: draw.gamma(alpha, size=n))
    fill = fill or (lambda owner, sizes, draw: sizes.argmax())

    def split(labels, num_clients, alpha, min_size, draw):
        owner = np.empty(len(labels), dtype=int)
        for label in np.unique(labels):
            members = draw.permutation(np.flatnonzero(labels == label))
            part = shares(draw, num_clients, alpha)
            edges = np.cumsum(part / part.sum())[:-1] * len(members)
            for k, mine in enumerate(np.split(members, np.round(edges).astype(int))):
                owner[mine] = k
        while (sizes := np.bincount(owner, minlength=num_clients)).min() < min_size:
            donor = fill(owner, sizes, draw)
            owner[np.flatnonzero(owner == donor)[0]] = sizes.argmin()
        return owner

    return split


def said(answer):
    result = checks.check("04.dirichlet", answer)
    assert not result.passed
    return repr(result)


def test_shares_from_gamma_numbers_pass():
    assert checks.check("04.dirichlet", splitter()).passed


@pytest.mark.parametrize("factor", [0.5, 0.67, 1.5, 2.0])
def test_gamma_shares_of_another_alpha_are_refused(factor):
    answer = splitter(lambda draw, n, alpha: draw.gamma(factor * alpha, size=n))
    assert LEVEL in said(answer)


@pytest.mark.parametrize(
    "change", [lambda a: 2 * a, np.sqrt, round], ids=["twice", "root", "whole"]
)
def test_a_dirichlet_of_another_alpha_is_told_by_its_vector(change):
    def shares(draw, n, alpha):
        return draw.dirichlet(np.full(n, max(float(change(alpha)), 1e-3)))

    assert "`draw.dirichlet` needs `alpha`" in said(splitter(shares))


def test_sorted_shares_are_refused_though_each_class_has_its_own():
    shares = splitter(lambda draw, n, alpha: np.sort(draw.dirichlet(np.full(n, alpha))))
    assert TOGETHER in said(shares)


@pytest.mark.parametrize(
    "donor",
    [
        lambda owner, sizes, draw: np.argsort(sizes)[-2],
        lambda owner, sizes, draw: np.flatnonzero(sizes > sizes.mean())[0],
        lambda owner, sizes, draw: draw.choice(np.flatnonzero(sizes > sizes.mean())),
    ],
    ids=["second", "first", "any"],
)
def test_a_donor_that_is_not_the_largest_is_told(donor):
    assert "A client gave although another one was larger" in said(splitter(fill=donor))


def test_any_of_the_largest_may_give():
    def fill(owner, sizes, draw):
        return draw.choice(np.flatnonzero(sizes == sizes.max()))

    assert checks.check("04.dirichlet", splitter(fill=fill)).passed


def test_a_split_by_chance_of_its_own_is_told():
    def answer(labels, num_clients, alpha, min_size, draw):
        own = np.random.default_rng()
        return splitter()(labels, num_clients, alpha, min_size, own)

    assert "The same `draw` should give the same split" in said(answer)
