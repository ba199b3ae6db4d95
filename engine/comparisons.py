"""How Values compare: by their numbers."""

from __future__ import annotations

from sys import _getframe
from typing import TYPE_CHECKING

from . import modes
from .modes import ledger_here

if TYPE_CHECKING:
    from .value import Number, Value


class Comparisons:
    """The comparisons of `Value`, with Values and with plain numbers, and its hash.

    Where a ledger is open each is kept in it (debugging/ledger.py). `<` and `>`, of which `sorted`, `max` and
    `min` make thousands, do most of that themselves.
    """

    __slots__ = ()

    data: float

    def __eq__(self, other: object) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data == number
        if modes.open_blocks:
            modes.note_comparison(self, "==", other, number, came_out, _getframe(1))
        return came_out

    def __ne__(self, other: object) -> bool:  # not just the opposite: NumPy arrays compare element by element
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data != number
        if modes.open_blocks:
            modes.note_comparison(self, "!=", other, number, came_out, _getframe(1))
        return came_out

    def __lt__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data < number
        if modes.open_blocks and (block := ledger_here()) is not None:
            caller = _getframe(1)
            code, here = block.state.less
            if caller.f_code is code:  # what follows is `note_comparison` once more, to save a call
                try:
                    known = here[caller.f_lasti if came_out else ~caller.f_lasti]
                    if not known.above < self.data - number < known.below:
                        known.times += 1
                        return came_out
                except modes.UNCLEAR:
                    pass
            modes.note_comparison(self, "<", other, number, came_out, caller)
        return came_out

    def __le__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data <= number
        if modes.open_blocks:
            modes.note_comparison(self, "<=", other, number, came_out, _getframe(1))
        return came_out

    def __gt__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data > number
        if modes.open_blocks and (block := ledger_here()) is not None:
            caller = _getframe(1)
            code, here = block.state.greater
            if caller.f_code is code:  # what follows is `note_comparison` once more, to save a call
                try:
                    known = here[caller.f_lasti if came_out else ~caller.f_lasti]
                    if not known.above < self.data - number < known.below:
                        known.times += 1
                        return came_out
                except modes.UNCLEAR:
                    pass
            modes.note_comparison(self, ">", other, number, came_out, caller)
        return came_out

    def __ge__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data >= number
        if modes.open_blocks:
            modes.note_comparison(self, ">=", other, number, came_out, _getframe(1))
        return came_out

    def __bool__(self) -> bool:
        if modes.open_blocks:
            modes.note_comparison(self, "!=", 0.0, 0.0, self.data != 0.0, _getframe(1))
        return self.data != 0.0

    # Comparisons look at the numbers, hashing at identity. Two live objects never have the same identity
    # hash, so dictionaries and sets never come to ask whether different Values are equal.
    __hash__ = object.__hash__
