"""Runs inside a student's kernel while grading: the course as it was, at each verdict.

Read as text by `fltutor.instructor.grading` and executed there under no module's name,
before the first cell. Imports are the standard library's and are taken then, so that
nothing here looks up a name that a cell may have replaced since.
"""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Callable
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

Undo = Callable[[], object]


def keep(numbers: list[str], secret: str) -> Callable[[], None]:
    """Load the checks of these lessons; return what puts the course back.

    What it returns prints `secret`, so that the grader can tell that it ran. Kept are
    Python's builtins, the shell, and of everything in ``fltutor``: modules, classes,
    functions with their code, records and containers one level deep.
    """
    _load(numbers)
    shell = import_module("IPython").get_ipython()
    modules = {k: m for k, m in sys.modules.items() if k.split(".")[0] == "fltutor"}
    course = modules["fltutor"]
    vars(course)["check"] = course.check  # else it is looked up where it is asked for
    seen: dict[int, Any] = {}
    undo: list[Undo] = [_module(builtins)]
    for module in modules.values():
        undo += _kept(module, seen)
    for place in (*type(shell).__mro__[:-1], type(shell.display_pub)):
        undo.append(_attributes(place))
    undo += _shell(shell)
    caches = [
        value
        for value in seen.values()
        if callable(getattr(value, "cache_clear", None))
    ]
    output = sys.stdout

    def put_back() -> None:
        for step in undo:
            step()
        sys.modules.update(modules)
        for cache in caches:
            cache.cache_clear()
        shell.user_ns["ft"] = course
        sys.stdout = output
        output.write(secret)

    return put_back


def _load(numbers: list[str]) -> None:
    """Import the course, and not a file of that name beside the notebook."""
    os.environ["FLTUTOR_PROGRESS"] = "off"  # a learner's record, not the grader's
    sys.path[:] = [*filter(None, sys.path), ""]  # a file beside the notebook comes last
    for name in ("fltutor.checks", *(f"fltutor.course.lesson_{n}" for n in numbers)):
        import_module(name)
    for number in numbers:
        import_module("fltutor.checks").checks_of(number)


def _kept(value: Any, seen: dict[int, Any]) -> list[Undo]:
    """Return what restores a value of the course and all that it holds of its own."""
    if id(value) in seen:
        return []
    seen[id(value)] = value
    if isinstance(value, ModuleType) and value.__name__.split(".")[0] == "fltutor":
        inner, undo = list(vars(value).values()), [_module(value)]
    elif isinstance(value, type) and _ours(value):
        inner, undo = list(vars(value).values()), [_attributes(value)]
    elif isinstance(value, FunctionType) and _ours(value):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        inner, undo = [*cells, getattr(value, "__wrapped__", None)], [_code(value)]
    elif isinstance(value, staticmethod | classmethod):
        inner, undo = [value.__func__], []
    elif isinstance(value, property):
        inner, undo = [value.fget], []
    elif type(value) is dict:
        inner, undo = list(value.values()), [_namespace(value)]
    elif type(value) is list:
        inner, undo = list(value), [_list(value)]
    elif isinstance(value, tuple):
        inner, undo = list(value), []
    elif _ours(type(value)) and hasattr(value, "__dict__"):
        inner, undo = list(vars(value).values()), [_namespace(value.__dict__)]
    elif callable(getattr(value, "cache_clear", None)):
        inner, undo = [getattr(value, "__wrapped__", None)], []
    else:
        return []
    return undo + [step for each in inner for step in _kept(each, seen)]


def _ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).split(".")[0] == "fltutor"


def _namespace(space: dict[Any, Any]) -> Undo:
    """Restore what was there, and take away what was not."""
    before = dict(space)

    def put_back() -> None:
        for name in [name for name in space if name not in before]:
            del space[name]
        space.update(before)

    return put_back


def _module(module: ModuleType) -> Undo:
    """Restore a module; submodules that were loaded since may stay."""
    space, name, loaded = vars(module), module.__name__, sys.modules
    before = dict(space)

    def put_back() -> None:
        for key in [key for key in space if key not in before]:
            if loaded.get(f"{name}.{key}") is not space[key]:
                del space[key]
        space.update(before)

    return put_back


def _list(values: list[Any]) -> Undo:
    before = list(values)
    return lambda: values.__setitem__(slice(None), before)


def _attributes(place: type) -> Undo:
    """Restore a class: replaced and deleted attributes, and none that is new."""
    before = {k: v for k, v in vars(place).items() if k not in _FIXED}
    put, take = type.__setattr__, type.__delattr__

    def put_back() -> None:
        for name in [k for k in vars(place) if k not in before and k not in _FIXED]:
            take(place, name)
        for name, value in before.items():
            if vars(place).get(name, None) is not value:
                put(place, name, value)

    return put_back


_FIXED = {"__dict__", "__weakref__", "__doc__", "__module__", "__abstractmethods__"}
_PARTS = ("__code__", "__defaults__", "__kwdefaults__")


def _code(function: FunctionType) -> Undo:
    before = [(name, getattr(function, name)) for name in _PARTS]
    put = object.__setattr__

    def put_back() -> None:
        for name, value in before:
            put(function, name, value)

    return put_back


def _shell(shell: Any) -> list[Undo]:
    """Restore what the shell does to a cell before it runs, and to its errors."""
    names = ("input_transformers_cleanup", "input_transformers_post")
    lists = [getattr(shell, name, None) for name in (*names, "ast_transformers")]
    own, missing = vars(shell), object()
    before = {name: own.get(name, missing) for name in own if name != "_trait_values"}

    def put_back() -> None:
        for name in [k for k in own if k not in before and k != "_trait_values"]:
            del own[name]
        own.update(before)
        shell.set_custom_exc((), None)

    return [*(_list(v) for v in lists if isinstance(v, list)), put_back]
