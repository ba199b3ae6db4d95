"""How Values compare: by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import modes

if TYPE_CHECKING:
    from .value import Number, Value


class Comparisons:
    """The comparisons of `Value`, with Values and with plain numbers, and its hash."""

    __slots__ = ()

    data: float

    def __eq__(self, other: object) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data == number
        if modes.open_blocks:
            modes.note_comparison(self, "==", other, number, came_out)
        return came_out

    def __ne__(self, other: object) -> bool:  # not just the opposite: NumPy arrays compare element by element
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data != number
        if modes.open_blocks:
            modes.note_comparison(self, "!=", other, number, came_out)
        return came_out

    def __lt__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data < number
        if modes.open_blocks:
            modes.note_comparison(self, "<", other, number, came_out)
        return came_out

    def __le__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data <= number
        if modes.open_blocks:
            modes.note_comparison(self, "<=", other, number, came_out)
        return came_out

    def __gt__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data > number
        if modes.open_blocks:
            modes.note_comparison(self, ">", other, number, came_out)
        return came_out

    def __ge__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data >= number
        if modes.open_blocks:
            modes.note_comparison(self, ">=", other, number, came_out)
        return came_out

    def __bool__(self) -> bool:
        if modes.open_blocks:
            modes.note_comparison(self, "!=", 0.0, 0.0, self.data != 0.0)
        return self.data != 0.0

    # Comparisons look at the numbers, hashing at identity. Two live objects never have the same identity
    # hash, so dictionaries and sets never come to ask whether different Values are equal.
    __hash__ = object.__hash__
