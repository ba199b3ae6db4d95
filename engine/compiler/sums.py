"""Sums in LLVM's language: term after term, as vectors of every eighth term, or over a batch's samples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product

from .groups import LANES, ROW
from .memory import BASES, Memory, Point
from .nests import Nest, Segment
from .operands import Operand
from .text import Index
from .tiles import LANES as SAMPLES
from .tiles import TERMS, WIDTH, Tiling

FEW = 64
"""Up to how many multiplications a sum of a tile is written out without a loop."""
ENOUGH = 4
"""How many sums over samples side by side need not wait for each other's additions."""


class Sums(Memory):
    """A function that adds up the terms of a nest's sums, side by side for all results of a tile."""

    def _sums(self, points: list[Point]) -> None:
        totals = [""] * len(points)
        for segment in self.nest.segments:
            if self.cut.vector == TERMS and self._fits(segment):
                for k, part in enumerate(self._along_terms(segment, points)):
                    totals[k] = self.value(f"fadd {self.real} {totals[k]}, {part}") if totals[k] else part
            else:
                totals = self._in_order(segment, points, totals)
        for point, total in zip(points, totals, strict=True):
            self._store(point, total or self.constant(0.0))

    def _in_order(self, segment: Segment, points: list[Point], totals: list[str]) -> list[str]:
        """Return the totals with a segment added, term after term."""
        if segment.size == 1 or segment.size * len(points) <= FEW:
            for terms in product(*[[("", k) for k in range(extent)] for extent in segment.extents]):
                totals = self._one_term(segment, points, totals, terms)
            return totals
        start = [total or self.constant(-0.0) for total in totals]

        def inside(loop: int, terms: list[Index], held: list[str]) -> list[str]:
            if loop == len(segment.extents):
                self._loaded = {}
                return self._one_term(segment, points, held, terms)

            def body(index: Index, carried: list[str]) -> list[str]:
                return inside(loop + 1, [*terms, index], carried)

            return self.loop(0, segment.extents[loop], 1, body, held, self.type)

        result = inside(0, [], start)
        self._loaded = {}
        return result

    def _one_term(
        self, segment: Segment, points: list[Point], totals: list[str], terms: Sequence[Index]
    ) -> list[str]:
        results = []
        for point, total in zip(points, totals, strict=True):
            x = self._load(segment.a, point, terms)
            y = "" if segment.b is None else self._load(segment.b, point, terms)
            results.append(self.plus(total, segment.sign, x, y))
        return results

    def _fits(self, segment: Segment) -> bool:
        """Return whether the terms of a segment may be added as vectors: not where order is everything."""
        if self.exact or not segment.extents or segment.extents[-1] < 4:
            return False
        factors = [x for x in (segment.a, segment.b) if x is not None and x.constant is None]
        return all(x.step_within(len(segment.extents) - 1) in (0, 1) for x in factors)

    def _along_terms(self, segment: Segment, points: list[Point]) -> list[str]:
        """Return for each point the sum of a segment, made of the sums over every eighth term."""
        self.width = WIDTH
        *outer, last = segment.extents
        whole = last // WIDTH
        ways = 4 if len(points) == 1 and whole >= 4 else 2 if len(points) == 2 and whole >= 2 else 1
        held = [self.constant(-0.0)] * (len(points) * ways)

        def vector(terms: list[Index], held: list[str], wanted: int, way: int) -> list[str]:
            held = list(held)
            for k, point in enumerate(points):
                x = self._load(segment.a, point, terms, wanted)
                y = "" if segment.b is None else self._load(segment.b, point, terms, wanted)
                if wanted < WIDTH:  # a factor that is the same for all terms must not count beyond the last
                    x = self.chosen(self._first(wanted), x, self.constant(0.0))
                    y = y and self.chosen(self._first(wanted), y, self.constant(0.0))
                held[k * ways + way] = self.plus(held[k * ways + way], segment.sign, x, y)
            return held

        def innermost(terms: list[Index], held: list[str]) -> list[str]:
            rounds = whole // ways * ways

            def body(index: Index, carried: list[str]) -> list[str]:
                for way in range(ways):
                    self._loaded = {}
                    carried = vector([*terms, (index[0], index[1] + WIDTH * way)], carried, WIDTH, way)
                return carried

            if rounds:
                held = self.loop(0, rounds * WIDTH, WIDTH * ways, body, held, self.type)
            self._loaded = {}
            for k in range(rounds, whole):
                held = vector([*terms, ("", k * WIDTH)], held, WIDTH, k % ways)
            if last % WIDTH:
                held = vector([*terms, ("", whole * WIDTH)], held, last % WIDTH, 0)
            return held

        def inside(loop: int, terms: list[Index], held: list[str]) -> list[str]:
            if loop == len(outer):
                return innermost(terms, held)
            return self.loop(
                0, outer[loop], 1, lambda i, c: inside(loop + 1, [*terms, i], c), held, self.type
            )

        held = inside(0, [], held)
        sums = []
        for k in range(len(points)):
            part = held[k * ways : (k + 1) * ways]
            while len(part) > 1:
                part = [
                    self.value(f"fadd {self.type} {part[i]}, {part[i + 1]}") for i in range(0, len(part), 2)
                ]
            sums.append(self._across(part[0]))
        self.width = 1
        self._loaded = {}
        return sums

    def _across(self, vector: str) -> str:
        """Return the sum of the numbers of a vector."""
        add = f"@llvm.vector.reduce.fadd.v{WIDTH}{self.real.short}"
        real, kind = self.real, f"<{WIDTH} x {self.real}>"
        self.declared.add(f"declare {real} {add}({real}, {kind})")
        return self.value(f"call reassoc {real} {add}({real} {real.number(-0.0)}, {kind} {vector})")

    def _over_samples(self, points: list[Point]) -> None:
        """Add to each result what the samples of a block give; not what lies beyond the last of them."""
        axis = self.cut.axis
        if axis >= 0:  # what a row of results shares is read once, and then what these have of their own
            points = sorted(points, key=lambda point: point.indices[axis][1])
        places = [self._place(self.nest.out, point, []) for point in points]
        # Few results have an addition under way for each eight of a block, not one that waits for the other.
        eights = self._eights() if len(points) < ENOUGH and self._are_of_samples() else 1
        start = [self.constant(-0.0)] * (len(points) * eights)
        vectors = self.over_lanes(WIDTH * eights, partial(self._next_samples, points), start, self.type)
        self._add_across(self._halved(vectors, eights), places)

    def _next_samples(self, points: Sequence[Point], lane: Index, held: list[str]) -> list[str]:
        """Return what has been added up, with the next vector of samples added."""
        self._loaded = {}
        if self._are_of_samples():  # beyond the last sample all factors are 0, and so are the products
            eights = [(lane[0], lane[1] + WIDTH * k) for k in range(len(held) // len(points))]
            self.there = {eight: self._is_there(eight) for eight in eights}
            moved = [Point(point.indices, eight, WIDTH) for point in points for eight in eights]
            for segment in self.nest.segments:
                held = self._in_order(segment, moved, held)
            self.there = {}
            return held
        there = self._is_there(lane)
        moved = [Point(point.indices, lane, WIDTH) for point in points]
        totals = [""] * len(points)
        for segment in self.nest.segments:
            totals = self._in_order(segment, moved, totals)
        inside = [self.chosen(there, total, self.constant(0.0)) for total in totals]
        return [
            self.value(f"fadd {self.type} {before}, {total}")
            for total, before in zip(inside, held, strict=True)
        ]

    def over_samples_together(self, nests: Sequence[Nest]) -> None:
        """Add long sums over the samples in one loop over their terms: what two of them read is read once."""
        self.cut, self.width = Tiling(SAMPLES), WIDTH
        segments = [nest.segments[0] for nest in nests]
        eights = self._eights()

        def body(lane: Index, held: list[str]) -> list[str]:
            points = [Point([], (lane[0], lane[1] + WIDTH * k), WIDTH) for k in range(eights)]
            self._loaded = {}
            self.there = {point.lane: self._is_there(point.lane) for point in points}

            def next_term(index: Index, totals: list[str]) -> list[str]:
                self._loaded, found = {}, []
                for k, segment in enumerate(segments):
                    found += self._one_term(segment, points, totals[k * eights : (k + 1) * eights], [index])
                return found

            held = self.loop(0, segments[0].size, 1, next_term, held, self.type)
            self.there = {}
            return held

        start = [self.constant(-0.0)] * (len(nests) * eights)
        vectors = self.over_lanes(WIDTH * eights, body, start, self.type)
        for k, nest in enumerate(nests):
            self.nest = nest
            place = self._place(nest.out, Point([], ("", 0), WIDTH), [])
            self._add_across(self._halved(vectors[k * eights : (k + 1) * eights], eights), [place])

    def _eights(self) -> int:
        """Return how many vectors of samples are added up side by side."""
        return min(4, self.lanes // WIDTH)

    def _halved(self, vectors: Sequence[str], count: int) -> list[str]:
        """Return the sums of so many vectors each: 1, 2, 4, ..."""
        for _ in range(count.bit_length() - 1):
            vectors = [
                self.value(f"fadd {self.type} {x}, {y}")
                for x, y in zip(vectors[::2], vectors[1::2], strict=True)
            ]
        return list(vectors)

    def _is_there(self, lane: Index) -> str:
        """Return which lanes of a vector have a sample."""
        weights = self._load(Operand(ROW, self.rows), Point([], lane, WIDTH), [])
        return self.value(f"fcmp one {self.type} {weights}, {self.constant(0.0)}")

    def _are_of_samples(self) -> bool:
        """Return whether each factor of each term differs from sample to sample, and any order will do."""
        factors = [x for segment in self.nest.segments for x in (segment.a, segment.b)]
        return all(x is None or x.space in (ROW, LANES) for x in factors)

    def _add_across(self, vectors: Sequence[str], places: Sequence[tuple[str, int]]) -> None:
        """Add the sum of each vector's numbers to a place: eight at a time where the places lie in a row."""
        base = BASES[self.nest.out.space]
        order = sorted(range(len(places)), key=lambda k: places[k])
        while order:
            name, first = places[order[0]]
            row = order[:WIDTH]
            if [places[k] for k in row] == [(name, first + j) for j in range(WIDTH)]:
                self.width, sums = WIDTH, self._sums_of_each([vectors[k] for k in row])
            else:
                row = row[:1]
                self.width, sums = 1, self._across(vectors[row[0]])
            at = self.pointer(base, (name, first))
            before = self.value(f"load {self.type}, ptr {at}, align {self.real.size}")
            after = self.value(f"fadd {self.type} {before}, {sums}")
            self.do(f"store {self.type} {after}, ptr {at}, align {self.real.size}")
            self.width = WIDTH
            order = order[len(row) :]

    def _sums_of_each(self, vectors: list[str]) -> str:
        """Return the sums of eight vectors in one: halves are added, and halves of these."""
        size = 1
        while len(vectors) > 1:
            low = [(j & ~size) + (WIDTH if j & size else 0) for j in range(WIDTH)]
            halves = [self._mixed(vectors, low), self._mixed(vectors, [j + size for j in low])]
            vectors = [self.value(f"fadd {self.type} {x}, {y}") for x, y in zip(*halves, strict=True)]
            size *= 2
        return vectors[0]

    def _mixed(self, vectors: Sequence[str], which: Sequence[int]) -> list[str]:
        """Return for each pair of vectors the numbers of both at these places."""
        mask = f"<{WIDTH} x i32> <{', '.join([f'i32 {j}' for j in which])}>"
        pairs = zip(vectors[::2], vectors[1::2], strict=True)
        return [self.value(f"shufflevector {self.type} {x}, {self.type} {y}, {mask}") for x, y in pairs]
