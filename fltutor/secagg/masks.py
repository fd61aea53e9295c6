"""Masks that cancel: two clients agree on a key, one adds what the other takes away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fltutor import entropy, validate
from fltutor.words import _

KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """A private key and the public key that belongs to it, 32 bytes each."""

    private: bytes
    public: bytes


def public_key(private: bytes) -> bytes:
    """Return the X25519 public key of a private one (RFC 7748, section 6.1)."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    _key_of("private", private)
    key = X25519PrivateKey.from_private_bytes(private)
    return key.public_key().public_bytes_raw()


def key_pair(draw: entropy.Draw = entropy.system) -> KeyPair:
    """Draw a key pair for agreements; one pair serves one round only [client]."""
    private = draw(KEY_BYTES)
    return KeyPair(private=private, public=public_key(private))


def shared_secret(private: bytes, public: bytes) -> bytes:
    """Return what both sides can compute and nobody else: X25519, 32 bytes.

    Raises
    ------
    ValueError
        a public key that no private key leads to, chosen to make the secret zero.

    References
    ----------
    RFC 7748, section 6.1.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import (
        X25519PrivateKey,
        X25519PublicKey,
    )

    _key_of("private", private)
    _key_of("public", public)
    own = X25519PrivateKey.from_private_bytes(private)
    try:
        return own.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise validate.fail(
            _("the public key {key}...").format(key=public[:4].hex()),
            _("one that an honest client could have made"),
            _("Somebody chose it so that the secret is zero: leave that client out."),
        ) from error


def derive(
    secret: bytes, *, info: bytes, salt: bytes = b"", length: int = KEY_BYTES
) -> bytes:
    """Derive a key for one purpose from a secret: HKDF with SHA-256.

    Parameters
    ----------
    secret
        the input keying material.
    info
        the purpose; another purpose gives an unrelated key.
    salt
        public, may be empty.
    length
        bytes, up to 8,160.

    References
    ----------
    RFC 5869, sections 2.2 and 2.3.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    validate.count("length", length, 1, 255 * 32)
    return HKDF(SHA256(), length=length, salt=salt or None, info=info).derive(secret)


def keystream(key: bytes, num_bytes: int, *, nonce: bytes = bytes(16)) -> bytes:
    """Stretch a key to so many bytes that look random: ChaCha20.

    Parameters
    ----------
    key
        32 bytes, for one stream only: a key used twice gives the same bytes twice.
    nonce
        16 bytes: the block counter (4, little-endian), then RFC 8439's nonce (12).

    References
    ----------
    RFC 8439, section 2.4. The cipher encrypts zeros, which leaves its stream.
    """
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

    _key_of("key", key)
    return Cipher(ChaCha20(key, nonce), mode=None).encryptor().update(bytes(num_bytes))


def mask(key: bytes, length: int, modulus: int) -> Tensor:
    """Stretch a key to a mask: ``(length,)`` int64, uniform in [0, modulus).

    Parameters
    ----------
    key
        32 bytes.
    length
        d, how many numbers.
    modulus
        a power of two, so that cutting words to size leaves them uniform.

    Raises
    ------
    ValueError
        another modulus.
    """
    validate.count("length", length)
    if modulus < 2 or modulus & (modulus - 1) or modulus > 2**62:
        raise validate.fail(
            f"modulus={modulus}",
            _("a power of two, at most 2^62"),
            _("Take FixedPoint(...).modulus(num_clients)."),
        )
    size = 4 if modulus <= 2**32 else 8  # bytes of a word
    words = np.frombuffer(keystream(key, size * length), dtype=f"<u{size}")
    return torch.from_numpy(words.astype(np.int64)) & (modulus - 1)  # (d,)


def pairwise_mask(
    own: int, keys: Mapping[int, bytes], *, length: int, modulus: int
) -> Tensor:
    """Add up one client's masks: ``(length,)`` int64 in [0, modulus) [client].

    ``sum over v > u of PRG(s_uv) - sum over v < u of PRG(s_uv)``: of each pair the one
    adds and the other subtracts, so that the masks of all clients sum to zero.

    Parameters
    ----------
    own
        u, this client's id.
    keys
        v -> the key that u and v share, for every *other* client.
    length, modulus
        as in :func:`mask`.

    Raises
    ------
    ValueError
        a key shared with oneself.

    References
    ----------
    Bonawitz et al. 2017, section 4, the equation of y_u. There the lower id subtracts;
    here it adds, which is the same up to the sign of every mask.
    """
    if own in keys:
        raise validate.fail(
            _("a key that client {id} shares with itself").format(id=own),
            _("keys shared with others only"),
            _("Leave {id} out: such a mask would never cancel.").format(id=own),
        )
    total = torch.zeros(length, dtype=torch.int64)  # (d,)
    for other, key in keys.items():
        one = mask(key, length, modulus)
        total = total + one if other > own else total - one
        total &= modulus - 1  # the remainder: modulus is a power of two
    return total


def _key_of(name: str, key: bytes) -> None:
    if not isinstance(key, bytes) or len(key) != KEY_BYTES:
        got = len(key) if isinstance(key, bytes) else validate.shown(key)
        raise validate.fail(
            _("{name} of {got} bytes").format(name=name, got=got),
            _("{n} bytes").format(n=KEY_BYTES),
            _("Make keys with key_pair() or derive()."),
        )
