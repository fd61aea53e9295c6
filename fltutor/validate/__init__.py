"""Checks of what comes in, all with one form of message.

A message has three parts: what was got, what is needed, what to do. Public functions
check their arguments here once; everything inside trusts. Numbers come back as plain
Python numbers, sequences as lists, so that numpy's and torch's count everywhere.
"""

from fltutor.validate.message import fail, shown
from fltutor.validate.numbers import (
    at_least,
    count,
    counts,
    fraction,
    number,
    positive,
    seed,
)
from fltutor.validate.objects import (
    entries,
    function,
    instance,
    instances,
    is_many,
    keep,
    not_empty,
    one_of,
    same_length,
)
from fltutor.validate.tensors import finite, matrix, returned, vector

__all__ = [
    "at_least",
    "count",
    "counts",
    "entries",
    "fail",
    "finite",
    "fraction",
    "function",
    "instance",
    "instances",
    "is_many",
    "matrix",
    "keep",
    "not_empty",
    "number",
    "one_of",
    "positive",
    "returned",
    "same_length",
    "seed",
    "shown",
    "vector",
]
