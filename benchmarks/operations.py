"""Time what is done to a round's matrix: ``python -m benchmarks.operations``.

One torch thread, as inside a federation's round. Each row has a goal in seconds; the
exit status says whether all are met.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import fltutor as ft
from benchmarks import measure

RESULTS = Path(__file__).parent / "results" / "operations.json"
ROUNDS = 10_000


@dataclass(frozen=True)
class Operation:
    """What is timed, and how long it may take.

    Attributes
    ----------
    title
        the row's name.
    goal
        seconds.
    make
        prepares, for a share of the full size in (0, 1], and returns the call.
    """

    title: str
    goal: float
    make: Callable[[float], Callable[[], Any]]


def rule(aggregate: Callable[..., Any]) -> Callable[[float], Callable[[], Any]]:
    """Prepare an aggregator's call on 100 clients x 200,000 numbers."""

    def make(share: float) -> Callable[[], Any]:
        draw = torch.Generator().manual_seed(0)
        deltas = torch.randn(100, int(200_000 * share), generator=draw)
        return lambda: aggregate(deltas, torch.ones(100))

    return make


def account(share: float) -> Callable[[], Any]:
    """Prepare the epsilon of 10,000 rounds, each time of other noise: none is kept."""
    turn = iter(range(1, 10**9))
    return lambda: ft.accounting.spent(
        noise_multiplier=1 + next(turn) * 1e-9,
        sampling_rate=0.01,
        rounds=ROUNDS,
        delta=1e-5,
    )


def scores(deltas: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Score every update as Krum does."""
    return ft.robust.krum_scores(deltas, num_byzantine=20)


def secure_sum(share: float) -> Callable[[], Any]:
    """Prepare a secure sum of 100 clients x 10,000 numbers with 10 drop-outs."""
    clients = max(10, int(100 * share))
    draw = torch.Generator().manual_seed(0)
    numbers = torch.randint(0, 2**16, (clients, int(10_000 * share)), generator=draw)
    half = -(-clients // 20)
    drops = {"shares": range(half), "masked": range(half, clients // 10)}
    return lambda: ft.secagg.run(
        dict(enumerate(numbers)),
        threshold=2 * clients // 3 + 1,
        modulus=ft.secagg.FixedPoint(bits=16).modulus(clients),
        drops=drops,
    )


MATRIX = "100 clients x 200,000 numbers"
OPERATIONS = (
    Operation("mean", 1.0, rule(ft.aggregators.mean)),
    Operation("median", 1.0, rule(ft.robust.median)),
    Operation("trimmed mean", 1.0, rule(ft.robust.trimmed_mean(share=0.2))),
    Operation("centred clipping", 1.0, rule(ft.robust.centred_clipping(radius=300.0))),
    Operation("Krum scores", 1.0, rule(scores)),
    Operation("geometric median", 2.0, rule(ft.robust.geometric_median())),
    Operation("Bulyan", 2.0, rule(ft.robust.bulyan(num_byzantine=20))),
    Operation("secure sum, 10,000 numbers, 10 drop-outs", 20.0, secure_sum),
    Operation(f"epsilon of {ROUNDS:,} rounds", 0.1, account),
)


def run(*, quick: bool, repeats: int) -> dict[str, Any]:
    """Time every operation and return it as one JSON object."""
    torch.set_num_threads(1)
    calls = {o.title: o.make(0.02 if quick else 1.0) for o in OPERATIONS}
    times = measure.interleave(calls, repeats=repeats)
    return {
        "quick": quick,
        "machine": measure.machine(),
        "entries": [
            {"title": o.title, "goal_s": o.goal, **measure.summary(times[o.title])}
            for o in OPERATIONS
        ],
    }


def render(result: dict[str, Any]) -> str:
    """Return the table as Markdown."""
    lines = [
        f"{MATRIX}, float32, one thread.",
        "",
        "| | ms, median | quartiles | goal, ms |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {e['title']} | {e['median_ms']:.0f} | {e['q1_ms']:.0f} to {e['q3_ms']:.0f} "
        f"| {e['goal_s'] * 1e3:.0f} |"
        for e in result["entries"]
    ]
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operations")
    parser.add_argument("--quick", action="store_true", help="small: does it run?")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where JSON goes")
    options = parser.parse_args()
    result = run(quick=options.quick, repeats=options.repeats)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(render(result))
    late = [e["title"] for e in result["entries"] if e["median_ms"] > e["goal_s"] * 1e3]
    if late and not options.quick:
        sys.exit(f"Above the goal: {', '.join(late)}")


if __name__ == "__main__":
    main()
