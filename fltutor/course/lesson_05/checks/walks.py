"""Exercise 05.local_end: where a client's walk ends, without a loop."""

from __future__ import annotations

from torch import Tensor

from fltutor.checks.old import Check, Mistake, example, tensor


def _given(
    start: Tensor, centre: Tensor, curvature: Tensor, lr: float, steps: int
) -> dict[str, object]:
    return {
        "start": start,
        "centre": centre,
        "curvature": curvature,
        "lr": lr,
        "steps": steps,
    }


LOCAL_END = Check(
    id="05.local_end",
    title="Where a local walk ends",
    signature="local_end(start, centre, curvature, lr, steps) -> (d,)",
    cases=(
        example(
            "one step of curvature 1",
            _given(tensor(4.0), tensor(0.0), tensor(1.0), 0.25, 1),
            tensor(3.0),
        ),
        example(
            "two steps, two curvatures",
            _given(tensor(5.0, 2.0), tensor(1.0, 10.0), tensor(1.0, 2.0), 0.25, 2),
            tensor(1 + 4 * 0.5625, 10 - 8 * 0.25),
        ),
        example(
            "three steps from the origin",
            _given(tensor(0.0, 0.0), tensor(8.0, -8.0), tensor(1.0, 3.0), 0.5, 3),
            tensor(7.0, -8 - 8 * 0.125),
        ),
        example(
            "who starts at home stays there",
            _given(tensor(2.0, 3.0), tensor(2.0, 3.0), tensor(1.0, 2.0), 0.1, 50),
            tensor(2.0, 3.0),
        ),
    ),
    mistakes=(
        Mistake(
            "The share of the way, where what is left was needed",
            lambda x, e, a, lr, k: e + (1 - (1 - lr * a) ** k) * (x - e),
            "(1 - lr a)^steps is what is *left* of the distance, 1 minus it is the "
            "share that was walked. Measured from the centre you need what is left.",
        ),
        Mistake(
            "The delta",
            lambda x, e, a, lr, k: e + (1 - lr * a) ** k * (x - e) - x,
            "This is end - start, what the client would send. Asked is the end.",
        ),
        Mistake(
            "The curvature is left out",
            lambda x, e, a, lr, k: e + (1 - lr) ** k * (x - e),
            "A step multiplies the distance by 1 - lr * curvature, for each number of "
            "the model by its own: a steep direction shrinks faster.",
        ),
        Mistake(
            "All steps with the first gradient",
            lambda x, e, a, lr, k: x - k * lr * a * (x - e),
            "The gradient gets smaller while the client walks. You used the one of "
            "the start for every step; each step multiplies by 1 - lr a.",
        ),
        Mistake(
            "One step only",
            lambda x, e, a, lr, k: x - lr * a * (x - e),
            "This is a single step. Raise the factor of one step to the power of "
            "`steps`.",
        ),
        Mistake(
            "The start is taken for the origin",
            lambda x, e, a, lr, k: (1 - (1 - lr * a) ** k) * e,
            "This holds for a start at 0. What shrinks is the distance start - centre.",
        ),
    ),
    hints=(
        "What does one step do to the distance between the model and the centre?",
        "A step multiplies w - centre by 1 - lr * curvature. Do that `steps` times, "
        "then add the centre again.",
        "return centre + (1 - lr * curvature) ** steps * (start - centre)",
    ),
)
