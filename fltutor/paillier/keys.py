"""Keys: two primes that nobody can find again in their product."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from fltutor import entropy, validate
from fltutor.words import _

#: Keys below this cannot hold a number and its noise; keys above take minutes.
_KEY_BITS = (16, 4096)
_SMALL_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """Encrypts: ``n = p q``. Plain numbers lie in [0, n), ciphertexts in [0, n^2)."""

    n: int

    @property
    def ciphertext_bytes(self) -> int:
        """Return what one ciphertext weighs, however small the number inside."""
        return (2 * self.n.bit_length() + 7) // 8


@dataclass(frozen=True, kw_only=True)
class PrivateKey:
    """Decrypts.

    Attributes
    ----------
    public
        the key that encrypts.
    order
        lambda = lcm(p - 1, q - 1).
    inverse
        mu = order^-1 mod n.
    """

    public: PublicKey
    order: int = field(repr=False)
    inverse: int = field(repr=False)


def keygen(*, bits: int = 512, draw: entropy.Draw = entropy.system) -> PrivateKey:
    """Make a key of two primes of ``bits / 2`` bits each; its ``.public`` encrypts.

    Parameters
    ----------
    bits
        of n, even, 16 to 4,096. Below 2,048 it is a toy; time grows with its cube.
    draw
        source of the primes; a named stream gives the same key in every run.

    Examples
    --------
    >>> keygen(bits=64).public.n.bit_length()
    64
    """
    validate.count("bits", bits, *_KEY_BITS)
    if bits % 2:
        raise validate.fail(
            f"bits={bits}", _("an even number"), _("Take bits={n}.").format(n=bits + 1)
        )
    p = q = prime(bits // 2, draw)
    while q == p:
        q = prime(bits // 2, draw)
    n, order = p * q, math.lcm(p - 1, q - 1)
    return PrivateKey(public=PublicKey(n=n), order=order, inverse=pow(order, -1, n))


def prime(bits: int, draw: entropy.Draw) -> int:
    """Draw a prime whose two highest bits are set, so that p q has all its bits."""
    high = 3 << (bits - 2)
    while True:
        candidate = entropy.below(1 << bits, draw) | high | 1
        if is_prime(candidate, draw):
            return candidate


def is_prime(candidate: int, draw: entropy.Draw, rounds: int = 40) -> bool:
    """Test by Miller and Rabin: a composite passes with a chance below 4^-rounds."""
    for small in _SMALL_PRIMES:
        if candidate % small == 0:
            return candidate == small
    odd, twos = candidate - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _turn in range(rounds):
        power = pow(2 + entropy.below(candidate - 3, draw), odd, candidate)
        if power in (1, candidate - 1):
            continue
        for _square in range(twos - 1):
            power = power * power % candidate
            if power == candidate - 1:
                break
        else:
            return False
    return True
