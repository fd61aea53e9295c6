"""What lesson 09 defines, and what it became in the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lesson_support import Row, federation_of_02

import fltutor as ft


def devices_of_09() -> list[ft.systems.Device]:
    phone = ft.systems.Device(speed=10, download=0.05, upload=0.02, latency=0.1)
    return ft.systems.fleet(20, profiles=[phone], spread=1.0, seed=3)


def library_trip(device: ft.systems.Device, num_bytes: int, steps: int) -> float:
    load = ft.systems.Load(bytes_down=num_bytes, bytes_up=num_bytes)
    blank = ft.systems.Span(
        client=0, round=0, start=0.0, download_end=0.0, compute_end=0.0,
        upload_end=0.0, epochs=1,
    )  # fmt: skip
    return ft.systems.devices.trip(blank, device, load, steps).seconds


def trips_of_09() -> dict[int, float]:
    clock = ft.systems.synchronous(federation_of_02(), devices_of_09())
    return {span.client: span.seconds for span in clock.trace(1)}


def library_round_of_09(
    trips: dict[int, float], deadline: float, enough: int | None
) -> list[float]:
    clock = ft.systems.synchronous(
        federation_of_02(), devices_of_09(), deadline=deadline, enough=enough
    )
    spans, end = clock.schedule(0)
    used = sorted(s.client for s in spans if s.outcome == "used")
    return [end, *used]


def round_of_09(made: dict[str, Any]) -> Callable[..., list[float]]:
    def play(trips: dict[int, float], deadline: float, enough: int) -> list[float]:
        end, used = made["play_round"](trips, deadline, enough)
        return [end, *sorted(used)]

    return play


ROWS = [
    Row("trip_seconds", ("trip",), library_trip,
        lambda: (devices_of_09()[4], 19280, 25)),
    *(
        Row("play_round", ("play-round",), library_round_of_09,
            lambda rule=rule: (trips_of_09(), *rule), mine=round_of_09)
        for rule in [(float("inf"), None), (3.0, None), (3.0, 4), (99.0, 7)]
    ),
]  # fmt: skip
