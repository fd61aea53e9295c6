"""What comes in is checked once, where it enters, and both engines refuse alike."""

import copy
import pickle
import random
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from engine_cases import compare, plan_for
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from fltutor import datasets, models, splitters, systems, toys
from fltutor.algorithms import FedAvg, Scaffold
from fltutor.clients import Client, LocalTraining
from fltutor.datasets import Dataset, Split
from fltutor.engines import Vectorised, sequential, vectorised
from fltutor.federation import Federation
from fltutor.task import Task

WIDE = torch.float64
LOCAL = LocalTraining(epochs=1, batch_size=4)


def draw(*shape, seed=0):
    numbers = np.random.default_rng(seed).standard_normal(shape)
    return torch.from_numpy(numbers)


def labelled(n=9, features=4, classes=3, seed=0, **other):
    return Dataset(
        draw(n, features, seed=seed), np.arange(n) % classes, classes, **other
    )


SPLIT = Split(labelled(), labelled(), 3, "toy", "MIT")


def linear(features=4, outputs=3):
    return models.linear(features, outputs).double()


def federation(**changes):
    right = {
        "task": Task(linear()),
        "clients": [Client(0, labelled())],
        "algorithm": FedAvg(),
        "local": LOCAL,
    }
    return Federation(**{**right, **changes})


def refused_alike(task, clients, local=LOCAL, **other):
    """Return the message of both engines, asked directly and through a federation."""
    starts = other.get("starts", task.init().expand(len(clients), -1))
    plan = other.get("plan", plan_for(clients, local))
    memory = other.get("memory", {})
    said = set()
    for engine in (sequential, vectorised, Vectorised("vmap"), Vectorised("threads")):
        with pytest.raises(ValueError) as caught:
            engine(task, starts, clients, plan, local, FedAvg().direction, memory)
        said.add(f"{type(caught.value).__name__}: {caught.value}")
    (message,) = said
    return message


def refused_at_once(task, clients):
    """Return the same where it is said when the federation is made."""
    message = refused_alike(task, clients)
    with pytest.raises(ValueError) as caught:
        Federation(task, clients, FedAvg(), LOCAL)
    assert str(caught.value) in message
    return message


def in_three_parts(message):
    return "Got " in message and ", need " in message and message.endswith(".")


