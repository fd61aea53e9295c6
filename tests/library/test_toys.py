import pytest
import torch

from fltutor import Federation, LocalTraining
from fltutor.algorithms import FedAvg, FedNova, FedProx
from fltutor.engines import sequential, vectorised
from fltutor.toys import (
    fedavg_limit,
    fednova_limit,
    fedprox_limit,
    quadratic_optimum,
    quadratics,
)

ENGINES = pytest.mark.parametrize(
    "engine", [sequential, vectorised], ids=["sequential", "vectorised"]
)
CENTRES = torch.tensor([[0.0], [3.0], [9.0]], dtype=torch.float64)
STEPS = (1, 5, 20)


def last_params(problem, algorithm, local, rounds=110, engine=vectorised):
    federation = Federation(*problem, algorithm, local, engine=engine)
    state = federation.init()
    for index in range(rounds):
        state, _ = federation.round(state, index)
    return state.params


def random_problem(slopes=False):
    draw = torch.Generator().manual_seed(3)
    centres = torch.randn(4, 3, dtype=torch.float64, generator=draw)
    roots = torch.randn(4, 3, 3, dtype=torch.float64, generator=draw)
    curvatures = roots @ roots.mT / 3 + 0.2 * torch.eye(3, dtype=torch.float64)
    return centres, curvatures, torch.randn(4, 3, dtype=torch.float64, generator=draw)


def test_loss_and_gradient_are_those_of_the_formula():
    e, a, g = random_problem()
    task, clients = quadratics(e, a, slopes=g)
    w = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    for i, client in enumerate(clients):
        gap = w - e[i]
        loss = task.loss(w, client.data.x, client.data.y)
        torch.testing.assert_close(loss, 0.5 * gap @ a[i] @ gap + g[i] @ w)
        grad = task.gradient(w, client.data.x, client.data.y)
        torch.testing.assert_close(grad, a[i] @ gap + g[i])


def test_a_client_is_one_example_and_the_start_is_zero():
    task, clients = quadratics(CENTRES)
    exact = quadratics(CENTRES, start=[0.1])[0].init()  # not rounded to float32
    assert float(exact) == 0.1
    assert [len(c) for c in clients] == [1, 1, 1]
    assert task.init().tolist() == [0.0]
    assert quadratics(CENTRES, start=[7.0])[0].init().tolist() == [7.0]


def test_weighted_loss_has_no_gradient_at_the_optimum():
    e, a, g = random_problem()
    p = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    w = quadratic_optimum(e, a, p, slopes=g)
    gradient = sum(p[i] * (a[i] @ (w - e[i]) + g[i]) for i in range(4))
    torch.testing.assert_close(gradient, torch.zeros(3, dtype=torch.float64))


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        # mean of e weighted by 1 - (1 - lr)^tau
        (fedavg_limit(CENTRES, lr=0.05, epochs=STEPS), 7.03067548065),
        (fednova_limit(CENTRES, lr=0.05, epochs=STEPS), 3.33344631275),
        (fednova_limit(CENTRES, lr=0.01, epochs=STEPS), 3.85198128),
        (fednova_limit(CENTRES, lr=0.001, epochs=STEPS), 3.98486956),
        # mean of e weighted by 1 - (1 - lr (1 + mu))^tau
        (fedprox_limit(CENTRES, mu=1.0, lr=0.05, epochs=STEPS), 6.58125272290),
        (fedprox_limit(CENTRES, mu=10.0, lr=0.05, epochs=STEPS), 4.71831657930),
        (quadratic_optimum(CENTRES), 4.0),
    ],
)
def test_closed_forms_have_the_values_derived_by_hand(limit, value):
    last_digit = 10.0 ** -len(f"{value}".split(".")[1])
    assert float(limit) == pytest.approx(value, abs=0.6 * last_digit, rel=0)


def test_fedavg_limit_of_small_lr_weighs_clients_by_their_steps():
    # Wang 2020, Lemma 1: sum tau e / sum tau as lr -> 0
    limit = fedavg_limit(CENTRES, lr=1e-7, epochs=STEPS)
    assert float(limit) == pytest.approx(7.5, abs=1e-5)


