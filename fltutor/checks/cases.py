"""The words in which cases are written: case, run, agree, require."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence

import numpy as np
import torch

from fltutor import guard
from fltutor.checks.model import NOTHING, Case, Given, Judge, Mismatch
from fltutor.checks.values import ATOL, RTOL, describe_type, difference, same, to_array
from fltutor.words import _


def case(
    key: str, *args: object, expected: object = None, judge: Judge | None = None
) -> Case:
    """Return the case "called with these arguments"; see `Case`."""
    return Case(key, args, expected, judge)


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
    called = what or getattr(answer, "__name__", _("your function"))
    if not callable(answer):
        sentence = _(
            "{called} should be a function, got {type}. Pass the function itself, "
            "without calling it."
        )
        problem = sentence.format(called=called, type=describe_type(answer))
        raise Mismatch(problem, kind="not callable")
    _require_signature(answer, called, given)
    copies = {name: copy.deepcopy(value) for name, value in given.items()}
    with guard.originals():  # what it replaces does not decide about it
        got = answer(*copies.values())
    for name, value in given.items():
        if name not in may_change and not same(copies[name], value):
            sentence = _(
                "{called} changed its input `{name}`. Whoever called it still needs "
                "that: work on a copy ({copy})."
            )
            problem = sentence.format(called=called, name=name, copy=_copy(name, value))
            raise Mismatch(
                problem, {name: value}, value, copies[name], kind=f"modified {name}"
            )
    if got is None:
        sentence = _("{called} returned None. Does it end with `return ...`?")
        raise Mismatch(sentence.format(called=called), given, kind="none")
    return got


def _copy(name: str, value: object) -> str:
    """Return the expression that copies an input of this type."""
    if isinstance(value, torch.Tensor):
        return f"{name}.clone()"
    if isinstance(value, np.ndarray):
        return f"{name}.copy()"
    if isinstance(value, list | dict | set) and not _holds_containers(value):
        return f"{type(value).__name__}({name})"
    return f"copy.deepcopy({name})"


def _holds_containers(value: list[object] | dict[object, object] | set[object]) -> bool:
    inside = value.values() if isinstance(value, dict) else value
    return not all(isinstance(item, int | float | str | bool) for item in inside)


def _require_signature(answer: object, called: str, given: Given) -> None:
    try:
        signature = inspect.signature(answer)  # type: ignore[arg-type] # it is callable
    except (TypeError, ValueError):
        return  # built-ins have none: the call itself will tell
    try:
        signature.bind(*given.values())
    except TypeError:
        sentence = _(
            "{called}{signature} cannot be called with the {count} arguments of this "
            "exercise: {names}."
        )
        problem = sentence.format(
            called=called, signature=signature, count=len(given), names=", ".join(given)
        )
        raise Mismatch(problem, kind="signature") from None


@guard.originals()  # a method of the answer's may have replaced some
def agree(
    got: object,
    expected: object,
    given: Given = NOTHING,
    *,
    what: str = "",
    parts: Sequence[str] = (),
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Require numbers to agree, shape and all; torch, numpy, lists alike.

    Parameters
    ----------
    got, expected
        numbers, or a tuple or dictionary of them, which are compared one by one.
    what
        it is called in the message.
    parts
        the parts of a tuple are called.
    rtol, atol
        None takes what float32 answers keep, and rounded ones do not.
    """
    rtol, atol = RTOL if rtol is None else rtol, ATOL if atol is None else atol
    what = what or _("the result")
    pairs = [(what, got, expected)]
    if isinstance(expected, tuple | dict):
        keys = expected.keys() if isinstance(expected, dict) else range(len(expected))
        mine = _parts(got, expected)
        if mine is None:
            sentence = _("{what} should have {count} parts: {names}.")
            names = _names(keys, parts)
            problem = sentence.format(
                what=what, count=len(expected), names=", ".join(names)
            )
            raise Mismatch(problem, given, expected, got, kind="parts")
        pairs = list(zip(_names(keys, parts), mine, _values(expected), strict=True))
    for name, one, other in pairs:
        if (found := difference(one, other, name, rtol, atol)) is not None:
            raise Mismatch(found[1], given, expected, got, kind=found[0])


def _names(keys: object, parts: Sequence[str]) -> list[str]:
    if parts:
        return list(parts)
    return [_("result[{key}]").format(key=repr(key)) for key in keys]  # type: ignore[attr-defined] # keys of a dict, or a range


def _values(parts: tuple[object, ...] | dict[object, object]) -> list[object]:
    return list(parts.values() if isinstance(parts, dict) else parts)


def _parts(
    got: object, expected: tuple[object, ...] | dict[object, object]
) -> list[object] | None:
    """Return the parts of a result, in the order of those expected, or None."""
    if isinstance(expected, dict):
        if not isinstance(got, dict) or got.keys() != expected.keys():
            return None
        return [got[key] for key in expected]
    if isinstance(got, list | tuple):
        return list(got) if len(got) == len(expected) else None
    array = to_array(got)
    if array is None or array.ndim == 0 or len(array) != len(expected):
        return None
    return list(array)


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
