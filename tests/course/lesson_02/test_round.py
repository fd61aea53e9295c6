"""The widget of lesson 02: one round, with the learner's own aggregate."""

import dataclasses

import numpy as np
import pytest
import torch

from fltutor.course.lesson_02.round import STEPS, Controls, round_lab
from fltutor.lab.trials import check_lab


@pytest.fixture(scope="module")
def frame():
    return round_lab().frame(Controls(cohort=3))


def test_every_extreme_has_finite_numbers_a_picture_and_words():
    assert check_lab(round_lab()) >= 10


def test_the_weights_are_shares_of_the_examples_in_the_round(frame):
    sizes = np.array([frame.sizes[i] for i in frame.ids])
    assert np.allclose(frame.weights, sizes / sizes.sum())
    assert len(set(frame.sizes)) > 5


def test_the_aggregate_is_the_weighted_mean_of_the_rows(frame):
    assert np.allclose(frame.aggregate, frame.weights @ frame.deltas, atol=1e-6)
    assert frame.gap < 1e-6


def test_the_bytes_are_one_vector_a_client(frame):
    numbers = torch.empty(3, 650)
    assert frame.bytes == numbers.numel() * numbers.element_size()


def test_equal_clients_weigh_the_same():
    frame = round_lab().frame(Controls(cohort=10, unequal=False))
    assert np.ptp(frame.weights) < 0.01


def test_a_learners_own_aggregate_runs_and_its_distance_is_told():
    lab = round_lab(aggregate=lambda deltas, weights: deltas.mean(0))
    line = lab.line(lab.frame())
    assert "away from the library's weighted mean" in line
    right = round_lab(
        aggregate=lambda deltas, weights: weights.numpy() @ deltas.numpy()
    )
    assert "is the library's weighted mean" in right.line(right.frame())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda deltas, weights: None, "returned None"),
        (lambda deltas, weights: deltas.mean(1), "axis 0"),
        (lambda deltas, weights: deltas.mean(0) / 0.0, "nan or inf"),
        (lambda deltas, weights: weights @ deltas.T, "RuntimeError"),
    ],
)
def test_a_learners_error_is_told_in_place(wrong, words):
    bundle = round_lab(aggregate=wrong)._repr_mimebundle_()
    assert words in bundle["text/plain"]


def test_a_learners_in_place_edit_does_not_reach_the_matrix():
    def scale_in_place(deltas, weights):
        deltas *= weights[:, None]
        return deltas.sum(0)

    frame = round_lab(aggregate=scale_in_place).frame()
    assert np.allclose(frame.deltas, round_lab().frame().deltas)


def test_each_moment_has_its_own_words_and_picture():
    lab = round_lab()
    frames = [dataclasses.replace(lab.frame(), step=step) for step in STEPS]
    assert len({lab.line(frame) for frame in frames}) == len(STEPS)
