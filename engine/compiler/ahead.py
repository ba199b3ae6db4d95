"""Which loop fetches the next block's samples: it asks for them while it computes with this block's.

Memory answers long after it was asked. Where all of a large array of samples is asked for at once, as `pack`
would, the processor waits for the last of them; a loop that computes something in between does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .blocks import WORDS
from .groups import EACH, ROW
from .nests import Nest
from .operands import Operand, by_rule
from .text import Real
from .tiles import WIDTH

ROW_AHEAD, STEP_AHEAD = "%A", "%S"
"""What a function calls the address of the next block's row 0, and the distance from row to row."""


NEARLY = 0.75
"""How much of an array a loop must read: the first round of a loop over time may stand before it."""


@dataclass
class Ahead:
    """The largest array of samples, and whether a loop fetches it.

    number: which of the arrays it is, -1 for none.  start: the first of its rows.  width: how many it has.
    """

    number: int
    start: int
    width: int
    settled: bool = False

    def settle(self, nests: Sequence[Nest], rounds: int = 1) -> None:
        """Let the first of these loops that reads nearly all rows once fetch them, if none before has.

        rounds: of the loop over time that they are in.
        """
        for nest in nests:
            if self.settled or self.number < 0:
                return
            if nest.phase != EACH or (nest.small and rounds == 1):
                continue
            for operand, extents in _operands(nest):
                if self._is_nearly_all_of_it(operand, rounds, extents):
                    operand.ahead = self.settled = True
                    break

    def _is_nearly_all_of_it(self, operand: Operand, rounds: int, extents: Sequence[int]) -> bool:
        if operand.space != ROW or operand.constant is not None or operand.table >= 0:
            return False
        count = rounds * int(np.prod(extents, dtype=np.int64))
        if not NEARLY * self.width <= count <= self.width:
            return False
        strides = [*(operand.strides or [0] * (len(extents) - len(operand.within))), *operand.within]
        places = np.sort(operand.base + by_rule([operand.shift, *strides], [rounds, *extents])) - self.start
        return bool(places[0] >= 0 and places[-1] < self.width and (np.diff(places) > 0).all())

    @property
    def fetched(self) -> int:
        """Which array a loop fetches; -1 for none."""
        return self.number if self.settled else -1

    def text(self, lanes: int, real: Real) -> list[str]:
        """Return what finds out where the next block lies, for a block of samples from `%first` on."""
        if not self.settled:
            return [f"  {ROW_AHEAD} = getelementptr i8, ptr null, i64 0", f"  {STEP_AHEAD} = add i64 0, 0"]
        return [
            f"  %ahead.p = getelementptr i64, ptr %B, i64 {WORDS * self.number}",
            "  %ahead.array = load ptr, ptr %ahead.p, align 8",
            "  %ahead.far.p = getelementptr i64, ptr %ahead.p, i64 1",
            "  %ahead.far = load i64, ptr %ahead.far.p, align 8",
            "  %ahead.in.lines = icmp eq i64 %ahead.far, 0",
            f"  {STEP_AHEAD} = select i1 %ahead.in.lines, i64 {lanes}, i64 %ahead.far",
            f"  %ahead.width = select i1 %ahead.in.lines, i64 {self.width}, i64 1",
            f"  %ahead.first = add i64 %first, {lanes}",
            "  %ahead.block = mul i64 %ahead.first, %ahead.width",
            f"  %ahead.above = mul i64 {STEP_AHEAD}, {self.start}",
            "  %ahead.at = sub i64 %ahead.block, %ahead.above",
            f"  {ROW_AHEAD} = getelementptr {real}, ptr %ahead.array, i64 %ahead.at",
        ]


def largest(widths: Sequence[int], lanes: int) -> Ahead:
    """Return the largest of several arrays of samples; none where a sample or a batch is small."""
    if lanes <= WIDTH or max(widths, default=0) < WIDTH:
        return Ahead(-1, 0, 0)
    number = max(range(len(widths)), key=lambda k: widths[k])
    return Ahead(number, sum(widths[:number]), widths[number])


def _operands(nest: Nest) -> list[tuple[Operand, list[int]]]:
    """Return what a nest reads, with the loops it is read in."""
    found = [(operand, nest.extents) for operand in nest.operands]
    for segment in nest.segments:
        extents = [*nest.extents, *segment.extents]
        found += [(factor, extents) for factor in (segment.a, segment.b) if factor is not None]
    return found
