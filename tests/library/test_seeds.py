import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from fltutor import seeds


def test_a_stream_depends_on_its_name_and_not_on_what_was_drawn_before():
    first = seeds.stream(3, "cohort", 5).random(4)
    seeds.stream(3, "cohort", 4).random(1000)
    np.random.default_rng().random(10)
    assert (seeds.stream(3, "cohort", 5).random(4) == first).all()


def test_streams_of_different_names_differ():
    names = [(0, "a", 1), (0, "a", 2), (0, "b", 1), (1, "a", 1), (0, 1, "a"), (0, "a")]
    assert len({int(seeds.keys(*name)) for name in names}) == len(names)


def test_keys_of_many_clients_are_the_keys_of_each():
    many = seeds.keys(7, "batches", 2, [0, 5, 9])
    assert [int(k) for k in many] == [
        int(seeds.keys(7, "batches", 2, i)) for i in (0, 5, 9)
    ]


def test_no_stream_touches_the_global_generators():
    np.random.seed(0)  # noqa: NPY002  # the point is to show that this one stays put
    torch.manual_seed(0)
    before = (np.random.get_state()[1].copy(), torch.get_rng_state())  # noqa: NPY002
    seeds.stream(1, "x").random()
    torch.rand(1, generator=seeds.torch_stream(1, "x"))
    after = (np.random.get_state()[1], torch.get_rng_state())  # noqa: NPY002
    assert (before[0] == after[0]).all()
    assert torch.equal(before[1], after[1])


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(0, 3))
def test_permutations_hold_every_position_once(sizes, epoch):
    sizes = np.array(sizes)
    rows = seeds.permutations(seeds.keys(0, "p", np.arange(len(sizes))), sizes, epoch)
    assert rows.shape == (len(sizes), sizes.max())
    for row, size in zip(rows, sizes, strict=True):
        assert sorted(row[:size]) == list(range(size))
        assert (row[size:] == -1).all()


def test_a_clients_permutation_does_not_depend_on_the_others():
    alone = seeds.permutations(seeds.keys(0, "p", [4]), np.array([5]), 1)
    among = seeds.permutations(seeds.keys(0, "p", [1, 4]), np.array([9, 5]), 1)
    assert (alone[0] == among[1, :5]).all()


def test_first_places_of_permutations_are_uniform():
    keys = seeds.keys(0, "uniform", np.arange(20_000))
    first = seeds.permutations(keys, np.full(20_000, 5), 0)[:, 0]
    counts = np.bincount(first, minlength=5)
    # binomial(20000, 1/5): standard deviation 56.6; five of them
    assert np.abs(counts - 4000).max() < 283
