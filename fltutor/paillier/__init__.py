"""Paillier's encryption from scratch: whoever holds ciphertexts can add what is inside.

A toy. Its default key of 512 bits can be broken, its arithmetic takes a time that
depends on the secret, and a ciphertext may be changed on its way without notice. A real
one has keys of 2,048 bits or more, constant time, proofs that what is inside is in
range, and a key that no single party holds (threshold decryption): whoever holds this
one reads every client's numbers, not only the sum.

Paillier 1999 (doi:10.1007/3-540-48910-X_16), scheme 1, with g = n + 1.

Examples
--------
>>> key = keygen(bits=64)
>>> two = encrypt(key.public, 2)
>>> decrypt(key, add(two, times(two, 20)))
42
"""

from fltutor.paillier.arithmetic import (
    Ciphertext,
    add,
    decrypt,
    encrypt,
    times,
    total,
)
from fltutor.paillier.keys import PrivateKey, PublicKey, keygen
from fltutor.paillier.packing import pack, slots, unpack

__all__ = [
    "Ciphertext",
    "PrivateKey",
    "PublicKey",
    "add",
    "decrypt",
    "encrypt",
    "keygen",
    "pack",
    "slots",
    "times",
    "total",
    "unpack",
]
