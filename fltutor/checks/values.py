"""Numbers as a learner may give them: torch, numpy, lists alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from fltutor.words import _

RTOL, ATOL = 5e-6, 1e-6  # a float32 answer is a right answer, a rounded one is not
#: Numbers that cancel leave the error of the large ones: ATOL grows so far with them.
_LARGEST = 100.0


def tensor(*rows: object) -> torch.Tensor:
    """Return a float64 tensor of the numbers or rows: short to write in a case."""
    return torch.tensor(rows, dtype=torch.float64)


def draw(
    rng: np.random.Generator,
    *shape: int,
    low: float = -4.0,
    high: float = 4.0,
    digits: int = 1,
) -> torch.Tensor:
    """Return random numbers that are easy to read, as a float64 tensor.

    Parameters
    ----------
    shape
        of the tensor; none gives one number.
    low, high
        the range, uniform.
    digits
        behind the point. Few digits make ties and zeros, which random cases want.
    """
    numbers = np.round(rng.uniform(low, high, size=shape), digits) + 0.0  # no -0.0
    return torch.as_tensor(numbers)


def to_array(value: object) -> np.ndarray | None:
    """Return a number, tensor, array or (nested) list of them as float64, or None."""
    if isinstance(value, str | bytes | Mapping) or value is None:
        return None
    try:
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        if isinstance(value, list | tuple):
            rows = [to_array(item) for item in value]
            if any(row is None for row in rows):
                return None
            value = rows
        array = np.asarray(value)
        return None if array.dtype.kind == "c" else array.astype(np.float64)
    except Exception:  # whatever a learner's object does when it is asked for numbers
        return None


def same(a: object, b: object, *, rtol: float = 0.0, atol: float = 0.0) -> bool:
    """Compare numbers, arrays, tensors and containers of them, shapes included."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(
            same(a[key], b[key], rtol=rtol, atol=atol) for key in a
        )
    left, right = to_array(a), to_array(b)
    if left is not None and right is not None:
        return left.shape == right.shape and bool(
            np.allclose(left, right, rtol=rtol, atol=atol, equal_nan=True)
        )
    if isinstance(a, Sequence) and isinstance(b, Sequence) and not isinstance(a, str):
        return len(a) == len(b) and all(
            same(x, y, rtol=rtol, atol=atol) for x, y in zip(a, b, strict=True)
        )
    return bool(left is None and right is None and _plainly_equal(a, b))


def _plainly_equal(a: object, b: object) -> bool:
    if a is b or type(a) is not type(b):
        return a is b
    if isinstance(a, str | bytes | bool | set | frozenset):
        return a == b
    fields = getattr(a, "__dict__", None)
    if fields is None or isinstance(a, torch.nn.Module) or callable(a):
        return True  # a copy of something opaque: nothing to compare
    return same(fields, b.__dict__)


def difference(
    got: object, expected: object, what: str, rtol: float, atol: float
) -> tuple[str, str] | None:
    """Return how numbers differ, as (kind, sentence); None where they agree."""
    target, value = to_array(expected), to_array(got)
    if target is None:
        raise TypeError(f"A case compares numbers, expected is {expected!r}.")
    if value is None:
        sentence = _("{what} should be numbers, got {type}.")
        return "type", sentence.format(what=what, type=describe_type(got))
    if value.shape != target.shape:
        sentence = _("{what} should have shape {needed}, got {shape}.")
        return "shape", sentence.format(
            what=what, needed=target.shape, shape=value.shape
        )
    if not np.isfinite(value).all() and np.isfinite(target).all():
        return "not finite", _("{what} contains nan or inf.").format(what=what)
    largest = np.abs(target[np.isfinite(target)]).max(initial=1.0)
    atol = atol * min(largest, _LARGEST)
    right = np.isclose(value, target, rtol=rtol, atol=atol, equal_nan=True)
    if right.all():
        return None
    digits = _rounded(value, target)
    if digits is not None:
        sentence = _(
            "{what} is rounded to {digits} decimal places. Return the number as it is; "
            "round only what you print."
        )
        return "rounded", sentence.format(what=what, digits=digits)
    return "value", _where(value, target, right, what)


def _rounded(value: np.ndarray, target: np.ndarray) -> int | None:
    """Return to how many places a right result was rounded, if it was."""
    if not np.isfinite(target).all() or not value.any():
        return None
    if np.abs(value - target).max() > 0.01 * np.abs(target).max():
        return None
    for digits in range(7):
        if np.allclose(value, np.round(target, digits), rtol=1e-9, atol=1e-9):
            return digits
    return None


def _where(value: np.ndarray, target: np.ndarray, right: np.ndarray, what: str) -> str:
    """Say where the numbers differ most."""
    if value.ndim == 0:
        return _("{what} has another value than expected.").format(what=what)
    with np.errstate(invalid="ignore"):
        gap = np.nan_to_num(np.abs(value - target), nan=np.inf, posinf=np.inf)
    place = np.unravel_index(np.where(right, -1.0, gap).argmax(), gap.shape)
    mine, needed = _apart(float(value[place]), float(target[place]))
    sentence = _(
        "{what} differs in {count} of {size} numbers, most at [{place}]: {got} where "
        "{expected} is expected."
    )
    return sentence.format(
        what=what,
        count=int((~right).sum()),
        size=right.size,
        place=", ".join(str(int(i)) for i in place),
        got=mine,
        expected=needed,
    )


def _apart(a: float, b: float) -> tuple[str, str]:
    """Write two numbers with as many digits as tell them apart, four at least."""
    for digits in range(4, 17):
        if f"{a:.{digits}g}" != f"{b:.{digits}g}":
            break
    return f"{a:.{digits}g}", f"{b:.{digits}g}"


def describe_type(value: object) -> str:
    """Return the type in words: "a str", "None"."""
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
