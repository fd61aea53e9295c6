"""Run the benchmark: ``python -m benchmarks [--quick] [--only W1 ...]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

import fltutor as ft
from benchmarks import measure, scale, table, textbook, workloads
from fltutor import seeds
from fltutor.clients import batch_plan
from fltutor.engines import sequential, vectorised

RESULTS = Path(__file__).parent / "results" / "bench.json"
MEMBERS = (ft.FedAvg(), ft.FedProx(mu=0.1), ft.Scaffold(), ft.FedDyn(alpha=0.1))
#: Workloads in which the readable engine is timed too.
READABLE = ("W1", "W2E1", "W3")


def multiplications(
    task: ft.Task, cohort: list[ft.Client], work: workloads.Workload
) -> float:
    """Count the multiply-adds of a round's matrix products and convolutions."""
    data = cohort[0].data
    x, y = data.x[: work.batch_size], data.y[: work.batch_size]
    counter = FlopCounterMode(display=False)
    with counter:
        torch.nn.functional.cross_entropy(task.module(x), y).backward()
    task.module.zero_grad()
    examples = sum(len(client) for client in cohort) * work.epochs
    return counter.get_total_flops() / 2 / len(x) * examples


def alone(call: Callable[[], object]) -> Callable[[], object]:
    """Run with one torch thread, the fastest for these loops."""

    def run() -> None:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        call()
        torch.set_num_threads(before)

    return run


def calls_of(
    work: workloads.Workload, clients: list[ft.Client], task: ft.Task
) -> dict[str, Callable[[], object]]:
    """Return what is timed in one workload, name -> call."""
    first = ft.Federation(
        task, clients, ft.FedAvg(), work.local, cohort_size=work.cohort
    )
    ids = first.sample(0)
    cohort = [clients[i] for i in ids.tolist()]
    plan = batch_plan(
        [len(c) for c in cohort], work.local, seeds.keys(0, "batches", 0, ids)
    )
    steps = int((plan >= 0).any(dim=2).sum())
    assert textbook.federated_round(task.module, cohort, work.local)[1] == steps
    pooled = textbook.pool(cohort)
    calls: dict[str, Callable[[], object]] = {
        "textbook": alone(
            lambda: textbook.federated_round(task.module, cohort, work.local)
        ),
        "central": alone(
            lambda: textbook.central_run(task.module, pooled, work.local, steps)
        ),
    }
    for member in MEMBERS:
        f = ft.Federation(task, clients, member, work.local, cohort_size=work.cohort)
        state = workloads.used(f)
        own = workloads.training(f, state)
        calls[f"{member.name}, a round"] = lambda f=f, s=state: f.round(s, 0)
        calls[f"{member.name}, the engine alone"] = lambda own=own: vectorised(*own)
        if member.name == "FedAvg" and work.name in READABLE:
            calls["sequential engine"] = alone(lambda own=own: sequential(*own))
    return calls


def measure_workload(
    work: workloads.Workload, repeats: int, rates: dict[int, float]
) -> dict[str, Any]:
    """Time one workload and measure its memory."""
    clients, source = workloads.load(work)
    task = ft.Task(work.model(), seed=0)
    calls = calls_of(work, clients, task)
    slow = work.name in ("W2E5", "W4")
    times = measure.interleave(calls, repeats=max(2, repeats // 3) if slow else repeats)
    macs = multiplications(task, clients[: work.cohort], work)
    return {
        "name": work.name,
        "title": work.title,
        "data": source,
        "least": work.least,
        "hoped": work.hoped,
        "path": vectorised.explain(task, clients[: work.cohort]),
        "entries": {
            name: {
                **measure.summary(seconds),
                "ratio": measure.ratio(times["textbook"], seconds),
            }
            for name, seconds in times.items()
        },
        "products_ms": {str(t): macs / rate * 1e3 for t, rate in rates.items()},
        "peak_mib": {
            n: measure.peak_of(calls[n])
            for n in ("textbook", "FedAvg, a round", "SCAFFOLD, a round")
        },
        "allowed_mib": 3 * work.cohort * task.dim * 4 / measure.MIB + 400,
    }


def evaluation(repeats: int) -> dict[str, float]:
    """Time the evaluation of the MLP on digits' test set."""
    task, test = ft.Task(ft.models.mlp(64, 32, 10)), ft.datasets.digits().test
    params = task.init()
    call = {"evaluate": lambda: task.evaluate(params, test)}
    return measure.summary(measure.interleave(call, repeats=repeats)["evaluate"])


def run(names: list[str], *, quick: bool, repeats: int) -> dict[str, Any]:
    """Measure everything and return it as one JSON object."""
    machine = measure.machine()
    rates = {t: measure.matmul_rate(t) for t in sorted({1, machine["threads"]})}
    chosen = [workloads.ALL[name] for name in names]
    result: dict[str, Any] = {
        "quick": quick,
        "machine": machine,
        "rates": {str(t): rate for t, rate in rates.items()},
        "workloads": [],
    }
    for work in chosen:
        print(f"measuring {work.name}: {work.title}", file=sys.stderr, flush=True)
        small = workloads.quick(work) if quick else work
        result["workloads"].append(measure_workload(small, repeats, rates))
    print("measuring scale, evaluation, start-up", file=sys.stderr, flush=True)
    result["scale"] = scale.measure_scale(quick=quick)
    result["evaluation"] = evaluation(repeats)
    tries = 1 if quick else 3
    result["start_up"] = {
        "torch": measure.start_up("import torch", tries),
        "fltutor": measure.start_up("import fltutor as ft; ft.Federation", tries),
    }
    machine["load_after"] = measure.load()
    return result


def main() -> None:
    """Read the command line, measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small, under a minute")
    parser.add_argument("--only", nargs="+", default=list(workloads.ALL), metavar="W")
    parser.add_argument("--repeats", type=int, help="turns of each; 15, quick 3")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where JSON goes")
    options = parser.parse_args()
    unknown = set(options.only) - set(workloads.ALL)
    if unknown:
        parser.error(f"no workload {sorted(unknown)}; there are {list(workloads.ALL)}")
    if measure.busy(measure.load()):
        print(
            f"The machine is busy (load {measure.load():.1f} in the last minute): "
            "read ratios, not milliseconds.",
            file=sys.stderr,
        )
    repeats = options.repeats or (3 if options.quick else 15)
    result = run(options.only, quick=options.quick, repeats=repeats)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(table.render(result))
    print(f"\nWritten to {options.out}")


if __name__ == "__main__":
    main()
