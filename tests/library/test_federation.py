import dataclasses

import numpy as np
import pytest
import torch

from fltutor import aggregators, engines, models, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import LocalTraining
from fltutor.datasets import Dataset
from fltutor.federation import Federation
from fltutor.task import Task

F64 = torch.float64


def dataset(n=60, seed=0):
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=draw, dtype=F64)
    return Dataset(x, (x[:, 0] > 0).long() + (x[:, 1] > 0).long(), 3)


def federation(**changes):
    clients = splitters.quantity(dataset(), num_clients=6, alpha=1.0, min_size=2)
    task = Task(models.mlp(4, 5, 3).double(), seed=0)
    local = changes.pop("local", LocalTraining(epochs=2, batch_size=4, lr=0.1))
    algorithm = changes.pop("algorithm", FedAvg())
    clients = changes.pop("clients", clients)
    return Federation(task, clients, algorithm, local, **changes)


def test_one_full_batch_step_is_centralised_gradient_descent():
    # with weights n_k/n the mean of the clients' gradients is the gradient of the
    # loss on all examples: McMahan et al. 2017, section 2 (FedSGD)
    local = LocalTraining(epochs=1, batch_size=None, lr=0.3)
    fed, data = federation(local=local), dataset()
    state = fed.init()
    params = fed.task.init()
    for index in range(20):
        state, _ = fed.round(state, index)
        params = params - 0.3 * fed.task.gradient(params, data.x, data.y)
    assert (state.params - params).abs().max() < 1e-12


def test_one_client_is_plain_sgd():
    data, local = dataset(20), LocalTraining(epochs=1, batch_size=4, lr=0.1)
    fed = federation(clients=splitters.iid(data, num_clients=1), local=local, seed=3)
    state, updates = fed.round(fed.init(), 0)
    assert updates.weights.tolist() == [1.0]
    assert updates.steps.tolist() == [5]
    torch.testing.assert_close(state.params, fed.task.init() + updates.deltas[0])


def test_the_cohort_depends_on_the_seed_and_the_round_alone():
    one = federation(cohort_size=3)
    other = federation(cohort_size=3, local=LocalTraining(lr=1.0))
    cohorts = [one.sample(i).tolist() for i in range(8)]
    assert cohorts == [other.sample(i).tolist() for i in range(8)]
    assert len({tuple(c) for c in cohorts}) > 1
    assert all(len(set(c)) == 3 and c == sorted(c) for c in cohorts)


def test_every_client_is_sampled_equally_often():
    fed = federation(cohort_size=2)
    counts = np.bincount(torch.cat([fed.sample(i) for i in range(3000)]), minlength=6)
    # binomial(3000, 1/3): standard deviation 25.8; five of them
    assert np.abs(counts - 1000).max() < 130


def test_weights_are_shares_of_the_cohorts_examples():
    fed = federation(cohort_size=3)
    ids = fed.sample(0).tolist()
    sizes = np.array([len(fed.clients[i]) for i in ids])
    _, updates = fed.round(fed.init(), 0)
    np.testing.assert_allclose(updates.weights, sizes / sizes.sum())


def test_a_round_leaves_the_state_it_got_as_it_was():
    fed = federation()
    state = fed.init()
    before = state.params.clone()
    fed.round(state, 0)
    assert torch.equal(state.params, before)


def test_a_round_is_repeatable():
    fed = federation(cohort_size=3)
    a, b = fed.round(fed.init(), 2)[0], fed.round(fed.init(), 2)[0]
    assert torch.equal(a.params, b.params)


@pytest.mark.parametrize("engine", [engines.sequential, engines.vectorised])
def test_the_run_is_the_rounds_by_hand(engine):
    fed = federation(engine=engine)
    state = fed.init()
    for index in range(3):
        state, updates = fed.round(state, index)
    history = fed.run(rounds=3, test=dataset(), progress=False)
    assert history[-1].loss == fed.task.evaluate(state.params, dataset())["loss"]
    assert history.name == "FedAvg"
    assert history[-1].local_steps == updates.steps.sum()


def test_training_lowers_the_loss():
    history = federation().run(rounds=30, test=dataset(), progress=False)
    assert history["loss"][-1] < 0.6 * history["loss"][0]


