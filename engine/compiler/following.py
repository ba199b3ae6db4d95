"""Recording the way that certain numbers go, for exact=True: which way each branch went is noted with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ieee import Fixed, Ieee
from ..primitive import TABLE, Primitive
from ..take import checked
from .recorder import Recorder
from .tape import CONSTANT, DETACH, EQUAL, INPUT, OUTSIDE
from .traced import Traced


class Following(Recorder):
    """A recorder that knows the numbers of one call, and records the graph that Values would make of them.

    Formulas of derivatives, and functions on lists, branch by these numbers, as on Values. `check` makes an
    entry that says of other numbers whether they go the same way.

    numbers: those of the inputs, in turn.
    """

    follows = True

    def __init__(self, numbers: Sequence[float]) -> None:
        super().__init__(exact=True)
        self._given = numbers
        self._numbers: list[float] = []
        self._moves: list[bool] = []
        """Of each entry whether it depends on anything but numbers in the program."""
        self._asked: dict[int, bool] = {}
        self._finite: set[int] = set()

    def number_of(self, entry: int) -> float:
        """Return the number of an entry in this call."""
        numbers, moves, tape = self._numbers, self._moves, self.tape
        while len(numbers) <= entry:
            kind, operands = tape[len(numbers)]
            of_input = kind in (INPUT, OUTSIDE)
            moves.append(of_input or (kind is not CONSTANT and any(moves[at] for at in operands)))
            if kind is CONSTANT:
                numbers.append(tape.constants[len(numbers)])
            elif kind is INPUT:
                numbers.append(self._given[operands[0]])
            elif kind is OUTSIDE:
                numbers.append(self.outside[operands[0]].data)
            else:
                numbers.append(float(kind(*[numbers[operand] for operand in operands])))
        return numbers[entry]

    def decided(self, condition: Traced) -> bool:
        """Return which way a branch goes, and note that it was asked."""
        entry = condition.entry
        answer = self.number_of(entry) != 0.0
        if self._moves[entry]:
            self._asked[entry] = answer
        return answer

    def taken(self, rows: Sequence[Any], i: Traced) -> Any:
        """Return the row that `i` says in this call."""
        place = checked(self.number_of(i.entry), len(rows))
        bool(self._hits(i.entry, place))
        return rows[place]

    def _hits(self, entry: int, place: int) -> Any:
        return self.condition(self.tape.append(EQUAL, (entry, self.entry_of(float(place), "take"))))

    def partials_of(self, row: Primitive, entries: Sequence[int], out: Traced) -> tuple[Any, ...]:
        """Return the partials of an operation, by the way that its formula goes."""
        constants = self.tape.constants
        operands = [Fixed(constants[at]) if at in constants else self.stand_in(at) for at in entries]
        found = row.partials_at(tuple(operands), out)
        # What was made of numbers in the program is a constant Value there, a number in the formula is none.
        known = Ieee | Traced
        return tuple([self.stand_in(self.entry_of(x, "")) if isinstance(x, known) else x for x in found])

    def product(self, factor: Traced, partial: Any, either: bool, turned: bool) -> Any:
        """Return factor * partial, or None where nothing flows: 0 times what is not finite.

        either: 0.0 also for a partial of 0 and a factor that is not finite.  turned: as partial * factor.
        """
        if not self._is_finite(partial) and factor == 0.0:
            return 0.0 if either else None
        if either and not self._is_finite(factor) and partial == 0.0:
            return 0.0
        return partial * factor if turned else factor * partial

    def nothing(self, adjoint: Traced) -> Any:
        """Return 0 times an adjoint: nothing where it is finite."""
        return None if self._is_finite(adjoint) else adjoint * 0.0

    def _is_finite(self, x: Any) -> bool:
        if type(x) is float:
            return math.isfinite(x)
        if math.isfinite(self.number_of(x.entry)):
            if self._moves[x.entry]:
                self._finite.add(x.entry)
            return True
        return bool(x - x == 0.0)

    def check(self) -> tuple[int, float]:
        """Return an entry, and what its number is where all goes the way of this call.

        The number of conditions that hold, less that of those that should not, and 0 times what was finite.
        """
        detached: Any = [self.stand_in(self.tape.append(DETACH, (entry,))) for entry in sorted(self._finite)]
        total = TABLE["total"]
        holds = [self.condition(entry) for entry, answer in self._asked.items() if answer]
        holds_not = [self.condition(entry) for entry, answer in self._asked.items() if not answer]
        found: Any = total(*holds, *[x * 0.0 for x in detached], *[-x for x in holds_not])
        return self.entry_of(found, "check"), float(len(holds))
