"""The widget of lesson 04: splits, their measures, their pictures, their price."""

import numpy as np
import pytest

from fltutor import datasets, splitters
from fltutor.course.lesson_04.skew import SPLITTERS, Controls, deal, skew_lab


@pytest.fixture(scope="module")
def train():
    return datasets.digits().train


def first(state, **options):
    """Return the frame that stands before any training."""
    return next(skew_lab(**options).frames(state))


@pytest.mark.parametrize("name", SPLITTERS)
def test_every_splitter_deals_out_every_example(train, name):
    for clients in (2, 20):
        parts = deal(train, Controls(splitter=name, clients=clients, pieces=1))
        assert len(parts) == clients
        assert sum(map(len, parts)) == len(train)


def test_the_first_frame_comes_before_any_training():
    frame = first(Controls())
    assert len(frame.accuracy) == len(frame.iid) == 1
    assert frame.counts.sum() == 1437


def test_measures_are_the_librarys(train):
    frame = first(Controls(alpha=0.1))
    clients = splitters.dirichlet(train, num_clients=10, alpha=0.1, seed=0)
    for name, value in frame.measures.items():
        assert value == pytest.approx(splitters.skew(clients, name))


def test_chance_shares_the_sizes_and_an_even_dirichlet_falls_below_it():
    assert (
        first(Controls(alpha=1.0)).measures["tv"]
        > first(Controls(alpha=1.0)).chance["tv"]
    )
    even = first(Controls(alpha=100.0))
    assert even.measures["tv"] < even.chance["tv"]
    quantity = first(Controls(splitter=SPLITTERS[4], alpha=0.1))
    assert quantity.measures["tv"] == pytest.approx(quantity.chance["tv"], abs=0.1)


def test_the_strip_shows_a_picture_where_the_client_has_one():
    frame = first(Controls(alpha=0.1))
    shown = frame.images.reshape(*frame.counts.shape, -1).any(axis=2)
    assert np.array_equal(shown, frame.counts > 0)


def test_renamed_clients_show_another_picture_under_a_name():
    plain, renamed = (
        first(Controls(splitter=SPLITTERS[8], shift=shift)) for shift in (0, 100)
    )
    assert np.array_equal(plain.counts.sum(axis=1), renamed.counts.sum(axis=1))
    assert not np.array_equal(plain.images, renamed.images)


def test_a_learners_splitter_is_used():
    own = first(
        Controls(), split=lambda labels, n, alpha, draw: np.arange(len(labels)) % n
    )
    assert own.counts.sum(axis=1).max() - own.counts.sum(axis=1).min() <= 1


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (lambda labels, n, alpha, draw: labels[:5], "the client of each example"),
        (lambda labels, n, alpha, draw: labels * 0 - 1, "gave 0 of 1437 examples"),
        (lambda labels, n, alpha, draw: labels * 0, "the smallest got 0"),
    ],
)
def test_what_does_not_fit_is_told_in_place(split, words):
    assert words in skew_lab(split=split)._repr_mimebundle_()["text/plain"]
