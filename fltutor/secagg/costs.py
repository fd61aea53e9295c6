"""What secure aggregation costs on the wire: by formula, and in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from fltutor import validate
from fltutor.updates import Updates


def upload_bits(
    num_clients: int,
    length: int,
    *,
    bits: int = 16,
    key_bits: int = 256,
    share_bits: int = 256,
) -> int:
    """Count the bits that one client uploads in a round.

    ``2 n a_K + (5 n - 4) a_S + m ceil(log2(n (2^bits - 1) + 1))``: keys, shares, and m
    numbers in a ring that holds their sum. Without secure aggregation the client would
    send ``bits * m``.

    Parameters
    ----------
    num_clients, length
        n, and m numbers in a vector.
    bits, key_bits, share_bits
        of one number, 16 in the paper; a_K and a_S.

    References
    ----------
    Bonawitz et al. 2017, section 7.1; the messages here differ from it by signatures
    and by what authenticated encryption adds.

    Examples
    --------
    >>> round(upload_bits(2**10, 2**20) / (16 * 2**20), 4)
    1.7343
    """
    validate.count("num_clients", num_clients)
    validate.count("length", length)
    validate.count("bits", bits)
    ring = int((num_clients * (2**bits - 1)).bit_length())
    shares = (5 * num_clients - 4) * share_bits
    return 2 * num_clients * key_bits + shares + length * ring


@dataclass(frozen=True, kw_only=True)
class WeighUpload:
    """Write into the ledger what a masked update weighs: a stage before `secure_sum`.

    The numbers stay as they are. An aggregator comes too late to say what travelled, so
    this stage does.

    Attributes
    ----------
    bits
        of one number, as in ``secure_sum``.
    """

    bits: int = 16
    name: str = "weigh_upload"

    def __call__(self, updates: Updates) -> Updates:
        """Set ``sent (K,)`` to the bytes of :func:`upload_bits` [wire]."""
        k, length = updates.deltas.shape
        weight = -(-upload_bits(k, length, bits=self.bits) // 8) if k else 0
        return replace(updates, sent=torch.full((k,), weight, dtype=torch.int64))


def weigh_upload(*, bits: int = 16) -> WeighUpload:
    """Make the stage that writes masked bytes into the ledger; see `WeighUpload`."""
    return WeighUpload(bits=validate.count("bits", bits, 2, 52))
