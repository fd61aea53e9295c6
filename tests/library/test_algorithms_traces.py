"""Numbers derived by hand or printed in papers, met by both engines."""

from dataclasses import replace

import pytest
import torch
from algorithm_cases import (
    classification,
    close,
    end,
    feed,
    full_batch,
    gradients,
    walk,
)

from fltutor.algorithms import (
    FedAdagrad,
    FedAdam,
    FedAvg,
    FedAvgM,
    FedDyn,
    FedNova,
    FedProx,
    FedYogi,
    Scaffold,
)
from fltutor.engines import sequential, vectorised
from fltutor.toys import quadratics

ENGINES = pytest.mark.parametrize(
    "engine", [sequential, vectorised], ids=["sequential", "vectorised"]
)
THREE = torch.tensor([[0.0], [3.0], [9.0]], dtype=torch.float64)


@ENGINES
@pytest.mark.parametrize(
    ("algorithm", "limit"),
    [
        # F_i = (x - e_i)^2 / 2, steps (1, 5, 20): a client contracts by
        # 1 - (1 - lr)^tau, and the limit is the mean of e weighted by it
        (FedAvg(), 7.03067548065),
        # the same weights divided by tau
        (FedNova(), 3.33344631275),
        # 1 - (1 - lr (1 + mu))^tau
        (FedProx(mu=1.0), 6.58125272290),
        # unbiased: the optimum, the plain mean of e
        (Scaffold(), 4.0),
        (Scaffold(option=1), 4.0),
        (FedDyn(alpha=2.5), 4.0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_fixed_points_of_three_clients_with_unequal_steps(algorithm, limit, engine):
    local = full_batch((1, 5, 20), lr=0.05)
    state = end(quadratics(THREE), algorithm, local, rounds=130, engine=engine)
    close(state.params, limit, atol=6e-12)


@ENGINES
def test_fedprox_with_a_strong_pull_still_rests_beside_the_optimum(engine):
    # mu = 10 is slow, so the affine map of one round tells: x(0) / (1 - slope).
    local, options = full_batch((1, 5, 20), 0.05), {"rounds": 1, "engine": engine}
    zero, one = (
        end(quadratics(THREE, start=[x]), FedProx(mu=10.0), local, **options).params
        for x in (0.0, 1.0)
    )
    close(zero / (1 - (one - zero)), 4.71831657930, atol=6e-12)


@ENGINES
@pytest.mark.parametrize(("lr", "limit"), [(0.01, 3.85198128), (0.001, 3.98486956)])
def test_fednova_bias_vanishes_as_lr_does(lr, limit, engine):
    # One round started at the closed form stays there.
    problem = quadratics(THREE, start=[limit])
    state = end(problem, FedNova(), full_batch((1, 5, 20), lr), rounds=1, engine=engine)
    close(state.params, limit, atol=1e-8)
    elsewhere = quadratics(THREE, start=[limit + 0.1])
    state = end(
        elsewhere, FedNova(), full_batch((1, 5, 20), lr), rounds=1, engine=engine
    )
    assert float(state.params) < limit + 0.1 - 1e-4


def pair(slope, start=0.0):
    """Return f1 = mu x^2 + G x and f2 = -G x with mu = 0.5 (Karimireddy 2020)."""
    zeros = torch.zeros(2, 1, dtype=torch.float64)
    slopes = [[float(slope)], [-float(slope)]]
    return quadratics(zeros, [[1.0], [0.0]], slopes=slopes, start=[start])


@ENGINES
@pytest.mark.parametrize(
    ("slope", "steps", "limit"),
    [
        (1, 1, 0.0),
        (1, 2, 0.0526315789),
        (1, 10, 0.5353399328),
        (10, 2, 0.5263157895),
        (10, 10, 5.353399328),
        (100, 10, 53.53399328),
    ],
)
def test_fedavg_on_karimireddys_pair_ends_where_theorem_two_says(
    slope, steps, limit, engine
):
    # eta G K / (1 - (1 - 2 mu eta)^K) - G / (2 mu). A round is an affine map of x, so
    # one from 0 and one from 1 tell where it rests.
    options = {"rounds": 1, "engine": engine}
    zero, one = (
        end(pair(slope, x), FedAvg(), full_batch(steps, 0.1), **options).params
        for x in (0.0, 1.0)
    )
    assert 0 < float(one - zero) < 1
    close(zero / (1 - (one - zero)), limit, atol=6e-10 * max(1.0, limit))


@ENGINES
def test_fedavg_walks_to_the_biased_point(engine):
    local = full_batch(10, 0.1)
    state = end(pair(10), FedAvg(), local, rounds=70, engine=engine)
    close(state.params, 5.353399328, atol=1e-9)


@ENGINES
@pytest.mark.parametrize("slope", [1, 100])
@pytest.mark.parametrize(("steps", "rounds"), [(1, 135), (2, 68), (10, 11)])
def test_scaffold_on_karimireddys_pair_does_not_feel_the_slope(
    slope, steps, rounds, engine
):
    # Figure 3 of the paper: with c_i = grad f_i(x0) the path is the same for every G;
    # from x0 = 1 it falls below 1e-3 after this many rounds.
    problem, algorithm = pair(slope, 1.0), Scaffold()
    state = algorithm.init(problem[0].init(), 2)
    own = gradients(problem, state.params)  # (2, 1)
    state = state.with_rows("c_i", torch.arange(2), own)
    state = replace(state, server={"c": own.mean(dim=0)})
    local = full_batch(steps, 0.1)
    path = [
        float(after.params)
        for _, _, after in walk(
            problem, algorithm, local, rounds=rounds, state=state, engine=engine
        )
    ]
    assert abs(path[-1]) < 1e-3 <= min(abs(x) for x in path[:-1])


@ENGINES
@pytest.mark.parametrize("slope", [1, 100])
def test_scaffold_from_zero_control_variates_goes_to_the_optimum(slope, engine):
    local = full_batch(10, 0.1)
    state = end(pair(slope, 1.0), Scaffold(), local, rounds=60, engine=engine)
    close(state.params, 0.0, atol=1e-9)


ADAPTIVE = {"server_lr": 0.1, "beta2": 0.99, "tau": 1e-3}
TRACES = {
    # Reddi 2021, Algorithm 2: no bias correction, v_{-1} = tau^2
    "FedAdagrad": (
        FedAdagrad(beta1=0.0, **ADAPTIVE),
        [0.09990005, 0.055218673, 0.077021422, 0.077021422],
    ),
    "FedAdam": (
        FedAdam(beta1=0.9, **ADAPTIVE),
        [0.099005049, 0.134605005, 0.18783974, 0.235990252],
    ),
    "FedYogi": (
        FedYogi(beta1=0.9, **ADAPTIVE),
        [0.099005, 0.134463519, 0.18724595, 0.234750139],
    ),
    # v = 0.9 v + D, x += v
    "FedAvgM": (FedAvgM(momentum=0.9, server_lr=1.0), [1.0, 1.4, 2.01, 2.559]),
}


@ENGINES
@pytest.mark.parametrize("name", TRACES)
def test_server_optimisers_follow_the_traces_of_the_papers(name, engine):
    algorithm, expected = TRACES[name]
    stage = feed([1.0, -0.5, 0.25, 0.0])
    states = walk(
        quadratics(THREE),
        algorithm,
        full_batch(1),
        rounds=4,
        engine=engine,
        uplink=(stage,),
    )
    path = [float(after.params) for _, _, after in states]
    assert path == pytest.approx(expected, abs=6e-10, rel=0)


@ENGINES
def test_one_full_batch_step_is_one_step_of_gradient_descent(engine):
    task, clients = classification()
    x = torch.cat([c.data.x for c in clients])
    y = torch.cat([c.data.y for c in clients])
    params, local = task.init(), full_batch(1, 0.2)
    for _, _, after in walk((task, clients), FedAvg(), local, rounds=5, engine=engine):
        params = params - 0.2 * task.gradient(params, x, y)
        close(after.params, params, atol=1e-12)
