import pytest
import torch
from torch import nn

from fltutor import models
from fltutor.datasets import Dataset
from fltutor.task import Task

F64 = torch.float64


def batch(n=6, f=4, c=3, seed=0):
    draw = torch.Generator().manual_seed(seed)
    x = torch.rand(n, f, generator=draw, dtype=F64)
    return x, torch.randint(0, c, (n,), generator=draw)


def test_init_is_the_same_vector_at_every_call_and_for_every_seed_another():
    make = lambda seed: Task(models.mlp(4, 3, 3).double(), seed=seed).init()  # noqa: E731
    assert torch.equal(make(0), make(0))
    assert not torch.equal(make(0), make(1))


def test_seed_none_keeps_the_modules_own_parameters():
    module = models.linear(4, 3).double()
    task = Task(module, seed=None)
    assert torch.equal(task.init(), task.layout.flatten(module))


def test_the_callers_module_is_never_changed():
    module = models.mlp(4, 3, 3).double()
    before = [p.clone() for p in module.parameters()]
    Task(module, seed=9)
    pairs = zip(before, module.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_gradient_equals_autograd_on_the_module():
    x, y = batch()
    task = Task(models.mlp(4, 5, 3).double())
    nn.functional.cross_entropy(task.module(x), y).backward()
    expected = torch.cat([p.grad.reshape(-1) for p in task.module.parameters()])
    torch.testing.assert_close(task.gradient(task.init(), x, y), expected)


def test_padding_counts_for_nothing():
    x, y = batch(5)
    task = Task(models.mlp(4, 5, 3).double())
    padded = torch.cat([x, torch.full((2, 4), 7.0, dtype=F64)])
    targets = torch.cat([y, torch.zeros(2, dtype=torch.int64)])
    real = torch.tensor([True] * 5 + [False] * 2)
    got = task.gradient(task.init(), padded, targets, real)
    torch.testing.assert_close(got, task.gradient(task.init(), x, y))


def test_a_batch_of_padding_alone_has_gradient_zero():
    x, y = batch(2)
    task = Task(models.linear(4, 3).double())
    nothing = torch.zeros(2, dtype=torch.bool)
    assert not task.gradient(task.init(), x, y, nothing).any()


def test_squared_error_is_the_mean_of_squares():
    x = torch.tensor([[1.0], [2.0]], dtype=F64)
    task = Task(models.linear(1, 1).double(), loss="mse")
    params = torch.tensor([2.0, 1.0], dtype=F64)  # 2 x + 1
    loss = task.loss(params, x, torch.tensor([3.0, 6.0], dtype=F64))
    assert loss == pytest.approx(0.5)


def test_evaluate_in_chunks_equals_the_whole():
    x, y = batch(5000)
    task = Task(models.linear(4, 3).double())
    params = task.init()
    scores = task.evaluate(params, Dataset(x, y, 3))
    assert scores["loss"] == pytest.approx(float(task.loss(params, x, y)))
    right = (task.predict(params, x).argmax(1) == y).double().mean()
    assert scores["accuracy"] == pytest.approx(float(right))


def test_regression_has_no_accuracy():
    task = Task(models.linear(1, 1).double(), loss="mse")
    data = Dataset(torch.rand(3, 1, dtype=F64), torch.rand(3, dtype=F64), None)
    assert set(task.evaluate(task.init(), data)) == {"loss"}


def test_batch_norm_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"BatchNorm1d at '1'.*GroupNorm"):
        Task(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)))


def test_batch_norm_without_running_statistics_mixes_examples_and_is_refused():
    layer = nn.BatchNorm1d(4, track_running_stats=False)
    with pytest.raises(ValueError, match=r"mixes the examples.*GroupNorm"):
        Task(nn.Sequential(nn.Linear(4, 4), layer))


def test_dropout_is_refused():
    with pytest.raises(ValueError, match="Dropout"):
        Task(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)))


def test_an_unknown_loss_is_named():
    with pytest.raises(ValueError, match="loss='hinge'"):
        Task(models.linear(4, 3), loss="hinge")


def test_params_of_wrong_length_are_refused():
    x, y = batch()
    with pytest.raises(ValueError, match="shape"):
        Task(models.linear(4, 3).double()).evaluate(
            torch.zeros(3, dtype=F64), Dataset(x, y, 3)
        )
