"""Splitters: one conformance class for all, then what each promises, then skew."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fltutor import datasets, splitters
from fltutor.clients import Client
from fltutor.datasets import Dataset

CLASSES = 3

SPLITTERS = {
    "iid": lambda d, n, s: splitters.iid(d, num_clients=n, seed=s),
    "shards": lambda d, n, s: splitters.shards(d, num_clients=n, seed=s),
    "dirichlet": lambda d, n, s: splitters.dirichlet(
        d, num_clients=n, alpha=0.3, seed=s
    ),
    "dirichlet levelled": lambda d, n, s: splitters.dirichlet(
        d, num_clients=n, alpha=0.01, min_size=2, seed=s
    ),
    "labels_per_client": lambda d, n, s: splitters.labels_per_client(
        d, num_clients=n, labels=2, seed=s
    ),
    "quantity": lambda d, n, s: splitters.quantity(d, num_clients=n, alpha=0.1, seed=s),
    "feature_shift rotation": lambda d, n, s: splitters.feature_shift(
        d, num_clients=n, strength=90, seed=s
    ),
    "feature_shift noise": lambda d, n, s: splitters.feature_shift(
        d, num_clients=n, kind="noise", strength=0.1, seed=s
    ),
    "feature_shift contrast": lambda d, n, s: splitters.feature_shift(
        d, num_clients=n, kind="contrast", strength=1.0, seed=s
    ),
    "label_flip": lambda d, n, s: splitters.label_flip(d, num_clients=n, seed=s),
}
KEEP_COUNTS = ("shards", "dirichlet", "dirichlet levelled", "labels_per_client")


def make_data(n: int = 60, seed: int = 0, classes: int = CLASSES) -> Dataset:
    """Build n pictures of 2 x 2 pixels; ``groups`` holds each one's number."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    x = torch.from_numpy(rng.random((n, 4)))
    return Dataset(x, torch.from_numpy(labels), classes, torch.arange(n))


def numbers(clients: list[Client]) -> list[list[int]]:
    return [client.data.groups.tolist() for client in clients]


@pytest.mark.parametrize("split", SPLITTERS.values(), ids=SPLITTERS.keys())
class TestEverySplitter:
    @settings(max_examples=25, deadline=None)
    @given(n=st.integers(30, 80), num_clients=st.integers(2, 9), seed=st.integers(0, 9))
    def test_covers_the_data_exactly_and_leaves_no_client_empty(
        self, split, n, num_clients, seed
    ):
        data = make_data(n, seed)
        if np.bincount(data.y).min() < num_clients:
            data = make_data(80, 0)
        clients = split(data, num_clients, seed)
        assert [client.id for client in clients] == list(range(num_clients))
        assert min(len(client) for client in clients) >= 1
        assert sorted(sum(numbers(clients), [])) == list(range(len(data)))

    def test_keeps_the_order_of_the_data_within_a_client(self, split):
        for own in numbers(split(make_data(), 5, 0)):
            assert own == sorted(own)

    def test_the_seed_decides_and_nothing_else_does(self, split):
        first = split(make_data(), 5, 3)
        np.random.seed(1)  # noqa: NPY002 - a splitter must not read it
        torch.manual_seed(1)
        splitters.iid(make_data(), num_clients=4, seed=8)
        again, other = split(make_data(), 5, 3), split(make_data(), 5, 4)
        assert numbers(first) == numbers(again) != numbers(other)
        for a, b in zip(first, again, strict=True):
            assert torch.equal(a.data.x, b.data.x)
            assert torch.equal(a.data.y, b.data.y)

    def test_no_global_generator_moves(self, split):
        before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
        split(make_data(), 5, 0)
        assert np.array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
        assert torch.equal(before[1], torch.get_rng_state())

    def test_features_do_not_decide_who_gets_what(self, split):
        data = make_data()
        other = Dataset(data.x.flip(0), data.y, CLASSES, data.groups)
        assert numbers(split(data, 5, 0)) == numbers(split(other, 5, 0))

    def test_another_order_of_the_data_keeps_the_sizes(self, split, request):
        data = make_data()
        shuffled = data[torch.randperm(60, generator=torch.Generator().manual_seed(0))]
        one, two = split(data, 5, 0), split(shuffled, 5, 0)
        assert [len(c) for c in one] == [len(c) for c in two]
        if request.node.callspec.id in KEEP_COUNTS:
            counts = splitters.label_counts(one)
            assert np.array_equal(counts, splitters.label_counts(two))

    def test_leaves_the_data_set_as_it_was(self, split):
        data, twin = make_data(), make_data()
        split(data, 5, 0)
        assert torch.equal(data.x, twin.x) and torch.equal(data.y, twin.y)

    def test_more_clients_than_examples_are_refused_with_both_numbers(self, split):
        with pytest.raises(ValueError, match=r"Got 12 examples.*at least \d+.*Ask for"):
            split(make_data(12), 13, 0)

    def test_no_clients_are_refused(self, split):
        with pytest.raises(ValueError, match="num_clients=0"):
            split(make_data(), 0, 0)


