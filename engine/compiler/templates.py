"""What a row of the table is made of: its value and its partials, as small tapes.

A template is recorded once for a row (and for each way in which its operands are known numbers) and
then laid down wherever the row occurs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, product
from typing import Any
from weakref import WeakKeyDictionary

from ..ieee import Ieee
from ..primitive import Primitive
from .branches import without_branches
from .quick import quick_partials
from .recorder import Recorder
from .rewrite import rewritten
from .tape import INPUT, Comparison, Leaf, Tape
from .traced import RecordingError, Traced

Known = tuple[float | None, ...]
"""For each operand its number where that is known, else None."""

_ORDINARY = (-2.0, -0.5, -1e-310, 0.0, 1e-310, 0.5, 1.0, 2.0, 1e300)
"""What stands for the other operands where one is nan."""


@dataclass(frozen=True)
class Template:
    """A small tape and the entries, or plain numbers, that are its results.

    Its inputs are the operands in turn; those of partials have the row's own result as the last one.
    """

    tape: Tape
    results: tuple[int | float, ...]

    @cached_property
    def hides_nan(self) -> bool:
        """Whether a comparison in it may make a number of an operand that is nan.

        That of x with 0 in the partial of relu does: 0. Those in the partials of x / y do not: both ways on
        from there lead to nan. With many operands any comparison counts.
        """
        if not any(isinstance(kind, Comparison) for kind in self.tape.kinds):
            return False
        operands = sum(kind is INPUT for _, kind, _ in self.tape) - 1
        return operands > 3 or any(self._hides(place, operands) for place in range(operands))

    def _hides(self, place: int, operands: int) -> bool:
        """Return whether a result that a comparison of the operand at `place` decides is a number for nan."""
        reads: list[bool] = []  # whether an entry depends on that operand or on the row's own result
        decided: list[bool] = []  # whether it depends on a comparison that does
        for _, kind, entries in self.tape:
            if isinstance(kind, Leaf):
                reads.append(kind is INPUT and entries[0] in (place, operands))
                decided.append(False)
            else:
                reads.append(any(reads[entry] for entry in entries))
                compared = isinstance(kind, Comparison) and reads[-1]
                decided.append(compared or any(decided[entry] for entry in entries))
        found = [isinstance(result, int) and decided[result] for result in self.results]
        for others in product(_ORDINARY, repeat=operands - 1):
            results = replayed(self, [*others[:place], math.nan, *others[place:]], math.nan)
            if any(result == result for result in compress(results, found)):
                return True
        return False


# By row, so that what was made of a row of one's own goes when the row does.
_values: WeakKeyDictionary[Primitive, dict[Known, Template | None]] = WeakKeyDictionary()
_partials: WeakKeyDictionary[Primitive, dict[tuple[Known, bool, bool], Template]] = WeakKeyDictionary()


def value_template(row: Primitive, known: Known) -> Template | None:
    """Return how `row` computes its value in simpler rows, or None where it can only be called."""
    if row.opaque:
        return None
    made = _values.setdefault(row, {})
    if known not in made:
        try:
            formula = row.lower or rewritten(row.evaluate)
            made[known] = _recorded(row, known, lambda operands, out: (_called(row, formula, operands),))
        except (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError):
            made[known] = None  # it does with its numbers what only Python can
    return made[known]


def partials_template(row: Primitive, known: Known, quick: bool = False, exact: bool = False) -> Template:
    """Return how the partials of `row` are computed.

    quick: in fewer steps, with nan at the ends of the range; see `quick_partials`.
    exact: so that derivatives of the partials are rounded as on Values.
    Raises RecordingError where they cannot be recorded: a black box.
    """
    if row.opaque:
        raise RecordingError(
            f"{row.name} is a black box: its derivative is code that takes floats, which compile cannot "
            "record; use declare(partials=...) with operations of the engine, or take the gradient on Values"
        )
    made, key = _partials.setdefault(row, {}), (known, quick, exact)
    if key not in made:
        formula = (quick_partials(row, known) if quick else None) or rewritten(row.partials, exact)
        made[key] = _recorded(
            row,
            known,
            lambda operands, out: formula(operands, out) if row.variadic else formula(*operands, out),
            exact,
        )
    return made[key]


def _called(row: Primitive, formula: Any, operands: tuple[Any, ...]) -> Any:
    return formula(operands) if row.variadic else formula(*operands)


def _recorded(row: Primitive, known: Known, formula: Any, exact: bool = False) -> Template:
    recorder = Recorder(shared=True, exact=exact)
    inputs = [recorder.stand_in(recorder.input()) for _ in known]
    out = recorder.stand_in(recorder.input())
    operands = tuple([x if number is None else number for x, number in zip(inputs, known, strict=True)])
    try:
        results = without_branches(recorder, lambda: formula(operands, out))
    except (ArithmeticError, ValueError):  # as for numbers: 1 / 0 is inf
        operands = tuple([Ieee(x) if isinstance(x, float) else x for x in operands])
        results = without_branches(recorder, lambda: formula(operands, out))
    recorder.closed = True
    return Template(recorder.tape, tuple(_result(row, result) for result in results))


def _result(row: Primitive, result: Any) -> int | float:
    if isinstance(result, Traced):
        entry: int = result.entry
        return entry
    if isinstance(result, int | float):
        return float(result)
    raise RecordingError(f"{row.name}'s formulas must give numbers, got {result!r}")


def replayed(template: Template, operands: Sequence[float], out: float) -> list[float]:
    """Return the results of a template for these numbers: the reference for machine code."""
    numbers = template.tape.replay([*operands, out])
    return [result if isinstance(result, float) else numbers[result] for result in template.results]
