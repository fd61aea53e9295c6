"""What travels in a round of secure aggregation: plain records of numbers and bytes.

=========  ==================================  ====================================
round      client -> server                    server -> client
=========  ==================================  ====================================
0 keys     :class:`Keys`                       everybody's ``Keys``
1 shares   :class:`SealedShares`               the sealed shares meant for it
2 masked   :class:`Masked`                     who survived
(check)    :class:`Consent`                    everybody's signatures of that list
3 unmask   :class:`Unmasking`                  nothing: the server has the sum
=========  ==================================  ====================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from fltutor import validate
from fltutor.secagg.shamir import Share, above_clients
from fltutor.words import _

#: What a share weighs on the wire: its number of the field, without its place.
SHARE_BYTES = 33


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What server and clients agree on before a round.

    Attributes
    ----------
    directory
        id -> public signing key, 32 bytes, of every client that may take part. Who
        vouches for it is outside the protocol; a server that could make up clients
        would learn everything.
    threshold
        t, clients that must stay to the end: more than half of those asked. A larger
        t asks more clients to collude, and survives fewer drop-outs. Against a server
        that works with m of n clients, ``2 t > n + m`` is needed.
    length
        d, numbers in each client's vector.
    modulus
        the ring's size, a power of two: ``FixedPoint(...).modulus(n)``.
    round
        the round's number; signatures and keys are bound to it.

    Raises
    ------
    ValueError
        a threshold that no round reaches, or one that two halves reach at once.
    """

    directory: Mapping[int, bytes]
    threshold: int
    length: int
    modulus: int
    round: int = 0

    def __post_init__(self) -> None:
        """Check the threshold against the clients."""
        validate.count("length", self.length)
        validate.count("round", self.round, low=0)
        check_threshold(self.threshold, len(self.directory))

    def context(self, purpose: str) -> bytes:
        """Return bytes that bind a signature or a key to this round and a purpose."""
        return f"fltutor secure aggregation|{purpose}|{self.round}|".encode()


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Round 0: a client's two public keys, signed.

    Attributes
    ----------
    sender
        id of the client.
    channel
        c^PK, for keys that encrypt shares on their way through the server.
    masking
        s^PK, for keys from which pairwise masks grow.
    signature
        of both, under the key of the directory.
    """

    sender: int
    channel: bytes
    masking: bytes
    signature: bytes

    @property
    def nbytes(self) -> int:
        """Count the bytes of its keys and its signature."""
        return len(self.channel) + len(self.masking) + len(self.signature)


@dataclass(frozen=True, kw_only=True)
class SealedShares:
    """Round 1: one ciphertext for each other client; the server cannot open them."""

    sender: int
    sealed: Mapping[int, bytes]

    @property
    def nbytes(self) -> int:
        """Count the bytes of all ciphertexts."""
        return sum(len(each) for each in self.sealed.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class Masked:
    """Round 2: a client's numbers under its masks, ``(d,)`` int64 in [0, modulus)."""

    sender: int
    values: Tensor
    modulus: int

    @property
    def nbytes(self) -> int:
        """Count the bytes where each number takes the ring's bits and no more."""
        return -(-len(self.values) * (self.modulus - 1).bit_length() // 8)


@dataclass(frozen=True, kw_only=True)
class Consent:
    """Consistency check: a client's signature of the list of survivors it was told."""

    sender: int
    signature: bytes

    @property
    def nbytes(self) -> int:
        """Count the signature's bytes."""
        return len(self.signature)


@dataclass(frozen=True, kw_only=True)
class Unmasking:
    """Round 3: of each client *one* kind of share, never both.

    Attributes
    ----------
    sender
        id of the client.
    seeds
        v -> share of v's own mask seed b_v, for every survivor.
    keys
        v -> share of v's masking key s_v, for everyone who dropped out after round 1.
    """

    sender: int
    seeds: Mapping[int, Share]
    keys: Mapping[int, Share]

    @property
    def nbytes(self) -> int:
        """Count the bytes of all shares."""
        return SHARE_BYTES * (len(self.seeds) + len(self.keys))


def check_threshold(threshold: int, asked: int) -> None:
    """Require a threshold that clients can reach, and two halves of them cannot."""
    if validate.count("threshold", threshold, low=2) > asked:
        raise above_clients(threshold, asked)
    if 2 * threshold <= asked:
        raise validate.fail(
            _("threshold={t} for {n} clients").format(t=threshold, n=asked),
            _("more than half of them, {least} or more").format(least=asked // 2 + 1),
            _(
                "Raise threshold: a server could tell two halves two stories and "
                "unmask single clients."
            ),
        )


def survivors_text(settings: Settings, survivors: tuple[int, ...]) -> bytes:
    """Return the bytes of a list of survivors that clients sign."""
    return settings.context("survivors") + ",".join(map(str, survivors)).encode()