def test_iid_sizes_differ_by_one_at_most():
    sizes = [len(c) for c in splitters.iid(make_data(61), num_clients=7)]
    assert max(sizes) - min(sizes) <= 1


def test_two_shards_of_one_label_each_give_at_most_two_labels():
    data = Dataset(torch.zeros(40, 1), torch.arange(40) % 4, 4)
    counts = splitters.label_counts(splitters.shards(data, num_clients=4))
    assert ((counts > 0).sum(axis=1) <= 2).all()
    assert (counts.sum(axis=1) == 10).all()


def test_shards_refuse_more_shards_than_examples():
    with pytest.raises(ValueError, match="shards_per_client=7, need at least 35"):
        splitters.shards(make_data(30), num_clients=5, shards_per_client=7)


@pytest.mark.parametrize("labels", [1, 2, 3])
def test_labels_per_client_gives_exactly_so_many_and_equal_holders(labels):
    clients = splitters.labels_per_client(make_data(), num_clients=7, labels=labels)
    held = splitters.label_counts(clients) > 0  # (N, C)
    assert (held.sum(axis=1) == labels).all()
    assert np.ptp(held.sum(axis=0)) <= 1


def test_labels_per_client_cuts_a_class_evenly():
    counts = splitters.label_counts(
        splitters.labels_per_client(make_data(), num_clients=6, labels=1)
    )
    for column in counts.T:
        assert np.ptp(column[column > 0]) <= 1


def test_labels_per_client_refuses_a_class_without_holder():
    with pytest.raises(ValueError, match="2 places for 3 classes"):
        splitters.labels_per_client(make_data(), num_clients=2, labels=1)


def test_labels_per_client_refuses_a_class_with_too_few_examples():
    labels = torch.tensor([0] * 20 + [1])
    data = Dataset(torch.zeros(21, 1), labels, 2)
    with pytest.raises(ValueError, match="class 1 with 1 examples for 5 holders"):
        splitters.labels_per_client(data, num_clients=5, labels=2)


@pytest.mark.parametrize("alpha", [1e-6, 0.01, 1.0, 1e6])
def test_dirichlet_keeps_the_minimum_size_at_every_alpha(alpha):
    clients = splitters.dirichlet(make_data(), num_clients=6, alpha=alpha, min_size=10)
    assert [len(c) for c in clients] == [10] * 6


def test_dirichlet_shares_are_those_of_the_distribution():
    data = Dataset(torch.zeros(1000, 1), torch.zeros(1000, dtype=torch.int64), 1)
    shares = [
        len(c) / 1000
        for seed in range(200)
        for c in splitters.dirichlet(data, num_clients=4, alpha=2.0, seed=seed)
    ]
    # Dirichlet(2, 2, 2, 2): mean 1/4, variance (1/4)(3/4)/(8 + 1) = 1/48
    assert np.mean(shares) == pytest.approx(0.25)
    assert np.var(shares) == pytest.approx(1 / 48, rel=0.1)


@pytest.mark.parametrize("split", [splitters.dirichlet, splitters.quantity])
@pytest.mark.parametrize("alpha", [0, -1.0, float("nan"), float("inf")])
def test_an_alpha_that_is_not_above_zero_is_refused(split, alpha):
    with pytest.raises(ValueError, match="alpha"):
        split(make_data(), num_clients=3, alpha=alpha)


def test_quantity_skews_sizes_and_keeps_the_minimum():
    sizes = [
        len(c)
        for c in splitters.quantity(
            make_data(80), num_clients=8, alpha=0.05, min_size=3
        )
    ]
    assert min(sizes) >= 3
    assert max(sizes) > 20


@pytest.mark.parametrize(
    "split",
    [
        lambda d: splitters.shards(d, num_clients=2),
        lambda d: splitters.dirichlet(d, num_clients=2, alpha=1.0),
        lambda d: splitters.labels_per_client(d, num_clients=2, labels=1),
        lambda d: splitters.label_flip(d, num_clients=2),
    ],
)
def test_regression_data_are_refused_where_labels_are_needed(split):
    with pytest.raises(ValueError, match="class labels"):
        split(Dataset(torch.zeros(8, 1), torch.zeros(8)))


