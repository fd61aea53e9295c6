"""Shamir's secret sharing: any t shares give the secret, t - 1 give nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from fltutor import entropy, validate
from fltutor.words import _

#: The smallest prime above 2^256: every key of 32 bytes is a number of its field.
PRIME = 2**256 + 297


@dataclass(frozen=True, kw_only=True)
class Share:
    """A point ``(x, f(x))`` on a polynomial; x from 1, for f(0) is the secret."""

    x: int
    y: int


def polynomial(coefficients: Sequence[int], x: int, prime: int = PRIME) -> int:
    """Evaluate ``c_0 + c_1 x + c_2 x^2 + ...`` in the field, by Horner's rule.

    Examples
    --------
    >>> [polynomial([1234, 166, 94], x, 1613) for x in range(1, 4)]
    [1494, 329, 965]
    """
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % prime
    return value


def split(
    secret: int,
    *,
    threshold: int,
    places: Sequence[int],
    prime: int = PRIME,
    draw: entropy.Draw = entropy.system,
) -> list[Share]:
    """Cut a secret into shares of which any ``threshold`` give it back [client].

    Parameters
    ----------
    secret, prime
        a number in [0, prime), and the field's size.
    threshold
        t, from 1 to the number of places. A larger t asks more to collude and
        survives fewer drop-outs.
    places
        x of each share: different, from 1 to prime - 1.
    draw
        source of the t - 1 random coefficients.

    References
    ----------
    Shamir 1979 (doi:10.1145/359168.359176).
    """
    if not 0 <= secret < prime:
        raise validate.fail(
            _("a secret of {bits} bits").format(bits=secret.bit_length()),
            _("one from 0 up to the prime {prime}").format(prime=prime),
            _("Cut it into pieces, or use a larger prime."),
        )
    _check_places(places, prime)
    if validate.count("threshold", threshold) > len(places):
        raise above_clients(threshold, len(places))
    drawn = [entropy.below(prime, draw) for _ in range(threshold - 1)]
    coefficients = [secret, *drawn]
    return [Share(x=x, y=polynomial(coefficients, x, prime)) for x in places]


def combine(shares: Sequence[Share], *, threshold: int, prime: int = PRIME) -> int:
    """Give the secret back from at least ``threshold`` shares [server].

    The first t give it; every further one must lie on the same polynomial. With
    exactly t shares a wrong one cannot be told from a right one: it gives another
    secret, and nothing in Shamir's scheme notices.

    Parameters
    ----------
    shares
        at least t of them, from different places.
    threshold, prime
        as they were at the split.

    Raises
    ------
    ValueError
        too few shares, one given twice, one out of the field, or shares that do not
        lie on one polynomial.
    """
    if len(shares) < validate.count("threshold", threshold):
        raise validate.fail(
            _("{n} shares").format(n=len(shares)),
            _("{t}, the threshold").format(t=threshold),
            _("Wait for more clients; fewer shares say nothing about the secret."),
        )
    _check_places([share.x for share in shares], prime)
    for share in shares:
        if not 0 <= share.y < prime:
            raise _corrupted(share.x, _("its value is no number of the field"))
    base, others = shares[:threshold], shares[threshold:]
    places = tuple(share.x for share in base)
    for share in others:
        if _at(base, lagrange(places, share.x, prime), prime) != share.y:
            raise _corrupted(share.x, _("it, or one before it, is off the polynomial"))
    return _at(base, lagrange(places, 0, prime), prime)


@lru_cache(maxsize=1024)
def lagrange(places: tuple[int, ...], at: int, prime: int = PRIME) -> tuple[int, ...]:
    """Return each share's factor: ``f(at) = sum_j factor_j y_j``.

    ``factor_j = product over m != j of (at - x_m) / (x_j - x_m)``, in the field.
    """
    factors = []
    for j, x in enumerate(places):
        above = below = 1
        for m, other in enumerate(places):
            if m != j:
                above = above * (at - other) % prime
                below = below * (x - other) % prime
        factors.append(above * pow(below, -1, prime) % prime)
    return tuple(factors)


def above_clients(threshold: int, num_clients: int) -> ValueError:
    """Return the error of a threshold that so many clients never reach."""
    return validate.fail(
        _("threshold={t} for {n} clients").format(t=threshold, n=num_clients),
        _("a threshold of at most {n}").format(n=num_clients),
        _("Lower threshold, or ask more clients."),
    )


def _at(shares: Sequence[Share], factors: tuple[int, ...], prime: int) -> int:
    pairs = zip(shares, factors, strict=True)
    return sum(share.y * factor for share, factor in pairs) % prime


def _check_places(places: Sequence[int], prime: int) -> None:
    for x in places:
        if not 1 <= x < prime:
            raise validate.fail(
                _("a share at place {x}").format(x=x),
                _("places from 1 up to the prime"),
                _("Place 0 is the secret itself: give a client id + 1."),
            )
    if len(set(places)) < len(places):
        twice = next(x for i, x in enumerate(places) if x in places[:i])
        raise validate.fail(
            _("more than one share at place {x}").format(x=twice),
            _("shares from different places"),
            _("Take each client's share once: a share given twice adds nothing."),
        )


def _corrupted(x: int, why: str) -> ValueError:
    return validate.fail(
        _("a corrupted share at place {x}: {why}").format(x=x, why=why),
        _("shares of one polynomial"),
        _("Leave that share out and ask another client."),
    )
