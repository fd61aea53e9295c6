"""The widget base without a browser: controls, frames, streams, errors in place."""

import asyncio
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from fltutor import guard, plots
from fltutor.lab import base, trials
from fltutor.lab.stream import Stream
from fltutor.lab.words import of_lesson

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


# Controls


def test_a_control_knows_its_range():
    control = base.declared(sample_lab.Wave())["height"]
    assert (control.low, control.high, control.step) == (0.5, 2.0, 0.5)


def test_a_field_without_a_control_is_refused():
    @dataclass(frozen=True)
    class Bare:
        clients: int = 5

    with pytest.raises(TypeError, match="without a control"):
        base.declared(Bare())


def test_a_default_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="low <= default <= high"):
        base.number(30, low=2, high=20, step=1)
    with pytest.raises(ValueError, match="need one of"):
        base.choice("z", ["x", "y"])


@pytest.mark.parametrize(
    "change", [{"periods": 99}, {"height": float("nan")}, {"shape": "round"}]
)
def test_a_value_out_of_range_is_refused_with_its_label(change):
    words = sample_lab.wave_lab().parts.words
    with pytest.raises(ValueError, match=r"(\(m\)|periods|shape)=.*Choose another"):
        base.checked(sample_lab.Wave(**change), words)


def test_extremes_reach_both_ends_of_every_control_and_keep_whole_numbers():
    states = dict(trials.extremes(sample_lab.Wave()))
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
    assert len(trials.not_finite(frame)) == 1


def test_a_frame_of_finite_numbers_words_and_gaps_is_fine():
    frame = {"a": 1, "b": None, "c": "nan", "d": np.arange(3), "e": [torch.ones(2)]}
    assert trials.not_finite(frame) == []


def test_random_controls_lie_in_their_ranges_and_reach_every_choice():
    draw = np.random.default_rng(0)
    drawn = [trials.random_controls(sample_lab.Wave(), draw) for _ in range(200)]
    assert all(base.checked(controls) for controls in drawn)
    assert {controls.shape for controls in drawn} == {"sine", "square"}
    assert {controls.periods for controls in drawn} == set(range(1, 11))
    assert all(isinstance(controls.periods, int) for controls in drawn)


# Words


def test_a_widget_says_what_its_lessons_words_have():
    words = of_lesson("05", "drift")
    assert words.title == "The drift microscope"
    assert words.label("lr") == "learning rate (per step)"
    assert words.option("algorithm", "scaffold") == "SCAFFOLD"
    assert words.option("steps", 20) == "20"
    assert words.say("limit", gap="0.5") == " (its fixed point in closed form: 0.5)"


def test_words_that_are_not_there_are_named():
    with pytest.raises(KeyError, match="widget.drift.say.nothing.*words.toml"):
        of_lesson("05", "drift").say("nothing")


# Lab


def test_check_lab_computes_draws_and_words_every_extreme():
    assert trials.check_lab(sample_lab.wave_lab()) == 11


@pytest.mark.parametrize(
    ("part", "broken", "message"),
    [
        ("compute", lambda controls: {"y": np.array([np.nan])}, "not finite"),
        ("draw", lambda figure, frame: None, "nothing drawn"),
        ("finding", lambda frame: "", "no line"),
        ("finding", lambda frame: "loss nan", "nan"),
    ],
)
def test_check_lab_sees_a_broken_part(part, broken, message):
    good = sample_lab.wave_lab().parts
    made = {"compute": good.compute, "draw": good.draw, "finding": good.finding}
    lab = base.Lab(sample_lab.Wave(), **(made | {part: broken}), words=good.words)
    with pytest.raises(AssertionError, match=message):
        trials.check_lab(lab)


def test_a_lab_shows_its_line_its_picture_and_its_live_view():
    bundle = sample_lab.wave_lab()._repr_mimebundle_()
    assert bundle["text/plain"] == "3 periods, top 0.9989 m"
    assert bundle["image/png"].startswith("iVBORw0KGgo")
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_static_lab_is_the_same_twice():
    first, second = (sample_lab.wave_lab()._repr_mimebundle_() for _ in range(2))
    assert first["image/png"] == second["image/png"]
    assert first["text/plain"] == second["text/plain"]


def move(lab, **values):
    """Move controls as the browser does."""
    lab.live.view.values = lab.live.view.values | values


def test_every_control_has_a_label_and_moves_the_picture():
    lab = sample_lab.wave_lab()
    lab._repr_mimebundle_()
    view = lab.live.view
    assert [c["text"] for c in view.controls] == [
        "periods", "height (m)", "shape", "doubled",
    ]  # fmt: skip
    assert view.controls[2]["shown"] == ["a sine", "a square"]
    for name, value in {"periods": 7, "height": 0.5, "shape": "square"}.items():
        before = view.frame["png"]
        move(lab, **{name: value})
        assert view.frame["png"] != before
    assert lab.controls == sample_lab.Wave(7, 0.5, "square")
    assert view.line.startswith("7 periods")
    assert not view.running


