"""The Gantt widget of lesson 09: the library's clock, and the learner's."""

from dataclasses import replace
from math import inf

import pytest

from fltutor import systems
from fltutor.course.lesson_09 import gantt
from fltutor.course.lesson_09.gantt import (
    WINDOW,
    Controls,
    gantt_lab,
    library_play_round,
)


@pytest.fixture(scope="module")
def lab():
    return gantt_lab()


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize(("deadline", "enough"), [(30, 16), (6, 16), (30, 5), (5, 5)])
def test_the_rounds_are_those_of_the_library(lab, deadline, enough, dropout):
    state = Controls(deadline=deadline, enough=enough, dropout=dropout)
    got = lab.frame(state)
    own, devices = gantt.federation(state)
    clock = systems.synchronous(
        own,
        devices,
        deadline=inf if deadline == 30 else deadline,
        enough=min(enough, state.asked),
    )
    expected = clock.trace(len(got.ends) + 1)
    assert got.ends == pytest.approx(expected.ends[:-1])
    assert expected.ends[-1] > WINDOW
    shown = [s for s in expected if s.start < WINDOW]
    assert [s.outcome for s in got.spans] == [s.outcome for s in shown]


def test_devices_are_in_order_of_speed():
    own, devices = gantt.federation(Controls(dropout=0.0))
    spans = systems.synchronous(replace(own, cohort_size=None), list(devices)).trace(1)
    seconds = [span.seconds for span in spans]
    assert seconds == sorted(seconds)


def test_equal_devices_waste_nothing_and_dropouts_waste_work(lab):
    even = lab.frame(Controls(spread=0.0, dropout=0.0))
    assert even.wasted == even.late == even.dropped == 0
    assert lab.frame(Controls(dropout=0.5)).wasted > 0.2


def test_a_tight_deadline_silences_the_slowest(lab):
    free, tight = (lab.frame(Controls(deadline=d, dropout=0.0)) for d in (30, 5))
    assert tight.pace < free.pace
    assert free.from_slowest > 0 == tight.from_slowest


def test_without_rounds_the_model_changes_more_often(lab):
    rounds, buffer, each = (lab.frame(Controls(mode=m, enough=4)) for m in gantt.MODES)
    assert rounds.staleness == 0 < buffer.staleness < each.staleness
    assert each.pace < buffer.pace < rounds.pace
    assert each.used == len(each.ends)


def test_a_learners_clock_is_used_and_its_error_told_in_place():
    slow = gantt_lab(play_round=lambda trips, deadline, enough: (30.0, list(trips)))
    assert slow.frame().ends == (30.0, 60.0)
    broken = gantt_lab(play_round=lambda trips, deadline, enough: None)
    assert "needed is a pair" in broken._repr_mimebundle_()["text/plain"]
    stranger = gantt_lab(play_round=lambda trips, deadline, enough: (1.0, [99]))
    assert "clients out of" in stranger._repr_mimebundle_()["text/plain"]


def test_the_clock_of_a_round_waits_up_to_the_deadline():
    trips = {0: 3.0, 1: 1.0, 2: 9.0}
    assert library_play_round(trips) == (9.0, [1, 0, 2])
    assert library_play_round(trips, 5.0) == (5.0, [1, 0])
    assert library_play_round(trips, 5.0, 1) == (1.0, [1])
    assert library_play_round({}, 5.0) == (0.0, [])
