"""What a lesson's cells call: setup, compare, predict, quiz, table."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import fltutor as ft
from fltutor.lesson import questions as quizzes
from fltutor.lesson.agreement import verdict
from fltutor.lesson.tables import number

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
import sample_lab  # noqa: E402  (lies in tests/fixtures)


@pytest.fixture
def restored():
    import matplotlib as mpl

    kind, threads = torch.get_default_dtype(), torch.get_num_threads()
    with np.printoptions(), mpl.rc_context():
        yield
    torch.set_default_dtype(kind)
    torch.set_num_threads(threads)
    torch.set_printoptions(profile="default")


def test_setup_makes_float64_the_default_and_draws_in_the_course_style(restored):
    import matplotlib as mpl

    ft.lesson.setup()
    assert torch.zeros(1).dtype is torch.float64
    assert torch.get_num_threads() == 1
    assert mpl.rcParams["figure.dpi"] == ft.plots.style.DPI
    assert repr(torch.tensor([1 / 3])) == "tensor([0.3333])"


def test_compare_prints_exact_when_every_number_is_the_same(capsys):
    ft.lesson.compare(torch.ones(3), np.ones(3), "mean")
    assert capsys.readouterr().out == "mean: exact, the same number in all 3 places.\n"


def test_compare_says_close_to_the_power_of_ten():
    assert verdict(1.0 + 1e-15, 1.0) == "close, equal to 1e-12 in the one place."
    assert verdict([1.0 + 1e-10], [1.0]) == "close, equal to 1e-09 in the one place."
    assert "different" in verdict(1.0 + 1e-5, 1.0)


def test_compare_names_the_largest_difference_and_its_place():
    told = verdict([[1.0, 2.0], [3.0, 4.5]], [[1.0, 2.0], [3.0, 4.0]], "grid")
    assert told == (
        "grid: different, largest difference 0.5 at [1, 1] (mine 4.5, library 4)."
    )


def test_compare_of_large_numbers_is_relative():
    assert "close" in verdict(1e9 + 1e-5, 1e9)


def test_compare_tells_shapes_and_missing_names():
    assert "shape (2,)" in verdict([1.0, 2.0], [1.0])
    assert verdict({"a": 1}, {"a": 1, "b": 2}) == "different, mine lacks ['b']."
    both = verdict({"a": 1, "b": 2}, {"a": 1, "b": 3}, "x")
    assert both.splitlines()[0] == "x: a: exact, the same number in the one place."
    assert "different" in both.splitlines()[1]


def test_compare_sees_nan_as_a_difference_unless_both_have_it():
    assert "different" in verdict([float("nan")], [1.0])
    assert "exact" in verdict([float("nan"), 1.0], [float("nan"), 1.0])


def test_compare_says_so_when_it_cannot():
    assert "cannot be compared" in verdict("abc", [1.0])


def guess(**changes):
    values = {"low": 0, "high": 1, "step": 0.01} | changes
    return ft.lesson.predict("What  accuracy?", **values)


def test_a_reveal_without_a_guess_is_a_sensible_sentence():
    told = repr(guess(unit="%").reveal(0.912345))
    assert told.startswith("Measured: 0.9123 %. No guess was committed.")


@pytest.mark.parametrize(
    ("value", "measured", "words"),
    [
        (0.5, 0.75, "0.25 too low, 25%"),
        (0.9, 0.75, "0.15 too high, 15%"),
        (0.751, 0.75, "as near as the slider allows"),
    ],
)
def test_a_reveal_says_how_far_off_the_guess_was(value, measured, words):
    card = guess()
    card.commit(value)
    assert words in repr(card.reveal(measured))


def test_a_committed_guess_stays():
    card = guess()
    card.commit(0.5)
    card.commit(0.9)
    assert card.guess == 0.5


def test_the_commit_button_takes_the_slider_and_locks_it():
    card = guess(key="accuracy")
    _, slider, button, text = card.box.children
    slider.value = 0.3
    button.click()
    assert card.guess == 0.3
    assert slider.disabled
    assert "Committed: 0.3" in text.value
    assert "fltutor-predict-accuracy" in card.box._dom_classes


def test_a_prediction_reads_without_a_kernel():
    assert guess()._repr_mimebundle_()["text/plain"] == (
        "Predict: What accuracy? (0 to 1, in steps of 0.01)"
    )


def test_an_impossible_range_or_guess_is_refused():
    with pytest.raises(ValueError, match="low < high"):
        guess(low=1)
    with pytest.raises(ValueError, match="0 <= the guess <= 1"):
        guess().commit(2)


def test_a_table_shows_four_significant_digits_and_aligns():
    shown = ft.lesson.table({"FedAvg": {"accuracy": 0.912345, "rounds": 60}})
    assert repr(shown).splitlines() == [
        "        accuracy  rounds",
        "FedAvg    0.9123      60",
    ]
    assert "<td>0.9123</td>" in shown._repr_html_()


def test_a_table_takes_a_frame_tensors_and_missing_numbers():
    import pandas as pd

    frame = pd.DataFrame({"client": [0, 1], "share": [1 / 3, float("nan")]})
    assert "0.3333" in repr(ft.lesson.table(frame))
    assert "–" in repr(ft.lesson.table(frame))
    assert number(torch.tensor(0.5)) == "0.5"
    assert number(np.int64(12345)) == "12345"
    assert number(True) == "True"


def test_a_table_without_column_names_is_refused():
    with pytest.raises(ValueError, match="column names"):
        ft.lesson.table([(1, 2)])
    with pytest.raises(ValueError, match="every column"):
        ft.lesson.table([(1, 2)], columns=["a"])


def test_a_quiz_explains_every_option_and_keeps_the_score():
    quiz = sample_lab.quiz()
    assert quiz.answer(0, 1) == "Right. Because 01."
    assert quiz.answer(1, 2) == "Not quite. Because 12."
    assert quiz.score == "1 of 5 right, 2 of 5 answered."


def test_a_quiz_reads_without_a_kernel_and_hides_the_answers_there():
    bundle = sample_lab.quiz()._repr_mimebundle_()
    assert bundle["text/plain"].startswith("1. Question 0, with code?\n   a) Option 00")
    assert "Because" not in bundle["text/plain"]
    assert bundle["text/html"].count("<details>") == 15
    assert "<code>code</code>" in bundle["text/html"]
    assert bundle == sample_lab.quiz()._repr_mimebundle_() | {
        key: value for key, value in bundle.items() if "widget" in key
    }


def test_choosing_a_radio_button_shows_the_explanation_beside_it():
    card = sample_lab.quiz().box.children[0]
    _, answers, text = card.children
    assert answers.value is None
    answers.value = 1
    assert "Right. Because 01." in text.value


def test_text_in_a_quiz_cannot_become_markup():
    assert quizzes.markup("a < b `<i>`") == "a &lt; b <code>&lt;i&gt;</code>"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("why = ", "reason = ", "unknown key 'reason'"),
        ('why = "Because 00."', 'why = ""', "option 1 has no why"),
        ("correct = true\n", "", "exactly one option with correct"),
        ('"Option 01"', '"Option 00"', "two options with the same text"),
        ("[[question]]", "[question]", "not valid TOML"),
        ("[[question", "[[questions", "has 0 questions, needs 5"),
        ('[[question]]\ntext = "Question 0', 'text "', "not valid TOML"),
        ('text = "Option 00"', 'text = ""', "option 1 has no text"),
    ],
)
def test_a_faulty_quiz_is_refused_with_what_is_wrong(old, new, fault):
    text = sample_lab.quiz_text()
    assert old in text
    with pytest.raises(ValueError, match=fault):
        quizzes.parse(text.replace(old, new))


def test_right_answers_must_move_about_and_not_be_the_longest():
    def questions(places, long=False):
        return {"question": [
            {"text": "?", "option": [
                {"text": f"{i}" + "x" * 9 * (long and i == k), "why": f"{i}",
                 "correct": i == k} for i in range(3)
            ]} for k in places
        ]}  # fmt: skip

    assert quizzes.problems(questions([0, 1, 2, 0, 1])) == []
    assert "option 1 in 3 questions" in quizzes.problems(questions([0, 0, 0, 1, 2]))[0]
    assert "longest in 5" in quizzes.problems(questions([0, 1, 2, 0, 1], True))[0]


def test_an_unknown_quiz_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="one of '00', '01'"):
        ft.lesson.quiz("zz")


def test_every_quiz_of_the_course_is_well_formed():
    names = list(ft.catalogue.lessons())
    assert "09" in names
    assert [len(ft.lesson.quiz(name).questions) for name in names] == [5] * len(names)
