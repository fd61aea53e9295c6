"""Whatever a learner's function does, the guard answers and nothing stays changed."""

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from fltutor import guard
from fltutor.guard import rehearsal

RAISED = [
    *(Exception, RuntimeError, RecursionError, SystemExit, GeneratorExit),
    *(BaseException, StopIteration, MemoryError, AssertionError, NotImplementedError),
]


def test_a_value_comes_back():
    assert guard.call(lambda a, b: a - b, 5, 3) == guard.Answer(2, None, "")


@pytest.mark.parametrize("kind", RAISED)
def test_everything_that_is_raised_is_answered(kind):
    def broken():
        raise kind("so it is")

    fault = guard.call(broken).fault
    assert (fault.kind, fault.text) == (kind.__name__, "so it is")
    assert fault.stack[-1].line == 'raise kind("so it is")'


def test_an_interrupt_goes_through():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guard.call(stop)


def test_an_interrupt_while_waiting_stops_the_call_too():
    def stop_main():
        while True:
            time.sleep(0.01)

    before = learners()
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), 2))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        guard.call(stop_main, seconds=30)
    timer.join()
    assert ended(before)


def learners():
    """Return the threads that guarded calls are in."""
    return {t for t in threading.enumerate() if t.name == "learner"}


def ended(before, patience=5.0):
    """Tell whether all calls but those before end within a few seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not learners() - before:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("kind", RAISED)
def test_an_exception_that_cannot_say_itself_is_answered(kind):
    class Mute(Exception):
        def __str__(self):
            raise kind

    def broken():
        raise Mute

    assert guard.call(broken).fault.text == ""


def test_an_exception_that_never_stops_saying_itself_is_too_long():
    class Talking(Exception):
        def __str__(self):
            while True:
                pass

    def broken():
        raise Talking

    assert guard.call(broken, seconds=0.1).fault.kind == "TooLong"


def loops():
    while True:
        pass


def catches():
    while True:
        try:
            time.sleep(0.001)
        except Exception:
            continue


def catches_everything():
    for _ in range(3):
        with contextlib.suppress(BaseException):
            loops()


def sleeps():
    time.sleep(2)


@pytest.mark.parametrize("endless", [loops, catches, catches_everything, sleeps])
def test_a_call_without_end_is_answered_in_time_and_its_thread_ends(endless):
    before, began = learners(), time.monotonic()
    fault = guard.call(endless, seconds=0.1).fault
    assert fault.kind == "TooLong"
    assert endless.__name__ in [line.name for line in fault.stack]
    assert time.monotonic() - began < 1.5
    assert ended(before)


def test_a_profile_can_be_taken_beside_guarded_calls():
    """Python 3.11 hangs in a traced thread while an exception for another waits."""
    code = """
import cProfile, time
from fltutor import guard
guard.call(max, 1, 2)
guard.call(time.sleep, 3, seconds=0.1)
print(cProfile.Profile().runcall(guard.call, max, 1, 2).value)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert run.stdout == "2\n"


def test_a_guard_inside_a_guard_stops_with_it():
    def outer():
        return guard.call(loops, seconds=60)

    before = learners()
    assert guard.call(outer, seconds=0.2).fault.kind == "TooLong"
    assert ended(before)


def test_prints_and_messages_are_cut(capsys):
    def loud():
        print("x" * 10**7)  # noqa: T201 - what learners do
        print("y" * 10**7, file=sys.stderr)  # noqa: T201 - what learners do
        raise ValueError("z" * 10**7)

    answer = guard.call(loud)
    assert len(answer.printed) < 5_000
    assert "9,996,001 more characters" in answer.printed
    assert len(answer.fault.text) < 3_000
    assert "9,998,000 more characters" in answer.fault.text
    assert capsys.readouterr() == ("", "")


def surroundings():
    return {
        "dtype": torch.get_default_dtype(),
        "grad": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "torch": torch.get_rng_state().tolist(),
        "numpy": repr(np.random.get_state()),  # noqa: NPY002 - it is what may be disturbed
        "random": random.getstate(),
        "errors": np.geterr(),
        "directory": Path.cwd(),
        "recursion": sys.getrecursionlimit(),
        "streams": (sys.stdout, sys.stderr),
        "filters": list(warnings.filters),
    }


def disturbs(tmp_path):
    torch.set_default_dtype(torch.float16)
    torch.set_grad_enabled(False)
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - what learners do
    random.seed(1)
    np.seterr(all="raise")
    os.chdir(tmp_path)
    sys.setrecursionlimit(5000)
    sys.stdout = sys.stderr = None
    warnings.simplefilter("error")


