import json
import math

import numpy as np
import pytest

from fltutor.history import History, Record


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
