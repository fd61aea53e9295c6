"""A whole round in one place: every client, the server, and who drops out when.

The protocol of Bonawitz et al. 2017 (doi:10.1145/3133956.3133982), figure 4, with its
parts for servers that lie: signatures and the consistency check.

A toy, in one process and without a network. A real one has a directory of keys that
somebody vouches for, deadlines, clients that prove their numbers to be in range, a
sparse graph of partners once there are thousands (Bell et al. 2020), and code that
leaks nothing by the time it takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor

from fltutor import entropy, signatures, validate
from fltutor.secagg import client, server
from fltutor.secagg.knowledge import Secrets
from fltutor.secagg.messages import Keys, Settings, Unmasking
from fltutor.words import _

#: After which step a client may drop out; the server asks, then clients send.
STEPS = ("asked", "keys", "shares", "masked", "consent")


@dataclass(frozen=True, kw_only=True, eq=False)
class Transcript:
    """What the server saw in a round, and what it made of it.

    Attributes
    ----------
    total
        ``(d,)`` int64 in the ring: the sum over the survivors.
    roster, masked
        U1 with public keys; U3 with masked numbers ``(d,)``.
    unmaskings
        the shares that the server was given.
    uploaded
        id -> bytes that this client sent, all its messages together.
    """

    total: Tensor
    roster: Mapping[int, Keys]
    masked: Mapping[int, Tensor]
    unmaskings: tuple[Unmasking, ...]
    uploaded: Mapping[int, int]

    @property
    def survivors(self) -> tuple[int, ...]:
        """Return the clients whose numbers are in the sum."""
        return tuple(self.masked)


def run(
    values: Mapping[int, Tensor],
    *,
    threshold: int,
    modulus: int,
    drops: Mapping[str, Collection[int]] | None = None,
    round: int = 0,
    draw: entropy.Draw = entropy.system,
) -> Transcript:
    """Run one round of secure aggregation here: a toy, see above.

    Parameters
    ----------
    values
        id, from 0 -> int64 ``(d,)`` in the ring.
    threshold, modulus
        clients that must stay, more than half of all; the ring's size.
    drops
        step -> clients that send nothing after it: "asked", "keys", "shares",
        "masked" or "consent". The first three take them out of the sum.
    round, draw
        its number, and the source of keys.

    Examples
    --------
    >>> import torch
    >>> numbers = {i: torch.tensor([i, 10 * i]) for i in range(5)}
    >>> run(numbers, threshold=3, modulus=256, drops={"shares": [4]}).total
    tensor([ 6, 60])
    """
    gone = _gone(drops or {}, values)
    pairs = {u: signatures.signing_key(draw) for u in sorted(values)}
    settings = Settings(
        directory={u: pair[1] for u, pair in pairs.items()},
        threshold=threshold,
        length=len(values[min(values)]),
        modulus=modulus,
        round=round,
    )
    return _carry(settings, values, pairs, gone, draw)


def _carry(
    settings: Settings,
    values: Mapping[int, Tensor],
    pairs: Mapping[int, tuple[bytes, bytes]],
    gone: Mapping[str, Collection[int]],
    draw: entropy.Draw,
) -> Transcript:
    """Carry every message of a round; read it beside figure 4 of the paper."""
    log: list[Any] = []
    split = partial(_split, gone, log)
    signing = {u: pair[0] for u, pair in pairs.items() if u not in gone["asked"]}
    knows, keys = split(
        "keys",
        (client.advertise(u, key, settings, draw=draw) for u, key in signing.items()),
    )
    roster = server.collect_keys(settings, keys)  # U1
    knows, letters = split(
        "shares", (client.share(s, roster, draw=draw) for s in knows.values())
    )
    mail = server.route(settings, roster, letters)  # U2
    knows, hidden = split(
        "masked", (client.hide(s, mail[u], values[u]) for u, s in knows.items())
    )
    masked = server.collect_masked(settings, mail, hidden)  # U3
    knows, consents = split(
        "consent", (client.consent(s, masked) for s in knows.values())
    )
    signatures = server.collect_consents(settings, masked, consents)  # U4
    lists = {"survivors": masked.keys(), "dropped": mail.keys() - masked.keys()}
    _knows, shares = split(
        "unmask", (client.unmask(s, signatures, **lists) for s in knows.values())
    )
    total = server.total(settings, roster, mail, masked, shares)  # U5
    return Transcript(
        total=total,
        roster=roster,
        masked=masked,
        unmaskings=tuple(shares),
        uploaded=_weigh(log, values),
    )


def _split(
    gone: Mapping[str, Collection[int]],
    log: list[Any],
    step: str,
    answers: Iterable[tuple[Secrets, Any]],
) -> tuple[dict[int, Secrets], list[Any]]:
    """Return what the clients that stay know, by id, and what all have sent."""
    pairs = list(answers)
    messages = [message for _secrets, message in pairs]
    log.extend(messages)
    return {s.own: s for s, _m in pairs if s.own not in gone[step]}, messages


def _weigh(log: Iterable[Any], ids: Collection[int]) -> dict[int, int]:
    """Add up the bytes of each client's messages."""
    uploaded = dict.fromkeys(ids, 0)
    for message in log:
        uploaded[message.sender] += message.nbytes
    return uploaded


def _gone(
    drops: Mapping[str, Collection[int]], known: Collection[int]
) -> dict[str, set[int]]:
    """Check who drops out when: one set of ids for every step."""
    validate.not_empty("values", known)
    for step, ids in drops.items():
        validate.one_of("step", step, STEPS)
        strangers = sorted(set(ids) - set(known))
        if strangers:
            raise validate.fail(
                _("drop-outs {ids}").format(ids=strangers),
                _("ids of clients of this round"),
                _("Take them from the keys of values."),
            )
    return {"unmask": set(), **{step: set(drops.get(step, ())) for step in STEPS}}
