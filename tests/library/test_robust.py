"""Robust rules: one conformance class, hand examples, breakdown, slips.

Each slip that real projects shipped is a variant on which the property turns red.
"""

import math
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import fltutor as ft
from fltutor import robust
from fltutor.aggregators import mean, uniform_mean
from fltutor.robust import (
    bucketing,
    bulyan,
    centred_clipping,
    geometric_median,
    krum,
    krum_scores,
    median,
    multi_krum,
    nearest_neighbour_mixing,
    norm_bound,
    trimmed_mean,
)

F64 = torch.float64
LADDER = torch.tensor([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]], dtype=F64)


@dataclass(frozen=True)
class Member:
    """A rule, made for a scale of the updates and a number of bad rows."""

    name: str
    make: Callable[[float, int], object]
    least: int = 1  # rows
    weighted: bool = False
    bears: bool = True  # a minority of arbitrary rows

    def __str__(self):
        return self.name


MEMBERS = [
    Member("median", lambda c, f: median),
    Member("trimmed_mean", lambda c, f: trimmed_mean(share=0.2)),
    Member("krum", lambda c, f: krum(num_byzantine=f)),
    Member("multi_krum", lambda c, f: multi_krum(num_byzantine=f, keep=1)),
    Member("geometric_median", lambda c, f: geometric_median(), weighted=True),
    Member("centred_clipping", lambda c, f: centred_clipping(radius=2.0 * c, steps=3)),
    Member("norm_bound", lambda c, f: norm_bound(max_norm=3.0 * c), weighted=True),
    Member("bulyan", lambda c, f: bulyan(num_byzantine=f), least=3),
    Member(
        "bucketing",
        lambda c, f: bucketing(size=2, inner=median),
        bears=False,  # of few rows: two buckets of three may be spoilt
    ),
    Member(
        "mixing",
        lambda c, f: nearest_neighbour_mixing(num_byzantine=f, inner=median),
    ),
]


def rows(k, d, seed=0):
    draw = torch.Generator().manual_seed(seed)
    deltas = torch.randn(k, d, generator=draw, dtype=F64)
    return deltas, torch.rand(k, generator=draw, dtype=F64) + 0.1


