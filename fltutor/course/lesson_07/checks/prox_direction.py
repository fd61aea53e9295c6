"""Exercise 07.prox_direction: FedProx's local direction."""

from __future__ import annotations

from torch import Tensor

from fltutor.checks.old import Case, Check, Mistake, example, tensor


def _case(
    name: str, grad: Tensor, params: Tensor, start: Tensor, mu: float, expected: Tensor
) -> Case:
    given = {"grad": grad, "params": params, "start": start, "mu": mu}
    return example(name, given, expected)


def _in_place(grad: Tensor, params: Tensor, start: Tensor, mu: float) -> Tensor:
    grad += mu * (params - start)
    return grad


def _not_squared(grad: Tensor, params: Tensor, start: Tensor, mu: float) -> Tensor:
    gap = params - start
    pull: Tensor = mu / 2 * gap / gap.norm().clamp(min=1e-12)
    return grad + pull


PROX_DIRECTION = Check(
    id="07.prox_direction",
    title="FedProx: the direction of a local step",
    signature="prox_direction(grad, params, start, mu) -> (d,)",
    cases=(
        _case(
            "at the start of a round it is the gradient",
            tensor(1.0, -2.0), tensor(4.0, 5.0), tensor(4.0, 5.0), 3.0,
            tensor(1.0, -2.0),
        ),
        _case(
            "with mu = 0 it is the gradient, FedAvg's",
            tensor(1.0, -2.0), tensor(4.0, 5.0), tensor(0.0, 1.0), 0.0,
            tensor(1.0, -2.0),
        ),
        _case(
            "away from the start the band pulls back",
            tensor(0.0, 0.0), tensor(3.0, 1.0), tensor(1.0, 5.0), 0.5,
            tensor(1.0, -2.0),  # 0.5 * (2, -4)
        ),
        _case(
            "the gradient and the band together",
            tensor(1.0, -2.0), tensor(3.0, 1.0), tensor(-1.0, 2.0), 2.0,
            tensor(9.0, -4.0),  # (1, -2) + 2 * (4, -1)
        ),
    ),
    mistakes=(
        Mistake(
            "The band pushes",
            lambda grad, params, start, mu: grad - mu * (params - start),
            "The step goes *against* the direction, so this sends the client further "
            "out. The gradient of mu / 2 ||params - start||^2 is mu (params - start).",
        ),
        Mistake(
            "Twice as strong",
            lambda grad, params, start, mu: grad + 2 * mu * (params - start),
            "The penalty is mu *halves* times the square: the 2 from the square and "
            "the half cancel.",
        ),
        Mistake(
            "Half as strong",
            lambda grad, params, start, mu: grad + mu / 2 * (params - start),
            "The half of mu / 2 goes away when the square is differentiated: the "
            "gradient of (params - start)^2 / 2 is params - start.",
        ),
        Mistake(
            "Tied to zero",
            lambda grad, params, start, mu: grad + mu * params,
            "This pulls every number to 0, which is weight decay. FedProx ties the "
            "client to the model that it received: params - start.",
        ),
        Mistake(
            "The norm is not squared",
            _not_squared,
            "This is the gradient of mu / 2 times the distance. Its pull is the same "
            "however far out the client is; the pull of a square grows.",
        ),
        Mistake(
            "Only the band",
            lambda grad, params, start, mu: mu * (params - start),
            "The gradient of the client's own loss is lost: nothing would be learnt. "
            "Add the band to `grad`.",
        ),
        Mistake(
            "The gradient is changed in place",
            _in_place,
            "`grad += ...` writes into the caller's gradient. Write grad + ...",
        ),
    ),
    hints=(
        "The loss becomes F(w) + mu / 2 ||w - start||^2. What is the gradient of the "
        "second part?",
        "Differentiate the square: the 2 and the half cancel, and what is left points "
        "from the start to the params. Add it to `grad`.",
        "return grad + mu * (params - start)",
    ),
)  # fmt: skip
