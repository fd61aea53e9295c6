"""Exercise 03.line: the models on the straight line between two models."""

from __future__ import annotations

from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor

_A, _B = tensor(2.0, 0.0, -1.0), tensor(4.0, 1.0, 3.0)


def _in_place(a: Tensor, b: Tensor, ts: Tensor) -> Tensor:
    b -= a
    return a + ts[:, None] * b


LINE = Check(
    id="03.line",
    title="The line between two models",
    signature="line(a, b, ts) -> (T, d)",
    cases=tuple(
        example(name, {"a": a, "b": b, "ts": ts}, expected)
        for name, a, b, ts, expected in (
            ("the middle is the average", _A, _B, tensor(0.5), tensor([3.0, 0.5, 1.0])),
            (
                "t = 0 is a, t = 1 is b",
                _A,
                _B,
                tensor(0.0, 1.0),
                tensor([2.0, 0.0, -1.0], [4.0, 1.0, 3.0]),
            ),
            (
                "a row for each t, also when there are as many as parameters",
                _A,
                _B,
                tensor(0.25, 0.5, 1.0),
                tensor([2.5, 0.25, 0.0], [3.0, 0.5, 1.0], [4.0, 1.0, 3.0]),
            ),
            (
                "beyond b the line goes on",
                tensor(1.0, 1.0),
                tensor(2.0, 0.0),
                tensor(2.0),
                tensor([3.0, -1.0]),
            ),
        )
    ),
    mistakes=(
        Mistake(
            "The ends are exchanged",
            lambda a, b, ts: ts[:, None] * a + (1 - ts[:, None]) * b,
            "At t = 0 this is b. The line should begin at a: (1 - t) a + t b.",
        ),
        Mistake(
            "The whole of a stays",
            lambda a, b, ts: a + ts[:, None] * b,
            "a + t b does not arrive at b for t = 1. While b comes in, a has to go: "
            "(1 - t) a + t b.",
        ),
        Mistake(
            "From b on",
            lambda a, b, ts: b + ts[:, None] * (b - a),
            "The step b - a is right, but the line begins at a: a + t (b - a).",
        ),
        Mistake(
            "The wrong axis",
            lambda a, b, ts: a[:, None] + ts * (b - a)[:, None],
            "This has a column for each t, (d, T). A model is a row: ts[:, None] has "
            "shape (T, 1) and meets the vectors of shape (d,) row by row.",
        ),
        Mistake(
            "Each parameter gets a t of its own",
            lambda a, b, ts: (a + ts * (b - a)).expand(len(ts), -1),
            "ts * (b - a) lines the places up with the parameters. Every place t is a "
            "whole model: ts[:, None].",
        ),
        Mistake(
            "Always the average",
            lambda a, b, ts: ((a + b) / 2).expand(len(ts), -1),
            "This is the middle of the line for every t. `ts` is never used.",
        ),
        Mistake(
            "The input is changed in place",
            _in_place,
            "`b -= a` writes into the caller's model. Use b - a, that makes a new one.",
        ),
    ),
    hints=(
        "Write one model for one t first. What must it be at t = 0, and at t = 1?",
        "(1 - t) * a + t * b for one t; for all of them at once let ts be a column, "
        "ts[:, None], of shape (T, 1).",
        "(1 - ts[:, None]) * a + ts[:, None] * b, or torch.stack of one vector a t.",
    ),
)