class TestDataAndModel:
    def test_labels_without_an_output(self):
        data = Dataset(draw(60, 4), np.arange(60) % 5, 5)
        message = refused_at_once(Task(linear(4, 3)), [Client(0, data)])
        assert "client 0 with labels from 0 to 4 and a model with 3 outputs" in message
        assert in_three_parts(message) and "num_outputs=5" in message

    def test_more_classes_than_outputs_are_no_fault_where_none_occurs(self):
        data = Dataset(draw(9, 4), np.arange(9) % 3, 5)
        Federation(Task(linear(4, 3)), [Client(0, data)], FedAvg(), LOCAL)

    def test_negative_labels_of_data_without_classes(self):
        data = Dataset(draw(3, 4), [0, -100, 1])
        assert "from -100 to 1" in refused_at_once(Task(linear()), [Client(0, data)])

    def test_float_labels_under_cross_entropy(self):
        data = Dataset(draw(6, 4), draw(6))
        message = refused_at_once(Task(linear()), [Client(0, data)])
        assert "labels in torch.float64" in message and "loss='mse'" in message

    def test_one_output_and_labels_0_and_1(self):
        message = refused_at_once(Task(linear(4, 1)), [Client(0, labelled(classes=2))])
        assert "one output for each class" in message and "num_outputs=2" in message

    def test_squared_error_with_several_outputs(self):
        task = Task(linear(4, 2), loss="mse")
        message = refused_at_once(task, [Client(0, Dataset(draw(6, 4), draw(6)))])
        assert "one number for each example" in message

    def test_width(self):
        task = Task(models.mlp(63, 8, 10).double())
        message = refused_at_once(task, [Client(0, labelled(features=64))])
        assert "examples of shape (64,)" in message and "63 features" in message

    def test_whole_numbers_where_floats_are_needed(self):
        data = Dataset(torch.ones(6, 4, dtype=torch.int64), np.arange(6) % 3, 3)
        message = refused_at_once(Task(linear()), [Client(0, data)])
        assert "torch.int64" in message and "float examples of 4 features" in message

    def test_tokens_outside_the_vocabulary(self):
        task = Task(models.char_rnn(3, embedding=2, hidden=2).double())
        data = Dataset(torch.full((4, 5), 7), [0, 1, 2, 0], 3)
        message = refused_at_once(task, [Client(0, data)])
        assert "whole numbers from 0 to 2" in message

    @pytest.mark.parametrize(
        ("other", "words"),
        [
            (labelled(features=5, seed=1), r"client 1 with examples of shape \(5,\)"),
            (Dataset(draw(5, 4).float(), [0] * 5, 3), "client 1 in torch.float32"),
            (Dataset(draw(5, 4), [4] * 5, 5), "client 1 with labels from 4 to 4"),
        ],
    )
    def test_not_only_client_0_is_looked_at(self, other, words):
        clients = [Client(0, labelled()), Client(1, other)]
        with pytest.raises(ValueError, match=words):
            Federation(Task(linear()), clients, FedAvg(), LOCAL)
        refused_alike(Task(linear()), clients)

    def test_two_forms_of_example_that_the_model_both_takes(self):
        module = nn.Sequential(nn.AdaptiveAvgPool1d(4), nn.Linear(4, 3)).double()
        clients = [Client(0, labelled()), Client(1, labelled(features=8))]
        message = refused_at_once(Task(module), clients)
        assert "client 1 with examples (8,)" in message

    def test_targets_in_another_precision(self):
        data = Dataset(draw(6, 4), draw(6).float())
        message = refused_at_once(Task(linear(4, 1), loss="mse"), [Client(0, data)])
        assert "client 0 in torch.float32 and a model in torch.float64" in message

    @pytest.mark.parametrize(
        ("test", "words"),
        [
            (labelled(features=5), "features"),
            (Dataset(draw(4, 4).float(), [0] * 4, 3), "one precision"),
            (
                SPLIT,
                r"its \.train or its \.test",
            ),
            (Client(0, labelled()), r"\.data"),
            ((draw(4, 4), [0] * 4), r"Dataset\(x, y, num_classes\)"),
        ],
    )
    def test_the_test_set_is_looked_at(self, test, words):
        task = Task(linear())
        with pytest.raises(ValueError, match=words):
            task.evaluate(task.init(), test)

    def test_a_million_clients_are_not_built(self):
        built = []

        class Lazy:
            def __len__(self):
                return 10**6

            def __getitem__(self, i):
                built.append(i)
                return Client(i, labelled(features=4 if i < 500_000 else 5))

        fed = Federation(Task(linear()), Lazy(), FedAvg(), LOCAL, cohort_size=4)
        assert set(built) == {0}
        with pytest.raises(ValueError, match=r"client \d+ with examples of shape \(5,"):
            list(fed.rounds(3))

    def test_what_was_looked_at_is_not_looked_at_again(self):
        task, data = Task(linear()), labelled()
        task.admits(data)
        task.predict = None  # a second trial would call it
        task.admits(data)
        task.admits(labelled(seed=3))


