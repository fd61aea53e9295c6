"""Encrypt, decrypt, and compute with what is inside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from fltutor import entropy, validate
from fltutor.paillier.keys import PrivateKey, PublicKey
from fltutor.words import _


@dataclass(frozen=True, kw_only=True)
class Ciphertext:
    """An encrypted number, and the public key that it is under."""

    value: int
    public: PublicKey = field(repr=False)


def encrypt(
    public: PublicKey, number: int, *, draw: entropy.Draw = entropy.system
) -> Ciphertext:
    """Encrypt a whole number: ``(1 + n)^m r^n mod n^2`` with a fresh random r.

    Encrypting one number twice gives two ciphertexts: else the server could encrypt
    guesses and compare.

    Parameters
    ----------
    public
        the key.
    number
        m, whole, in (-n / 2, n / 2). A negative one is n + m inside.
    draw
        source of r.

    Raises
    ------
    ValueError
        a number that the key cannot hold.
    """
    n = public.n
    m = whole("number", number)
    if abs(m) > (n - 1) // 2:
        raise validate.fail(
            _("a number of {bits} bits").format(bits=abs(m).bit_length()),
            _("one between -n/2 and n/2, for a key of {bits} bits").format(
                bits=n.bit_length()
            ),
            _("Use a larger key, or fewer bits for each number."),
        )
    r = 0
    while math.gcd(r, n) != 1:
        r = entropy.below(n, draw)
    square = n * n
    value = (1 + m % n * n) * pow(r, n, square) % square  # (1 + n)^m = 1 + m n
    return Ciphertext(value=value, public=public)


def decrypt(private: PrivateKey, ciphertext: Ciphertext) -> int:
    """Return the number inside: ``L(c^lambda mod n^2) mu mod n``, ``L(x) = (x - 1)/n``.

    Numbers in the upper half of [0, n) are negative. A sum that ran over n/2 comes out
    with the wrong sign, and nothing tells.

    Raises
    ------
    ValueError
        a ciphertext under another key.
    """
    n = private.public.n
    _same_key(private.public, ciphertext.public)
    power = pow(ciphertext.value, private.order, n * n)
    number = (power - 1) // n * private.inverse % n
    return number - n if number > n // 2 else number


def add(first: Ciphertext, second: Ciphertext) -> Ciphertext:
    """Add what is inside, without a key that decrypts: the product mod n^2."""
    _same_key(first.public, second.public)
    n = first.public.n
    return Ciphertext(value=first.value * second.value % (n * n), public=first.public)


def times(ciphertext: Ciphertext, factor: int) -> Ciphertext:
    """Multiply what is inside by a plain whole number: the power mod n^2."""
    square = ciphertext.public.n**2
    power = pow(ciphertext.value, whole("factor", factor), square)
    return Ciphertext(value=power, public=ciphertext.public)


def total(ciphertexts: Sequence[Ciphertext]) -> Ciphertext:
    """Add many up."""
    validate.not_empty("ciphertexts", ciphertexts)
    result = ciphertexts[0]
    for each in ciphertexts[1:]:
        result = add(result, each)
    return result


def whole(name: str, value: int) -> int:
    """Require a whole number of any size and sign."""
    validate.number(name, value)
    if value != int(value) or isinstance(value, float):
        raise validate.fail(
            f"{name}={validate.shown(value)}",
            _("a whole number"),
            _("Write it in fixed point first: FixedPoint(...).integers."),
        )
    return int(value)


def _same_key(first: PublicKey, second: PublicKey) -> None:
    if first != second:
        raise validate.fail(
            _("a ciphertext under another key, n = {n}...").format(n=str(second.n)[:8]),
            _("one under n = {n}...").format(n=str(first.n)[:8]),
            _("Encrypt with the public key of whoever will decrypt."),
        )
