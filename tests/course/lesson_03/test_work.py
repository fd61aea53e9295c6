"""The widget of lesson 03: local work against rounds, bytes and client work."""

import numpy as np
import pytest

from fltutor.course.lesson_03.work import (
    AXES,
    CLIENTS,
    Controls,
    library_rounds_to,
    work_lab,
)
from fltutor.history import History, Record


@pytest.fixture(scope="module")
def frame():
    return work_lab().frame(Controls())


def test_the_first_frame_comes_before_any_training():
    first = next(work_lab().frames(Controls()))
    assert len(first.fedsgd.accuracy) == len(first.setting.accuracy) == 1
    assert first.setting.reached is None


def test_bytes_and_work_are_those_of_the_cohort():
    full, tenth = (work_lab().frame(Controls(fraction=c)).setting for c in (1.0, 0.1))
    for axis in ("bytes", "work"):
        assert full.x[axis][1] == pytest.approx(CLIENTS / 2 * tenth.x[axis][1])
    assert full.x["work"][1] == pytest.approx(20 * 72 * 5 / 1000)


def test_fedsgd_on_all_clients_does_not_care_how_the_data_lie(frame):
    skewed = work_lab().frame(Controls(skewed=True))
    rounds = 8  # a few: rounding grows along a training
    assert np.allclose(
        frame.fedsgd.accuracy[:rounds], skewed.fedsgd.accuracy[:rounds], atol=0.01
    )
    assert skewed.setting.reached > 5 * frame.setting.reached


def test_a_cost_is_read_off_where_the_target_is_reached(frame):
    curve = frame.setting
    assert curve.at("rounds") == curve.reached
    assert [curve.at(axis) > 0 for axis in AXES] == [True] * 3
    share = curve.reached / (len(curve.accuracy) - 1)
    assert curve.at("bytes") == pytest.approx(share * curve.x["bytes"][-1])


def test_the_default_counts_as_the_library_does():
    values = [0.2, 0.6, 0.5, 0.95]
    records = [Record(round=t + 1, loss=1.0, accuracy=a) for t, a in enumerate(values)]
    assert library_rounds_to(np.array(values), 0.8) == History(
        tuple(records)
    ).rounds_to(0.8)


def test_a_learners_function_is_used_and_its_error_told_in_place():
    own = work_lab(rounds_to=lambda accuracy, target: 2.0)
    assert own.frame().setting.reached == 2.0
    broken = work_lab(rounds_to=lambda accuracy, target: None)
    assert "a number of rounds" in broken._repr_mimebundle_()["text/plain"]
