import dataclasses
import gc
import json
import math
import tempfile
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from algorithm_cases import classification, full_batch
from hypothesis import given
from hypothesis import strategies as st

from fltutor.algorithms import FedAvg, Scaffold
from fltutor.federation import Federation
from fltutor.history import History, Record, gather
from fltutor.updates import State, unwritten


def history(*accuracies):
    records = [
        Record(round=i + 1, accuracy=a, loss=a, bytes_up=3, bytes_down=4, local_steps=5)
        for i, a in enumerate(accuracies)
    ]
    return History(tuple(records), "FedAvg")


def test_a_column_by_name_a_record_by_number():
    run = history(0.1, 0.5)
    assert run["accuracy"].tolist() == [0.1, 0.5]
    assert run[1].round == 2
    assert len(run[:1]) == 1


def test_an_unknown_column_is_named():
    with pytest.raises(ValueError, match="column='acuracy'"):
        history(0.1)["acuracy"]


def test_bytes_and_steps_add_up_along_an_axis():
    run = history(0.1, 0.5, 0.6)
    assert run.axis("bytes").tolist() == [7, 14, 21]
    assert run.axis("local_steps").tolist() == [5, 10, 15]
    assert run.axis("round").tolist() == [1, 2, 3]


def test_rounds_to_a_target_interpolate_on_the_best_so_far():
    run = history(0.2, 0.6, 0.4, 0.8)
    assert run.rounds_to(0.6) == 2
    assert run.rounds_to(0.7) == pytest.approx(3.5)  # best so far: .2 .6 .6 .8
    assert run.rounds_to(0.1) == 1
    assert run.rounds_to(0.9) == math.inf


def test_rounds_that_were_not_evaluated_are_left_out_of_evaluated():
    assert history(0.2, float("nan"), 0.4).evaluated["round"].tolist() == [1, 3]


def test_json_keeps_everything_and_is_valid():
    run = history(0.2, float("nan"))
    again = History.from_json(run.to_json())
    assert again.name == "FedAvg"
    assert np.isnan(again["accuracy"][1])
    assert again[0].bytes_up == 3
    assert "NaN" not in run.to_json()
    assert json.loads(run.to_json())["records"][1]["accuracy"] is None


def test_a_frame_has_one_row_a_round():
    frame = history(0.2, 0.4).to_frame()
    assert list(frame["round"]) == [1, 2]
    assert list(frame["accuracy"]) == [0.2, 0.4]


def test_a_loss_is_best_where_it_is_smallest():
    losses = (2.0, 0.6, 0.9, 0.2)
    run = History(tuple(Record(round=i + 1, loss=v) for i, v in enumerate(losses)))
    assert run.rounds_to(0.6, "loss") == 2
    assert run.rounds_to(0.4, "loss") == pytest.approx(3.5)  # best: 2 .6 .6 .2
    assert run.rounds_to(3.0, "loss") == 1
    assert run.rounds_to(0.1, "loss") == math.inf


@pytest.mark.parametrize("target", [math.nan, math.inf, -math.inf])
def test_a_target_that_is_no_number_is_refused(target):
    with pytest.raises(ValueError, match="target=.*, need a finite number"):
        history(0.2).rounds_to(target)


numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(numbers, numbers, st.integers(0, 2**60)), max_size=4))
def test_json_of_any_run_is_valid_and_comes_back(rows):
    run = History(
        tuple(
            Record(round=i + 1, loss=a, accuracy=b, bytes_up=c)
            for i, (a, b, c) in enumerate(rows)
        )
    )

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    json.loads(run.to_json(), parse_constant=refuse)
    again = History.from_json(run.to_json())
    for column in ("loss", "accuracy", "bytes_up", "seconds"):
        np.testing.assert_array_equal(again[column], run[column])


def test_json_takes_numpys_and_torchs_numbers():
    record = Record(round=np.int64(1), loss=np.float32(0.5), bytes_up=torch.tensor(3))
    again = History.from_json(History((record,)).to_json())
    assert (again[0].round, again[0].loss, again[0].bytes_up) == (1, 0.5, 3)


# The state ---------------------------------------------------------------------------


def federation(algorithm=None, **options):
    task, clients = classification()
    local = full_batch(2)
    return Federation(task, clients, algorithm or FedAvg(), local, **options)


def test_a_history_holds_the_last_state_and_no_other():
    held = []
    fed = federation(cohort_size=2)

    def records():
        for record in fed.rounds(4):
            held.append(weakref.ref(record.state.params))
            yield record

    run = History(tuple(records()))
    gc.collect()
    assert [ref() is not None for ref in held] == [False, False, False, True]
    assert run.state.params is held[-1]()
    assert all(record.state is None for record in run)


def test_a_run_in_progress_holds_no_more_states_than_two():
    alive, most, fed = [], [], federation()

    def watched():
        for record in fed.rounds(6):
            alive.append(weakref.ref(record.state.params))
            yield record
            del record
            gc.collect()
            most.append(sum(ref() is not None for ref in alive))

    gather(watched(), rounds=6, name="", state=fed.init(), module=fed.task.module)
    assert max(most) <= 2


def test_a_state_is_no_column_and_plays_no_part_in_equality():
    record = next(federation().rounds(1))
    assert record.state is not None
    assert "state" not in dataclasses.asdict(record)
    assert "state" not in History((record,)).to_frame()
    assert "state" not in History((record,)).to_json()
    assert record == record.without_state()
    assert History((record,)) == History((record.without_state(),))


