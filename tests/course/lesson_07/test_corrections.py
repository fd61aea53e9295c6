"""The widget of lesson 07: it runs the library's algorithms, and tells who arrives."""

import numpy as np
import pytest
import torch

from fltutor import Federation, LocalTraining, toys
from fltutor.course.lesson_07.corrections import (
    ALGORITHMS,
    CLIENTS,
    NEAR,
    START,
    Controls,
    corrections_lab,
    finding,
    problem_of,
    race,
)


@pytest.mark.parametrize("cohort", [2, CLIENTS])
@pytest.mark.parametrize("name", list(ALGORITHMS))
def test_the_race_is_what_a_federation_runs(name, cohort):
    state = Controls(steps=3, uneven=True)
    problem, algorithm = problem_of(state), ALGORITHMS[name]
    task, clients = toys.quadratics(problem.centres, problem.curvatures, start=START)
    steps = problem.steps.tolist()
    local = LocalTraining(epochs=steps, batch_size=None, lr=problem.lr)
    federation = Federation(task, clients, algorithm, local, cohort_size=cohort)
    optimum = toys.quadratic_optimum(problem.centres, problem.curvatures)
    now, expected = federation.init(), []
    for index in range(5):
        now, _ = federation.round(now, index)
        expected.append(float((now.params - optimum).norm()))
    got = race(problem, algorithm, cohort, None)
    assert got[1:6] == pytest.approx(expected, rel=1e-9)


def test_fedavg_ends_at_its_closed_form():
    state = Controls(lr=0.2)
    problem = problem_of(state)
    limit = toys.fedavg_limit(
        problem.centres,
        problem.curvatures,
        lr=problem.lr,
        epochs=problem.steps.tolist(),
    )
    optimum = toys.quadratic_optimum(problem.centres, problem.curvatures)
    end = corrections_lab().frame(state).distances["FedAvg"][-1]
    assert end == pytest.approx(float((limit - optimum).norm()), rel=1e-6)
    assert end > 0.1


@pytest.mark.parametrize("state", [Controls(apart=0.0), Controls(spread=0.0)])
def test_equal_clients_or_equal_bowls_let_everybody_arrive(state):
    distances = corrections_lab().frame(state).distances
    assert max(run[-1] for run in distances.values()) < 1e-3


def test_with_one_step_all_but_feddyn_are_one_line():
    distances = corrections_lab().frame(Controls(steps=1)).distances
    for name in ("FedProx", "FedNova", "SCAFFOLD"):
        assert np.allclose(distances[name], distances["FedAvg"], rtol=1e-9)
    assert not np.allclose(distances["FedDyn"], distances["FedAvg"], rtol=1e-3)


def test_memory_helps_most_when_few_take_part():
    distances = corrections_lab().frame(Controls(cohort=2)).distances
    for name in ("SCAFFOLD", "FedDyn"):
        assert distances[name][-1] < 0.2 * distances["FedAvg"][-1]


def test_a_learners_direction_runs_beside_the_librarys():
    def right(grad, params, start, memory):
        return grad - memory["c_i"] + memory["c"]

    def flipped(grad, params, start, memory):
        return grad + memory["c_i"] - memory["c"]

    found = corrections_lab(direction=right).frame().distances
    assert np.allclose(found["yours"], found["SCAFFOLD"], rtol=1e-9, atol=NEAR)
    wrong = corrections_lab(direction=flipped)
    assert "yours diverges" in finding(wrong.frame())


@pytest.mark.parametrize(
    ("answer", "words"), [(None, "NoneType"), (torch.zeros(3), "shape (3,)")]
)
def test_a_direction_of_the_wrong_shape_is_told_in_place(answer, words):
    lab = corrections_lab(direction=lambda *given: answer)
    shown = lab._repr_mimebundle_()["text/plain"]
    assert words in shown
    assert "one row a client" in shown


def test_an_unknown_frame_is_refused():
    with pytest.raises(ValueError, match="needs one of"):
        corrections_lab(like="FedMagic")
