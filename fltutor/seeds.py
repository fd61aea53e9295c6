"""Named, order-independent random streams: randomness is data.

A stream is found by its name, ``(seed, "batches", round, client)``, not by how many
numbers were drawn before it. Two algorithms therefore see the same cohorts and the
same batches, and neither the order of execution nor the number of threads changes a
digit. Nothing here reads or moves a global generator.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from fltutor import validate

Keys: TypeAlias = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(z: Keys) -> Keys:
    """Scramble 64-bit words: the finaliser of SplitMix64 (Steele et al., 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _word(name: str | int | npt.ArrayLike) -> Keys:
    if isinstance(name, str):
        return _digest(name)
    return np.asarray(name, dtype=np.int64).astype(np.uint64)


def _digest(text: str) -> Keys:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return np.array(int.from_bytes(digest, "little"), dtype=np.uint64)


def _seed_word(seed: int) -> Keys:
    """Return a checked seed's word: itself in 64 bits, a digest where it has more."""
    value = validate.seed(seed)
    if -(2**63) <= value < 2**63:
        return _word(value)
    return _digest(f"seed {value:x}")


def keys(seed: int, *names: str | int | npt.ArrayLike) -> Keys:
    """Return the 64-bit key of one named stream, or of many at once.

    Parameters
    ----------
    seed
        the experiment's seed, a whole number of any size and sign.
    *names
        the stream's name, part by part. A part that is an array of ints, for
        example the client ids ``(K,)`` of a cohort, gives an array of keys.

    Returns
    -------
    uint64 array: ``()`` for one stream, ``(K,)`` where a part was ``(K,)``.

    Raises
    ------
    ValueError
        a seed that is no whole number.

    Examples
    --------
    >>> keys(0, "batches", 3, [7, 8])[0] == keys(0, "batches", 3, 7)
    np.True_
    """
    with np.errstate(over="ignore"):
        key = _mix(_seed_word(seed) + _GOLDEN)
        for name in names:
            key = _mix((key ^ _word(name)) + _GOLDEN)
    return np.asarray(key, dtype=np.uint64)


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the numpy generator of one named stream.

    Examples
    --------
    >>> bool(stream(0, "cohort", 1).random() == stream(0, "cohort", 1).random())
    True
    """
    return np.random.default_rng(int(keys(seed, *names)))


def torch_stream(seed: int, *names: str | int) -> torch.Generator:
    """Return the torch generator of one named stream."""
    generator = torch.Generator()
    generator.manual_seed(int(keys(seed, *names) >> np.uint64(1)))
    return generator


def permutations(
    streams: Keys, sizes: npt.NDArray[np.int64], epoch: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """Shuffle ``range(sizes[i])`` for every stream at once.

    Every position gets a random 64-bit word made from (stream, epoch, position), and
    the positions are sorted by their words.

    Parameters
    ----------
    streams
        keys ``(K,)``.
    sizes
        lengths ``(K,)``.
    epoch
        which shuffle of each stream: one for all, or ``(K,)``.

    Returns
    -------
    ``(K, max(sizes))`` int64; row i holds a permutation of its ``sizes[i]``
    positions, then -1.
    """
    position = np.arange(int(sizes.max()), dtype=np.uint64)  # (n,)
    turn = np.asarray(epoch, dtype=np.uint64) + np.uint64(1)
    with np.errstate(over="ignore"):
        epoch_key = _mix(streams + _GOLDEN * turn)  # (K,)
        words = _mix(epoch_key[:, None] + _GOLDEN * (position + np.uint64(1)))
    absent = np.arange(len(position)) >= sizes[:, None]  # (K, n)
    words[absent] = np.iinfo(np.uint64).max
    order = np.argsort(words, axis=1)  # (K, n), ties have a chance of 2^-64
    order[absent] = -1
    return order
