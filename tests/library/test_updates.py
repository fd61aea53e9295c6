import pytest
import torch

from fltutor import updates as module
from fltutor.updates import State, Updates, unwritten


def make(k=3, d=2):
    return Updates(
        torch.arange(k),
        torch.arange(k * d, dtype=torch.float64).reshape(k, d),
        torch.full((k,), 1 / k, dtype=torch.float64),
        torch.ones(k, dtype=torch.int64),
        {"c": torch.ones(k, d, dtype=torch.float64)},
        round=4,
    )


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="deltas of length 2"):
        Updates(torch.arange(3), torch.zeros(2, 5), torch.ones(3), torch.ones(3))


def test_keep_takes_rows_everywhere_and_makes_weights_sum_to_one():
    kept = make().keep(torch.tensor([True, False, True]))
    assert kept.ids.tolist() == [0, 2]
    assert kept.deltas.tolist() == [[0, 1], [4, 5]]
    assert kept.weights.tolist() == [0.5, 0.5]
    assert kept.extra["c"].shape == (2, 2)
    assert kept.round == 4


def test_keep_of_no_row_is_an_empty_round():
    assert len(make().keep(torch.zeros(3, dtype=torch.bool))) == 0


def test_bytes_count_the_extras():
    assert make().nbytes == 2 * 3 * 2 * 8


def test_unwritten_memory_reads_as_zeros_and_takes_none():
    memory = unwritten(10**6, torch.zeros(10**6))
    assert memory.shape == (10**6, 10**6)
    assert memory.untyped_storage().nbytes() == memory.element_size()
    assert not memory[torch.tensor([3, 7])].any()


def test_writing_rows_leaves_the_old_state_as_it_was():
    old = State(torch.zeros(2), clients={"c": unwritten(4, torch.zeros(2))})
    new = old.with_rows("c", torch.tensor([1, 3]), torch.ones(2, 2))
    assert not old.clients["c"].any()
    assert new.clients["c"].tolist() == [[0, 0], [1, 1], [0, 0], [1, 1]]
    newer = new.with_rows("c", torch.tensor([1]), torch.zeros(1, 2))
    assert new.clients["c"][1].tolist() == [1, 1]
    assert newer.clients["c"][1].tolist() == [0, 0]


def test_rows_give_client_rows_and_server_vectors():
    state = State(
        torch.zeros(2), {"c": torch.ones(2)}, {"c_i": torch.arange(6.0).reshape(3, 2)}
    )
    rows = state.rows(torch.tensor([2, 0]))
    assert rows["c_i"].tolist() == [[4, 5], [0, 1]]
    assert rows["c"].tolist() == [1, 1]


def test_too_much_client_memory_is_refused_with_the_numbers(monkeypatch):
    monkeypatch.setattr(module, "MEMORY_LIMIT", 100)
    state = State(torch.zeros(2), clients={"c": unwritten(50, torch.zeros(2))})
    with pytest.raises(MemoryError, match="50 clients x 2 parameters"):
        state.with_rows("c", torch.tensor([0]), torch.ones(1, 2))
