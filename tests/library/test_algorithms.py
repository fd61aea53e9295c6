"""Reduction, invariant, fixed point, engines agree: the four tests of each member."""

import dataclasses

import pytest
import torch
from algorithm_cases import (
    MEMBERS,
    classification,
    close,
    end,
    feed,
    full_batch,
    gradients,
    walk,
)

from fltutor import LocalTraining, State, Updates
from fltutor.algorithms import (
    FedAdagrad,
    FedAdam,
    FedAvg,
    FedAvgM,
    FedDyn,
    FedNova,
    FedOpt,
    FedProx,
    FedYogi,
    Scaffold,
)
from fltutor.engines import sequential, vectorised
from fltutor.toys import (
    fedavg_limit,
    fednova_limit,
    fedprox_limit,
    quadratic_optimum,
    quadratics,
)

LOCAL = LocalTraining(epochs=2, batch_size=3, lr=0.1)
ENGINES = pytest.mark.parametrize(
    "engine", [sequential, vectorised], ids=["sequential", "vectorised"]
)

HUGE = 1e6  # a tau so large that sqrt(v) = tau, and the denominator 2 tau
PLAIN = {"beta1": 0.0, "beta2": 1 - 1e-12, "tau": HUGE, "server_lr": 2 * HUGE}

# member -> (a special case of it, the simpler algorithm that it must equal, what is
# special about the federation)
REDUCTIONS = {
    "FedAvg": (FedAvg(), FedNova(), {"sizes": (4, 4, 4)}),
    "FedProx": (FedProx(mu=0.0), FedAvg(), {}),
    "SCAFFOLD": (Scaffold(), FedAvg(), {"sizes": (9,)}),
    "SCAFFOLD option 1": (Scaffold(option=1), FedAvg(), {"sizes": (9,)}),
    "FedNova": (FedNova(), FedAvg(), {"sizes": (4, 5, 6)}),  # 2 batches each
    # its first round: all h are 0, and undoing -h / alpha counts the mean twice
    "FedDyn": (
        FedDyn(alpha=0.3),
        FedProx(mu=0.3, server_lr=2.0),
        {"sizes": (5, 5, 5), "rounds": 1},
    ),
    "FedAvgM": (FedAvgM(momentum=0.0), FedAvg(), {}),
    "FedAdagrad": (FedAdagrad(**PLAIN), FedAvg(), {}),
    "FedAdam": (FedAdam(**PLAIN), FedAvg(), {}),
    "FedYogi": (FedYogi(**PLAIN), FedAvg(), {}),
}

CENTRES = torch.tensor([[0.0, 1.0], [3.0, -1.0], [9.0, 4.0]], dtype=torch.float64)
CURVATURES = torch.tensor([[1.0, 2.0], [0.5, 1.0], [1.5, 0.3]], dtype=torch.float64)
STEPS, LR = (1, 2, 4), 0.2
FORM = {"lr": LR, "epochs": STEPS}
OPTIMUM = quadratic_optimum(CENTRES, CURVATURES)
FEDAVG = fedavg_limit(CENTRES, CURVATURES, **FORM)
SOFT = {"server_lr": 2.0, "tau": 1.0}  # adaptive servers come to rest

# member -> (an instance, where its rounds end)
FIXED_POINTS = {
    "FedAvg": (FedAvg(), FEDAVG),
    "FedProx": (FedProx(mu=0.5), fedprox_limit(CENTRES, CURVATURES, mu=0.5, **FORM)),
    "SCAFFOLD": (Scaffold(), OPTIMUM),
    "SCAFFOLD option 1": (Scaffold(option=1), OPTIMUM),
    "FedNova": (FedNova(), fednova_limit(CENTRES, CURVATURES, **FORM)),
    "FedDyn": (FedDyn(alpha=1.0), OPTIMUM),
    "FedAvgM": (FedAvgM(momentum=0.5), FEDAVG),
    "FedAdagrad": (FedAdagrad(**{**SOFT, "server_lr": 10.0}), FEDAVG),
    "FedAdam": (FedAdam(beta1=0.5, beta2=0.5, **SOFT), FEDAVG),
    "FedYogi": (FedYogi(beta1=0.5, beta2=0.5, **SOFT), FEDAVG),
}


