"""Arguments out of range are refused in words: splitters, toys, scores, guesses."""

import numpy as np
import pytest
import torch

from fltutor import datasets, evaluation, lesson, models, splitters, toys
from fltutor.clients import Client
from fltutor.datasets import Dataset
from fltutor.task import Task

NAN, INF = float("nan"), float("inf")
DATA = Dataset(torch.arange(24.0).reshape(12, 2), np.arange(12) % 3, 3)
SPLITTERS = {
    "iid": {},
    "shards": {},
    "dirichlet": {"alpha": 1.0},
    "labels_per_client": {"labels": 2},
    "quantity": {"alpha": 1.0},
    "feature_shift": {"kind": "noise", "strength": 1.0},
    "label_flip": {},
}


def split(name, **changes):
    arguments = {"dataset": DATA, "num_clients": 3, **SPLITTERS[name], **changes}
    return getattr(splitters, name)(arguments.pop("dataset"), **arguments)


@pytest.mark.parametrize("name", SPLITTERS)
class TestSplitters:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"num_clients": "3"}, "num_clients='3'"),
            ({"num_clients": True}, "num_clients=True"),
            ({"seed": 2.7}, "seed=2.7"),
            ({"seed": None}, "seed=None"),
            ({"dataset": [1, 2]}, r"Dataset\(x, y, num_classes\)"),
            ({"dataset": Client(0, DATA)}, r"\.data"),
        ],
    )
    def test_refuses(self, name, changes, words):
        with pytest.raises(ValueError, match=words):
            split(name, **changes)

    def test_takes_numpys_and_torchs_numbers(self, name):
        ours = split(name, seed=5)
        theirs = split(name, num_clients=torch.tensor(3), seed=np.int64(5))
        for a, b in zip(ours, theirs, strict=True):
            assert torch.equal(a.data.x, b.data.x) and torch.equal(a.data.y, b.data.y)

    def test_tells_large_seeds_apart(self, name):
        parts = [
            torch.cat([c.data.x.flatten() for c in split(name, seed=seed)]).tolist()
            for seed in (0, 2**64, 2**65, 2**66)
        ]
        assert any(part != parts[0] for part in parts)


@pytest.mark.parametrize("value", [None, "1", True, NAN, INF, [1.0], 1j])
@pytest.mark.parametrize(
    "call",
    [
        lambda v: split("dirichlet", alpha=v),
        lambda v: split("quantity", alpha=v),
        lambda v: split("feature_shift", strength=v),
        lambda v: split("label_flip", fraction=v),
        lambda v: evaluation.hold_out([Client(0, DATA)], v),
        lambda v: evaluation.bootstrap([1.0, 2.0], level=v),
        lambda v: toys.fedavg_limit([[0.0], [1.0]], lr=v, epochs=1),
        lambda v: toys.fedprox_limit([[0.0], [1.0]], mu=v, lr=0.1, epochs=1),
        lambda v: datasets.digits(v),
        lambda v: datasets.blobs_2d(spread=v),
        lambda v: lesson.predict("?", low=0, high=v, step=1),
        lambda v: lesson.predict("?", low=v, high=1, step=1),
        lambda v: lesson.predict("?", low=0, high=1, step=v),
        lambda v: lesson.predict("?", low=0, high=1, step=0.5).commit(v),
        lambda v: lesson.predict("?", low=0, high=1, step=0.5).reveal(v),
    ],
)
def test_what_is_no_finite_number_is_refused(call, value):
    with pytest.raises(ValueError, match=r"^Got .*, need .*"):
        call(value)


@pytest.mark.parametrize("number", [np.float32(0.5), np.array(0.5), torch.tensor(0.5)])
def test_numpys_and_torchs_numbers_are_measured(number):
    guess = lesson.predict("?", low=0, high=1, step=0.25)
    guess.commit(number)
    assert "Measured: 0.5." in str(guess.reveal(number))


def test_epochs_of_toys_are_any_sequence():
    truth = toys.fedavg_limit([[0.0], [3.0]], lr=0.1, epochs=(1, 2))
    for epochs in ([1, 2], np.array([1, 2]), torch.tensor([1, 2])):
        assert torch.equal(
            truth, toys.fedavg_limit([[0.0], [3.0]], lr=0.1, epochs=epochs)
        )


@pytest.mark.parametrize("kind", [np.float64, ">f8", np.float32, "list"])
def test_centres_are_any_array_and_keep_their_precision(kind):
    centres = np.array([[0.0], [3.0], [9.0]])
    given = centres[::-1].tolist() if kind == "list" else centres.astype(kind)[::-1]
    optimum = toys.quadratic_optimum(given)
    wanted = {"list": torch.get_default_dtype(), np.float32: torch.float32}
    assert optimum.dtype == wanted.get(kind, torch.float64)
    assert float(optimum[0]) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({"a": [1.0, NAN], "b": [1.0, 2.0]}, "1 results of 'a' that are not finite"),
        ({"a": [1.0, 2.0], "b": [INF, NAN]}, "2 results of 'b'"),
        ({}, "at least one of results"),
    ],
)
def test_ranks_of_what_is_not_finite_are_refused(results, words):
    with pytest.raises(ValueError, match=words):
        evaluation.ranks(results)


@pytest.mark.parametrize("measure", [evaluation.update_cosine, evaluation.drift_norm])
@pytest.mark.parametrize(
    ("deltas", "words"),
    [
        ([[1.0, NAN], [0.0, 1.0]], "1 entries that are NaN"),
        ([1.0, 2.0], "a matrix"),
        ([], "a matrix"),
    ],
)
def test_drift_of_what_is_no_matrix_is_refused(measure, deltas, words):
    with pytest.raises(ValueError, match=words):
        measure(deltas)


def test_scores_say_what_came_instead():
    task = Task(models.linear(2, 3).to(DATA.x.dtype))
    own = [Client(0, DATA)]
    right = {"params": task.init(), "test": DATA, "own": own}
    for changes, words in [
        ({"own": own[0]}, "square brackets"),
        ({"own": []}, "at least one of own"),
        ({"test": own[0]}, r"\.data"),
        ({"params": task.init().tolist()}, "need a Tensor"),
    ]:
        arguments = {**right, **changes}
        with pytest.raises(ValueError, match=words):
            evaluation.scores(task, arguments.pop("params"), **arguments)


def test_classes_of_a_regression_are_refused():
    task = Task(models.linear(2, 1).to(DATA.x.dtype), loss="mse")
    with pytest.raises(ValueError, match="class labels"):
        evaluation.per_class(task, task.init(), Dataset(DATA.x, DATA.x[:, 0]))
