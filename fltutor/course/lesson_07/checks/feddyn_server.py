"""Exercise 07.feddyn_server: the server's step of FedDyn, with a few clients only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from fltutor.checks.old import Case, Check, Mistake, close, require, run, tensor

Pair = tuple[Tensor, Tensor]
Server = Callable[[Tensor, Tensor, Tensor, int, float], Pair]


def _case(
    name: str, h: Tensor, deltas: Tensor, num_clients: int, alpha: float,
    params: Tensor, new_h: Tensor,
) -> Case:  # fmt: skip
    given = {
        "params": tensor(1.0, -1.0), "h": h, "deltas": deltas,
        "num_clients": num_clients, "alpha": alpha,
    }  # fmt: skip

    def case(answer: object) -> None:
        got = run(answer, given)
        require(
            isinstance(got, Sequence) and len(got) == 2,
            "Two things are asked for, the new params and the new h: "
            "end with `return params, h`.",
            given,
            got=got,
        )
        assert isinstance(got, Sequence)
        close(got[1], new_h, given, what="the new h")
        close(got[0], params, given, what="the new params")

    return Case(name, case)


def _slip(
    *, share: bool = True, sign: float = -1.0, old: bool = False, times: bool = False,
    total: bool = False, bend: float = -1.0,
) -> Server:  # fmt: skip
    """Return the server's step with one thing wrong."""

    def server(
        params: Tensor, h: Tensor, deltas: Tensor, num_clients: int, alpha: float
    ) -> Pair:
        mean = deltas.sum(0) if total else deltas.mean(0)
        part = len(deltas) / num_clients if share else 1.0
        new = h + sign * alpha * part * mean
        used = h if old else new
        return params + mean + bend * (used * alpha if times else used / alpha), new

    return server


def _in_place(
    params: Tensor, h: Tensor, deltas: Tensor, num_clients: int, alpha: float
) -> Pair:
    h -= alpha * deltas.sum(0) / num_clients
    return params + deltas.mean(0) - h / alpha, h


_TWO = tensor([4.0, 0.0], [0.0, 8.0])  # (K, d), mean (2, 4)
FEDDYN_SERVER = Check(
    id="07.feddyn_server",
    title="FedDyn: the server's step",
    signature="feddyn_server(params, h, deltas, num_clients, alpha) -> (params, h)",
    cases=(
        _case(
            "the first round, all clients take part", tensor(0.0, 0.0), _TWO, 2, 1.0,
            tensor(5.0, 7.0), tensor(-2.0, -4.0),  # (1, -1) + (2, 4) + (2, 4)
        ),
        _case(
            "another alpha", tensor(0.0, 1.0), _TWO, 2, 0.5,
            # h = (0, 1) - 0.5 (2, 4) = (-1, -1); params + (2, 4) + (2, 2)
            tensor(5.0, 5.0), tensor(-1.0, -1.0),
        ),
        _case(
            "2 of 8 clients: h moves by a quarter of that", tensor(0.0, 1.0), _TWO, 8,
            0.5,
            # h = (0, 1) - 0.5 / 4 (2, 4) = (-0.25, 0.5); + (2, 4) - (-0.5, 1)
            tensor(3.5, 2.0), tensor(-0.25, 0.5),
        ),
        _case(
            "nobody wants to move: only the old bend is undone", tensor(0.5, -1.0),
            0 * _TWO, 8, 0.5, tensor(0.0, 1.0), tensor(0.5, -1.0),
        ),
    ),
    mistakes=(
        Mistake(
            "As if all had taken part",
            _slip(share=False),
            "h is the mean of the h_i of *all* N clients, and only K of them changed: "
            "it moves by alpha * K / N * mean(delta).",
        ),
        Mistake(
            "h grows instead of falling",
            _slip(sign=1.0),
            "Each h_i becomes h_i - alpha * delta_i, so their mean falls too: "
            "h - alpha * K / N * mean(delta).",
        ),
        Mistake(
            "The old h",
            _slip(old=True),
            "The params use the h from before this round. First renew h, then use it.",
        ),
        Mistake(
            "Times alpha",
            _slip(times=True),
            "h is a gradient, and h / alpha is the move that it stands for: divide.",
        ),
        Mistake(
            "The sum of the deltas",
            _slip(total=True),
            "The server moves by the *mean* of the deltas. With the sum, the step "
            "grows with the size of the cohort.",
        ),
        Mistake(
            "h pushes the other way",
            _slip(bend=1.0),
            "x <- x + mean(delta) - h / alpha. With a plus the bend that the clients "
            "walked with is added once more, not undone.",
        ),
        Mistake(
            "h is left out of the step",
            lambda params, h, deltas, num_clients, alpha: (
                params + deltas.mean(0),
                h - alpha * deltas.sum(0) / num_clients,
            ),
            "h is renewed but not used: this server takes FedAvg's step. Subtract "
            "h / alpha.",
        ),
        Mistake(
            "h is changed in place",
            _in_place,
            "`h -= ...` overwrites the caller's h. Write h = h - ...",
        ),
    ),
    hints=(
        "Two lines: renew h, then move the params. Which of the two needs the other?",
        "h is the mean of all N h_i, each of which changes by -alpha * delta_i, but "
        "only in K of N clients. The params move by mean(delta) - h / alpha.",
        "h = h - alpha * deltas.sum(0) / num_clients; "
        "return params + deltas.mean(0) - h / alpha, h",
    ),
)  # fmt: skip
