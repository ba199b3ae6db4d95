"""Nests as loops in LLVM's language: tiles of results, vectors along one loop, sums kept in registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

from .arithmetic import Arithmetic
from .groups import CONSTANT_SPACE, LANES, ONCE, OVER, PARAMETER, ROW
from .nests import Nest, Segment
from .operands import Operand, Pools
from .text import Index, Real
from .tiles import LANES as SAMPLES
from .tiles import NODES, TERMS, WIDTH, Tiling, tiling

BASES = {PARAMETER: "%P", ROW: "%X", ONCE: "%U", LANES: "%T", CONSTANT_SPACE: "%K"}
FEW = 64
"""Up to how many multiplications a sum of a tile is written out without a loop."""
ENOUGH = 4
"""How many sums over samples side by side need not wait for each other's additions."""

Part = tuple[int, int]
"""Where a vector begins, counted from the tile's first, and how many of its numbers are wanted."""


class Point:
    """One result of a tile: where it stands on each loop over nodes, and in the block of samples."""

    def __init__(self, indices: list[Index], lane: Index, wanted: int) -> None:
        self.indices, self.lane, self.wanted = indices, lane, wanted


class Nests(Arithmetic):
    """A function that computes some nests.

    lanes: how many samples a block has.  rows: how many numbers each sample brings; the one after them
    says whether there is such a sample.
    """

    def __init__(
        self, pools: Pools, exact: bool, declared: set[str], lanes: int, rows: int, real: Real
    ) -> None:
        super().__init__(pools, exact, declared, real)
        self.lanes, self.rows = lanes, rows
        self.nest: Nest
        self.cut: Tiling
        self.time: Index = ("", 0)
        """The round of the loop over time around this place."""
        self.there: dict[Index, str] = {}
        """For lanes that a vector begins at: which samples there are, where the others are read as 0."""
        self._loaded: dict[object, str] = {}

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

    def over_lanes(
        self,
        step: int,
        body: Callable[[Index, list[str]], list[str]],
        carried: Sequence[str] = (),
        type_: str = "",
    ) -> list[str]:
        """Add a loop over the lanes of a block, `step` at once; see `loop`.

        Eights that have no sample are left out. Where more go together all lanes are computed, those too
        that have none: nothing that may fail is done so, and nobody reads what comes of it.
        """
        all_of_them = step > WIDTH or self.lanes <= WIDTH
        return self.loop(0, self.lanes if all_of_them else "%L", step, body, carried, type_)

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

    # -- memory ---------------------------------------------------------------------------------------------

    def _place(self, operand: Operand, point: Point, terms: Sequence[Index]) -> tuple[str, int]:
        """Return where an operand stands, in numbers from the beginning of its space."""
        many = operand.space in (ROW, LANES)
        scale = self.lanes if many else 1
        parts = [(scale * operand.shift, self.time)]
        parts += [(scale * s, i) for s, i in zip(operand.strides, point.indices, strict=False)]
        parts += [(scale * s, i) for s, i in zip(operand.within, terms, strict=False)]
        if many:
            parts.append((1, point.lane))
        if operand.table < 0:
            return self.linear(scale * operand.base, parts)
        at = [(operand.table_shift, self.time)]
        at += zip(operand.table_strides, point.indices, strict=False)
        at += list(zip(operand.table_within, terms, strict=False))
        entry = self.linear(operand.table, at)

        def looked_up() -> str:
            loaded = self.value(f"load i32, ptr {self.pointer('%I', entry, 'i32')}, align 4")
            place = self.value(f"sext i32 {loaded} to i64")
            return place if scale == 1 else self.value(f"mul nsw i64 {place}, {scale}")

        found = self.once(("entry", entry, scale), looked_up)
        name, offset = self.linear(scale * operand.base, parts)
        both = (
            self.once(("sum", found, name), lambda: self.value(f"add nsw i64 {found}, {name}"))
            if name
            else found
        )
        return both, offset

    def _along_vector(self, operand: Operand, vector_term: int) -> int | None:
        """Return how far an operand moves from one number of a vector to the next; None: a table says."""
        if self.cut.vector == SAMPLES:
            return 1 if operand.space in (ROW, LANES) else 0
        if self.cut.vector == NODES:
            return operand.step(self.cut.axis)
        return operand.step_within(vector_term)

    def _load(self, operand: Operand, point: Point, terms: Sequence[Index], wanted: int = WIDTH) -> str:
        """Return an operand in the current width: read, or spread over the vector."""
        if operand.constant is not None:
            return self.constant(operand.constant)
        place = self._place(operand, point, terms)
        base = BASES[operand.space]
        wanted = min(wanted, point.wanted)
        moves = 0 if self.width == 1 else self._along_vector(operand, len(terms) - 1)
        # One place may be the first of a vector to one operand, and the number for all to another.
        key = (base, place, self.width, wanted, moves)
        if key not in self._loaded:
            if moves == 1:
                read = self._read(self.pointer(base, place), wanted)
                there = self.there.get(point.lane, "")
                self._loaded[key] = self.chosen(there, read, self.constant(0.0)) if there else read
            else:
                assert self.width == 1 or moves == 0
                scalar = (base, place, 1, WIDTH, 0)
                if scalar not in self._loaded:
                    self._loaded[scalar] = self.value(
                        f"load {self.real}, ptr {self.pointer(base, place)}, align {self.real.size}"
                    )
                self._loaded[key] = self.splat(self._loaded[scalar])
        return self._loaded[key]

    def _read(self, pointer: str, wanted: int) -> str:
        if wanted == self.width:
            return self.value(f"load {self.type}, ptr {pointer}, align {self.real.size}")
        name = f"@llvm.masked.load.v{self.width}{self.real.short}.p0"
        self.declared.add(f"declare {self.type} {name}(ptr, {self.bits}, {self.type})")
        mask = f"{self.bits} {self._first(wanted)}, {self.type} zeroinitializer"
        return self.value(f"call {self.type} {name}(ptr align {self.real.size} {pointer}, {mask})")

    def _store(self, point: Point, result: str) -> None:
        pointer = self.pointer(BASES[self.nest.out.space], self._place(self.nest.out, point, []))
        self._write(pointer, result, point.wanted)

    def _write(self, pointer: str, result: str, wanted: int) -> None:
        if self.width == 1 or wanted == self.width:
            self.do(f"store {self.type} {result}, ptr {pointer}, align {self.real.size}")
            return
        name = f"@llvm.masked.store.v{self.width}{self.real.short}.p0"
        self.declared.add(f"declare void {name}({self.type}, ptr, {self.bits})")
        mask = f"{self.bits} {self._first(wanted)}"
        self.do(f"call void {name}({self.type} {result}, ptr align {self.real.size} {pointer}, {mask})")

    def _first(self, wanted: int) -> str:
        return f"<{', '.join([f'i1 {int(k < wanted)}' for k in range(self.width)])}>"

    # -- sums -----------------------------------------------------------------------------------------------

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
            sums.append(self._across(part[0], self.real.number(-0.0), "reassoc "))
        self.width = 1
        self._loaded = {}
        return sums

    def _across(self, vector: str, start: str, order: str) -> str:
        """Return start + the sum of the numbers of a vector."""
        add = f"@llvm.vector.reduce.fadd.v{WIDTH}{self.real.short}"
        real, kind = self.real, f"<{WIDTH} x {self.real}>"
        self.declared.add(f"declare {real} {add}({real}, {kind})")
        return self.value(f"call {order}{real} {add}({real} {start}, {kind} {vector})")

    def _over_samples(self, points: list[Point]) -> None:
        """Add to each result what the samples of a block give; not what lies beyond the last of them."""
        axis = self.cut.axis
        if axis >= 0:  # what a row of results shares is read once, and then what these have of their own
            points = sorted(points, key=lambda point: point.indices[axis][1])
        places = [self._place(self.nest.out, point, []) for point in points]
        if self.exact:  # one sample after the other
            pointers = [self.pointer(BASES[self.nest.out.space], place) for place in places]
            before = [self.value(f"load {self.real}, ptr {at}, align {self.real.size}") for at in pointers]
            totals = self.over_lanes(WIDTH, partial(self._next_samples, points), before)
            for at, total in zip(pointers, totals, strict=True):
                self.do(f"store {self.real} {total}, ptr {at}, align {self.real.size}")
            return
        # Few results have an addition under way for each eight of a block, not one that waits for the other.
        eights = self.lanes // WIDTH if len(points) < ENOUGH and self._are_of_samples() else 1
        start = [self.constant(-0.0)] * (len(points) * eights)
        vectors = self.over_lanes(WIDTH * eights, partial(self._next_samples, points), start, self.type)
        for _ in range(eights.bit_length() - 1):
            vectors = [
                self.value(f"fadd {self.type} {x}, {y}")
                for x, y in zip(vectors[::2], vectors[1::2], strict=True)
            ]
        self._add_across(vectors, places)

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
        if self.exact:
            return [self._across(total, before, "") for total, before in zip(inside, held, strict=True)]
        return [
            self.value(f"fadd {self.type} {before}, {total}")
            for total, before in zip(inside, held, strict=True)
        ]

    def _is_there(self, lane: Index) -> str:
        """Return which lanes of a vector have a sample."""
        weights = self._load(Operand(ROW, self.rows), Point([], lane, WIDTH), [])
        return self.value(f"fcmp one {self.type} {weights}, {self.constant(0.0)}")

    def _are_of_samples(self) -> bool:
        """Return whether each factor of each term differs from sample to sample, and any order will do."""
        factors = [x for segment in self.nest.segments for x in (segment.a, segment.b)]
        return not self.exact and all(x is None or x.space in (ROW, LANES) for x in factors)

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
                self.width, sums = 1, self._across(vectors[row[0]], self.real.number(-0.0), "reassoc ")
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