def test_a_shorter_history_has_the_state_where_it_has_the_last_round():
    run = federation().run(rounds=3, progress=False)
    assert run[1:].state is run.state
    assert run[:2].state is None
    assert run.evaluated.state is None


def test_a_model_is_a_module_with_the_runs_last_parameters():
    fed = federation()
    run, start = fed.run(rounds=2, progress=False), fed.task.init()
    model, x = run.model(), fed.clients[0].data.x
    assert isinstance(model, torch.nn.Linear)
    torch.testing.assert_close(model(x), fed.task.predict(run.state.params, x))
    with torch.no_grad():
        model.weight.zero_()
    assert run.model().weight.any()
    assert torch.equal(fed.task.init(), start)


def test_a_model_needs_a_state_and_a_module_that_fits():
    run = federation().run(rounds=1, progress=False)
    with pytest.raises(ValueError, match="without a state"):
        run[:0].model()
    with pytest.raises(ValueError, match=r"weight \(2, 4\).*need weight \(3, 4\)"):
        run.model(torch.nn.Linear(4, 2).double())


# Files -------------------------------------------------------------------------------


def test_a_file_keeps_ledger_state_and_layout(tmp_path):
    fed = federation(Scaffold(), cohort_size=2)
    run = fed.run(rounds=3, test=fed.clients[3].data, progress=False)
    run.save(tmp_path / "run")
    again = History.load(tmp_path / "run")
    assert again.to_json() == run.to_json()
    assert torch.equal(again.state.params, run.state.params)
    assert torch.equal(again.state.server["c"], run.state.server["c"])
    assert torch.equal(again.state.clients["c_i"][:], run.state.clients["c_i"])
    built = torch.nn.Linear(4, 3, dtype=torch.float64)
    assert torch.equal(again.model(built).weight, run.model().weight)
    with pytest.raises(ValueError, match="without a module.*pass a module"):
        again.model()
    with pytest.raises(ValueError, match=r"need weight \(3, 4\)"):
        again.model(torch.nn.Linear(3, 4).double())


def test_a_ledger_without_a_state_is_saved_too(tmp_path):
    history(0.2, float("inf")).save(str(tmp_path / "run"))
    again = History.load(str(tmp_path / "run"))
    assert again.to_json() == history(0.2, float("inf")).to_json()
    assert again.state is None


def test_memory_that_few_clients_wrote_takes_little_room(tmp_path):
    state = State(torch.zeros(50), clients={"c": unwritten(10**6, torch.zeros(50))})
    state = state.with_rows("c", torch.tensor([7, 999]), torch.ones(2, 50))
    History((), state=state).save(tmp_path / "run")
    assert (tmp_path / "run").stat().st_size < 10_000
    rows = History.load(tmp_path / "run").state.clients["c"]
    assert rows.shape == (10**6, 50)
    assert rows[torch.tensor([6, 7, 999])].sum(dim=1).tolist() == [0, 50, 50]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "run.npz"
    federation(Scaffold()).run(rounds=2, progress=False).save(path)
    return path.read_bytes()


@given(place=st.integers(0, 10**6), value=st.integers(1, 255))
def test_a_file_with_one_wrong_byte_is_refused_or_read_right(saved, place, value):
    # some bytes say nothing, dates for instance; none may give other numbers
    broken = bytearray(saved)
    broken[place % len(saved)] ^= value
    with tempfile.TemporaryDirectory() as folder:
        path, right = Path(folder) / "run", Path(folder) / "right"
        path.write_bytes(broken)
        right.write_bytes(saved)
        try:
            got, expected = History.load(path), History.load(right)
        except ValueError as error:
            assert "damaged or no history" in str(error)
            return
        assert got.to_json() == expected.to_json()
        assert torch.equal(got.state.params, expected.state.params)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello", b"\x80\x04N."])
def test_a_foreign_file_is_refused_in_three_parts(tmp_path, content):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="Got the file .* need .* Save the history"):
        History.load(path)


def test_a_file_cut_short_is_refused(tmp_path, saved):
    path = tmp_path / "run.npz"
    for length in range(0, len(saved), 97):
        path.write_bytes(saved[:length])
        with pytest.raises(ValueError, match="damaged"):
            History.load(path)


def test_another_npz_and_a_pickle_in_one_are_refused(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(ValueError, match="no history"):
        History.load(path)
    np.savez(path, meta=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="no history"):
        History.load(path)


def test_no_file_is_told_as_such(tmp_path):
    with pytest.raises(FileNotFoundError):
        History.load(tmp_path / "none.npz")


def test_a_save_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    run = federation().run(rounds=1, progress=False)
    run.save(path)
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        run.save(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["run.npz"]


# Interruption ------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_interrupted_run_keeps_its_whole_rounds(after):
    calls = []

    def stop(deltas, weights):
        calls.append(1)
        if len(calls) > after:
            raise KeyboardInterrupt
        return weights @ deltas

    fed = federation(aggregator=stop)
    with pytest.warns(UserWarning, match=f"interrupted: {after} of 5 rounds"):
        run = fed.run(rounds=5, progress=False)
    assert run["round"].tolist() == list(range(1, after + 1))
    plain = federation()
    expected = plain.init()
    if after:
        expected = plain.run(rounds=after, progress=False).state
    assert torch.equal(run.state.params, expected.params)