def test_server_lr_scales_the_step():
    fed, half = federation(), federation(algorithm=FedAvg(server_lr=0.5))
    start = fed.task.init()
    whole = fed.round(fed.init(), 0)[0].params - start
    torch.testing.assert_close(half.round(half.init(), 0)[0].params - start, whole / 2)


def test_only_due_rounds_and_the_last_are_evaluated():
    history = federation().run(rounds=5, test=dataset(), every=2, progress=False)
    assert history.evaluated["round"].tolist() == [2, 4, 5]


def test_without_a_test_set_nothing_is_evaluated():
    assert np.isnan(federation().run(rounds=2, progress=False)["loss"]).all()


def test_the_ledger_counts_the_vectors_that_travel():
    fed = federation(cohort_size=3)
    record = next(iter(fed.rounds(1)))
    assert record.participants == 3
    assert record.bytes_up == record.bytes_down == 3 * fed.task.dim * 8


def test_rounds_can_be_stopped_early():
    steps = federation().rounds(10**9)
    assert [next(steps).round for _ in range(3)] == [1, 2, 3]


def test_stages_run_in_order():
    scale = lambda u: dataclasses.replace(u, deltas=u.deltas * 2)  # noqa: E731
    shift = lambda u: dataclasses.replace(u, deltas=u.deltas + 1)  # noqa: E731
    plain = federation().round(federation().init(), 0)[1].deltas
    fed = federation(uplink=[scale, shift])
    torch.testing.assert_close(fed.round(fed.init(), 0)[1].deltas, plain * 2 + 1)


def test_a_round_in_which_everyone_dropped_changes_nothing():
    nobody = lambda u: u.keep(torch.zeros(len(u), dtype=torch.bool))  # noqa: E731
    fed = federation(uplink=[nobody])
    history = fed.run(rounds=2, test=dataset(), progress=False)
    assert history["participants"].tolist() == [0, 0]
    assert history["left_out"].tolist() == [6, 6]
    assert torch.equal(fed.round(fed.init(), 0)[0].params, fed.init().params)


def test_an_update_that_is_not_finite_is_named_and_left_out():
    def poison(updates):
        deltas = updates.deltas.clone()
        deltas[2, 0] = float("nan")
        return dataclasses.replace(updates, deltas=deltas)

    fed = federation(uplink=[poison])
    with pytest.warns(UserWarning, match=r"clients \[2\] are not finite"):
        record = next(iter(fed.rounds(1, dataset())))
    assert (record.participants, record.left_out) == (5, 1)
    assert np.isfinite(record.loss)


def test_a_training_that_diverges_is_left_out_before_it_reaches_memory():
    local = LocalTraining(epochs=50, batch_size=1, lr=1e200)
    fed = federation(local=local)
    with pytest.warns(UserWarning, match="A smaller lr"):
        state, updates = fed.round(fed.init(), 0)
    assert len(updates) == 0
    assert torch.equal(state.params, fed.init().params)


def test_another_aggregator_is_used():
    fed = federation(aggregator=aggregators.uniform_mean)
    state, updates = fed.round(fed.init(), 0)
    expected = fed.init().params + updates.deltas.mean(dim=0)
    torch.testing.assert_close(state.params, expected)


def test_a_cohort_larger_than_the_federation_is_refused():
    with pytest.raises(ValueError, match="cohort_size=7.*from 1 to 6"):
        federation(cohort_size=7)


def test_a_federation_without_clients_is_refused():
    with pytest.raises(ValueError, match="clients"):
        federation(clients=[])


def test_data_of_another_precision_than_the_model_is_refused():
    data = dataset()
    single = Dataset(data.x.float(), data.y, 3)
    with pytest.raises(ValueError, match="torch.float32.*torch.float64"):
        federation(clients=splitters.iid(single, num_clients=2))


@pytest.mark.parametrize("changes", [{"rounds": 0}, {"rounds": 1, "every": 0}])
def test_a_run_of_nothing_is_refused(changes):
    with pytest.raises(ValueError, match="=0"):
        federation().run(**changes)
