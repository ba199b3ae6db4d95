"""Examples as a list, whatever they come in: sequences, NumPy arrays, pandas frames and series."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from ...engine import Value

NUMBERS = (int, float, Value)


def as_rows(held: Any, what: str) -> list[Any]:
    """Return the examples in `held` as a list, one entry for each.

    held: a sequence, a NumPy array (its rows stay arrays), or a frame or series of pandas, whose rows
    become lists of plain numbers in the order of the columns; the index is left out.
    what: the caller, for the error's text.
    Raises TypeError for what has no order or no length (a dictionary, a set, a generator, a sparse
    matrix), for one number, and for a frame with anything but numbers in it, which is named.

    >>> as_rows(range(3), "fit")
    [0, 1, 2]
    """
    if isinstance(held, Mapping | Set):
        raise TypeError(f"{what} takes examples in order, got a {type(held).__name__}: pass a list of them")
    if hasattr(held, "toarray"):  # iterating would give sparse rows, which nothing here can read
        raise TypeError(f"{what} takes dense data, got a sparse {type(held).__name__}: pass x.toarray()")
    if hasattr(held, "to_numpy"):
        return _frame_rows(held, what) if hasattr(held, "columns") else _plain(held, what)
    try:
        len(held)
        return list(held)
    except TypeError:
        way_out = "pass list(...) of it" if isinstance(held, Iterable) else "pass a list, an array or a frame"
        raise TypeError(f"{what} takes a sequence of examples, got {held!r:.80}: {way_out}") from None


def _plain(held: Any, what: str) -> list[Any]:
    """Return what a frame or series holds as plain Python objects."""
    array = held.to_numpy()
    if array.dtype.kind in "mM":  # tolist() would make nanoseconds of them
        raise TypeError(f"{what} takes numbers and labels, got times ({array.dtype}): turn them into numbers")
    plain: list[Any] = array.tolist()
    return plain


def _frame_rows(frame: Any, what: str) -> list[list[Any]]:
    names = list(frame.columns)
    rows = []
    for row in _plain(frame, what):
        for name, x in zip(names, row, strict=True):
            if not isinstance(x, NUMBERS):
                raise TypeError(
                    f"{what} takes rows of numbers, but column {name!r} of the frame holds {x!r:.80}: "
                    "leave the column out, or turn it into numbers (one_hot does it for labels)"
                )
        rows.append([float(x) if isinstance(x, bool) else x for x in row])
    return rows
