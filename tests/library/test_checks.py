"""The machinery of checks: cases, mistakes, verdicts, and what a learner sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from check_cases import DOUBLE, wording

import fltutor.checks as checks
from fltutor.checks import Case, Check, case, runner
from fltutor.checks.model import Outcome


def said(answer, check=DOUBLE):
    result = runner.run_check(check, (answer,))
    assert not result.passed
    return repr(result)


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: 2 * x,
        lambda x: np.asarray(x) * 2,
        lambda x: [2.0 * float(number) for number in x],
        lambda x: (2 * x).float(),
        lambda x, factor=2: x + x.clone().requires_grad_(),
    ],
)
def test_any_way_to_the_right_numbers_passes(answer):
    assert runner.run_check(DOUBLE, (answer,)).passed


def empty(x):
    """Do it."""


def dots(x): ...


def raises(x):
    raise NotImplementedError("later")


def half_way(x):
    if x.sum() == 0:
        raise NotImplementedError
    return 2 * x


class Empty:
    """Later."""

    def __init__(self, x): ...

    def step(self):
        raise NotImplementedError


@pytest.mark.parametrize("answer", [..., empty, dots, raises, half_way, Empty])
def test_a_stub_is_greeted_kindly(answer):
    text = said(answer)
    assert "not written yet" in text
    assert "✗" not in text


def test_an_exception_is_shown_in_words_with_its_line():
    def broken(x):
        length = 3
        return x / undefined + length  # noqa: F821

    text = said(broken)
    assert "A name is used that is not defined here" in text
    line = broken.__code__.co_firstlineno + 2
    assert f"line {line}: return x / undefined + length" in text


def test_shapes_that_do_not_fit_are_named():
    assert "Two shapes do not fit" in said(lambda x: x + torch.zeros(3))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: 0, "cannot be called with the 1 arguments"),
        (7, "should be a function, got an int"),
        (lambda x: x.sum() and None, "returned None"),
        (lambda x: "four", "should be numbers, got a str"),
        (lambda x: (2 * x)[None], "should have shape (2,), got (1, 2)"),
        (lambda x: x / 0, "contains nan or inf"),
        (lambda x: x.mul_(2), "changed its input `x`"),
        (lambda x: exit(), "asks Python to exit"),
    ],
)
def test_what_is_wrong_is_said(answer, words):
    assert words in said(answer)


class Hostile:
    def __getattribute__(self, name):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no")


ENDLESS = [1.0]
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: ENDLESS,
        lambda x: torch.zeros(2, device="meta"),
        lambda x: 1j,
        lambda x: [[1], [1, 2]],
        lambda x: {1: 2},
    ],
    ids=["endless", "meta", "complex", "ragged", "dict"],
)
def test_whatever_comes_back_the_check_answers(make):
    assert "should be numbers" in said(make)
    said(make(0))


def test_an_object_that_refuses_everything_is_answered_too():
    assert "RuntimeError: no" in said(lambda x: Hostile())
    assert "0 of 2 checks hold" in said(Hostile())


def test_input_expected_and_got_are_shown():
    text = said(lambda x: x + 1)
    assert "given x = [1, 2]  shape (2,)" in text
    assert "expected [2, 4]  shape (2,)" in text
    assert "got      [2, 3]  shape (2,)" in text


def test_a_mistake_is_recognised_by_what_it_does():
    def other_words(vector):
        return vector.pow(2)

    assert "! Squared. x * x is not 2 * x." in said(other_words)
    assert "Squared" not in said(lambda x: x + 1)


def test_an_endless_loop_is_stopped(monkeypatch):
    monkeypatch.setattr(runner, "LIMIT", 0.2)

    def forever(x):
        while True:
            try:
                x = x + 0
            except Exception:
                continue

    text = said(forever)
    assert "A loop without end?" in text
    assert "zeros (not tried)" in text


def test_prints_are_kept_out_of_the_notebook_and_shown_on_failure(capsys):
    def chatty(x):
        print("shape", tuple(x.shape))  # noqa: T201 - what learners do
        return x

    assert "your code printed: shape (2,)" in said(chatty)
    assert capsys.readouterr().out == ""


def test_a_number_can_be_the_answer():
    check = Check(
        id="99.limit",
        reference=0.25,
        cases=(case("limit"),),
        mistakes={"start": 1.0},
        atol=0.01,
        words=wording(
            cases={"limit": "the limit"},
            mistakes={"start": ("The start", "That is where it begins.")},
        ),
    )
    for answer in (0.25, 0.2501, np.float32(0.25), torch.tensor(0.25)):
        assert runner.run_check(check, (answer,)).passed
    assert "! The start." in said(1.0, check)
    assert "not written yet" in said(..., check)
    assert "should be numbers" in said("a quarter", check)


def test_several_answers_and_classes_can_be_checked():
    def counts(counter, add, times):
        thing = counter()
        for _ in range(times):
            add(thing)
        return thing.count

    class Counter:
        def __init__(self):
            self.count = 0

    good = (Counter, lambda thing: setattr(thing, "count", thing.count + 1))
    check = Check(
        id="99.counter",
        reference=good,
        cases=(case("twice", 2, expected=2), case("once", 1)),
        use=counts,
        mistakes={},
        num_answers=2,
        words=wording(cases={"twice": "added twice", "once": "added once"}),
    )
    assert runner.run_check(check, good).passed
    wrong = runner.run_check(check, (Counter, lambda thing: setattr(thing, "count", 5)))
    assert "given times = 2" in repr(wrong)
    with pytest.raises(TypeError, match="got 1 answers, needs 2"):
        runner.run_check(check, (Counter,))


def test_every_case_gets_its_own_copy_of_the_input():
    seen = []

    def keeps(x):
        seen.append(x)
        return 2 * x

    runner.run_check(DOUBLE, (keeps,))
    again = len(seen)
    runner.run_check(DOUBLE, (keeps,))
    assert len({id(x) for x in seen}) == 2 * again


def test_the_learners_random_numbers_stay_theirs():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    runner.run_check(DOUBLE, (lambda x: torch.rand(2),))
    assert torch.equal(torch.rand(3), expected)


def test_text_and_html_say_the_same_and_escape():
    result = runner.run_check(DOUBLE, (lambda x: "<b>",))
    bundle = result._repr_mimebundle_()
    assert bundle["text/plain"] == repr(result)
    assert "<b>" not in bundle["text/html"].replace("<br>", "")
    assert "99.double · Twice as much: not yet, 0 of 2" in bundle["text/html"]


def test_a_passed_result_is_true():
    result = runner.run_check(DOUBLE, (lambda x: 2 * x,))
    assert result
    assert result.passed
    assert "all 2 checks hold" in repr(result)


def test_an_outcome_holds_only_without_a_finding():
    assert Outcome(Case("case")).held
    assert not Outcome(Case("case"), mismatch=checks.Mismatch("no")).held


def test_hints_come_in_three_levels():
    texts = [repr(checks.hint("02.weighted_mean", level)) for level in (1, 2, 3)]
    assert len(set(texts)) == 3
    assert texts[0].startswith("02.weighted_mean · hint 1 of 3\n  Axis 0")
    with pytest.raises(ValueError, match="level must be 1, 2 or 3, got 4"):
        checks.hint("02.weighted_mean", 4)


@pytest.mark.parametrize("id", ["02.nothing", "77.weighted_mean", "weighted_mean"])
def test_an_unknown_id_is_named_with_what_there_is(id):
    with pytest.raises(KeyError, match="There is no check"):
        checks.check(id, 1)
