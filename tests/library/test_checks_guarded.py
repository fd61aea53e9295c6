"""Checks answer whatever a learner's code does, and are not talked into a verdict."""

import sys
import time

import numpy as np
import pytest
import torch
from check_cases import DOUBLE, wording

from fltutor import guard
from fltutor.checks import Check, case, run, runner


def said(answer, check=DOUBLE):
    result = runner.run_check(check, (answer,))
    assert not result.passed
    return repr(result)


class Mute(Exception):
    def __str__(self):
        raise SystemExit


def mute(x):
    raise Mute


def huge(x):
    print("p" * 10**7)  # noqa: T201 - what learners do
    raise ValueError("m" * 10**7)


class Long:
    def __array__(self, *args, **kwargs):
        sys.exit()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: sys.exit("bye"), "SystemExit: bye"),
        (mute, "Mute: "),
        (huge, "ValueError: mmm"),
        (lambda x: "t" * 10**7, "should be numbers, got a str"),
        (lambda x: Long(), "asks Python to exit"),
    ],
)
def test_what_a_learner_does_is_said_in_a_few_lines(answer, words):
    text = said(answer)
    assert words in text
    assert len(text) < 10_000


def sleeps(x):
    time.sleep(60)


def holds(x):
    return sum(range(10**11))


@pytest.mark.parametrize("endless", [sleeps, holds])
def test_what_does_not_end_is_answered_in_time(endless, monkeypatch):
    if endless is holds and sys.platform != "linux":
        pytest.skip("a copy needs Linux")
    monkeypatch.setattr(runner, "LIMIT", 0.3)
    began = time.monotonic()
    text = said(endless)
    assert "did not end within" in text
    assert "zeros (not tried)" in text
    assert time.monotonic() - began < 3


def test_the_line_that_does_not_end_is_named(monkeypatch):
    monkeypatch.setattr(runner, "LIMIT", 0.3)
    assert "time.sleep(60)" in said(sleeps)


def yes(*args, **kwargs):
    return True


PATCHES = [(np, "isclose"), (np, "isfinite"), (torch, "equal"), (np, "asarray")]


@pytest.mark.parametrize(("place", "name"), PATCHES)
def test_a_function_replaced_in_a_cell_does_not_decide(place, name, monkeypatch):
    monkeypatch.setattr(place, name, yes)
    assert "0 of 2 checks hold" in said(lambda x: x + 1)


@pytest.mark.parametrize(("place", "name"), PATCHES)
def test_a_function_replaced_by_the_answer_does_not_decide(place, name, monkeypatch):
    monkeypatch.setattr(place, name, getattr(place, name))

    def cheats(x):
        setattr(place, name, yes)
        return x + 1

    assert "0 of 2 checks hold" in said(cheats)


def test_a_function_replaced_by_a_method_does_not_decide(monkeypatch):
    monkeypatch.setattr(np, "isclose", np.isclose)

    class Right:
        def add(self, number):
            return number + 1.0

    class Wrong:
        def add(self, number):
            np.isclose = yes
            return number

    check = Check(
        id="99.counter",
        reference=Right,
        cases=(case("added", 1.0),),
        use=lambda counter, number: counter().add(number),
        mistakes={},
        words=wording(cases={"added": "added once"}),
    )
    assert "another value" in said(Wrong, check)


def test_a_learners_settings_end_with_the_check():
    def careless(x):
        torch.set_default_dtype(torch.float16)
        torch.set_grad_enabled(False)
        return 2 * x

    before = torch.get_default_dtype()
    assert before != torch.float16
    assert runner.run_check(DOUBLE, (careless,)).passed
    assert torch.get_default_dtype() == before
    assert torch.is_grad_enabled()


def test_an_interrupt_is_the_learners_own():
    def stop(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run_check(DOUBLE, (stop,))


def test_a_guard_around_a_case_sees_what_the_case_found():
    found = guard.call(lambda: run(lambda x: None, {"x": 1.0})).fault
    assert found.kind == "Mismatch"
