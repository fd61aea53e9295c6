"""What the widgets of lessons 00 and 01 compute, against the library."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from fltutor import FedAvg, Federation, Task, datasets, evaluation, models, splitters
from fltutor.course.lesson_00 import first
from fltutor.course.lesson_01 import regimes
from fltutor.plots import images


@pytest.fixture(autouse=True)
def float64():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def last(frames):
    *_, frame = frames
    return frame


def test_the_three_curves_end_where_the_library_ends(monkeypatch):
    monkeypatch.setattr(regimes, "ROUNDS", 4)
    frame = last(regimes.compute(regimes.Controls(clients=3)))
    data = datasets.digits()
    clients = splitters.dirichlet(data.train, num_clients=3, alpha=0.1, min_size=20)
    train, own = evaluation.hold_out(clients)
    task = Task(models.mlp(64, 32, 10))
    federation = Federation(task, train, FedAvg(), regimes.LOCAL)
    found = evaluation.regimes(federation, 4, test=data.test, own=own)
    for name, scores in found.items():
        assert len(frame.home[name]) == 5
        assert frame.home[name][-1] == pytest.approx(scores.mean, abs=1e-12)
        assert frame.abroad[name][-1] == pytest.approx(scores.everyone, abs=1e-12)


def test_who_shares_nothing_trains_alone():
    state = regimes.Controls(clients=4, updates=False, raw=False)
    frame = next(regimes.compute(state))
    assert list(frame.home) == ["local"]
    assert len(frame.abroad["local"]) == 1


def test_the_share_of_clients_is_rounded_up():
    frame = next(regimes.compute(regimes.Controls(clients=11, joining=20)))
    assert (frame.joined, frame.clients) == (3, 11)


def test_a_learners_average_is_used(monkeypatch):
    monkeypatch.setattr(regimes, "ROUNDS", 2)
    seen = []

    def average(ends, sizes):
        seen.append((tuple(ends.shape), sizes.sum().item()))
        return ends[0]

    state = regimes.Controls(clients=2, raw=False)
    mine = last(regimes.compute(state, average=average))
    usual = last(regimes.compute(state))
    assert [shape for shape, _ in seen] == [(2, 2410)] * 2
    assert seen[0][1] == pytest.approx(1150, abs=2)
    assert mine.abroad["FedAvg"] != usual.abroad["FedAvg"]
    assert mine.abroad["local"] == usual.abroad["local"]


def test_the_weighted_mean_of_models_weighs_by_examples():
    ends, sizes = torch.tensor([[0.0, 4.0], [8.0, 0.0]]), torch.tensor([3.0, 1.0])
    assert regimes.weighted(ends, sizes).tolist() == [2.0, 3.0]


def test_frames_do_not_change_after_they_were_yielded():
    early, late = islice(regimes.compute(regimes.Controls(clients=2)), 2)
    assert len(early.home["local"]) == 1
    assert len(late.home["local"]) == 2


def test_the_first_federation_counts_what_is_sent():
    frames = list(first.compute(first.Controls(clients=5, share=100)))
    assert len(frames) == first.ROUNDS + 1
    assert frames[0].mib_up == 0.0
    assert frames[-1].mib_up == pytest.approx(20 * 5 * 2410 * 8 / 2**20)
    again = last(first.compute(first.Controls(clients=5, share=100)))
    assert again == frames[-1]


def test_more_local_passes_send_no_more():
    few, many = (
        last(first.compute(replace(first.Controls(), epochs=epochs)))
        for epochs in (1, 5)
    )
    assert many.mib_up == few.mib_up
    assert many.accuracy[-1] > few.accuracy[-1]


def test_images_draws_one_box_a_name():
    picture = images(
        {"one": np.eye(8), "two": np.ones((8, 8))}, title="Two", alt="Two pictures."
    )
    assert [axes.get_xlabel() for axes in picture.figure.axes] == ["one", "two"]
    assert repr(picture) == "Two pictures."


def test_images_wants_matrices():
    with pytest.raises(ValueError, match="Reshape a row of pixels"):
        images({"row": np.ones(64)}, title="A row", alt="A row.")