class Own(nn.Module):
    """A model of one's own: what ``forward`` does is given."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.head = nn.Linear(4, 3)
        self.own = forward
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)
        self.double()

    def forward(self, x):
        return self.own(self, x)


def remember(self, x):
    self.seen += 1
    return self.head(x)


def count_calls(self, x):
    self.calls = getattr(self, "calls", 0) + 1
    return self.head(x) + self.calls


MIXING = {
    "batch norm in words": lambda m, x: F.batch_norm(
        m.head(x), None, None, training=True
    ),
    "mean of the batch": lambda m, x: m.head(x - x.mean(0)),
    "a rank in the batch": lambda m, x: m.head(x).softmax(0),
}
CHANCE = {
    "dropout": lambda m, x: m.head(F.dropout(x, 0.01)),
    "noise": lambda m, x: m.head(x + 1e-9 * torch.randn_like(x)),
    "numpy's": lambda m, x: m.head(x + np.random.rand()),  # noqa: NPY002 - the fault
    "a memory of its own": count_calls,
}


class TestModules:
    @pytest.mark.parametrize("name", MIXING)
    def test_what_mixes_examples_is_refused(self, name):
        message = refused_alike(Task(Own(MIXING[name])), [Client(0, labelled())])
        assert "depends on the others in its batch" in message

    @pytest.mark.parametrize("name", CHANCE)
    def test_what_draws_random_numbers_is_refused(self, name):
        message = refused_alike(Task(Own(CHANCE[name])), [Client(0, labelled())])
        assert "draws random numbers" in message

    def test_a_forward_pass_that_counts_is_refused(self):
        task = Task(Own(remember, seen=torch.zeros(1)))
        message = refused_alike(task, [Client(0, labelled())])
        assert "changes its buffers" in message

    @pytest.mark.parametrize(
        ("layer", "words"),
        [
            (nn.BatchNorm1d(4), "BatchNorm1d.*GroupNorm"),
            (nn.BatchNorm2d(4, affine=False, track_running_stats=False), "BatchNorm2d"),
            (nn.SyncBatchNorm(4), "SyncBatchNorm"),
            (nn.InstanceNorm1d(4, track_running_stats=True), "running statistics"),
            (nn.Dropout(0.1), r"Dropout.*p=0"),
            (nn.AlphaDropout(0.1), "AlphaDropout"),
            (nn.RReLU(), "RReLU.*LeakyReLU"),
            (nn.LSTM(4, 4, num_layers=2, dropout=0.5), "LSTM.*dropout=0"),
            (nn.GRU(4, 4, num_layers=2, dropout=0.5), "GRU"),
            (nn.MultiheadAttention(4, 2, dropout=0.5), "MultiheadAttention"),
            (nn.LazyLinear(3), "without a shape"),
        ],
    )
    @pytest.mark.parametrize("evaluating", [False, True])
    def test_layers_are_refused_by_their_kind(self, layer, words, evaluating):
        with pytest.raises(ValueError, match=words) as caught:
            Task(nn.Sequential(layer).train(not evaluating))
        assert in_three_parts(str(caught.value))

    def test_the_same_layers_without_chance_pass(self):
        quiet = [
            nn.Dropout(0.0),
            nn.LSTM(4, 4),
            nn.InstanceNorm1d(4),
            nn.RReLU(0.1, 0.1),
        ]
        Task(nn.Sequential(nn.Linear(4, 4), *quiet))

    @pytest.mark.parametrize("kind", ["forward_hook", "forward_pre_hook"])
    def test_hooks_are_refused(self, kind):
        module = linear()
        getattr(module.head, f"register_{kind}")(lambda *arguments: None)
        with pytest.raises(ValueError, match=r"'head' with a hook.*forward\(\)"):
            Task(module)

    @pytest.mark.parametrize(
        ("module", "words"),
        [
            (nn.Linear, r"the class Linear.*Linear\(\.\.\.\)"),
            (Task(linear()), r"the task's \.module"),
            (None, "module=None, need a Module"),
        ],
    )
    def test_only_modules_are_taken(self, module, words):
        with pytest.raises(ValueError, match=words):
            Task(module)

    def test_parameters_of_two_precisions_are_refused(self):
        module = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3).double())
        with pytest.raises(ValueError, match=r"float32, torch\.float64.*one precision"):
            Task(module)

    @pytest.mark.parametrize("hidden", [5, 700])  # by hand or mapped, one by one
    def test_a_module_used_twice_is_right(self, hidden):
        layer = nn.Linear(hidden, hidden)
        module = nn.Sequential(
            nn.Linear(4, hidden), layer, nn.Tanh(), layer, nn.Linear(hidden, 3)
        ).double()
        task = Task(module, seed=0)
        begin, clients = task.init(), [Client(i, labelled(n=4, seed=i)) for i in (0, 1)]
        plan = plan_for(clients, LOCAL)
        for engine in (vectorised, Vectorised("vmap"), Vectorised("threads")):
            compare(engine, task, clients, plan, LOCAL)
        assert torch.equal(begin, task.init())
        x, y = clients[0].data.x, clients[0].data.y
        F.cross_entropy(task.module(x), y).backward()
        truth = torch.cat([p.grad.reshape(-1) for p in task.module.parameters()])
        torch.testing.assert_close(task.gradient(begin, x, y), truth)

    def test_a_parameter_in_two_layers_is_right(self):
        module = models.mlp(4, 4, 4).double()
        module.head.weight = module.hidden1.weight
        task = Task(module, seed=0)
        clients = [Client(i, labelled(n=5, seed=i)) for i in (0, 1)]
        for engine in (vectorised, Vectorised("vmap"), Vectorised("threads")):
            compare(engine, task, clients, plan_for(clients, LOCAL), LOCAL)
        x, y = clients[0].data.x, clients[0].data.y
        F.cross_entropy(task.module(x), y).backward()
        truth = torch.cat([p.grad.reshape(-1) for p in task.module.parameters()])
        torch.testing.assert_close(task.gradient(task.init(), x, y), truth)

    def test_a_parameter_that_is_one_number(self):
        scaled = Own(
            lambda m, x: m.scale * m.head(x), scale=nn.Parameter(torch.tensor(1.0))
        )
        task = Task(scaled, seed=None)
        assert task.dim == 16
        clients = [Client(i, labelled(n=5, seed=i)) for i in (0, 1)]
        for engine in (vectorised, Vectorised("threads")):
            compare(engine, task, clients, plan_for(clients, LOCAL), LOCAL)


class TestStarts:
    def test_a_parameter_that_nothing_draws_is_refused_with_a_seed(self):
        module = Own(
            lambda m, x: m.head(x) + m.shift, shift=nn.Parameter(torch.randn(3))
        )
        with pytest.raises(
            ValueError, match=r"\['shift'\].*reset_parameters.*seed=None"
        ):
            Task(module, seed=0)
        assert torch.equal(Task(module, seed=None).init()[:3], module.shift.detach())

    def test_attention_starts_from_the_seed_alone(self):
        start = lambda seed: Task(nn.MultiheadAttention(4, 2), seed=seed).init()  # noqa: E731
        assert torch.equal(start(0), start(0))
        assert not torch.equal(start(0), start(1))

    def test_attention_trains_alike_in_both_engines(self):
        def attend(m, x):
            rows = m.attention(x, x, x, need_weights=False)[0]
            return m.head(rows.mean(1))

        task = Task(
            Own(attend, attention=nn.MultiheadAttention(4, 2, batch_first=True))
        )
        y = np.arange(6) % 3
        clients = [Client(i, Dataset(draw(6, 5, 4, seed=i), y, 3)) for i in (0, 1)]
        for engine in (vectorised, Vectorised("threads")):
            compare(engine, task, clients, plan_for(clients, LOCAL), LOCAL)

    def test_frozen_parameters_are_left_as_they_are(self):
        module = models.mlp(4, 4, 3)
        module.hidden1.requires_grad_(False)
        nn.init.constant_(module.hidden1.weight, 7.0)
        task = Task(module, seed=0)
        assert (task.module.hidden1.weight == 7).all()
        assert task.dim == 15

    def test_buffers_keep_value_and_precision(self):
        module = Own(lambda m, x: m.head(x), table=torch.arange(3.0))
        module.table = torch.arange(3.0, dtype=torch.float32)
        task = Task(module, seed=0)
        assert task.module.table.dtype == torch.float32
        assert task.module.table.tolist() == [0, 1, 2]

    @pytest.mark.parametrize("seed", [2.7, "a", True, 2.0, [1]])
    def test_a_seed_is_a_whole_number(self, seed):
        with pytest.raises(ValueError, match=r"seed=.*, need a whole number"):
            Task(linear(), seed=seed)
        with pytest.raises(ValueError, match=r"seed=.*, need a whole number"):
            Federation(
                Task(linear()), [Client(0, labelled())], FedAvg(), LOCAL, seed=seed
            )

    def test_seeds_of_any_size_differ(self):
        seeds = [0, 2**64, -1, 2**63, 2**64 - 1, 10**30, np.int32(5)]
        starts = {tuple(Task(linear(), seed=seed).init().tolist()) for seed in seeds}
        assert len(starts) == len(seeds)

    def test_none_is_no_seed_of_a_federation(self):
        with pytest.raises(ValueError, match="seed=None"):
            Federation(
                Task(linear()), [Client(0, labelled())], FedAvg(), LOCAL, seed=None
            )


def each_loss(outputs, targets):
    return F.cross_entropy(outputs, targets, reduction="none")


class TestLosses:
    @pytest.mark.parametrize(
        "loss", [nn.CrossEntropyLoss(), nn.CrossEntropyLoss(reduction="sum")]
    )
    def test_a_loss_that_is_a_mean_by_its_own_word(self, loss):
        with pytest.raises(ValueError, match="CrossEntropyLoss.*reduction='none'"):
            Task(linear(), loss=loss)

    def test_a_loss_that_is_a_mean(self):
        task = Task(linear(), loss=F.cross_entropy)
        message = refused_at_once(task, [Client(0, labelled())])
        assert "one number for each example" in message
        assert "reduction='none'" in message
        with pytest.raises(ValueError, match="reduction='none'"):
            task.evaluate(task.init(), labelled())

    @pytest.mark.parametrize(
        ("loss", "words"),
        [
            (lambda o, y: o, r"shape \(3, 3\).*from the loss"),
            (lambda o, y: 0.5, "0.5 from the loss"),
            (lambda o, y: o.argmax(1), "int64 from the loss"),
            (
                lambda o, y: F.cross_entropy(o, y, reduction="none") / len(y),
                "depends on",
            ),
            (lambda o, y: o @ y, "the loss fails"),
        ],
    )
    def test_what_a_loss_returns_is_looked_at(self, loss, words):
        message = refused_at_once(Task(linear(), loss=loss), [Client(0, labelled())])
        assert re.search(words, message)

    def test_a_loss_of_ones_own_meets_every_label(self):
        task = Task(linear(4, 3), loss=nn.CrossEntropyLoss(reduction="none"))
        y = np.zeros(60, dtype=int)
        y[7] = 4
        message = refused_at_once(task, [Client(0, Dataset(draw(60, 4), y, 5))])
        assert "the loss fails" in message

    @pytest.mark.parametrize(
        ("loss", "words"),
        [
            (nn.MSELoss, r"the class MSELoss.*MSELoss\(\.\.\.\)"),
            (0.5, "loss=0.5, need a function"),
            ("hinge", "one of 'cross_entropy', 'mse'"),
        ],
    )
    def test_what_is_no_loss(self, loss, words):
        with pytest.raises(ValueError, match=words):
            Task(linear(), loss=loss)


class TestCopies:
    def make(self):
        task = Task(models.mlp(4, 3, 3).double(), seed=0)
        task.admits(labelled())
        return task

    @pytest.mark.parametrize(
        "copied",
        [copy.deepcopy, copy.copy, lambda task: pickle.loads(pickle.dumps(task))],
    )
    def test_a_copy_gives_the_same_and_refuses_the_same(self, copied):
        task, data = self.make(), labelled()
        other = copied(task)
        params = task.init()
        assert torch.equal(
            other.gradient(params, data.x, data.y),
            task.gradient(params, data.x, data.y),
        )
        assert other.evaluate(params, data) == task.evaluate(params, data)
        with pytest.raises(ValueError, match="one precision"):
            other.admits(Dataset(draw(3, 4).float(), [0, 1, 2], 3))

    def test_a_deep_copys_gradient_is_its_own(self):
        task, data = self.make(), labelled()
        other = copy.deepcopy(task)
        other.losses = lambda outputs, targets: (
            2 * F.cross_entropy(outputs, targets, reduction="none")
        )
        first = task.gradient(task.init(), data.x, data.y)
        torch.testing.assert_close(
            other.gradient(task.init(), data.x, data.y), 2 * first
        )

    def test_toys_can_be_pickled(self):
        task, clients = toys.quadratics([[0.0], [4.0]])
        again, others = pickle.loads(pickle.dumps((task, clients)))
        assert again.evaluate(task.init(), others[1].data) == task.evaluate(
            task.init(), clients[1].data
        )


class TestEngines:
    def test_a_plan_with_rows_that_a_client_has_not(self):
        clients = [Client(0, labelled(4)), Client(1, labelled(9))]
        plan = torch.tensor([[[4, 1]], [[0, 8]]])
        message = refused_alike(Task(linear()), clients, plan=plan)
        assert "row 4 for client 0, which has 4 examples" in message

    @pytest.mark.parametrize(
        "starts", [torch.zeros(1, 15), torch.zeros(1, 14, dtype=WIDE), torch.zeros(15)]
    )
    def test_starts_of_another_form(self, starts):
        message = refused_alike(Task(linear()), [Client(0, labelled())], starts=starts)
        assert "(1, 15)" in message

    def test_memory_of_another_form(self):
        message = refused_alike(
            Task(linear()),
            [Client(0, labelled())],
            memory={"c": torch.zeros(9, 15, dtype=WIDE)},
        )
        assert "from memory 'c'" in message

    @settings(deadline=None, max_examples=60)
    @given(
        features=st.sampled_from([4, 5]),
        outputs=st.sampled_from([1, 3]),
        classes=st.sampled_from([2, 3, 5]),
        floats=st.booleans(),
        narrow=st.booleans(),
        loss=st.sampled_from(["cross_entropy", "mse", "mean", "own"]),
        hidden=st.booleans(),
        where=st.integers(0, 2),
    )
    def test_whatever_is_wrong_both_say_the_same_or_agree(
        self, features, outputs, classes, floats, narrow, loss, hidden, where
    ):
        y = draw(7) if floats else torch.arange(7) % classes
        odd = Dataset(draw(7, features), y, None if floats else classes)
        if narrow:
            odd = replace(odd, x=odd.x.float())
        clients = [Client(i, labelled(seed=i)) for i in range(3)]
        clients[where] = Client(where, odd)
        sizes = (4, 3, outputs) if hidden else (4, outputs)
        own = {"mean": F.cross_entropy, "own": nn.CrossEntropyLoss(reduction="none")}
        task = Task(models.mlp(*sizes).double(), loss=own.get(loss, loss))
        said, plan = [], plan_for(clients, LOCAL)
        starts = task.init().expand(3, -1)
        for engine in (sequential, vectorised, Vectorised("threads")):
            try:
                got = engine(task, starts, clients, plan, LOCAL, FedAvg().direction, {})
                said.append(got[0])
            except Exception as error:
                said.append(f"{type(error).__name__}: {error}")
        first, *others = said
        for other in others:
            if isinstance(first, str):
                assert other == first and first.startswith("ValueError: Got ")
            else:
                assert (other - first).abs().max() < 1e-10


class TestObjects:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"task": linear()}, r"Task\(module, seed=0\)"),
            ({"clients": Client(0, labelled())}, "square brackets"),
            ({"clients": (Client(0, labelled()) for _ in "a")}, r"list\(\.\.\.\)"),
            ({"clients": labelled()}, "Cut the data first"),
            ({"clients": [labelled()]}, r"Client\(0, dataset\)"),
            ({"clients": []}, "at least one of clients"),
            ({"algorithm": FedAvg}, r"FedAvg\(\.\.\.\)"),
            ({"algorithm": "FedAvg"}, "need a FedAvg"),
            ({"local": LocalTraining}, r"LocalTraining\(\.\.\.\)"),
            ({"local": {"lr": 1}}, "need a LocalTraining"),
            ({"aggregator": "median"}, "need a function"),
            ({"engine": Vectorised}, r"Vectorised\(\.\.\.\)"),
            ({"cohort_size": 2.0}, "cohort_size=2.0"),
            ({"cohort_size": True}, "cohort_size=True"),
        ],
    )
    def test_a_federation_says_what_came_instead(self, changes, words):
        with pytest.raises(ValueError, match=words) as caught:
            federation(**changes)
        assert in_three_parts(str(caught.value))

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (SPLIT, r"\.train or its \.test"),
            (Dataset, r"Dataset\(\.\.\.\)"),
            (pd.DataFrame({"a": [1]}), "from_frame"),
            (None, "data=None"),
        ],
    )
    def test_a_clients_data_are_a_dataset(self, data, words):
        with pytest.raises(ValueError, match=words):
            Client(0, data)


class TestNumbers:
    @pytest.mark.parametrize("name", ["lr", "momentum", "weight_decay"])
    @pytest.mark.parametrize("value", [None, "0.1", [0.1], 1j, True, float("nan")])
    def test_what_is_no_number(self, name, value):
        with pytest.raises(ValueError, match=f"^Got {name}="):
            LocalTraining(**{name: value})

    def test_numpys_and_torchs_numbers_count(self):
        local = LocalTraining(
            epochs=np.int64(2),
            batch_size=torch.tensor(3),
            lr=np.float32(0.5),
            momentum=torch.tensor(0.25),
        )
        assert local == LocalTraining(epochs=2, batch_size=3, lr=0.5, momentum=0.25)

    @pytest.mark.parametrize(
        "epochs", [[1, 2], (1, 2), np.array([1, 2]), torch.tensor([1, 2]), range(1, 3)]
    )
    def test_epochs_are_any_sequence(self, epochs):
        assert LocalTraining(epochs=epochs).epochs == (1, 2)
        assert LocalTraining(epochs=epochs).of([1]).epochs == (2,)

    def test_both_engines_train_with_torchs_numbers(self):
        local = LocalTraining(lr=torch.tensor(0.1), batch_size=np.int8(4))
        clients = [Client(0, labelled())]
        compare(vectorised, Task(linear()), clients, plan_for(clients, local), local)

    @pytest.mark.parametrize("classes", [np.int64(3), torch.tensor(3), np.uint8(3)])
    def test_classes_counted_from_labels(self, classes):
        data = Dataset(draw(3, 4), [0, 1, 2], classes)
        assert data.num_classes == 3 and type(data.num_classes) is int


class TestArrays:
    def test_strides_and_byte_order_are_copied_away(self):
        x, y = draw(6, 4).numpy(), np.arange(6, dtype=">i4") % 3
        data = Dataset(x[::-1], y[::-1], 3)
        assert torch.equal(data.x, torch.from_numpy(x[::-1].copy()).to(data.x.dtype))
        assert data.y.tolist() == [2, 1, 0, 2, 1, 0]
        turned = Dataset(x.T, np.zeros(4, dtype=">u2"), 1)
        assert turned.x.is_contiguous()

    @pytest.mark.parametrize(
        "kind", [">f8", "<f4", "f2", "longdouble", ">i2", "u1", "u4", "bool"]
    )
    def test_every_kind_of_number_is_taken(self, kind):
        x = np.array([[0, 1], [1, 0]]).astype(kind)
        assert Dataset(x, [0, 1], 2).x.tolist() == [[0, 1], [1, 0]]

    def test_a_filtered_frame_is_taken_with_its_mask(self):
        frame = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "y": [0, 1, 0, 1]})
        frame = frame[frame.a > 1]  # its index begins at 1
        data = Dataset(frame[["a"]], frame.y, 2)
        assert data[frame.y == 1].x.flatten().tolist() == [2, 4]
        assert data[(frame.y == 1).astype("boolean")].y.tolist() == [1, 1]
        assert data[frame.y.to_numpy()[::-1] == 1].y.tolist() == [1, 1]

    def test_a_table_with_yes_and_no_beside_numbers(self):
        table = pd.DataFrame({"a": [1.5, 2.0], "b": [True, False]})
        assert Dataset(table, [0, 1], 2).x.tolist() == [[1.5, 1], [2, 0]]
        assert Dataset(table.astype(object), [0, 1], 2).x.tolist() == [[1.5, 1], [2, 0]]

    def test_a_list_of_tensors_is_taken(self):
        data = Dataset([draw(2), draw(2)], [torch.tensor(1), torch.tensor(0)], 2)
        assert data.x.shape == (2, 2) and data.y.tolist() == [1, 0]

    def test_rows_of_different_lengths_are_named(self):
        with pytest.raises(ValueError, match="different lengths"):
            Dataset([[1.0], [1.0, 2.0]], [0, 1], 2)

    @pytest.mark.parametrize(
        "x", [[1j], torch.zeros(2, 1, dtype=torch.complex64), [None]]
    )
    def test_what_is_no_real_number_is_refused(self, x):
        with pytest.raises(TypeError, match="only numbers"):
            Dataset(x, [0] * len(x), 1)


def states():
    return torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002 - the fault


def same(before, after):
    return (
        torch.equal(before[0], after[0])
        and all(np.array_equal(a, b) for a, b in zip(before[1], after[1], strict=True))
        and before[2] == after[2]
    )


def public_calls():
    data = labelled(30, seed=4)
    text = Dataset(torch.arange(12).reshape(4, 3) % 3, [0, 1, 2, 0], 3)
    fed = lambda *a, **k: Federation(  # noqa: E731
        Task(linear()), splitters.iid(data, num_clients=3), *a, LOCAL, **k
    )
    cut = {"num_clients": 3, "seed": 1}
    return {
        "linear": lambda: models.linear(3, 2),
        "mlp": lambda: models.mlp(3, 2, 2),
        "cnn": lambda: models.cnn(8, 3, channels=(2, 2), hidden=3, num_groups=1),
        "char_rnn": lambda: models.char_rnn(5, num_layers=2),
        "task": lambda: Task(models.mlp(3, 4, 2), seed=3),
        "rnn trial": lambda: Task(models.char_rnn(3).double()).admits(text),
        "blobs": datasets.blobs_2d,
        "digits": datasets.digits,
        "synthetic": lambda: datasets.synthetic(alpha=1, beta=1, num_clients=2),
        "iid": lambda: splitters.iid(data, **cut),
        "shards": lambda: splitters.shards(data, **cut),
        "dirichlet": lambda: splitters.dirichlet(data, alpha=1.0, **cut),
        "labels": lambda: splitters.labels_per_client(data, labels=2, **cut),
        "quantity": lambda: splitters.quantity(data, alpha=1.0, **cut),
        "noise": lambda: splitters.feature_shift(data, kind="noise", strength=1, **cut),
        "flip": lambda: splitters.label_flip(data, **cut),
        "quadratics": lambda: toys.quadratics([[0.0], [1.0]]),
        "devices": lambda: (
            systems.device_mix(4, seed=0) if hasattr(systems, "device_mix") else None
        ),
        "run": lambda: fed(FedAvg(), cohort_size=2).run(rounds=2, test=data),
        "scaffold": lambda: fed(Scaffold(), engine=sequential).run(rounds=1),
    }


@pytest.mark.parametrize("name", public_calls())
def test_no_global_generator_is_moved_or_read(name):
    make = public_calls()[name]
    before = states()
    make()
    assert same(before, states())


@pytest.mark.parametrize(
    "make",
    [
        lambda: models.cnn(hidden=0),
        lambda: models.cnn(num_outputs=0),
        lambda: models.cnn(0),
        lambda: models.cnn(30),
        lambda: models.cnn(channels=(0, 2)),
        lambda: models.cnn(channels=(2, 2, 2)),
        lambda: models.cnn(channels=8),
        lambda: models.cnn(num_groups=5),
        lambda: models.cnn(num_groups=0),
        lambda: models.char_rnn(5, hidden=0),
        lambda: models.char_rnn(5, embedding=0),
        lambda: models.char_rnn(5, num_layers=0),
        lambda: models.char_rnn(1),
        lambda: models.mlp(4, 0, 2),
        lambda: models.mlp(4),
        lambda: models.linear(2.5, 2),
    ],
)
def test_models_of_impossible_sizes_are_refused(make):
    with pytest.raises(ValueError) as caught:
        make()
    assert in_three_parts(str(caught.value))


def test_models_take_numpys_sizes():
    assert models.num_parameters(models.mlp(np.int64(4), torch.tensor(3), 2)) == 23
    models.cnn(8, channels=np.array([2, 2]), hidden=3)


def test_a_learners_own_client_may_take_a_clients_place():
    class Own:
        def __init__(self, number, data):
            self.id, self.data = number, data

        def __len__(self):
            return len(self.data)

    data = Dataset(torch.eye(4), torch.tensor([0, 1, 0, 1]), 2)
    task, local = Task(models.linear(4, 2)), LocalTraining()
    theirs = [Own(0, data[:2]), Own(1, data[2:])]
    ours = [Client(0, data[:2]), Client(1, data[2:])]
    ends = [
        Federation(task, clients, FedAvg(), local).run(rounds=2).state.params
        for clients in (theirs, ours)
    ]
    assert torch.equal(*ends)
    with pytest.raises(ValueError, match=r"clients\[1\].*need a Client"):
        Federation(task, [theirs[0], Own(1, "data")], FedAvg(), local)
