"""Every exercise's check, held to the same promises."""

from __future__ import annotations

import exercise_support as support
import numpy as np
import pytest

import fltutor.checks as checks
from fltutor import catalogue
from fltutor.checks import runner
from fltutor.checks.values import same

ALL = [id for number in checks.lessons() for id in checks.checks_of(number)]
DRAWING = [id for id in ALL if checks.find(id).random is not None]
MISTAKES = [
    pytest.param(id, mistake, id=f"{id}-{mistake}")
    for id in ALL
    for mistake in checks.find(id).mistakes
]

pytestmark = pytest.mark.usefixtures("float64")


def spread(check):
    """Return the arguments of every case, by name."""
    given = [check.given(case) for case, _ in runner.all_cases(check)]
    return {name: [each[name] for each in given if each] for name in given[-1]}


@pytest.mark.parametrize("id", ALL)
def test_the_solution_of_the_notebook_passes(id):
    result = checks.check(id, *support.solution(id))
    assert result.passed, repr(result)


@pytest.mark.parametrize("id", ALL)
def test_the_untouched_exercise_is_not_written_yet(id):
    result = checks.check(id, *support.untouched(id))
    assert not result.passed
    assert "not written yet" in result.headline(), repr(result)


@pytest.mark.parametrize(("id", "mistake"), MISTAKES)
def test_a_mistake_gets_its_own_message_and_no_other_fits_first(id, mistake):
    check = checks.find(id)
    result = checks.check(id, *check.wrong(mistake))
    assert not result.passed, f"{mistake} passes: the cases do not see it"
    assert result.written
    assert result.mistake == mistake, repr(result)
    name, message = check.wording.mistakes[mistake]
    assert f"{name}. {message}" in repr(result)


@pytest.mark.parametrize("id", ALL)
def test_a_differently_written_solution_passes(id):
    found = support.alternatives(id)
    assert found, f"tests/course/lesson_{id[:2]}/alternatives.py has none for {id}"
    for words, answer in found:
        result = checks.check(id, *checks.find(id).split(answer))
        assert result.passed, f"{words}\n{result!r}"


@pytest.mark.parametrize("id", ALL)
def test_a_check_is_complete(id):
    check = checks.find(id)
    words = check.wording
    assert check.id == id
    assert len(check.mistakes) >= 4
    assert len(words.hints) == len(set(words.hints)) == 3
    assert all(text.strip() for text in (*words.hints, words.title, words.signature))
    for texts in (
        words.cases.values(),
        [name for name, _ in words.mistakes.values()],
        [message for _, message in words.mistakes.values()],
    ):
        assert len(set(texts)) == len(texts)
        assert all(text.strip() for text in texts)


@pytest.mark.parametrize("id", ALL)
def test_a_check_says_what_it_has_and_has_what_it_says(id):
    check = checks.find(id)
    words = check.wording
    assert [*words.cases] == [case.key for case in check.cases]
    assert [*words.mistakes] == [*check.mistakes]


@pytest.mark.parametrize("number", sorted({id[:2] for id in ALL}))
def test_no_words_are_left_without_a_check(number):
    ids = [f"{number}.{name}" for name in catalogue.words(number)["check"]]
    assert ids == [*checks.checks_of(number)]


@pytest.mark.parametrize("id", ALL)
def test_the_text_of_a_result_is_the_same_twice(id):
    check = checks.find(id)
    texts = [
        repr(checks.check(id, *check.wrong(mistake)))
        for mistake in check.mistakes
        for _ in range(2)
    ]
    assert texts[::2] == texts[1::2]
    assert not any(" at 0x" in text for text in texts)


@pytest.mark.parametrize("id", ALL)
def test_the_reference_agrees_with_what_was_worked_out_by_hand(id):
    check = checks.find(id)
    for case in check.cases:
        if case.expected is not None and not (case.judge or check.judge):
            found = runner.reference_value(check, case)
            checks.agree(found, case.expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("id", ALL)
def test_an_answer_that_is_a_function_meets_random_inputs(id):
    check = checks.find(id)
    assert callable(check.reference) == (check.random is not None)


@pytest.mark.parametrize("id", DRAWING)
def test_random_inputs_differ_and_are_the_same_every_time(id):
    check = checks.find(id)
    drawn = [case.args for case, _ in runner.all_cases(check)][len(check.cases) :]
    assert len(drawn) == check.draws >= 10
    for i, args in enumerate(drawn):
        assert not any(same(args, other) for other in drawn[:i])
    runner.all_cases.cache_clear()
    again = [case.args for case, _ in runner.all_cases(check)][len(check.cases) :]
    assert same(drawn, again)


@pytest.mark.parametrize("id", DRAWING)
def test_each_argument_takes_two_values_at_least(id):
    for name, values in spread(checks.find(id)).items():
        if not callable(values[0]):
            assert any(not same(values[0], value) for value in values), name


@pytest.mark.parametrize("nothing", [None, (), "", {}], ids=repr)
@pytest.mark.parametrize("id", ALL)
def test_an_answer_that_returns_nothing_holds_in_no_case(id, nothing):
    check = checks.find(id)
    answer = (lambda *args: nothing) if callable(check.reference) else nothing
    result = checks.check(id, *[answer] * check.num_answers)
    assert result.outcomes
    assert not any(outcome.held for outcome in result.outcomes), repr(result)


@pytest.mark.parametrize("id", DRAWING)
def test_a_rounded_answer_is_refused(id):
    check = checks.find(id)

    def rounded(value):
        if isinstance(value, (tuple, list)):
            return type(value)(map(rounded, value))
        return np.round(np.asarray(value, dtype=float), 3)

    values = [value for _, value in runner.all_cases(check)]
    if check.judge or all(same(rounded(value), value) for value in values):
        pytest.skip("whole numbers, or a judge of its own")
    result = checks.check(id, lambda *args: rounded(check.reference(*args)))
    assert not result.passed
    kinds = {outcome.mismatch.kind for outcome in result.outcomes if outcome.mismatch}
    assert "rounded" in kinds


@pytest.mark.parametrize("id", DRAWING)
def test_a_report_is_short_enough_to_read(id):
    check = checks.find(id)
    for mistake in check.mistakes:
        text = repr(checks.check(id, *check.wrong(mistake)))
        assert len(text) < 3_000, text
