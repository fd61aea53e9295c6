"""The drift microscope: its simulation is the library's, to the last digits."""

import numpy as np
import pytest
import torch

import fltutor as ft
from fltutor.course.lesson_05 import drift, plane
from fltutor.course.lesson_05 import drift_sim as sim
from fltutor.course.lesson_05.drift_own import simulate_own

ROUNDS = 12


@pytest.fixture(autouse=True)
def float64():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def problem(steps, cohort):
    return sim.make_problem(
        clients=5, spread=0.9, distance=1.5, steps=steps, lr=0.1, cohort=cohort
    )


def federation_path(given, algorithm):
    task, clients = ft.toys.quadratics(
        torch.tensor(given.centres), torch.tensor(given.curvatures), start=sim.START
    )
    local = ft.LocalTraining(epochs=given.steps, batch_size=None, lr=given.lr)
    federation = ft.Federation(
        task, clients, algorithm, local, cohort_size=given.cohort, seed=0
    )
    state, models = federation.init(), []
    for index in range(ROUNDS):
        models.append(state.params.numpy())
        state, _ = federation.round(state, index)
    return np.array([*models, state.params.numpy()])


CASES = [((6,) * 5, 5), ((12, 3, 7, 12, 3), 5), ((12, 3, 7, 12, 3), 2)]


@pytest.mark.parametrize("name", sim.ALGORITHMS)
@pytest.mark.parametrize(("steps", "cohort"), CASES)
def test_the_simulation_is_the_federation(name, steps, cohort):
    given = problem(steps, cohort)
    expected = federation_path(given, sim.ALGORITHMS[name]())
    run = sim.simulate(given, name, ROUNDS)
    assert np.abs(run.server - expected).max() < 1e-12
    own = simulate_own(given, sim.ALGORITHMS[name](), ROUNDS)
    assert np.abs(own.server - expected).max() < 1e-12
    for k in range(ROUNDS):
        for mine, other in zip(run.paths[k], own.paths[k], strict=True):
            assert np.abs(mine - other).max() < 1e-12


@pytest.mark.parametrize("name", ["fedavg", "fedprox", "fednova", "scaffold"])
@pytest.mark.parametrize("uneven", [False, True])
def test_a_run_ends_at_its_closed_form(name, uneven):
    state = drift.Controls(algorithm=name, steps=10, uneven=uneven)
    given = drift.problem_of(state)
    run = sim.simulate(given, name, 600)
    assert np.abs(run.server[-1] - given.limit(name)).max() < 1e-6


def test_one_local_step_has_no_bias_and_more_steps_have_more():
    gaps = []
    for steps in (1, 5, 20, 100):
        given = drift.problem_of(drift.Controls(steps=steps))
        gaps.append(np.linalg.norm(given.limit("fedavg") - given.optimum()))
    assert gaps[0] < 1e-12
    assert gaps == sorted(gaps)
    assert gaps[-1] > 0.5


def test_equal_round_bowls_have_no_bias_however_long_the_clients_walk():
    given = drift.problem_of(drift.Controls(spread=0.0, steps=100))
    assert np.abs(given.limit("fedavg") - given.optimum()).max() < 1e-12


def test_cosine_and_drift_norm_by_hand():
    deltas = np.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]])
    assert ft.evaluation.update_cosine(deltas) == pytest.approx((0 - 1 + 0) / 3)
    with pytest.raises(ValueError, match="at least two that moved"):
        ft.evaluation.update_cosine(deltas[:1])
    assert ft.evaluation.drift_norm([[3.0, 0.0], [-3.0, 0.0]]) == 3.0


def test_a_learners_own_mean_is_fedavg_and_stands_beside_it():
    lab = drift.drift_lab(aggregate=lambda deltas, weights: weights @ deltas)
    frame = lab.frame()
    assert (frame.name, frame.like) == ("yours", "fedavg")
    assert np.abs(frame.run.server - frame.reference).max() < 1e-12
    assert "FedAvg beside it" in lab.line(frame)
    assert lab.payload(frame)["reference"].shape == (drift.ROUNDS + 1, 2)


def test_a_learners_own_direction_is_used_with_the_memory_of_its_algorithm():
    lab = drift.drift_lab(
        direction=lambda grad, w, start, memory: grad - memory["c_i"] + memory["c"],
        like="SCAFFOLD",
    )
    frame = lab.frame()
    assert np.abs(frame.run.server - frame.reference).max() < 1e-12
    assert frame.distances[-1] < 0.05


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (lambda deltas, weights: deltas, "shape (4, 2), needed is (2,)"),
        (lambda deltas, weights: None, "returned None"),
        (lambda deltas, weights: deltas[0] / 0, "nan or inf"),
        (lambda deltas, weights: deltas @ "one", "TypeError"),
    ],
)
def test_a_learners_error_is_said_in_place(own, words):
    lab = drift.drift_lab(aggregate=own)
    bundle = lab._repr_mimebundle_()
    assert "could not be computed" in bundle["text/plain"]
    assert words in lab.live.view.error
    lab.live.view.values = lab.live.view.values | {"algorithm": "fedavg"}
    assert lab.live.view.error == ""
    assert lab.live.view.frame["name"] == "FedAvg"


