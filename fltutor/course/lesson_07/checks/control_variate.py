"""Exercise 07.control_variate: SCAFFOLD's c_i after a round, signs and all."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fltutor.checks.old import (
    Case,
    Check,
    Mistake,
    close,
    require,
    run,
    tensor,
    to_array,
)

Gradient = Callable[[Tensor], Tensor]
_CENTRE = tensor(3.0, -1.0)


def _bowl(params: Tensor) -> Tensor:
    return params - _CENTRE


def _slope(params: Tensor) -> Tensor:
    return tensor(2.0, -4.0)


def _walk(
    start: Tensor, c_i: Tensor, c: Tensor, gradient: Gradient, steps: int, lr: float
) -> tuple[dict[str, object], Tensor]:
    """Train as SCAFFOLD does; return what `renew` is given, and the mean gradient."""
    params, met = start, []
    for _ in range(steps):
        met.append(gradient(params))
        params = params - lr * (met[-1] - c_i + c)
    given = {"c_i": c_i, "c": c, "delta": params - start, "steps": steps, "lr": lr}
    return given, torch.stack(met).mean(0)


def _case(
    name: str, c_i: Tensor, c: Tensor, gradient: Gradient, steps: int, lr: float
) -> Case:
    given, expected = _walk(tensor(5.0, 5.0), c_i, c, gradient, steps, lr)

    def case(answer: object) -> None:
        close(run(answer, given), expected, given, what="the new c_i")

    return Case(name, case)


def _nothing_learnt_from_noise(answer: object) -> None:
    """Hold c_i after one step to be free of what the notes said before."""
    found = []
    for scale in (0.0, 7.0):
        notes = (tensor(scale, -scale), tensor(2 * scale, scale))
        given, _ = _walk(tensor(5.0, 5.0), *notes, _bowl, 1, 0.2)
        found.append(to_array(run(answer, given)))
    require(
        found[0] is not None
        and found[1] is not None
        and found[0].shape == found[1].shape
        and bool(abs(found[0] - found[1]).max() < 1e-5),
        "The same step from the same start, once with notes of zero and once with "
        "nonsense in them, gave two different c_i.",
        got=found,
    )


def _in_place(c_i: Tensor, c: Tensor, delta: Tensor, steps: int, lr: float) -> Tensor:
    c_i -= c + delta / (steps * lr)
    return c_i


_ZERO = tensor(0.0, 0.0)
CONTROL_VARIATE = Check(
    id="07.control_variate",
    title="SCAFFOLD: the client's control variate",
    signature="renew(c_i, c, delta, steps, lr) -> (d,)",
    cases=(
        _case(
            "one step from zero notes: c_i is the client's gradient",
            _ZERO, _ZERO, _bowl, 1, 1.0,
        ),
        _case(
            "the step size does not matter", _ZERO, _ZERO, _bowl, 1, 0.1
        ),
        _case(
            "whatever stood in c_i before is gone", tensor(7.0, 2.0), _ZERO, _bowl,
            1, 0.1,
        ),
        _case(
            "whatever stood in c is gone", tensor(7.0, 2.0), tensor(-3.0, 4.0),
            _bowl, 1, 0.1,
        ),
        _case(
            "a constant gradient comes out of 5 steps", tensor(1.0, 1.0),
            tensor(0.5, -2.0), _slope, 5, 0.1,
        ),
        _case(
            "after 4 steps c_i is the mean gradient of the walk", tensor(1.0, 0.0),
            tensor(-1.0, 2.0), _bowl, 4, 0.2,
        ),
        Case("nonsense in the notes leaves no trace", _nothing_learnt_from_noise),
    ),
    mistakes=(
        Mistake(
            "The sign of the delta",
            lambda c_i, c, delta, steps, lr: c_i - c + delta / (steps * lr),
            "Here delta is end - start, and it points *against* the gradients: a "
            "gradient is minus delta / (steps * lr). With the plus, c_i pushes the "
            "client where it drifts anyway. (Papers that write start - end have a plus "
            "there.)",
        ),
        Mistake(
            "The sign of c",
            lambda c_i, c, delta, steps, lr: c_i + c - delta / (steps * lr),
            "The walk went along grad - c_i + c, so its mean contains + c. To be left "
            "with the gradient, take c away.",
        ),
        Mistake(
            "The sign of c_i",
            lambda c_i, c, delta, steps, lr: -c_i - c - delta / (steps * lr),
            "The walk went along grad - c_i + c, so its mean contains - c_i. To be "
            "left with the gradient, add c_i.",
        ),
        Mistake(
            "The notes are not undone",
            lambda c_i, c, delta, steps, lr: -delta / (steps * lr),
            "This is the mean of the *corrected* directions, grad - c_i + c. Undo the "
            "correction: add c_i, take c away.",
        ),
        Mistake(
            "c is forgotten",
            lambda c_i, c, delta, steps, lr: c_i - delta / (steps * lr),
            "c_i is undone but c is not: what everybody wants would be counted as "
            "this client's own.",
        ),
        Mistake(
            "Not divided by the steps",
            lambda c_i, c, delta, steps, lr: c_i - c - delta / lr,
            "delta is the sum over all local steps. c_i is a *mean* gradient: divide "
            "by steps * lr.",
        ),
        Mistake(
            "Not divided by the learning rate",
            lambda c_i, c, delta, steps, lr: c_i - c - delta / steps,
            "delta is lr times the sum of the directions. A gradient has no learning "
            "rate in it: divide by steps * lr.",
        ),
        Mistake(
            "The change instead of c_i",
            lambda c_i, c, delta, steps, lr: -c - delta / (steps * lr),
            "This is how much c_i changes, which is what travels to the server. "
            "Here the new c_i itself is asked for.",
        ),
        Mistake(
            "c_i is changed in place",
            _in_place,
            "`c_i -= ...` overwrites the old c_i, but the change of it (new minus old) "
            "still has to be sent. Make a new one.",
        ),
    ),
    hints=(
        "delta is -lr times the sum of (grad - c_i + c) over the steps. Solve that for "
        "the mean of grad.",
        "-delta / (steps * lr) is the mean of grad - c_i + c. Which two terms must you "
        "undo, and with which signs?",
        "return c_i - c - delta / (steps * lr)",
    ),
)  # fmt: skip