@pytest.mark.parametrize("name", MEMBERS)
class TestEveryAlgorithm:
    def test_reduces_to_a_simpler_algorithm(self, name):
        special, simple, options = REDUCTIONS[name]
        options = {"sizes": (7, 3, 1, 12, 5), "rounds": 5, **options}
        problem, rounds = classification(options["sizes"]), options["rounds"]
        left = end(problem, special, LOCAL, rounds=rounds)
        right = end(problem, simple, LOCAL, rounds=rounds)
        assert not torch.equal(left.params, problem[0].init())
        close(left.params, right.params)

    def test_comes_to_rest_at_the_closed_form(self, name):
        algorithm, limit = FIXED_POINTS[name]
        problem = quadratics(CENTRES, CURVATURES)
        state = end(problem, algorithm, full_batch(STEPS, LR), rounds=120)
        close(state.params, limit)

    @pytest.mark.parametrize("momentum", [0.0, 0.5])
    def test_engines_agree_on_ragged_clients_and_partial_cohorts(self, name, momentum):
        local = LocalTraining(
            epochs=(2, 1, 3, 1, 2),
            batch_size=3,
            lr=0.1,
            momentum=momentum,
            weight_decay=0.01,
        )
        options = {"rounds": 4, "cohort_size": 3, "seed": 5}
        pair = [
            end(classification(), MEMBERS[name], local, engine=engine, **options)
            for engine in (sequential, vectorised)
        ]
        close(pair[0].params, pair[1].params)
        for left, right in [
            (pair[0].server, pair[1].server),
            (pair[0].clients, pair[1].clients),
        ]:
            assert set(left) == set(right)
            for key in left:
                close(left[key], right[key])

    def test_old_state_and_absent_clients_stay_as_they_were(self, name):
        problem = classification()
        for before, updates, after in walk(
            problem, MEMBERS[name], LOCAL, rounds=3, cohort_size=2
        ):
            copy = {k: v.clone() for k, v in before.clients.items()}
            absent = torch.ones(len(problem[1]), dtype=torch.bool)
            absent[updates.ids] = False
            for key, rows in after.clients.items():
                assert torch.equal(rows[absent], before.clients[key][absent])
                assert not torch.equal(rows[updates.ids], copy[key][updates.ids])
                assert torch.equal(before.clients[key], copy[key])
            assert not torch.equal(before.params, after.params)

    def test_direction_broadcasts_over_clients(self, name):
        algorithm, d, k = MEMBERS[name], 4, 3
        draw = torch.Generator().manual_seed(1)
        state = algorithm.init(torch.zeros(d), k)
        memory = {key: torch.randn(d, generator=draw) for key in state.server}
        memory |= {key: torch.randn(k, d, generator=draw) for key in state.clients}
        rows = torch.randn(3, k, d, generator=draw)  # grad, params, start
        together = algorithm.direction(*rows, memory)
        for i in range(k):
            own = {key: m[i] if m.ndim == 2 else m for key, m in memory.items()}
            close(together[i], algorithm.direction(*rows[:, i], own), atol=0)

    def test_hyper_parameters_are_keyword_only_and_frozen(self, name):
        algorithm = MEMBERS[name]
        with pytest.raises(TypeError, match="positional"):
            type(algorithm)(0.5)
        with pytest.raises(dataclasses.FrozenInstanceError):
            algorithm.server_lr = 2.0

    def test_name_is_the_one_of_its_paper(self, name):
        assert MEMBERS[name].name == name.removesuffix(" option 1")


# Invariants: one for each member -----------------------------------------------------


def test_fedavg_model_is_the_mean_of_the_ends_weighted_by_examples():
    problem = classification()
    for before, updates, after in walk(
        problem, FedAvg(), LOCAL, rounds=3, cohort_size=3
    ):
        sizes = torch.tensor([len(problem[1][i]) for i in updates.ids])
        ends = before.params + updates.deltas  # (K, d)
        close(after.params, (sizes[:, None] * ends).sum(0) / sizes.sum())


def test_fedprox_ends_nearer_to_the_start_as_mu_grows():
    problem, local = quadratics(CENTRES, CURVATURES), full_batch(10, lr=0.05)
    lengths = []
    for mu in (0.0, 0.5, 2.0, 8.0):
        _, updates, _ = next(walk(problem, FedProx(mu=mu), local, rounds=1))
        lengths.append(updates.deltas.norm(dim=1))  # (K,)
    for wider, closer in zip(lengths, lengths[1:], strict=False):
        assert (closer < wider).all()


