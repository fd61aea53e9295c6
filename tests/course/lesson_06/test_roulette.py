"""The leaderboard roulette: its saved runs are real, its counting is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fltutor.course.lesson_06 import roulette
from fltutor.course.lesson_06 import roulette_runs as runs


@pytest.fixture(autouse=True)
def _double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize(
    ("method", "place", "seed"),
    [
        ("FedAvg", 0, 3), ("FedProx", 3, 1), ("SCAFFOLD", 6, 2), ("FedNova", 7, 11),
        ("FedAdam", 2, 23),
    ],
)  # fmt: skip
def test_a_saved_run_comes_out_again(method, place, seed):
    saved = runs.load()
    i = saved.names.index(method)
    again = runs.measure(method, runs.GRIDS[method][place], seed)
    expected = saved.results[i, place, seed].tolist()
    assert list(again) == pytest.approx(expected, abs=1e-9)


def test_the_file_holds_the_grids_in_order():
    saved = runs.load()
    assert saved.names == tuple(runs.GRIDS)
    assert saved.settings == tuple(runs.GRIDS.values())
    assert saved.results.shape == (5, 9, runs.SEEDS, len(runs.COLUMNS))
    assert saved.results.min() >= 0
    assert saved.results.max() <= 1


def test_with_one_try_a_method_reports_its_usual_setting():
    board = roulette.leaderboards(roulette.Controls(seeds=5))[7]  # (M, n)
    usual = runs.load().results[:, 0, :, 1]  # (M, seeds)
    for mine, every in zip(board, usual, strict=True):
        assert np.isin(mine, every).all()


def test_all_methods_of_a_spin_meet_the_same_seeds(monkeypatch):
    saved = runs.load()
    seeds = np.broadcast_to(np.arange(runs.SEEDS)[:, None], saved.results.shape[1:])
    marked = np.broadcast_to(seeds, saved.results.shape)
    stamped = replace(saved, results=marked)
    monkeypatch.setattr(roulette, "load", lambda: stamped)
    boards = roulette.leaderboards(roulette.Controls(seeds=10, own_tries=9))
    assert (boards == boards[:, :1]).all()
    assert all(len(set(row)) == 10 for row in boards[:, 0].tolist())


def test_all_nine_tries_take_the_best_validation_score(monkeypatch):
    saved = runs.load()
    results = np.zeros_like(saved.results)
    results[:, 4, :, 0] = 1.0  # the fifth setting is best on validation
    results[:, 4, :, 1] = 0.25
    stamped = replace(saved, results=results)
    monkeypatch.setattr(roulette, "load", lambda: stamped)
    frame = roulette.compute(roulette.Controls(seeds=2, own_tries=9, tries=9))
    assert set(frame.means) == {0.25}
    one = roulette.compute(roulette.Controls(seeds=2, own_tries=9, tries=1))
    assert one.wins["FedAvg"] == 1.0


def test_shares_of_wins_add_up_and_ties_share():
    frame = roulette.compute(roulette.Controls(metric="worst", seeds=1))
    assert sum(frame.wins.values()) == pytest.approx(1.0)


def test_a_learners_interval_gives_the_verdict():
    state = roulette.Controls(seeds=5)
    sure = roulette.compute(state, interval=lambda gains, picks: (0.1, 0.2))
    unsure = roulette.compute(state, interval=lambda gains, picks: (-0.1, 0.2))
    assert sure.verdict == f"{sure.names[0]} is better"
    assert unsure.verdict == "cannot tell"
