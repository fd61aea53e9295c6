"""The server's steps of a round: it carries, counts, and at last takes masks off.

Each step takes the messages that arrived and returns what goes out. Who is missing in
the messages has dropped out; below the threshold the round is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from fltutor import validate
from fltutor.secagg import shamir
from fltutor.secagg.client import own_key, pair_key
from fltutor.secagg.knowledge import fits_round
from fltutor.secagg.masks import KEY_BYTES, mask, pairwise_mask, public_key
from fltutor.secagg.messages import (
    Consent,
    Keys,
    Masked,
    SealedShares,
    Settings,
    Unmasking,
)
from fltutor.words import _


def collect_keys(settings: Settings, messages: Iterable[Keys]) -> dict[int, Keys]:
    """Round 0: return the roster U1 that goes to every client of it [server].

    Raises
    ------
    ValueError
        fewer than the threshold, two messages of one client, or a stranger's.
    """
    roster = _by_sender(messages, settings.directory)
    _enough(settings, roster, _("keys"))
    return roster


def route(
    settings: Settings, roster: Mapping[int, Keys], messages: Iterable[SealedShares]
) -> dict[int, dict[int, bytes]]:
    """Round 1: sort the sealed shares by whom they are for [server].

    Returns
    -------
    v -> {u: what u sealed for v}, for every v of U2, who have sent theirs.
    """
    came = _by_sender(messages, roster)
    _enough(settings, came, _("sealed shares"))
    for u, message in came.items():
        if message.sealed.keys() != roster.keys() - {u}:
            raise validate.fail(
                _("sealed shares of client {id} for {n} clients").format(
                    id=u, n=len(message.sealed)
                ),
                _("one for each of the {n} others").format(n=len(roster) - 1),
                _("Leave that client out of the round."),
            )
    return {v: {u: came[u].sealed[v] for u in came if u != v} for v in came}


def collect_masked(
    settings: Settings, partners: Collection[int], messages: Iterable[Masked]
) -> dict[int, Tensor]:
    """Round 2: return the masked numbers ``(d,)`` of the survivors U3 [server]."""
    came = _by_sender(messages, partners)
    _enough(settings, came, _("masked numbers"))
    for u, message in came.items():
        name = _("masked numbers of client {id}").format(id=u)
        fits_round(name, message.values, settings)
    return {u: message.values for u, message in came.items()}


def collect_consents(
    settings: Settings, survivors: Collection[int], messages: Iterable[Consent]
) -> dict[int, bytes]:
    """Consistency check: return the signatures that go to every survivor [server]."""
    came = _by_sender(messages, survivors)
    _enough(settings, came, _("signatures"))
    return {u: message.signature for u, message in came.items()}


def total(
    settings: Settings,
    roster: Mapping[int, Keys],
    partners: Collection[int],
    masked: Mapping[int, Tensor],
    messages: Iterable[Unmasking],
) -> Tensor:
    """Round 3: take the masks off the sum, and off the sum only [server].

    Parameters
    ----------
    settings, roster
        of the round; U1 with everybody's public keys.
    partners, masked
        U2, whose pairwise masks are in the sum; U3 with the masked numbers ``(d,)``.
    messages
        shares, from at least t survivors.

    Returns
    -------
    ``(d,)`` int64 in [0, modulus): the sum of the survivors' numbers.
    """
    came = list(_by_sender(messages, masked).values())
    _enough(settings, came, _("shares"))
    size = {"length": settings.length, "modulus": settings.modulus}
    result = torch.zeros(settings.length, dtype=torch.int64)  # (d,)
    for u, values in masked.items():
        seed = _rebuild(settings, u, [m.seeds[u] for m in came if u in m.seeds])
        alone = mask(own_key(seed, settings), **size)  # (d,)
        result = (result + values - alone).remainder(settings.modulus)
    for v in sorted(set(partners) - set(masked)):
        private = _rebuild(settings, v, [m.keys[v] for m in came if v in m.keys])
        if public_key(private) != roster[v].masking:
            raise _wrong(v)
        keys = {u: pair_key(private, roster[u].masking, settings) for u in masked}
        # v's masks are the others' with the other sign: adding them takes those off
        result = (result + pairwise_mask(v, keys, **size)).remainder(settings.modulus)
    return result


def _rebuild(settings: Settings, owner: int, shares: Sequence[shamir.Share]) -> bytes:
    secret = shamir.combine(shares, threshold=settings.threshold)
    if secret.bit_length() > 8 * KEY_BYTES:
        raise _wrong(owner)
    return secret.to_bytes(KEY_BYTES, "big")


def _wrong(owner: int) -> ValueError:
    return validate.fail(
        _("shares that do not give the key of client {id}").format(id=owner),
        _("the key whose public half it sent in round 0"),
        _("A share was corrupted. Give the round up and start again."),
    )


def _by_sender(messages: Iterable[Any], known: Collection[int]) -> dict[int, Any]:
    """Sort messages by sender, and refuse strangers and second messages."""
    found: dict[int, Any] = {}
    for message in messages:
        if message.sender not in known:
            raise validate.fail(
                _("a message of client {id}").format(id=message.sender),
                _("messages of clients that the step before has seen"),
                _("Ignore it: that client dropped out, or was never asked."),
            )
        if message.sender in found:
            raise validate.fail(
                _("two messages of client {id}").format(id=message.sender),
                _("one"),
                _("Keep the first, and ask why there is a second."),
            )
        found[message.sender] = message
    return dict(sorted(found.items()))


def _enough(settings: Settings, came: Collection[Any], what: str) -> None:
    if len(came) < settings.threshold:
        raise validate.fail(
            _("{what} of {n} clients").format(what=what, n=len(came)),
            _("{t}, the threshold").format(t=settings.threshold),
            _("Refuse the round; ask more clients next time, or lower threshold."),
        )
