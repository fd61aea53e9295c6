"""Turn a result into tables: ``python -m benchmarks.table results/bench.json``.

With ``--into README.md`` the tables replace what stands between the file's markers.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def render(result: dict[str, Any]) -> str:
    """Return all tables of a result as Markdown."""
    parts = [_machine(result)]
    parts += [_workload(work, result) for work in result["workloads"]]
    parts.append(_scale(result["scale"]))
    evaluation, start = result["evaluation"], result["start_up"]
    parts.append(
        f"Evaluating digits' test set takes {evaluation['median_ms']:.2f} ms. A fresh "
        f"Python takes {start['torch']:.2f} s for `import torch` and "
        f"{start['fltutor']:.2f} s for `import fltutor as ft; ft.Federation`."
    )
    return "\n\n".join(parts)


def _machine(result: dict[str, Any]) -> str:
    m = result["machine"]
    rates = ", ".join(
        f"{float(rate) / 1e9:.0f} on {t} thread{'s' * (t != '1')}"
        for t, rate in result["rates"].items()
    )
    lines = [
        f"{m['processor']}, {m['cores']} cores, torch {m['torch']} with "
        f"{m['threads']} threads, numpy {m['numpy']}, Python {m['python']}, float32. "
        f"Square matrix products run at (10^9 multiply-adds a second): {rates}."
    ]
    if m["load"] is not None:
        after = m.get("load_after") or m["load"]
        lines.append(f"Load before: {m['load']:.1f}, after: {after:.1f}.")
        if m["load"] > 0.5:
            lines.append(
                "**Other programs were running on this machine: read the ratios.**"
            )
    if result["quick"]:
        lines.append("**A quick run on smaller workloads: not for quoting.**")
    return " ".join(lines)


def _workload(work: dict[str, Any], result: dict[str, Any]) -> str:
    goal = (
        f" Goal: {work['least']:g}x, hoped for {work['hoped']:g}x."
        if work["least"]
        else ""
    )
    lines = [
        f"**{work['name']}**: {work['title']}. Data: {work['data']}.{goal}",
        "",
        "| | ms, median | quartiles | times the textbook's speed |",
        "|---|---|---|---|",
    ]
    for name, e in work["entries"].items():
        lines.append(
            f"| {name} | {e['median_ms']:.4g} | {e['q1_ms']:.4g} to {e['q3_ms']:.4g} "
            f"| {e['ratio']:.3g} |"
        )
    base = work["entries"]["textbook"]["median_ms"]
    for threads, ms in work["products_ms"].items():
        name = f"matrix products alone, {threads} thread{'s' * (threads != '1')}"
        lines.append(f"| {name} | {ms:.3g} | | {base / ms:.3g} |")
    whole = work["entries"]["FedAvg, a round"]["ratio"]
    engine = work["entries"]["FedAvg, the engine alone"]["ratio"]
    lines += ["", f"Around the engine: {1 - whole / engine:.0%} of FedAvg's round. "]
    if work["peak_mib"]["textbook"] is not None:
        peaks = ", ".join(f"{n} {mib:.0f}" for n, mib in work["peak_mib"].items())
        lines[-1] += f"Peak memory in MiB: {peaks}; allowed {work['allowed_mib']:.0f}. "
    lines[-1] += f"Path: {work['path']}"
    return "\n".join(lines)


def _scale(rows: list[dict[str, Any]]) -> str:
    lines = [
        "**Scale**: a round of 100 clients (logistic regression, 20 examples each).",
        "",
        "| clients in the federation | ms, median | quartiles | peak MiB of a round |",
        "|---|---|---|---|",
    ]
    for r in rows:
        peak = "" if r["peak_mib"] is None else f"{r['peak_mib']:.1f}"
        lines.append(
            f"| {r['clients']:,}, {r['kind']} | {r['median_ms']:.3g} "
            f"| {r['q1_ms']:.3g} to {r['q3_ms']:.3g} | {peak} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Read the command line, print the tables or put them into a file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table")
    parser.add_argument("result", type=Path)
    parser.add_argument("--into", type=Path, help="a file with the two markers")
    options = parser.parse_args()
    text = render(json.loads(options.result.read_text()))
    if options.into is None:
        print(text)
    else:
        insert(options.into, "bench", text)


def insert(path: Path, name: str, text: str) -> None:
    """Replace what stands between a file's two markers of a name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = path.read_text().split(begin)
    _, after = rest.split(end)
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


if __name__ == "__main__":
    main()
