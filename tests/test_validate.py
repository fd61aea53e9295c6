import pytest
import torch

from fltutor import validate


def test_a_message_says_what_was_got_what_is_needed_and_what_to_do():
    error = validate.fail("alpha=0", "alpha > 0", "Use 0.01 for extreme skew.")
    assert str(error) == "Got alpha=0, need alpha > 0. Use 0.01 for extreme skew."


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_positive_refuses(value):
    with pytest.raises(ValueError, match="x="):
        validate.positive("x", value)


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_fraction_refuses(value):
    with pytest.raises(ValueError, match="x="):
        validate.fraction("x", value)


@pytest.mark.parametrize("value", [0, 4, 2.0, True, "2"])
def test_count_refuses_what_is_no_whole_number_in_range(value):
    with pytest.raises(ValueError, match="from 1 to 3"):
        validate.count("x", value, 1, 3)


def test_what_is_right_passes():
    validate.positive("x", 0.1)
    validate.fraction("x", 0.0)
    validate.count("x", 3, 1, 3)
    validate.one_of("x", "a", ["a", "b"])
    validate.same_length(a=2, b=2)
    validate.finite("x", torch.zeros(3))
    validate.vector("x", torch.zeros(3), 3)
    validate.at_least("x", 0.0, 0.0)
    with pytest.raises(ValueError, match="x=-1"):
        validate.at_least("x", -1, 0)


def test_not_finite_entries_are_counted():
    bad = torch.tensor([1.0, float("nan"), float("inf")])
    with pytest.raises(ValueError, match="2 entries"):
        validate.finite("x", bad)


def test_integers_are_no_vector_of_parameters():
    with pytest.raises(ValueError, match="float tensor"):
        validate.vector("x", torch.zeros(3, dtype=torch.int64), 3)
