"""The words in which cases are written: call, compare, require."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from fltutor import guard
from fltutor.checks.model import NOTHING, Case, Given, Mismatch

RTOL, ATOL = 1e-4, 1e-6  # a float32 answer is a right answer


def tensor(*rows: object) -> torch.Tensor:
    """Return a float64 tensor of the numbers or rows: short to write in a case."""
    return torch.tensor(rows, dtype=torch.float64)


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


def run(
    answer: object, given: Given, *, may_change: Sequence[str] = (), what: str = ""
) -> object:
    """Call the learner's function on copies of ``given``, by position.

    Raises
    ------
    Mismatch
        If it takes another number of arguments, changes one of its inputs (unless
        named in ``may_change``) or returns None.
    """
    called = what or getattr(answer, "__name__", "your function")
    if not callable(answer):
        raise Mismatch(
            f"{called} should be a function, got {describe_type(answer)}. "
            "Pass the function itself, without calling it.",
            kind="not callable",
        )
    _require_signature(answer, called, given)
    copies = {name: copy.deepcopy(value) for name, value in given.items()}
    with guard.originals():  # what it replaces does not decide about it
        got = answer(*copies.values())
    for name, value in given.items():
        if name not in may_change and not same(copies[name], value):
            raise Mismatch(
                f"{called} changed its input `{name}`. Whoever called it still needs "
                f"that: work on a copy ({name}.clone()).",
                {name: value},
                value,
                copies[name],
                kind=f"modified {name}",
            )
    if got is None:
        raise Mismatch(
            f"{called} returned None. Does it end with `return ...`?",
            given,
            kind="none",
        )
    return got


def _require_signature(answer: object, called: str, given: Given) -> None:
    try:
        signature = inspect.signature(answer)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return  # built-ins have none: the call itself will tell
    try:
        signature.bind(*given.values())
    except TypeError:
        raise Mismatch(
            f"{called}{signature} cannot be called with the {len(given)} arguments "
            f"of this exercise: {', '.join(given)}.",
            kind="signature",
        ) from None


@guard.originals()  # a method of the answer's may have replaced some
def close(
    got: object,
    expected: object,
    given: Given = NOTHING,
    *,
    what: str = "the result",
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Require numbers to agree, shape and all; torch, numpy, lists alike."""
    target, value = to_array(expected), to_array(got)
    if target is None:
        raise TypeError(f"close() compares numbers, expected is {expected!r}.")
    if value is None:
        raise Mismatch(
            f"{what} should be numbers, got {describe_type(got)}.",
            given,
            expected,
            got,
            kind="type",
        )
    if value.shape != target.shape:
        raise Mismatch(
            f"{what} should have shape {target.shape}, got {value.shape}.",
            given,
            expected,
            got,
            kind="shape",
        )
    if not np.isfinite(value).all() and np.isfinite(target).all():
        problem = f"{what} contains nan or inf."
        raise Mismatch(problem, given, expected, got, kind="not finite")
    if not np.allclose(value, target, rtol=rtol, atol=atol, equal_nan=True):
        raise Mismatch(f"{what} has another value than expected.", given, expected, got)


def require(
    condition: bool,
    problem: str,
    given: Given = NOTHING,
    *,
    expected: object = None,
    got: object = None,
    kind: str = "",
) -> None:
    """Require a condition; ``problem`` says in a sentence what does not hold."""
    if not condition:
        raise Mismatch(problem, given, expected, got, kind=kind or problem)


def example(
    name: str,
    given: Given,
    expected: object,
    *,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> Case:
    """Return the case "called with ``given``, the function returns ``expected``"."""

    def case(answer: object) -> None:
        close(run(answer, given), expected, given, rtol=rtol, atol=atol)

    return Case(name, case)


def value(
    name: str, expected: object, *, rtol: float = RTOL, atol: float = ATOL
) -> Case:
    """Return the case "the answer is this number or array"."""

    def case(answer: object) -> None:
        close(answer, expected, what="your answer", rtol=rtol, atol=atol)

    return Case(name, case)


def describe_type(value: object) -> str:
    """Return the type in words: "a str", "None"."""
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
