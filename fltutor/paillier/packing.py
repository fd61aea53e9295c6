"""Many numbers in one ciphertext: what makes a vector bearable."""

from __future__ import annotations

from collections.abc import Sequence

from fltutor import validate
from fltutor.paillier.arithmetic import whole
from fltutor.paillier.keys import PublicKey
from fltutor.words import _


def slots(public: PublicKey, *, bits: int, summands: int) -> int:
    """Count the numbers of a vector that fit into one ciphertext.

    Parameters
    ----------
    public
        the key.
    bits
        of one number, its sign included.
    summands
        how many such vectors will be added: each doubling costs every slot a bit.

    Raises
    ------
    ValueError
        not one fits.
    """
    width = _width(bits, summands)
    count = (public.n.bit_length() - 2) // width
    if count < 1:
        raise validate.fail(
            _("sums of {width} bits under a key of {bits}").format(
                width=width, bits=public.n.bit_length()
            ),
            _("a key of more bits than a sum"),
            _("Use a larger key, fewer bits or fewer summands."),
        )
    return count


def pack(numbers: Sequence[int], *, bits: int, summands: int) -> int:
    """Put whole numbers side by side into one, so that adding it adds each of them.

    ``sum_j numbers_j 2^(j width)``, ``width = ceil(log2(summands (2^bits - 1) + 1))``.

    Parameters
    ----------
    numbers
        signed, of ``bits`` bits each: absolute values below 2^(bits - 1).
    bits, summands
        as in :func:`slots`.

    Examples
    --------
    >>> both = pack([3, -2], bits=8, summands=2) + pack([-5, 1], bits=8, summands=2)
    >>> unpack(both, count=2, bits=8, summands=2)
    [-2, -1]
    """
    width, limit = _width(bits, summands), 2 ** (bits - 1)
    packed = 0
    for place, each in enumerate(numbers):
        number = whole(f"numbers[{place}]", each)
        if abs(number) >= limit:
            raise validate.fail(
                _("{number} at place {place}").format(number=number, place=place),
                _("an absolute value below {limit}").format(limit=limit),
                _("Use more bits, or FixedPoint(...).integers to cut to size."),
            )
        packed += number << (place * width)
    return packed


def unpack(packed: int, *, count: int, bits: int, summands: int) -> list[int]:
    """Take ``count`` sums apart again, as :func:`pack` put them side by side."""
    width, found = _width(bits, summands), []
    for _place in range(validate.count("count", count)):
        number = packed % 2**width
        number -= 2**width if number >= 2 ** (width - 1) else 0  # its sign
        found.append(number)
        packed = (packed - number) >> width
    return found


def _width(bits: int, summands: int) -> int:
    validate.count("bits", bits, low=2)
    validate.count("summands", summands)
    return int((summands * (2**bits - 1)).bit_length())