def test_fedprox_first_step_is_fedavgs():
    problem, local = classification(), full_batch(1)
    one = end(problem, FedProx(mu=9.0), local, rounds=4)
    close(one.params, end(problem, FedAvg(), local, rounds=4).params)


@ENGINES
@pytest.mark.parametrize("option", [1, 2])
def test_scaffold_c_is_the_mean_of_all_c_i_in_every_round(option, engine):
    states = walk(
        classification(),
        Scaffold(option=option),
        LOCAL,
        rounds=8,
        cohort_size=2,
        engine=engine,
    )
    for _, _, after in states:
        assert after.server["c"].abs().max() > 0
        close(after.server["c"], after.clients["c_i"].mean(dim=0), atol=1e-14)


@ENGINES
@pytest.mark.parametrize("option", [1, 2])
def test_scaffold_c_i_is_the_gradient_after_one_full_batch_step(option, engine):
    problem, algorithm = classification(), Scaffold(option=option)
    state = algorithm.init(problem[0].init(), len(problem[1]))
    ids, noise = torch.arange(5), torch.Generator().manual_seed(2)
    own = torch.randn(5, problem[0].dim, dtype=torch.float64, generator=noise)
    state = state.with_rows("c_i", ids, own)  # whatever c_i was
    state = dataclasses.replace(state, server={"c": own.sum(dim=0)})  # and c
    after = end(problem, algorithm, full_batch(1), rounds=1, state=state, engine=engine)
    close(after.clients["c_i"], gradients(problem, state.params))


def test_scaffold_option_1_is_the_gradient_at_the_start_after_many_steps():
    problem = classification()
    for before, updates, after in walk(
        problem, Scaffold(option=1), LOCAL, rounds=3, cohort_size=3
    ):
        exact = gradients(problem, before.params)[updates.ids]
        close(after.clients["c_i"][updates.ids], exact)
        assert set(updates.extra) == {"c_i_change"}


def test_scaffold_counts_what_it_sends_and_downloads():
    _, updates, _ = next(walk(classification(), Scaffold(), LOCAL, rounds=1))
    assert updates.nbytes == 2 * updates.deltas.numel() * 8
    assert Scaffold().downloads == ("c",)


def test_scaffold_keeps_c_i_of_a_client_that_took_no_step():
    local = full_batch((0, 1, 1, 1, 1))
    after = end(classification(), Scaffold(), local, rounds=2)
    assert after.clients["c_i"][0].abs().max() == 0
    assert after.clients["c_i"][1:].abs().amax(dim=1).min() > 0


@pytest.mark.parametrize(
    "algorithm", [Scaffold(), FedDyn()], ids=["SCAFFOLD", "FedDyn"]
)
def test_memory_starts_at_zero_and_weights_are_uniform(algorithm):
    problem = classification()
    state = algorithm.init(problem[0].init(), 5)
    for vector in (*state.server.values(), *state.clients.values()):
        assert vector.abs().max() == 0
    for rows in state.clients.values():
        assert rows.shape == (5, problem[0].dim)
        assert rows.untyped_storage().nbytes() == 8  # one zero, expanded
    _, updates, _ = next(walk(problem, algorithm, LOCAL, rounds=1, cohort_size=4))
    close(updates.weights, 0.25)


@pytest.mark.parametrize("momentum", [0.0, 0.6])
def test_fednova_sends_rows_of_equal_effective_length(momentum):
    # On F(w) = g w the gradient is constant, so only the number of steps differs.
    flat = torch.zeros(3, 1, dtype=torch.float64)
    problem = quadratics(flat, flat, slopes=torch.ones_like(flat))
    local = full_batch((1, 2, 6), momentum=momentum)
    _, raw, _ = next(walk(problem, FedAvg(), local, rounds=1))
    _, even, after = next(walk(problem, FedNova(), local, rounds=1))
    assert raw.deltas.std() > 0.1
    close(even.deltas, even.deltas[0])
    close(after.params, raw.deltas.mean(dim=0))  # tau_eff: as far as FedAvg


def test_fednova_with_local_momentum_and_equal_steps_is_fedavg():
    problem, local = (
        classification((4, 5, 6)),
        LocalTraining(epochs=2, batch_size=3, lr=0.1, momentum=0.7),
    )
    left = end(problem, FedNova(), local, rounds=3)
    close(left.params, end(problem, FedAvg(), local, rounds=3).params)


