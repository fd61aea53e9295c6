"""Exercise 06.worst_client: the client that the average forgets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fltutor.checks.old import Check, Given, Mistake, example

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _worst(correct: Floats, owner: Ints) -> tuple[int, float]:
    ids = np.unique(owner)
    each = np.array([correct[owner == i].mean() for i in ids])
    return int(ids[each.argmin()]), float(each.min())


def _most_errors(correct: Floats, owner: Ints) -> tuple[int, float]:
    ids = np.unique(owner)
    wrong = [(1 - correct)[owner == i].sum() for i in ids]
    client = ids[int(np.argmax(wrong))]
    return int(client), float(correct[owner == client].mean())


def _fewest_right(correct: Floats, owner: Ints) -> tuple[int, float]:
    ids = np.unique(owner)
    right = [correct[owner == i].sum() for i in ids]
    client = ids[int(np.argmin(right))]
    return int(client), float(correct[owner == client].mean())


def _place(correct: Floats, owner: Ints) -> tuple[int, float]:
    client, low = _worst(correct, owner)
    return int(np.searchsorted(np.unique(owner), client)), low


def _with_absent(correct: Floats, owner: Ints) -> tuple[int, float]:
    each = [
        correct[owner == i].mean() if (owner == i).any() else 0.0
        for i in range(int(owner.max()) + 1)
    ]
    return int(np.argmin(each)), float(min(each))


def _everyone(correct: Floats, owner: Ints) -> tuple[int, float]:
    return _worst(correct, owner)[0], float(correct.mean())


def _best(correct: Floats, owner: Ints) -> tuple[int, float]:
    ids = np.unique(owner)
    each = [correct[owner == i].mean() for i in ids]
    return int(ids[int(np.argmax(each))]), float(max(each))


def _answers(right: list[int], owner: list[int]) -> Given:
    return {"correct": np.array(right, dtype=bool), "owner": np.array(owner)}


WORST_CLIENT = Check(
    id="06.worst_client",
    title="The client that fares worst",
    signature="worst_client(correct, owner) -> (client, accuracy)",
    cases=(
        example(
            "two clients, three examples each",
            _answers([1, 1, 1, 1, 0, 1], [0, 0, 0, 1, 1, 1]),
            (1, 2 / 3),
        ),
        example(
            "a large client makes more errors, a small one the larger share",
            _answers([1, 1, 1, 0, 0, 1, 1, 1, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]),
            (1, 1 / 2),
        ),
        example(
            "a small client has few right answers and fares well",
            _answers([1, 0, 1, 0, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1, 1, 2]),
            (0, 1 / 2),
        ),
        example(
            "ids are names, not places, and the examples come in any order",
            _answers([1, 0, 1, 0, 1, 1, 1], [9, 4, 9, 2, 4, 2, 4]),
            (2, 1 / 2),
        ),
        example(
            "only clients that have test data count",
            _answers([1, 0, 1, 1, 1], [1, 5, 5, 5, 1]),
            (5, 2 / 3),
        ),
    ),
    mistakes=(
        Mistake(
            "Most errors instead of the largest share",
            lambda correct, owner: _most_errors(correct * 1.0, owner),
            "This finds the client with most errors, and a client with many examples "
            "has many of everything. Divide by its own number of examples.",
        ),
        Mistake(
            "Fewest right answers",
            lambda correct, owner: _fewest_right(correct * 1.0, owner),
            "This finds the client with the fewest right answers, often just the one "
            "with the fewest examples. Take the mean over its own examples.",
        ),
        Mistake(
            "The place instead of the id",
            lambda correct, owner: _place(correct * 1.0, owner),
            "argmin gives a place in the list of the clients that occur, and the "
            "answer is the client's id: np.unique(owner)[place].",
        ),
        Mistake(
            "Clients without test data get a zero",
            lambda correct, owner: _with_absent(correct * 1.0, owner),
            "A client that has no test example has no accuracy, and zero is a very bad "
            "one. Go through np.unique(owner).",
        ),
        Mistake(
            "The accuracy on everyone's examples",
            lambda correct, owner: _everyone(correct * 1.0, owner),
            "The client is right, its accuracy is not: this is the mean over the "
            "examples of all clients, the very number that hides it.",
        ),
        Mistake(
            "The best client",
            lambda correct, owner: _best(correct * 1.0, owner),
            "This is the client that fares best. The lowest accuracy is asked for: "
            "argmin and min.",
        ),
    ),
    hints=(
        "Whose examples does one accuracy rest on? Pick them with a mask.",
        "For each id in np.unique(owner): correct[owner == id].mean(). Then the lowest "
        "of these, and the id at that place.",
        "ids = np.unique(owner); each = [correct[owner == i].mean() for i in ids]; "
        "place = np.argmin(each); return ids[place], each[place].",
    ),
)
