"""Tables and torch's data sets become a Dataset; words keep their names."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import IterableDataset, Subset, TensorDataset

from fltutor import splitters
from fltutor.datasets import Dataset


def hospitals():
    return pd.DataFrame(
        {
            "age": [60, 41, 55, 38],
            "pain": [True, False, True, True],
            "dose": [0.5, 1.0, 0.0, 2.0],
            "ill": ["no", "yes", "no", "yes"],
            "clinic": ["Ulm", "Bonn", "Ulm", "Aachen"],
        },
        index=[3, 1, 7, 9],  # as a filtered frame's
    )


def read(**changes):
    arguments = {"target": "ill", "group": "clinic"}
    return Dataset.from_frame(hospitals(), **{**arguments, **changes})


def test_words_become_numbers_that_keep_their_names():
    data = read()
    assert data.x.tolist() == [[60, 1, 0.5], [41, 0, 1], [55, 1, 0], [38, 1, 2]]
    assert data.x.dtype == torch.get_default_dtype()
    assert data.y.tolist() == [0, 1, 0, 1]
    assert data.num_classes == 2 and data.class_names == ("no", "yes")
    assert data.groups.tolist() == [2, 1, 2, 0]
    assert data.group_names == ("Aachen", "Bonn", "Ulm")


def test_every_hospital_becomes_a_client_in_the_order_of_its_name():
    data = read()
    clients = splitters.by_group(data)
    ages = [client.data.x[:, 0].tolist() for client in clients]
    names = [client.data.group_names[client.id] for client in clients]
    assert dict(zip(names, ages, strict=True)) == {
        "Aachen": [38], "Bonn": [41], "Ulm": [60, 55],
    }  # fmt: skip


def test_owners_may_be_words_without_a_table():
    data = Dataset([[0.0]] * 3, [0, 1, 0], 2, groups=["Ulm", "Bonn", "Ulm"])
    assert data.groups.tolist() == [1, 0, 1]
    assert data.group_names == ("Bonn", "Ulm")
    assert [len(c) for c in splitters.by_group(data)] == [1, 2]


@pytest.mark.parametrize(
    ("classes", "codes", "names"),
    [
        (["yes", "no"], [1, 0, 1, 0], ("yes", "no")),
        (np.array(["no", "maybe", "yes"]), [0, 2, 0, 2], ("no", "maybe", "yes")),
    ],
)
def test_the_classes_may_be_given_in_their_order(classes, codes, names):
    data = read(classes=classes)
    assert data.y.tolist() == codes and data.class_names == names
    assert data.num_classes == len(names)


def test_a_test_set_is_coded_as_the_training_set():
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "y": [10, 20, 30]})
    train = Dataset.from_frame(frame, target="y")
    test = Dataset.from_frame(
        frame[frame.y > 10], target="y", classes=train.class_names
    )
    assert train.class_names == ("10", "20", "30")
    assert test.y.tolist() == [1, 2] and test.num_classes == 3


@pytest.mark.parametrize(
    ("target", "codes", "names"),
    [
        ([2, 0, 2], [1, 0, 1], ("0", "2")),
        ([True, False, True], [1, 0, 1], ("False", "True")),
        (pd.Categorical(list("bab"), ["b", "a"]), [0, 1, 0], ("b", "a")),
        (pd.array([1, 0, 1], dtype="Int64"), [1, 0, 1], ("0", "1")),
        (pd.array(["x", "y", "x"], dtype="string"), [0, 1, 0], ("x", "y")),
        (np.array([1, "a", 1], dtype=object), [0, 1, 0], ("1", "a")),
    ],
)
def test_every_kind_of_class_is_coded_in_order(target, codes, names):
    data = Dataset.from_frame(pd.DataFrame({"a": [0, 1, 2], "y": target}), target="y")
    assert data.y.tolist() == codes and data.class_names == names


def test_a_number_of_classes_takes_codes_as_they_are():
    frame = pd.DataFrame({"a": [0.0, 1.0], "y": [0, 2]})
    data = Dataset.from_frame(frame, target="y", classes=4)
    assert data.y.tolist() == [0, 2] and data.num_classes == 4


def test_floats_are_a_regression():
    data = Dataset.from_frame(
        hospitals().drop(columns=["ill", "clinic"]), target="dose"
    )
    assert data.num_classes is None and data.class_names == ()
    assert data.y.tolist() == [0.5, 1, 0, 2]


@pytest.mark.parametrize("kind", [bool, object, "boolean", "Int64", "uint8", ">f8"])
def test_columns_of_yes_and_no_are_1_and_0(kind):
    frame = pd.get_dummies(pd.DataFrame({"c": ["u", "v", "u"]})).astype(kind)
    frame["y"] = [0, 1, 0]
    assert Dataset.from_frame(frame, target="y").x.tolist() == [[1, 0], [0, 1], [1, 0]]


def without(column, *values):
    frame = hospitals()
    frame[column] = frame[column].astype(object)
    frame.loc[[7, 9][: len(values)], column] = list(values)
    return frame


@pytest.mark.parametrize(
    ("frame", "arguments", "words"),
    [
        (
            hospitals(),
            {"target": "sick"},
            "target='sick', need one of the columns 'age'",
        ),
        (hospitals(), {"target": "ill", "group": "town"}, "group='town'"),
        (
            hospitals(),
            {"target": "ill", "group": "ill"},
            "another column for the group",
        ),
        (hospitals(), {"target": ["ill"]}, r"target=\['ill'\]"),
        (hospitals(), {"target": "ill"}, r"columns \['clinic'\] of words.*get_dummies"),
        (hospitals()[:0], {"target": "ill"}, "0 rows"),
        (hospitals()[["ill"]], {"target": "ill"}, "features"),
        (
            without("age", None, np.nan),
            {"target": "ill"},
            r"missing values in 'age' \(2\)",
        ),
        (without("ill", None), {"target": "ill"}, r"missing values in 'ill' \(1\)"),
        (without("clinic", pd.NA), {"target": "ill"}, r"'clinic' \(1\)"),
        (
            without("dose", np.inf).astype({"dose": float}),
            {"target": "ill", "group": "clinic"},
            r"infinite values in 'dose' \(1\)",
        ),
        (
            hospitals(),
            {"target": "ill", "group": "clinic", "classes": ["no"]},
            r"the classes \['yes'\] in 'ill', need one of \['no'\]",
        ),
        (hospitals().to_numpy(), {"target": "ill"}, "a pandas DataFrame"),
        (pd.concat([hospitals()] * 2, axis=1), {"target": "ill"}, "more than once"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(frame, arguments, words):
    with pytest.raises(ValueError, match=words):
        Dataset.from_frame(frame, **arguments)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.sampled_from(["a", "b", "Ä", "10", ""]), min_size=1, max_size=9),
    st.randoms(use_true_random=False),
)
def test_names_and_codes_give_the_words_back(words, shuffle):
    owners = list(words)
    shuffle.shuffle(owners)
    frame = pd.DataFrame({"x": range(len(words)), "y": words, "g": owners})
    data = Dataset.from_frame(frame, target="y", group="g")
    assert [data.class_names[c] for c in data.y.tolist()] == words
    assert [data.group_names[g] for g in data.groups.tolist()] == owners


def test_torchs_data_sets_are_read():
    x, y = torch.arange(8.0).reshape(4, 2), torch.tensor([0, 1, 2, 0])
    pairs = TensorDataset(x, y)
    data = Dataset.from_torch(pairs, num_classes=3)
    assert torch.equal(data.x, x) and torch.equal(data.y, y) and data.num_classes == 3
    part = Dataset.from_torch(Subset(pairs, [2, 0]), num_classes=3)
    assert part.x.tolist() == [[4, 5], [0, 1]] and part.y.tolist() == [2, 0]
    numbers = Dataset.from_torch([([0.0], 1), ([2.0], 0)], num_classes=2)
    assert numbers.x.tolist() == [[0], [2]] and numbers.y.tolist() == [1, 0]


class Endless(IterableDataset):
    def __iter__(self):
        return iter(())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (TensorDataset(torch.zeros(2)), "1 tensors"),
        (TensorDataset(*[torch.zeros(2)] * 3), "3 tensors"),
        ([1, 2], "examples that are no pairs"),
        (Endless(), "an Endless"),
        ([], "without examples"),
    ],
)
def test_what_is_no_data_set_of_pairs_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Dataset.from_torch(wrong, num_classes=2)
