"""The two halves of a round, runs that go on, Poisson cohorts, what code returns."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from algorithm_cases import MEMBERS, classification, full_batch

from fltutor import splitters, systems
from fltutor.algorithms import FedAdam, FedAvg, FedDyn, FedNova, Scaffold
from fltutor.clients import LocalTraining
from fltutor.federation import Federation
from fltutor.history import History
from fltutor.rounds import walk
from fltutor.systems import Device
from fltutor.updates import State

LOCAL = LocalTraining(epochs=2, batch_size=3, lr=0.1)


def federation(algorithm=None, local=LOCAL, **options):
    return Federation(*classification(), algorithm or FedAvg(), local, **options)


def same(one: State, other: State) -> bool:
    """Whether two states are equal to the last bit, every memory included."""
    pairs = [(one.params, other.params)]
    for kind in ("server", "clients"):
        left, right = getattr(one, kind), getattr(other, kind)
        assert left.keys() == right.keys()
        pairs += [(left[name], right[name]) for name in left]
    return all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in pairs)


class Residual:
    """Sends the first half of the entries; each client remembers the other half."""

    def init(self, params, num_clients):
        return {
            "error": params.new_zeros(num_clients, len(params)),
            "rounds": torch.zeros((), dtype=torch.int64),
        }

    def __call__(self, updates, state):
        whole = updates.deltas + state.clients["error"][updates.ids]  # (K, d)
        sent = whole.clone()
        sent[:, whole.shape[1] // 2 :] = 0.0
        state = state.with_rows("error", updates.ids, whole - sent)
        state = replace(state, server={"rounds": state.server["rounds"] + 1})
        half = torch.full((len(updates),), 8 * (whole.shape[1] // 2))
        return replace(updates, deltas=sent, sent=half), state


RUNS = {
    **{name: {"algorithm": algorithm} for name, algorithm in MEMBERS.items()},
    "a stage with memory": {"uplink": [Residual()]},
    "two of a kind, SCAFFOLD": {
        "algorithm": Scaffold(),
        "uplink": [Residual(), Residual()],
    },
    "poisson": {"cohort_size": 2, "sampling": "poisson"},
}


class TestHalves:
    @pytest.mark.parametrize("name", MEMBERS)
    def test_a_round_is_train_and_then_close(self, name):
        fed = federation(MEMBERS[name], cohort_size=3)
        state = fed.init()
        for index in range(3):
            updates, kept = fed.train(state, fed.sample(index), index)
            after, sent = fed.round(state, index)
            assert torch.equal(updates.deltas, sent.deltas)
            assert same(fed.close(kept, updates), after)
            state = after

    def test_train_leaves_the_model_and_the_state_it_got_alone(self):
        fed = federation(Scaffold())
        state = fed.init()
        updates, kept = fed.train(state, torch.tensor([1, 3]), 0)
        assert torch.equal(kept.params, fed.init().params)
        assert not state.clients["c_i"].any()
        assert kept.clients["c_i"].any(dim=1).tolist() == [
            False,
            True,
            False,
            True,
            False,
        ]
        assert updates.ids.tolist() == [1, 3]

    def test_train_begins_where_it_is_told(self):
        fed = federation()
        starts = torch.randn(2, 15, dtype=torch.float64)
        ids = torch.tensor([0, 4])
        updates, _ = fed.train(fed.init(), ids, 5, starts=starts)
        ends, steps = walk(fed, starts, ids, 5)
        assert torch.equal(updates.deltas, ends - starts)
        assert torch.equal(updates.steps, steps)

    def test_each_client_may_have_epochs_batches_and_a_weight_of_its_own(self):
        fed = federation()
        updates, _ = fed.train(
            fed.init(), torch.tensor([3, 3]), 0, epochs=[1, 3],
            trips=torch.tensor([4, 5]), weights=torch.tensor([0.25, 0.75]),
        )  # fmt: skip
        assert updates.steps.tolist() == [4, 12]  # 12 examples in batches of 3
        assert updates.weights.tolist() == [0.25, 0.75]
        assert updates.trips.tolist() == [4, 5]
        for k, (trip, epochs) in enumerate([(4, 1), (5, 3)]):
            one, _ = fed.train(fed.init(), torch.tensor([3]), trip, epochs=[epochs])
            torch.testing.assert_close(updates.deltas[k], one.deltas[0])

    def test_nobody_trains_and_nothing_changes(self):
        fed = federation(Scaffold())
        state = fed.init()
        updates, kept = fed.train(state, torch.zeros(0, dtype=torch.int64), 2)
        assert (len(updates), updates.deltas.shape) == (0, (0, 15))
        assert same(fed.close(kept, updates), state)

    def test_a_full_gradient_is_neither_sent_nor_counted(self):
        seen = []

        def watch(updates):
            seen.append(set(updates.extra))
            return updates

        fed = federation(Scaffold(option=1), uplink=[watch])
        record = next(fed.rounds(1))
        assert seen == [{"c_i_change"}]
        assert record.bytes_up == 5 * 2 * 15 * 8

    def test_a_client_that_diverged_is_left_out_with_its_gradient(self):
        # client 0 alone has a learning rate that overflows: an example far away
        task, clients = classification()
        data = clients[0].data
        far = replace(clients[0], data=replace(data, x=data.x * 1e200))
        fed = Federation(task, [far, *clients[1:]], Scaffold(option=1), LOCAL)
        with pytest.warns(UserWarning, match=r"clients \[0\] are not finite"):
            state, updates = fed.round(fed.init(), 0)
        assert updates.ids.tolist() == [1, 2, 3, 4]
        assert not state.clients["c_i"][0].any()
        assert torch.isfinite(state.clients["c_i"]).all()


class TestGoingOn:
    @pytest.mark.parametrize("name", RUNS)
    def test_a_run_resumed_in_the_middle_is_the_whole_run_to_the_last_bit(
        self, name, tmp_path
    ):
        fed = federation(**{"cohort_size": 3, **RUNS[name]})
        test = fed.clients[3].data
        whole = fed.run(rounds=7, test=test, progress=False)
        first = fed.run(rounds=3, test=test, progress=False)
        first.save(tmp_path / "run.npz")
        for before in (first, History.load(tmp_path / "run.npz")):
            rest = fed.run(
                rounds=4, test=test, state=before.state, start=3, progress=False
            )
            assert same(rest.state, whole.state)
            assert rest["round"].tolist() == [4, 5, 6, 7]
            for column in ("loss", "participants", "bytes_up", "local_steps"):
                assert [*before[column], *rest[column]] == whole[column].tolist()

    def test_a_clock_goes_on_where_it_stood(self):
        devices = systems.fleet(5, spread=1.0, seed=1)
        timed = systems.synchronous(federation(cohort_size=3), devices, enough=2)
        whole = timed.run(rounds=5, progress=False)
        first = timed.run(rounds=2, progress=False)
        rest = timed.run(rounds=3, state=first.state, start=2, progress=False)
        assert [*first["seconds"], *rest["seconds"]] == whole["seconds"].tolist()
        assert same(rest.state, whole.state)

    def test_every_record_carries_the_state_after_its_round(self):
        fed, state = federation(), federation().init()
        for index, record in enumerate(fed.rounds(3)):
            state, _ = fed.round(state, index)
            assert same(record.state, state)

    @pytest.mark.parametrize("timed", [False, True])
    @pytest.mark.parametrize(
        "wrong", [{"n": -1}, {"n": 2, "every": 0}, {"n": 2, "start": -1}, {"n": 1.5}]
    )
    def test_rounds_that_cannot_be_are_refused_at_once(self, wrong, timed):
        fed = federation()
        fed = systems.synchronous(fed, [Device()] * 5) if timed else fed
        with pytest.raises(ValueError, match="Got .*, need a whole number .*"):
            fed.rounds(**wrong)

    @pytest.mark.parametrize("wrong", [{"n": -1}, {"n": 2, "every": 0}])
    def test_changes_that_cannot_be_are_refused_at_once(self, wrong):
        run = systems.fedbuff(federation(), [Device()] * 5)
        with pytest.raises(ValueError, match="Got .*, need a whole number .*"):
            run.rounds(**wrong)


def many(n):
    return classification(tuple(2 + i % 3 for i in range(n)))


STRANGERS = {
    "N": lambda: Federation(*many(9), Scaffold(), LOCAL).init(),
    "d": lambda: replace(federation(Scaffold()).init(), params=torch.zeros(7)),
    "precision": lambda: replace(
        federation(Scaffold()).init(), params=torch.zeros(15, dtype=torch.float32)
    ),
    "algorithm": lambda: federation(FedDyn()).init(),
    "less": lambda: federation().init(),
    "uplink": lambda: federation(Scaffold(), uplink=[Residual()]).init(),
    "kind": lambda: federation(Scaffold()).init().params,
}


class TestForeignStates:
    @pytest.mark.parametrize("name", STRANGERS)
    def test_a_state_of_another_federation_is_refused_before_anybody_trains(self, name):
        fed = federation(Scaffold())
        with pytest.raises(ValueError, match="Got .*, need .*"):
            fed.run(rounds=1, state=STRANGERS[name](), progress=False)

    def test_the_message_names_what_does_not_fit(self):
        with pytest.raises(
            ValueError, match=r"c_i of shape \(9, 15\) .* need \(5, 15\)"
        ):
            federation(Scaffold()).round(STRANGERS["N"](), 0)


class TestPoisson:
    def test_clients_take_part_independently_with_probability_q(self):
        fed = Federation(*many(40), FedAvg(), LOCAL, cohort_size=10, sampling="poisson")
        assert fed.rate == 0.25
        rounds = 8000  # enough to tell q from 10 / 41
        cohorts = [fed.sample(index).tolist() for index in range(rounds)]
        sizes = np.array([len(c) for c in cohorts])
        # binomial(40, 1/4): mean 10, variance 7.5; five standard errors
        assert abs(sizes.mean() - 10) < 5 * np.sqrt(7.5 / rounds)
        assert abs(sizes.var() - 7.5) < 5 * 7.5 * np.sqrt(2 / rounds)
        took = np.zeros((rounds, 40))
        for index, cohort in enumerate(cohorts):
            assert cohort == sorted(set(cohort))
            took[index, cohort] = 1
        assert np.abs(took.mean(0) - 0.25).max() < 5 * np.sqrt(0.1875 / rounds)
        away = np.corrcoef(took.T)[~np.eye(40, dtype=bool)]
        assert np.abs(away).max() < 5.5 / np.sqrt(rounds)

    def test_the_draw_depends_on_seed_and_round_alone(self):
        one = federation(cohort_size=2, sampling="poisson", seed=3)
        two = federation(FedDyn(), cohort_size=2, sampling="poisson", seed=3)
        assert [one.sample(i).tolist() for i in range(9)] == [
            two.sample(i).tolist() for i in range(9)
        ]

    def test_a_round_of_nobody_changes_nothing_and_stands_in_the_ledger(self):
        fed = federation(FedAdam(), cohort_size=1, sampling="poisson")
        empty = next(i for i in range(99) if len(fed.sample(i)) == 0)
        before = fed.run(rounds=1, progress=False).state
        (record,) = fed.rounds(1, state=before, start=empty)
        assert same(record.state, before)
        assert (record.participants, record.left_out, record.local_steps) == (0, 0, 0)
        assert record.bytes_up == record.bytes_down == 0

    def test_everyone_takes_part_where_everyone_is_expected(self):
        assert len(federation(sampling="poisson").sample(0)) == 5

    def test_another_sampling_is_refused(self):
        with pytest.raises(ValueError, match="'fixed', 'poisson'"):
            federation(sampling="bernoulli")

    def test_a_fixed_denominator_reaches_the_aggregator_whoever_came(self):
        seen = []

        def fixed_sum(deltas, weights):
            seen.append(weights.tolist())
            return weights @ deltas

        fixed_sum.fixed_weights = True
        fed = federation(
            cohort_size=2, sampling="poisson", aggregator=fixed_sum,
            uplink=[lambda u: u.keep(torch.arange(len(u)) > 0)],
        )  # fmt: skip
        for index in range(12):
            state, updates = fed.round(fed.init(), index)
            moved = state.params - fed.init().params
            torch.testing.assert_close(moved, updates.deltas.sum(dim=0) / 2)
        assert len({len(w) for w in seen}) > 1
        assert {each for weights in seen for each in weights} == {0.5}

    def test_an_aggregator_with_a_denominator_of_its_own_is_not_rescaled(self):
        fed = federation(aggregator=lambda deltas, weights: deltas.sum(dim=0) / 50)
        state, updates = fed.round(fed.init(), 0)
        moved = state.params - fed.init().params
        torch.testing.assert_close(moved, updates.deltas.sum(dim=0) / 50)


def returns(value):
    def own_mean(deltas, weights):
        return value(weights @ deltas)

    return own_mean


class TestWhatCodeReturns:
    @pytest.mark.parametrize(
        "value",
        [
            lambda v: float(v[0]),
            lambda v: v[:1],
            lambda v: v[None],
            lambda v: v.numpy(),
            lambda v: v.float(),
            lambda v: None,
            lambda v: v * float("nan"),
            lambda v: v * float("inf"),
        ],
        ids=["float", "(1,)", "(1, d)", "numpy", "float32", "None", "nan", "inf"],
    )
    def test_an_aggregator_that_returns_no_vector_is_named(self, value):
        fed = federation(aggregator=returns(value))
        with pytest.raises(
            ValueError, match=r"Got .*the aggregator 'own_mean', need .*"
        ):
            fed.round(fed.init(), 0)

    def test_an_aggregate_that_overflows_stops_the_run(self):
        huge = lambda u: replace(u, deltas=torch.full_like(u.deltas, 1.5e308))  # noqa: E731
        fed = federation(
            uplink=[huge], aggregator=lambda deltas, weights: deltas.sum(dim=0)
        )
        with pytest.raises(ValueError, match="15 of 15 entries .* aggregator"):
            fed.run(rounds=3, progress=False)

    def test_a_step_that_returns_no_state_is_named(self):
        class Forgets(FedAvg):
            def step(self, aggregate, updates, state):
                return state.params + aggregate

        class Widens(FedAvg):
            def step(self, aggregate, updates, state):
                return replace(state, params=state.params[:3])

        with pytest.raises(ValueError, match="state=.*, need a State"):
            federation(Forgets()).round(federation().init(), 0)
        with pytest.raises(ValueError, match="from Widens.step with params"):
            federation(Widens()).round(federation().init(), 0)

    def test_close_leaves_out_a_row_that_was_broken_on_the_way(self):
        fed = federation()
        updates, state = fed.train(fed.init(), fed.sample(0), 0)
        updates.deltas[1] = float("nan")
        with pytest.warns(UserWarning, match=r"clients \[1\] are not finite"):
            after = fed.close(state, updates)
        assert torch.isfinite(after.params).all()


def test_work_behind_a_row_that_was_left_out_is_counted():
    first = lambda u: u.keep(torch.arange(len(u)) == 0)  # noqa: E731
    record = next(federation(local=full_batch(3), uplink=[first]).rounds(1))
    assert (record.participants, record.left_out) == (1, 4)
    assert record.local_steps == 15
    assert record.bytes_up == 15 * 8


def test_local_baselines_are_the_walks_of_a_federation():
    task, clients = classification()
    fed = Federation(task, clients, FedNova(), LOCAL, seed=4)
    ends, _ = walk(fed, task.init().expand(5, -1), torch.arange(5), 0)
    for i, client in enumerate(clients):
        alone = Federation(task, clients, FedAvg(), LOCAL, seed=4)
        updates, _ = alone.train(alone.init(), torch.tensor([i]), 0)
        torch.testing.assert_close(ends[i], task.init() + updates.deltas[0])
        assert len(client) == len(clients[i])


def test_clients_that_are_made_on_request_are_enough():
    data = classification()[1][3].data
    (one,) = splitters.iid(data, num_clients=1)

    class Lazily:
        def __len__(self):
            return 10**6

        def __getitem__(self, i):
            return replace(one, id=i)

    fed = Federation(
        classification()[0], Lazily(), FedAvg(), LOCAL,
        cohort_size=5, sampling="poisson",
    )  # fmt: skip
    assert next(fed.rounds(1)).participants < 30


@pytest.mark.parametrize("algorithm", [FedAvg(), Scaffold(option=1)])
def test_a_round_asks_for_each_client_of_its_cohort_once(algorithm):
    task, clients = classification()
    asked = []

    class Asked:
        def __len__(self):
            return len(clients)

        def __getitem__(self, i):
            asked.append(i)
            return clients[i]

    fed = Federation(task, Asked(), algorithm, LOCAL, cohort_size=3)
    asked.clear()
    fed.train(fed.init(), torch.tensor([0, 2, 4]), 0)
    assert asked == [0, 2, 4]
