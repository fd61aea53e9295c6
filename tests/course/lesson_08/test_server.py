"""The widget of lesson 08: the map of server lr against momentum."""

import numpy as np
import pytest
import torch

import fltutor as ft
from fltutor.course.lesson_08.server import (
    FAR,
    LOCAL,
    MOMENTA,
    SERVER_LRS,
    Controls,
    cells,
    server_lab,
)
from fltutor.lab.learner import Slip


@pytest.fixture(scope="module")
def lab():
    return server_lab()


@pytest.fixture(scope="module")
def frame(lab):
    return lab.frame(Controls(rounds=5))


def test_the_first_frame_comes_before_any_training():
    first = next(server_lab().frames(Controls()))
    assert first.done == 0
    assert np.ptp(first.last) == 0.0


def test_a_frame_a_round_and_the_same_again_at_once(lab, frame):
    assert frame.done == 5
    again = list(lab.frames(Controls(rounds=5, momentum=0.5)))
    assert len(again) == 1
    assert np.array_equal(again[0].accuracy, frame.accuracy)
    assert again[0].row == MOMENTA.index(0.5)


def test_fewer_rounds_are_a_part_of_more(lab, frame):
    more = lab.frame(Controls(rounds=10))
    assert np.array_equal(more.accuracy[:6], frame.accuracy)


def test_without_momentum_and_at_1_it_is_fedavg(frame):
    cell = frame.accuracy[:, MOMENTA.index(0.0), SERVER_LRS.index(1.0)]
    assert np.array_equal(cell, frame.fedavg)


@pytest.mark.parametrize("optimiser", ["fedavgm", "fedadam"])
def test_a_cell_is_what_a_federation_of_its_own_reaches(optimiser):
    state = Controls(optimiser=optimiser, rounds=5, server_lr=0.1, momentum=0.5)
    data = ft.datasets.digits()
    clients = ft.splitters.dirichlet(
        data.train, num_clients=20, alpha=0.1, min_size=5, seed=0
    )
    task = ft.Task(ft.models.mlp(64, 32, 10).to(data.train.x.dtype), seed=0)
    place = MOMENTA.index(0.5) * len(SERVER_LRS) + SERVER_LRS.index(0.1)
    algorithm = cells(state, None)[1 + place]
    alone = ft.Federation(task, clients, algorithm, LOCAL, cohort_size=2, seed=0)
    history = alone.run(rounds=5, test=data.test, progress=False)
    assert np.allclose(server_lab().frame(state).cell[1:], history["accuracy"])


def test_a_run_that_diverges_stands_still():
    lab = server_lab()
    list(lab.frames(Controls(rounds=5)))
    (training,) = lab.parts.compute.keywords["known"].values()
    training.states[1] = ft.State(
        torch.full_like(training.states[1].params, 2 * FAR), training.states[1].server
    )
    stuck = training.states[1]
    training.round()
    assert training.states[1] is stuck


def test_a_learners_rule_is_used_and_its_error_told_in_place():
    state = Controls(optimiser="fedadam", rounds=5)
    same = server_lab(second=lambda v, square, beta2: beta2 * v + (1 - beta2) * square)
    own = server_lab(second=lambda v, square, beta2: v + square)
    library = server_lab().frame(state)
    assert np.allclose(same.frame(state).accuracy, library.accuracy)
    assert not np.allclose(own.frame(state).accuracy, library.accuracy)
    for wrong in (lambda v, square, beta2: None, lambda v, square, beta2: v[:3]):
        with pytest.raises(Slip, match="your rule for v returned"):
            server_lab(second=wrong).frame(state)


def test_the_finding_names_the_best_of_every_row(lab, frame):
    line = lab.parts.finding(frame)
    assert line.startswith("FedAvgM, server lr 1, momentum 0.9: ")
    assert line.count("momentum 0.97 at ") == 1
