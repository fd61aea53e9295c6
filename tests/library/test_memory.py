"""Client memory reads like a matrix, shares rows, and cannot be written to."""

import copy
import pickle

import numpy as np
import pytest
import torch

import fltutor as ft
from fltutor import updates as module
from fltutor.memory import ClientMemory
from fltutor.updates import State, unwritten

WIDE = torch.float64  # said everywhere: tests beside these may change the default
IDS, ROWS = torch.tensor([4, 1]), torch.arange(6, dtype=WIDE).view(2, 3)
ZERO = torch.zeros(3, dtype=WIDE)
MATRIX = torch.tensor(
    [[0, 0, 0], [3, 4, 5], [0, 0, 0], [0, 0, 0], [0, 1, 2]], dtype=WIDE
)


def memory():
    return ClientMemory(5, ZERO, {}).replaced(IDS, ROWS)


READINGS = {
    "rows by number": lambda m: m[torch.tensor([4, 0, 4])],
    "rows from the end": lambda m: m[torch.tensor([-1])],
    "rows by a list": lambda m: m[[0, 1]],
    "rows by a mask": lambda m: m[torch.tensor([True, False, False, False, True])],
    "no rows": lambda m: m[torch.tensor([], dtype=torch.int64)],
    "a row": lambda m: m[1],
    "a number": lambda m: m[1, 2],
    "a slice": lambda m: m[1:3],
    "a column": lambda m: m[:, 0],
    "pairs": lambda m: m[torch.tensor([1, 4]), torch.tensor([0, 2])],
    "rows in a table": lambda m: m[torch.tensor([[1, 4]])],
    "mean": lambda m: m.mean(dim=0),
    "sum of it and another": lambda m: 1 - m + MATRIX,
    "product": lambda m: m @ torch.ones(3, dtype=WIDE),
    "comparison": lambda m: m == MATRIX,
    "stack": lambda m: torch.stack([m, MATRIX]),
    "copy": lambda m: m.clone().add_(1),
    "other precision": lambda m: m.float(),
    "other form": lambda m: m.reshape(3, 5),
    "numpy": lambda m: torch.from_numpy(m.numpy()),
    "numpy's own": lambda m: torch.from_numpy(np.asarray(m)),
    "list": lambda m: torch.tensor(m.tolist(), dtype=WIDE),
    "row by row": lambda m: torch.stack([row + 1 for row in m]),
    "pickled": lambda m: pickle.loads(pickle.dumps(m)).dense(),
    "deep copy": lambda m: copy.deepcopy(m).clone(),
}


@pytest.mark.parametrize("reading", READINGS)
def test_it_reads_like_the_matrix(reading):
    got = READINGS[reading](memory())
    expected = MATRIX if reading == "pickled" else READINGS[reading](MATRIX.clone())
    assert type(got) is torch.Tensor
    torch.testing.assert_close(got, expected)


def test_it_has_the_matrix_form():
    assert isinstance(memory(), torch.Tensor)
    assert (memory().shape, memory().dtype, len(memory())) == ((5, 3), WIDE, 5)
    assert repr(memory()) == f"ClientMemory({MATRIX!r})"
    torch.testing.assert_close(memory(), MATRIX, check_stride=False)


@pytest.mark.parametrize("wrong", [5, -6])
def test_a_client_that_does_not_exist_is_refused(wrong):
    with pytest.raises(IndexError, match="out of"):
        memory()[torch.tensor([wrong])]


def test_a_newer_one_leaves_the_older_as_it_was_and_shares_its_rows():
    old = memory()
    new = old.replaced(torch.tensor([1]), torch.full((1, 3), 9.0, dtype=WIDE))
    assert torch.equal(old, MATRIX)
    assert new.tolist() == [[0, 0, 0], [9, 9, 9], [0, 0, 0], [0, 0, 0], [0, 1, 2]]
    assert new._rows[4] is old._rows[4]


def test_no_row_is_a_view_of_what_was_handed_in():
    rows = ROWS.clone()
    made = ClientMemory(5, ZERO, {}).replaced(IDS, rows)
    rows.fill_(7)
    assert torch.equal(made, MATRIX)
    assert all(row.untyped_storage().nbytes() == 24 for row in made._rows.values())


@pytest.mark.parametrize(
    "write",
    [
        lambda m: m.add_(1),
        lambda m: m.zero_(),
        lambda m: m.__setitem__(0, 1.0),
        lambda m: m.index_copy_(0, IDS, ROWS),
        lambda m: torch.add(m, m, out=m),
    ],
)
def test_writing_is_refused_with_what_to_do(write):
    held = memory()
    with pytest.raises(ValueError, match="with_rows"):
        write(held)
    assert torch.equal(held, MATRIX)


@pytest.mark.parametrize("matrix", [MATRIX, ZERO.expand(5, 3), memory()])
def test_of_takes_any_matrix(matrix):
    made = ClientMemory.of(matrix)
    assert torch.equal(made, matrix)
    assert torch.equal(made.replaced(IDS, ROWS)[IDS], ROWS)


def test_states_share_rows_where_few_of_many_change(monkeypatch):
    monkeypatch.setattr(module, "_WORTH_SHARING", 0)
    state = State(ZERO, clients={"c": unwritten(8, ZERO)})
    few = state.with_rows("c", torch.tensor([2, 5]), ROWS)
    assert isinstance(few.clients["c"], ClientMemory)
    assert not state.clients["c"].any()
    assert few.rows(torch.tensor([5, 0]))["c"].tolist() == [[3, 4, 5], [0, 0, 0]]
    many = few.with_rows("c", torch.tensor([0, 1, 2]), torch.ones(3, 3, dtype=WIDE))
    assert type(many.clients["c"]) is torch.Tensor
    assert many.clients["c"][5].tolist() == [3, 4, 5]
    assert few.clients["c"][2].tolist() == [0, 1, 2]


@pytest.mark.parametrize("algorithm", [ft.Scaffold(), ft.FedDyn(alpha=0.1)])
def test_a_run_with_shared_rows_is_the_same_run(monkeypatch, algorithm):
    data = ft.datasets.blobs_2d(seed=0)
    federation = ft.Federation(
        ft.Task(ft.models.linear(2, data.num_classes), seed=0),
        ft.splitters.iid(data.train, num_clients=8, seed=0),
        algorithm,
        ft.LocalTraining(epochs=2, batch_size=8),
        cohort_size=2,
    )
    ends = []
    for limit in (0, 2**40):
        monkeypatch.setattr(module, "_WORTH_SHARING", limit)
        state = federation.init()
        for index in range(6):
            state, _ = federation.round(state, index)
        (memory,) = state.clients.values()
        assert isinstance(memory, ClientMemory) == (limit == 0)
        ends.append((state.params, memory + 0))
    for one, other in zip(*ends, strict=True):
        assert torch.equal(one, other)