def test_by_group_makes_each_group_a_client():
    groups = torch.tensor([5, 2, 5, 0, 2, 5])
    data = Dataset(torch.zeros(6, 1), torch.zeros(6), None, groups)
    clients = splitters.by_group(data)
    assert numbers(clients) == [[0], [2, 2], [5, 5, 5]]
    with pytest.raises(ValueError, match="without groups"):
        splitters.by_group(Dataset(torch.zeros(6, 1), torch.zeros(6)))


# ---------------------------------------------------------------- shifts


@pytest.mark.parametrize("kind", ["rotation", "noise", "contrast"])
def test_feature_shift_grows_from_nothing_and_touches_features_alone(kind):
    data = make_data()
    clients = splitters.feature_shift(data, num_clients=4, kind=kind, strength=1.0)
    plain = splitters.iid(data, num_clients=4)
    change = [
        float((a.data.x - b.data.x).abs().mean())
        for a, b in zip(clients, plain, strict=True)
    ]
    assert change[0] == 0.0
    assert change == sorted(change) and change[1] > 0
    for a, b in zip(clients, plain, strict=True):
        assert torch.equal(a.data.y, b.data.y)


@pytest.mark.parametrize("shape", [(16,), (4, 4), (1, 4, 4), (3, 4, 4)])
def test_a_quarter_turn_is_rot90_in_every_layout(shape):
    x = torch.rand(6, *shape, dtype=torch.float64)
    data = Dataset(x, torch.zeros(6, dtype=torch.int64), 1, torch.arange(6))
    last = splitters.feature_shift(data, num_clients=2, strength=90.0)[1].data
    pictures = x[last.groups].reshape(len(last), -1, 4, 4)
    expected = torch.rot90(pictures, 1, dims=(-2, -1)).reshape(last.x.shape)
    assert torch.allclose(last.x, expected, atol=1e-12)


def test_full_contrast_loss_leaves_the_mean_of_each_picture():
    data = make_data()
    last = splitters.feature_shift(data, num_clients=3, kind="contrast", strength=1.0)
    x = last[-1].data.x
    means = data.x[last[-1].data.groups].mean(dim=1, keepdim=True)
    assert torch.allclose(x, means.expand_as(x))


def test_noise_has_the_standard_deviation_asked_for():
    data = Dataset(torch.zeros(400, 25, dtype=torch.float64), torch.zeros(400))
    clients = splitters.feature_shift(data, num_clients=3, kind="noise", strength=0.4)
    spread = [float(c.data.x.std()) for c in clients]
    assert spread == pytest.approx([0.0, 0.2, 0.4], rel=0.05)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"kind": "blur", "strength": 1.0}, "kind='blur'"),
        ({"kind": "noise", "strength": -1.0}, "strength=-1.0"),
        ({"kind": "contrast", "strength": 1.5}, "0 <= strength <= 1"),
        ({"kind": "rotation", "strength": float("nan")}, "finite strength"),
    ],
)
def test_feature_shift_refuses_what_makes_no_sense(kwargs, message):
    with pytest.raises(ValueError, match=message):
        splitters.feature_shift(make_data(), num_clients=2, **kwargs)


def test_rotation_refuses_features_that_are_no_square_pictures():
    data = Dataset(torch.zeros(6, 5), torch.zeros(6))
    with pytest.raises(ValueError, match=r"shape \(6, 5\).*square images"):
        splitters.feature_shift(data, num_clients=2, strength=10.0)


def test_tokens_cannot_be_shifted():
    data = Dataset(torch.zeros(6, 4, dtype=torch.int64), torch.zeros(6))
    with pytest.raises(ValueError, match="float features"):
        splitters.feature_shift(data, num_clients=2, kind="noise", strength=0.1)


def renamings(clients: list[Client], data: Dataset) -> list[dict[int, int]]:
    """Read each client's old label -> new label."""
    return [
        dict(zip(data.y[c.data.groups].tolist(), c.data.y.tolist(), strict=True))
        for c in clients
    ]


def test_label_flip_renames_every_class_at_half_of_the_clients():
    data = make_data(200)
    names = renamings(splitters.label_flip(data, num_clients=8), data)
    changed = [any(old != new for old, new in each.items()) for each in names]
    assert sum(changed) == 4
    for each, flipped in zip(names, changed, strict=True):
        assert sorted(each.values()) == sorted(each)  # one to one
        assert not flipped or all(old != new for old, new in each.items())