@pytest.mark.parametrize(
    ("slope", "steps", "value"),
    [
        (1, 1, 0.0),
        (1, 2, 0.0526315789),
        (1, 10, 0.5353399328),
        (10, 2, 0.5263157895),
        (10, 10, 5.353399328),
        (100, 10, 53.53399328),
    ],
)
def test_fedavg_limit_of_karimireddys_pair_is_theorem_two(slope, steps, value):
    # f1 = mu x^2 + G x, f2 = -G x with mu = 0.5:
    # eta G K / (1 - (1 - 2 mu eta)^K) - G / (2 mu)
    pair = {"slopes": [[float(slope)], [-float(slope)]]}
    e = torch.zeros(2, 1, dtype=torch.float64)
    limit = fedavg_limit(e, [[1.0], [0.0]], lr=0.1, epochs=steps, **pair)
    exact = 0.1 * slope * steps / (1 - 0.9**steps) - slope
    assert float(limit) == pytest.approx(exact, abs=1e-11)
    assert float(limit) == pytest.approx(value, rel=1e-9, abs=1e-11)


@ENGINES
def test_rounds_end_at_the_limits(engine):
    e, a, g = random_problem()
    problem, lr, steps = quadratics(e, a, slopes=g), 0.2, (1, 2, 5, 6)
    local = LocalTraining(epochs=steps, batch_size=None, lr=lr)
    forms = {"lr": lr, "epochs": steps, "slopes": g}
    for algorithm, limit in [
        (FedAvg(), fedavg_limit(e, a, **forms)),
        (FedProx(mu=0.7), fedprox_limit(e, a, mu=0.7, **forms)),
        (FedNova(), fednova_limit(e, a, **forms)),
    ]:
        end = last_params(problem, algorithm, local, engine=engine)
        torch.testing.assert_close(end, limit, atol=1e-10, rtol=0)


def test_limits_with_weights_are_those_of_clients_with_more_examples():
    # Copies of the one example change n_k and nothing else.
    task, clients = quadratics(CENTRES)
    copies = [
        type(c)(c.id, c.data[[0] * n]) for c, n in zip(clients, (1, 2, 5), strict=True)
    ]
    local = LocalTraining(epochs=(3, 1, 4), batch_size=None, lr=0.3)
    forms = {"lr": 0.3, "epochs": (3, 1, 4), "weights": [1, 2, 5]}
    end = last_params((task, copies), FedAvg(), local, rounds=60)
    torch.testing.assert_close(end, fedavg_limit(CENTRES, **forms))
    end = last_params((task, copies), FedNova(), local, rounds=60)
    torch.testing.assert_close(end, fednova_limit(CENTRES, **forms))


def test_fedavg_limit_tends_to_the_mean_of_the_clients_optima():
    e, a, _ = random_problem()
    limit = fedavg_limit(e, a, lr=0.1, epochs=10_000)
    torch.testing.assert_close(limit, e.mean(dim=0))
    one = fedavg_limit(e, a, lr=0.1, epochs=1)
    torch.testing.assert_close(one, quadratic_optimum(e, a))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quadratics([1.0, 2.0]), "one row per client"),
        (lambda: quadratics([[1.0], [2.0]], [[1.0]]), "curvatures of shape"),
        (lambda: quadratics([[1.0], [2.0]], start=[1.0, 2.0]), "start of shape"),
        (lambda: quadratics([[float("nan")]]), "centres with 1 entries"),
        (lambda: quadratic_optimum([[1.0]], [[0.0]]), "flat in some direction"),
        (lambda: fedavg_limit([[1.0]], lr=0.0, epochs=1), "lr"),
        (lambda: fedavg_limit([[1.0]], lr=0.1, epochs=(1, 2)), "equal lengths"),
        (lambda: fedavg_limit([[1.0]], lr=0.1, epochs=-1), "epochs"),
        (lambda: fedprox_limit([[1.0]], mu=-1.0, lr=0.1, epochs=1), "mu"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
