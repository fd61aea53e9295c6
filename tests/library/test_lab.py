"""The widget base without a browser: states, frames, streams, errors in place."""

import asyncio
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from fltutor.lab import base
from fltutor.lab.stream import Stream

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
import sample_lab  # noqa: E402  (lies in tests/fixtures)


def run(coroutine):
    """Run on an event loop of its own thread, away from any browser's loop."""
    box = {}

    def target():
        try:
            box["value"] = asyncio.run(coroutine)
        except BaseException as error:
            box["error"] = error

    thread = threading.Thread(target=target)
    thread.start()
    thread.join(20)
    if "error" in box:
        raise box["error"]
    return box["value"]


# State


def test_a_control_knows_its_label_with_unit_and_range():
    control = base.controls(sample_lab.Wave())["height"]
    assert control.text == "height (m)"
    assert (control.low, control.high, control.step) == (0.5, 2.0, 0.5)


def test_a_state_field_without_a_control_is_refused():
    @dataclass(frozen=True)
    class Bare:
        clients: int = 5

    with pytest.raises(TypeError, match="have no control"):
        base.controls(Bare())


def test_a_default_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="low <= default <= high"):
        base.number("clients", 30, low=2, high=20, step=1)
    with pytest.raises(ValueError, match="needs one of"):
        base.choice("axis", "z", ["x", "y"])


@pytest.mark.parametrize(
    "change", [{"periods": 99}, {"height": float("nan")}, {"shape": "round"}]
)
def test_a_value_out_of_range_is_refused_with_its_label(change):
    with pytest.raises(ValueError, match="Choose another value"):
        base.checked(sample_lab.Wave(**change))


def test_extreme_states_reach_both_ends_of_every_control_and_keep_whole_numbers():
    states = dict(base.extreme_states(sample_lab.Wave()))
    assert states["periods=1"].periods == 1
    assert isinstance(states["periods=10"].periods, int)
    assert states["all high"] == sample_lab.Wave(10, 2.0, "square", True)
    assert states["all low"] == sample_lab.Wave(1, 0.5, "sine", False)


@pytest.mark.parametrize(
    "frame",
    [
        {"loss": np.array([1.0, np.inf])},
        [1.0, float("nan")],
        sample_lab.Wave(height=float("nan")),
        torch.tensor([float("nan")]),
    ],
)
def test_numbers_that_are_not_finite_are_named(frame):
    assert len(base.not_finite(frame)) == 1


def test_a_frame_of_finite_numbers_words_and_gaps_is_fine():
    frame = {"a": 1, "b": None, "c": "nan", "d": np.arange(3), "e": [torch.ones(2)]}
    assert base.not_finite(frame) == []


# Lab


def test_check_lab_computes_draws_and_words_every_extreme():
    assert base.check_lab(sample_lab.wave_lab()) == 11


@pytest.mark.parametrize(
    ("part", "broken", "message"),
    [
        ("compute", lambda state: {"y": np.array([np.nan])}, "not finite"),
        ("draw", lambda figure, frame: None, "nothing drawn"),
        ("finding", lambda frame: "", "no line"),
        ("finding", lambda frame: "loss nan", "nan"),
    ],
)
def test_check_lab_sees_a_broken_part(part, broken, message):
    good = sample_lab.wave_lab().parts
    made = {"compute": good.compute, "draw": good.draw, "finding": good.finding}
    lab = base.Lab(sample_lab.Wave(), **(made | {part: broken}), title="Broken")
    with pytest.raises(AssertionError, match=message):
        base.check_lab(lab)


def test_a_lab_shows_its_line_its_picture_and_its_live_view():
    bundle = sample_lab.wave_lab()._repr_mimebundle_()
    assert bundle["text/plain"] == "3 periods, top 0.9989 m"
    assert bundle["image/png"].startswith("iVBORw0KGgo")
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_static_lab_is_the_same_twice():
    first, second = (sample_lab.wave_lab()._repr_mimebundle_() for _ in range(2))
    assert first["image/png"] == second["image/png"]
    assert first["text/plain"] == second["text/plain"]


