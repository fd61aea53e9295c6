"""Every engine gives sequential's digits, whatever the model, plan and algorithm."""

from __future__ import annotations

import threading
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from fltutor import algorithms, models, seeds
from fltutor.clients import Client, LocalTraining, batch_plan
from fltutor.datasets import Dataset
from fltutor.engines import Vectorised, sequential, vectorised
from fltutor.engines.backprop import Network, read_layers
from fltutor.engines.schedule import groups
from fltutor.task import Task
from fltutor.threads import one_thread_each

WIDE = torch.float64
FEATURES, CLASSES = 6, 3

MODELS = {
    "linear": lambda: models.linear(FEATURES, CLASSES),
    "mlp": lambda: models.mlp(FEATURES, 5, CLASSES),
    "deep": lambda: models.mlp(FEATURES, 4, 7, 2, CLASSES),
    "tanh": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(FEATURES, 4, bias=False), nn.Tanh(), nn.Linear(4, 3)
    ),
    "unbiased": lambda: nn.Sequential(nn.Linear(FEATURES, CLASSES, bias=False)),
    "bare": lambda: nn.Sequential(
        nn.Linear(FEATURES, 4), nn.ReLU(), nn.Linear(4, CLASSES, bias=False)
    ),
}
OTHERS = {
    "normed": lambda: nn.Sequential(
        nn.Linear(FEATURES, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, CLASSES)
    ),
    "convolution": lambda: models.cnn(8, CLASSES, channels=(2, 2), hidden=3),
    "text": lambda: models.char_rnn(CLASSES, embedding=2, hidden=3),
}
ALGORITHMS = [
    kind()
    for kind in vars(algorithms).values()
    if isinstance(kind, type)
    and issubclass(kind, algorithms.FedAvg)
    and kind is not algorithms.FedOpt
]


def draw(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=seeds.torch_stream(seed, "test"), dtype=WIDE)


def make_task(name: str, loss: str = "cross_entropy") -> Task:
    if loss == "mse":
        module: nn.Module = models.mlp(FEATURES, 5, 1)
    else:
        module = {**MODELS, **OTHERS}[name]()
    return Task(module.double(), loss=loss, seed=1)


def make_clients(name: str, sizes: list[int], loss: str = "cross_entropy"):
    shape = {"convolution": (1, 8, 8), "tanh": (2, 3)}.get(name, (FEATURES,))
    clients = []
    for i, n in enumerate(sizes):
        x = draw(i, n, *shape)
        if name == "text":
            x = x.abs().long().clamp(max=CLASSES - 1)
        y = x.reshape(n, -1).to(WIDE).sum(1)
        if loss == "cross_entropy":
            y = y.abs().long() % CLASSES
        clients.append(Client(i, Dataset(x, y, None if loss == "mse" else CLASSES)))
    return clients


def everything(grad, params, start, memory):
    """Use every argument, as no single algorithm does."""
    pull = 0.3 * (params - start) + memory["client"] - memory["server"]
    return grad + 0.1 * pull


def compare(engine, task, clients, plan, local, direction=everything) -> None:
    starts = task.init() + 0.05 * draw(7, len(clients), task.dim)
    memory = {"client": draw(8, len(clients), task.dim), "server": draw(9, task.dim)}
    before = [t.clone() for t in (starts, plan, *memory.values())]
    arguments = (task, starts, clients, plan, local, direction, memory)
    ends, steps = engine(*arguments)
    truth, counts = sequential(*arguments)
    assert (ends - truth).abs().max() < 1e-10
    assert steps.tolist() == counts.tolist()
    assert ends.dtype == truth.dtype
    for was, now in zip(before, (starts, plan, *memory.values()), strict=True):
        assert torch.equal(was, now)


def plan_for(clients, local, seed=0) -> Tensor:
    ids = [client.id for client in clients]
    return batch_plan(
        [len(c) for c in clients], local.of(ids), seeds.keys(seed, "batches", 0, ids)
    )


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


