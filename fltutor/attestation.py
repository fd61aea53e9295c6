"""Remote attestation as three signed messages: is it the code that was agreed to.

1. the *manufacturer* signs a device's key: :func:`certify`;
2. the *device* signs which code its enclave runs, for a nonce that the verifier chose:
   :func:`quote`; the quote carries a key that only the enclave has;
3. the *enclave* signs its answer with that key: :func:`answer`.

The verifier checks them in this order: :func:`verify_quote`, :func:`verify_answer`.

A toy, and the signatures are the only real thing in it. A real enclave (SGX, SEV-SNP,
TDX, TrustZone) keeps its memory encrypted by hardware, measures every page as it is
loaded, has certificates that expire and are revoked when an attack is found, and leaks
through caches and timing what no signature can hide.

Costan and Devadas 2016 (Intel SGX Explained, eprint 2016/086), sections 3.3 and 5.8.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from fltutor import entropy, signatures, validate
from fltutor.words import _

NONCE_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Message 1: the manufacturer says that it built this key into a device."""

    device: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Message 2: the device says which code runs in its enclave, now.

    Attributes
    ----------
    measurement
        hash of the code, 32 bytes.
    nonce
        the verifier's, which proves that the quote is fresh.
    enclave
        public key whose private half was made inside the enclave.
    signature
        of the three, under the device's key.
    """

    measurement: bytes
    nonce: bytes
    enclave: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Message 3: what the enclave computed, signed by it for this nonce."""

    content: bytes
    signature: bytes


def measure(code: bytes) -> bytes:
    """Return the measurement of code, its SHA-256: one changed byte changes it.

    Examples
    --------
    >>> measure(b"return sum(updates)").hex()[:12]
    '0826d8609498'
    """
    return hashlib.sha256(code).digest()


def certify(manufacturer: bytes, device: bytes) -> Certificate:
    """Sign a device's public key with the manufacturer's private one [manufacturer]."""
    text = _about("device", device)
    return Certificate(device=device, signature=signatures.sign(manufacturer, text))


def challenge(draw: entropy.Draw = entropy.system) -> bytes:
    """Draw a nonce, to be used once [verifier]."""
    return draw(NONCE_BYTES)


def quote(device: bytes, *, code: bytes, nonce: bytes, enclave: bytes) -> Quote:
    """Measure the code that runs and sign what was found, for one nonce [device].

    Parameters
    ----------
    device
        its private key, which never leaves the hardware.
    code
        what the enclave runs: measured here, not taken from anybody's word.
    nonce
        of the verifier.
    enclave
        the enclave's public key.
    """
    found = measure(code)
    text = _about("quote", found, nonce, enclave)
    return Quote(
        measurement=found,
        nonce=nonce,
        enclave=enclave,
        signature=signatures.sign(device, text),
    )


def answer(enclave: bytes, content: bytes, *, nonce: bytes) -> Answer:
    """Sign a result with the enclave's private key [enclave]."""
    text = _about("answer", nonce, content)
    return Answer(content=content, signature=signatures.sign(enclave, text))


def verify_quote(
    certificate: Certificate,
    quoted: Quote,
    *,
    manufacturer: bytes,
    measurement: bytes,
    nonce: bytes,
    seen: Collection[bytes] = (),
) -> bytes:
    """Check a device's quote and return the enclave's public key [verifier].

    Parameters
    ----------
    certificate, quoted
        messages 1 and 2.
    manufacturer, measurement
        the one public key that is trusted, and the code that was agreed to.
    nonce, seen
        the verifier's own, of this very request; those of earlier ones.

    Raises
    ------
    ValueError
        an unsigned device or quote, an old or used nonce, or other code.
    """
    device = _about("device", certificate.device)
    if not signatures.signed(manufacturer, device, certificate.signature):
        raise _unsigned(_("the device's certificate"), _("the manufacturer's key"))
    text = _about("quote", quoted.measurement, quoted.nonce, quoted.enclave)
    if not signatures.signed(certificate.device, text, quoted.signature):
        raise _unsigned(_("the quote"), _("the device's key"))
    _check_fresh(quoted.nonce, nonce, seen)
    if quoted.measurement != measurement:
        got = quoted.measurement.hex()[:12]
        raise validate.fail(
            _("code with the measurement {got}...").format(got=got),
            _("the code agreed to, {needed}...").format(needed=measurement.hex()[:12]),
            _("Send no data: this enclave runs something else."),
        )
    return quoted.enclave


def verify_answer(enclave: bytes, answered: Answer, *, nonce: bytes) -> bytes:
    """Check that the attested enclave made an answer, and return it [verifier].

    Parameters
    ----------
    enclave
        public key, as :func:`verify_quote` returned it.
    answered
        message 3.
    nonce
        of this request.

    Raises
    ------
    ValueError
        another signer, another request, or a content that was changed.
    """
    text = _about("answer", nonce, answered.content)
    if not signatures.signed(enclave, text, answered.signature):
        raise _unsigned(
            _("the answer"), _("the attested enclave's key, for this nonce")
        )
    return answered.content


def _about(kind: str, *parts: bytes) -> bytes:
    """Return bytes to sign: each part with its length, so that none runs into another.

    The kind stands in front, or a signature of one message would do for another.
    """
    head = f"fltutor attestation|{kind}|".encode()
    return head + b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _check_fresh(got: bytes, nonce: bytes, seen: Collection[bytes]) -> None:
    if nonce in seen:
        raise validate.fail(
            _("the nonce {nonce}... a second time").format(nonce=nonce.hex()[:12]),
            _("a new one for every request"),
            _("Draw one with challenge()."),
        )
    if got != nonce:
        raise validate.fail(
            _("a quote for the nonce {nonce}...").format(nonce=got.hex()[:12]),
            _("one for {nonce}..., drawn for this request").format(
                nonce=nonce.hex()[:12]
            ),
            _("Refuse: it is an old quote, replayed."),
        )


def _unsigned(what: str, who: str) -> ValueError:
    return validate.fail(
        _("{what} with a signature that does not fit").format(what=what),
        _("one under {who}").format(who=who),
        _("Refuse: somebody else made it, or it was changed on its way."),
    )
