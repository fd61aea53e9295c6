"""Exercise 04.mystery: which splitter made which federation."""

from __future__ import annotations

from collections.abc import Mapping

from fltutor.checks.old import Case, Check, Mistake, require

_RIGHT = {
    "A": "dirichlet(0.3)",
    "B": "iid",
    "C": "labels_per_client",
    "D": "quantity",
    "E": "dirichlet(100)",
    "F": "shards",
}
_CLUES = {
    "A": "Every row has large, small and missing classes, in no pattern.",
    "B": "Rows of one size; the numbers of a column vary as much as chance makes them.",
    "C": "Count the classes of each row, and compare the numbers within a column.",
    "D": "Look at the sums of the rows, then at a large row alone.",
    "E": "Compare the numbers of a column with those of the other even-looking table.",
    "F": "Count the classes of each row, and look at the small numbers beside large.",
}


def _complete(answer: object) -> None:
    require(
        isinstance(answer, Mapping) and set(answer) == set(_RIGHT),
        "The answer is a dictionary with one name for each of A, B, C, D, E, F.",
        kind="form",
    )
    assert isinstance(answer, Mapping)
    unknown = sorted({str(v) for v in answer.values()} - set(_RIGHT.values()))
    require(
        not unknown,
        f"Unknown name: {', '.join(unknown)}. Choose from {', '.join(_names())}.",
        kind="name",
    )


def _names() -> list[str]:
    return sorted(_RIGHT.values())


def _federation(letter: str) -> Case:
    def case(answer: object) -> None:
        _complete(answer)
        assert isinstance(answer, Mapping)
        said = str(answer[letter])
        problem = f"{letter} is not from {said}. {_CLUES[letter]}"
        require(said == _RIGHT[letter], problem, got=said, kind=letter)

    return Case(f"federation {letter}", case)


def _swapped(one: str, other: str) -> dict[str, str]:
    return _RIGHT | {one: _RIGHT[other], other: _RIGHT[one]}


MYSTERY = Check(
    id="04.mystery",
    title="Which splitter made this federation?",
    signature='answer = {"A": name, "B": name, ..., "F": name}',
    cases=tuple(_federation(letter) for letter in _RIGHT),
    mistakes=(
        Mistake(
            "Even taken for iid",
            _swapped("B", "E"),
            "You have the two even ones the wrong way round. Chance scatters: 145 "
            "examples of a class, dealt out to six clients at random, differ by 4 or 5 "
            "from client to client. The one that is more even than that is Dirichlet "
            "with a large alpha.",
        ),
        Mistake(
            "Shards and classes per client",
            _swapped("C", "F"),
            "Both give few classes to a client, and you have them the wrong way round. "
            "labels_per_client cuts each class in *equal* parts for exactly so many "
            "holders; shards are cut from one long line, at places where a class may "
            "just be ending.",
        ),
        Mistake(
            "Sizes and labels",
            _swapped("A", "D"),
            "Both have unequal rows. Under quantity the *mix* of a large row is that "
            "of the whole; under Dirichlet it is not.",
        ),
        Mistake(
            "Dirichlet and shards",
            _swapped("A", "F"),
            "Both have zeros. Shards give every client the same number of examples, "
            "up to one; Dirichlet does not.",
        ),
        Mistake(
            "Alpha the wrong way round",
            _swapped("A", "E"),
            "You have the two values of alpha the wrong way round: a *large* alpha "
            "makes clients even, a small one makes them differ.",
        ),
        Mistake(
            "All of them iid",
            dict.fromkeys(_RIGHT, "iid"),
            "Each of the six splitters made exactly one federation.",
        ),
    ),
    hints=(
        "Three things to look at: the sums of the rows, the number of classes in a "
        "row, and how much the numbers of one column scatter.",
        "Rows of equal size (up to one): iid and shards. Rows of very unequal size: "
        "quantity and Dirichlet with a small alpha. Exactly two classes in every row: "
        "labels per client.",
        "What is left is B and E. A column of a random split scatters by about 4.5 "
        "(the root of 145 * 1/6 * 5/6): compute tables[name].std(axis=0).mean().",
    ),
)
