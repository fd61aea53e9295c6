"""The reproductions run; their numbers stand in reproduce/results, made by hand."""

import math

import pytest
import torch

import fltutor as ft
from fltutor.datasets import Dataset
from reproduce import __main__ as program
from reproduce import fedprox, mcmahan, scaffold
from reproduce.common import rounds_to, shown, spread, tuned


def test_fedprox_compares_three_methods_and_pairs_by_seed():
    rows = list(fedprox.rows(rounds=2, seeds=(0, 1), fractions=(0.9,)))
    assert [row.result.rsplit(": ", 1)[1].split(",")[0] for row in rows] == [
        "FedAvg",
        "FedAvg",
        "FedProx mu 1",
        "FedProx minus FedAvg",
    ]
    assert rows[-1].here.endswith("of 2 seeds")
    assert rows[-1].paper.startswith("+22")


@pytest.mark.parametrize("percent", [0, 10, 100])
def test_similar_deals_every_example_once(percent):
    data = Dataset(torch.arange(100.0)[:, None], torch.arange(100) % 10, 10)
    clients = scaffold.similar(data, num_clients=10, percent=percent, seed=0)
    dealt = torch.cat([c.data.x[:, 0] for c in clients]).sort().values
    assert torch.equal(dealt, torch.arange(100.0))
    most = ft.splitters.label_counts(clients).max(axis=1).mean()
    assert {0: most == 10, 10: 5 < most < 10, 100: most < 5}[percent]


def test_rounds_are_counted_to_the_target_and_no_further():
    data = ft.datasets.digits()
    clients = ft.splitters.iid(data.train, num_clients=4)
    task = ft.Task(ft.models.linear(64, 10))
    local = ft.LocalTraining(epochs=1, batch_size=16, lr=0.5)
    federation = ft.Federation(task, clients, ft.FedAvg(), local)
    history = federation.run(rounds=5, test=data.test, progress=False)
    target = float(history["accuracy"][2])
    assert rounds_to(federation, data.test, target, 5) == history.rounds_to(target)
    assert math.isinf(rounds_to(federation, data.test, 1.0, 2))


def test_what_the_table_shows():
    assert shown(12.4, 99) == "12"
    assert shown(math.inf, 99) == "99+"
    assert tuned([(0.1, 30.0), (0.2, 20.0)], 99) == "20 (lr 0.2)"
    assert tuned([(0.1, math.inf)], 99) == "99+"
    assert spread([1.0, 3.0]) == "2.0 (1.0 to 3.0)"


def test_without_mnist_a_part_is_left_out_with_a_sentence(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("FLTUTOR_DATA", str(tmp_path))
    assert program.collect("mcmahan") == []
    assert "mcmahan left out" in capsys.readouterr().out


def test_the_program_writes_what_it_prints(tmp_path, monkeypatch, capsys):
    row = fedprox.Row(result="r", paper="p", here="h")
    monkeypatch.setattr(mcmahan, "rows", lambda: iter([row]))
    monkeypatch.setattr("sys.argv", ["reproduce", "mcmahan", "--out", str(tmp_path)])
    program.main()
    assert "| r | p | h |" in (tmp_path / "mcmahan.md").read_text()
    assert "r | p | h" in capsys.readouterr().out