class TestBackpropagation:
    @settings(max_examples=20, deadline=None, derandomize=True)
    @given(name=st.sampled_from(sorted(MODELS)), seed=st.integers(0, 99))
    def test_matches_the_difference_quotient_of_the_loss(self, name, seed):
        task = make_task(name)
        (client,) = make_clients(name, [5])
        params = task.init() + 0.1 * draw(seed, task.dim)
        grads = torch.empty(1, task.dim, dtype=WIDE)
        net = Network(read_layers(task), "cross_entropy", params[None], grads)
        onehot = nn.functional.one_hot(client.data.y, CLASSES).T.to(WIDE)
        share = torch.full((1, 5), 0.2, dtype=WIDE)
        net.backpropagate(client.data.x.reshape(5, -1), onehot, share)
        way, eps = draw(seed + 1, task.dim), 1e-6
        high, low = (
            task.loss(params + s * eps * way, client.data.x, client.data.y)
            for s in (1, -1)
        )
        assert abs((high - low) / (2 * eps) - grads[0] @ way) < 1e-5

    @pytest.mark.parametrize(
        ("module", "reason"),
        [
            (nn.Sequential(nn.Linear(6, 3), nn.ReLU()), "not followed"),
            (nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3)), "no activation"),
            (nn.Sequential(nn.Linear(6, 3), nn.Softmax(1)), "Softmax"),
            (nn.Sequential(nn.ReLU(), nn.Linear(6, 3)), "ReLU"),
            (nn.Sequential(nn.Sequential(nn.Linear(6, 3))), "Sequential"),
            (nn.Linear(6, 3), "not an nn.Sequential"),
        ],
    )
    def test_other_models_are_left_to_torch(self, module, reason):
        task = Task(module.double())
        layers = read_layers(task)
        assert reason in layers
        local = LocalTraining(batch_size=3)
        clients = make_clients("mlp", [4, 6])
        compare(vectorised, task, clients, plan_for(clients, local), local)

    def test_frozen_and_shared_layers_are_left_to_torch(self):
        frozen = models.mlp(FEATURES, 5, CLASSES)
        frozen[0].weight.requires_grad_(False)
        shared = nn.Linear(FEATURES, FEATURES)
        twice = nn.Sequential(
            shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(FEATURES, CLASSES)
        )
        for module in (frozen, twice):
            task = Task(module.double())
            assert "frozen or shared" in read_layers(task)
            local = LocalTraining(batch_size=3)
            clients = make_clients("mlp", [4, 6])
            compare(vectorised, task, clients, plan_for(clients, local), local)

    def test_a_loss_of_ones_own_is_left_to_torch(self):
        task = Task(
            models.linear(FEATURES, 1).double(),
            loss=lambda out, y: (out[:, 0] - y).abs(),
        )
        assert "loss is custom" in read_layers(task)
        local, clients = LocalTraining(), make_clients("mlp", [4, 2], "mse")
        compare(vectorised, task, clients, plan_for(clients, local), local)


class TestPlainDescent:
    @pytest.mark.parametrize("sizes", [[6], [6, 6, 6], [2, 9, 5]])
    @pytest.mark.parametrize("name", [*MODELS, "convolution"])
    def test_steps_straight_into_the_weights_are_the_same_steps(self, name, sizes):
        local = LocalTraining(epochs=2, batch_size=4)
        clients, task = make_clients(name, sizes), make_task(name)
        plan = plan_for(clients, local)
        compare(vectorised, task, clients, plan, local, lambda g, p, s, m: g)


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


class TestThreads:
    @pytest.mark.parametrize("name", ["mlp", "convolution", "normed"])
    def test_settings_are_as_before_also_after_an_error(self, name):
        before = torch.get_num_threads()
        torch.set_num_threads(3)
        try:
            task, clients = make_task(name), make_clients(name, [4, 4])
            plan = plan_for(clients, LocalTraining())

            def fail(*_):
                raise RuntimeError("on purpose")

            for direction in (lambda g, p, s, m: g, fail):
                try:
                    vectorised(
                        *(task, task.init().expand(2, -1), clients, plan),
                        *(LocalTraining(), direction, {}),
                    )
                except RuntimeError as error:
                    assert "on purpose" in str(error)
                assert torch.get_num_threads() == 3
                seen = []
                other = threading.Thread(
                    target=lambda seen=seen: seen.append(torch.get_num_threads())
                )
                other.start()
                other.join()
                assert seen == [3]
        finally:
            torch.set_num_threads(before)

    def test_inside_a_round_engines_still_see_what_is_allowed(self):
        before = torch.get_num_threads()
        torch.set_num_threads(3)
        try:
            with one_thread_each() as outer, one_thread_each() as inner:
                assert (outer, inner, torch.get_num_threads()) == (3, 3, 1)
            assert torch.get_num_threads() == 3
        finally:
            torch.set_num_threads(before)

    def test_gradients_can_still_be_taken_of_what_comes_out(self):
        task, clients = make_task("mlp"), make_clients("mlp", [4, 4])
        plan = plan_for(clients, LocalTraining())
        ends, _ = vectorised(
            *(task, task.init().expand(2, -1), clients, plan),
            *(LocalTraining(), lambda g, p, s, m: g, {}),
        )
        leaf = ends.requires_grad_()
        leaf.square().sum().backward()
        assert torch.is_grad_enabled()
        assert torch.allclose(leaf.grad, 2 * leaf)

    def test_no_warning_escapes(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for name in ("mlp", "convolution", "normed", "text"):
                local, clients = LocalTraining(batch_size=2), make_clients(name, [3, 2])
                compare(
                    *(vectorised, make_task(name), clients),
                    *(plan_for(clients, local), local),
                )
