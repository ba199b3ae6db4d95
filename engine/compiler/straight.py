"""Loops over time, and small nests without loops: what one computes the next ones find in registers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from .fused import Fused
from .groups import EACH
from .groups import LANES as OF_SAMPLES
from .memory import BASES, Point
from .nests import Nest
from .operands import Operand, Pools, by_rule
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
        (place - nest.out.shift, nest.out.shift)
        for nest in nests
        if nest.out.table < 0 and nest.out.shift
        for place in _places(nest.out, nest.extents)
    }
    read = {(place, operand.shift) for operand, place in _reads(nests) if operand.table < 0}
    return [Operand(OF_SAMPLES, base, shift=shift) for base, shift in sorted(written & read)]


def _not_stored(nests: Sequence[Nest], rounds: int, passed: Sequence[Operand]) -> set[tuple[int, int]]:
    """Return the results that only the same round reads, and the next, to which they are passed.

    Of each its place in the first round, and how far it moves with each. What is passed on may be read after
    the loop as the last round leaves it.
    """
    handed_on = {(operand.base + operand.shift, operand.shift) for operand in passed}
    reads = list(_reads(nests))
    if any(operand.table >= 0 for operand, _ in reads) or any(nest.out.table >= 0 for nest in nests):
        return set()
    return {
        (place, nest.out.shift)
        for nest in nests
        for k, place in enumerate(_places(nest.out, nest.extents))
        if k in nest.inside or (k in nest.last_outside and (place, nest.out.shift) in handed_on)
        if not any(_from_memory(place, nest.out.shift, at, operand.shift, rounds) for operand, at in reads)
    }


def _from_memory(place: int, step: int, read: int, shift: int, rounds: int) -> bool:
    """Return whether a read may be of a result of another round than its own and the one before."""
    if step == shift and step:
        return (read - place) % step == 0 and read not in (place, place - step)
    ends = sorted([place, place + step * (rounds - 1)])
    others = sorted([read, read + shift * (rounds - 1)])
    return ends[0] <= others[1] and others[0] <= ends[1]


def _reads(nests: Sequence[Nest]) -> Iterator[tuple[Operand, int]]:
    """Yield the operands that are results for samples, with their places in the first round."""
    for nest in nests:
        for segment in nest.segments:
            for operand in (segment.a, segment.b):
                if operand is not None and operand.constant is None and operand.space == OF_SAMPLES:
                    steps = [*(operand.strides or [0] * len(nest.extents)), *operand.within]
                    for place in _places(
                        Operand(OF_SAMPLES, operand.base, steps), [*nest.extents, *segment.extents]
                    ):
                        yield operand, place


def _places(operand: Operand, extents: Sequence[int]) -> list[int]:
    """Return where an operand stands in the first round, for all indices of some loops."""
    return (operand.base + by_rule(operand.strides, extents)).tolist() if extents else [operand.base]


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
        self._in_registers: set[tuple[int, int]] = set()
        """Results that need no memory; see `_not_stored`."""

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
        places = _passed_on(nests)
        passed = [(operand, point) for operand in places for point in lanes]
        self._in_registers = _not_stored(nests, rounds, places)
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
        found = self.loop(0, rounds, 1, body, start, self.type)
        self.time = "", 0
        for (operand, point), name in zip(passed, found, strict=True):
            if (operand.base + operand.shift, operand.shift) in self._in_registers:
                last = Operand(operand.space, operand.base + operand.shift * rounds)
                self._write(self.pointer(BASES[last.space], self._place(last, point, [])), name, WIDTH)
        self._held, self._in_registers = before, set()

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
        for place, indices in zip(
            _places(nest.out, nest.extents),
            product(*[range(extent) for extent in nest.extents]),
            strict=True,
        ):
            point = Point([("", index) for index in indices], lane, WIDTH)
            if nest.segments:
                total = ""
                for segment in nest.segments:
                    for terms in product(*[range(extent) for extent in segment.extents]):
                        (total,) = self._one_term(segment, [point], [total], [("", term) for term in terms])
            else:
                operands = [self._load(operand, point, []) for operand in nest.operands]
                total = self.operation(nest.kind, operands)
            if (place, nest.out.shift) not in self._in_registers:
                self._store(point, total)
            where = BASES[nest.out.space], self._place(nest.out, point, [])
            self._held[(*where, self.width, WIDTH, 0 if self.width == 1 else 1)] = total
        self._loaded = before
