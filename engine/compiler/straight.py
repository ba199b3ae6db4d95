"""Loops over time, and small nests without loops: what one computes the next ones find in registers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from .fused import Fused
from .groups import EACH
from .groups import LANES as OF_SAMPLES
from .loops import BASES, Point
from .nests import Nest
from .operands import Operand, Pools
from .text import Index, Real
from .tiles import LANES, NONE, WIDTH, Tiling

MOST_TOGETHER = 40
"""How many small nests of samples share a loop over them."""


def _is_sum_for_samples(nest: Nest) -> bool:
    """Return whether a nest is a small sum for each sample: that may be computed where there is none."""
    return nest.small and nest.phase == EACH and bool(nest.segments)


def _passed_on(nests: Sequence[Nest]) -> list[Operand]:
    """Return the operands of a round that are results of the one before: of each the place, by its round."""
    written = {
        (nest.out.base + sum(at) - nest.out.shift, nest.out.shift)
        for nest in nests
        if nest.out.table < 0 and nest.out.shift
        for at in _offsets(nest.out.strides, nest.extents)
    }
    read = {
        (operand.base + sum(at) + sum(term), operand.shift)
        for nest in nests
        for segment in nest.segments
        for operand in (segment.a, segment.b)
        if operand is not None and operand.constant is None and operand.space == OF_SAMPLES
        if operand.table < 0
        for at in _offsets(operand.strides, nest.extents)
        for term in _offsets(operand.within, segment.extents)
    }
    return [Operand(OF_SAMPLES, base, shift=shift) for base, shift in sorted(written & read)]


def _offsets(strides: Sequence[int], extents: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield how far each of some loops has moved an operand, for all their indices."""
    steps = [*strides, *[0] * (len(extents) - len(strides))]
    return product(*[[step * k for k in range(extent)] for step, extent in zip(steps, extents, strict=True)])


def _a_round_on(operand: Operand) -> Operand:
    return Operand(operand.space, operand.base + operand.shift, shift=operand.shift)


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
        if len(nests) <= MOST_TOGETHER and all(_is_sum_for_samples(nest) for nest in nests):
            self._sums_over_time(rounds, nests)
            return

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

    def _sums_over_time(self, rounds: int, nests: Sequence[Nest]) -> None:
        """Add a loop over time with sums for all lanes of a block side by side.

        What a round reads of the one before stays in registers.
        """
        self.width = WIDTH
        lanes = [Point([], ("", lane), WIDTH) for lane in range(0, self.lanes, WIDTH)]
        passed = [(operand, point) for operand in _passed_on(nests) for point in lanes]
        start = []
        for operand, point in passed:
            pointer = self.pointer(BASES[operand.space], self._place(operand, point, []))
            start.append(self._read(pointer, WIDTH))

        def key(operand: Operand, point: Point) -> object:
            return (BASES[operand.space], self._place(operand, point, []), WIDTH, WIDTH, 1)

        def body(index: Index, carried: list[str]) -> list[str]:
            self.time = index
            for (operand, point), name in zip(passed, carried, strict=True):
                self._held[key(operand, point)] = name
            for nest in nests:
                for point in lanes:
                    self._results(nest, point.lane, WIDTH)
            return [self._held[key(_a_round_on(operand), point)] for operand, point in passed]

        before, self._held = self._held, {}
        self.loop(0, rounds, 1, body, start, self.type)
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
