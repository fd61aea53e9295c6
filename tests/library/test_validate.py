from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from fltutor import validate


def test_a_message_says_what_was_got_what_is_needed_and_what_to_do():
    error = validate.fail("alpha=0", "alpha > 0", "Use 0.01 for extreme skew.")
    assert str(error) == "Got alpha=0, need alpha > 0. Use 0.01 for extreme skew."


def test_a_message_may_be_of_another_kind():
    assert type(validate.fail("a", "b", "c", kind=TypeError)) is TypeError


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_positive_refuses(value):
    with pytest.raises(ValueError, match="x="):
        validate.positive("x", value)


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_fraction_refuses(value):
    with pytest.raises(ValueError, match="x="):
        validate.fraction("x", value)


NO_NUMBERS = [None, "0.1", [0.1], 1j, True, np.True_, torch.tensor([0.1]), float]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_real_number_is_refused_with_its_name(value):
    with pytest.raises(ValueError, match=r"^Got x=.*, need a finite x > 0\. Pass one"):
        validate.positive("x", value)


@pytest.mark.parametrize(
    "value",
    [0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5), Fraction(1, 2)],
)
def test_every_kind_of_real_number_comes_back_as_pythons_own(value):
    got = validate.number("x", value, low=0, high=1)
    assert type(got) is float and got == 0.5


@pytest.mark.parametrize("value", [2, np.int32(2), np.uint8(2), torch.tensor(2)])
def test_every_kind_of_whole_number_comes_back_as_pythons_own(value):
    assert type(validate.count("x", value)) is int
    assert validate.count("x", value) == 2


@pytest.mark.parametrize(
    ("limits", "needed"),
    [
        ({"low": 0, "high": 1}, "0 <= x <= 1"),
        ({"above": 0, "below": 1}, "0 < x < 1"),
        ({"low": 2}, "a finite x >= 2"),
        ({"below": 2}, "a finite x < 2"),
        ({}, "a finite x"),
        ({"above": 0, "finite": False}, "a number x > 0"),
    ],
)
def test_the_range_is_told(limits, needed):
    with pytest.raises(ValueError, match=f"need {needed}\\."):
        validate.number("x", float("nan"), **limits)


def test_infinity_passes_where_it_may():
    assert validate.number("x", float("inf"), above=0, finite=False) == float("inf")


@pytest.mark.parametrize("value", [0, 4, 2.0, True, "2", None, [2], torch.tensor(2.0)])
def test_count_refuses_what_is_no_whole_number_in_range(value):
    with pytest.raises(ValueError, match="from 1 to 3"):
        validate.count("x", value, 1, 3)


@pytest.mark.parametrize("value", [[1, 0], np.array([1, 0]), torch.tensor([1, 0])])
def test_counts_takes_every_kind_of_sequence(value):
    assert validate.counts("x", value) == (1, 0)


def test_counts_takes_one_for_all_and_then_from_1():
    assert validate.counts("x", 3) == 3
    with pytest.raises(ValueError, match="1 or more"):
        validate.counts("x", 0)


@pytest.mark.parametrize("value", [-1, 0, 2**64, 10**400, np.int8(-3)])
def test_a_seed_is_a_whole_number_of_any_size(value):
    assert validate.seed(value) == value


@pytest.mark.parametrize("value", [2.7, "a", True, None, 2.0, [1]])
def test_a_seed_is_nothing_else(value):
    with pytest.raises(ValueError, match=r"^Got seed=.*, need a whole number"):
        validate.seed(value)


class Split:
    train = test = None


class Dataset:
    num_classes = 3


class Client:
    data = id = None


class Task:
    layout = None


@pytest.mark.parametrize(
    ("value", "kind", "advice"),
    [
        (Client, Client, r"got.*the class Client.*Write Client\(\.\.\.\)"),
        (Split(), Dataset, r"\.train or its \.test"),
        (Client(), Dataset, r"\.data"),
        (Dataset(), Client, r"Client\(0, dataset\)"),
        (nn.Linear(1, 1), Task, r"Task\(module, seed=0\)"),
        (Task(), nn.Module, r"\.module"),
        ((c for c in "ab"), Client, r"list\(\.\.\.\)"),
        (3, Task, r"x=3, need a Task"),
    ],
)
def test_an_instance_is_asked_for_with_the_way_to_it(value, kind, advice):
    with pytest.raises(ValueError, match=f"(?i){advice}"):
        validate.instance("x", value, kind)


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (Client(), "square brackets"),
        (Client, r"Write Client\(\.\.\.\)"),
        ((Client() for _ in range(2)), r"list\(\.\.\.\) around it"),
        ({0: Client()}, r"\.values\(\)"),
        (Dataset(), "Cut the data first"),
        ("ab", "a list of Clients"),
        (None, "a list of Clients"),
        ([], "at least one of x"),
        ([Client(), 3], r"x\[1\]=3, need a Client"),
    ],
)
def test_a_list_is_asked_for_with_the_way_to_it(value, advice):
    with pytest.raises(ValueError, match=advice):
        validate.instances("x", value, Client)


def test_only_the_first_of_what_is_made_on_request_is_looked_at():
    class Lazy:
        asked = []

        def __len__(self):
            return 10**6

        def __getitem__(self, i):
            self.asked.append(i)
            return Client()

    validate.instances("x", Lazy(), Client)
    assert Lazy.asked == [0]


@pytest.mark.parametrize("value", [3, "median", list])
def test_a_function_is_asked_for(value):
    with pytest.raises(ValueError, match="need a function"):
        validate.function("x", value)


def test_what_is_right_passes():
    validate.positive("x", 0.1)
    validate.fraction("x", 0.0)
    validate.count("x", 3, 1, 3)
    validate.one_of("x", "a", ["a", "b"])
    validate.same_length(a=2, b=2)
    validate.finite("x", torch.zeros(3))
    validate.vector("x", torch.zeros(3), 3)
    validate.at_least("x", 0.0, 0.0)
    validate.function("x", len)
    with pytest.raises(ValueError, match="x=-1"):
        validate.at_least("x", -1, 0)


def test_not_finite_entries_are_counted():
    bad = torch.tensor([1.0, float("nan"), float("inf")])
    with pytest.raises(ValueError, match="2 entries"):
        validate.finite("x", bad)


def test_integers_are_no_vector_of_parameters():
    with pytest.raises(ValueError, match="float tensor"):
        validate.vector("x", torch.zeros(3, dtype=torch.int64), 3)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, r"Got 0\.5 from the aggregator, need a float tensor of shape \(2,\)"),
        (torch.zeros(1), r"shape \(1,\)"),
        (torch.zeros(2, dtype=torch.int64), "int64"),
        (torch.tensor([1.0, float("nan")]), "1 of 2 entries that are NaN"),
    ],
)
def test_what_user_code_returned_is_held_to_its_shape(value, words):
    with pytest.raises(ValueError, match=words):
        validate.returned("the aggregator", value, shape=(2,))


def test_what_user_code_returned_is_held_to_its_precision_if_there_is_one():
    good = torch.zeros(2, dtype=torch.float64)
    assert validate.returned("it", good, shape=(2,), dtype=torch.float64) is good
    with pytest.raises(ValueError, match="a float32 tensor"):
        validate.returned("it", good, shape=(2,), dtype=torch.float32)
