"""The protocol: drop-outs between any two steps, servers that lie, what they see."""

from dataclasses import replace
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fltutor as ft
from fltutor import entropy, robust, signatures
from fltutor.aggregators import mean, uniform_mean
from fltutor.secagg import (
    FixedPoint,
    Settings,
    client,
    masks,
    run,
    sealing,
    secure_sum,
    server,
    shamir,
    weigh_upload,
)
from fltutor.secagg.rounds import STEPS

F64 = torch.float64
RING = 2**16
BEFORE_THE_SUM = ("asked", "keys", "shares")


def draws(*names):
    return entropy.named(0, "test", *names)


def vectors(num_clients, length=4, seed=0):
    draw = torch.Generator().manual_seed(seed)
    rows = torch.randint(0, 1000, (num_clients, length), generator=draw)
    return dict(enumerate(rows))


def plain_sum(values, ids):
    return sum(values[u] for u in ids) % RING


# --- honest rounds


def test_the_sum_of_everybody_comes_out():
    values = vectors(5)
    done = run(values, threshold=3, modulus=RING)
    assert torch.equal(done.total, plain_sum(values, range(5)))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("who", range(5))
def test_one_client_may_drop_out_between_any_two_steps(step, who):
    values = vectors(5)
    done = run(values, threshold=3, modulus=RING, drops={step: [who]}, draw=draws())
    stay = [u for u in values if u != who or step not in BEFORE_THE_SUM]
    assert done.survivors == tuple(stay)
    assert torch.equal(done.total, plain_sum(values, stay))


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in STEPS for b in STEPS])
def test_two_clients_may_drop_out_at_different_steps(first, second):
    values = vectors(6)
    drops = {first: [1], second: [4]} if first != second else {first: [1, 4]}
    done = run(values, threshold=4, modulus=RING, drops=drops, draw=draws())
    gone = {u for step in BEFORE_THE_SUM for u in drops.get(step, ())}
    assert torch.equal(done.total, plain_sum(values, set(values) - gone))


@pytest.mark.parametrize("step", STEPS)
def test_the_round_is_refused_below_the_threshold(step):
    with pytest.raises(ValueError, match="of 2 clients, need 3, the threshold"):
        run(vectors(5), threshold=3, modulus=RING, drops={step: [0, 2, 4]})


@settings(max_examples=20)
@given(
    num_clients=st.integers(3, 8),
    length=st.integers(1, 9),
    bits=st.integers(9, 40),
    data=st.data(),
)
def test_every_round_above_the_threshold_gives_the_survivors_sum(
    num_clients, length, bits, data
):
    threshold = num_clients // 2 + 1
    left = st.sampled_from([None, *STEPS])
    when = [data.draw(left) for _ in range(num_clients - threshold)]
    drops = {step: [u for u, at in enumerate(when) if at == step] for step in STEPS}
    values = {u: v % 2**bits for u, v in vectors(num_clients, length).items()}
    done = run(values, threshold=threshold, modulus=2**bits, drops=drops)
    expected = sum(values[u] for u in done.survivors) % 2**bits
    assert torch.equal(done.total, expected)


def test_without_recovery_one_drop_out_leaves_garbage():
    values = vectors(4)
    done = run(values, threshold=3, modulus=RING, drops={"shares": [3]}, draw=draws())
    naive = sum(done.masked.values()) % RING
    assert not torch.equal(naive, done.total)


def test_the_same_draws_give_the_same_messages():
    one, two = (run(vectors(3), threshold=2, modulus=RING, draw=draws()) for _ in "ab")
    assert all(torch.equal(one.masked[u], two.masked[u]) for u in one.masked)


def test_ids_need_not_be_consecutive():
    values = {u: torch.tensor([u]) for u in (3, 40, 7)}
    assert run(values, threshold=2, modulus=RING).total.tolist() == [50]


