"""Exercise 05.update_cosine: whether the clients pull in one direction."""

from __future__ import annotations

import torch
from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor


def _unit(deltas: Tensor) -> Tensor:
    rows = torch.as_tensor(deltas)
    unit: Tensor = rows / rows.norm(dim=1, keepdim=True)
    return unit


def _pairs(matrix: Tensor) -> Tensor:
    i, j = torch.triu_indices(len(matrix), len(matrix), 1)
    return matrix[i, j]


_THREE = tensor([1.0, 0.0], [0.0, 2.0], [-3.0, 0.0])
_FOUR = tensor(
    [3.0, 4.0, 0.0], [4.0, 3.0, 0.0], [0.0, 0.0, 5.0], [-3.0, -4.0, 0.0]
)  # unit rows: (.6, .8, 0), (.8, .6, 0), (0, 0, 1), (-.6, -.8, 0)

UPDATE_COSINE = Check(
    id="05.update_cosine",
    title="Do the clients pull in one direction",
    signature="update_cosine(deltas) -> number",
    cases=(
        example(
            "two clients at an angle of 45 degrees",
            {"deltas": tensor([2.0, 0.0], [3.0, 3.0])},
            0.5**0.5,
        ),
        example("three clients: pairs 0, -1 and 0", {"deltas": _THREE}, -1 / 3),
        example(
            "four clients: six pairs",
            {"deltas": _FOUR},
            (0.96 + 0 - 1 + 0 - 0.96 + 0) / 6,
        ),
        example(
            "the same direction, other lengths",
            {"deltas": tensor([1.0, 2.0], [2.0, 4.0], [0.5, 1.0])},
            1.0,
        ),
    ),
    mistakes=(
        Mistake(
            "Every client is paired with itself too",
            lambda deltas: (_unit(deltas) @ _unit(deltas).T).mean(),
            "The diagonal is the cosine of each client with itself, always 1. Take "
            "the pairs of two different clients only.",
        ),
        Mistake(
            "Dot products of whole deltas",
            lambda deltas: _pairs(deltas @ deltas.T).mean(),
            "A dot product also grows with the lengths. Divide each row by its own "
            "length first.",
        ),
        Mistake(
            "The sum of the pairs",
            lambda deltas: _pairs(_unit(deltas) @ _unit(deltas).T).sum(),
            "You added up the pairs. Divide by how many there are.",
        ),
        Mistake(
            "The cosine to the average",
            lambda deltas: (_unit(deltas) @ _unit(deltas.mean(0)[None])[0]).mean(),
            "This compares each client with the average delta, in which it stands "
            "itself. Compare the clients with each other.",
        ),
        Mistake(
            "Absolute values",
            lambda deltas: _pairs((_unit(deltas) @ _unit(deltas).T).abs()).mean(),
            "Two clients that pull against each other have the cosine -1, and that is "
            "just what one wants to see: no absolute values.",
        ),
        Mistake(
            "Neighbours only",
            lambda deltas: (_unit(deltas)[:-1] * _unit(deltas)[1:]).sum(1).mean(),
            "You compared each client with the next one. Clients have no order: take "
            "every pair once.",
        ),
    ),
    hints=(
        "Make every row a vector of length 1. What is the dot product of two of them?",
        "unit @ unit.T is the (K, K) matrix of all cosines. Its diagonal is 1 and it "
        "holds each pair twice.",
        "cosines = unit @ unit.T; return (cosines.sum() - K) / (K * (K - 1))",
    ),
)