def test_fednova_leaves_out_clients_that_took_no_step():
    problem = classification()
    _, updates, after = next(
        walk(problem, FedNova(), full_batch((0, 1, 2, 1, 1)), rounds=1)
    )
    assert updates.deltas[0].abs().max() == 0
    assert bool(torch.isfinite(after.params).all())


@ENGINES
def test_feddyn_h_is_the_mean_of_all_h_i_in_every_round(engine):
    states = walk(
        classification(), FedDyn(), LOCAL, rounds=8, cohort_size=2, engine=engine
    )
    for _, _, after in states:
        assert after.server["h"].abs().max() > 0
        close(after.server["h"], after.clients["h_i"].mean(dim=0), atol=1e-14)


def test_feddyn_h_i_is_the_gradient_where_the_client_stopped():
    # Once a client has solved its bent problem: grad F_i(w) = h_i_new.
    problem = quadratics(CENTRES, CURVATURES)
    for before, updates, after in walk(
        problem, FedDyn(alpha=1.0), full_batch(200), rounds=3
    ):
        ends = before.params + updates.deltas  # (K, d)
        close(after.clients["h_i"], CURVATURES * (ends - CENTRES))


def test_fedavgm_velocity_is_the_geometric_sum_of_all_aggregates():
    aggregates, momentum = [], 0.7
    algorithm = FedAvgM(momentum=momentum, server_lr=0.3)
    for before, updates, after in walk(classification(), algorithm, LOCAL, rounds=5):
        aggregates.append(updates.weights @ updates.deltas)
        powers = momentum ** torch.arange(len(aggregates)).flip(0).double()
        v = (powers[:, None] * torch.stack(aggregates)).sum(dim=0)
        close(after.server["v"], v)
        close(after.params, before.params + 0.3 * v)


@pytest.mark.parametrize("algorithm", [FedAdagrad(), FedAdam(), FedYogi()])
def test_adaptive_v_stays_between_what_it_has_seen(algorithm):
    seen = [torch.full((15,), algorithm.tau**2, dtype=torch.float64)]
    for before, updates, after in walk(classification(), algorithm, LOCAL, rounds=6):
        seen.append((updates.weights @ updates.deltas).square())
        squares, v = torch.stack(seen), after.server["v"]
        if isinstance(algorithm, FedAdagrad):
            close(v, squares.sum(dim=0))
            assert (v >= before.server["v"]).all()
        else:
            assert (v > 0).all()
            assert (v <= squares.max(dim=0).values + 1e-15).all()


def test_adagrad_first_move_is_server_lr_whatever_the_size_of_the_aggregate():
    for size in (1e-1, 1.0, 1e3):
        after = end(
            classification(),
            FedAdagrad(server_lr=0.5, tau=1e-9),
            LOCAL,
            rounds=1,
            uplink=(feed([size]),),
        )
        close(after.params - classification()[0].init(), 0.5, atol=1e-7)


# What is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "needed"),
    [
        (lambda: FedAvg(server_lr=0.0), "server_lr > 0"),
        (lambda: FedProx(mu=-0.1), "mu >= 0"),
        (lambda: FedProx(mu=1.0, server_lr=-1.0), "server_lr > 0"),
        (lambda: Scaffold(option=3), "option, from 1 to 2"),
        (lambda: FedDyn(alpha=0.0), "alpha > 0"),
        (lambda: FedAvgM(momentum=1.0), "momentum < 1"),
        (lambda: FedAdam(beta1=1.0), "beta1 < 1"),
        (lambda: FedYogi(beta2=-0.1), "beta2 < 1"),
        (lambda: FedAdagrad(tau=0.0), "tau > 0"),
    ],
)
def test_hyper_parameters_out_of_range_are_named(make, needed):
    with pytest.raises(ValueError, match=needed):
        make()


def test_fedopt_itself_says_which_to_use():
    with pytest.raises(NotImplementedError, match="FedAdam"):
        FedOpt().second(torch.ones(1), torch.ones(1))


def test_scaffold_option_1_without_gradients_says_what_it_needs():
    state = Scaffold(option=1).init(torch.zeros(2), 1)
    one = torch.ones(1)
    updates = Updates(torch.arange(1), torch.ones(1, 2), one, one)
    with pytest.raises(ValueError, match="own\\['gradient'\\]"):
        Scaffold(option=1).finish(updates, state, LocalTraining())
    assert isinstance(state, State)