def test_an_upload_weighs_about_what_bonawitz_counts():
    # exactly: 2 keys, 2 signatures, (n - 1) letters of 2 shares with nonce and tag, d
    # numbers of 16 bits, n shares to unmask
    done = run(vectors(5, length=8), threshold=3, modulus=RING)
    letters, shares = 4 * (12 + 2 * 33 + 16), 5 * 33
    assert set(done.uploaded.values()) == {2 * 32 + 2 * 64 + letters + 16 + shares}


# --- a client that is not fooled


class Table:
    """Three to six clients and their messages, up to a step, for a server to lie to."""

    def __init__(self, num_clients=5, threshold=3):
        signing = {
            u: signatures.signing_key(draws("sign", u)) for u in range(num_clients)
        }
        self.settings = Settings(
            directory={u: public for u, (_, public) in signing.items()},
            threshold=threshold,
            length=2,
            modulus=RING,
        )
        both = {
            u: client.advertise(u, private, self.settings)
            for u, (private, _) in signing.items()
        }
        self.knows = {u: pair[0] for u, pair in both.items()}
        self.roster = server.collect_keys(self.settings, [m for _, m in both.values()])

    def share(self):
        both = {u: client.share(s, self.roster) for u, s in self.knows.items()}
        self.knows = {u: pair[0] for u, pair in both.items()}
        letters = [m for _, m in both.values()]
        self.mail = server.route(self.settings, self.roster, letters)
        return self

    def hide(self, without=()):
        self.share()
        both = {
            u: client.hide(s, self.mail[u], torch.tensor([u, 7]))
            for u, s in self.knows.items()
            if u not in without
        }
        self.knows = {u: pair[0] for u, pair in both.items()}
        self.masked = server.collect_masked(
            self.settings, self.mail, [m for _, m in both.values()]
        )
        return self

    def consent(self, told, ids=None):
        """Let clients sign the list that they are told, one for each or one for all."""
        signatures = {}
        for u in ids or list(self.knows):
            self.knows[u], message = client.consent(self.knows[u], told)
            signatures[u] = message.signature
        return signatures


def test_a_request_for_both_kinds_of_shares_of_one_client_is_refused():
    table = Table().hide(without=[4])
    signatures = table.consent([0, 1, 2, 3])
    words = "both kinds of shares of client 2, need one kind for each client"
    with pytest.raises(ValueError, match=words):
        client.unmask(
            table.knows[0], signatures, survivors=[0, 1, 2, 3], dropped=[2, 4]
        )


def test_both_kinds_of_shares_would_show_one_clients_numbers():
    # what the refusal above is for: t shares of each kind open client 2 alone
    table = Table().hide()
    held = [s.held[2] for s in table.knows.values()][:3]
    private, seed = (
        shamir.combine([pair[i] for pair in held], threshold=3).to_bytes(32, "big")
        for i in (0, 1)
    )
    bare = table.masked[2] - masks.mask(client.own_key(seed, table.settings), 2, RING)
    keys = {
        v: client.pair_key(private, table.roster[v].masking, table.settings)
        for v in table.roster
        if v != 2
    }
    bare = bare - masks.pairwise_mask(2, keys, length=2, modulus=RING)
    assert (bare % RING).tolist() == [2, 7]


@pytest.mark.parametrize(
    ("survivors", "dropped"),
    [([0, 1, 2], [3, 4]), ([0, 1, 2, 3, 4], []), ([0, 1, 2, 3], []), ([], [4])],
)
def test_another_list_than_the_one_signed_is_refused(survivors, dropped):
    table = Table().hide(without=[4])
    signatures = table.consent([0, 1, 2, 3])
    with pytest.raises(ValueError, match="the server changed its story"):
        client.unmask(table.knows[0], signatures, survivors=survivors, dropped=dropped)


