"""Fixed point, masks, shares: the parts of secure aggregation against their books."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fltutor import entropy
from fltutor.secagg import FixedPoint, additive, masks, shamir, upload_bits, wrap

F64 = torch.float64


def draws(*names):
    return entropy.named(0, "test", *names)


# --- numbers in a ring


def test_wrap_gives_the_published_values():
    # REFERENCE: [-5, 10) has 15 numbers
    values = torch.tensor([5, -15, 20, 10])
    assert wrap(values, -5, 10).tolist() == [5, 0, 5, -5]


def test_an_empty_interval_is_refused():
    with pytest.raises(ValueError, match=r"Got \[3, 3\), need low < high"):
        wrap(torch.tensor([1]), 3, 3)


@given(
    values=st.lists(st.floats(-2, 2), min_size=1, max_size=20),
    bits=st.integers(2, 40),
    clients=st.integers(1, 1000),
)
def test_a_number_comes_back_within_half_a_step(values, bits, clients):
    point = FixedPoint(bits=bits, clip=2.0)
    ring, x = point.modulus(clients), torch.tensor(values, dtype=F64)
    back = point.decode(point.encode(x, ring), ring)
    assert (back - x).abs().max() <= point.step / 2 * (1 + 1e-6)


def test_one_step_is_the_clip_cut_into_what_the_bits_can_count():
    # 8 bits, one of them the sign: 127 steps on either side
    point = FixedPoint(bits=8, clip=1.0)
    ends = torch.tensor([-1.0, -1 / 127, 0.0, 1 / 127, 1.0], dtype=F64)
    assert point.integers(ends).tolist() == [-127, -1, 0, 1, 127]


def test_halves_are_rounded_to_even_so_that_sums_do_not_drift():
    point = FixedPoint(bits=8, clip=127.0)
    halves = torch.tensor([0.5, 1.5, 2.5, -0.5], dtype=F64)
    assert point.integers(halves).tolist() == [0, 2, 2, 0]


def test_negative_numbers_stand_in_the_upper_half_of_the_ring():
    point = FixedPoint(bits=8, clip=127.0)
    assert point.encode(torch.tensor([-1.0, 1.0]), 256).tolist() == [255, 1]
    assert point.decode(torch.tensor([255, 1]), 256).tolist() == [-1.0, 1.0]


@given(
    clients=st.integers(1, 400), bits=st.integers(2, 16), sign=st.sampled_from([1, -1])
)
def test_the_sum_of_the_largest_numbers_does_not_run_over(clients, bits, sign):
    point = FixedPoint(bits=bits, clip=1.0)
    ring = point.modulus(clients)
    total = point.encode(torch.full((1,), 1.0 * sign), ring) * clients % ring
    assert point.decode(total, ring).item() == pytest.approx(clients * sign)


def test_a_ring_made_for_one_client_gives_a_sum_of_two_the_wrong_sign():
    point = FixedPoint(bits=8, clip=1.0)
    ring = point.modulus(1)
    total = 2 * point.encode(torch.tensor([0.9]), ring) % ring
    assert point.decode(total, ring).item() < 0


def test_the_modulus_has_the_bits_of_bonawitz():
    # ceil(log2(n (2^16 - 1) + 1)) for n = 2^10 is 26
    assert FixedPoint(bits=16).modulus(2**10) == 2**26


def test_a_number_beyond_the_clip_is_named():
    values = torch.tensor([0.1, -3.25, 2.0])
    words = (
        r"-3\.25 at place 1, 2 of 3 beyond the clip, need numbers in \[-1, 1\]\. Raise"
    )
    with pytest.raises(ValueError, match=words):
        FixedPoint(bits=8, clip=1.0).encode(values, 256)


@pytest.mark.parametrize("bits", [8, 16, 40])
def test_numbers_that_were_clipped_in_float32_are_not_beyond_the_clip(bits):
    point = FixedPoint(bits=bits, clip=0.1)
    clipped = torch.tensor([0.1, -0.1], dtype=torch.float32).double()  # 0.1000000015
    assert clipped[0] > 0.1
    assert point.integers(clipped).tolist() == [point.largest, -point.largest]


def test_a_list_is_not_a_tensor():
    with pytest.raises(ValueError, match=r"Write torch\.as_tensor"):
        FixedPoint().integers([0.1])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bits": 1}, "bits"),
        ({"bits": 53}, "bits"),
        ({"bits": 8.5}, "bits"),
        ({"clip": 0.0}, "clip"),
        ({"clip": float("inf")}, "clip"),
    ],
)
def test_bits_and_clip_out_of_range_are_refused(values, words):
    with pytest.raises(ValueError, match=f"Got {words}="):
        FixedPoint(**values)


def test_a_sum_wider_than_the_ring_can_be_is_refused():
    with pytest.raises(ValueError, match="Got 52 bits for each of 2000 clients, 63"):
        FixedPoint(bits=52).modulus(2000)


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="NaN or infinite"):
        FixedPoint().encode(torch.tensor([float("nan")]), 2**16)


# --- keys and masks

ALICE = bytes.fromhex(
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
)
BOB = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")


def test_key_agreement_gives_the_values_of_rfc_7748():
    # section 6.1
    alice, bob = masks.public_key(ALICE), masks.public_key(BOB)
    assert alice.hex() == (
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    )
    assert bob.hex() == (
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    )
    shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    assert masks.shared_secret(ALICE, bob).hex() == shared
    assert masks.shared_secret(BOB, alice).hex() == shared


def test_key_derivation_gives_the_values_of_rfc_5869():
    # appendix A.1, test case 1
    derived = masks.derive(
        bytes([0x0B] * 22),
        salt=bytes(range(13)),
        info=bytes(range(0xF0, 0xFA)),
        length=42,
    )
    assert derived.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        "34007208d5b887185865"
    )


def test_the_stream_gives_the_values_of_rfc_8439():
    # section 2.4.2: the stream of block 1 under the key 00 01 02 ...
    nonce = (1).to_bytes(4, "little") + bytes.fromhex("000000000000004a00000000")
    stream = masks.keystream(bytes(range(32)), 24, nonce=nonce)
    assert stream.hex() == "224f51f3401bd9e12fde276fb8631ded8c131f823d2c06e2"


def test_another_purpose_gives_another_key():
    assert masks.derive(ALICE, info=b"a") != masks.derive(ALICE, info=b"b")


def test_a_public_key_that_makes_the_secret_zero_is_refused():
    with pytest.raises(
        ValueError, match="Somebody chose it so that the secret is zero"
    ):
        masks.shared_secret(ALICE, bytes(32))


def test_a_key_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="Got private of 5 bytes, need 32 bytes"):
        masks.public_key(b"short")


@pytest.mark.parametrize("modulus", [2, 2**10, 2**32, 2**33, 2**62])
def test_a_mask_fills_its_ring_evenly(modulus):
    values = masks.mask(ALICE, 4000, modulus)
    assert values.min() >= 0
    assert values.max() < modulus
    # mean of a uniform number: 1/2 +- 5 / sqrt(12 * 4000)
    assert values.double().mean() / (modulus - 1) == pytest.approx(0.5, abs=0.023)


@pytest.mark.parametrize("modulus", [0, 3, 10, 2**63])
def test_a_ring_in_which_masks_would_not_be_even_is_refused(modulus):
    with pytest.raises(ValueError, match=f"Got modulus={modulus}, need a power of two"):
        masks.mask(ALICE, 3, modulus)


def keys_of_all(num_clients):
    """Return u -> {v -> a key that u and v share}."""
    pairs = [masks.key_pair(draws("pair", u)) for u in range(num_clients)]
    return {
        u: {
            v: masks.shared_secret(pairs[u].private, pairs[v].public)
            for v in range(num_clients)
            if v != u
        }
        for u in range(num_clients)
    }


def sums_to_zero(pairwise):
    """Hold a rule for a client's mask to the property that the masks cancel."""
    keys = keys_of_all(4)
    total = sum(pairwise(u, keys[u], length=5, modulus=2**20) for u in keys)
    assert (total % 2**20).tolist() == [0] * 5


