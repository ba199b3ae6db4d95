"""Choosing a row by a number that is known only when the program runs."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, TypeVar

from .value import Value, described

Row = TypeVar("Row")


def take(rows: Sequence[Row], i: Any) -> Row:
    """Return rows[i], also where `i` is known only when a compiled function runs.

    In plain Python it is the very element that `rows[i]` is, so gradients find it. While `compile` records,
    an argument of the function has no number yet, and `rows[i]` would freeze one choice: `take` records the
    choice itself, for every sample of a batch its own. The derivative by a row goes to the row that was
    taken; that by `i` is 0.

    rows: numbers, or lists, tuples, arrays, dictionaries of them, all of one structure; at least one.
    i: a whole number from 0 to len(rows) - 1: an int, NumPy's ints, or a Value or float that holds one.
    Raises IndexError where there is no such row; a compiled function when it is called. Negative numbers do
    not count from the end.

    >>> table = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    >>> take(table, 1)[0].data
    3.0
    """
    count = _length(rows)
    recorded = getattr(type(i), "take_from", None)
    if recorded is not None:
        row: Row = recorded(i, rows)
        return row
    return rows[_whole(i, count)]


def _length(rows: Any) -> int:
    if isinstance(rows, str | bytes | dict) or not (
        hasattr(rows, "__len__") and hasattr(rows, "__getitem__")
    ):
        raise TypeError(f"take(rows, i) needs rows in a list, tuple or array, got {described(rows)}")
    return len(rows)


def _whole(i: Any, count: int) -> int:
    """Return `i` as an int that is the place of one of `count` rows."""
    number = i.data if isinstance(i, Value) else i
    if hasattr(number, "__index__") and getattr(number, "shape", ()) == ():
        return checked(operator.index(number), count)
    if isinstance(number, float):
        return checked(number, count)
    if hasattr(i, "__len__") and not isinstance(i, str | bytes):
        raise TypeError(
            f"take(rows, i) takes one row, got {described(i)} for i: [take(rows, j) for j in i] takes several"
        )
    raise TypeError(f"take(rows, i) needs a whole number for i, got {described(i)}")


def checked(i: float, count: int) -> int:
    """Return `i`, which is to be the place of one of `count` rows.

    Raises IndexError where it is none.
    """
    if not count:
        raise IndexError("take(rows, i): there are no rows to take from")
    if 0 <= i < count and i == int(i):
        return int(i)
    shown = repr(int(i)) if isinstance(i, int) or (abs(i) < 1e15 and i == int(i)) else repr(i)
    raise IndexError(
        f"take(rows, i): there is no row {shown}: i is a whole number from 0 to {count - 1}, for "
        f"{count} row{'s' if count > 1 else ''}"
    )
