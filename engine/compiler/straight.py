"""Loops over time, and small nests without loops: what one computes the next ones find in registers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from .fused import Fused
from .loops import BASES, Point
from .nests import Nest
from .operands import Pools
from .text import Index, Real
from .tiles import LANES, NONE, WIDTH, Tiling

MOST_TOGETHER = 40
"""How many small nests of samples share a loop over them."""


class Straight(Fused):
    """A function that computes some nests; see Nests."""

    def __init__(
        self, pools: Pools, exact: bool, declared: set[str], lanes: int, rows: int, report: int, real: Real
    ) -> None:
        super().__init__(pools, exact, declared, lanes, rows, report, real)
        self._held: dict[object, str] = {}
        """What straight code has read or computed."""

    def over_time(self, rounds: int, nests: Sequence[Nest]) -> None:
        """Add a loop over time with these nests inside."""

        def body(index: Index, _: list[str]) -> list[str]:
            self.time = index
            at = 0
            while at < len(nests):
                end = at
                while end < len(nests) and nests[end].small:
                    end += 1
                if end > at:
                    self.straight(nests[at:end])
                else:
                    self.add(nests[at])
                    end = at + 1
                at = end
            return []

        before, self._held = self._held, {}
        self.loop(0, rounds, 1, body)
        self.time, self._held = ("", 0), before

    def straight(self, nests: Sequence[Nest]) -> None:
        """Add small nests, result by result; what one computes the next ones find in registers."""
        if not nests[0].many:
            for nest in nests:
                self._results(nest, ("", 0), 1)
            return
        for low in range(0, len(nests), MOST_TOGETHER):

            def body(lane: Index, _: list[str], low: int = low) -> list[str]:
                before, self._held = self._held, {}
                for nest in nests[low : low + MOST_TOGETHER]:
                    self._results(nest, lane, WIDTH)
                self._held = before
                return []

            self.over_lanes(WIDTH, body)

    def _results(self, nest: Nest, lane: Index, width: int) -> None:
        """Add the results of a small nest, one after the other."""
        self.nest, self.cut, self.width = nest, Tiling(LANES if width > 1 else NONE), width
        before, self._loaded = self._loaded, self._held
        for indices in product(*[range(extent) for extent in nest.extents]):
            point = Point([("", index) for index in indices], lane, WIDTH)
            if nest.segments:
                total = ""
                for segment in nest.segments:
                    for terms in product(*[range(extent) for extent in segment.extents]):
                        (total,) = self._one_term(segment, [point], [total], [("", term) for term in terms])
            else:
                operands = [self._load(operand, point, []) for operand in nest.operands]
                total = self.operation(nest.kind, operands)
            self._store(point, total)
            where = BASES[nest.out.space], self._place(nest.out, point, [])
            self._held[(*where, self.width, WIDTH, 0 if self.width == 1 else 1)] = total
        self._loaded = before
