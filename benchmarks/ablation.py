"""What each part of the engine brings: ``python -m benchmarks.ablation``.

A part is switched off from outside: a direction that does not declare itself affine is
called in every step, and an engine of one worker shares nothing out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import fltutor as ft
from benchmarks import measure, table, workloads
from fltutor.engines import Vectorised, vectorised

MEMBERS = (ft.FedAvg(), ft.FedProx(mu=0.1), ft.Scaffold())
NAMES = ("W1", "W2E1", "W3", "W4")
ALONE = Vectorised(workers=1)
Engine = Callable[..., object]
#: part -> with it, without it, and the clock: threads need the one on the wall
PARTS: dict[str, tuple[Engine, Engine, Callable[[], float]]] = {
    "symbols": (
        ALONE,
        lambda *given: ALONE(*given[:5], undeclared(given[5]), given[6]),
        time.process_time,
    ),
    "a second thread": (vectorised, ALONE, time.perf_counter),
}


def undeclared(direction: Callable[..., Any]) -> Callable[..., Any]:
    """Hide a direction's declaration: it is called in every step."""
    return lambda *given: direction(*given)


def slowdowns(work: workloads.Workload, repeats: int) -> dict[str, dict[str, float]]:
    """Return algorithm -> part -> how many times slower the engine is without it."""
    clients, _ = workloads.load(work)
    task = ft.Task(work.model(), seed=0)
    found: dict[str, dict[str, float]] = {}
    for member in MEMBERS:
        f = ft.Federation(task, clients, member, work.local, cohort_size=work.cohort)
        own = workloads.training(f, workloads.used(f))
        found[member.name] = {}
        for part, (whole, without, clock) in PARTS.items():
            calls = {"whole": partial(whole, *own), "without": partial(without, *own)}
            times = measure.interleave(calls, repeats=repeats, clock=clock)
            found[member.name][part] = measure.ratio(times["without"], times["whole"])
    return found


def render(found: dict[str, dict[str, dict[str, float]]], load: float | None) -> str:
    """Return the table in Markdown: a row for each part and algorithm."""
    lines = [
        f"| without | algorithm | {' | '.join(found)} |",
        f"|---|---|{'---|' * len(found)}",
    ]
    for part in PARTS:
        for member in MEMBERS:
            cells = [f"{found[work][member.name][part]:.2f}" for work in found]
            lines.append(f"| {part} | {member.name} | {' | '.join(cells)} |")
    if load is not None:
        lines += ["", f"Load while it was measured: {load:.1f}."]
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
