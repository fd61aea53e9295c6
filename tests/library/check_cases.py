"""A small check, for tests of what carries checks."""

import torch

from fltutor.checks import Check, Wording, case, edit


def double(x):
    return 2 * x


def wording(**changes):
    words = {
        "title": "Twice as much",
        "signature": "double(x) -> (d,)",
        "hints": ("one", "two", "three"),
        "cases": {"vector": "a vector", "zeros": "zeros"},
        "mistakes": {"squared": ("Squared", "x * x is not 2 * x.")},
    }
    return Wording(**words | changes)


DOUBLE = Check(
    id="99.double",
    reference=double,
    cases=(
        case("vector", torch.tensor([1.0, 2.0]), expected=[2.0, 4.0]),
        case("zeros", torch.zeros(2)),
    ),
    mistakes={"squared": edit("2 * x", "x**2")},
    words=wording(),
)
