"""Rows chosen by an index, in LLVM's language: read at an address that is computed, and added to there."""

from __future__ import annotations

from collections.abc import Sequence

from .groups import COLLECTING, OVER, ROW
from .loops import Nests
from .memory import BASES, Point
from .nests import Nest, Segment
from .operands import Operand, Pools
from .program import SPREAD
from .tape import INDEX, TAKE
from .text import Index, Real
from .tiles import LANES as SAMPLES
from .tiles import NODES, WIDTH

UNROLLED = 32
"""Up to how many tables are added to without a loop over them."""


class RowLoops(Nests):
    """A function that computes some nests, those of chosen rows among them; see Nests.

    report: where in the memory of results there is one of an index that is none is reported.
    """

    def __init__(
        self, pools: Pools, exact: bool, declared: set[str], lanes: int, rows: int, report: int, real: Real
    ) -> None:
        super().__init__(pools, exact, declared, lanes, rows, real)
        self.report = report
        self._wanted = WIDTH
        """How many numbers of a vector are: a last one may have fewer, and others are read as 0."""

    def add(self, nest: Nest) -> None:
        """Add the loops of a nest."""
        if nest.kind in COLLECTING:
            self._collected(nest)
        else:
            super().add(nest)

    def operation(self, kind: object, xs: list[str]) -> str:
        """Return what an operation makes of its operands."""
        if kind is SPREAD:
            return xs[0]
        return self._checked(*xs) if kind is INDEX else super().operation(kind, xs)

    def _checked(self, i: str, count: str) -> str:
        """Return the index `i`; where it is no row's report it, and return 0, which always is one."""
        whole = self.intrinsic("trunc", i)
        tests = [f"oeq {self.type} {whole}, {i}", f"oge {self.type} {i}, {self.constant(0.0)}"]
        tests.append(f"olt {self.type} {i}, {count}")
        fits = [self.value(f"fcmp {test}") for test in tests]
        good = self.value(f"and {self.bits} {fits[0]}, {fits[1]}")
        good = self.value(f"and {self.bits} {good}, {fits[2]}")
        every = good
        if self._wanted < self.width:  # of no rows there is no row 0 either
            beyond = ", ".join([f"i1 {int(k >= self._wanted)}" for k in range(self.width)])
            every = self.value(f"or {self.bits} {good}, <{beyond}>")
        if self.width > 1:
            name = f"@llvm.vector.reduce.and.v{self.width}i1"
            self.declared.add(f"declare i1 {name}({self.bits})")
            every = self.value(f"call i1 {name}({self.bits} {every})")
        self._count += 1
        bad, on = f"bad{self._count}", f"good{self._count}"
        self.do(f"br i1 {every}, label %{on}, label %{bad}")
        self.lines.append(f"{bad}:")
        for vector, place in ((count, self.report), (i, self.report + WIDTH)):
            at = self.value(f"getelementptr {self.real}, ptr %U, i64 {place}")
            self.do(f"store {self.type} {vector}, ptr {at}, align {self.real.size}")
        self.do(f"br label %{on}")
        self.lines.append(f"{on}:")
        self.block = on
        return self.chosen(good, i, self.constant(0.0))

    # -- reading --------------------------------------------------------------------------------------------

    def _computed(self, point: Point) -> str:
        if self.nest.kind is TAKE:
            return self._taken(point)
        self._wanted = point.wanted
        result = super()._computed(point)
        self._wanted = WIDTH
        return result

    def _taken(self, point: Point) -> str:
        """Return the chosen row's number."""
        index, rows = self.nest.operands
        moves = 0 if self.width == 1 else self._along_vector(index, 0)
        if not moves:
            place = self._place(rows, point, [self._row(index, point)])
            step = 0 if self.width == 1 else self._along_vector(rows, 0)
            if step == 1:
                return self._read(self.pointer(BASES[rows.space], place), point.wanted)
            if not step:
                one = self.value(
                    f"load {self.real}, ptr {self.pointer(BASES[rows.space], place)}, align {self.real.size}"
                )
                return self.splat(one)
            return self._gathered(rows, point, [self._row(index, point)] * self.width)
        numbers = self._load(index, point, [])
        whole = self.value(f"fptosi {self.type} {numbers} to <{self.width} x i64>")
        chosen: list[Index] = []
        for lane in range(min(self.width, point.wanted)):
            chosen.append((self.value(f"extractelement <{self.width} x i64> {whole}, i32 {lane}"), 0))
        return self._gathered(rows, point, chosen)

    def _gathered(self, rows: Operand, point: Point, chosen: Sequence[Index]) -> str:
        """Return a vector of numbers that are read one by one."""
        result = "poison"
        for lane, row in enumerate(chosen):
            place = self._place(rows, self._beside(point, lane), [row])
            one = self.value(
                f"load {self.real}, ptr {self.pointer(BASES[rows.space], place)}, align {self.real.size}"
            )
            result = self.value(f"insertelement {self.type} {result}, {self.real} {one}, i32 {lane}")
        return result

    def _beside(self, point: Point, lane: int) -> Point:
        """Return the point of one number of a vector that begins at `point`."""
        if self.cut.vector == SAMPLES:
            return Point(point.indices, (point.lane[0], point.lane[1] + lane), WIDTH)
        indices = list(point.indices)
        if self.cut.vector == NODES:
            name, offset = indices[self.cut.axis]
            indices[self.cut.axis] = name, offset + lane
        return Point(indices, point.lane, WIDTH)

    def _row(self, index: Operand, point: Point, terms: Sequence[Index] = ()) -> Index:
        """Return an index that there is one of at a point as a whole number."""
        if index.constant is not None:
            return "", int(index.constant)
        place = self._place(index, point, terms)
        key = BASES[index.space], place

        def whole() -> str:
            number = self.value(f"load {self.real}, ptr {self.pointer(*key)}, align {self.real.size}")
            return self.value(f"fptosi {self.real} {number} to i64")

        return self.once(("row", *key), whole), 0

    # -- adding ---------------------------------------------------------------------------------------------

    def _collected(self, nest: Nest) -> None:
        """Add to each row what the choices of it send back."""
        if nest.before is not None:
            self.add(nest.before)
        self.nest, self.width = nest, 1
        if not nest.many:
            self._all_terms(("", 0))
            return

        def body(lane: Index, _: list[str]) -> list[str]:
            self._all_terms(lane)
            return []

        self.over_lanes(1, body)

    def _all_terms(self, lane: Index) -> None:
        for segment in self.nest.segments:

            def inside(loop: int, terms: list[Index], segment: Segment = segment) -> None:
                if loop == len(segment.extents):
                    self._one_term_of_tables(segment, terms, lane)
                    return

                def body(index: Index, _: list[str]) -> list[str]:
                    inside(loop + 1, [*terms, index])
                    return []

                self.loop(0, segment.extents[loop], 1, body)

            inside(0, [])

    def _one_term_of_tables(self, segment: Segment, terms: list[Index], lane: Index) -> None:
        """Add one term to a row of each table."""
        extents = self.nest.extents
        vector = self._vector_axis(segment)
        outer = [axis for axis in range(len(extents)) if axis != vector]
        chosen: dict[int, Index] = {}

        def inside(loop: int) -> None:
            if loop == len(outer):
                self._along_tables(segment, terms, lane, chosen, vector)
                return

            def body(index: Index, _: list[str]) -> list[str]:
                chosen[outer[loop]] = index
                inside(loop + 1)
                return []

            if extents[outer[loop]] <= UNROLLED and loop == len(outer) - 1:
                for k in range(extents[outer[loop]]):
                    body(("", k), [])
            else:
                self.loop(0, extents[outer[loop]], 1, body)

        inside(0)

    def _vector_axis(self, segment: Segment) -> int:
        """Return the longest loop over tables whose rows and terms are neighbours, or -1."""
        assert segment.b is not None
        if self.nest.many:
            return -1
        fit = [
            axis
            for axis, extent in enumerate(self.nest.extents)
            if extent >= 4
            and self.nest.out.step(axis) == 1
            and segment.a.step(axis) == 0
            and segment.b.step(axis) in (0, 1)
        ]
        return max(fit, key=lambda axis: self.nest.extents[axis], default=-1)

    def _along_tables(
        self, segment: Segment, terms: list[Index], lane: Index, chosen: dict[int, Index], vector: int
    ) -> None:
        assert segment.b is not None
        out, extents = self.nest.out, self.nest.extents
        steps = range(0, extents[vector], WIDTH) if vector >= 0 else (0,)
        for start in steps:
            indices = [chosen[axis] if axis != vector else ("", start) for axis in range(len(extents))]
            wanted = min(WIDTH, extents[vector] - start) if vector >= 0 else WIDTH
            point = Point(indices, lane, wanted)
            self.width = 1
            row = self._row(segment.a, point, terms)
            self.width = WIDTH if vector >= 0 else 1
            self._loaded = {}
            sent = self._sent(segment.b, point, terms, vector)
            pointer = self.pointer(BASES[out.space], self._place(out, point, [row]))
            before = (
                self._read(pointer, wanted) if vector >= 0 else self.value(f"load {self.real}, ptr {pointer}")
            )
            after = self.value(f"fadd {self.type} {before}, {sent}")
            self._write(pointer, after, wanted)
        self.width = 1
        self._loaded = {}

    def _sent(self, operand: Operand, point: Point, terms: Sequence[Index], vector: int) -> str:
        """Return what goes to a row: nothing for what lies beyond the last sample."""
        if operand.constant is not None:
            sent = self.constant(operand.constant)
        else:
            pointer = self.pointer(BASES[operand.space], self._place(operand, point, terms))
            if vector >= 0 and operand.step(vector) == 1:
                sent = self._read(pointer, point.wanted)
            else:
                sent = self.splat(self.value(f"load {self.real}, ptr {pointer}, align {self.real.size}"))
        if self.nest.phase != OVER:
            return sent
        weight = self._load(Operand(ROW, self.rows), Point([], point.lane, WIDTH), [])
        there = self.value(f"fcmp one {self.real} {weight}, {self.constant(0.0)}")
        return self.chosen(there, sent, self.constant(0.0))
