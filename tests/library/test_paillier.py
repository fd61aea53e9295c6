import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fltutor import entropy, paillier
from fltutor.paillier import keys

KEY = paillier.keygen(bits=64, draw=entropy.named(0, "test"))
OTHER = paillier.keygen(bits=64, draw=entropy.named(1, "test"))
N = KEY.public.n
numbers = st.integers(-(N // 2), N // 2)


def centred(number):
    """Return the number of (-n/2, n/2) that is the same mod n."""
    return (number + N // 2) % N - N // 2


@given(a=numbers, b=numbers)
def test_the_product_of_ciphertexts_holds_the_sum_mod_n(a, b):
    total = paillier.add(*(paillier.encrypt(KEY.public, m) for m in (a, b)))
    assert paillier.decrypt(KEY, total) == centred(a + b)


@given(a=numbers, factor=st.integers(-50, 50))
def test_a_power_holds_the_multiple(a, factor):
    found = paillier.times(paillier.encrypt(KEY.public, a), factor)
    assert paillier.decrypt(KEY, found) == centred(a * factor)


@given(numbers)
def test_a_number_comes_back(a):
    assert paillier.decrypt(KEY, paillier.encrypt(KEY.public, a)) == a


def test_a_small_key_by_hand():
    # p = 11, q = 13: n = 143, lambda = lcm(10, 12) = 60, mu = 60^-1 mod 143 = 31,
    # since 60 * 31 = 1860 = 13 * 143 + 1. Enc(42, r = 23) = (1 + 42 n) 23^n mod n^2.
    public = paillier.PublicKey(n=143)
    key = paillier.PrivateKey(public=public, order=60, inverse=31)
    sealed = (1 + 42 * 143) * pow(23, 143, 143**2) % 143**2
    found = paillier.encrypt(public, 42, draw=lambda size: bytes([23] * size))
    assert found.value == sealed
    assert paillier.decrypt(key, found) == 42


def test_encrypting_twice_differs():
    assert paillier.encrypt(KEY.public, 5) != paillier.encrypt(KEY.public, 5)


def test_many_ciphertexts_are_added_up():
    sealed = [paillier.encrypt(KEY.public, m) for m in (3, -10, 4)]
    assert paillier.decrypt(KEY, paillier.total(sealed)) == -3


def test_a_sum_that_runs_over_has_the_wrong_sign():
    sealed = paillier.encrypt(KEY.public, N // 2)
    assert paillier.decrypt(KEY, paillier.add(sealed, sealed)) < 0


@pytest.mark.parametrize("bits", [16, 32, 64, 128, 512])
def test_a_key_has_the_bits_that_were_asked_for(bits):
    key = paillier.keygen(bits=bits)
    assert key.public.n.bit_length() == bits
    assert math.gcd(key.public.n, key.order) == 1
    assert pow(2, key.order, key.public.n) == 1


def test_a_named_stream_gives_the_same_key():
    assert paillier.keygen(bits=64, draw=entropy.named(0, "test")) == KEY
    assert paillier.keygen(bits=64) != KEY


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_primes_are_primes(bits):
    draw = entropy.named(0, "primes", bits)
    for _ in range(5):
        prime = keys.prime(bits, draw)
        assert all(prime % d for d in range(2, math.isqrt(prime) + 1))


# p - 1 has many factors 2: the test must square often enough
@pytest.mark.parametrize("prime", [41, 97, 257, 12289, 65537])
def test_primes_one_above_a_multiple_of_a_power_of_two_are_primes(prime):
    assert keys.is_prime(prime, entropy.named(0, "miller"))


# Carmichael numbers without a small factor: a^(n-1) = 1 for nearly every a
@pytest.mark.parametrize("composite", [1590231231043178376951698401, 41 * 43, 41**2])
def test_composites_are_none(composite):
    assert not keys.is_prime(composite, entropy.named(0, "miller"))


def test_what_a_private_key_knows_is_not_printed():
    assert str(KEY.order) not in repr(KEY)


@pytest.mark.parametrize(
    "use",
    [
        lambda c: paillier.decrypt(KEY, c),
        lambda c: paillier.add(paillier.encrypt(KEY.public, 1), c),
        lambda c: paillier.total([paillier.encrypt(KEY.public, 1), c]),
    ],
)
def test_a_ciphertext_under_another_key_is_refused(use):
    with pytest.raises(ValueError, match="Got a ciphertext under another key, n = "):
        use(paillier.encrypt(OTHER.public, 1))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (N, "Got a number of 64 bits, need one between"),
        (-N // 2 - 1, "Got a number of"),
        (0.5, "Got number=0.5, need a whole number"),
        (2.0, "Got number=2.0, need a whole number"),
        (True, "Got number=True"),
        ("7", "Got number='7'"),
    ],
)
def test_what_cannot_be_encrypted_is_refused(number, words):
    with pytest.raises(ValueError, match=words):
        paillier.encrypt(KEY.public, number)


@pytest.mark.parametrize("bits", [0, 15, 33, 5000, 64.5])
def test_a_size_of_key_that_does_not_work_is_refused(bits):
    with pytest.raises(ValueError, match="Got bits="):
        paillier.keygen(bits=bits)


def test_nothing_cannot_be_added_up():
    with pytest.raises(ValueError, match="Got no ciphertexts"):
        paillier.total([])


# --- vectors, and their costs


@given(
    rows=st.integers(1, 5).flatmap(
        lambda count: st.lists(
            st.lists(st.integers(-127, 127), min_size=count, max_size=count),
            min_size=1,
            max_size=6,
        )
    )
)
@settings(max_examples=50)
def test_packed_numbers_are_added_one_by_one(rows):
    size = {"bits": 8, "summands": len(rows)}
    total = sum(paillier.pack(row, **size) for row in rows)
    found = paillier.unpack(total, count=len(rows[0]), **size)
    assert found == [sum(column) for column in zip(*rows, strict=True)]


def test_a_packed_vector_survives_encryption():
    size = {"bits": 8, "summands": 3}
    count = paillier.slots(KEY.public, **size)
    rows = [[127] * count, [-127] * count, [-100, 1, *[5] * (count - 2)]]
    sealed = [paillier.encrypt(KEY.public, paillier.pack(r, **size)) for r in rows]
    total = paillier.decrypt(KEY, paillier.total(sealed))
    assert paillier.unpack(total, count=count, **size) == rows[2]


def test_slots_are_as_wide_as_their_sums():
    # 3 clients of 8 bits: 3 * 255 = 765 needs 10 bits; 64 - 2 bits hold 6 of them
    assert paillier.slots(KEY.public, bits=8, summands=3) == 6


def test_a_full_slot_does_not_spill_into_its_neighbour():
    size = {"bits": 8, "summands": 100}
    count = paillier.slots(KEY.public, **size)
    rows = [[-127] * count] * 100
    total = sum(paillier.pack(row, **size) for row in rows)
    assert paillier.unpack(total, count=count, **size) == [-12700] * count


def test_a_ciphertext_weighs_twice_its_key_whatever_is_inside():
    assert KEY.public.ciphertext_bytes == 2 * 64 // 8


def test_numbers_that_are_wider_than_their_slot_are_refused():
    with pytest.raises(ValueError, match="Got 128 at place 1, need an absolute value"):
        paillier.pack([0, 128], bits=8, summands=2)


def test_sums_that_are_wider_than_the_key_are_refused():
    with pytest.raises(ValueError, match="Got sums of 70 bits under a key of 64"):
        paillier.slots(KEY.public, bits=60, summands=2**10)
