"""What the functions on lists do with their lists."""

from collections.abc import Iterable
from typing import Any

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


def number_in(x: Any) -> float:
    """Return the number that is compared: that of a Value, and a plain number itself."""
    number: float = x.data if isinstance(x, Value) else x
    return number
