"""Exercise 09.unbiased_weights: weights that undo an uneven sampling."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor


def _draw(sizes: Tensor, chances: Tensor, *ids: int) -> dict[str, object]:
    return {"sizes": sizes, "chances": chances, "ids": list(ids)}


_UNEVEN = (tensor(10, 30, 60), tensor(0.5, 0.3, 0.2))


def _weights(sizes: Tensor, chances: Tensor, ids: Sequence[int]) -> Tensor:
    share = sizes / sizes.sum()
    return (share / chances)[list(ids)] / len(ids)


def _normalised(sizes: Tensor, chances: Tensor, ids: Sequence[int]) -> Tensor:
    got = _weights(sizes, chances, ids)
    return got / got.sum()


def _of_the_cohort(sizes: Tensor, chances: Tensor, ids: Sequence[int]) -> Tensor:
    mine = sizes[list(ids)]
    return mine / mine.sum() / chances[list(ids)] / len(ids)


UNBIASED_WEIGHTS = Check(
    id="09.unbiased_weights",
    title="Weights that undo an uneven sampling",
    signature="unbiased_weights(sizes, chances, ids) -> (K,)",
    cases=(
        example(
            "equal sizes, equal chances",
            _draw(tensor(5, 5, 5, 5), tensor(0.25, 0.25, 0.25, 0.25), 0, 2),
            tensor(0.5, 0.5),
        ),
        example("uneven chances", _draw(*_UNEVEN, 2, 0), tensor(1.5, 0.1)),
        example(
            "one client drawn twice",
            _draw(*_UNEVEN, 1, 1, 0),
            tensor(1 / 3, 1 / 3, 1 / 15),
        ),
        example("a cohort of one", _draw(*_UNEVEN, 2), tensor(3.0)),
    ),
    mistakes=(
        Mistake(
            "Made to add up to 1",
            _normalised,
            "These weights need not add up to 1 in a single round, only on average. "
            "Dividing by their sum brings a part of the bias back.",
        ),
        Mistake(
            "Not divided by K",
            lambda sizes, chances, ids: _weights(sizes, chances, ids) * len(ids),
            "K clients are drawn, and each drawing alone would be right on average: "
            "take the mean of the K, not their sum.",
        ),
        Mistake(
            "The chances are forgotten",
            lambda sizes, chances, ids: (sizes / sizes.sum())[list(ids)] / len(ids),
            "Whoever is drawn often counts too much on average. Divide by the chance "
            "of being drawn.",
        ),
        Mistake(
            "Multiplied by the chances",
            lambda sizes, chances, ids: (
                (sizes / sizes.sum() * chances)[list(ids)] / len(ids)
            ),
            "This counts the rare ones down twice. Whoever comes rarely must count "
            "more: divide by the chance.",
        ),
        Mistake(
            "Sizes of the cohort only",
            _of_the_cohort,
            "n is the number of examples of all clients, not of those drawn: their "
            "sum changes from round to round and brings a bias back.",
        ),
        Mistake(
            "FedAvg's weights",
            lambda sizes, chances, ids: sizes[list(ids)] / sizes[list(ids)].sum(),
            "These are FedAvg's weights n_k / n within the cohort. They suit clients "
            "that all have the same chance, which they have not here.",
        ),
    ),
    hints=(
        "What should client k contribute on average? And how often is it drawn?",
        "Share of all examples, divided by the chance, divided by the number drawn.",
        "sizes[ids] / sizes.sum() / chances[ids] / len(ids)",
    ),
)