def test_a_move_that_is_older_than_the_last_one_is_not_taken():
    lab = sample_lab.wave_lab()
    lab._repr_mimebundle_()
    move(lab, periods=7, moved=2000)
    move(lab, periods=4, moved=1000)
    assert lab.controls.periods == 7
    move(lab, periods=5, moved=3000)
    assert lab.live.view.line.startswith("5 periods")


def test_an_error_is_told_in_place_and_the_next_move_recovers():
    lab = sample_lab.broken_lab()
    bundle = lab._repr_mimebundle_()
    assert "ZeroDivisionError: division by zero" in bundle["text/plain"]
    assert "image/png" not in bundle
    view = lab.live.view
    assert "ZeroDivisionError" in view.error
    assert view.frame == {}
    move(lab, divisor=2)
    assert (view.line, view.error) == ("quotient 0.5", "")
    picture = view.frame["png"]
    move(lab, divisor=0)
    assert "ZeroDivisionError" in view.error
    assert view.frame["png"] == picture


def test_a_value_out_of_range_is_told_and_the_picture_stays():
    lab = sample_lab.wave_lab()
    lab._repr_mimebundle_()
    before = lab.live.view.frame
    move(lab, height=7.0)
    assert "height (m)=7.0, need a number in [0.5, 2.0]" in lab.live.view.error
    assert lab.live.view.frame == before


# A learner's function


class Silent(Exception):
    def __str__(self):
        raise SystemExit("not even this")


def leave(height):
    raise SystemExit(3)


def silent(height):
    raise Silent


def long(height):
    raise ValueError("x" * 10**6)


def deep(height):
    return deep(height)


def loop(height):
    while True:
        pass


def learners_lab(own):
    """Make a lab in which a function of a learner's scales the wave."""
    good = sample_lab.wave_lab().parts

    def compute(controls):
        for _ in range(2):
            scale = own(controls.height) if controls.periods > 1 else 1.0
            yield sample_lab.wave(controls) | {"scale": scale}

    return base.Lab(
        good.controls, compute, good.draw, good.finding, words=good.words, guarded=True
    )


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (leave, "SystemExit: 3"),
        (silent, "Silent: no message"),
        (long, "more characters"),
        (deep, "RecursionError"),
        (loop, "does not come to an end"),
    ],
)
def test_whatever_a_learners_function_does_is_told_in_place(monkeypatch, own, words):
    monkeypatch.setattr(guard.calling, "LIMIT", 0.3)
    lab = learners_lab(own)
    lab.controls = sample_lab.Wave(periods=1)
    lab._repr_mimebundle_()
    picture = lab.live.view.frame["png"]
    move(lab, periods=4)
    assert words in lab.live.view.error
    assert len(lab.live.view.error) < 3000
    assert lab.live.view.frame["png"] == picture
    move(lab, periods=1)
    assert lab.live.view.error == ""
    assert lab.live.view.line.startswith("1 periods")
    lab.controls = sample_lab.Wave(periods=4)
    assert words in lab._repr_mimebundle_()["text/plain"]


def test_what_a_learners_function_prints_stands_under_the_line_and_is_cut(capsys):
    lab = learners_lab(lambda height: sys.stdout.write("x" * 10**6))
    lab._repr_mimebundle_()
    assert lab.live.view.printed.startswith("xxx")
    assert len(lab.live.view.printed) < 5000
    assert capsys.readouterr().out == ""
    assert lab.live.view.line == "3 periods, top 0.9989 m"


def test_a_learners_slip_names_its_line():
    source = "def mine(height):\n    return height / 0\n"
    space = {}
    exec(compile(source, "<ipython-input-1>", "exec"), space)
    said = learners_lab(space["mine"])._repr_mimebundle_()["text/plain"]
    assert "computed in mine, line 2" in said
    assert "ZeroDivisionError: float division by zero." in said


def test_a_compute_without_frames_is_refused_with_advice():
    words = sample_lab.wave_lab().parts.words
    lab = base.Lab(
        sample_lab.Wave(), lambda controls: iter(()), lambda f, x: None, str,
        words=words,
    )  # fmt: skip
    with pytest.raises(ValueError, match="no frame from 'A wave'"):
        lab.frame()


# Stream


def counting(log, n, name="a"):
    try:
        for k in range(n):
            log.append((name, k))
            yield (name, k), False
    finally:
        log.append((name, "closed"))


