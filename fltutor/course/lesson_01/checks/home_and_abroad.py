"""Exercise 01.home_and_abroad: read the table of journeys."""

from __future__ import annotations

from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor

_TWO = tensor([1.0, 0.2], [0.4, 0.8])  # (N, N)
_FOUR = tensor(
    [0.9, 0.1, 0.3, 0.2],
    [0.5, 1.0, 0.4, 0.0],
    [0.0, 0.6, 0.8, 0.9],
    [0.2, 0.3, 0.1, 0.7],
)


def _others(table: Tensor) -> Tensor:
    return (table.sum(1) - table.diagonal()) / (len(table) - 1)


def _in_place(table: Tensor) -> tuple[Tensor, Tensor]:
    home = table.diagonal().clone()
    table.fill_diagonal_(0.0)
    return home, table.sum(1) / (len(table) - 1)


HOME_AND_ABROAD = Check(
    id="01.home_and_abroad",
    title="At home and abroad",
    signature="home_and_abroad(journeys) -> (home, abroad), each (N,)",
    cases=(
        example(
            "two clients: home is the diagonal, abroad the other house",
            {"journeys": _TWO},
            tensor([1.0, 0.8], [0.2, 0.4]),
        ),
        example(
            "four clients: abroad is the mean over the three others",
            {"journeys": _FOUR},
            tensor([0.9, 1.0, 0.8, 0.7], [0.2, 0.3, 0.5, 0.2]),
        ),
    ),
    mistakes=(
        Mistake(
            "Home counted as abroad",
            lambda table: (table.diagonal(), table.mean(1)),
            "The mean of the whole row contains the model's own home, and makes it "
            "look better abroad than it is. Take the diagonal out first, and divide by "
            "N - 1.",
        ),
        Mistake(
            "Columns for rows",
            lambda table: (table.diagonal(), _others(table.T)),
            "This is the mean of each column: how well the others' models do in "
            "house j. One model on its journeys is a row.",
        ),
        Mistake(
            "Abroad before home",
            lambda table: (_others(table), table.diagonal()),
            "The two answers are right, in the other order: return home first, then "
            "abroad.",
        ),
        Mistake(
            "Divided by N",
            lambda table: (
                table.diagonal(),
                (table.sum(1) - table.diagonal()) / len(table),
            ),
            "The diagonal is taken out of the sum, but the sum is still divided by N. "
            "There are N - 1 houses abroad.",
        ),
        Mistake(
            "One number for all clients",
            lambda table: (table.diagonal().mean(), _others(table).mean()),
            "These are means over all clients. Keep one number per client: the mean "
            "hides who fares well and who does not.",
        ),
        Mistake(
            "The table is changed",
            _in_place,
            "Setting the diagonal to zero changes the caller's table, and the next "
            "reader finds every client failing at home. Work on a copy, or subtract "
            "the diagonal from the sums.",
        ),
    ),
    hints=(
        "Draw the 2 x 2 table on paper. Which two cells are home? What remains of "
        "each row?",
        "home is journeys.diagonal(). For abroad, sum each row (axis 1), subtract "
        "home, and divide by the number of the others.",
        "home = journeys.diagonal(); abroad = (journeys.sum(1) - home) / "
        "(len(journeys) - 1); return home, abroad",
    ),
)
