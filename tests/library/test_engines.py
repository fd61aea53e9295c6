"""Every engine gives sequential's digits, whatever the model, plan and algorithm."""

from __future__ import annotations

import pytest
import torch
from engine_cases import (
    ALGORITHMS,
    CLASSES,
    FEATURES,
    MODELS,
    OTHERS,
    compare,
    draw,
    everything,
    make_clients,
    make_task,
    plan_for,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import fltutor as ft
from fltutor.clients import Client, LocalTraining
from fltutor.datasets import Dataset
from fltutor.engines import Vectorised, choosing, sequential, vectorised
from fltutor.engines.schedule import groups
from fltutor.task import Task


@st.composite
def settings_of_a_round(drawn):
    sizes = drawn(st.lists(st.integers(1, 9), min_size=1, max_size=5))
    epochs = drawn(
        st.one_of(st.integers(1, 2), st.tuples(*[st.integers(0, 2) for _ in sizes]))
    )
    local = LocalTraining(
        epochs=epochs,
        batch_size=drawn(st.one_of(st.none(), st.integers(1, 5))),
        lr=0.1,
        momentum=drawn(st.sampled_from([0.0, 0.9])),
        weight_decay=drawn(st.sampled_from([0.0, 0.05])),
    )
    return sizes, local


class TestEqualToSequential:
    @pytest.mark.parametrize("path", ["stacked", "vmap", "threads"])
    @settings(max_examples=25, deadline=None, derandomize=True)
    @given(
        name=st.sampled_from(sorted(MODELS)),
        setting=settings_of_a_round(),
        algorithm=st.sampled_from(ALGORITHMS),
    )
    def test_random_models_plans_and_algorithms(self, path, name, setting, algorithm):
        sizes, local = setting
        task, clients = make_task(name), make_clients(name, sizes)
        engine = Vectorised(path=path, workers=2)
        compare(engine, task, clients, plan_for(clients, local), local)
        state = algorithm.init(task.init(), len(clients))
        ids = torch.arange(len(clients))
        arguments = (
            *(task, algorithm.start(state, ids), clients, plan_for(clients, local)),
            *(local, algorithm.direction, state.rows(ids)),
        )
        gap = engine(*arguments)[0] - sequential(*arguments)[0]
        assert gap.abs().max() < 1e-10

    @pytest.mark.parametrize("name", OTHERS)
    @pytest.mark.parametrize("path", ["auto", "vmap", "threads"])
    def test_models_that_torch_derives(self, name, path):
        local = LocalTraining(epochs=2, batch_size=3, momentum=0.5, weight_decay=0.1)
        clients = make_clients(name, [4, 1, 7])
        engine = Vectorised(path=path, workers=2)
        compare(engine, make_task(name), clients, plan_for(clients, local), local)

    @pytest.mark.parametrize("path", ["stacked", "vmap", "threads"])
    def test_squared_error(self, path):
        local = LocalTraining(epochs=2, batch_size=4)
        clients = make_clients("mlp", [5, 9, 2], "mse")
        task = make_task("mlp", "mse")
        compare(Vectorised(path), task, clients, plan_for(clients, local), local)

    @pytest.mark.parametrize("direction", [everything, lambda g, p, s, m: g])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_images_in_single_precision(self, channels, direction):
        x, y = draw(0, 9, channels, 8, 8).float(), torch.arange(9) % CLASSES
        clients = [Client(i, Dataset(x[i:], y[i:], CLASSES)) for i in (0, 4)]
        layers = nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        task = Task(nn.Sequential(*layers, nn.Linear(36, CLASSES)), seed=1)
        local = LocalTraining(epochs=2, batch_size=4, weight_decay=0.05)
        plan, starts = plan_for(clients, local), task.init().expand(2, -1)
        memory = {"client": draw(8, 2, task.dim).float(), "server": starts[0]}
        arguments = (task, starts, clients, plan, local, direction, memory)
        gap = vectorised(*arguments)[0] - sequential(*arguments)[0]
        assert gap.abs().max() < 1e-5

    @pytest.mark.parametrize("path", ["stacked", "vmap", "threads"])
    def test_a_plan_with_gaps_anywhere(self, path):
        clients = make_clients("mlp", [3, 3, 3])
        plan = torch.tensor(
            [
                [[-1, -1], [0, -1], [-1, -1], [-1, 2]],
                [[-1, -1], [-1, -1], [-1, -1], [-1, -1]],
                [[0, 1], [-1, 1], [2, 2], [-1, -1]],
            ]
        )
        local = LocalTraining(momentum=0.9)
        compare(Vectorised(path), make_task("mlp"), clients, plan, local)

    @pytest.mark.parametrize("path", ["stacked", "vmap", "threads"])
    def test_a_client_without_a_step_stays_where_it_started(self, path):
        task, clients = make_task("linear"), make_clients("linear", [3, 3])
        plan = torch.tensor([[[-1, -1]], [[0, 1]]])
        starts = draw(3, 2, task.dim)
        local = LocalTraining(momentum=0.9, weight_decay=0.5)
        ends, steps = Vectorised(path)(
            task, starts, clients, plan, local, lambda g, p, s, m: g + p, {}
        )
        assert torch.equal(ends[0], starts[0])
        assert not torch.equal(ends[1], starts[1])
        assert steps.tolist() == [0, 1]

    def test_scores_so_large_that_their_exponential_overflows(self):
        task, clients = make_task("linear"), make_clients("linear", [4, 4])
        local = LocalTraining(batch_size=2)
        plan, starts = plan_for(clients, local), 1e6 * draw(3, 2, task.dim)
        arguments = (task, starts, clients, plan, local, lambda g, p, s, m: g, {})
        ends, truth = vectorised(*arguments)[0], sequential(*arguments)[0]
        assert torch.isfinite(ends).all()
        assert (ends - truth).abs().max() < 1e-8  # 1e-14 of the parameters' size

    def test_a_crowd_of_clients(self):
        clients = make_clients("linear", [5, 3] * 40)
        local = LocalTraining(batch_size=2)
        plan = plan_for(clients, local)
        compare(vectorised, make_task("linear"), clients, plan, local)

    def test_the_number_of_workers_changes_no_digit(self):
        local = LocalTraining(batch_size=3)
        clients = make_clients("convolution", [4, 5, 3])
        task, plan = make_task("convolution"), plan_for(clients, local)
        starts = task.init().expand(3, -1)
        ends = [
            Vectorised("threads", workers=w)(
                task, starts, clients, plan, local, lambda g, p, s, m: g, {}
            )[0]
            for w in (1, 2)
        ]
        assert torch.equal(*ends)


class TestSchedule:
    def test_every_client_is_in_one_group_with_all_its_examples(self):
        sizes = [40, 1, 7, 7, 20, 3]
        clients = make_clients("mlp", sizes)
        for batch_size in (None, 4):
            local = LocalTraining(batch_size=batch_size)
            plan = plan_for(clients, local)
            cuts = groups(plan, 3)
            assert sorted(torch.cat([g.rows for g in cuts]).tolist()) == list(range(6))
            for g in cuts:
                for place, row in enumerate(g.rows.tolist()):
                    here = g.plan[:, place]
                    assert sorted(here[here >= 0].tolist()) == list(range(sizes[row]))

    def test_unequal_full_batches_are_not_all_padded_to_the_widest(self):
        clients = make_clients("mlp", [40, 1, 1, 1])
        cuts = groups(plan_for(clients, LocalTraining(batch_size=None)), 10)
        assert [g.plan.shape[2] for g in cuts] == [40, 1]


class TestChoice:
    def test_the_model_decides(self):
        names = {
            "mlp": "stacked",
            "normed": "vmap",
            "convolution": "threads",
            "text": "vmap",
        }
        for name, path in names.items():
            told = vectorised.explain(make_task(name), make_clients(name, [2, 2]))
            assert told.startswith(path)

    def test_data_of_another_kind_go_to_torch(self):
        clients = make_clients("mlp", [2])
        data = Dataset(clients[0].data.x.float(), clients[0].data.y, CLASSES)
        told = vectorised.explain(make_task("mlp"), [Client(0, data)])
        assert told.startswith("vmap") and "float32" in told

    def test_a_path_that_does_not_fit_is_refused_with_the_reason(self):
        clients = make_clients("convolution", [2])
        with pytest.raises(ValueError, match="3 axes"):
            Vectorised(path="stacked").explain(make_task("convolution"), clients)
        with pytest.raises(ValueError, match="path"):
            Vectorised(path="fast")

    def test_a_round_above_the_limit_is_refused(self):
        clients = make_clients("linear", [2])
        starts = torch.zeros(1).expand(2**20, 2**10)
        with pytest.raises(MemoryError, match="GiB"):
            vectorised(
                make_task("linear"), starts, clients, None, LocalTraining(), None, {}
            )


class TestGroups:
    """Small limits cut a cohort into many groups, and threads share them."""

    @pytest.mark.parametrize("workers", [1, 2, 3])
    @pytest.mark.parametrize("limit", [1, 2**11])
    @pytest.mark.parametrize("direction", [everything, lambda g, p, s, m: g.clamp(-1)])
    def test_they_change_nothing(self, monkeypatch, workers, limit, direction):
        monkeypatch.setattr(choosing, "WORTH_A_THREAD", 0)
        monkeypatch.setattr(choosing, "STACKED_BYTES", limit)
        clients = make_clients("mlp", [9, 2, 7, 7, 5, 3])
        local = LocalTraining(epochs=2, batch_size=4, weight_decay=0.01)
        engine, plan = Vectorised("stacked", workers=workers), plan_for(clients, local)
        compare(engine, make_task("mlp"), clients, plan, local, direction)

    @pytest.mark.parametrize(
        ("parameters", "batch", "workers", "sizes"),
        [
            (2**30, 2**30, 1, [7]),  # all together
            (2**30, 2**30, 2, [4, 3]),  # a group a thread
            (3, 2**30, 1, [3, 3, 1]),  # three fit
            (3, 2**30, 2, [2, 2, 2, 1]),  # each thread takes as many groups
            (2**30, 2, 1, [2, 2, 2, 1]),  # a step's examples of two fit
            (0, 0, 2, [1] * 7),  # nothing fits: one by one
        ],
    )
    def test_as_many_as_fit_and_equal_shares(
        self, monkeypatch, parameters, batch, workers, sizes
    ):
        task, clients = make_task("linear"), make_clients("linear", [4] * 7)
        example = clients[0].data.x[0].nbytes
        monkeypatch.setattr(choosing, "WORTH_A_THREAD", 0)
        monkeypatch.setattr(choosing, "STACKED_BYTES", parameters * task.dim * 8)
        monkeypatch.setattr(choosing, "BATCH_BYTES", batch * 2 * example)
        seen = []

        def spy(plan, most):
            seen.extend(groups(plan, most))
            return seen

        monkeypatch.setattr(choosing, "groups", spy)
        local = LocalTraining(batch_size=2)
        engine, plan = Vectorised(workers=workers), plan_for(clients, local)
        compare(engine, task, clients, plan, local)
        assert [len(group.rows) for group in seen] == sizes

    def test_a_second_thread_waits_for_work_that_pays(self, monkeypatch):
        threads = []

        class Pool(choosing.ThreadPoolExecutor):
            def __init__(self, workers):
                threads.append(workers)
                super().__init__(workers)

        monkeypatch.setattr(choosing, "ThreadPoolExecutor", Pool)
        clients, local = make_clients("mlp", [6] * 4), LocalTraining(batch_size=2)
        task, plan = make_task("mlp"), plan_for(clients, local)
        work = 4 * 2 * task.dim / 2  # of each of two threads in a step
        for limit, expected in ((work + 1, []), (work, [2])):
            monkeypatch.setattr(choosing, "WORTH_A_THREAD", limit)
            threads.clear()
            compare(Vectorised(workers=2), task, clients, plan, local)
            assert threads == expected


def test_data_of_two_forms_are_refused_together_also_when_each_was_seen_alone():
    task = Task(nn.Sequential(nn.Flatten(), nn.Linear(FEATURES, CLASSES)).double())
    flat = draw(0, 4, FEATURES)
    clients = [
        Client(i, Dataset(x, torch.arange(4) % CLASSES, CLASSES))
        for i, x in enumerate((flat, flat.view(4, 2, 3)))
    ]
    for client in clients:
        task.admits(client.data)
    local = LocalTraining(batch_size=2)
    plan, starts = plan_for(clients, local), task.init().expand(2, -1)
    for engine in (sequential, vectorised):
        with pytest.raises(ValueError, match="one form of example"):
            engine(task, starts, clients, plan, local, everything, {})


def test_a_crowd_that_was_looked_at_is_still_held_against_its_plan():
    data = ft.Dataset(torch.randn(600, 2), torch.arange(600) % 3, 3)
    clients = [ft.Client(k, data[[k]]) for k in range(600)]
    task, local = ft.Task(ft.models.linear(2, 3)), ft.LocalTraining(batch_size=None)
    starts = task.init().expand(600, -1)
    plan = torch.zeros(600, 1, 1, dtype=torch.int64)
    engine, direction = ft.engines.vectorised, ft.FedAvg().direction
    engine(task, starts, clients, plan, local, direction, {})
    assert task.crowd is not None
    plan[5] = 1
    with pytest.raises(ValueError, match="row 1 for client 5, which has 1 example"):
        engine(task, starts, clients, plan, local, direction, {})
    other = [*clients[:-1], ft.Client(599, data[[0, 1]])]
    engine(task, starts, other, torch.zeros_like(plan), local, direction, {})
    assert task.crowd[1][-1] == 2