async def settle(stream):
    while stream.task is not None and not stream.task.done():
        await asyncio.sleep(0)


def listening(**options):
    """Return a stream, and what it shows and tells."""
    shown, failed = [], []
    stream = Stream(
        lambda frame, final: shown.append((frame, final)), failed.append, **options
    )
    return stream, shown, failed


def test_the_first_frame_is_drawn_at_once_then_some_and_the_last_is_final():
    times = iter(range(10_000))
    stream, shown, _ = listening(interval=10.0, clock=lambda: next(times) * 1.0)

    async def main():
        stream.start(lambda: counting([], 47))
        await settle(stream)

    run(main())
    drawn = [k for (_, k), _ in shown]
    assert drawn[0] == 0
    assert drawn[-1] == 46
    assert 3 <= len(drawn) <= 8
    assert [final for _, final in shown] == [False] * (len(shown) - 1) + [True]


def test_a_single_frame_is_final_at_once():
    stream, shown, _ = listening()

    async def main():
        stream.start(lambda: iter([("only", True)]))
        await settle(stream)

    run(main())
    assert shown == [("only", True)]


def test_a_new_run_ends_the_old_one_which_is_closed():
    log = []
    stream, shown, _ = listening(interval=0.0)

    async def main():
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
    frames = [frame for frame, _ in shown]
    assert shown[-1] == (("new", 4), True)
    first_new = frames.index(("new", 0))
    assert all(name == "new" for name, _ in frames[first_new:])


def test_of_moves_in_a_hurry_only_the_last_is_computed():
    log = []
    stream, shown, _ = listening()

    async def main():
        for k in range(20):
            stream.start(lambda k=k: counting(log, 2, k))
            await asyncio.sleep(0)  # a turn of the loop between two messages
        await settle(stream)

    run(main())
    assert {name for name, _ in log} == {19}


def test_the_loop_gets_its_turn_between_frames():
    turns = []

    async def main():
        stream, _, _ = listening()
        stream.start(lambda: counting([], 20))
        while not stream.task.done():
            turns.append(1)
            await asyncio.sleep(0)

    run(main())
    assert len(turns) >= 20


def test_an_error_in_the_middle_of_a_stream_is_handed_on():
    stream, shown, failed = listening()

    def bad():
        yield 1, False
        raise RuntimeError("learner's slip")

    async def main():
        stream.start(bad)
        await settle(stream)

    run(main())
    assert shown == [(1, False)]
    assert str(failed[0]) == "learner's slip"


def test_an_old_runs_error_does_not_cover_the_new_ones_frame():
    stream, shown, failed = listening()
    begun, go = threading.Event(), threading.Event()

    def slow():
        begun.set()
        go.wait(10)
        raise RuntimeError("too late")
        yield

    old = threading.Thread(target=lambda: stream.start(slow))
    old.start()
    begun.wait(10)
    new = threading.Thread(target=lambda: stream.start(lambda: iter([("new", True)])))
    new.start()
    new.join(10)
    go.set()
    old.join(10)
    assert (shown, failed) == ([("new", True)], [])


def test_without_an_event_loop_the_last_frame_is_drawn():
    stream, shown, _ = listening()
    thread = threading.Thread(target=lambda: stream.start(lambda: counting([], 5)))
    thread.start()
    thread.join(10)
    assert shown == [(("a", 4), True)]


def test_moves_that_arrive_in_two_threads_at_once_break_no_picture():
    """JupyterLab sends a widget's messages to a subshell: a second thread."""
    lab = learners_lab(lambda height: 1.0)
    lab._repr_mimebundle_()
    inside, most = [], []
    good = lab.parts.draw

    def draw(figure, frame):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.005)
        good(figure, frame)
        inside.pop()

    object.__setattr__(lab.parts, "draw", draw)

    async def moves(first):
        for k in range(8):
            move(lab, periods=1 + (first + k) % 10)
            await asyncio.sleep(0.005)
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    threads = [
        threading.Thread(target=lambda k=k: asyncio.run(moves(k))) for k in (0, 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert max(most) == 1
    assert lab.live.view.error == ""
    assert lab.live.view.line.startswith(f"{lab.controls.periods} periods")
    assert not lab.live.view.running


def test_pictures_of_two_threads_keep_the_courses_style():
    looks = []

    def draw():
        for _ in range(5):
            with plots.styled():
                time.sleep(0.002)
                looks.append(plots.style.mpl.rcParams["axes.titleweight"])

    before = plots.style.mpl.rcParams["axes.titleweight"]
    threads = [threading.Thread(target=draw) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert set(looks) == {"bold"}
    assert plots.style.mpl.rcParams["axes.titleweight"] == before