@pytest.mark.parametrize("member", MEMBERS, ids=str)
class TestConformance:
    @given(k=st.integers(3, 10), d=st.integers(1, 30), seed=st.integers(0, 99))
    def test_gives_one_finite_vector_of_the_same_kind(self, member, k, d, seed):
        for dtype in (F64, torch.float32):
            deltas, weights = (t.to(dtype) for t in rows(k, d, seed))
            vector = member.make(1.0, 0)(deltas, weights)
            assert vector.shape == (d,)
            assert vector.dtype == dtype
            assert torch.isfinite(vector).all()

    # of three, two are each other's only neighbour: Krum's tie goes to the first
    @given(k=st.integers(4, 10), d=st.integers(2, 20), seed=st.integers(0, 99))
    def test_the_order_of_clients_does_not_matter(self, member, k, d, seed):
        deltas, weights = rows(k, d, seed)
        order = torch.randperm(k, generator=torch.Generator().manual_seed(seed))
        rule = member.make(1.0, 0)
        torch.testing.assert_close(
            rule(deltas, weights), rule(deltas[order], weights[order])
        )

    @given(k=st.integers(3, 10), seed=st.integers(0, 99))
    def test_scales_with_the_updates(self, member, k, seed):
        deltas, weights = rows(k, 5, seed)
        for scale in (1e-6, 3.0, 1e9):
            torch.testing.assert_close(
                member.make(scale, 0)(scale * deltas, weights) / scale,
                member.make(1.0, 0)(deltas, weights),
                rtol=1e-6,
                atol=1e-7,
            )

    def test_the_scale_of_the_weights_does_not_matter(self, member):
        deltas, weights = rows(6, 5)
        rule = member.make(1.0, 1 if member.name != "bulyan" else 0)
        torch.testing.assert_close(rule(deltas, 7 * weights), rule(deltas, weights))

    def test_weights_matter_where_the_literature_has_them_and_nowhere_else(
        self, member
    ):
        deltas, _ = rows(7, 5)
        rule, even = member.make(1.0, 1), torch.ones(7, dtype=F64)
        uneven = torch.tensor([9.0, 1, 1, 1, 1, 1, 1], dtype=F64)
        same = torch.allclose(rule(deltas, even), rule(deltas, uneven))
        assert same != member.weighted

    def test_one_client_gives_its_own_update_or_too_few_are_refused(self, member):
        deltas = torch.tensor([[0.3, -0.2, 1.0]], dtype=F64)
        rule = member.make(1.0, 0)
        if member.least > 1:
            with pytest.raises(ValueError, match=r"Got .* need at least"):
                rule(deltas, torch.ones(1))
            return
        torch.testing.assert_close(rule(deltas, torch.ones(1)), deltas[0])

    @pytest.mark.parametrize("k", [3, 6])
    def test_equal_rows_give_that_row(self, member, k):
        row = torch.tensor([0.3, -0.2, 1.0], dtype=F64)
        vector = member.make(1.0, 0)(row.expand(k, -1), rows(k, 3)[1])
        torch.testing.assert_close(vector, row)

    @pytest.mark.parametrize("d", [1, 5, 5000])
    def test_its_input_stays_as_it_was(self, member, d):
        deltas, weights = rows(7, d)
        before = deltas.clone(), weights.clone()
        member.make(1.0, 1)(deltas, weights)
        assert torch.equal(deltas, before[0])
        assert torch.equal(weights, before[1])

    @pytest.mark.parametrize(
        ("deltas", "weights", "words"),
        [
            (torch.zeros(3), torch.ones(3), "matrix"),
            (torch.zeros(3, 2), torch.ones(2), "weights of shape"),
            (torch.zeros(3, 2), torch.tensor([1.0, -1.0, 1.0]), "weights >= 0"),
            (torch.zeros(3, 2), torch.zeros(3), "all zero"),
        ],
    )
    def test_shapes_and_weights_that_do_not_fit_are_refused(
        self, member, deltas, weights, words
    ):
        with pytest.raises(ValueError, match=words):
            member.make(1.0, 0)(deltas, weights)

    def test_it_has_a_name_a_promise_and_survives_pickling(self, member):
        rule = member.make(1.0, 1)
        assert ft.stages.name_of(rule).isidentifier()
        assert isinstance(rule.protects, str)
        deltas, weights = rows(7, 4)
        again = pickle.loads(pickle.dumps(rule))
        assert torch.equal(again(deltas, weights), rule(deltas, weights))


BEARING = [member for member in MEMBERS if member.bears]


@pytest.mark.parametrize("member", BEARING, ids=str)
@pytest.mark.parametrize("far", [1e3, 1e9, 1e200])
@pytest.mark.parametrize("place", [0, 3, 6])
def test_one_bad_row_of_seven_does_not_lead_anywhere(member, far, place):
    deltas, _ = rows(7, 4)
    deltas[place] = far * torch.tensor([1.0, -1, 0.5, 1], dtype=F64)
    vector = member.make(1.0, 1)(deltas, torch.ones(7))
    assert vector.norm() < 4  # the honest rows' norms are about 2


def test_one_bad_row_leads_the_mean_anywhere():
    deltas, _ = rows(7, 4)
    deltas[0] = 1e9
    assert mean(deltas, torch.ones(7)).norm() > 1e8


# published and hand-made examples -----------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*guarantee")
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (median, [4, 5, 6]),
        (trimmed_mean(share=1 / 3), [4, 5, 6]),
        (geometric_median(), [4, 5, 6]),
        (krum(num_byzantine=1), [1, 2, 3]),  # all scores are 27: the first
    ],
    ids=lambda r: ft.stages.name_of(r) if callable(r) else "",
)
def test_three_rows(rule, expected):
    assert rule(LADDER, torch.ones(3)).tolist() == expected


def fours(*values):
    """Rows of four equal numbers."""
    return torch.tensor(values, dtype=F64)[:, None].expand(-1, 4)


@pytest.mark.filterwarnings("ignore:.*guarantee")
def test_krum_takes_the_first_of_a_tie():
    # .7 and 1.0 are each other's nearest: both score 4 * .3^2
    rule = krum(num_byzantine=1)
    assert rule(fours(0.2, 0.7, 1.0), torch.ones(3)).tolist() == [0.7] * 4


@pytest.mark.filterwarnings("ignore:.*guarantee")
def test_multi_krum_averages_the_best():
    vector = multi_krum(num_byzantine=1, keep=2)(fours(0.2, 0.5, 1.0), torch.ones(3))
    torch.testing.assert_close(vector, torch.full((4,), 0.35, dtype=F64))


