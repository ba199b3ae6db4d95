"""Loops over as many numbers, one after the other, as one loop: results stay in registers for the next."""

from __future__ import annotations

from collections.abc import Sequence

from .groups import BY_INDEX, ONCE
from .loops import BASES, Point
from .nests import Nest
from .operands import Operand
from .row_loops import RowLoops
from .text import Index
from .tiles import NODES, WIDTH, Tiling, tiling

FEWEST = 32
"""How many numbers a loop must go over to be joined with others."""
VECTORS = 2
"""How many vectors a round of such a loop computes."""
MOST = 40
"""How many loops are joined."""


class Fused(RowLoops):
    """A function that computes some nests; see Nests."""

    _kept: dict[object, str] | None = None
    """What a round of a joined loop has read or computed."""

    def together(self, nests: Sequence[Nest]) -> None:
        """Add the loops of nests that go together; see `go_together`."""
        if len(nests) == 1:
            self.add(nests[0])
            return
        self.cut = Tiling(NODES, 0, {0: VECTORS})
        for start, end, step, parts in self._plan(0, nests[0].extents[0]):

            def body(index: Index, _: list[str], parts: list[tuple[int, int]] = parts) -> list[str]:
                self._kept = {}
                for nest in nests:
                    self.nest, self.cut = nest, Tiling(NODES, 0, {0: VECTORS})
                    self._tile([(index, parts)], ("", 0), [(0, WIDTH)])
                self._kept = None
                return []

            self.loop(start, end, step, body)

    def _fresh(self) -> dict[object, str]:
        return {} if self._kept is None else self._kept

    def _store(self, point: Point, result: str) -> None:
        super()._store(point, result)
        if self._kept is not None:
            place = self._place(self.nest.out, point, [])
            self._kept[(BASES[self.nest.out.space], place, self.width, point.wanted, 1)] = result


def go_together(before: Sequence[Nest], nest: Nest, lanes: int) -> bool:
    """Return whether a nest can join those before: it reads of their results nothing but its own place.

    The first can always begin, where it is one loop over neighbours.
    """
    alone = nest.kind not in BY_INDEX and not nest.many and len(nest.extents) == 1
    if not alone or nest.extents[0] < FEWEST or any(segment.size > 1 for segment in nest.segments):
        return False
    if tiling(nest, lanes).vector != NODES or any(operand.table >= 0 for operand in _read(nest)):
        return False
    n = nest.extents[0]
    if before and (before[0].phase != nest.phase or before[0].extents != nest.extents or len(before) == MOST):
        return False
    for other in before:
        start = other.out.base
        for operand in _read(nest):
            if operand.space != ONCE or operand.constant is not None:
                continue
            size = n if operand.step(0) else 1
            apart = operand.base + size <= start or start + n <= operand.base
            if not apart and not (operand.step(0) and operand.base == start):
                return False
    return True


def _read(nest: Nest) -> list[Operand]:
    pairs = [
        operand for segment in nest.segments for operand in (segment.a, segment.b) if operand is not None
    ]
    return [*pairs, *nest.operands]
