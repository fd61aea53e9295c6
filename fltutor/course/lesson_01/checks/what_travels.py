"""Exercise 01.what_travels: the books of three regimes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fltutor.checks.old import Check, Given, Mistake, example

Answer = tuple[float, float]


def _given(
    regime: str, sizes: list[int], example: int, model: int, rounds: int
) -> Given:
    return {
        "regime": regime,
        "sizes": sizes,
        "example_numbers": example,
        "model_numbers": model,
        "rounds": rounds,
    }


def _books(
    federated: Callable[[Sequence[int], int, int], float],
    central: Callable[[Sequence[int], int, int], Answer] = (
        lambda sizes, each, rounds: (sum(sizes), sum(sizes) * each)
    ),
) -> Callable[[str, Sequence[int], int, int, int], Answer]:
    """Return an answer whose federated or central entry is as given."""

    def answer(
        regime: str, sizes: Sequence[int], each: int, model: int, rounds: int
    ) -> Answer:
        if regime == "federated":
            return 0, federated(sizes, model, rounds)
        return central(sizes, each, rounds) if regime == "central" else (0, 0)

    return answer


def _right(sizes: Sequence[int], model: int, rounds: int) -> int:
    return len(sizes) * model * rounds


WHAT_TRAVELS = Check(
    id="01.what_travels",
    title="What travels, and who holds it",
    signature="what_travels(regime, sizes, example_numbers, model_numbers, rounds) "
    "-> (raw_examples, numbers_up)",
    cases=(
        example(
            "alone, nothing leaves",
            _given("alone", [4, 7], 65, 10, 5),
            (0, 0),
        ),
        example(
            "central: every example travels, once",
            _given("central", [4, 7, 2], 65, 10, 5),
            (13, 845),
        ),
        example(
            "federated: one model a client a round, and no example",
            _given("federated", [4, 7, 2], 65, 10, 5),
            (0, 150),
        ),
        example(
            "federated: the size of the clients' data plays no part",
            _given("federated", [400, 7, 2, 1], 65, 100, 30),
            (0, 12_000),
        ),
    ),
    mistakes=(
        Mistake(
            "The download counted too",
            _books(lambda sizes, model, rounds: 2 * len(sizes) * model * rounds),
            "The model also travels down to the clients, that is true; but "
            "`numbers_up` asks for what is sent to the server. Count one way.",
        ),
        Mistake(
            "A single round",
            _books(lambda sizes, model, rounds: len(sizes) * model),
            "This is one round's traffic. The model travels up again in every round: "
            "multiply by rounds.",
        ),
        Mistake(
            "A single client",
            _books(lambda sizes, model, rounds: model * rounds),
            "This is what one client sends. All len(sizes) of them send a model.",
        ),
        Mistake(
            "A model for each example",
            _books(lambda sizes, model, rounds: sum(sizes) * model * rounds),
            "A client sends one model a round, however many examples it trained on. "
            "Count clients, not examples.",
        ),
        Mistake(
            "The pile is sent again in every round",
            _books(
                _right,
                lambda sizes, each, rounds: (sum(sizes), sum(sizes) * each * rounds),
            ),
            "In the central regime the examples travel once, and then they lie there; "
            "training on them for many rounds sends nothing more.",
        ),
        Mistake(
            "No example at the central server",
            _books(_right, lambda sizes, each, rounds: (0, sum(sizes) * each)),
            "Whoever receives the examples holds them: in the central regime the "
            "server has all sum(sizes) raw examples.",
        ),
    ),
    hints=(
        "Take the three regimes one by one, and ask of each: what is put on the line, "
        "how often, by how many?",
        "alone: nothing. central: each example once, example_numbers long. federated: "
        "a model of model_numbers from every client in every round, and never an "
        "example.",
        'if regime == "central": return sum(sizes), sum(sizes) * example_numbers; '
        'if regime == "federated": return 0, len(sizes) * model_numbers * rounds; '
        "else 0, 0",
    ),
)
