"""Sealed letters between clients, which the server only carries."""

from __future__ import annotations

from fltutor import entropy, validate
from fltutor.words import _

_NONCE = 12


def seal(key: bytes, text: bytes, *, about: bytes, draw: entropy.Draw) -> bytes:
    """Encrypt bytes so that any change is noticed: ChaCha20-Poly1305 (RFC 8439).

    Parameters
    ----------
    key
        32 bytes.
    text
        what to hide.
    about
        what is not hidden but must be the same when it is opened.
    draw
        source of the nonce, which stands in front of the ciphertext.
    """
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = draw(_NONCE)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, text, about)


def unseal(
    key: bytes, sealed: bytes, *, about: bytes, sender: int, length: int
) -> bytes:
    """Decrypt what :func:`seal` made, ``length`` bytes.

    Raises
    ------
    ValueError
        it was changed on the way, was meant for somebody else, or has another length.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        cipher = ChaCha20Poly1305(key)
        text = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
    except (InvalidTag, ValueError):
        text = b""
    if len(text) != length:
        raise validate.fail(
            _("a corrupted share from client {id}").format(id=sender),
            _("the ciphertext that this client made for me"),
            _("Stop the round: it was changed on its way, or never was a share."),
        )
    return text