def test_a_server_that_tells_two_stories_is_refused():
    # client 0 hears that 3 dropped out, the others that 4 did: together the server
    # would get both kinds of shares of both
    table = Table().hide()
    mine = table.consent([0, 1, 2, 4], ids=[0])
    theirs = table.consent([0, 1, 2, 3], ids=[1, 2])
    words = "signature of client 1 of another list.*told that client another story"
    with pytest.raises(ValueError, match=words):
        client.unmask(
            table.knows[0], mine | theirs, survivors=[0, 1, 2, 4], dropped=[3]
        )


def test_fewer_signatures_than_the_threshold_are_refused():
    table = Table().hide()
    signatures = table.consent(range(5))
    few = {u: signatures[u] for u in (0, 1)}
    with pytest.raises(ValueError, match="Got signatures of 2 clients, need 3"):
        client.unmask(table.knows[0], few, survivors=range(5), dropped=[])


def test_a_second_request_is_refused():
    table = Table().hide()
    signatures = table.consent(range(5))
    after, _ = client.unmask(table.knows[0], signatures, survivors=range(5), dropped=[])
    with pytest.raises(
        ValueError, match="Got the step 'unmask' where 'nothing' is next"
    ):
        client.unmask(after, signatures, survivors=range(5), dropped=[])
    assert after.held == {}


def test_a_step_out_of_turn_is_refused():
    table = Table()
    with pytest.raises(ValueError, match="each step once, in order"):
        client.hide(table.knows[0], {}, torch.tensor([1, 2]))


def test_masking_twice_with_one_mask_is_refused():
    table = Table().hide()
    with pytest.raises(ValueError, match="old masks must not serve twice"):
        client.hide(table.knows[0], table.mail[0], torch.tensor([1, 2]))


def test_a_list_of_survivors_below_the_threshold_is_refused():
    table = Table().hide()
    with pytest.raises(ValueError, match="Got survivors of 2 clients, need 3"):
        client.consent(table.knows[0], [0, 1])


def test_survivors_that_never_shared_are_refused():
    table = Table().hide()
    with pytest.raises(ValueError, match=r"clients \[9\] in the server's list"):
        client.consent(table.knows[0], [0, 1, 2, 9])


def test_keys_that_the_server_swapped_are_refused():
    table = Table()
    swapped = replace(table.roster[3], masking=masks.key_pair(draws("server")).public)
    with pytest.raises(ValueError, match="keys of client 3 that it did not sign"):
        client.share(table.knows[0], {**table.roster, 3: swapped})


def test_keys_of_another_round_are_refused():
    table = Table()
    later = {
        u: replace(s, settings=replace(s.settings, round=1))
        for u, s in table.knows.items()
    }
    with pytest.raises(ValueError, match="that it did not sign"):
        client.share(later[0], table.roster)


def test_two_clients_with_one_key_are_refused():
    table = Table()
    private, public = signatures.signing_key(draws("twin"))
    settings = replace(
        table.settings, directory={**table.settings.directory, 5: public}, threshold=4
    )
    own = table.roster[4]
    text = settings.context("keys") + own.channel + own.masking
    twin = replace(own, sender=5, signature=signatures.sign(private, text))
    knows = replace(table.knows[0], settings=settings)
    with pytest.raises(ValueError, match="two clients with one key have one mask"):
        client.share(knows, {**table.roster, 5: twin})


def test_a_roster_without_oneself_is_refused():
    table = Table()
    others = {u: keys for u, keys in table.roster.items() if u != 0}
    with pytest.raises(ValueError, match="a roster without the keys of client 0"):
        client.share(table.knows[0], others)


def test_a_share_changed_on_its_way_is_refused():
    table = Table().share()
    mail = dict(table.mail[0])
    mail[3] = mail[3][:-1] + bytes([mail[3][-1] ^ 1])
    with pytest.raises(ValueError, match="corrupted share from client 3"):
        client.hide(table.knows[0], mail, torch.tensor([1, 2]))