def test_the_masks_of_all_clients_sum_to_zero():
    sums_to_zero(masks.pairwise_mask)


def test_masks_do_not_cancel_where_one_half_has_the_wrong_sign():
    def both_add(own, keys, *, length, modulus):
        return sum(masks.mask(key, length, modulus) for key in keys.values())

    with pytest.raises(AssertionError):
        sums_to_zero(both_add)


def test_a_mask_with_oneself_is_refused():
    with pytest.raises(ValueError, match="Got a key that client 2 shares with itself"):
        masks.pairwise_mask(2, {2: ALICE, 3: BOB}, length=3, modulus=8)


# --- Shamir's shares

#: REFERENCE: mod 1613, 1234 + 166 x + 94 x^2 at 1 to 6.
VALUES = [1494, 329, 965, 176, 1188, 775]
POINTS = [shamir.Share(x=x, y=y) for x, y in enumerate(VALUES, start=1)]


def test_the_polynomial_gives_the_published_shares():
    found = [shamir.polynomial([1234, 166, 94], x, 1613) for x in range(1, 7)]
    assert found == VALUES


@given(st.permutations(POINTS))
def test_any_three_published_shares_give_the_secret(points):
    assert shamir.combine(points[:3], threshold=3, prime=1613) == 1234


@given(st.permutations(POINTS))
def test_two_shares_of_three_give_another_number(points):
    # all lines through two of the six points meet the axis elsewhere
    assert shamir.combine(points[:2], threshold=2, prime=1613) != 1234


def test_two_shares_of_three_fit_every_secret_equally_well():
    two = POINTS[:2]
    third = [  # for every secret there is a third share, each another one
        shamir.combine(
            [shamir.Share(x=0 + 1613 - 1, y=s), *two], threshold=3, prime=1613
        )
        for s in range(1613)
    ]
    assert len(set(third)) == 1613


