"""Nests as loops in LLVM's language: tiles of results, and vectors along one loop."""

from __future__ import annotations

from itertools import product

from .groups import OVER
from .memory import Point
from .nests import Nest
from .sums import Sums
from .text import Index
from .tiles import LANES as SAMPLES
from .tiles import NODES, TERMS, WIDTH, tiling

Part = tuple[int, int]
"""Where a vector begins, counted from the tile's first, and how many of its numbers are wanted."""


class Nests(Sums):
    """A function that computes some nests."""

    def add(self, nest: Nest) -> None:
        """Add the loops of a nest."""
        self.nest, self.cut = nest, tiling(nest, self.lanes)
        plans = [self._plan(axis, extent) for axis, extent in enumerate(nest.extents)]
        if nest.many and nest.phase != OVER:
            count = self.cut.blocks * WIDTH
            parts = [(WIDTH * k, WIDTH) for k in range(self.cut.blocks)]
            self.over_lanes(count, lambda lane, _: self._over_loops(plans, lane, parts))
        else:
            self._over_loops(plans, ("", 0), [(0, WIDTH)])

    def _plan(self, axis: int, extent: int) -> list[tuple[int, int, int, list[Part]]]:
        """Return the loops that a loop over nodes becomes: from, to, step, and what a step takes."""
        if self.cut.vector == NODES and self.cut.axis == axis:
            vectors = self.cut.counts[axis]
            step = WIDTH * vectors
            whole = extent // step * step
            plan = [(0, whole, step, [(WIDTH * k, WIDTH) for k in range(vectors)])] if whole else []
            rest = [(k, min(WIDTH, extent - whole - k)) for k in range(0, extent - whole, WIDTH)]
            return plan + ([(whole, extent, extent - whole, rest)] if rest else [])
        step = self.cut.counts.get(axis, 1)
        whole = extent // step * step
        plan = [(0, whole, step, [(k, WIDTH) for k in range(step)])] if whole else []
        rest = [(k, WIDTH) for k in range(extent - whole)]
        return plan + ([(whole, extent, extent - whole, rest)] if rest else [])

    def _over_loops(
        self, plans: list[list[tuple[int, int, int, list[Part]]]], lane: Index, blocks: list[Part]
    ) -> list[str]:
        chosen: list[tuple[Index, list[Part]]] = []

        def inside(axis: int) -> None:
            if axis == len(plans):
                self._tile(chosen, lane, blocks)
                return
            for start, end, step, parts in plans[axis]:

                def body(index: Index, _: list[str], parts: list[Part] = parts) -> list[str]:
                    chosen.append((index, parts))
                    inside(axis + 1)
                    chosen.pop()
                    return []

                self.loop(start, end, step, body)

        inside(0)
        return []

    def _tile(self, chosen: list[tuple[Index, list[Part]]], lane: Index, blocks: list[Part]) -> None:
        """Add the results that are computed side by side."""
        lanes = blocks if self.cut.vector == SAMPLES and self.nest.phase != OVER else [(0, WIDTH)]
        points = []
        for taken in product(*[parts for _, parts in chosen]):
            indices = [
                (name, base + offset) for ((name, base), _), (offset, _) in zip(chosen, taken, strict=True)
            ]
            wanted = taken[self.cut.axis][1] if self.cut.vector == NODES else WIDTH
            points += [Point(indices, (lane[0], lane[1] + shift), wanted) for shift, _ in lanes]
        self._loaded = self._fresh()
        self.width = 1 if self.cut.vector in (TERMS, "none") else WIDTH
        if self.nest.phase == OVER:
            self._over_samples(points)
        elif self.nest.segments:
            self._sums(points)
        else:
            for point in points:
                self._store(point, self._computed(point))

    def _fresh(self) -> dict[object, str]:
        """Return what has been read so far that a tile may use."""
        return {}

    def _computed(self, point: Point) -> str:
        """Return the result of an operation."""
        operands = [self._load(operand, point, []) for operand in self.nest.operands]
        return self.operation(self.nest.kind, operands)
