"""The records Dataset and Split, and the data sets that need no network."""

import sys
import time
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fltutor.datasets import Dataset, Split, blobs_2d, digits, embedded, synthetic


def small(n=6):
    x = torch.arange(2.0 * n).reshape(n, 2)
    return Dataset(x, torch.arange(n) % 3, 3, torch.arange(n) // 2)


# --- Dataset -----------------------------------------------------------------


def test_arrays_become_tensors_of_the_declared_types():
    data = Dataset(np.ones((2, 3), np.float32), [0, 1], 2, np.array([0, 1], np.int8))
    assert data.x.dtype == torch.get_default_dtype()
    assert data.y.dtype == data.groups.dtype == torch.int64


def test_tensors_keep_their_precision_and_tokens_stay_integers():
    assert Dataset(torch.ones(2, 1, dtype=torch.float64), [0, 1], 2).x.dtype == (
        torch.float64
    )
    assert Dataset(torch.ones(2, 5, dtype=torch.int32), [0, 1], 2).x.dtype == (
        torch.int64
    )


def test_regression_keeps_float_targets():
    data = Dataset(torch.ones(2, 1), torch.tensor([0.5, 1.5]))
    assert data.num_classes is None and data.y.tolist() == [0.5, 1.5]


def test_a_dataset_does_not_share_memory_with_the_array_it_was_made_from():
    array = np.ones((2, 1))
    data = Dataset(array, [0, 1], 2)
    array[0] = 7
    assert data.x[0].item() == 1.0


def test_frozen_and_compared_by_identity():
    data = small()
    with pytest.raises(FrozenInstanceError):
        data.x = None
    assert data == data and data != small()


@given(st.data())
def test_indexing_agrees_with_numpy(draw):
    n = draw.draw(st.integers(1, 8))
    data = small(n)
    index = draw.draw(
        st.one_of(
            st.lists(st.integers(-n, n - 1), min_size=1, max_size=10),
            st.lists(st.booleans(), min_size=n, max_size=n).filter(any),
            st.slices(n).filter(lambda s: len(range(n)[s]) > 0),
        )
    )
    expected = np.arange(n)[index]
    forms = (
        [index]
        if isinstance(index, slice)
        else [
            index,
            np.array(index),
            torch.tensor(index),
        ]
    )
    for form in forms:
        part = data[form]
        assert np.array_equal(part.x.numpy(), data.x.numpy()[expected])
        assert np.array_equal(part.y.numpy(), data.y.numpy()[expected])
        assert np.array_equal(part.groups.numpy(), data.groups.numpy()[expected])
        assert len(part) == len(expected)


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        (3, TypeError, r"data\[\[i\]\]"),
        ([0.5], TypeError, "whole numbers"),
        ([6], IndexError, "from 0 to 5"),
        ([-7], IndexError, "from -7"),
        (np.ones(4, bool), IndexError, "4 entries"),
        ([], ValueError, "no example"),
        (slice(0, 0), ValueError, "no example"),
    ],
)
def test_a_bad_index_is_named(index, error, words):
    with pytest.raises(error, match=words):
        small()[index]


NAN, ONES = float("nan"), [[1.0], [1.0]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[1.0], [NAN]], [0, 1], 2), "NaN or infinity in 1 of 2.*index 1"),
        (([[float("inf")], [1.0]], [0, 1], 2), "index 0"),
        ((ONES, [0, 2], 2), r"labels that run from 0 to 2.*0\.\.1"),
        ((ONES, [-1, 0], 2), "from -1"),
        ((ONES, [0], 2), r"y of shape \(1,\) for 2 examples"),
        ((ONES, [[0], [1]], 2), "y of shape"),
        ((ONES, [0, 1], 2, [0]), "groups of shape"),
        ((ONES, [0, 1], 2, [-1, 0]), "groups that are no whole"),
        ((ONES, [0, 1], 2, [0.5, 0.0]), "groups that are no whole"),
        ((ONES, [0, 1], 2, [0, 1], ("one",)), "group 1 without a name"),
        (([], [], 2), "no example"),
        ((np.ones((0, 3)), [], 2), "no example"),
        ((ONES, [0.0, 1.0], 2), "whole class labels"),
        ((ONES, [0.0, NAN]), "y with NaN"),
        ((ONES, [0, 0], 0), "num_classes=0"),
        ((ONES, [0, 0], 2.0), r"num_classes=2\.0"),
    ],
)
def test_bad_data_is_refused_with_its_own_message(arguments, words):
    with pytest.raises(ValueError, match=words):
        Dataset(*arguments)


def test_words_are_refused():
    with pytest.raises(TypeError, match="only numbers"):
        Dataset([["a"], ["b"]], [0, 1], 2)


def test_split_refuses_parts_that_do_not_fit():
    data = small()
    other = Dataset(torch.ones(2, 3), [0, 1], 3)
    with pytest.raises(ValueError, match="one shape"):
        Split(data, other, 3, "toy", "MIT")
    with pytest.raises(ValueError, match="num_classes is 3"):
        Split(data, data, 4, "toy", "MIT")


def test_repr_is_short():
    assert repr(small()) == "Dataset(n=6, x=(6, 2), num_classes=3, groups=3)"
    assert len(repr(digits())) < 200


# --- the embedded loaders ----------------------------------------------------