def test_a_share_meant_for_another_client_is_refused():
    table = Table().share()
    mail = {**table.mail[0], 3: table.mail[1][3]}
    with pytest.raises(ValueError, match="corrupted share from client 3"):
        client.hide(table.knows[0], mail, torch.tensor([1, 2]))


@pytest.mark.parametrize("size", [0, 33, 65, 67])
def test_a_share_of_another_length_is_refused(size):
    table = Table().share()
    secret = masks.shared_secret(
        table.knows[3].channel.private, table.roster[0].channel
    )
    letter = sealing.seal(
        masks.derive(secret, info=table.settings.context("letters")),
        bytes(size),
        about=client.letter_about(3, 0, table.settings),
        draw=draws("letter"),
    )
    with pytest.raises(ValueError, match="corrupted share from client 3"):
        client.hide(table.knows[0], {**table.mail[0], 3: letter}, torch.tensor([1, 2]))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (torch.tensor([1]), "Got 1 numbers as values, need 2"),
        (torch.tensor([1, RING]), "need numbers in"),
        (torch.tensor([0.1, 0.2]), "FixedPoint"),
    ],
)
def test_numbers_that_do_not_fit_the_round_are_refused(numbers, words):
    table = Table().share()
    with pytest.raises(ValueError, match=words):
        client.hide(table.knows[0], table.mail[0], numbers)


# --- a server that is not fooled


def unmaskings(table, dropped=()):
    survivors = [u for u in range(5) if u not in dropped]
    signatures = table.consent(survivors)
    return [
        client.unmask(s, signatures, survivors=survivors, dropped=dropped)[1]
        for s in table.knows.values()
    ]


def test_a_corrupted_share_of_a_key_is_refused_by_the_server():
    table = Table().hide(without=[4])
    messages = unmaskings(table, dropped=[4])
    wrong = replace(messages[0].keys[4], y=messages[0].keys[4].y ^ 1)
    messages[0] = replace(messages[0], keys={4: wrong})
    with pytest.raises(ValueError, match="corrupted share"):
        server.total(table.settings, table.roster, table.mail, table.masked, messages)


def test_without_a_share_to_spare_the_public_key_tells_that_one_is_wrong():
    table = Table().hide(without=[4])
    messages = unmaskings(table, dropped=[4])[:3]
    wrong = replace(messages[0].keys[4], y=messages[0].keys[4].y ^ 1)
    messages[0] = replace(messages[0], keys={4: wrong})
    with pytest.raises(ValueError, match="shares that do not give the key of client 4"):
        server.total(table.settings, table.roster, table.mail, table.masked, messages)


def test_two_messages_of_one_client_are_refused():
    table = Table()
    with pytest.raises(ValueError, match="Got two messages of client 0, need one"):
        server.collect_keys(table.settings, [*table.roster.values(), table.roster[0]])


def test_a_stranger_is_refused():
    table = Table()
    stranger = replace(table.roster[0], sender=17)
    with pytest.raises(ValueError, match="Got a message of client 17"):
        server.collect_keys(table.settings, [*table.roster.values(), stranger])


def test_a_client_that_shared_with_some_only_is_refused():
    table = Table()
    both = [client.share(s, table.roster)[1] for s in table.knows.values()]
    both[1] = replace(both[1], sealed=dict(list(both[1].sealed.items())[1:]))
    with pytest.raises(ValueError, match="Got sealed shares of client 1 for 3 clients"):
        server.route(table.settings, table.roster, both)


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (6, "Got threshold=6 for 5 clients, need a threshold of at most 5"),
        (2, "Got threshold=2 for 5 clients, need more than half of them, 3 or more"),
        (1, "Got threshold=1, need a whole number threshold, 2 or more"),
    ],
)
def test_a_threshold_that_does_not_fit_is_refused(threshold, words):
    with pytest.raises(ValueError, match=words):
        run(vectors(5), threshold=threshold, modulus=RING)


