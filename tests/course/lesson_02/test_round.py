"""The widget of lesson 02: one round, with the learner's own aggregate."""

import dataclasses

import numpy as np
import pytest
import torch

from fltutor.course.lesson_02.round import STEPS, Controls, round_lab
from fltutor.course.lesson_02.round_draw import by_digit
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


def test_the_numbers_on_the_tiles_are_the_cohorts_examples(frame):
    assert frame.held.shape == (3, 10)
    assert frame.held.sum(1).tolist() == [frame.sizes[i] for i in frame.ids]


def test_a_tile_is_the_mean_of_a_digits_parameters():
    rows = np.arange(40.0).reshape(2, 20)  # two parameters per digit
    assert by_digit(rows)[1].tolist() == [20.5 + 2 * digit for digit in range(10)]


@pytest.mark.parametrize("unequal", [True, False])
@pytest.mark.parametrize("epochs", [1, 3, 20])
def test_a_digit_that_a_client_lacks_is_never_purple(unequal, epochs):
    controls = Controls(cohort=10, epochs=epochs, round=2, unequal=unequal)
    frame = round_lab().frame(controls)
    purple = by_digit(frame.deltas) > 0
    assert purple.sum() >= 25
    assert not (purple & (frame.held == 0)).any()


def test_every_cohorts_weights_are_drawn_on_one_scale():
    lab = round_lab()
    frames = [lab.frame(Controls(cohort=cohort)) for cohort in (1, 10)]
    ends = [lab.figure(frame).axes[2].get_xlim() for frame in frames]
    assert ends[0] == ends[1]
