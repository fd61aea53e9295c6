"""Objects: instances, sequences of them, functions, names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Sized
from typing import Any

import numpy as np
from torch import Tensor, nn

from fltutor.validate.message import fail, shown
from fltutor.words import _


def instance(
    name: str, value: Any, kind: type | tuple[type, ...], advice: str = ""
) -> None:
    """Require an instance of a class, and say what to do with what came instead.

    Parameters
    ----------
    name, value
        what it is called, and what was given.
    kind
        the class, or several.
    advice
        what to do where nothing better is known.
    """
    if isinstance(value, kind):
        return
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = " or ".join(each.__name__ for each in kinds)
    raise fail(
        f"{name}={shown(value)}",
        f"a {names}",
        _hint(value, kinds) or advice or f"Make one with {kinds[0].__name__}(...).",
    )


def instances(name: str, value: Any, kind: type) -> None:
    """Require a sequence of instances: a list, or whatever makes them on request.

    Every entry of a list or tuple is looked at; of another sequence only the first,
    since it may make its entries when it is asked for them.
    """
    advice = ""
    if isinstance(value, kind):
        advice = _("Put it in square brackets.")
    elif isinstance(value, type):
        advice = _("Write {name}(...), with brackets.").format(name=value.__name__)
    elif isinstance(value, Iterator):
        advice = _("It can be read only once: write list(...) around it.")
    elif isinstance(value, Mapping):
        advice = _("Write list(...) around its .values().")
    elif hasattr(value, "num_classes"):
        advice = _("Cut the data first: splitters.iid(dataset, num_clients=10), say.")
    elif isinstance(value, str) or not (
        isinstance(value, Sized) and hasattr(value, "__getitem__")
    ):
        advice = _("Pass a list of {name}s.").format(name=kind.__name__)
    if advice:
        raise fail(
            f"{name}={shown(value)}",
            _("a list of {name}s").format(name=kind.__name__),
            advice,
        )
    not_empty(name, value)
    looked_at = value if isinstance(value, list | tuple) else [value[0]]
    stands_for = getattr(kind, "stands_for", None)  # as Client has it
    for place, each in enumerate(looked_at):
        if not (isinstance(each, kind) or (stands_for and stands_for(each))):
            instance(f"{name}[{place}]", each, kind)


def function(name: str, value: Any) -> None:
    """Require something that can be called, and no class."""
    if isinstance(value, type):
        advice = _("Write {name}(...), with brackets.").format(name=value.__name__)
    elif callable(value):
        return
    else:
        advice = _("Pass the function itself, by its name and without brackets.")
    raise fail(f"{name}={shown(value)}", _("a function"), advice)


def is_many(value: Any) -> bool:
    """Tell whether a value is a sequence: a list, an array, a tensor, a column."""
    if isinstance(value, np.ndarray | Tensor):
        return value.ndim > 0
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str | bytes)
        or (hasattr(value, "__iter__") and hasattr(value, "to_numpy"))
    )


def entries(name: str, value: Any) -> list[Any]:
    """Return the entries of a list, an array, a tensor or a column as a list."""
    if not is_many(value):
        one = "list(...)" if isinstance(value, Iterator) else "square brackets"
        raise fail(
            f"{name}={shown(value)}",
            _("a list of entries"),
            _("Write {one} around it.").format(one=one),
        )
    return list(value.tolist() if hasattr(value, "tolist") else value)


def one_of(name: str, value: Any, known: Collection[str]) -> None:
    """Require one of the known names."""
    if not isinstance(value, str) or value not in known:
        names = ", ".join(repr(k) for k in known)
        raise fail(
            f"{name}={shown(value)}",
            _("one of {names}").format(names=names),
            _("Check the spelling."),
        )


def same_length(**lengths: int) -> None:
    """Require equal lengths, given by name."""
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{name} of length {size}" for name, size in lengths.items())
        raise fail(got, _("equal lengths"), _("Pass one entry for each client."))


def keep(record: object, **values: object) -> None:
    """Write checked values into a frozen record that is being made."""
    for name, value in values.items():
        object.__setattr__(record, name, value)


def not_empty(name: str, value: Sized) -> None:
    """Require at least one entry."""
    if len(value) == 0:
        raise fail(
            _("no {name}").format(name=name),
            _("at least one of {name}").format(name=name),
            _("Add {name}.").format(name=name),
        )


def _hint(value: Any, kinds: tuple[type, ...]) -> str:
    """Say how what came becomes what is needed; empty where nobody knows."""
    needed = {kind.__name__ for kind in kinds}
    if isinstance(value, type):
        return f"Write {value.__name__}(...), with brackets."
    if isinstance(value, Iterator):
        return "It can be read only once: write list(...) around it."
    if "Dataset" in needed and hasattr(value, "train") and hasattr(value, "test"):
        return "Take its .train or its .test."
    if "Dataset" in needed and hasattr(value, "data") and hasattr(value, "id"):
        return "Take the client's .data."
    if "Dataset" in needed and hasattr(value, "columns"):
        return "Use Dataset.from_frame(frame, target=...)."
    if "Dataset" in needed and hasattr(value, "__getitem__"):
        return "Use Dataset(x, y, num_classes), or Dataset.from_torch(dataset)."
    if "Client" in needed and hasattr(value, "num_classes"):
        return "Write Client(0, dataset)."
    if "Task" in needed and isinstance(value, nn.Module):
        return "Write Task(module, seed=0)."
    if "Module" in needed and hasattr(value, "layout"):
        return "Take the task's .module."
    return ""
