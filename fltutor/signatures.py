"""Ed25519 signatures: bytes that only the holder of a private key could have made."""

from __future__ import annotations

from fltutor import entropy, validate
from fltutor.words import _

KEY_BYTES = 32


def signing_key(draw: entropy.Draw = entropy.system) -> tuple[bytes, bytes]:
    """Draw a key: (private, public), 32 bytes each (RFC 8032).

    Examples
    --------
    >>> private, public = signing_key()
    >>> signed(public, b"yes", sign(private, b"yes"))
    True
    """
    private = draw(KEY_BYTES)
    return private, verifying_key(private)


def verifying_key(private: bytes) -> bytes:
    """Return the public key that belongs to a private one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    _check(private)
    key = Ed25519PrivateKey.from_private_bytes(private)
    return key.public_key().public_bytes_raw()


def sign(private: bytes, text: bytes) -> bytes:
    """Sign bytes; the signature has 64."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    _check(private)
    return Ed25519PrivateKey.from_private_bytes(private).sign(text)


def signed(public: bytes, text: bytes, signature: bytes) -> bool:
    """Tell whether the holder of ``public``'s other half signed exactly these bytes."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _check(private: bytes) -> None:
    if not isinstance(private, bytes) or len(private) != KEY_BYTES:
        size = len(private) if isinstance(private, bytes) else validate.shown(private)
        raise validate.fail(
            _("a private key of {size} bytes").format(size=size),
            _("{n} bytes").format(n=KEY_BYTES),
            _("Make one with signing_key()."),
        )