def test_drop_outs_must_be_clients_and_steps_of_the_round():
    with pytest.raises(ValueError, match=r"Got drop-outs \[9\]"):
        run(vectors(3), threshold=2, modulus=RING, drops={"keys": [9]})
    with pytest.raises(ValueError, match="step='lunch'"):
        run(vectors(3), threshold=2, modulus=RING, drops={"lunch": [0]})


# --- what the server sees


def fresh_masks(first, second):
    """Hold two rounds to it: differences of messages are not those of the numbers."""
    for u in first[0]:
        seen = (second[1].masked[u] - first[1].masked[u]) % RING
        assert not torch.equal(seen, (second[0][u] - first[0][u]) % RING)


def two_rounds(draw_of, rounds=(0, 1)):
    both = []
    for index in rounds:
        values = vectors(4, seed=index)
        done = run(values, threshold=3, modulus=RING, round=index, draw=draw_of(index))
        both.append((values, done))
    return both


def test_two_rounds_have_different_masks():
    fresh_masks(*two_rounds(lambda index: entropy.system))
    fresh_masks(*two_rounds(draws))


def test_the_same_keys_in_another_round_still_give_other_masks():
    fresh_masks(*two_rounds(lambda index: draws()))


def test_one_mask_in_two_rounds_gives_the_difference_away():
    # the slip: keys made once, and nothing that names the round
    first, second = vectors(4, seed=0), vectors(4, seed=1)
    both = [
        (v, run(v, threshold=3, modulus=RING, round=0, draw=draws()))
        for v in (first, second)
    ]
    with pytest.raises(AssertionError):
        fresh_masks(*both)


