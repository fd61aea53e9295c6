"""The client's steps of a round: what it sends, what it keeps, what it refuses.

Every step takes what the client knows and one message of the server, and returns what
it knows then and one message to the server. Nothing is stored anywhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from torch import Tensor

from fltutor import entropy, signatures
from fltutor.secagg import sealing, shamir
from fltutor.secagg.knowledge import (
    Secrets,
    check_consents,
    check_request,
    check_roster,
    enough,
    fits_round,
    in_turn,
    within,
)
from fltutor.secagg.masks import (
    KEY_BYTES,
    derive,
    key_pair,
    mask,
    pairwise_mask,
    shared_secret,
)
from fltutor.secagg.messages import (
    SHARE_BYTES,
    Consent,
    Keys,
    Masked,
    SealedShares,
    Settings,
    Unmasking,
    survivors_text,
)
from fltutor.words import _


def advertise(
    own: int,
    signing: bytes,
    settings: Settings,
    *,
    draw: entropy.Draw = entropy.system,
) -> tuple[Secrets, Keys]:
    """Round 0: make fresh key pairs and sign their public halves [client]."""
    channel, masking = key_pair(draw), key_pair(draw)
    text = settings.context("keys") + channel.public + masking.public
    secrets = Secrets(
        own=own, settings=settings, signing=signing, channel=channel, masking=masking
    )
    return secrets, Keys(
        sender=own,
        channel=channel.public,
        masking=masking.public,
        signature=signatures.sign(signing, text),
    )


def share(
    secrets: Secrets,
    roster: Mapping[int, Keys],
    *,
    draw: entropy.Draw = entropy.system,
) -> tuple[Secrets, SealedShares]:
    """Round 1: cut the masking key and a new seed into shares, one for each [client].

    Raises
    ------
    ValueError
        fewer clients than the threshold, keys that nobody of the directory signed, or
        one key used by two.
    """
    in_turn(secrets, "share")
    enough(secrets, roster, _("keys"))
    check_roster(secrets, roster)
    seed, ids = draw(KEY_BYTES), sorted(roster)
    key_shares, seed_shares = (
        shamir.split(
            int.from_bytes(secret, "big"),
            threshold=secrets.settings.threshold,
            places=[v + 1 for v in ids],
            draw=draw,
        )
        for secret in (secrets.masking.private, seed)
    )
    pairs = dict(zip(ids, zip(key_shares, seed_shares, strict=True), strict=True))
    held = {secrets.own: pairs.pop(secrets.own)}
    secrets = replace(secrets, seed=seed, roster=dict(roster), held=held, step="mask")
    sealed = {v: _seal(secrets, v, pair, draw) for v, pair in pairs.items()}
    return secrets, SealedShares(sender=secrets.own, sealed=sealed)


def hide(
    secrets: Secrets, delivered: Mapping[int, bytes], values: Tensor
) -> tuple[Secrets, Masked]:
    """Round 2: open the shares of the others and send the numbers masked [client].

    ``y_u = x_u + PRG(b_u) + sum over v > u of PRG(s_uv) - sum over v < u``

    Parameters
    ----------
    secrets
        after round 1.
    delivered
        v -> what v sealed for this client, of everybody who is still there.
    values
        x_u, int64 ``(d,)`` in the ring.

    Raises
    ------
    ValueError
        too few partners, strangers among them, a share changed on its way, or numbers
        that are not in the ring.
    """
    in_turn(secrets, "mask")
    settings, own = secrets.settings, secrets.own
    fits_round("values", values, settings)
    partners = tuple(sorted({own, *delivered}))
    enough(secrets, partners, _("sealed shares"))
    within(partners, secrets.roster, _("clients that sent keys"))
    held = dict(secrets.held)
    for v in delivered:
        if v != own:
            held[v] = _open(secrets, v, delivered[v])
    secrets = replace(secrets, held=held, partners=partners, step="consent")
    hidden = (values + _whole_mask(secrets)).remainder(settings.modulus)  # (d,)
    return secrets, Masked(sender=own, values=hidden, modulus=settings.modulus)


def consent(secrets: Secrets, survivors: Collection[int]) -> tuple[Secrets, Consent]:
    """Consistency check: sign whom the server calls survivors, once [client]."""
    in_turn(secrets, "consent")
    listed = tuple(sorted(survivors))
    enough(secrets, listed, _("survivors"))
    within(listed, secrets.partners, _("clients that shared"))
    text = survivors_text(secrets.settings, listed)
    message = Consent(
        sender=secrets.own, signature=signatures.sign(secrets.signing, text)
    )
    return replace(secrets, survivors=listed, step="unmask"), message


def unmask(
    secrets: Secrets,
    consents: Mapping[int, bytes],
    *,
    survivors: Collection[int],
    dropped: Collection[int],
) -> tuple[Secrets, Unmasking]:
    """Round 3: give a seed's share of survivors, a key's share of the others [client].

    Whoever had both kinds of shares of one client could take off all its masks.

    Parameters
    ----------
    secrets
        after the consistency check.
    consents
        v -> signature of the same list of survivors, from at least t clients.
    survivors, dropped
        of whom the server asks for the seed, and of whom for the masking key.

    Raises
    ------
    ValueError
        a client in both lists, another list than the one signed, fewer signatures than
        the threshold, or a second request.
    """
    in_turn(secrets, "unmask")
    missing = check_request(secrets, survivors, dropped)
    check_consents(secrets, consents)
    seeds = {v: secrets.held[v][1] for v in secrets.survivors}
    keys = {v: secrets.held[v][0] for v in missing}
    done = replace(secrets, held={}, seed=b"", step="nothing")
    return done, Unmasking(sender=secrets.own, seeds=seeds, keys=keys)


def own_key(seed: bytes, settings: Settings) -> bytes:
    """Return the key of a client's own mask, from its seed b."""
    return derive(seed, info=settings.context("own mask"))


