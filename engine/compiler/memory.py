"""Where the numbers of a nest are read from and written to, in LLVM's language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .ahead import ROW_AHEAD, STEP_AHEAD
from .arithmetic import Arithmetic
from .blocks import FETCH
from .groups import CONSTANT_SPACE, LANES, ONCE, PARAMETER, ROW
from .nests import Nest
from .operands import Operand, Pools
from .text import Index, Real
from .tiles import LANES as SAMPLES
from .tiles import NODES, WIDTH, Tiling

BASES = {PARAMETER: "%P", ROW: "%X", ONCE: "%U", LANES: "%T", CONSTANT_SPACE: "%K"}
"""What the memory of each kind is called in a function."""


class Point:
    """One result of a tile: where it stands on each loop over nodes, and in the block of samples."""

    def __init__(self, indices: list[Index], lane: Index, wanted: int) -> None:
        self.indices, self.lane, self.wanted = indices, lane, wanted


class Memory(Arithmetic):
    """A function that reads and writes numbers of nests: one, a vector of neighbours, or one for a vector.

    What a tile has read it need not read again.
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

    def over_lanes(
        self,
        step: int,
        body: Callable[[Index, list[str]], list[str]],
        carried: Sequence[str] = (),
        type_: str = "",
    ) -> list[str]:
        """Add a loop over the lanes of a block, `step` at once; see `loop`.

        Those that have no sample are left out. Where several eights go together some of them may have none:
        nothing that may fail is done so, and nobody reads what comes of it.
        """
        return self.loop(0, self.lanes if self.lanes <= step else "%L", step, body, carried, type_)

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
                if operand.ahead:
                    self._fetch_ahead(operand, point, terms)
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

    def _fetch_ahead(self, operand: Operand, point: Point, terms: Sequence[Index]) -> None:
        """Ask for what stands in the next block where an operand stands in this one: see `ahead`."""
        parts = [(operand.shift, self.time), *zip(operand.strides, point.indices, strict=False)]
        name, row = self.linear(operand.base, [*parts, *zip(operand.within, terms, strict=False)])
        if name and row:
            name = self.value(f"add nsw i64 {name}, {row}")
        at = self.value(f"mul i64 {name or row}, {STEP_AHEAD}")
        if point.lane[0]:
            at = self.value(f"add i64 {at}, {point.lane[0]}")
        pointer = self.pointer(ROW_AHEAD, (at, point.lane[1]))
        self.declared.add(FETCH)
        self.do(f"call void @llvm.prefetch.p0(ptr {pointer}, i32 0, i32 2, i32 1)")

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
