"""Loops over as many numbers, one after the other, as one loop: results stay in registers for the next."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import product

from .groups import BY_INDEX, EACH, OVER, ROW
from .groups import LANES as OF_SAMPLES
from .loops import Part
from .memory import BASES, Point
from .nests import Nest, Segment
from .operands import Operand
from .row_loops import RowLoops
from .text import Index
from .tiles import LANES, NODES, WIDTH, Tiling, tiling

FEWEST = 32
"""How many numbers a loop must go over to be joined with others."""
VECTORS = 2
"""How many vectors a round of such a loop computes."""
MOST = 40
"""How many loops are joined."""
MOST_SUMS = 4
"""How many sums over the samples are joined: each needs a register for every eight samples of a block."""
MOST_INSIDE = 4
"""How many results of each sample a round of a joined loop may have."""


class Fused(RowLoops):
    """A function that computes some nests; see Nests."""

    _kept: dict[object, str] | None = None
    """What a round of a joined loop has read or computed."""
    _unread: Collection[int] = ()
    """The nests of a joined loop whose results nobody else reads."""

    def together(self, nests: Sequence[Nest], unread: Collection[int]) -> None:
        """Add the loops of nests that go together; see `go_together`.

        unread: the numbers of those whose results need no memory, since only the others read them.
        """
        if len(nests) == 1:
            for nest in nests:
                self.add(nest)
            return
        if nests[0].phase == OVER:
            self.over_samples_together(nests)
            return
        self._unread = unread
        if nests[0].many:
            self.over_lanes(WIDTH, lambda lane, _: self._for_samples(nests, lane))
        else:
            self._one_loop(nests, Tiling(NODES, 0, {0: VECTORS}), ("", 0))
        self._unread = ()

    def _for_samples(self, nests: Sequence[Nest], lane: Index) -> list[str]:
        counts = [tiling(nest, self.lanes).counts.get(0, 1) for nest in nests if _has_long_sum(nest)]
        self._one_loop(nests, Tiling(LANES, counts={0: max(counts, default=SIDE_BY_SIDE)}), lane)
        return []

    def _one_loop(self, nests: Sequence[Nest], cut: Tiling, lane: Index) -> None:
        """Add one loop over what is the outermost loop of all."""
        self.cut = cut
        for start, end, step, parts in self._plan(0, nests[0].extents[0]):

            def body(index: Index, _: list[str], parts: list[Part] = parts) -> list[str]:
                self._kept = {}
                for nest in nests:
                    self.nest, self.cut = nest, cut
                    inner = [(("", 0), [(k, WIDTH) for k in range(extent)]) for extent in nest.extents[1:]]
                    self._tile([(index, parts), *inner], lane, [(0, WIDTH)])
                self._kept = None
                return []

            self.loop(start, end, step, body)

    def _fresh(self) -> dict[object, str]:
        return {} if self._kept is None else self._kept

    def _store(self, point: Point, result: str) -> None:
        if self.nest.number not in self._unread:
            super()._store(point, result)
        if self._kept is not None:
            place = self._place(self.nest.out, point, [])
            self._kept[(BASES[self.nest.out.space], place, self.width, point.wanted, 1)] = result


SIDE_BY_SIDE = 4
"""How many results of operations a round computes for each sample."""


def go_together(before: Sequence[Nest], nest: Nest, lanes: int) -> bool:
    """Return whether a nest can join those before: it reads of their results nothing but its own place.

    The first can always begin, where it is one loop over neighbours, or for each sample.
    """
    if nest.phase == OVER:
        return (
            _is_long_sum_of_samples(nest)
            and all(
                other.phase == OVER and other.segments[0].extents == nest.segments[0].extents
                for other in before
            )
            and len(before) < MOST_SUMS
        )
    if nest.kind in BY_INDEX or nest.small or not nest.extents:
        return False
    if not (_for_each(nest, lanes) if nest.many else _along_nodes(nest, lanes)):
        return False
    if any(operand.table >= 0 for operand, _ in _read(nest)):
        return False
    if not before:
        return True
    first = before[0]
    if first.phase != nest.phase or first.extents[0] != nest.extents[0] or len(before) == MOST:
        return False
    return all(_apart(other, nest, *read) for other in before for read in _read(nest))


def _is_long_sum_of_samples(nest: Nest) -> bool:
    """Return whether a nest is one sum over the samples, of many terms with factors of the samples."""
    if nest.kind in BY_INDEX or nest.extents or len(nest.segments) != 1:
        return False
    (segment,) = nest.segments
    factors = [factor for factor in (segment.a, segment.b) if factor is not None]
    return len(segment.extents) == 1 and all(factor.space in (ROW, OF_SAMPLES) for factor in factors)


def _along_nodes(nest: Nest, lanes: int) -> bool:
    """Return whether a nest is one loop over neighbours, with no loop over terms."""
    alone = len(nest.extents) == 1 and nest.extents[0] >= FEWEST
    if not alone or any(segment.size > 1 for segment in nest.segments):
        return False
    return tiling(nest, lanes).vector == NODES


def _for_each(nest: Nest, lanes: int) -> bool:
    """Return whether a nest is one loop for each sample, with few results a round."""
    if nest.phase != EACH or math.prod(nest.extents[1:]) > MOST_INSIDE:
        return False
    cut = tiling(nest, lanes)
    return cut.blocks == 1 and not (_has_long_sum(nest) and set(cut.counts) - {0})


def _has_long_sum(nest: Nest) -> bool:
    return any(segment.size > 1 for segment in nest.segments)


def _apart(other: Nest, nest: Nest, operand: Operand, segment: Segment | None) -> bool:
    """Return whether a nest reads with an operand nothing that another writes, or just what stands by it."""
    if operand.constant is not None or operand.space != other.out.space:
        return True
    extents = [*nest.extents, *(segment.extents if segment else [])]
    steps = [*(operand.strides or [0] * len(nest.extents)), *operand.within]
    low, high = _reach(operand.base, steps, extents)
    first, last = _reach(other.out.base, other.out.strides, other.extents)
    if high < first or last < low:
        return True
    if len(steps) > len(nest.extents) or steps[0] != other.out.strides[0]:
        return False
    return _around(operand.base, steps, nest.extents) <= _around(
        other.out.base, other.out.strides, other.extents
    )


def _reach(base: int, steps: Sequence[int], extents: Sequence[int]) -> tuple[int, int]:
    """Return the first and the last place that some loops come to."""
    ends = [step * (extent - 1) for step, extent in zip(steps, extents, strict=True)]
    return base + sum([min(end, 0) for end in ends]), base + sum([max(end, 0) for end in ends])


def _around(base: int, steps: Sequence[int], extents: Sequence[int]) -> set[int]:
    """Return the places of the first round of the outermost loop."""
    inner = product(
        *[
            range(0, step * extent, step) if step else (0,)
            for step, extent in zip(steps[1:], extents[1:], strict=True)
        ]
    )
    return {base + sum(offsets) for offsets in inner}


def _read(nest: Nest) -> list[tuple[Operand, Segment | None]]:
    """Return the operands of a nest, those of sums with their segments."""
    pairs: list[tuple[Operand, Segment | None]] = [
        (operand, segment)
        for segment in nest.segments
        for operand in (segment.a, segment.b)
        if operand is not None
    ]
    return [*pairs, *[(operand, None) for operand in nest.operands]]
