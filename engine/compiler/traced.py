"""Stand-ins for numbers while a function is recorded: arithmetic on them writes a tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ..primitive import TABLE, Primitive
from ..value import Number, Value
from .refusals import NO_NUMBER, RecordingError, Text
from .tape import CONSTANT, DETACH, EQUAL, INPUT, LESS, LESS_EQUAL, OUTSIDE, TAKE, Comparison, Take
from .unknown import Unknown

if TYPE_CHECKING:
    from .recorder import Recorder


class Traced(Unknown):
    """A number of a program that is being recorded: an entry on its tape, without a number yet.

    It is a Value to the program: operators, methods and functions of the table take it.
    """

    __slots__ = ()
    kind = "recorded"

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return a Value, which `type(x)(2.0)` is to make. A recorder makes stand-ins itself."""
        return Value(*args, **kwargs)

    # It has the layout of a Value, so that a module's parameters can be made stand-ins for the time of a
    # recording and then go back to what they were. Two slots that a stand-in has no use for hold its own.
    entry = Value.__dict__["partials"]
    """The number of its entry on the tape."""
    recorder = Value.__dict__["operands"]
    """What records it."""

    @property  # type: ignore[override]  # a stand-in where a Value has the number itself
    def data(self) -> Traced:
        """The same number as a new entry through which no derivative goes: a plain number, see plain.py."""
        recorder: Recorder = self.recorder
        return recorder.plain(self.entry)

    @data.setter
    def data(self, number: object) -> None:
        recorder: Recorder = self.recorder
        raise recorder.refusal(
            "assigning to .data while compile records would be lost: return the new number"
        )

    @property
    def label(self) -> str:
        recorder: Recorder = self.recorder
        return recorder.tape.labels.get(self.entry, "")

    @label.setter
    def label(self, text: str) -> None:
        if text:
            recorder: Recorder = self.recorder
            recorder.tape.labels[self.entry] = text

    @property
    def is_followed(self) -> bool:
        """Whether it goes the way of certain numbers, so that functions on lists may ask it for its own."""
        recorder: Recorder = self.recorder
        return recorder.follows

    @property
    def primitive(self) -> Primitive | None:  # type: ignore[override]
        recorder: Recorder = self.recorder
        kind = recorder.tape.kind(self.entry)
        return kind if isinstance(kind, Primitive | Take) else None  # type: ignore[return-value]  # as good here

    @property
    def operands(self) -> tuple[Value, ...]:  # type: ignore[override]
        recorder: Recorder = self.recorder
        kind, operands = recorder.tape[self.entry]
        if kind is TAKE:
            operands = operands[1:]  # no derivative goes to the index
        elif not isinstance(kind, Primitive):
            return ()
        return tuple([recorder.stand_in(entry) for entry in operands])

    @property
    def itself(self) -> Traced:
        """The one stand-in that a walk over the graph meets for this entry."""
        recorder: Recorder = self.recorder
        return recorder.stand_in(self.entry)

    def stand_ins_for(self, inputs: list[Value]) -> list[Value] | None:
        """Return stand-ins for what a function is differentiated by; None where no others are needed."""
        recorder: Recorder = self.recorder
        return recorder.stand_ins_for(inputs)

    @property
    def recorded_partials(self) -> tuple[Any, ...]:
        """The partials of the operation that made it; see `Recorder.partials_of`."""
        recorder: Recorder = self.recorder
        kind, entries = recorder.tape[self.entry]
        if kind is TAKE:
            return tuple([recorder.hit(entries[0], place) for place in range(len(entries) - 1)])
        assert isinstance(kind, Primitive)
        return recorder.partials_of(kind, entries, self)

    def recorded_product(self, factor: Any, partial: Any, either: bool = False, turned: bool = False) -> Any:
        """Return factor * partial, or None where nothing flows; see `Recorder.product`."""
        if type(factor) is float:
            return None if factor == 0.0 else partial if factor == 1.0 else factor * partial
        if type(factor) is Condition:  # in forward mode it is the partial
            factor, partial = partial, factor
        if type(partial) is Condition:  # a row of several that one is taken of: nothing goes to the others
            return self.recorder.choice(partial, factor, 0.0)
        recorder: Recorder = self.recorder
        return recorder.product(factor, partial, either, turned)

    def recorded_nothing(self) -> Any:
        """Return what flows on from an adjoint by a partial that is a plain 0: nan where it is not finite."""
        recorder: Recorder = self.recorder
        return recorder.nothing(self)

    def apply_primitive(self, primitive: Primitive, operands: tuple[Any, ...]) -> Traced:
        """Record what `primitive` makes of operands of which at least one is a stand-in."""
        recorder: Recorder = self.recorder
        if primitive.name == "where" and type(operands[0]) is not Condition:
            recorder.compares_derivatives |= recorder.derives  # whether a number is 0: nan is not
        made = recorder.made(primitive, tuple([recorder.entry_of(x, primitive.name) for x in operands]))
        if type(self) is not Traced:  # the first stand-in there is: all may be plain
            recorder.note_plain(made, operands)
        return made

    def both_ways(self, formula: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        """Record `formula(*operands)` with both sides of its branches; see `piecewise`."""
        from .branches import without_branches  # which needs this module

        if self.is_followed:
            return formula(*operands)
        several = False

        def results() -> tuple[Any, ...]:
            nonlocal several
            result = formula(*operands)
            several = isinstance(result, tuple)
            return result if several else (result,)

        found = without_branches(self.recorder, results)
        return tuple(found) if several else found[0]

    def take_from(self, rows: Sequence[Any]) -> Any:
        """Record the choice of a row by this number; see `take`."""
        recorder: Recorder = self.recorder
        return recorder.taken(rows, self)

    def item(self) -> Traced:  # type: ignore[override]
        """Return the number without its history; it is not known yet, so this is a stand-in too."""
        return self.data

    def detach(self) -> Traced:  # type: ignore[override]
        """Return the same number as a new entry through which no derivative goes."""
        recorder: Recorder = self.recorder
        return recorder.made(DETACH, (self.entry,))

    def __lt__(self, other: Value | Number) -> Any:
        return self._compared(LESS, self, other)

    def __le__(self, other: Value | Number) -> Any:
        return self._compared(LESS_EQUAL, self, other)

    def __gt__(self, other: Value | Number) -> Any:
        return self._compared(LESS, other, self)

    def __ge__(self, other: Value | Number) -> Any:
        return self._compared(LESS_EQUAL, other, self)

    def __eq__(self, other: object) -> Any:
        # What is no number is equal to none, whatever that is; arrays compare element by element.
        return self._compared(EQUAL, self, other) if self._is_operand(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        is_operand = self._is_operand(other)
        return self._compared(EQUAL, self, other).negated() if is_operand else NotImplemented

    def _is_operand(self, other: object) -> bool:
        recorder: Recorder = self.recorder
        return recorder.known(other) is not None

    __hash__ = object.__hash__

    def _compared(self, kind: Comparison, x: Any, y: Any) -> Any:
        recorder: Recorder = self.recorder
        recorder.compares_derivatives |= recorder.derives
        entries = (recorder.entry_of(x, kind.symbol), recorder.entry_of(y, kind.symbol))
        return recorder.made(kind, entries, Condition)

    def __bool__(self) -> bool:
        recorder: Recorder = self.recorder
        return recorder.decided(self)

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __repr__(self) -> str:
        recorder: Recorder = self.recorder
        return Text(f"<recorded {recorder.tape.line(self.entry)}{NO_NUMBER}", recorder)

    def __copy__(self) -> Traced:
        """Return what copies of Values are: made from the same operands; of a leaf a leaf of its own."""
        recorder: Recorder = self.recorder
        kind, entries = recorder.tape[self.entry]
        if kind in (INPUT, OUTSIDE, CONSTANT):
            kind, entries = DETACH, (self.entry,)
        return recorder.made(kind, entries, type(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> Traced:
        """Return what deep copies of Values are: made from copies of leaves, so no derivative goes back."""
        recorder: Recorder = self.recorder
        made = memo[id(self)] = recorder.made(DETACH, (self.entry,), type(self))
        return made


class Condition(Traced):
    """A comparison of recorded numbers: 1 where it holds, else 0. It combines with & and |."""

    __slots__ = ()
    is_truth = True

    @property  # type: ignore[misc]  # what isinstance goes by: a bool, and so an int
    def __class__(self) -> type:
        return bool

    def __and__(self, other: object) -> Any:
        return self._combined(TABLE["mul"], other)

    def __or__(self, other: object) -> Any:
        return self._combined(TABLE["maximum"], other)

    def choice(self, yes: Any, no: Any) -> Any:
        """Return `yes` where it holds, else `no`: nothing at all flows back to the other one."""
        recorder: Recorder = self.recorder
        return recorder.choice(self, yes, no)

    def negated(self) -> Condition:
        """Return the opposite. Not `~`, which makes -2 of Python's own True."""
        recorder: Recorder = self.recorder
        made = recorder.made(EQUAL, (self.entry, recorder.entry_of(0.0, "~")), Condition)
        assert isinstance(made, Condition)
        return made

    def __xor__(self, other: object) -> Any:
        return self != other if isinstance(other, Condition | bool) else NotImplemented

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> NoReturn:
        recorder: Recorder = self.recorder
        raise recorder.refusal("~ makes -2 of Python's True and -1 of False: use where(condition, 0.0, 1.0)")

    def __hash__(self) -> NoReturn:
        recorder: Recorder = self.recorder
        raise recorder.refusal(
            "a dictionary or a set looks a comparison up, and the recording would keep what it found for "
            "every later call: use where(condition, x, y)"
        )

    # A truth value: copies of it are itself.

    def __copy__(self) -> Condition:
        return self

    def __deepcopy__(self, memo: object) -> Condition:
        return self

    def _combined(self, row: Primitive, other: object) -> Any:
        if not isinstance(other, Condition | bool):
            return NotImplemented
        recorder: Recorder = self.recorder
        entries = (self.entry, recorder.entry_of(other, "&"))
        return recorder.made(row, entries, Condition)


__all__ = ["Condition", "RecordingError", "Traced"]
