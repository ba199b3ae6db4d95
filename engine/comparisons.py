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

    Where a ledger is open each is kept in it (debugging/ledger.py). Programs may do little but compare, so
    what is frequent is written out here: at a place that is known, numbers that are no closer than before,
    and a leaf that comes closer to a plain number. In one function for all, loops of nothing but comparisons
    took 3.5 to 4.3 times as long inside `record_sources` as outside, in the place of 2.5 to 3.2.
    """

    __slots__ = ()

    data: float

    def __eq__(self, other: object) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data == number
        if modes.open_blocks and (block := ledger_here()) is not None:
            caller = _getframe(1)
            try:
                code = caller.f_code
                latest, here = block.state.eq
                if code is not latest:
                    here = block.state.all_eq[id(code)]
                known = here[caller.f_lasti if came_out else ~caller.f_lasti]
                gap = abs(self.data - number)  # type: ignore[operator]  # where it is no number it raises
                if gap >= known.margin:
                    known.times += 1
                    return came_out
                same = (self is known.leaf and other is number) or known.names(self, other)
                if same and gap < known.margin and type(gap) is float:
                    known.margin, known.x, known.y = gap, self.data, number
                    known.times += 1
                    return came_out
            except modes.UNCLEAR:
                pass
            modes.note_comparison(self, "==", other, number, came_out, caller)
        return came_out

    def __ne__(self, other: object) -> bool:  # not just the opposite: NumPy arrays compare element by element
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data != number
        if modes.open_blocks and (block := ledger_here()) is not None:
            caller = _getframe(1)
            try:
                code = caller.f_code
                latest, here = block.state.ne
                if code is not latest:
                    here = block.state.all_ne[id(code)]
                known = here[caller.f_lasti if came_out else ~caller.f_lasti]
                gap = abs(self.data - number)  # type: ignore[operator]  # where it is no number it raises
                if gap >= known.margin:
                    known.times += 1
                    return came_out
                same = (self is known.leaf and other is number) or known.names(self, other)
                if same and gap < known.margin and type(gap) is float:
                    known.margin, known.x, known.y = gap, self.data, number
                    known.times += 1
                    return came_out
            except modes.UNCLEAR:
                pass
            modes.note_comparison(self, "!=", other, number, came_out, caller)
        return came_out

    def __lt__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data < number
        if modes.open_blocks and (block := ledger_here()) is not None:
            caller = _getframe(1)
            try:
                code = caller.f_code
                latest, here = block.state.lt
                if code is not latest:
                    here = block.state.all_lt[id(code)]
                known = here[caller.f_lasti if came_out else ~caller.f_lasti]
                gap = number - self.data if came_out else self.data - number
                if gap >= known.margin:
                    known.times += 1
                    return came_out
                same = (self is known.leaf and other is number) or known.names(self, other)
                if same and gap < known.margin and type(gap) is float:
                    known.margin, known.x, known.y = gap, self.data, number
                    known.times += 1
                    return came_out
            except modes.UNCLEAR:
                pass
            modes.note_comparison(self, "<", other, number, came_out, caller)
        return came_out

    def __le__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data <= number
        if modes.open_blocks and (block := ledger_here()) is not None:
            caller = _getframe(1)
            try:
                code = caller.f_code
                latest, here = block.state.le
                if code is not latest:
                    here = block.state.all_le[id(code)]
                known = here[caller.f_lasti if came_out else ~caller.f_lasti]
                gap = number - self.data if came_out else self.data - number
                if gap >= known.margin:
                    known.times += 1
                    return came_out
                same = (self is known.leaf and other is number) or known.names(self, other)
                if same and gap < known.margin and type(gap) is float:
                    known.margin, known.x, known.y = gap, self.data, number
                    known.times += 1
                    return came_out
            except modes.UNCLEAR:
                pass
            modes.note_comparison(self, "<=", other, number, came_out, caller)
        return came_out

    def __gt__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data > number
        if modes.open_blocks and (block := ledger_here()) is not None:
            caller = _getframe(1)
            try:
                code = caller.f_code
                latest, here = block.state.gt
                if code is not latest:
                    here = block.state.all_gt[id(code)]
                known = here[caller.f_lasti if came_out else ~caller.f_lasti]
                gap = self.data - number if came_out else number - self.data
                if gap >= known.margin:
                    known.times += 1
                    return came_out
                same = (self is known.leaf and other is number) or known.names(self, other)
                if same and gap < known.margin and type(gap) is float:
                    known.margin, known.x, known.y = gap, self.data, number
                    known.times += 1
                    return came_out
            except modes.UNCLEAR:
                pass
            modes.note_comparison(self, ">", other, number, came_out, caller)
        return came_out

    def __ge__(self, other: Value | Number) -> bool:
        number = other.data if isinstance(other, Comparisons) else other
        came_out = self.data >= number
        if modes.open_blocks and (block := ledger_here()) is not None:
            caller = _getframe(1)
            try:
                code = caller.f_code
                latest, here = block.state.ge
                if code is not latest:
                    here = block.state.all_ge[id(code)]
                known = here[caller.f_lasti if came_out else ~caller.f_lasti]
                gap = self.data - number if came_out else number - self.data
                if gap >= known.margin:
                    known.times += 1
                    return came_out
                same = (self is known.leaf and other is number) or known.names(self, other)
                if same and gap < known.margin and type(gap) is float:
                    known.margin, known.x, known.y = gap, self.data, number
                    known.times += 1
                    return came_out
            except modes.UNCLEAR:
                pass
            modes.note_comparison(self, ">=", other, number, came_out, caller)
        return came_out

    def __bool__(self) -> bool:
        if modes.open_blocks and (block := ledger_here()) is not None:
            came_out = self.data != 0.0
            caller = _getframe(1)
            try:
                code = caller.f_code
                latest, here = block.state.ne
                if code is not latest:
                    here = block.state.all_ne[id(code)]
                known = here[caller.f_lasti if came_out else ~caller.f_lasti]
                if self.data >= known.margin or -self.data >= known.margin:
                    known.times += 1
                    return came_out
                gap = abs(self.data)
                if gap < known.margin and (self is known.leaf or known.names(self, 0.0)):
                    known.margin, known.x = gap, self.data
                    known.times += 1
                    return came_out
            except modes.UNCLEAR:
                pass
            modes.note_comparison(self, "!=", 0.0, 0.0, came_out, caller)
        return self.data != 0.0

    # Comparisons look at the numbers, hashing at identity. Two live objects never have the same identity
    # hash, so dictionaries and sets never come to ask whether different Values are equal.
    __hash__ = object.__hash__