def test_trimmed_mean_cuts_a_quarter_at_each_end():
    column = torch.tensor([[0.5], [1], [2], [100]], dtype=F64)
    assert trimmed_mean(share=0.25)(column, torch.ones(4)).item() == 1.5


def test_the_median_of_an_even_number_is_between_the_middle_two():
    column = torch.tensor([[9.0], [1], [2], [100]], dtype=F64)
    assert median(column, torch.ones(4)).item() == 5.5


# trimmed mean -------------------------------------------------------------------------


def it_cuts_each_end_of_each_column(rule):
    from scipy.stats import trim_mean

    for seed in range(5):
        deltas, weights = rows(10, 6, seed)
        for share in (0.0, 0.1, 0.2, 0.25, 0.49):
            expected = trim_mean(deltas.numpy(), share, axis=0)
            np.testing.assert_allclose(rule(share)(deltas, weights), expected)


def test_trimmed_mean_is_scipys():
    it_cuts_each_end_of_each_column(lambda share: trimmed_mean(share=share))


def test_a_trimmed_mean_by_distance_to_the_median_is_seen():
    def slip(share):
        def rule(deltas, weights):
            away = (deltas - deltas.median(dim=0).values).abs()
            kept = len(deltas) - 2 * int(share * len(deltas))
            near = away.argsort(dim=0)[:kept]
            return deltas.gather(0, near).mean(dim=0)

        return rule

    with pytest.raises(AssertionError):
        it_cuts_each_end_of_each_column(slip)


# Krum ---------------------------------------------------------------------------------


def scores_are_blanchards(scores):
    """Six points on a line, f = 1: three nearest others, squared once."""
    points = torch.tensor([[0.0], [1], [3], [4], [10], [2]], dtype=F64)
    by_hand = [1 + 4 + 9, 1 + 1 + 4, 1 + 1 + 4, 1 + 4 + 9, 36 + 49 + 64, 1 + 1 + 4]
    assert scores(points, 1) == by_hand


def plain_scores(points, f, *, power=2, fewer=2, itself=False):
    distances = torch.cdist(points, points) ** power
    nearest = distances.sort(dim=1).values[:, 0 if itself else 1 :]
    return nearest[:, : len(points) - f - fewer].sum(dim=1).tolist()


def test_krums_scores_by_hand():
    scores_are_blanchards(lambda p, f: krum_scores(p, num_byzantine=f).tolist())
    scores_are_blanchards(plain_scores)


@pytest.mark.parametrize(
    "slip",
    [{"power": 4}, {"power": 1}, {"fewer": 1}, {"itself": True}],
    ids=["squared again", "not squared", "n - f - 1 neighbours", "itself among them"],
)
def test_slips_in_krums_scores_are_seen(slip):
    with pytest.raises(AssertionError):
        scores_are_blanchards(lambda p, f: plain_scores(p, f, **slip))


@given(
    k=st.integers(5, 12), d=st.integers(1, 40), seed=st.integers(0, 99),
    offset=st.sampled_from([0.0, 1e6, -1e9]),
)  # fmt: skip
def test_scores_are_exact_where_all_rows_share_a_large_part(k, d, seed, offset):
    deltas = rows(k, d, seed)[0] + offset
    exact = torch.tensor(plain_scores(deltas - offset, 1), dtype=F64)
    found = krum_scores(deltas, num_byzantine=1)
    # what adding and taking away the offset rounds
    rounding = abs(offset) * 1e-15 * math.sqrt(d) * k + 1e-10
    torch.testing.assert_close(found, exact, rtol=rounding, atol=rounding)


def test_equal_rows_have_a_score_of_zero():
    deltas = rows(3, 3000)[0].repeat(4, 1)  # twelve rows, four of each
    assert krum_scores(deltas, num_byzantine=7 - 2)[0] >= 0
    three = deltas[[0, 3, 6, 9, 1, 2]]
    assert krum_scores(three, num_byzantine=2)[:4].tolist() == [0.0] * 4


@given(seed=st.integers(0, 99), f=st.integers(0, 3))
def test_krum_returns_one_of_the_rows(seed, f):
    deltas, weights = rows(9, 5, seed)
    vector = krum(num_byzantine=f)(deltas, weights)
    assert any(torch.equal(vector, row) for row in deltas)


