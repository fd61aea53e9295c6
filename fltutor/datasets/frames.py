"""A table with a column that is learnt and a column that says whose row it is."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from fltutor import validate
from fltutor.datasets.arrays import Array, codes
from fltutor.words import _

if TYPE_CHECKING:
    import pandas as pd


def read_frame(
    frame: pd.DataFrame, *, target: str, group: str | None, classes: Any
) -> dict[str, Any]:
    """Return the fields of a Dataset; :meth:`Dataset.from_frame` names the arguments.

    Raises
    ------
    ValueError
        a column that is missing, empty cells, words among the features, a class
        that is not among ``classes``.
    """
    _check_columns(frame, target, group)
    _refuse_holes(frame)
    roles = [target] if group is None else [target, group]
    y, num_classes, class_names = _target(frame[target], target, classes)
    fields: dict[str, Any] = {
        "x": _features(frame.drop(columns=roles)),
        "y": y,
        "num_classes": num_classes,
        "class_names": class_names,
    }
    if group is not None:
        places, names = codes(frame[group])
        fields |= {"groups": places, "group_names": tuple(map(str, names))}
    return fields


def _check_columns(frame: pd.DataFrame, target: str, group: str | None) -> None:
    if not (hasattr(frame, "columns") and hasattr(frame, "iloc")):
        raise validate.fail(
            f"frame={validate.shown(frame)}",
            _("a pandas DataFrame"),
            _("Read it with pandas.read_csv, or use Dataset(x, y) for arrays."),
        )
    columns = list(frame.columns)
    told = ", ".join(repr(c) for c in columns[:12])
    told += f" and {len(columns) - 12} more" if len(columns) > 12 else ""
    twice = sorted({str(c) for c in columns if columns.count(c) > 1})
    if twice:
        got = _("columns {twice} more than once").format(twice=twice)
        raise validate.fail(got, _("different names"), _("Rename or drop one of them."))
    for role, name in (("target", target), ("group", group)):
        if name not in columns and not (role == "group" and name is None):
            got = f"{role}={validate.shown(name)}"
            raise validate.fail(
                got,
                _("one of the columns {told}").format(told=told),
                _("Check the spelling."),
            )
    rest = len(columns) - (1 if group is None else 2)
    if target == group or rest == 0 or len(frame) == 0:
        raise validate.fail(
            _("{num_frame} rows with the columns {told}").format(
                num_frame=len(frame), told=told
            ),
            _("a row or more, a target, another column for the group, and features"),
            _("Check what was read and what was dropped."),
        )


def _refuse_holes(frame: pd.DataFrame) -> None:
    """Refuse cells without a finite value, naming columns and counts."""
    missing = {name: int(frame[name].isna().sum()) for name in frame.columns}
    told = ", ".join(f"{name!r} ({n})" for name, n in missing.items() if n)
    if told:
        raise validate.fail(
            _("missing values in {told}").format(told=told),
            _("a value in every cell"),
            _(
                "Fill them with frame.fillna(...), or drop their rows with "
                "frame.dropna()."
            ),
        )


def _features(frame: pd.DataFrame) -> Array:
    """Return the columns as floats ``(n, f)``; yes and no are 1 and 0."""
    kinds = {name: _kind(frame[name]) for name in frame.columns}
    words = [name for name, kind in kinds.items() if kind == "words"]
    if words:
        raise validate.fail(
            _("columns {words} of words among the features").format(words=words),
            "numbers",
            _(
                "Make columns of 0 and 1: pandas.get_dummies(frame, columns={words})."
            ).format(words=words),
        )
    columns = [frame[name].to_numpy(dtype=np.float64) for name in frame.columns]
    table = np.stack(columns, axis=1)  # (n, f)
    endless = (~np.isfinite(table)).sum(axis=0)  # (f,)
    told = ", ".join(
        f"{name!r} ({n})" for name, n in zip(frame.columns, endless, strict=True) if n
    )
    if told:
        raise validate.fail(
            _("infinite values in {told}").format(told=told),
            _("finite numbers"),
            _("Cap or drop them."),
        )
    return table


def _target(
    column: pd.Series[Any], name: str, classes: Any
) -> tuple[Array, int | None, tuple[str, ...]]:
    """Return y ``(n,)``, the number of classes, and their names."""
    if classes is None and _kind(column) == "floats":
        return column.to_numpy(dtype=np.float64), None, ()
    known: Sequence[Any] = ()
    if classes is not None and validate.is_many(classes):
        known = validate.entries("classes", classes)
    elif classes is not None:
        known = range(validate.count("classes", classes, 2))
    elif hasattr(column, "cat"):
        known = list(column.cat.categories)
    places, names = codes(column.tolist(), known)
    if (
        known
        and not set(map(type, column.tolist())) & {str}
        and str in map(type, known)
    ):
        places, names = codes(map(str, column.tolist()), known)  # class_names of others
    if (places < 0).any():
        strange = sorted({str(v) for v in column[places < 0]})
        raise validate.fail(
            _("the classes {strange} in {name!r}").format(
                strange=strange[:6], name=name
            ),
            _("one of {value}").format(value=[*map(str, names)]),
            _("Add them to classes, or drop their rows."),
        )
    return places, len(names), tuple(map(str, names))


def _kind(column: pd.Series[Any]) -> str:
    """Return "floats", "whole" (numbers, or yes and no) or "words"."""
    code = getattr(column.dtype, "kind", "O")
    if code in "iub":
        return "whole"
    if code == "f":
        return "floats"
    entries = set() if hasattr(column, "cat") or code != "O" else set(map(type, column))
    if not entries or not all(issubclass(e, Real | np.bool_) for e in entries):
        return "words"
    whole = all(issubclass(entry, Integral | np.bool_) for entry in entries)
    return "whole" if whole else "floats"