def test_label_flip_shares_concepts_when_asked():
    data = make_data(400, classes=6)
    kwargs = {"num_clients": 9, "fraction": 1.0}
    own = renamings(splitters.label_flip(data, **kwargs), data)
    two = renamings(splitters.label_flip(data, concepts=2, **kwargs), data)
    assert len({tuple(sorted(each.items())) for each in two}) == 2
    assert len({tuple(sorted(each.items())) for each in own}) > 4


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_label_flip_refuses_a_fraction_out_of_range(fraction):
    with pytest.raises(ValueError, match="fraction"):
        splitters.label_flip(make_data(), num_clients=2, fraction=fraction)


# ---------------------------------------------------------------- measures


def federation(*rows: list[int]) -> list[Client]:
    """Build clients with given counts of classes."""
    return [
        Client(
            i,
            Dataset(
                torch.zeros(sum(row), 1),
                torch.from_numpy(np.repeat(np.arange(len(row)), row)),
                len(row),
            ),
        )
        for i, row in enumerate(rows)
    ]


def test_label_counts_counts():
    counts = splitters.label_counts(federation([2, 0, 1], [0, 3, 0]))
    assert counts.tolist() == [[2, 0, 1], [0, 3, 0]]


def test_skew_of_two_clients_with_a_class_each():
    clients = federation([6, 0], [0, 6])
    # p = (1/2, 1/2), p_k = (1, 0), m = (3/4, 1/4)
    jsd = 0.5 * log(4 / 3) + 0.5 * (0.5 * log(2 / 3) + 0.5 * log(2))
    assert splitters.skew(clients) == pytest.approx(0.5)
    assert splitters.skew(clients, "emd") == pytest.approx(1.0)
    assert splitters.skew(clients, "jsd") == pytest.approx(jsd)


def test_skew_weighs_clients_equally_or_by_examples():
    clients = federation([8, 8], [4, 0])  # p = (0.6, 0.4); tv = 0.1 and 0.4
    assert splitters.client_skew(clients) == pytest.approx([0.1, 0.4])
    assert splitters.skew(clients) == pytest.approx(0.25)
    assert splitters.skew(clients, weighted=True) == pytest.approx(
        0.8 * 0.1 + 0.2 * 0.4
    )


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any),
        min_size=1,
        max_size=6,
    )
)
def test_measures_lie_in_their_ranges_and_emd_is_twice_tv(rows):
    clients = federation(*rows)
    tv, jsd, emd = (
        splitters.client_skew(clients, metric) for metric in ("tv", "jsd", "emd")
    )
    assert emd == pytest.approx(2 * tv)
    assert (tv >= 0).all() and (tv <= 1).all()
    assert (jsd >= 0).all() and (jsd <= log(2)).all()
    # Pinsker from below, Lin 1991 from above
    assert (jsd >= tv**2 / 2 - 1e-12).all() and (jsd <= log(2) * tv + 1e-12).all()


def test_an_unknown_metric_is_named():
    with pytest.raises(ValueError, match="metric='kl'.*'tv', 'jsd', 'emd'"):
        splitters.skew(federation([1, 1]), "kl")


def random_split(clients: list[Client], data: Dataset, seed: int) -> list[Client]:
    sizes = [len(client) for client in clients]
    order = np.random.default_rng(seed).permutation(len(data))
    parts = np.split(order, np.cumsum(sizes)[:-1])
    return [Client(i, data[part]) for i, part in enumerate(parts)]


def mean_skews(alpha: float) -> tuple[float, float]:
    """Return mean total variation of Dirichlet(alpha) and of random equal sizes."""
    data = datasets.digits().train
    pairs = []
    for seed in range(10):
        clients = splitters.dirichlet(data, num_clients=10, alpha=alpha, seed=seed)
        chance = random_split(clients, data, seed)
        pairs.append((splitters.skew(clients), splitters.skew(chance)))
    drawn, random = np.mean(pairs, axis=0)
    return float(drawn), float(random)


def test_dirichlet_1_is_far_from_homogeneous():
    # outside number: mean total variation about 0.32 against 0.09 at random
    drawn, random = mean_skews(1.0)
    assert drawn == pytest.approx(0.32, abs=0.03)
    assert random == pytest.approx(0.09, abs=0.02)


def test_dirichlet_100_is_more_even_than_chance():
    drawn, random = mean_skews(100.0)
    assert drawn < random / 2
