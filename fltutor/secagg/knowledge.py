"""What a client knows in a round, and what makes it refuse the server's message."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from fltutor import signatures, validate
from fltutor.secagg.fixed_point import in_ring
from fltutor.secagg.masks import KeyPair
from fltutor.secagg.messages import Keys, Settings, survivors_text
from fltutor.secagg.shamir import Share
from fltutor.words import _


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What one client knows in a round; it never leaves the client.

    Attributes
    ----------
    own
        this client's id.
    settings
        of the round.
    signing
        private key whose public half stands in the directory.
    channel, masking
        this round's key pairs c and s.
    seed
        b, from which the client's own mask grows.
    roster
        U1: everybody's public keys.
    held
        v -> (share of s_v, share of b_v), the client's own included.
    partners
        U2: who shared, so that their masks are in the sum.
    survivors
        U3: whose masked numbers the server says it has.
    step
        the next step: a step taken twice, or out of turn, is refused.
    """

    own: int
    settings: Settings
    signing: bytes = field(repr=False)
    channel: KeyPair = field(repr=False)
    masking: KeyPair = field(repr=False)
    seed: bytes = field(default=b"", repr=False)
    roster: Mapping[int, Keys] = field(default_factory=dict)
    held: Mapping[int, tuple[Share, Share]] = field(default_factory=dict, repr=False)
    partners: tuple[int, ...] = ()
    survivors: tuple[int, ...] = ()
    step: str = "share"


def in_turn(secrets: Secrets, step: str) -> None:
    """Refuse a step that was taken already, or that is not the next."""
    if secrets.step != step:
        raise validate.fail(
            _("the step {got!r} where {next!r} is next").format(
                got=step, next=secrets.step
            ),
            _("each step once, in order"),
            _("Start a new round, with new keys: old masks must not serve twice."),
        )


def enough(secrets: Secrets, clients: Collection[int], what: str) -> None:
    """Refuse to go on with fewer clients than the threshold."""
    if len(clients) < secrets.settings.threshold:
        raise validate.fail(
            _("{what} of {n} clients").format(what=what, n=len(clients)),
            _("{t}, the threshold").format(t=secrets.settings.threshold),
            _("Give the round up: a sum of so few says too much about each."),
        )


def within(clients: Collection[int], known: Collection[int], what: str) -> None:
    """Refuse clients that an earlier step has not seen."""
    strangers = sorted(set(clients) - set(known))
    if strangers:
        raise validate.fail(
            _("clients {ids} in the server's list").format(ids=strangers),
            _("only {what}").format(what=what),
            _("Refuse: the server made them up."),
        )


def fits_round(name: str, values: Tensor, settings: Settings) -> None:
    """Require as many numbers of the ring as the round says."""
    in_ring(name, values, settings.modulus)
    if len(values) != settings.length:
        raise validate.fail(
            _("{n} numbers as {name}").format(n=len(values), name=name),
            _("{n}, as the round says").format(n=settings.length),
            _("Flatten the update, and agree on its length before the round."),
        )


def check_roster(secrets: Secrets, roster: Mapping[int, Keys]) -> None:
    """Refuse keys without the owner's signature, keys used twice, a list without me."""
    settings = secrets.settings
    within(roster, settings.directory, _("clients of the directory"))
    own = roster.get(secrets.own)
    if own is None or own.masking != secrets.masking.public:
        raise validate.fail(
            _("a roster without the keys of client {id}").format(id=secrets.own),
            _("the keys that this client sent"),
            _("Refuse: shares for another key would be worth nothing."),
        )
    for v, keys in roster.items():
        text = settings.context("keys") + keys.channel + keys.masking
        if not signatures.signed(settings.directory[v], text, keys.signature):
            raise validate.fail(
                _("keys of client {id} that it did not sign").format(id=v),
                _("a signature under its key of the directory"),
                _("Refuse: whoever swaps keys could read every share."),
            )
    public = [key for each in roster.values() for key in (each.channel, each.masking)]
    if len(set(public)) < len(public):
        raise validate.fail(
            _("one public key in two places of the roster"),
            _("different keys everywhere"),
            _("Refuse: two clients with one key have one mask."),
        )


def check_request(
    secrets: Secrets, survivors: Collection[int], dropped: Collection[int]
) -> list[int]:
    """Refuse lists that meet, or that are not those signed; return the drop-outs."""
    both = sorted(set(survivors) & set(dropped))
    if both:
        raise validate.fail(
            _("a request for both kinds of shares of client {id}").format(id=both[0]),
            _("one kind for each client: it survived, or it dropped out"),
            _("Refuse: with both, the server could read that client's numbers."),
        )
    missing = sorted(set(secrets.partners) - set(secrets.survivors))
    if sorted(survivors) != list(secrets.survivors) or sorted(dropped) != missing:
        raise validate.fail(
            _("survivors {now} and drop-outs {dropped}").format(
                now=sorted(survivors), dropped=sorted(dropped)
            ),
            _("those that this client signed: {signed} and {missing}").format(
                signed=list(secrets.survivors), missing=missing
            ),
            _("Refuse: the server changed its story."),
        )
    return missing


def check_consents(secrets: Secrets, consents: Mapping[int, bytes]) -> None:
    """Refuse a list of survivors that fewer than the threshold have signed."""
    settings = secrets.settings
    within(consents, secrets.survivors, _("survivors"))
    enough(secrets, consents, _("signatures"))
    text = survivors_text(settings, secrets.survivors)
    for v, signature in consents.items():
        if not signatures.signed(settings.directory[v], text, signature):
            raise validate.fail(
                _("a signature of client {id} of another list").format(id=v),
                _("signatures of the list of survivors that I signed"),
                _("Refuse: the server told that client another story."),
            )
