"""Make the saved runs of lesson 06's leaderboard roulette again: some minutes.

``python workshop/roulette_runs.py`` writes fltutor/course/lesson_06/roulette.json.
"""

import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import torch

from fltutor.course.lesson_06 import roulette_runs as runs


def one(job: tuple[str, int, int]) -> tuple[float, ...]:
    """Train one method with one of its settings under one seed."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    method, place, seed = job
    return runs.measure(method, runs.GRIDS[method][place], seed)


def main() -> int:
    """Run every job, write the file."""
    results = {}
    with ProcessPoolExecutor(max_workers=2) as pool:
        for method, grid in runs.GRIDS.items():
            jobs = [
                (method, *job) for job in product(range(len(grid)), range(runs.SEEDS))
            ]
            flat = list(pool.map(one, jobs, chunksize=8))
            n = runs.SEEDS
            results[method] = [flat[k * n : k * n + n] for k in range(len(grid))]
            sys.stdout.write(f"{method}: {len(flat)} runs\n")
            sys.stdout.flush()
    runs.FILE.write_text(runs.to_json(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
