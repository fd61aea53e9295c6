from dataclasses import replace

import pytest

from fltutor import attestation, entropy, signatures

CODE = b"return sum(updates)"


def key(name):
    return signatures.signing_key(entropy.named(0, "test", name))


MAKER, DEVICE, ENCLAVE, OTHER = (key(name) for name in ("maker", "device", "run", "x"))
NONCE = attestation.challenge(entropy.named(0, "nonce"))


def messages(maker=MAKER, device=DEVICE, code=CODE, nonce=NONCE, enclave=ENCLAVE):
    """Return what arrives at a verifier: (private, public) keys may be swapped."""
    certificate = attestation.certify(maker[0], device[1])
    quoted = attestation.quote(device[0], code=code, nonce=nonce, enclave=enclave[1])
    return certificate, quoted, attestation.answer(enclave[0], b"the sum", nonce=nonce)


def verify(certificate, quoted, answered, nonce=NONCE, seen=()):
    enclave = attestation.verify_quote(
        certificate,
        quoted,
        manufacturer=MAKER[1],
        measurement=attestation.measure(CODE),
        nonce=nonce,
        seen=seen,
    )
    return attestation.verify_answer(enclave, answered, nonce=nonce)


def test_an_honest_enclave_is_believed():
    assert verify(*messages()) == b"the sum"


def test_other_code_is_refused():
    words = r"Got code with the measurement [0-9a-f]{12}\.\.\., need the code agreed to"
    with pytest.raises(ValueError, match=words):
        verify(*messages(code=CODE + b"; save(updates)"))


def test_a_replayed_quote_is_refused():
    old = messages(nonce=attestation.challenge(entropy.named(0, "yesterday")))
    with pytest.raises(ValueError, match="Refuse: it is an old quote, replayed"):
        verify(*old)


def test_a_nonce_of_an_earlier_request_is_refused():
    with pytest.raises(ValueError, match="a second time, need a new one"):
        verify(*messages(), seen={NONCE})


def test_a_device_that_the_manufacturer_did_not_certify_is_refused():
    words = "Got the device's certificate with a signature that does not fit"
    with pytest.raises(ValueError, match=words):
        verify(*messages(maker=OTHER))


def test_a_quote_that_another_device_signed_is_refused():
    certificate, _, answered = messages()
    quoted = messages(device=OTHER)[1]
    with pytest.raises(ValueError, match="Got the quote with a signature"):
        verify(certificate, quoted, answered)


def test_an_answer_of_another_enclave_is_refused():
    certificate, quoted, _ = messages()
    answered = messages(enclave=OTHER)[2]
    with pytest.raises(ValueError, match="Got the answer with a signature"):
        verify(certificate, quoted, answered)


def test_an_answer_to_an_earlier_request_is_refused():
    certificate, quoted, _ = messages()
    old = attestation.answer(ENCLAVE[0], b"the sum", nonce=b"yesterday")
    with pytest.raises(ValueError, match="Got the answer with a signature"):
        verify(certificate, quoted, old)


@pytest.mark.parametrize("field", ["measurement", "nonce", "enclave", "signature"])
def test_a_quote_that_was_changed_on_its_way_is_refused(field):
    certificate, quoted, answered = messages()
    value = getattr(quoted, field)
    changed = replace(quoted, **{field: bytes([value[0] ^ 1]) + value[1:]})
    with pytest.raises(ValueError, match="Got the quote with a signature"):
        verify(certificate, changed, answered)


def test_an_answer_that_was_changed_on_its_way_is_refused():
    certificate, quoted, answered = messages()
    with pytest.raises(ValueError, match="Got the answer"):
        verify(certificate, quoted, replace(answered, content=b"another sum"))


def test_bytes_cannot_move_from_one_part_of_a_message_to_the_next():
    certificate, quoted, answered = messages()
    moved = replace(
        quoted,
        measurement=quoted.measurement + quoted.nonce[:1],
        nonce=quoted.nonce[1:],
    )
    with pytest.raises(ValueError, match="Got the quote with a signature"):
        verify(certificate, moved, answered)


def test_a_signature_of_one_kind_of_message_does_not_do_for_another():
    private, public = MAKER
    text = attestation._about("answer", DEVICE[1])
    forged = attestation.Certificate(
        device=DEVICE[1], signature=signatures.sign(private, text)
    )
    assert signatures.signed(public, text, forged.signature)
    with pytest.raises(ValueError, match="Got the device's certificate"):
        verify(forged, *messages()[1:])


def test_a_private_key_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="Got a private key of 3 bytes, need 32 bytes"):
        attestation.certify(b"abc", DEVICE[1])


def test_signatures_give_the_values_of_rfc_8032():
    # section 7.1, test 1: the empty message
    private = bytes.fromhex(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    )
    assert signatures.verifying_key(private).hex() == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert (
        signatures.sign(private, b"").hex().startswith("e5564300c360ac729086e2cc806e82")
    )