def disturbs_and_fails(tmp_path):
    disturbs(tmp_path)
    raise SystemExit


def disturbs_and_stays(tmp_path):
    disturbs(tmp_path)
    loops()


@pytest.mark.parametrize("how", [disturbs, disturbs_and_fails, disturbs_and_stays])
def test_everything_around_is_put_back(how, tmp_path):
    before = surroundings()
    guard.call(how, tmp_path, seconds=0.2)
    assert surroundings() == before
    told = []
    thread = threading.Thread(target=lambda: told.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert told == [before["threads"]]


def test_a_working_directory_that_is_gone_is_no_hindrance(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert guard.call(lambda: 1).value == 1


def test_the_call_sees_the_callers_grad_mode_and_errstate():
    with torch.no_grad(), np.errstate(divide="raise"):
        seen = guard.call(lambda: (torch.is_grad_enabled(), np.geterr()["divide"]))
    assert seen.value == (False, "raise")


REPLACED = [
    *((np, "allclose"), (np.linalg, "norm"), (torch, "equal"), (torch, "mean")),
    *((torch.nn.functional, "relu"), (torch.Tensor, "norm"), (torch.Tensor, "sum")),
]


@pytest.mark.parametrize(("place", "name"), REPLACED)
def test_a_replaced_function_is_itself_inside_and_replaced_again_after(
    place, name, monkeypatch
):
    original = getattr(place, name)

    def other(*args, **kwargs):
        return True

    monkeypatch.setattr(place, name, other)
    seen = guard.call(lambda: getattr(place, name))
    assert seen.value is original
    assert getattr(place, name) is other


@pytest.mark.parametrize(("place", "name"), REPLACED)
def test_a_function_replaced_inside_is_put_back(place, name):
    original = getattr(place, name)
    guard.call(setattr, place, name, lambda *args, **kwargs: True)
    assert getattr(place, name) is original


@pytest.mark.parametrize("value", [3, "mean", 0.5, torch.ones(2), [1]])
def test_what_is_no_function_is_refused_in_three_parts(value):
    with pytest.raises(ValueError, match="Got aggregate=.*, need a function") as caught:
        guard.function("aggregate", value, "(deltas, weights) -> (d,)")
    assert "aggregate=my_function" in str(caught.value)


def test_functions_and_none_are_accepted():
    for value in (None, max, torch.nn.ReLU(), lambda: 0):
        guard.function("aggregate", value)


linux = pytest.mark.skipif(not rehearsal.POSSIBLE, reason="a copy needs Linux")


@linux
def test_a_call_that_holds_pythons_lock_is_found_in_a_copy():
    steps = [lambda: 1, sys.exit, lambda: sum(range(10**11)), lambda: 1]
    assert guard.rehearse(steps, 0.5) == 2


@linux
def test_what_ends_or_waits_is_left_to_the_thread():
    assert guard.rehearse([lambda: 1, lambda: 1], 5) == 2
    assert guard.rehearse([lambda: 1, lambda: time.sleep(60)], 0.2) == 2
    assert guard.rehearse([], 5) == 0


@linux
def test_a_rehearsal_leaves_no_trace(capfd):
    seen = []

    def acts():
        seen.append(1)
        os.write(1, b"here")
        print("there")  # noqa: T201 - what learners do

    assert guard.rehearse([acts], 5) == 1
    assert seen == []
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_where_no_copy_can_be_made_all_steps_are_left_to_the_thread(monkeypatch):
    monkeypatch.setattr(rehearsal, "POSSIBLE", False)
    assert guard.rehearse([loops], 0.1) == 1


def test_calls_from_two_threads_leave_streams_and_settings_as_they_were():
    """Widgets are heard in a second thread while a cell runs in the first."""
    streams, dtype = (sys.stdout, sys.stderr), torch.get_default_dtype()

    def mine(begins, lasts):
        time.sleep(begins)
        return guard.call(lambda: (torch.set_default_dtype(torch.float16),
                                   time.sleep(lasts)))  # fmt: skip

    threads = [
        threading.Thread(target=mine, args=when) for when in ((0, 0.2), (0.1, 0.3))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    now = (sys.stdout, sys.stderr), torch.get_default_dtype()
    sys.stdout, sys.stderr = streams
    torch.set_default_dtype(dtype)
    assert now == (streams, dtype)


def test_a_guarded_call_inside_another_does_not_wait_for_it():
    assert guard.call(lambda: guard.call(max, 1, 2).value, seconds=2).value == 2