def test_every_control_has_a_label_and_moves_the_picture():
    lab = sample_lab.wave_lab()
    lab._repr_mimebundle_()
    live = lab.live
    assert [c.description for c in live.controls.values()] == [
        "periods", "height (m)", "shape", "doubled",
    ]  # fmt: skip
    for name, value in {"periods": 7, "height": 0.5, "shape": "square"}.items():
        before = live.picture.value
        live.controls[name].value = value
        assert live.picture.value != before
    assert lab.state == sample_lab.Wave(7, 0.5, "square")
    assert "7 periods" in live.text.value


def test_the_line_in_words_is_announced():
    lab = sample_lab.wave_lab()
    lab._repr_mimebundle_()
    assert 'aria-live="polite"' in lab.live.text.value


def test_an_error_is_told_in_place_and_the_next_move_recovers():
    lab = sample_lab.broken_lab()
    bundle = lab._repr_mimebundle_()
    assert "ZeroDivisionError: division by zero" in bundle["text/plain"]
    assert "image/png" not in bundle
    assert "ZeroDivisionError" in lab.live.text.value
    assert lab.live.picture.layout.display == "none"
    lab.live.controls["divisor"].value = 2
    assert lab.live.picture.layout.display is None
    assert "quotient 0.5" in lab.live.text.value
    picture = lab.live.picture.value
    lab.live.controls["divisor"].value = 0
    assert "ZeroDivisionError" in lab.live.text.value
    assert lab.live.picture.value == picture


def test_a_compute_without_frames_is_refused_with_advice():
    lab = base.Lab(sample_lab.Wave(), lambda state: iter(()), lambda f, x: None, str,
                   title="Empty")  # fmt: skip
    with pytest.raises(ValueError, match="yielded no frame"):
        lab.frame()


# Stream


def counting(log, n, name="a"):
    try:
        for k in range(n):
            log.append((name, k))
            yield name, k
    finally:
        log.append((name, "closed"))


async def settle(stream):
    while stream.task is not None and not stream.task.done():
        await asyncio.sleep(0)


def test_the_first_frame_is_drawn_at_once_then_some_and_the_last_always():
    shown = []
    times = iter(range(10_000))

    async def main():
        stream = Stream(shown.append, shown.append, interval=10.0,
                        clock=lambda: next(times) * 1.0)  # fmt: skip
        stream.start(lambda: counting([], 47))
        await settle(stream)

    run(main())
    drawn = [k for _, k in shown]
    assert drawn[0] == 0
    assert drawn[-1] == 46
    assert 3 <= len(drawn) <= 7


def test_a_new_run_cancels_the_old_one_which_is_closed():
    shown, log = [], []

    async def main():
        stream = Stream(shown.append, shown.append, interval=0.0)
        stream.start(lambda: counting(log, 1000, "old"))
        for _ in range(30):
            await asyncio.sleep(0)
        stream.start(lambda: counting(log, 5, "new"))
        await settle(stream)
        await asyncio.sleep(0.01)

    run(main())
    old = [k for name, k in log if name == "old"]
    assert old[-1] == "closed"
    assert len(old) < 100
    assert shown[-1] == ("new", 4)
    first_new = shown.index(("new", 0))
    assert all(name == "new" for name, _ in shown[first_new:])


def test_the_loop_gets_its_turn_between_frames():
    turns = []

    async def main():
        stream = Stream(lambda frame: None, lambda error: None)
        stream.start(lambda: counting([], 20))
        while not stream.task.done():
            turns.append(1)
            await asyncio.sleep(0)

    run(main())
    assert len(turns) >= 20


def test_an_error_in_the_middle_of_a_stream_is_handed_on():
    shown, failed = [], []

    def bad():
        yield 1
        raise RuntimeError("learner's slip")

    async def main():
        stream = Stream(shown.append, failed.append)
        stream.start(bad)
        await settle(stream)

    run(main())
    assert shown == [1]
    assert str(failed[0]) == "learner's slip"


def test_without_an_event_loop_the_last_frame_is_drawn():
    shown = []
    thread = threading.Thread(
        target=lambda: Stream(shown.append, shown.append).start(lambda: counting([], 5))
    )
    thread.start()
    thread.join(10)
    assert shown == [("a", 4)]
