"""Real numbers as whole numbers in a ring, where masks can hide and sums are exact."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fltutor import validate
from fltutor.words import _

#: The widest ring: sums of two of its numbers still fit into 64 bits.
RING_BITS = 62
#: Numbers clipped in float32 may lie so far beyond their clip, as a share of it.
_ROUNDING = 1e-6


def wrap(values: Tensor, low: int, high: int) -> Tensor:
    """Bring whole numbers into [low, high) by adding multiples of ``high - low``.

    Parameters
    ----------
    values
        int64, any shape.
    low, high
        the interval, ``low < high``.

    Examples
    --------
    >>> wrap(torch.tensor([5, -15, 20, 10]), -5, 10)
    tensor([ 5,  0,  5, -5])
    """
    if low >= high:
        raise validate.fail(
            f"[{low}, {high})", "low < high", _("Exchange the two limits.")
        )
    return (values - low).remainder(high - low) + low


def in_ring(name: str, values: Tensor, modulus: int) -> None:
    """Require int64 numbers ``(d,)`` in [0, modulus)."""
    good = isinstance(values, Tensor) and values.dtype == torch.int64
    if not good or values.ndim != 1:
        raise validate.fail(
            f"{name}={validate.shown(values)}",
            _("an int64 vector (d,)"),
            _("Encode real numbers with FixedPoint(...).encode."),
        )
    if len(values) and not 0 <= int(values.min()) <= int(values.max()) < modulus:
        raise validate.fail(
            _("{name} from {low} to {high}").format(
                name=name, low=int(values.min()), high=int(values.max())
            ),
            _("numbers in [0, {modulus})").format(modulus=modulus),
            _("Encode with the ring of the round: FixedPoint(...).modulus(clients)."),
        )


@dataclass(frozen=True, kw_only=True)
class FixedPoint:
    """Write real numbers in [-clip, clip] as whole numbers of so many bits.

    ``q = round(x / step)``, halves to even, ``step = clip / (2^(bits-1) - 1)``. A
    negative q is ``modulus + q`` in the ring of ``modulus`` numbers. The ring is made
    for a *sum*: n clients need ``ceil(log2(n (2^bits - 1) + 1))`` bits, or the sum runs
    over its end and comes out with the wrong sign.

    Attributes
    ----------
    bits
        of one client's number, its sign included, 2 to 52. More bits, finer steps.
    clip
        the largest absolute value, above 0. A larger clip makes steps coarser.

    Raises
    ------
    ValueError
        a number out of its range.

    References
    ----------
    Bonawitz et al. 2017 (doi:10.1145/3133956.3133982), section 6 and figure 5: the
    input ring R_U of 16 bits and the sum's ring R. There numbers are not negative; here
    they stand around 0, in the same number of bits.

    Examples
    --------
    >>> point = FixedPoint(bits=8, clip=1.0)
    >>> ring = point.modulus(3)
    >>> held = point.encode(torch.tensor([0.5, -0.5]), ring)
    >>> ring, held, point.decode(held, ring)
    (1024, tensor([ 64, 960]), tensor([ 0.5039, -0.5039], dtype=torch.float64))
    """

    bits: int = 16
    clip: float = 1.0

    def __post_init__(self) -> None:
        """Check both numbers."""
        object.__setattr__(self, "bits", validate.count("bits", self.bits, 2, 52))
        object.__setattr__(self, "clip", validate.positive("clip", self.clip))

    @property
    def step(self) -> float:
        """Return the distance of two neighbours; an encoded number errs by half."""
        return self.clip / self.largest

    @property
    def largest(self) -> int:
        """Return the whole number that stands for ``clip``."""
        return int(2 ** (self.bits - 1)) - 1

    def modulus(self, num_clients: int) -> int:
        """Return the ring's size, a power of two, for a sum over so many clients.

        Raises
        ------
        ValueError
            the sum would need more than 62 bits.
        """
        validate.count("num_clients", num_clients)
        needed = (num_clients * (2**self.bits - 1)).bit_length()
        if needed > RING_BITS:
            raise validate.fail(
                _("{bits} bits for each of {n} clients, {needed} for their sum").format(
                    bits=self.bits, n=num_clients, needed=needed
                ),
                _("at most {limit} bits for the sum").format(limit=RING_BITS),
                _("Use fewer bits: an update rarely needs more than 20."),
            )
        return int(2**needed)

    def integers(self, values: Tensor) -> Tensor:
        """Round real numbers to signed whole ones, int64 of the same shape.

        What lies beyond the clip by a rounding error of float32 counts as the clip.

        Raises
        ------
        ValueError
            a number beyond the clip, or not finite; the message says which.
        """
        advice = _("Write torch.as_tensor(...) around it.")
        validate.instance("values", values, Tensor, advice=advice)
        validate.finite("values", values)
        outside = values.abs() > self.clip * (1 + _ROUNDING)
        if bool(outside.any()):
            flat = values.reshape(-1)
            place, count = int(flat.abs().argmax()), int(outside.sum())
            what = _("{value:.6g} at place {place}, {count} of {n} beyond the clip")
            raise validate.fail(
                what.format(
                    value=float(flat[place]), place=place, count=count, n=len(flat)
                ),
                _("numbers in [-{clip:g}, {clip:g}]").format(clip=self.clip),
                _("Raise clip, or clip the updates before they are encoded."),
            )
        whole = (values.double() / self.step).round().long()
        return whole.clamp(-self.largest, self.largest)

    def encode(self, values: Tensor, modulus: int) -> Tensor:
        """Round real numbers into the ring: int64 in [0, modulus)."""
        return self.integers(values).remainder(modulus)

    def decode(self, residues: Tensor, modulus: int) -> Tensor:
        """Read numbers of the ring, or sums of them, as real ones, float64.

        What lies in the upper half of the ring is negative.
        """
        half = modulus // 2
        return wrap(residues, -half, modulus - half).double() * self.step
