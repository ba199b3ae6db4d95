"""What the functions on lists do with their lists."""

from collections.abc import Iterable
from itertools import pairwise
from math import inf
from typing import Any

from .. import modes
from ..value import Value, as_values, constant, described


def listed(xs: Iterable[Any], name: str, least: int = 0) -> tuple[Any, ...]:
    """Return what is in `xs`; raise an error that names the function where it is no list or too short."""
    try:
        given = tuple(xs)
    except TypeError:
        raise TypeError(f"{name}(xs) takes a list of Values and plain numbers, got {described(xs)}") from None
    if len(given) < least:
        raise ValueError(f"{name}(xs) needs at least one number, got none")
    return given


def alike(xs: Iterable[Any], name: str, least: int = 0) -> tuple[Any, ...]:
    """Return what is in `xs`: as floats, or as Values throughout where there is one among them.

    Raises an error that names the function where it is no list of numbers or too short.
    """
    given = listed(xs, name, least)
    if any(isinstance(x, Value) for x in given):
        return as_values(given, name)
    constants = [constant(x) for x in given]
    for x, number in zip(given, constants, strict=True):
        if number is None:
            raise TypeError(f"{name} takes Values and plain numbers, got {described(x)}")
    return tuple([number.data for number in constants if number is not None])


def in_order(xs: Iterable[Any], name: str, least: int = 0) -> list[Any]:
    """Return what is in `xs` from the smallest to the largest, nan last; errors as for `alike`."""
    return sorted(alike(xs, name, least), key=_nan_last)


def _nan_last(x: Any) -> tuple[bool, float]:
    number = number_in(x)
    return number != number, number


def went(operation: str, taken: str, margin: float) -> None:
    """Tell the ledger of branches, where one is open, which way a function on lists went.

    margin: how far its operands are from going another way.
    """
    if modes.open_blocks and (ledger := modes.ledger()) is not None:
        ledger.went(operation, taken, margin)


def is_asked() -> bool:
    """Return whether a ledger of branches is open, so that `went` is listened to."""
    return bool(modes.open_blocks) and modes.ledger() is not None


def least_gap(ordered: list[Any]) -> float:
    """Return the least difference between neighbours, for `went`; inf where there are none."""
    if not is_asked():
        return inf
    return min([number_in(y) - number_in(x) for x, y in pairwise(ordered)], default=inf)


def number_in(x: Any) -> float:
    """Return the number that is compared: that of a Value, and a plain number itself."""
    number: float = x.data if isinstance(x, Value) else x
    return number