def guesses_right(trial, knows_keys):
    """Let a server say who of clients 0 and 1 holds `a`: the sum is the same.

    It takes off every mask that it can rebuild from the shares it was given: the
    survivors' own, and those with client 3, who dropped out. Then it looks where `a`
    fits better.
    """
    coin = torch.Generator().manual_seed(trial)
    a, b, c, e = torch.randint(0, 100, (4, 8), generator=coin)  # (8,) each
    swapped = bool(torch.randint(2, (1,), generator=coin))
    values = dict(enumerate([b, a, c, e] if swapped else [a, b, c, e]))
    private = {}
    draw = draws("distinguish", trial)
    done = run(values, threshold=3, modulus=RING, drops={"shares": [3]}, draw=draw)
    settings = Settings(
        directory=dict.fromkeys(range(4), b""), threshold=3, length=8, modulus=RING
    )

    def rebuilt(kind, u):
        shares = [getattr(m, kind)[u] for m in done.unmaskings]
        return shamir.combine(shares, threshold=3).to_bytes(32, "big")

    private[3] = rebuilt("keys", 3)
    if knows_keys:  # the control: seeds that the server has a copy of
        private |= knows_keys(trial)
    bare = {}
    for u in (0, 1):
        own = client.own_key(rebuilt("seeds", u), settings)
        bare[u] = done.masked[u] - masks.mask(own, 8, RING)
        for v, key in private.items():
            if v == u:
                continue
            pair = client.pair_key(key, done.roster[u].masking, settings)
            one = masks.mask(pair, 8, RING)
            bare[u] = bare[u] - one if v > u else bare[u] + one
    centred = {u: (x + RING // 2) % RING - RING // 2 for u, x in bare.items()}
    straight = (centred[0] - a).abs().sum() + (centred[1] - b).abs().sum()
    crossed = (centred[0] - b).abs().sum() + (centred[1] - a).abs().sum()
    return bool(crossed < straight) == swapped


def copied_keys(trial):
    """Return the masking keys of clients 0 to 2, drawn again as `run` drew them."""
    draw = draws("distinguish", trial)
    for _ in range(4):
        signatures.signing_key(draw)
    found = {}
    for u in range(4):
        masks.key_pair(draw)
        found[u] = masks.key_pair(draw).private
    return {u: found[u] for u in range(3)}


def test_a_server_that_tries_to_tell_two_clients_apart_is_at_chance():
    # 200 coins: 100 right, give or take 3.3 standard deviations of 7.07
    right = sum(guesses_right(trial, None) for trial in range(200))
    assert abs(right - 100) <= 23


def test_the_same_server_is_always_right_where_it_has_the_seeds():
    assert all(guesses_right(trial, copied_keys) for trial in range(20))


def test_masked_numbers_do_not_correlate_with_the_real_ones():
    values = vectors(3, length=5000)
    done = run(values, threshold=2, modulus=RING, draw=draws())
    seen = torch.stack([done.masked[0].double(), values[0].double()])
    # standard deviation of a correlation of independent numbers: 1 / sqrt(5000)
    assert abs(torch.corrcoef(seen)[0, 1]) < 4 / 5000**0.5


def test_the_sum_itself_still_leaks():
    # what no masks help against: two rounds that differ by one client
    values = vectors(5)
    with_it = run(values, threshold=3, modulus=RING)
    without = run(values, threshold=3, modulus=RING, drops={"shares": [4]})
    assert torch.equal((with_it.total - without.total) % RING, values[4])


def test_no_message_holds_a_private_key():
    table = Table().hide(without=[4])
    messages = repr([table.roster, table.mail, unmaskings(table, dropped=[4])])
    for s in table.knows.values():
        for secret in (s.masking.private, s.channel.private, s.seed, s.signing):
            assert repr(secret)[2:-1] not in messages


def test_what_a_client_knows_is_not_printed():
    table = Table().hide()
    shown = repr(table.knows[0])
    assert repr(table.knows[0].masking.private) not in shown
    assert "held" not in shown


# --- as an aggregator


def rows(k=5, d=6, seed=0):
    draw = torch.Generator().manual_seed(seed)
    deltas = torch.rand(k, d, generator=draw, dtype=F64) * 2 - 1
    return deltas, torch.rand(k, generator=draw, dtype=F64) + 0.1


@pytest.mark.parametrize("rule", [mean, uniform_mean])
@pytest.mark.parametrize("bits", [8, 16, 30])
@given(k=st.integers(2, 6), seed=st.integers(0, 9))
@settings(max_examples=10)
def test_secure_sum_is_the_plain_mean_within_rounding(rule, bits, k, seed):
    deltas, weights = rows(k, 6, seed)
    shares = torch.ones(k) if rule is uniform_mean else weights / weights.max()
    bound = FixedPoint(bits=bits).step / 2 * k / shares.sum()
    found = secure_sum(threshold=k // 2 + 1, bits=bits, rule=rule)(deltas, weights)
    assert (found - rule(deltas, weights)).abs().max() <= bound * (1 + 1e-9)


def test_secure_sum_depends_on_no_random_number():
    deltas, weights = rows()
    aggregate = secure_sum(threshold=3)
    assert torch.equal(aggregate(deltas, weights), aggregate(deltas, weights))


def test_secure_sum_keeps_the_precision_of_the_updates():
    deltas, weights = rows()
    assert (
        secure_sum(threshold=3)(deltas.float(), weights.float()).dtype == torch.float32
    )


def test_secure_sum_leaves_out_clients_of_weight_zero():
    deltas, _ = rows(3)
    weights = torch.tensor([1.0, 1.0, 0.0], dtype=F64)
    found = secure_sum(threshold=2, bits=30)(deltas, weights)
    torch.testing.assert_close(found, deltas[:2].mean(dim=0), atol=1e-7, rtol=0)


def test_secure_sum_refuses_a_cohort_below_the_threshold():
    with pytest.raises(ValueError, match="Got threshold=4 for 3 clients"):
        secure_sum(threshold=4)(*rows(3))


def test_secure_sum_refuses_updates_beyond_the_clip():
    with pytest.raises(ValueError, match="beyond the clip"):
        secure_sum(threshold=3, clip=0.01)(*rows())


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (robust.median, "median"),
        (robust.krum(num_byzantine=1), "krum"),
        (robust.geometric_median(), "geometric_median"),
        (robust.norm_bound(max_norm=1.0), "norm_bound"),
        (lambda deltas, weights: deltas[0], "<lambda>"),
    ],
)
def test_secure_sum_refuses_a_rule_that_compares_updates(rule, name):
    words = f"Got rule={name} under secure aggregation.*one of the two protections"
    with pytest.raises(ValueError, match=words):
        secure_sum(threshold=3, rule=rule)


@pytest.mark.parametrize(
    "around",
    [
        lambda rule: robust.bucketing(size=2, inner=rule),
        lambda rule: robust.nearest_neighbour_mixing(num_byzantine=1, inner=rule),
    ],
)
def test_a_robust_rule_refuses_to_stand_around_secure_sum(around):
    with pytest.raises(ValueError, match="Got inner=secure_sum for .*two protections"):
        around(secure_sum(threshold=3))
    around(mean)  # a plain mean is allowed


def test_secure_sum_says_what_it_protects():
    assert secure_sum(threshold=3).protects == "single updates from the server"


# --- in a federation


def federated(algorithm, aggregator, **options):
    data = ft.datasets.blobs_2d(seed=0).train
    clients = ft.splitters.iid(data[:60], num_clients=4, seed=0)
    task = ft.Task(ft.models.linear(2, data.num_classes), seed=0)
    local = ft.LocalTraining(epochs=1, batch_size=8, lr=0.1)
    return ft.Federation(
        task, clients, algorithm, local, aggregator=aggregator, **options
    )


def test_a_federation_learns_the_same_from_sums_alone():
    plain = federated(ft.FedAvg(), mean).run(rounds=3)
    secure = federated(ft.FedAvg(), secure_sum(threshold=3, bits=24)).run(rounds=3)
    torch.testing.assert_close(
        secure.state.params, plain.state.params, atol=1e-5, rtol=0
    )


def test_what_travels_beside_the_deltas_is_refused():
    with pytest.raises(ValueError, match="'secure_sum', which protects single updates"):
        federated(ft.Scaffold(), secure_sum(threshold=3)).run(rounds=1)


@pytest.mark.parametrize(
    ("threshold", "cohort", "words"),
    [(3, 2, "Got threshold=3 for 2 clients"), (2, None, "need more than half of them")],
)
def test_a_threshold_that_no_cohort_fits_is_refused_at_once(threshold, cohort, words):
    with pytest.raises(ValueError, match=words):
        federated(ft.FedAvg(), secure_sum(threshold=threshold), cohort_size=cohort)


def test_a_poisson_cohort_below_the_threshold_stops_the_run():
    federation = federated(
        ft.FedAvg(), secure_sum(threshold=4), cohort_size=2, sampling="poisson"
    )
    with pytest.raises(ValueError, match="Got threshold=4 for [0-3] clients"):
        federation.run(rounds=20)


def test_the_ledger_can_count_masked_bytes():
    plain = federated(ft.FedAvg(), mean).run(rounds=1)
    masked = federated(
        ft.FedAvg(), secure_sum(threshold=3), uplink=[weigh_upload(bits=16)]
    ).run(rounds=1)
    # 4 clients, 9 numbers: 2 * 4 * 256 + 16 * 256 + 9 * 18 bits = 789 bytes each
    assert masked["bytes_up"][0] == 4 * 789
    assert plain["bytes_up"][0] != masked["bytes_up"][0]
    torch.testing.assert_close(
        masked.state.params, plain.state.params, atol=1e-3, rtol=0
    )


def test_every_pair_of_clients_has_a_mask_of_its_own():
    table = Table().hide()
    found = {
        (u, v): client.pair_key(
            table.knows[u].masking.private, table.roster[v].masking, table.settings
        )
        for u, v in combinations(range(5), 2)
    }
    assert len(set(found.values())) == 10
