"""Devices and networks in numbers, and how long a trip takes on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor, isinf, isnan

import numpy as np
import torch

from fltutor import seeds, validate
from fltutor.federation import Federation
from fltutor.systems.trace import USED, Span
from fltutor.updates import Updates

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Device:
    """How fast a client computes and sends, and how sure it is to be there.

    Attributes
    ----------
    speed
        local steps a second, at the batch size in use; infinite is allowed.
    download, upload
        MiB a second, 1 MiB = 2^20 bytes; infinite is allowed.
    latency
        seconds before each of the two transfers.
    availability
        probability in (0, 1] that it answers when it is asked to take part.
    dropout
        probability in [0, 1) that it goes silent on a trip it began, at a moment that
        is uniform over the trip.
    """

    speed: float = 100.0
    download: float = 10.0
    upload: float = 2.0
    latency: float = 0.05
    availability: float = 1.0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("speed", "download", "upload"):
            value = getattr(self, name)
            if isnan(value) or value <= 0:
                advice = "Something that never arrives is dropout, not speed 0."
                raise validate.fail(f"{name}={value}", f"{name} > 0", advice)
        validate.at_least("latency", self.latency, 0.0)
        validate.fraction("dropout", self.dropout)
        if not 0 < self.availability <= 1:
            raise validate.fail(
                f"availability={self.availability}",
                "0 < availability <= 1",
                "Leave a device out that is never there.",
            )


#: Orders of magnitude to play with, not measurements of any product.
PROFILES: Mapping[str, Device] = {
    "server": Device(speed=1000.0, download=100.0, upload=100.0, latency=0.005),
    "laptop": Device(speed=200.0, download=10.0, upload=2.0, latency=0.03),
    "phone": Device(
        speed=50.0, download=4.0, upload=1.0, latency=0.08, availability=0.8
    ),
    "sensor": Device(
        speed=5.0, download=0.2, upload=0.05, latency=0.5, availability=0.9
    ),
}


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a trip weighs: ``bytes_down`` and ``bytes_up``."""

    bytes_down: int
    bytes_up: int


def fleet(
    num_clients: int,
    *,
    profiles: Sequence[Device] = (PROFILES["phone"],),
    spread: float = 0.0,
    seed: int = 0,
) -> list[Device]:
    """Make one device a client: profiles in turn, speeds spread around them.

    Parameters
    ----------
    num_clients
        N.
    profiles
        client i gets the i-th, cyclically.
    spread
        s of the log-normal factor ``exp(s g)``, g standard normal, one factor for
        computing and one for both transfers; 0 for none, 1 makes the slowest of a
        hundred about ten times slower than the median.
    seed
        client i's factors depend on it and i alone.
    """
    validate.count("num_clients", num_clients)
    validate.not_empty("profiles", profiles)
    validate.at_least("spread", spread, 0.0)
    devices = []
    for i in range(num_clients):
        base = profiles[i % len(profiles)]
        draw = seeds.stream(seed, "fleet", i).standard_normal(2)
        compute, network = (float(f) for f in np.exp(spread * draw))
        devices.append(
            replace(
                base,
                speed=base.speed * compute,
                download=base.download * network,
                upload=base.upload * network,
            )
        )
    return devices


def load_of(federation: Federation) -> Load:
    """Count the bytes that one client receives and sends in a round.

    Dense vectors: the model and ``algorithm.downloads`` down, delta and whatever
    ``finish`` adds up. Uplink stages are not looked at.
    """
    params, algorithm = federation.task.init(), federation.algorithm
    size = params.numel() * params.element_size()
    row, one = params.new_zeros(1, len(params)), torch.zeros(1, dtype=torch.int64)
    own = {"own": {"gradient": row}} if algorithm.full_gradient else {}
    blank = Updates(one, row, params.new_ones(1), one + 1)
    state = algorithm.init(params, 1)
    sent, _ = algorithm.finish(blank, state, federation.local.of(one), **own)
    return Load(bytes_down=(1 + len(algorithm.downloads)) * size, bytes_up=sent.nbytes)


def steps_per_epoch(federation: Federation, client: int) -> int:
    """Return the number of batches in a client's epoch."""
    size, batch = len(federation.clients[client]), federation.local.batch_size
    return 1 if batch is None else -(-size // batch)


def epochs_of(federation: Federation, client: int) -> int:
    """Return how many epochs a client is asked for."""
    epochs = federation.local.epochs
    return epochs if isinstance(epochs, int) else epochs[client]


def trip(span: Span, device: Device, load: Load, steps: int) -> Span:
    """Fill in when a trip's download, computing and upload end.

    ``latency + bytes / bandwidth``, then ``steps / speed``, then as the first.

    Parameters
    ----------
    span
        with client, round, start and epochs.
    device, load
        where, and how many bytes.
    steps
        local steps in all.
    """
    down = span.start + device.latency + load.bytes_down / MIB / device.download
    computed = down + steps / device.speed
    up = computed + device.latency + load.bytes_up / MIB / device.upload
    return replace(span, download_end=down, compute_end=computed, upload_end=up)


def epochs_until(
    deadline: float, start: float, device: Device, load: Load, steps: int
) -> int:
    """Return how many epochs of ``steps`` steps fit before a deadline, 0 or more."""
    fixed = 2 * device.latency + load.bytes_down / MIB / device.download
    spare = deadline - start - fixed - load.bytes_up / MIB / device.upload
    return max(floor(spare * device.speed / steps + 1e-9), 0)


def work_of(span: Span, device: Device, steps: int) -> int:
    """Return the local steps of a trip, also of one that was cut short.

    Parameters
    ----------
    span
        used, late, dropped or absent.
    device
        whose trip it is.
    steps
        in an epoch.
    """
    whole = span.epochs * steps
    if span.outcome == "absent":
        return 0
    if span.outcome in USED or span.compute_end < span.upload_end:  # it was sending
        return whole
    if isinf(device.speed):  # it was still receiving
        return 0
    done = (span.compute_end - span.download_end) * device.speed
    return min(floor(done + 1e-9), whole)


def cut(span: Span, at: float, outcome: str) -> Span:
    """End a trip at a moment, if it is not over by then, with an outcome."""
    return replace(
        span,
        start=min(span.start, at),
        download_end=min(span.download_end, at),
        compute_end=min(span.compute_end, at),
        upload_end=min(span.upload_end, at),
        outcome=outcome,
    )


def depart(span: Span, device: Device, load: Load, steps: int, seed: int) -> Span:
    """Send a client on its trip: it may be absent, drop out, or come through.

    Its luck depends on the seed, the client and its trip number alone.
    """
    draw = seeds.stream(seed, "luck", span.client, span.trip)
    there, silent, moment = draw.random(3)
    whole = trip(span, device, load, steps)
    if there >= device.availability:
        return cut(whole, span.start, "absent")
    if silent < device.dropout:
        return cut(whole, span.start + moment * whole.seconds, "dropped")
    return whole
