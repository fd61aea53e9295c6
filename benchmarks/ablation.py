"""What each part of the engine brings: ``python -m benchmarks.ablation``.

A part is switched off from outside: a direction that does not declare itself affine is
called in every step, and an engine of one worker shares nothing out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import fltutor as ft
from benchmarks import measure, table, workloads
from fltutor.engines import Vectorised, vectorised

MEMBERS = (ft.FedAvg(), ft.FedProx(mu=0.1), ft.Scaffold())
NAMES = ("W1", "W2E1", "W3", "W4")
WHOLE = "the engine as it is"
#: what is off -> (an engine's arguments) -> the round without it
PARTS: dict[str, Callable[..., object]] = {
    WHOLE: vectorised,
    "symbols": lambda *given: vectorised(*given[:5], undeclared(given[5]), given[6]),
    "a second thread": Vectorised(workers=1),
}


def undeclared(direction: Callable[..., Any]) -> Callable[..., Any]:
    """Hide a direction's declaration: it is called in every step."""
    return lambda *given: direction(*given)


def slowdowns(work: workloads.Workload, repeats: int) -> dict[str, dict[str, float]]:
    """Return algorithm -> part -> how many times slower the engine is without it."""
    clients, _ = workloads.load(work)
    task = ft.Task(work.model(), seed=0)
    found = {}
    for member in MEMBERS:
        f = ft.Federation(task, clients, member, work.local, cohort_size=work.cohort)
        own = workloads.training(f, workloads.used(f))
        calls = {name: partial(part, *own) for name, part in PARTS.items()}
        times = measure.interleave(calls, repeats=repeats)
        found[member.name] = {
            name: measure.ratio(seconds, times[WHOLE])
            for name, seconds in times.items()
            if name != WHOLE
        }
    return found


def render(found: dict[str, dict[str, dict[str, float]]], load: float | None) -> str:
    """Return the table in Markdown: a row for each part and algorithm."""
    parts = [name for name in PARTS if name != WHOLE]
    lines = [
        f"| without | algorithm | {' | '.join(found)} |",
        f"|---|---|{'---|' * len(found)}",
    ]
    for part in parts:
        for member in MEMBERS:
            cells = [f"{found[work][member.name][part]:.2f}" for work in found]
            lines.append(f"| {part} | {member.name} | {' | '.join(cells)} |")
    if load is not None:
        lines += ["", f"Load while it was measured: {load:.1f} on a machine's average."]
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, print the table or put it into a file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation")
    parser.add_argument("--quick", action="store_true", help="small: does it run?")
    parser.add_argument("--only", nargs="+", default=list(NAMES), choices=NAMES)
    parser.add_argument("--repeats", type=int, default=9, help="turns of each")
    parser.add_argument("--into", type=Path, help="a file with the two markers")
    options = parser.parse_args()
    found = {}
    for name in options.only:
        work = workloads.ALL[name]
        print(f"measuring {name}: {work.title}", file=sys.stderr, flush=True)
        found[name] = slowdowns(
            workloads.quick(work) if options.quick else work,
            max(2, options.repeats // 3) if name == "W4" else options.repeats,
        )
    text = render(found, measure.load())
    if options.into is None:
        print(text)
    else:
        table.insert(options.into, "ablation", text)


if __name__ == "__main__":
    main()