EMBEDDED = {
    "digits": digits,
    "blobs_2d": blobs_2d,
    "synthetic": lambda seed=0: synthetic(alpha=1.0, beta=1.0, seed=seed),
}


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_loader_keeps_the_contract(name):
    split = EMBEDDED[name]()
    for part in (split.train, split.test):
        assert part.x.dtype == torch.get_default_dtype()
        assert part.num_classes == split.num_classes
        assert set(part.y.tolist()) <= set(range(split.num_classes))
    assert split.licence and split.name.startswith(name)


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_seed_and_nothing_else_decides(name):
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - the point: it must not matter
    first = EMBEDDED[name]()
    torch.manual_seed(2)
    second, other = EMBEDDED[name](), EMBEDDED[name](seed=1)
    assert torch.equal(first.train.x, second.train.x)
    assert torch.equal(first.test.y, second.test.y)
    assert not (
        first.test.x.shape == other.test.x.shape
        and torch.equal(first.test.x, other.test.x)
    )


def test_digits_are_the_known_ones():
    split = digits()
    assert (len(split.train), len(split.test)) == (1437, 360)
    counts = np.bincount(torch.cat([split.train.y, split.test.y]).numpy())
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert float(split.train.x.min()) == 0.0 and float(split.train.x.max()) == 1.0


def test_digits_cut_is_stratified_and_loses_nobody():
    split = digits(0.25, seed=3)
    counts = np.bincount(split.test.y.numpy())
    whole = counts + np.bincount(split.train.y.numpy())
    assert np.abs(counts - whole * 0.25).max() < 1
    rows = {x.numpy().tobytes() for x in split.train.x}
    assert not any(x.numpy().tobytes() in rows for x in split.test.x)


def test_digits_as_images_are_the_same_pixels():
    flat, square = digits(), digits(as_images=True)
    assert square.train.x.shape == (1437, 1, 8, 8)
    assert torch.equal(square.train.x.reshape(-1, 64), flat.train.x)


def test_digits_agree_with_scikit_learn(monkeypatch):
    direct = embedded._digits_table()
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: None)
    assert np.array_equal(direct, embedded._digits_table.__wrapped__())


def test_digits_load_quickly():
    best = min(_seconds(digits) for _ in range(3))
    assert best < 0.3, f"digits() took {best:.2f} s"


def _seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_an_impossible_test_fraction_is_named(fraction):
    with pytest.raises(ValueError, match="test_fraction"):
        digits(fraction)


def test_a_cut_that_would_lose_a_class_is_refused():
    with pytest.raises(ValueError, match="lack a class"):
        blobs_2d(3, 4, test_fraction=0.01)


def test_blobs_stand_where_they_should():
    split = blobs_2d(4, 500, spread=0.1, radius=3.0)
    assert (len(split.train), len(split.test)) == (1600, 400)
    for c in range(4):
        centre = split.train.x[split.train.y == c].mean(dim=0)
        angle = np.pi / 2 + c * np.pi / 2
        expected = torch.tensor([3 * np.cos(angle), 3 * np.sin(angle)])
        assert torch.allclose(centre, expected.to(centre), atol=0.03)


@pytest.mark.parametrize(
    "bad", [{"num_classes": 1}, {"per_class": 1}, {"spread": 0.0}, {"radius": -1.0}]
)
def test_blobs_refuse_numbers_out_of_range(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        blobs_2d(**bad)


# --- synthetic ---------------------------------------------------------------


def test_synthetic_devices_keep_nine_tenths():
    split = synthetic(alpha=1.0, beta=1.0, num_clients=12)
    train = np.bincount(split.train.groups.numpy(), minlength=12)
    test = np.bincount(split.test.groups.numpy(), minlength=12)
    assert np.array_equal(train, (0.9 * (train + test)).astype(int))
    assert (train + test).min() >= 50
    assert split.train.x.shape[1] == 60 and split.num_classes == 10


def test_synthetic_device_does_not_depend_on_how_many_there_are():
    few = synthetic(alpha=1.0, beta=1.0, num_clients=2).train
    many = synthetic(alpha=1.0, beta=1.0, num_clients=5).train
    assert torch.equal(few[few.groups == 1].x, many[many.groups == 1].x)


def spread_of_means(**dials):
    data = synthetic(num_clients=40, **dials).train
    means = torch.stack([data.x[data.groups == k].mean() for k in range(40)])
    return float(means.std())


def test_beta_moves_the_inputs_and_is_a_standard_deviation():
    still, moved = (spread_of_means(alpha=0.0, beta=b) for b in (0.0, 3.0))
    # v_k averages 60 entries N(B_k, 1), so its mean spreads by sqrt(beta^2 + 1/60)
    assert still == pytest.approx(np.sqrt(1 / 60), rel=0.5)
    assert moved == pytest.approx(3.0, rel=0.3)


def test_iid_devices_share_one_rule_and_centred_inputs():
    data = synthetic(alpha=0.0, beta=0.0, iid=True).train
    assert float(data.x.mean().abs()) < 0.05
    first = data.x[:, 0].std(), data.x[:, 31].std()
    assert float(first[0]) == pytest.approx(1.0, rel=0.1)
    assert float(first[1]) == pytest.approx(32**-0.6, rel=0.1)
    shares = [
        np.bincount(data.y[data.groups == k].numpy(), minlength=10)
        / int((data.groups == k).sum())
        for k in range(30)
    ]
    whole = np.bincount(data.y.numpy(), minlength=10) / len(data)
    assert np.abs(np.array(shares) - whole).sum(axis=1).mean() < 0.6


@pytest.mark.parametrize("bad", [{"alpha": -1.0}, {"beta": -0.1}, {"num_clients": 0}])
def test_synthetic_refuses_numbers_out_of_range(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        synthetic(**{"alpha": 1.0, "beta": 1.0, **bad})


def test_importing_the_datasets_loads_nothing_heavy():
    import subprocess

    code = (
        "import sys, fltutor.datasets as d; d.digits(); "
        "print([m for m in ('sklearn', 'pooch', 'requests', 'matplotlib') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
