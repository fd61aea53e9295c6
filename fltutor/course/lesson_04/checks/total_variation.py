"""Exercise 04.total_variation: how far each client is from the whole."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from fltutor.checks.old import Case, Check, Mistake, example

Array: TypeAlias = np.ndarray[Any, Any]


def _shares(counts: Array) -> Array:
    shares: Array = counts / counts.sum(axis=1, keepdims=True)  # (N, C)
    return shares


def _whole(counts: Array) -> Array:
    whole: Array = counts.sum(axis=0) / counts.sum()  # (C,)
    return whole


def _gaps(counts: Array) -> Array:
    gaps: Array = np.abs(_shares(counts) - _whole(counts))
    return gaps


def _unweighted_whole(counts: Array) -> Array:
    shares = _shares(counts)
    distance: Array = np.abs(shares - shares.mean(axis=0)).sum(axis=1) / 2
    return distance


def _uniform_whole(counts: Array) -> Array:
    distance: Array = np.abs(_shares(counts) - 1 / counts.shape[1]).sum(axis=1) / 2
    return distance


def _shares_of_all(counts: Array) -> Array:
    shares = counts / counts.sum()
    distance: Array = np.abs(shares - _whole(counts)).sum(axis=1) / 2
    return distance


def _case(name: str, counts: list[list[int]], expected: list[float]) -> Case:
    return example(name, {"counts": np.array(counts)}, np.array(expected))


TOTAL_VARIATION = Check(
    id="04.total_variation",
    title="Total variation",
    signature="total_variation(counts) -> (N,)",
    cases=(
        _case("two clients of the same mix are at 0", [[2, 2], [4, 4]], [0.0, 0.0]),
        _case("one class each", [[4, 0], [0, 4]], [0.5, 0.5]),
        _case(
            "a large client counts for more in the whole",
            [[6, 0, 0], [2, 1, 1], [4, 4, 2]],
            [0.4, 0.1, 0.2],
        ),
        _case(
            "two clients, four classes",
            [[1, 3, 0, 0], [2, 2, 6, 6]],
            [0.6, 0.15],
        ),
    ),
    mistakes=(
        Mistake(
            "Without the half",
            lambda counts: _gaps(counts).sum(axis=1),
            "This is twice the total variation (Zhao et al. call it the earth mover's "
            "distance). An example too many of one class is one too few of another: "
            "halve the sum.",
        ),
        Mistake(
            "The whole as a mean of clients",
            _unweighted_whole,
            "Your whole is the plain mean of the clients' shares, so a client of four "
            "examples counts as much as one of forty. Add up the counts first: "
            "counts.sum(axis=0) / counts.sum().",
        ),
        Mistake(
            "All classes equally frequent",
            _uniform_whole,
            "You compare with equal shares of all classes. Compare with the shares "
            "that the classes have in all clients' examples together.",
        ),
        Mistake(
            "Shares of all examples",
            _shares_of_all,
            "Each row should be divided by its own sum, so that a client's shares add "
            "up to 1: counts.sum(axis=1, keepdims=True).",
        ),
        Mistake(
            "Summed over the clients",
            lambda counts: _gaps(counts).sum(axis=0) / 2,
            "You added up each class over the clients. The sum runs over the classes, "
            "axis 1, and leaves one number for each client.",
        ),
        Mistake(
            "The largest gap alone",
            lambda counts: _gaps(counts).max(axis=1),
            "This is the largest difference in one class. Total variation adds up the "
            "differences of all classes, and halves the sum.",
        ),
        Mistake(
            "One number for all",
            lambda counts: (_gaps(counts).sum(axis=1) / 2).mean(),
            "This is the mean over the clients, the skew of the federation. Asked is "
            "one number for each client, shape (N,).",
        ),
    ),
    hints=(
        "Two things are compared: a client's shares of the classes, and the shares of "
        "the classes in all examples together.",
        "Divide each row by its own sum (keepdims=True keeps it a column). The whole "
        "is the sum of the rows divided by the sum of everything. Then differences, "
        "absolute values, a sum over axis 1, and a half.",
        "p = counts / counts.sum(axis=1, keepdims=True); "
        "q = counts.sum(axis=0) / counts.sum(); "
        "return np.abs(p - q).sum(axis=1) / 2.",
    ),
)
