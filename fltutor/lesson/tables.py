"""A small table that looks the same on every machine."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from fltutor import validate
from fltutor.words import _


def number(value: Any) -> str:
    """Write a value with at most four significant digits.

    Examples
    --------
    >>> number(0.123456), number(1234567), number(3.0), number("x")
    ('0.1235', '1234567', '3', 'x')
    """
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return str(value)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, int):
        return str(value)
    if value != value:
        return "–"
    return format(float(value), ".4g")


class Table:
    """Rows and columns as HTML, and as aligned text where there is no browser."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.columns = [str(column) for column in columns]
        self.rows = [[number(cell) for cell in row] for row in rows]
        wrong = {len(row) for row in self.rows} - {len(self.columns)}
        if wrong:
            raise validate.fail(
                _("rows of {wrong} cells for {num_columns} columns").format(
                    wrong=sorted(wrong), num_columns=len(self.columns)
                ),
                _("as many cells as columns"),
                _("Give every row every column."),
            )

    def __repr__(self) -> str:
        """Return the table as aligned text."""
        grid = [self.columns, *self.rows]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        left = [not _numeric(column) for column in zip(*self.rows, strict=True)]
        left = left or [True] * len(widths)
        lines = [
            "  ".join(
                cell.ljust(width) if first else cell.rjust(width)
                for cell, width, first in zip(row, widths, left, strict=True)
            ).rstrip()
            for row in grid
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(c)}</th>" for c in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def table(rows: Any, columns: Sequence[str] | None = None) -> Table:
    """Make a table with at most four significant digits a number.

    Parameters
    ----------
    rows
        A list of dictionaries (one a row), a dictionary row name -> dictionary, a
        pandas frame, or a list of sequences together with ``columns``.

    Examples
    --------
    >>> table([{"client": 0, "share": 1 / 3}, {"client": 1, "share": 2 / 3}])
    client   share
         0  0.3333
         1  0.6667
    """
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        return Table(list(rows.columns), rows.to_numpy(dtype=object).tolist())
    if isinstance(rows, Mapping):
        named = [{"": name, **row} for name, row in rows.items()]
        return table(named, columns)
    rows = list(rows)
    if rows and isinstance(rows[0], Mapping):
        names = columns or list(dict.fromkeys(key for row in rows for key in row))
        return Table(names, [[row.get(key, "") for key in names] for row in rows])
    if columns is None:
        raise validate.fail(
            _("plain rows"),
            _("column names beside them"),
            _('Pass columns=["client", "share"], or rows as dictionaries.'),
        )
    return Table(columns, rows)


def _numeric(cells: Sequence[str]) -> bool:
    try:
        return [float(cell) for cell in cells if cell not in ("", "–")] != []
    except ValueError:
        return False
