"""Print and write the table paper | here: ``python -m reproduce [NAME ...]``."""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Iterable
from pathlib import Path

import torch

import fltutor as ft
from fltutor.datasets import DataNotFoundError
from reproduce import fedprox, mcmahan, scaffold
from reproduce.common import Row

PARTS = {"fedprox": fedprox, "mcmahan": mcmahan, "scaffold": scaffold}
HERE = Path(__file__).parent


def collect(name: str) -> list[Row]:
    """Run one part and print its rows as they come; say what data it lacks."""
    found = []
    try:
        for row in PARTS[name].rows():
            print(f"{row.result} | {row.paper} | {row.here}", flush=True)
            found.append(row)
    except DataNotFoundError as error:
        print(f"{name} left out: {error}")
    return found


def table(rows: Iterable[Row]) -> str:
    """Return a Markdown table."""
    lines = ["| result | paper | here |", "|---|---|---|"]
    lines += [f"| {row.result} | {row.paper} | {row.here} |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    """Run the parts named on the command line, all by default."""
    parser = argparse.ArgumentParser(prog="reproduce", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*PARTS, []], help="parts to run")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(exist_ok=True)
    for name in options.names or PARTS:
        begin = time.perf_counter()
        rows = collect(name)
        if not rows:
            continue
        minutes = (time.perf_counter() - begin) / 60
        facts = f"fltutor {ft.__version__}, torch {torch.__version__.split('+')[0]}"
        note = f"{facts}, {platform.machine()}, {minutes:.1f} minutes."
        text = f"{PARTS[name].__doc__}\n{table(rows)}\n\n{note}\n"
        (options.out / f"{name}.md").write_text(text, encoding="utf-8")
        record = [vars(row) for row in rows]
        (options.out / f"{name}.json").write_text(
            json.dumps(record, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