def test_multi_krum_of_all_rows_is_the_mean():
    deltas, weights = rows(9, 5)
    torch.testing.assert_close(
        multi_krum(num_byzantine=2, keep=9)(deltas, weights),
        uniform_mean(deltas, weights),
    )


def test_krum_throws_an_honest_minority_away():
    # eight clients of one kind, two of another: nobody is bad, and two are not heard
    kinds = torch.tensor([[0.0]] * 8 + [[10.0]] * 2, dtype=F64)
    assert krum(num_byzantine=2)(kinds, torch.ones(10)).item() == 0
    assert uniform_mean(kinds, torch.ones(10)).item() == 2


# geometric median ---------------------------------------------------------------------


def total_distance(point, deltas, weights):
    return float(weights @ (deltas - point).norm(dim=1))


@given(k=st.integers(1, 9), d=st.integers(1, 6), seed=st.integers(0, 200))
def test_no_point_nearby_is_better(k, d, seed):
    deltas, weights = rows(k, d, seed)
    found = geometric_median()(deltas, weights)
    best = total_distance(found, deltas, weights)
    draw = torch.Generator().manual_seed(seed)
    for size in (1e-1, 1e-3, 1e-5):
        for _ in range(10):
            step = size * torch.randn(d, generator=draw, dtype=F64)
            assert total_distance(found + step, deltas, weights) >= best - 1e-12


def test_in_one_dimension_it_is_the_weighted_median():
    column = torch.tensor([[0.0], [1], [5], [9]], dtype=F64)
    weights = torch.tensor([1.0, 1, 3, 1], dtype=F64)
    assert geometric_median()(column, weights).item() == 5


def it_finds_the_middle_of_three(rule):
    torch.testing.assert_close(rule(LADDER, torch.ones(3, dtype=F64)), LADDER[1])


def test_three_smoothed_steps_from_zero_are_seen():
    def slip(deltas, weights):
        point = torch.zeros_like(deltas[0])
        for _ in range(3):
            pull = weights / (deltas - point).norm(dim=1).clamp(min=1e-6)
            point = pull @ deltas / pull.sum()
        return point

    it_finds_the_middle_of_three(geometric_median())
    with pytest.raises(AssertionError):
        it_finds_the_middle_of_three(slip)


def test_a_start_on_a_wrong_row_is_left():
    # the column-wise median is row 0, which is not the geometric median
    deltas = torch.tensor(
        [[0.0, 0, 0], [4, 4, -1], [-1, 4, 4], [4, -1, 4], [-1, -1, -1]], dtype=F64
    )
    weights = torch.tensor([0.05, 1, 1, 1, 0.05], dtype=F64)
    assert torch.equal(median(deltas, weights), deltas[0])
    found = geometric_median()(deltas, weights)
    assert not torch.equal(found, deltas[0])
    torch.testing.assert_close(found[0].expand(3), found)  # by symmetry
    for step in torch.eye(3, dtype=F64) * 1e-4:
        best = total_distance(found, deltas, weights)
        assert total_distance(found + step, deltas, weights) >= best
        assert total_distance(found - step, deltas, weights) >= best


# centred clipping, norm bound ---------------------------------------------------------


def test_centred_clipping_by_hand():
    column = torch.tensor([[0.0], [1], [100]], dtype=F64)
    # from the median 1: (-1 + 0 + 3) / 3 = 2/3, then from 5/3: (-5/3 - 2/3 + 3) / 3
    one = centred_clipping(radius=3.0, steps=1)(column, torch.ones(3))
    two = centred_clipping(radius=3.0, steps=2)(column, torch.ones(3))
    assert one.item() == pytest.approx(5 / 3)
    assert two.item() == pytest.approx(5 / 3 + 2 / 9)


def test_with_a_huge_radius_it_is_the_mean():
    deltas, weights = rows(6, 5)
    torch.testing.assert_close(
        centred_clipping(radius=1e6)(deltas, weights), uniform_mean(deltas, weights)
    )
    torch.testing.assert_close(
        norm_bound(max_norm=1e6)(deltas, weights), mean(deltas, weights)
    )


def test_a_row_moves_the_norm_bound_by_its_weight_times_the_bound():
    column = torch.tensor([[1e9], [0.5]], dtype=F64)
    weights = torch.tensor([1.0, 3.0])
    assert norm_bound(max_norm=2.0)(column, weights).item() == pytest.approx(0.875)