def test_fewer_shares_than_the_threshold_are_refused():
    with pytest.raises(ValueError, match="Got 2 shares, need 3, the threshold"):
        shamir.combine(POINTS[:2], threshold=3, prime=1613)


def test_a_share_given_twice_is_refused():
    with pytest.raises(ValueError, match="Got more than one share at place 1"):
        shamir.combine([*POINTS[:2], POINTS[0]], threshold=3, prime=1613)


def test_a_corrupted_share_is_refused_where_there_is_one_to_spare():
    for place in range(4):
        shares = list(POINTS[:4])
        shares[place] = shamir.Share(x=shares[place].x, y=shares[place].y ^ 1)
        with pytest.raises(ValueError, match="corrupted share"):
            shamir.combine(shares, threshold=3, prime=1613)


@pytest.mark.parametrize("y", [-1, 1613, 2**300])
def test_a_share_outside_of_the_field_is_refused(y):
    with pytest.raises(ValueError, match="corrupted share at place 7"):
        shamir.combine([*POINTS[:2], shamir.Share(x=7, y=y)], threshold=3, prime=1613)


def test_a_share_at_the_secrets_own_place_is_refused():
    with pytest.raises(ValueError, match="Place 0 is the secret itself"):
        shamir.split(5, threshold=2, places=[0, 1, 2])


@given(
    secret=st.integers(0, 2**256 - 1),
    threshold=st.integers(1, 6),
    surplus=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_a_key_comes_back_from_any_shares(secret, threshold, surplus, seed):
    places = [3 * x + 1 for x in range(threshold + surplus)]
    shares = shamir.split(secret, threshold=threshold, places=places, draw=draws(seed))
    assert shamir.combine(shares[surplus:], threshold=threshold) == secret
    assert shamir.combine(shares, threshold=threshold) == secret


@pytest.mark.parametrize(
    ("secret", "threshold", "places", "words"),
    [
        (1613, 2, [1, 2], "Got a secret of 11 bits"),
        (-1, 2, [1, 2], "Got a secret"),
        (5, 3, [1, 2], "Got threshold=3 for 2 clients, need a threshold of at most 2"),
        (5, 0, [1, 2], "Got threshold=0"),
        (5, 2, [1, 1], "Got more than one share at place 1"),
        (5, 2, [1, 1613], "Got a share at place 1613"),
    ],
)
def test_what_cannot_be_shared_is_refused(secret, threshold, places, words):
    with pytest.raises(ValueError, match=words):
        shamir.split(secret, threshold=threshold, places=places, prime=1613)


# --- three servers, and what an upload weighs


@given(
    num_servers=st.integers(2, 6),
    values=st.lists(st.integers(0, 2**20 - 1), min_size=1, max_size=8),
)
def test_additive_pieces_sum_to_the_vector(num_servers, values):
    x = torch.tensor(values)
    pieces = additive.split(x, modulus=2**20, num_servers=num_servers, draw=draws())
    assert pieces.shape == (num_servers, len(x))
    assert torch.equal(additive.join(pieces, modulus=2**20), x)


def test_three_servers_add_what_none_of_them_sees():
    point, ring = FixedPoint(bits=20, clip=1.0), FixedPoint(bits=20).modulus(4)
    rows = torch.rand(4, 6, generator=torch.Generator().manual_seed(0), dtype=F64)
    pieces = [additive.split(point.encode(row, ring), modulus=ring) for row in rows]
    servers = torch.stack(pieces).sum(dim=0) % ring  # (3, d): each adds its own column
    total = point.decode(additive.join(servers, modulus=ring), ring)
    torch.testing.assert_close(total, rows.sum(dim=0), atol=4 * point.step, rtol=0)


def test_all_pieces_but_one_are_the_same_whatever_was_shared():
    # With the same draws, two vectors differ in the last piece alone; two servers see
    # nothing, since by symmetry any could be the last.
    one = additive.split(torch.tensor([1, 2]), modulus=64, draw=draws())
    two = additive.split(torch.tensor([9, 0]), modulus=64, draw=draws())
    assert torch.equal(one[:-1], two[:-1])
    assert not torch.equal(one[-1], two[-1])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (torch.tensor([0.5]), "need an int64 vector"),
        (torch.tensor([[1]]), "need an int64 vector"),
        (torch.tensor([-1, 3]), r"Got values from -1 to 3, need numbers in \[0, 64\)"),
        (torch.tensor([64]), "Got values from 64 to 64"),
    ],
)
def test_what_is_not_in_the_ring_is_refused(values, words):
    with pytest.raises(ValueError, match=words):
        additive.split(values, modulus=64)


def test_an_upload_weighs_what_bonawitz_counts():
    # Bonawitz 2017, section 7.1, n = 2^10 clients and m = 2^20 numbers of 16 bits
    assert upload_bits(2**10, 2**20) / (16 * 2**20) == pytest.approx(1.7343, abs=5e-5)
