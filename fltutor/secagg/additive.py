"""Additive secret sharing among servers: the smallest secure computation there is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fltutor import entropy, validate
from fltutor.secagg.fixed_point import in_ring
from fltutor.secagg.masks import KEY_BYTES, mask


def split(
    values: Tensor,
    *,
    modulus: int,
    num_servers: int = 3,
    draw: entropy.Draw = entropy.system,
) -> Tensor:
    """Cut a vector into random pieces that sum to it: ``(servers, d)`` [client].

    All but the last are random, the last is what is missing; without one of them the
    others say nothing. To add hidden vectors, each server adds its own pieces.

    A toy: its servers do as they are told, and no two of them talk. Real ones prove
    that what a client shares is in range (Prio), multiply hidden numbers (ABY3), and
    notice servers that cheat (SPDZ).

    Parameters
    ----------
    values
        int64 ``(d,)`` in [0, modulus).
    modulus
        the ring's size, a power of two.
    num_servers
        at least 2.
    draw
        source of the pieces.

    Examples
    --------
    >>> pieces = split(torch.tensor([5, 7]), modulus=16)
    >>> pieces.shape, join(pieces, modulus=16)
    (torch.Size([3, 2]), tensor([5, 7]))
    """
    validate.count("num_servers", num_servers, low=2)
    in_ring("values", values, modulus)
    random = [
        mask(draw(KEY_BYTES), len(values), modulus) for _ in range(num_servers - 1)
    ]  # (d,) each
    last = (values - torch.stack(random).sum(dim=0)).remainder(modulus)  # (d,)
    return torch.stack([*random, last])  # (servers, d)


def join(pieces: Tensor | Sequence[Tensor], *, modulus: int) -> Tensor:
    """Add all servers' pieces up: ``(servers, d) -> (d,)`` in [0, modulus)."""
    total = torch.zeros_like(pieces[0])
    for piece in pieces:
        total = (total + piece).remainder(modulus)
    return total