# bulyan -------------------------------------------------------------------------------


def plain_bulyan(deltas, f):
    left, chosen = list(range(len(deltas))), []
    while len(chosen) < len(deltas) - 2 * f:
        these = deltas[left]
        distances = torch.cdist(these, these) ** 2
        near = distances.sort(dim=1).values[:, 1 : 1 + max(1, len(left) - f - 2)]
        chosen.append(left.pop(int(near.sum(dim=1).argmin())))
    rows_ = deltas[chosen]
    away = (rows_ - rows_.quantile(0.5, dim=0)).abs()
    near = away.argsort(dim=0)[: len(deltas) - 4 * f]
    return rows_.gather(0, near).mean(dim=0)


@given(f=st.integers(0, 2), more=st.integers(0, 4), seed=st.integers(0, 99))
def test_bulyan_is_krum_repeated_and_the_middle_of_columns(f, more, seed):
    deltas, weights = rows(4 * f + 3 + more, 5, seed)
    torch.testing.assert_close(
        bulyan(num_byzantine=f)(deltas, weights), plain_bulyan(deltas, f)
    )


# mixing -------------------------------------------------------------------------------


def seen_by(make, deltas):
    """What the inner rule was given."""
    seen = []

    def inner(rows_, weights):
        seen.append((rows_, weights))
        return rows_[0]

    make(inner)(deltas, torch.ones(len(deltas)))
    return seen[0]


@given(k=st.integers(1, 12), size=st.integers(1, 5), seed=st.integers(0, 50))
def test_buckets_are_means_of_all_rows_once(k, size, seed):
    deltas, _ = rows(k, 4, seed)
    means, weights = seen_by(lambda inner: bucketing(size=size, inner=inner), deltas)
    sizes = torch.tensor([min(size, k - i) for i in range(0, k, size)], dtype=F64)
    assert weights.tolist() == [1.0] * len(sizes)
    torch.testing.assert_close(sizes @ means, deltas.sum(dim=0))


def test_another_seed_or_another_round_makes_other_buckets():
    def first(seed, deltas):
        make = lambda inner: bucketing(size=2, inner=inner, seed=seed)  # noqa: E731 - passed on at once
        means, _ = seen_by(make, deltas)
        pairs = (deltas[:, None] + deltas[None]) / 2
        close = (
            torch.isclose(pairs, means[0]).all(dim=2)
            | torch.isclose(deltas, means[0]).all(dim=1).diag()
        )
        return tuple(sorted(set(close.nonzero().flatten().tolist())))

    one, other = rows(10, 4, 0)[0], rows(10, 4, 1)[0]
    assert first(0, one) == first(0, one)
    assert len({first(seed, one) for seed in range(20)}) > 5
    assert (
        len({first(0, d) for d in (one, other, *(rows(10, 4, s)[0] for s in (2, 3)))})
        > 1
    )


def test_a_bad_row_spoils_one_bucket():
    deltas, _ = rows(9, 4)
    deltas[4] = 1e9
    for seed in range(10):
        vector = bucketing(size=2, inner=median, seed=seed)(deltas, torch.ones(9))
        assert vector.norm() < 4


def test_mixing_averages_the_nearest_rows_itself_among_them():
    column = torch.tensor([[0.0], [1], [2.5], [100]], dtype=F64)
    make = lambda inner: nearest_neighbour_mixing(num_byzantine=1, inner=inner)  # noqa: E731 - passed on at once
    mixed, weights = seen_by(make, column)
    third = 3.5 / 3
    expected = [third, third, third, (100 + 2.5 + 1) / 3]
    torch.testing.assert_close(mixed.flatten(), torch.tensor(expected, dtype=F64))
    assert weights.tolist() == [1.0] * 4