def pair_key(private: bytes, public: bytes, settings: Settings) -> bytes:
    """Return the key of a pair's mask: the same from either side."""
    secret = shared_secret(private, public)
    return derive(secret, info=settings.context("pairwise mask"))


def letter_about(sender: int, receiver: int, settings: Settings) -> bytes:
    """Return what binds a sealed share to its sender, its receiver and the round."""
    return settings.context("share") + f"{sender} to {receiver}".encode()


def _whole_mask(secrets: Secrets) -> Tensor:
    """Add up a client's own mask and those that it shares with its partners: (d,)."""
    settings, own = secrets.settings, secrets.own
    size = {"length": settings.length, "modulus": settings.modulus}
    keys = {
        v: pair_key(secrets.masking.private, secrets.roster[v].masking, settings)
        for v in secrets.partners
        if v != own
    }
    alone = mask(own_key(secrets.seed, settings), **size)  # (d,)
    return alone + pairwise_mask(own, keys, **size)


def _letter_key(secrets: Secrets, other: int) -> bytes:
    secret = shared_secret(secrets.channel.private, secrets.roster[other].channel)
    return derive(secret, info=secrets.settings.context("letters"))


def _seal(
    secrets: Secrets,
    receiver: int,
    pair: tuple[shamir.Share, shamir.Share],
    draw: entropy.Draw,
) -> bytes:
    """Seal shares of the masking key and of the seed for one other client."""
    about = letter_about(secrets.own, receiver, secrets.settings)
    text = b"".join(each.y.to_bytes(SHARE_BYTES, "big") for each in pair)
    return sealing.seal(_letter_key(secrets, receiver), text, about=about, draw=draw)


def _open(
    secrets: Secrets, sender: int, sealed: bytes
) -> tuple[shamir.Share, shamir.Share]:
    """Open what another client sealed: shares of its masking key and of its seed."""
    about = letter_about(sender, secrets.own, secrets.settings)
    key = _letter_key(secrets, sender)
    text = sealing.unseal(
        key, sealed, about=about, sender=sender, length=2 * SHARE_BYTES
    )
    place = secrets.own + 1
    parts = text[:SHARE_BYTES], text[SHARE_BYTES:]
    first, second = (int.from_bytes(part, "big") for part in parts)
    return shamir.Share(x=place, y=first), shamir.Share(x=place, y=second)
