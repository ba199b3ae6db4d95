"""What records: it makes the entries of a tape and the stand-ins for them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from .. import modes
from ..graph import operations
from ..primitive import TABLE, Primitive
from ..value import Value, constant, described
from .operators import learn
from .plain import Plain, is_plain
from .refusals import place_here
from .tape import CONSTANT, DETACH, EQUAL, INDEX, INPUT, OUTSIDE, Comparison, Kind, Tape
from .traced import Condition, RecordingError, Traced

_new = object.__new__


def over() -> RecordingError:
    """Return the error to raise where a stand-in is used when its recording is over."""
    return RecordingError(
        "this number belongs to a recording that is over: compile's function must not keep its values for "
        "later"
    )


class _Nowhere:
    """The partial by a comparison: nothing flows there."""

    def recorded_product(self, factor: object, partial: object, turned: bool = False) -> None:
        """Return None, which is nothing."""


_NOWHERE = _Nowhere()


class Recorder:
    """Writes a tape: makes the stand-ins and the entries.

    decide: what answers a branch on a stand-in; without it a branch is an error.
    shared: enter equal entries once, as formulas that are run several times need it.
    careful: let an adjoint of 0 win over a partial that is not finite, where derivatives are recorded.
    exact: what one run of a formula writes twice stays two entries, as it is two Values: derivatives of each
    are rounded by themselves.
    derives: whether it has recorded derivatives.  derived_from: from which entry on there may be some.
    compares_derivatives: whether a comparison came after them.
    """

    follows: ClassVar[bool] = False
    """Whether it goes the way of certain numbers; see following.py."""

    def __init__(
        self,
        decide: Callable[[int], bool] | None = None,
        shared: bool = False,
        careful: bool = False,
        exact: bool = False,
    ) -> None:
        learn()
        self.exact = exact
        self.careful, self.derives, self.compares_derivatives = careful, False, False
        self.derived_from = sys.maxsize
        self.chosen: set[int] = set()
        """The entries that choose between the ways through a partial's formula."""
        self.tape = Tape()
        self.outside: list[Value] = []
        """The Values that the program took from around it, in the order of first use."""
        self.inputs = 0
        self.decide = decide
        self.closed = False
        self.refused: RecordingError | None = None
        """The first refusal: where the program has caught it, the recording ends with it all the same."""
        self._shared: dict[tuple[Kind, tuple[int, ...], int], int] | None = {} if shared else None
        self.written: dict[tuple[Kind, tuple[int, ...]], int] = {}
        """How often this run of a formula has written an entry, where that is asked."""
        self._first: dict[int, int] = {}
        """Of an entry the first one that is the same number."""
        self._constants: dict[str, int] = {}
        self._outside: dict[Value, int] = {}
        self._stand_ins: dict[int, Traced] = {}
        self._of_index: dict[tuple[Kind, int, int], Traced] = {}

    def input(self) -> int:
        """Add an input and return its entry."""
        self.inputs += 1
        return self.tape.append(INPUT, (self.inputs - 1,))

    def made(self, kind: Kind, entries: tuple[int, ...], cls: type[Traced] = Traced) -> Traced:
        """Add an entry and return its stand-in."""
        if self.closed:
            raise over()
        # Every operation comes through here, millions of times: what is rare is told by one number.
        if modes.restrictions and kind is not DETACH and not modes.recording():
            return self.made(DETACH, (self._entry(kind, entries),), cls)
        made = _new(cls)
        made.entry = self.tape.append(kind, entries) if self._shared is None else self._entry(kind, entries)
        made.recorder = self
        return made

    def refusal(self, why: str) -> RecordingError:
        """Return the error to raise for what would freeze a number, and note it."""
        if self.closed:
            return over()
        error = RecordingError(why)
        if self.refused is None:
            error.place, self.refused = place_here(), error
        return error

    def plain(self, entry: int) -> Traced:
        """Return the number of an entry as a plain one, through which no derivative goes."""
        return self.made(DETACH, (entry,), Plain)

    def note_plain(self, made: Traced, operands: tuple[Any, ...]) -> None:
        """Make what was made of plain numbers a plain number too."""
        if all(map(is_plain, operands)):
            made.__class__ = Plain

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Enter equal entries once inside: for what is run several times with little that differs."""
        outer, self._shared = self._shared, {} if self._shared is None else self._shared
        try:
            yield
        finally:
            self._shared = outer

    def _entry(self, kind: Kind, entries: tuple[int, ...]) -> int:
        if self._shared is None:
            return self.tape.append(kind, entries)
        times = 0
        alike = tuple([self._first.get(entry, entry) for entry in entries])
        if isinstance(kind, Comparison):  # it has no derivative, and asked twice is one branch
            entries = alike
        elif self.exact:
            times = self.written[kind, entries] = self.written.get((kind, entries), 0) + 1
        known = self._shared.get((kind, entries, times))
        if known is None:
            known = self._shared[kind, entries, times] = self.tape.append(kind, entries)
            if self.exact:
                self._first[known] = self._shared.setdefault((kind, alike, -1), known)
        return known

    def stand_in(self, entry: int) -> Traced:
        """Return a stand-in for `entry`: the same one at every call."""
        made = self._stand_ins.get(entry)
        if made is None:
            made = self._stand_ins[entry] = _new(Traced)
            made.entry, made.recorder = entry, self
        return made

    def condition(self, entry: int) -> Condition:
        """Return a stand-in for the comparison `entry`."""
        made = _new(Condition)
        made.entry, made.recorder = entry, self
        return made

    def choice(self, condition: Traced | bool, yes: Any, no: Any) -> Any:
        """Return `yes` where the condition holds, else `no`: the way a formula goes, no operation."""
        if not isinstance(condition, Traced):
            return yes if condition else no
        entries = condition.entry, self.entry_of(yes, "where"), self.entry_of(no, "where")
        made = self.made(TABLE["where"], entries)
        self.chosen.add(made.entry)
        return made

    def entry_of(self, x: Any, what: str) -> int:
        """Return the entry for an operand: a stand-in's own; a new one for a number or another Value.

        Raises TypeError, which names the operation, for what is no number.
        """
        entry = self.known(x)
        if entry is None:
            raise TypeError(f"{what} takes Values and plain numbers, got {described(x)}")
        return entry

    def known(self, x: Any) -> int | None:
        """Return the entry for an operand, or None for what is no number."""
        if isinstance(x, Traced):
            if x.recorder is not self:
                raise RecordingError("a number of another recording: a function that compile records uses it")
            entry: int = x.entry
            return entry
        if isinstance(x, Value):
            if type(x).kind == "const":
                return self._constant(x.data)
            place = self._outside.get(x)
            if place is None:
                if self.closed:  # what was recorded reads those it knows
                    raise over()
                place = self._outside[x] = self.tape.append(OUTSIDE, (len(self.outside),))
                self.outside.append(x)
                if x.label:
                    self.tape.labels[place] = x.label
            return place
        number = constant(x)
        return None if number is None else self._constant(number.data)

    def stand_ins_for(self, inputs: list[Value]) -> list[Value] | None:
        """Return `inputs` with stand-ins for those that are Values; None where none came in from outside."""
        plain = {value for value in inputs if not isinstance(value, Traced)}
        made = operations(*self.outside, above=plain) if plain else []
        ends = [self.outside, *[node.operands for node in made]]
        if not any(value in plain for values in ends for value in values):
            return None
        # Each an entry of its own, and none of a constant: formulas take those for numbers.
        return [
            self.made(DETACH, (self._constant(value.data),)) if value in plain else value for value in inputs
        ]

    def index(self, i: Traced, count: int) -> Traced:
        """Return `i` as the place of one of `count` rows; the same stand-in for the same i and count."""
        return self._once(INDEX, i.entry, count, Traced)

    def hit(self, index: int, place: int) -> Traced:
        """Return whether the entry `index` is the number `place`."""
        return self._once(EQUAL, index, place, Condition)

    def _once(self, kind: Kind, entry: int, number: int, cls: type[Traced]) -> Traced:
        key = kind, entry, number
        if key not in self._of_index:
            self._of_index[key] = self.made(kind, (entry, self._constant(float(number))), cls)
        return self._of_index[key]

    def _constant(self, number: float) -> int:
        key = number.hex()  # tells 0.0 from -0.0, and nan is itself
        entry = self._constants.get(key)
        if entry is None:
            entry = self._constants[key] = self.tape.constant(number)
        return entry

    def decided(self, condition: Traced) -> bool:
        """Return which way a branch goes, where that can be said."""
        if self.tape.kind(condition.entry) is CONSTANT:
            return self.tape.constants[condition.entry] != 0.0
        if self.decide is not None:
            return self.decide(condition.entry)
        number = self._known_number(condition.entry)
        if number is not None:
            return number != 0.0
        raise self.refusal(
            "a branch on a number that compile records: the recording would keep one way of it for every "
            "later call; use where(condition, x, y), maximum(x, y, ...) for max(), minimum(x, y, ...) for "
            "min() or clip(x, low, high), which are recorded with both, or detach what does not depend on "
            "the inputs"
        )

    def partials_of(self, row: Primitive, entries: tuple[int, ...], out: Traced) -> tuple[Any, ...]:
        """Return the partials of an operation, recorded with both sides of their branches."""
        from .templates import partials_template  # which needs this module

        if out.entry in self.chosen:  # of a Value there is but the way taken, and nothing goes to others
            condition = self.condition(entries[0])
            return _NOWHERE, condition, condition.negated()
        constants = self.tape.constants
        known = tuple([None if row.variadic else constants.get(entry) for entry in entries])
        template = partials_template(row, known, exact=self.exact)
        chooses = row.name == "where" and isinstance(self.tape.kind(entries[0]), Comparison)
        if out.entry >= self.derived_from and template.hides_nan and not chooses:
            self.compares_derivatives = True  # a condition is no nan, and counted when it was made
        laid: list[int] = []
        for at, step, operands in template.tape:
            if step is CONSTANT:
                laid.append(self.entry_of(template.tape.constants[at], ""))
            elif step is INPUT:
                laid.append((*entries, out.entry)[operands[0]])
            else:
                of = tuple([laid[operand] for operand in operands])
                if step is TABLE["where"]:
                    self.chosen.add(len(self.tape))
                numbers = [constants[entry] for entry in of if entry in constants]
                if isinstance(step, Primitive) and len(numbers) == len(of):  # the 2 in the partial of x ** 3:
                    laid.append(self.entry_of(step(*numbers), ""))  # it has a simple partial itself
                else:
                    laid.append(self.tape.append(step, of))
        found = [r if isinstance(r, float) else self.stand_in(laid[r]) for r in template.results]
        return (_NOWHERE, *found[1:]) if chooses else tuple(found)

    def product(self, factor: Traced, partial: Any, either: bool, turned: bool) -> Any:
        """Return factor * partial; of a careful recorder 0 for a factor of 0 and a partial of inf.

        either: also for a partial of 0 and a factor of inf.  turned: write it as partial * factor, which
        decides the order of additions where it is differentiated in turn.
        """
        product = partial * factor if turned else factor * partial
        if not self.derives:
            self.derives, self.derived_from = True, len(self.tape)
        if not self.careful:
            return product
        choice, nothing = self.choice, factor == 0.0
        if either:  # a finite product stays one: what is 0 here may have a derivative that is not
            zero = choice(nothing, 0.0, choice(partial == 0.0, 0.0, product))
            return choice(product - product == 0.0, product, zero)
        if type(partial) is float:
            return choice(nothing, 0.0, product)
        return choice(partial - partial == 0.0, product, choice(nothing, 0.0, product))

    def nothing(self, adjoint: Traced) -> Any:
        """Return what flows on from an adjoint by a partial that is a plain 0: nan where it is not finite."""
        if not self.careful:
            return adjoint.data * 0.0
        return self.choice(adjoint - adjoint == 0.0, 0.0, adjoint * 0.0)

    def taken(self, rows: Sequence[Any], i: Traced) -> Any:
        """Return the row that `i` says, as it will be at each call."""
        from .rows import taken  # which needs this module

        return taken(self, rows, i)

    def _known_number(self, entry: int) -> float | None:
        """Return the number of an entry that depends on numbers in the program only; None of any other."""
        numbers: dict[int, float] = {}
        stack = [entry]
        while stack:
            here = stack[-1]
            kind, operands = self.tape[here]
            missing = [operand for operand in operands if operand not in numbers]
            if kind in (INPUT, OUTSIDE):
                return None
            if here in numbers or not missing:
                known = [numbers[operand] for operand in operands]
                numbers[here] = self.tape.constants[here] if kind is CONSTANT else kind(*known)
                stack.pop()
            else:
                stack += missing
        return numbers[entry]
