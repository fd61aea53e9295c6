"""Evaluation: scores by hand, the three regimes, intervals, equal budgets."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fltutor import datasets, evaluation, models, splitters
from fltutor.algorithms import FedAvg
from fltutor.clients import Client, LocalTraining
from fltutor.datasets import Dataset
from fltutor.federation import Federation
from fltutor.task import Task


@pytest.fixture(autouse=True)
def _double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def sign_task() -> tuple[Task, torch.Tensor]:
    """Build a classifier of one number that says 1 where x > 0."""
    task = Task(nn.Linear(1, 2, bias=False))
    return task, torch.tensor([0.0, 1.0])


def owner(i: int, x: list[float], y: list[int]) -> Client:
    return Client(
        i, Dataset(torch.tensor(x, dtype=torch.float64)[:, None], torch.tensor(y), 2)
    )


def blobs(num_clients: int = 4, **kwargs) -> tuple[Federation, datasets.Split]:
    data = datasets.blobs_2d(per_class=40, seed=0)
    clients = splitters.dirichlet(
        data.train, num_clients=num_clients, alpha=0.5, min_size=4, seed=0
    )
    local = LocalTraining(epochs=1, batch_size=8, lr=kwargs.pop("lr", 0.1))
    task = Task(models.linear(2, 3))
    return Federation(task, clients, FedAvg(), local, **kwargs), data


class TestScores:
    def test_everyone_own_worst_and_means_by_hand(self):
        task, params = sign_task()
        own = [owner(0, [1, 1, 1], [1, 1, 0]), owner(1, [-1.0], [0])]
        test = owner(9, [1, -1, 1, -1], [1, 1, 1, 1]).data
        found = evaluation.scores(task, params, test=test, own=own)
        assert found.everyone == 0.5
        assert found.own == pytest.approx([2 / 3, 1.0])
        assert (found.worst, found.worst_client) == (pytest.approx(2 / 3), 0)
        assert found.mean == pytest.approx(5 / 6)
        assert found.by_examples == pytest.approx(3 / 4)

    def test_one_model_a_client_meets_its_own_data_and_everyone(self):
        task, right = sign_task()
        own = [owner(0, [1.0], [1]), owner(1, [1.0], [0])]
        test = owner(9, [1, 1, 1, -1], [1, 1, 1, 1]).data
        both = torch.stack([right, -right])
        found = evaluation.scores(task, both, test=test, own=own)
        assert found.own.tolist() == [1.0, 1.0]
        assert found.everyone == pytest.approx((0.75 + 0.25) / 2)

    def test_a_lost_class_shows_per_class(self):
        task, params = sign_task()
        data = Dataset(torch.ones(4, 1), torch.tensor([1, 1, 1, 0]), 3)
        each = evaluation.per_class(task, params, data)
        assert each[:2].tolist() == [0.0, 1.0] and np.isnan(each[2])

    def test_a_wrong_number_of_models_is_refused(self):
        task, params = sign_task()
        own = [owner(0, [1.0], [1]), owner(1, [1.0], [0])]
        with pytest.raises(ValueError, match="params of length 3, own of length 2"):
            evaluation.scores(task, params.expand(3, -1), test=own[0].data, own=own)

    def test_regression_is_refused(self):
        data = Dataset(torch.ones(2, 1), torch.ones(2))
        task = Task(models.linear(1, 1), loss="mse")
        with pytest.raises(ValueError, match="classification"):
            evaluation.scores(task, task.init(), test=data, own=[Client(0, data)])

    def test_summary_has_a_row_a_name(self):
        task, params = sign_task()
        own = [owner(0, [1.0, 1.0], [1, 0])]
        found = evaluation.scores(task, params, test=own[0].data, own=own)
        frame = evaluation.summary({"one": found, "two": found})
        assert frame.loc["two", "worst"] == 0.5 and list(frame.index) == ["one", "two"]


class TestHoldOut:
    def test_no_example_is_lost_or_in_both(self):
        federation, _ = blobs()
        train, test = evaluation.hold_out(federation.clients, 0.3)
        for whole, a, b in zip(federation.clients, train, test, strict=True):
            rows = torch.cat([a.data.x, b.data.x])
            assert a.id == b.id == whole.id and min(len(a), len(b)) >= 1
            assert torch.equal(rows.sort(0).values, whole.data.x.sort(0).values)

    def test_a_clients_cut_does_not_depend_on_the_others(self):
        clients = blobs()[0].clients
        _, all_of_them = evaluation.hold_out(clients)
        _, last = evaluation.hold_out(clients[-1:])
        assert torch.equal(all_of_them[-1].data.x, last[0].data.x)

    def test_a_single_example_is_refused(self):
        with pytest.raises(ValueError, match="client 7 with 1 example"):
            evaluation.hold_out([owner(7, [1.0], [1])])

    @pytest.mark.parametrize("fraction", [0, 1, float("nan")])
    def test_a_fraction_out_of_range_is_refused(self, fraction):
        with pytest.raises(ValueError, match="fraction"):
            evaluation.hold_out(blobs()[0].clients, fraction)


class TestRegimes:
    def test_train_ends_where_run_ends(self):
        federation, data = blobs(cohort_size=2)
        params = evaluation.train(federation, 3).params
        last = federation.run(rounds=3, test=data.test)[-1]
        assert federation.task.evaluate(params, data.test)["loss"] == last.loss

    def test_no_rounds_give_the_start(self):
        federation, _ = blobs()
        start = federation.task.init()
        assert torch.equal(evaluation.train(federation, 0).params, start)
        assert torch.equal(evaluation.local_only(federation, 0)[2], start)

    def test_a_federation_of_one_is_local_only_is_central(self):
        federation, _ = blobs(num_clients=1)
        federated = evaluation.train(federation, 4).params
        alone = evaluation.local_only(federation, 4)[0]
        assert torch.allclose(alone, federated, atol=1e-12)
        assert torch.allclose(evaluation.central(federation, 4), federated, atol=1e-12)

    def test_local_only_trains_every_client_on_its_own_data(self):
        federation, _ = blobs(cohort_size=2)
        models_ = evaluation.local_only(federation, 2)
        for i, client in enumerate(federation.clients):
            task = federation.task
            before = task.evaluate(task.init(), client.data)["loss"]
            assert task.evaluate(models_[i], client.data)["loss"] < before

    def test_central_full_batch_is_gradient_descent_on_the_pool(self):
        federation, _ = blobs()
        federation = Federation(
            federation.task,
            federation.clients,
            FedAvg(),
            LocalTraining(batch_size=None, lr=0.5),
        )
        pooled = evaluation.pool(federation.clients)
        task = federation.task
        params = task.init() - 0.5 * task.gradient(task.init(), pooled.x, pooled.y)
        assert torch.allclose(evaluation.central(federation, 1), params, atol=1e-12)

    def test_pool_undoes_a_split(self):
        federation, data = blobs()
        pooled = evaluation.pool(federation.clients)
        assert torch.equal(pooled.x.sort(0).values, data.train.x.sort(0).values)
        assert pooled.num_classes == 3

    def test_regimes_show_a_local_model_good_at_home_and_bad_abroad(self):
        data = datasets.blobs_2d(per_class=60, seed=1)
        clients = splitters.shards(data.train, num_clients=3, shards_per_client=1)
        train, own = evaluation.hold_out(clients)
        task, local = Task(models.linear(2, 3)), LocalTraining(lr=0.3, epochs=3)
        federation = Federation(task, train, FedAvg(), local)
        found = evaluation.regimes(federation, 20, test=data.test, own=own)
        assert list(found) == ["local", "FedAvg", "central"]
        assert found["local"].mean > 0.95 > 0.6 > found["local"].everyone
        assert found["FedAvg"].everyone > 0.9 and found["central"].everyone > 0.9

    def test_central_refuses_epochs_per_client(self):
        federation, _ = blobs()
        local = LocalTraining(epochs=[1, 2, 1, 1])
        federation = Federation(federation.task, federation.clients, FedAvg(), local)
        with pytest.raises(ValueError, match="one for the pooled data"):
            evaluation.central(federation, 1)


class TestBootstrap:
    def test_the_interval_of_constant_differences_is_a_point(self):
        found = evaluation.bootstrap([0.25] * 5)
        assert (found.low, found.mean, found.high) == (0.25, 0.25, 0.25)

    def test_large_samples_give_the_normal_interval(self):
        sample = np.random.default_rng(0).normal(3, 2, 2000)
        found = evaluation.bootstrap(sample)
        half = 1.96 * sample.std() / np.sqrt(2000)
        assert found.low == pytest.approx(sample.mean() - half, abs=0.01)
        assert found.high == pytest.approx(sample.mean() + half, abs=0.01)

    def test_it_is_seeded_and_moves_no_global_generator(self):
        before = np.random.get_state()[1].copy()  # noqa: NPY002 - it must not move
        one, two = (evaluation.bootstrap([1, 2, 4], seed=5) for _ in range(2))
        assert one == two
        assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002

    def test_it_covers_the_mean_of_ten_normal_values_about_as_often_as_it_says(self):
        rng = np.random.default_rng(0)
        hits = 0
        for trial in range(400):
            found = evaluation.bootstrap(rng.normal(size=10), draws=1000, seed=trial)
            hits += found.low <= 0 <= found.high
        assert 0.92 <= hits / 400 <= 0.98  # the plain percentile interval: 0.90

    @pytest.mark.parametrize(("pairs", "most"), [(2, 0.5), (3, 0.75), (6, 31 / 32)])
    def test_few_pairs_can_reach_only_so_much(self, pairs, most):
        assert evaluation.bootstrap(range(pairs)).reachable == most

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ([1.0], "two or more"),
            ([1.0, float("nan")], "1 results that are not finite"),
            ([[1.0, 2.0]], r"shape \(1, 2\)"),
        ],
    )
    def test_bad_samples_are_refused(self, values, message):
        with pytest.raises(ValueError, match=message):
            evaluation.bootstrap(values)

    def test_a_level_out_of_range_is_refused(self):
        with pytest.raises(ValueError, match="level=95"):
            evaluation.bootstrap([1, 2], level=95)


class TestCompare:
    base = np.linspace(0.5, 0.9, 10)

    def test_b_better_a_better_and_cannot_tell(self):
        gain = np.tile([0.01, 0.03], 5)
        better = evaluation.compare(self.base, self.base + gain)
        worse = evaluation.compare(self.base, self.base - gain)
        unclear = evaluation.compare(self.base, self.base + np.tile([-0.02, 0.02], 5))
        assert better.verdict == "B is better" and better.wins == 10
        assert worse.verdict == "A is better" and worse.wins == 0
        assert unclear.verdict == "cannot tell" and unclear.wins == 5

    def test_pairing_sees_what_two_separate_means_do_not(self):
        other = self.base + np.tile([0.01, 0.03], 5)
        paired = evaluation.compare(self.base, other)
        shuffled = evaluation.compare(self.base, other[::-1])
        assert paired.verdict == "B is better" and shuffled.verdict == "cannot tell"

    def test_identical_results_cannot_be_told_apart(self):
        assert evaluation.compare(self.base, self.base).verdict == "cannot tell"

    def test_lower_may_be_better(self):
        found = evaluation.compare(
            self.base, self.base - 0.1, names=("SGD", "Adam"), higher_is_better=False
        )
        assert found.verdict == "Adam is better"
        assert found.interval.mean == pytest.approx(0.1)

    def test_the_sentence_warns_of_few_seeds(self):
        few = evaluation.compare([0.1, 0.2, 0.3], [0.2, 0.3, 0.5])
        assert "3 of 3 seeds (so few seeds cover 75% at most)" in str(few)
        assert "at most" not in str(evaluation.compare(self.base, self.base + 0.1))

    def test_lengths_must_match(self):
        with pytest.raises(ValueError, match="a of length 2, b of length 3"):
            evaluation.compare([1, 2], [1, 2, 3])

    def test_table_compares_each_row_with_the_baseline(self):
        results = {
            "FedAvg": self.base,
            "good": self.base + 0.1,
            "same": self.base + np.tile([-0.02, 0.02], 5),
        }
        frame = evaluation.table(results)
        assert frame["verdict"].tolist() == [
            "baseline",
            "good is better",
            "cannot tell",
        ]
        assert frame.loc["good", "gain"] == pytest.approx(0.1)
        assert frame.loc["FedAvg", "mean"] == pytest.approx(0.7)
        assert (frame["low"].iloc[1:] <= frame["gain"].iloc[1:]).all()
        other = evaluation.table(results, baseline="good")
        assert other.loc["FedAvg", "verdict"] == "good is better"

    def test_the_figure_has_a_row_for_each_rival_and_says_cannot_tell(self):
        from fltutor.plots.forest import forest

        results = {
            "FedAvg": self.base,
            "good": self.base + 0.1,
            "same": self.base + np.tile([-0.02, 0.02], 5),
        }
        table = evaluation.table(results)
        picture = forest(table, xlabel="gain", title="t", alt="good is better")
        names = [tick.get_text() for tick in picture.axes.get_yticklabels()]
        assert names == ["good", "same\ncannot tell"]
        edges = [line.get_xdata()[0] for line in picture.axes.lines[1::2]]
        assert edges == pytest.approx(table["low"].dropna().tolist())

    def test_table_names_an_unknown_baseline(self):
        with pytest.raises(ValueError, match="baseline='x'"):
            evaluation.table({"a": [1, 2]}, baseline="x")

    def test_ranks_are_those_of_each_seed_alone(self):
        found = evaluation.ranks({"a": [3, 1, 2], "b": [2, 2, 2], "c": [1, 3, 0]})
        assert found.tolist() == [[1, 2, 3], [3, 2, 1], [1, 1, 3]]
        low = evaluation.ranks({"a": [3, 1], "b": [2, 2]}, higher_is_better=False)
        assert low.tolist() == [[2, 1], [1, 2]]

    def test_repeat_measures_each_seed_once_in_order(self):
        assert evaluation.repeat(lambda s: s**2, [3, 1, 2]).tolist() == [9, 1, 4]
        with pytest.raises(ValueError, match="different seeds"):
            evaluation.repeat(float, [1, 1])


class TestTune:
    def make(
        self, lr: float = 0.1, epochs: int = 1, server_lr: float = 1.0
    ) -> Federation:
        federation, _ = blobs()
        local = LocalTraining(lr=lr, epochs=epochs)
        return Federation(
            federation.task, federation.clients, FedAvg(server_lr=server_lr), local
        )

    def test_it_finds_the_better_step_size(self):
        test = blobs()[1].test
        found = evaluation.tune(
            self.make, {"lr": [1e-6, 0.3]}, budget=2, rounds=5, validation=test
        )
        assert found.best == {"lr": 0.3} and found.budget == 2
        assert found.score == max(score for _, score in found.tried)
        assert found.to_frame()["lr"].tolist() == [1e-6, 0.3]

    def test_every_method_gets_its_budget_and_no_more(self):
        grid = {"lr": [0.1, 0.2, 0.3], "epochs": [1, 2]}
        chosen = evaluation.settings(grid, budget=4)
        assert len(chosen) == 4
        assert len({tuple(each.items()) for each in chosen}) == 4
        assert chosen == evaluation.settings(grid, budget=4)
        assert any(
            chosen != evaluation.settings(grid, budget=4, seed=s) for s in (1, 2)
        )
        assert len(evaluation.settings(grid, budget=6)) == 6

    def test_a_grid_below_the_budget_is_refused(self):
        with pytest.raises(ValueError, match="grid of 2 settings, need 3"):
            evaluation.settings({"lr": [0.1, 0.2]}, budget=3)

    def test_a_diverged_try_is_never_the_best(self):
        test = blobs()[1].test
        with pytest.warns(UserWarning, match="not finite"):
            found = evaluation.tune(
                self.make,
                {"lr": [5.0], "server_lr": [1e308, 1.0]},
                budget=2,
                rounds=3,
                validation=test,
            )
        assert np.isnan(found.tried[0][1])
        assert found.best == {"lr": 5.0, "server_lr": 1.0}


def test_a_huge_drift_in_double_precision_stays_finite():
    deltas = np.array([[3e60, 0.0], [-3e60, 0.0]])
    assert evaluation.drift_norm(deltas) == pytest.approx(3e60)
