"""Clocks: interleaved, so that ratios hold on a machine that does other things too."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

Call = Callable[[], object]

MIB = 2**20


def interleave(
    calls: Mapping[str, Call],
    *,
    repeats: int,
    at_least: float = 0.05,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Time calls in turn, again and again; return name -> seconds of one call.

    Parameters
    ----------
    calls
        what to time. A short one is called several times in a row, as rounds are in
        a run, until ``at_least`` seconds have passed, and the mean is kept.
    repeats
        how often it is each one's turn.
    at_least
        seconds of one turn.
    clock
        ``time.process_time`` counts this process alone, where others are in the way.
    """
    inner = {}
    for name, call in calls.items():
        for _ in range(2):  # the first call warms up
            begin = clock()
            call()
            seconds = clock() - begin
            if seconds > 1:
                break
        inner[name] = max(1, round(at_least / seconds))
    times: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for turn in range(repeats):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            begin = clock()
            for _ in range(inner[name]):
                calls[name]()
            times[name].append((clock() - begin) / inner[name])
    return times


def summary(seconds: list[float]) -> dict[str, float]:
    """Return median and quartiles in ms, and how many times it was measured."""
    low, middle, high = np.percentile(seconds, [25, 50, 75]) * 1e3
    return {
        "median_ms": float(middle),
        "q1_ms": float(low),
        "q3_ms": float(high),
        "repeats": len(seconds),
    }


def ratio(base: list[float], own: list[float]) -> float:
    """Return how many times faster: the median of the ratios, turn by turn."""
    return statistics.median(b / o for b, o in zip(base, own, strict=True))


def matmul_rate(threads: int, size: int = 768) -> float:
    """Measure float32 multiply-adds a second in a square matrix product."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    a, b = torch.rand(size, size), torch.rand(size, size)
    times = interleave({"mm": lambda: a @ b}, repeats=7, at_least=0.02)["mm"]
    torch.set_num_threads(before)
    return size**3 / min(times)


def resident() -> int | None:
    """Return the bytes that this process holds now, or None off Linux."""
    return _status("VmRSS")


def peak_of(call: Call) -> float | None:
    """Return by how many MiB a call raises the process's memory at its peak."""
    clear = Path("/proc/self/clear_refs")
    if not clear.exists():
        return None
    call()  # what stays allocated after a first call is not the call's peak
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # or the peak hides in what is kept for reuse
    before = resident() or 0
    clear.write_text("5")  # the peak starts from here
    call()
    return max(0, (_status("VmHWM") or 0) - before) / MIB


def _status(field: str) -> int | None:
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return None


def start_up(statement: str, repeats: int = 3) -> float:
    """Return the seconds that a fresh Python takes for a statement, at best."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        times.append(time.perf_counter() - begin)
    return min(times)


def machine() -> dict[str, Any]:
    """Describe what the numbers were made on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":")[1].strip()
                break
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": load(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def load() -> float | None:
    """Return how many programs wanted to run in the last minute, on average."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def busy(value: float | None) -> bool:
    """Tell whether others leave less than all but half a core."""
    return value is not None and value > 0.5