def test_mixing_without_bad_rows_is_the_mean():
    deltas, weights = rows(6, 5)
    rule = nearest_neighbour_mixing(num_byzantine=0, inner=krum(num_byzantine=2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.testing.assert_close(rule(deltas, weights), uniform_mean(deltas, weights))


# preconditions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "k", "words"),
    [
        (
            krum(num_byzantine=2),
            4,
            r"need 2 num_byzantine \+ 2 < updates, 6 < 4, for krum",
        ),
        (multi_krum(num_byzantine=5, keep=1), 10, "12 < 10, for multi_krum"),
        (multi_krum(num_byzantine=1, keep=6), 5, "whole number keep, from 1 to 5"),
        (bulyan(num_byzantine=1), 6, r"at least 4 num_byzantine \+ 3 = 7 updates"),
        (
            nearest_neighbour_mixing(num_byzantine=3, inner=median),
            6,
            "more than 6 updates for nearest_neighbour_mixing",
        ),
        (bucketing(size=3, inner=krum(num_byzantine=1)), 6, "for krum"),
    ],
)
def test_too_many_bad_rows_are_refused_with_the_precondition(rule, k, words):
    with pytest.raises(ValueError, match=words):
        rule(*rows(k, 3))


def test_scores_need_a_majority():
    with pytest.raises(ValueError, match="most are honest"):
        krum_scores(rows(4, 3)[0], num_byzantine=2)


@pytest.mark.parametrize(("k", "warns"), [(3, True), (4, True), (5, False)])
def test_where_krums_proof_ends_it_warns(k, warns):
    rule = krum(num_byzantine=1)  # proven for K > 4
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        rule(*rows(k, 3))
    assert bool(told) == warns


def a_federation(rule, **changes):
    data = ft.Dataset(torch.randn(24, 3, dtype=F64), torch.arange(24) % 2, 2)
    return ft.Federation(
        ft.Task(ft.models.linear(3, 2).double(), seed=0),
        ft.splitters.iid(data, num_clients=8, seed=0),
        changes.pop("algorithm", ft.FedAvg()),
        ft.LocalTraining(epochs=1, lr=0.1),
        aggregator=rule,
        **changes,
    )


@pytest.mark.parametrize(
    "rule",
    [
        krum(num_byzantine=3),
        multi_krum(num_byzantine=3, keep=1),
        multi_krum(num_byzantine=0, keep=6),
        bulyan(num_byzantine=1),
        nearest_neighbour_mixing(num_byzantine=3, inner=median),
    ],
    ids=lambda r: r.name,
)
def test_a_federation_refuses_a_rule_that_its_cohorts_are_too_small_for(rule):
    with pytest.raises(ValueError, match=r"Got .*, need .*\. \S"):
        a_federation(rule, cohort_size=5)


@pytest.mark.parametrize("member", MEMBERS, ids=str)
def test_a_federation_runs_under_every_rule(member):
    history = a_federation(member.make(1.0, 1)).run(rounds=2, progress=False)
    assert torch.isfinite(history.state.params).all()


@pytest.mark.parametrize("member", MEMBERS, ids=str)
def test_what_travels_beside_the_deltas_is_refused(member):
    f = a_federation(member.make(1.0, 1), algorithm=ft.Scaffold())
    with pytest.raises(ValueError, match="beside the deltas"):
        f.round(f.init(), 0)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        *(
            (lambda v=v: trimmed_mean(share=v), "share")
            for v in (-0.1, 0.5, 1, math.nan)
        ),
        *(
            (lambda v=v: krum(num_byzantine=v), "num_byzantine")
            for v in (-1, 1.5, None)
        ),
        (lambda: multi_krum(num_byzantine=1, keep=0), "keep"),
        (lambda: bulyan(num_byzantine=-1), "num_byzantine"),
        (lambda: geometric_median(max_steps=0), "max_steps"),
        *(
            (lambda v=v: centred_clipping(radius=v), "radius")
            for v in (0, -1, math.inf)
        ),
        (lambda: centred_clipping(radius=1, steps=0), "steps"),
        (lambda: norm_bound(max_norm=0), "max_norm"),
        (lambda: bucketing(size=0, inner=median), "size"),
        (lambda: bucketing(size=2, inner="median"), "inner"),
        (lambda: bucketing(size=2, inner=median, seed=None), "seed"),
        (lambda: nearest_neighbour_mixing(num_byzantine=1, inner=krum), "inner"),
        (lambda: krum_scores(rows(5, 2)[0], num_byzantine=-1), "num_byzantine"),
    ],
)
def test_arguments_out_of_range_are_refused_by_name(make, name):
    with pytest.raises(ValueError, match=rf"Got .*{name}.*, need .*\. \S"):
        make()


def test_the_package_names_what_it_has():
    assert set(robust.__all__) <= set(dir(robust))
