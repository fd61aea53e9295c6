"""The machinery of checks: cases, mistakes, verdicts, and what a learner sees."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from check_cases import DOUBLE, wording

import fltutor as ft
import fltutor.checks as checks
from fltutor.checks import Case, Check, case, edit, report, runner
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


# ---- mistakes as edits -----------------------------------------------------------


def scale(x, factor):
    return x * factor


def line(x, slope, offset):
    """Return points of a line."""
    return scale(x, slope) + offset


class Mean:
    """A running mean."""

    def __init__(self):
        self.total, self.count = 0.0, 0

    def add(self, number):
        self.total += number
        self.count += 1

    def value(self):
        return self.total / self.count


def test_an_edit_is_what_they_typed_instead():
    assert edit("+ offset", "- offset").apply(line)(1, 2, 3) == -1
    assert line(1, 2, 3) == 5


def test_an_edit_may_change_several_places():
    several = edit("slope", "offset", "+ offset", "+ 0")
    with pytest.raises(ValueError, match="'slope', which stands 2 times"):
        several.apply(line)
    assert edit("x, slope)", "x, offset)", "+ offset", "+ 0").apply(line)(1, 2, 3) == 3


def test_an_edit_of_a_helper_leaves_the_helper_as_it_is():
    assert edit("x * factor", "x", of=scale).apply(line)(1, 2, 3) == 4
    assert line(1, 2, 3) == 5


def test_an_edit_of_a_class():
    mean = edit("self.total / self.count", "self.total").apply(Mean)()
    mean.add(1.0)
    mean.add(2.0)
    assert mean.value() == 3.0


def test_an_edit_of_several_answers_changes_one():
    counter, function = edit("+ offset", "").apply((Mean, line))
    assert counter is Mean
    assert function(1, 2, 3) == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: edit("nowhere", "x").apply(line), "'nowhere', which stands 0 times"),
        (lambda: edit("x", "y").apply(line), "needs to stand there once"),
        (lambda: edit("nowhere", "x").apply((Mean, line)), "stands in 0 answers"),
        (lambda: edit("one"), "an edit needs pairs"),
        (lambda: edit("1", "2").apply(1), "of type int; an edit needs a function"),
    ],
)
def test_an_edit_that_does_not_apply_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# ---- random inputs ---------------------------------------------------------------


def add(x, y):
    return x + y


ADD = Check(
    id="99.add",
    reference=add,
    cases=(case("one", torch.tensor([2.0]), torch.tensor([2.0])),),
    random=lambda rng: (checks.draw(rng, 2), checks.draw(rng, 2)),
    mistakes={"times": edit("x + y", "x * y"), "double": edit("x + y", "2 * x")},
    words=wording(
        cases={"one": "one number"},
        mistakes={
            "times": ("Multiplied", "Add them."),
            "double": ("Doubled", "Mind y."),
        },
    ),
)


def test_what_passes_by_hand_meets_random_inputs():
    text = said(lambda x, y: x * y, ADD)
    assert "1 of 2 checks hold" in text
    assert "✓ one number" in text
    assert "✗ random inputs" in text
    assert text.count("given x = ") == 1


def test_a_case_made_by_hand_is_shown_before_a_random_one():
    text = said(lambda x, y: x, ADD)
    assert text.count("given x = ") == 1
    assert "given x = [2]  shape (1,)" in text


def test_the_number_of_random_inputs_does_not_show():
    more = dataclasses.replace(ADD, draws=50)
    assert repr(runner.run_check(more, (add,))) == repr(runner.run_check(ADD, (add,)))


def test_a_diagnosis_needs_agreement_on_every_input():
    assert "Multiplied" in said(lambda x, y: x * y, ADD)
    assert "!" not in said(lambda x, y: x * y if len(x) == 1 else x * y + 1, ADD)


def test_the_first_mistake_that_fits_is_named():
    both = dataclasses.replace(
        ADD, mistakes={"double": ADD.mistakes["double"], "times": edit("+ y", "+ x")}
    )
    assert "Doubled" in said(lambda x, y: x + x, both)


def test_random_inputs_are_easy_to_read_and_hold_ties_and_zeros():
    numbers = checks.draw(np.random.default_rng(0), 500)
    assert numbers.dtype == torch.float64
    assert torch.equal(numbers, numbers.mul(10).round() / 10)
    assert (numbers == 0).any()
    assert len(set(numbers.tolist())) < 100
    assert not torch.signbit(numbers[numbers == 0]).any()


# ---- what is said of a difference ------------------------------------------------


def test_a_rounded_answer_is_told_so():
    third = torch.tensor([1 / 3, 200 / 3], dtype=torch.float64)
    words = "the result is rounded to 2 decimal places"
    with pytest.raises(checks.Mismatch, match=words):
        checks.agree(third.round(decimals=2), third)
    checks.agree(third.float(), third)


@pytest.mark.parametrize(
    ("got", "words"),
    [
        ([1.0, 2.0, 7.0], r"in 1 of 3 numbers, most at \[2\]: 7 where 3 is expected"),
        ([1.5, 2.0, 9.0], r"in 2 of 3 numbers, most at \[2\]"),
        ([1.0, 2.0, 3.0001], r"3\.0001 where 3 is expected"),
        ([[1.0, 2.0, 3.0]], r"should have shape \(3,\), got \(1, 3\)"),
    ],
)
def test_the_message_says_what_differs(got, words):
    with pytest.raises(checks.Mismatch, match=words):
        checks.agree(got, [1.0, 2.0, 3.0])


def test_parts_of_a_result_are_named():
    right = (torch.tensor([1.0, 2.0]), 3.0)
    checks.agree([np.array([1.0, 2.0]), 3], right)
    with pytest.raises(checks.Mismatch, match="the total has another value"):
        checks.agree(([1, 2], 4), right, parts=("the vector", "the total"))
    with pytest.raises(checks.Mismatch, match="should have 2 parts: the vector"):
        checks.agree([1, 2, 3], right, parts=("the vector", "the total"))
    with pytest.raises(checks.Mismatch, match=r"result\['b'\] has another value"):
        checks.agree({"a": 1, "b": 2}, {"a": 1, "b": 3})


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (torch.zeros(2), "x.clone()"),
        (np.zeros(2), "x.copy()"),
        ([1, 2], "list(x)"),
        ({"a": 1}, "dict(x)"),
        ([torch.zeros(1)], "copy.deepcopy(x)"),
    ],
)
def test_advice_fits_the_type(value, advice):
    def spoils(x):
        key = "a" if isinstance(x, dict) else 0
        x[key] = x[key] + 1
        return x

    with pytest.raises(checks.Mismatch) as found:
        checks.run(spoils, {"x": value})
    assert f"work on a copy ({advice})" in str(found.value)


def test_words_that_are_missing_are_named():
    check = dataclasses.replace(DOUBLE, id="02.nothing", words=None)
    with pytest.raises(LookupError, match=r"a \[check.nothing\] with title"):
        runner.run_check(check, (...,)).headline()


def test_the_input_is_shown_where_the_code_stops_too():
    text = said(lambda x: x / undefined)  # noqa: F821 - what learners do
    assert "given x = [1, 2]  shape (2,)" in text


def test_a_record_is_shown_with_its_fields():
    client = ft.Client(3, ft.Dataset(torch.zeros(2, 1), torch.tensor([0, 1]), 2))
    shown = report.show([client])
    assert shown.startswith("[Client{id: 3, data: Dataset{x: [[0], [0]]  shape (2, 1),")
