"""Exercise 08.effective_lr: how long a step with momentum really is."""

from __future__ import annotations

from fltutor.checks.old import Check, Mistake, example


def _given(server_lr: float, momentum: float, rounds: int) -> dict[str, object]:
    return {"server_lr": server_lr, "momentum": momentum, "rounds": rounds}


def _total(server_lr: float, momentum: float, rounds: int) -> float:
    speeds = [(1 - momentum**t) / (1 - momentum) for t in range(1, rounds + 1)]
    return server_lr * sum(speeds)


EFFECTIVE_LR = Check(
    id="08.effective_lr",
    title="How long is a step with momentum?",
    signature="effective_lr(server_lr, momentum, rounds) -> number",
    cases=(
        example("in the first round it is server_lr", _given(0.5, 0.9, 1), 0.5),
        example("without momentum it stays server_lr", _given(0.3, 0.0, 7), 0.3),
        example("two rounds: 1 + 0.5", _given(1.0, 0.5, 2), 1.5),
        example(
            "three rounds, a server_lr of 2: 2 (1 + 0.8 + 0.64)",
            _given(2.0, 0.8, 3),
            4.88,
        ),
        example("in the long run, tenfold", _given(1.0, 0.9, 400), 10.0),
    ),
    mistakes=(
        Mistake(
            "Only the long run",
            lambda server_lr, momentum, rounds: server_lr / (1 - momentum),
            "This is where the velocity ends after very many rounds. After a few it "
            "is not there yet: use `rounds`.",
        ),
        Mistake(
            "One round too few",
            lambda server_lr, momentum, rounds: (
                server_lr * (1 - momentum ** (rounds - 1)) / (1 - momentum)
            ),
            "The sum has one term too few: in the first round the velocity is already "
            "1, not 0.",
        ),
        Mistake(
            "One round too many",
            lambda server_lr, momentum, rounds: (
                server_lr * (1 - momentum ** (rounds + 1)) / (1 - momentum)
            ),
            "The sum has one term too many: in the first round the velocity is 1, and "
            "only in the second 1 + momentum.",
        ),
        Mistake(
            "The velocity of an average",
            lambda server_lr, momentum, rounds: server_lr * (1 - momentum**rounds),
            "This is Adam's m, an average, which never exceeds 1. FedAvgM's velocity "
            "is a sum: divide by 1 - momentum.",
        ),
        Mistake(
            "The way instead of the speed",
            _total,
            "You added up the steps of all rounds: how far the model has come. Asked "
            "is the step of the last of these rounds alone.",
        ),
        Mistake(
            "Momentum compounds",
            lambda server_lr, momentum, rounds: (
                server_lr * (1 + momentum) ** (rounds - 1)
            ),
            "A velocity that grows by the factor 1 + momentum each round would never "
            "stop growing. Each round adds 1 and *keeps* the share momentum: "
            "v = momentum * v + 1.",
        ),
    ),
    hints=(
        "Let each aggregate be 1 and follow the velocity: v = momentum * v + 1, from "
        "0. What is it after 1, 2, 3 rounds?",
        "It is 1 + momentum + momentum**2 + ... with `rounds` terms. A loop will do; "
        "there is also a formula for such a sum.",
        "(1 - momentum**rounds) / (1 - momentum), times server_lr.",
    ),
)
