"""Time other simulators: ``python -m benchmarks.peers [--only fedlab] [--work W1]``.

Each gets a virtual environment under ``.venv-peers/``, the same clients' examples in a
file, and the workload's numbers; it answers with its parameter count, its local steps
and the seconds of each round. A peer whose counts differ is not compared; one that does
not install or start is named with the reason.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import fltutor as ft
from benchmarks import measure, table, workloads
from benchmarks.__main__ import calls_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / ".venv-peers"
RESULTS = HERE.parent / "results" / "peers.json"
WORKS = ("W1", "W2E1", "W3")


@dataclass(frozen=True)
class Peer:
    """A simulator, how it is installed, and the script that runs it."""

    name: str
    script: str
    requires: tuple[str, ...]


PEERS = {
    "fedlab": Peer("FedLab 1.3.0", "run_fedlab.py", ("fedlab==1.3.0", "torch==2.13.0")),
    "fedjax": Peer("FedJAX 0.0.17", "run_fedjax.py", ("fedjax==0.0.17",)),
    "pfl": Peer("pfl-research 0.6.0", "run_pfl.py", ("pfl==0.6.0", "torch==2.13.0")),
    "flower": Peer(
        "Flower 1.41.0 simulation",
        "run_flower.py",
        ("flwr[simulation]==1.41.0", "torch==2.13.0"),
    ),
}


def install(key: str) -> tuple[Path | None, str]:
    """Make a peer's environment, once; return its Python, or None and the reason."""
    folder = ENVIRONMENTS / key
    python, stamp = folder / "bin" / "python", folder / ".installed"
    if stamp.exists():
        return python, ""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    done = subprocess.run(
        [*pip, "--disable-pip-version-check", *PEERS[key].requires],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        return None, _last_line(done.stderr)
    stamp.touch()
    return python, ""


def hand_over(work: workloads.Workload, folder: Path) -> tuple[list[ft.Client], Path]:
    """Write a workload's cohort for a peer to read."""
    clients = workloads.load(work)[0][: work.cohort]
    arrays = {f"x{c.id}": c.data.x.numpy() for c in clients}
    arrays |= {f"y{c.id}": c.data.y.numpy() for c in clients}
    np.savez(folder / "data.npz", **arrays)
    spec = {
        "sizes": [p.shape[1] for p in work.model().parameters() if p.ndim == 2],
        "outputs": 10,
        "clients": work.cohort,
        "batch_size": work.batch_size,
        "epochs": work.epochs,
        "lr": work.local.lr,
        "rounds": 6,
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    return clients, folder


def ask(python: Path, key: str, folder: Path, timeout: float) -> dict[str, Any]:
    """Run a peer's script and read the last line that it prints."""
    try:
        done = subprocess.run(
            [str(python), str(HERE / PEERS[key].script), str(folder)],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=folder,
        )
    except subprocess.TimeoutExpired:
        return {"reason": f"no answer in {timeout:.0f} s"}
    if done.returncode != 0:
        return {"reason": _last_line(done.stderr)}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def checked(answer: dict[str, Any], **needed: int) -> dict[str, Any]:
    """Return an answer, or the reason why it is not the same work."""
    for what, number in needed.items():
        if "reason" not in answer and answer[what] != number:
            return {"reason": f"{answer[what]} {what}, not {number}"}
    return answer


def compare(
    work: workloads.Workload, pythons: dict[str, Path], timeout: float
) -> dict[str, Any]:
    """Time this library, the textbook loop and every peer on one workload."""
    whole = replace(work, num_clients=work.cohort, data=_source(work))
    with tempfile.TemporaryDirectory() as name:
        clients, folder = hand_over(whole, Path(name))
        task = ft.Task(work.model(), seed=0)
        steps = sum(-(-len(c) // work.batch_size) * work.epochs for c in clients)
        own = calls_of(whole, clients, task)
        kept = {n: own[n] for n in ("textbook", "FedAvg, a round")}
        answers, base = {}, []
        for key, python in pythons.items():
            print(f"  {PEERS[key].name}", file=sys.stderr, flush=True)
            base.append(measure.interleave(kept, repeats=3))  # before each peer
            answer = ask(python, key, folder, timeout)
            answers[key] = checked(answer, parameters=task.dim, steps=steps)
        base.append(measure.interleave(kept, repeats=3))
    times = {n: [s for b in base for s in b[n]] for n in kept}
    middle = {n: statistics.median(s) for n, s in times.items()}
    rows: dict[str, Any] = {
        "textbook": {"ms": middle["textbook"] * 1e3},
        "fltutor": {"ms": middle["FedAvg, a round"] * 1e3},
    }
    for key, answer in answers.items():
        if "reason" not in answer:
            seconds = answer["seconds"]
            answer |= {
                "first_ms": seconds[0] * 1e3,
                "ms": statistics.median(seconds[1:]) * 1e3,
            }
        rows[PEERS[key].name] = answer
    return {"title": work.title, "steps": steps, "parameters": task.dim, "rows": rows}


def render(result: dict[str, Any]) -> str:
    """Return the comparison as Markdown."""
    lines = []
    for name, work in result["works"].items():
        base = work["rows"]["textbook"]["ms"]
        lines += [
            f"**{name}**: {work['title']}; {work['parameters']:,} parameters and "
            f"{work['steps']:,} local steps a round for everyone.",
            "",
            "| | ms a round | times the textbook's speed | first round, ms |",
            "|---|---|---|---|",
        ]
        for who, row in work["rows"].items():
            if "reason" in row:
                lines.append(f"| {who} | not run: {row['reason'][:90]} | | |")
                continue
            first = f"{row['first_ms']:.0f}" if "first_ms" in row else ""
            lines.append(
                f"| {who} | {row['ms']:.4g} | {base / row['ms']:.3g} | {first} |"
            )
        lines.append("")
    for name, reason in result["missing"].items():
        lines.append(f"{name} did not install: {reason[:200]}")
    return "\n".join(lines)


def _source(work: workloads.Workload) -> str:
    """Random numbers for all but digits: the cohort is then the federation."""
    return "digits" if work.data == "digits" else "random"


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    lines = [line for line in lines if "Error" in line] or lines
    return lines[-1] if lines else "no message"


def main() -> None:
    """Install, run, print, write; with ``--into FILE`` put the tables there too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--into", type=Path, help="a file with the two markers")
    options = parser.parse_args()
    pythons, missing = {}, {}
    for key in options.only:
        print(f"installing {PEERS[key].name}", file=sys.stderr, flush=True)
        python, reason = install(key)
        if python is None:
            missing[PEERS[key].name] = reason
        else:
            pythons[key] = python
    works = {}
    for name in options.work:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        works[name] = compare(workloads.ALL[name], pythons, options.timeout)
    result = {"machine": measure.machine(), "works": works, "missing": missing}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    text = render(result)
    print(text)
    if options.into:
        table.insert(options.into, "peers", text)


if __name__ == "__main__":
    main()