def test_divergence_is_said_and_ends_the_run():
    lab = drift.drift_lab()
    frame = lab.frame(drift.Controls(lr=0.6, spread=1.5))
    assert frame.run.left
    assert "diverges" in lab.line(frame)
    assert len(frame.run.paths) < drift.ROUNDS


@pytest.mark.parametrize("steps", [50, 100])
@pytest.mark.parametrize("lr", [0.41, 0.44, 0.45, 0.5, 0.55, 0.6])
def test_too_large_a_step_is_said_to_diverge_exactly_where_rounds_leave(lr, steps):
    lab = drift.drift_lab()
    controls = drift.Controls(steps=steps, lr=lr, spread=1.5)
    frame = lab.frame(controls)
    given, models = drift.problem_of(controls), np.array(sim.START)
    power, total = sim.powers(given, 0.0)
    for _ in range(drift.ROUNDS):  # the round, client by client
        models = np.mean(
            [
                power[steps, i] @ models + lr * total[steps, i] @ a @ e
                for i, (a, e) in enumerate(
                    zip(given.curvatures, given.centres, strict=True)
                )
            ],
            axis=0,
        )
        if not np.abs(models).max() < sim.FAR:
            break
    leaves = not np.abs(models).max() < sim.FAR
    assert ("diverges" in lab.line(frame)) == leaves
    assert (frame.limit is None) == leaves


def test_a_run_that_ends_further_out_than_it_began_is_said_to_diverge():
    lab = drift.drift_lab()
    controls = drift.Controls(
        algorithm="scaffold", steps=1, lr=0.6, spread=1.3, distance=0.1, clients=6,
        participation=0.5, uneven=True,
    )  # fmt: skip
    frame = lab.frame(controls)
    assert not frame.run.left
    assert "further than at the start" in lab.line(frame)


@pytest.mark.parametrize("wrong", [{"aggregate": 3}, {"direction": "mean"}])
def test_what_is_no_function_is_refused_at_once(wrong):
    with pytest.raises(ValueError, match="need a function"):
        drift.drift_lab(**wrong)


def test_an_unknown_reference_is_refused():
    with pytest.raises(ValueError, match="like='FedSGD'"):
        drift.drift_lab(like="FedSGD")


def test_a_move_from_the_browser_arrives_as_one_frame_of_bytes():
    lab = drift.drift_lab()
    lab._repr_mimebundle_()
    canvas = lab.live.view
    canvas.values = canvas.values | {"steps": 5, "lr": 0.05}
    assert lab.controls.steps == 5
    server = np.frombuffer(canvas.frame["server"], "<f4")
    assert server.shape == (2 * (drift.ROUNDS + 1),)
    assert np.allclose(server.reshape(-1, 2), lab.frame(lab.controls).run.server)
    count = len(np.frombuffer(canvas.frame["paths"], "<f4"))
    assert count == 2 * drift.ROUNDS * 4 * 6


def test_a_value_out_of_range_is_refused_and_the_frame_stays():
    lab = drift.drift_lab()
    lab._repr_mimebundle_()
    canvas, before = lab.live.view, lab.live.view.frame
    canvas.values = canvas.values | {"lr": 7.0}
    assert "need a number in" in canvas.error
    assert canvas.frame == before


def test_a_networks_walk_in_pieces_is_the_federations_round():
    data, clients, task = plane._parts(True)
    local = ft.LocalTraining(epochs=12, batch_size=None, lr=0.3)
    federation = ft.Federation(task, clients, ft.FedAvg(), local)
    _, updates = federation.round(federation.init(), 0)
    path = plane.walk(task, clients, task.init(), 12, 0.3)
    assert path.shape == (5, plane.PIECES + 1, task.dim)
    assert (path[:, -1] - path[:, 0] - updates.deltas).abs().max() < 1e-10


def test_the_plane_is_spanned_by_the_two_widest_directions():
    points = torch.diag(torch.tensor([3.0, 0.1, 2.0]))
    points = torch.cat([points, -points])
    axes, share = plane.components(points)
    expected = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert (axes.abs() - expected).abs().max() < 1e-9
    assert share == pytest.approx(13 / 13.01)
