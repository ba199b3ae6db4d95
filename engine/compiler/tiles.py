"""How a nest is cut: which loop becomes a vector, and how many results are computed side by side.

A result of a long sum waits for its own previous addition, and each factor is read from memory anew.
With a tile of results side by side, what they share is read once, and the additions of one fill the
waits of the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .groups import EACH, OVER
from .nests import Nest, Segment
from .operands import Operand

WIDTH = 8
"""Doubles in a vector."""

LANES, NODES, TERMS, NONE = "lanes", "nodes", "terms", "none"


@dataclass
class Tiling:
    """What becomes of the loops of a nest.

    vector: along what its vectors run: the samples of a block, one loop over nodes, the terms, or nothing.
    axis: which loop over nodes that is.
    counts: for each loop over nodes, how many results side by side (of the vector's loop, how many vectors).
    blocks: how many vectors of samples side by side.
    """

    vector: str
    axis: int = -1
    counts: dict[int, int] = field(default_factory=dict)
    blocks: int = 1


def tiling(nest: Nest, lanes: int) -> Tiling:
    """Return how to cut a nest; lanes: how many samples a block has."""
    longest = max(nest.segments, key=lambda segment: segment.size, default=None)
    if nest.phase == EACH:
        return _of_samples(nest, longest, lanes)
    if nest.phase == OVER:
        return _over_samples(nest)
    along = _contiguous_loop(nest)
    if along >= 0:
        return _along(nest, longest, along)
    if longest is not None and _contiguous_terms(longest):
        return _of_terms(nest)
    found = Tiling(NONE)
    if longest is not None and longest.size > 1:
        found.counts = _last(nest, 4)
    return found


def _factors(nest: Nest) -> list[Operand]:
    pairs = [
        operand for segment in nest.segments for operand in (segment.a, segment.b) if operand is not None
    ]
    return [operand for operand in (*pairs, *nest.operands) if operand.constant is None]


FEW_FACTORS = 2048
"""Up to how many numbers that all samples share are read anew for each eight of them: they stay near."""
LONG = 64
"""Beyond how many terms a sum needs others beside it, so that its additions need not wait for each other."""


def _of_samples(nest: Nest, longest: Segment | None, lanes: int) -> Tiling:
    """Return how to cut a nest that is computed for each sample.

    Eights of samples one after the other, with more results of each: those that have no sample are left out.
    Where many factors are shared four eights at once, so that these are read less often.
    """
    sums = longest is not None and longest.size > 1
    shared = [] if longest is None or not sums else _shared(nest, longest)
    count = divisor(nest.extents[shared[-1]], 8) if shared else 1
    results = math.prod(nest.extents)
    if longest is not None and (
        (shared and results * longest.size > FEW_FACTORS) or (count < 4 and longest.size > LONG)
    ):
        found = Tiling(LANES, blocks=min(4, lanes // WIDTH))
        if shared:
            found.counts[shared[-1]] = divisor(nest.extents[shared[-1]], 6 if found.blocks == 4 else 8)
        return found
    if not sums:
        return Tiling(LANES, counts=_last(nest, 4))
    return Tiling(LANES, counts={shared[-1]: count} if shared else {})


def _shared(nest: Nest, segment: Segment) -> list[int]:
    """Return the loops over nodes for which a factor of a sum is the same."""
    factors = [x for x in (segment.a, segment.b) if x is not None and x.constant is None]
    return [
        axis
        for axis, extent in enumerate(nest.extents)
        if extent > 1 and any(x.step(axis) == 0 for x in factors)
    ]


def _over_samples(nest: Nest) -> Tiling:
    found = Tiling(LANES)
    long = [axis for axis, extent in enumerate(nest.extents) if extent >= 8]
    if nest.extents:
        axis = long[-1] if long else max(range(len(nest.extents)), key=lambda a: nest.extents[a])
        found.axis, found.counts[axis] = axis, min(8, nest.extents[axis])
        for other in reversed(range(len(nest.extents))):
            if other != axis and nest.extents[other] > 1:
                found.counts[other] = divisor(nest.extents[other], 3)
                break
    return found


def _contiguous_loop(nest: Nest) -> int:
    """Return the longest loop over nodes whose results and operands are neighbours, or -1."""
    fit = [
        axis
        for axis, extent in enumerate(nest.extents)
        if extent >= 4
        and nest.out.step(axis) == 1
        and all(operand.step(axis) in (0, 1) for operand in _factors(nest))
    ]
    return max(fit, key=lambda axis: nest.extents[axis], default=-1)


def _along(nest: Nest, longest: Segment | None, axis: int) -> Tiling:
    vectors = min(4, -(-nest.extents[axis] // WIDTH))
    found = Tiling(NODES, axis, {axis: vectors})
    if longest is not None and longest.size > 1:
        for other in reversed(range(len(nest.extents))):
            if other != axis and nest.extents[other] > 1:
                most = max(1, 16 // vectors) if vectors > 1 else 8
                found.counts[other] = divisor(nest.extents[other], most)
                break
    return found


def _contiguous_terms(segment: Segment) -> bool:
    """Return whether the innermost loop over the terms runs over neighbours."""
    if not segment.extents or segment.extents[-1] < 4:
        return False
    factors = [x for x in (segment.a, segment.b) if x is not None and x.constant is None]
    return all(x.step_within(len(segment.extents) - 1) in (0, 1) for x in factors)


def _of_terms(nest: Nest) -> Tiling:
    found = Tiling(TERMS)
    loops = [axis for axis in reversed(range(len(nest.extents))) if nest.extents[axis] > 1]
    if loops:
        found.counts[loops[0]] = min(8, nest.extents[loops[0]])
    if len(loops) > 1:
        found.counts[loops[1]] = divisor(nest.extents[loops[1]], 2)
    return found


def _last(nest: Nest, most: int) -> dict[int, int]:
    for axis in reversed(range(len(nest.extents))):
        if nest.extents[axis] > 1:
            return {axis: divisor(nest.extents[axis], most)}
    return {}


def divisor(extent: int, most: int) -> int:
    """Return how many of `extent` to take at once, at most `most`: a divisor of it if a large one exists.

    >>> divisor(16, 6), divisor(15, 6), divisor(13, 6)
    (4, 5, 6)
    """
    for count in range(min(extent, most), 0, -1):
        if extent % count == 0:
            if count * 2 >= most or count == extent:
                return count
            break
    return min(extent, most)
