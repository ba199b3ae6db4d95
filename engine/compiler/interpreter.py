"""Irregular stretches of a program: a table of steps, and one function that takes them as the table says.

Written out, each operation that is like no other takes a millisecond or less to compile, and is read from
memory once for each run. As a row of a table it takes a microsecond, and is read from memory as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .groups import CONSTANT_SPACE, EACH, LANES, ONCE, PARAMETER, ROW, Placed, Steps
from .irregular import in_runs, terms_of
from .memory import BASES, Memory
from .operands import Pools
from .program import GUARDED, SUM, Places, Program, bounds
from .tape import Kind
from .text import Index, Real
from .tiles import WIDTH

HEAD = 3
"""How many entries come before the operands of like steps: what to do, how often, where the results go."""
FLAGS, SPACE = 2, 29
"""An operand's entry has so many flags, then where it stands, and from that bit on in which memory."""
NEGATIVE, ZERO_WINS, LAST = 1, 2, 1
"""The flags of a term: that it is taken away, that it is 0 where its first factor is, and, in the entry of
its second factor, that the sum ends with it."""
IN_ORDER = (PARAMETER, ROW, CONSTANT_SPACE, ONCE, LANES)


class _Terms:
    """The terms of some nodes, one node's after the other's.

    counts: how many each node has.  owner: of each term, which node's it is.
    is_sum: which terms are those of sums. These have two factors in the table, the second one 1 where there
    is none.
    """

    def __init__(self, program: Program, nodes: Places) -> None:
        self.nodes, self.counts = nodes, program.counts_of(nodes)
        terms, self.owner = terms_of(program, nodes)
        self.sign = program.sign[terms]
        self.a, self.b = program.a[terms], program.b[terms]
        self.is_sum = (program.kind[nodes] == program.place(SUM))[self.owner]

    def order(self, shapes: Places) -> Places:
        """Return the order in which these nodes are computed."""
        which = np.full(1 + max(int(part.max()) for part in (self.nodes, self.a, self.b)), -1)
        which[self.nodes] = np.arange(len(self.nodes))
        read = np.concatenate([which[self.a], np.where(self.b < 0, -1, which[self.b])])
        here = read >= 0
        return in_runs(read[here], np.concatenate([self.owner, self.owner])[here], shapes)


_Shape = tuple[Kind, int, bool]
"""What some steps do: the kind, how many operands, and of sums whether the flag ZERO_WINS counts."""


class Interpreter:
    """Tables of steps, and the functions that take them: one for steps of each sample, one for all others."""

    def __init__(
        self, pools: Pools, exact: bool, declared: set[str], lanes: int, rows: int, real: Real
    ) -> None:
        self._pools, self._lanes = pools, lanes
        self._made = (pools, exact, declared, lanes, rows, real)
        self._shapes: dict[bool, dict[_Shape, int]] = {False: {}, True: {}}
        """What steps do, and which code says so: those of one number, and those of each sample."""
        self._constants: dict[int, int] = {}

    def add(self, placed: Placed, steps: Steps) -> tuple[str, int]:
        """Keep the table of some steps; return the name of the function that takes them and where it begins.

        Settles where the results lie: in the order of the steps.
        """
        many = steps.phase == EACH
        found = _Terms(placed.program, steps.nodes)
        code = self._codes(placed.program, found, many)
        order = found.order(code)
        placed.place[steps.nodes[order]] = placed.place[steps.nodes]
        found, code = _Terms(placed.program, steps.nodes[order]), code[order]
        heads = np.flatnonzero(np.diff(code, prepend=-1))  # the first of like steps
        before = np.zeros(len(code), np.int64)
        before[heads] = HEAD
        before = np.cumsum(before)
        until = bounds(1 + found.is_sum.astype(np.int64))
        first = bounds(found.counts)
        at = until[:-1] + before[found.owner]
        table = np.zeros(int(until[-1] + before[-1]) + 1, np.int64)
        table[at] = self._entries(placed, found.a) | np.where(found.sign < 0, NEGATIVE, 0)
        table[at] |= np.where(np.abs(found.sign) == GUARDED, ZERO_WINS, 0)
        ends = np.zeros(len(at), bool)
        ends[first[1:] - 1] = True
        table[at[found.is_sum] + 1] = self._entries(placed, found.b[found.is_sum])
        table[at[found.is_sum & ends] + 1] |= LAST
        head = at[first[heads]] - HEAD
        table[head] = code[heads]
        terms = np.diff(first[[*heads.tolist(), len(code)]])
        table[head + 1] = np.where(found.is_sum[first[heads]], terms, np.diff([*heads.tolist(), len(code)]))
        table[head + 2] = placed.place[found.nodes[heads]]
        return _name(many), self._pools.add_places(table.astype(np.uint32).view(np.int32))

    def _codes(self, program: Program, found: _Terms, many: bool) -> Places:
        """Return for each of some steps the code of its shape: from 1 on, because 0 ends a table."""
        guarded = bool((np.abs(found.sign) == GUARDED).any())
        mixed = program.kind[found.nodes].astype(np.int64) << 32
        mixed += np.where(program.kind[found.nodes] == program.place(SUM), 0, found.counts)
        shapes, which = np.unique(mixed, return_inverse=True)
        known = self._shapes[many]
        codes = []
        for shape in shapes.tolist():
            kind = program.kinds[shape >> 32]
            codes.append(
                known.setdefault((kind, shape & 0xFFFFFFFF, kind is SUM and guarded), len(known) + 1)
            )
        made: Places = np.array(codes)[which]
        return made

    def _entries(self, placed: Placed, nodes: NDArray[np.int32]) -> Places:
        """Return in which memory operands stand, and where; for those that are none it is the number 1."""
        which = np.maximum(nodes, 0)
        space, place = placed.space[which].astype(np.int64), placed.place[which]
        numbers = np.where(nodes < 0, 1.0, placed.program.number[which])
        fixed = (nodes < 0) | (space == CONSTANT_SPACE)
        bits, back = np.unique(numbers[fixed].view(np.int64), return_inverse=True)
        new = np.array([number for number in bits.tolist() if number not in self._constants], np.int64)
        base = self._pools.add_numbers(new.view(np.float64))
        self._constants |= {number: base + k for k, number in enumerate(new.tolist())}
        place = place.copy()
        place[fixed] = np.array([self._constants[number] for number in bits.tolist()], np.int64)[back]
        return place << FLAGS | np.where(fixed, CONSTANT_SPACE, space) << SPACE

    def functions(self, arguments: str) -> list[str]:
        """Return the functions, as text."""
        made = []
        for many, shapes in self._shapes.items():
            if shapes:
                writer = _Writer(*self._made)
                writer.zero = self._pools.add_numbers(np.full(self._lanes if many else 1, -0.0))
                writer.write(many, list(shapes))
                lines = "\n".join(writer.lines)
                made.append(
                    f"define internal void @{_name(many)}({arguments}, i64 %at) #0 {{\n"
                    f"entry:\n{lines}\n  ret void\n}}\n"
                )
        return made


def _name(many: bool) -> str:
    return "steps_of_samples" if many else "steps"


class _Writer(Memory):
    """A function that takes steps as a table says, from the place %at of it on."""

    zero: int
    """Where there are as many of -0.0 as a block has samples."""

    def write(self, many: bool, shapes: list[_Shape]) -> None:
        """Add all of it. shapes: what there is to do; code k + 1 of a table means shape k."""
        self.many, self.width = many, WIDTH if many else 1
        self.eights = range(0, self.lanes, WIDTH) if many else range(1)
        self.bases = self.value(f"alloca [{len(IN_ORDER)} x ptr]")
        self.scales = self.value(f"alloca [{len(IN_ORDER)} x i64]") if many else ""
        for space in IN_ORDER:
            self._put("ptr", self.bases, space, BASES[space])
            if many:
                self._put("i64", self.scales, space, str(self.lanes if space in (ROW, LANES) else 1))
        zero = self.value(f"getelementptr {self.real}, ptr %K, i64 {self.zero}")
        start = self._entry_at("%I", "%at")
        self.do("br label %next")
        self.lines += ["next:", ""]
        at = len(self.lines) - 1
        code = self._entry("%head", 0)
        cases = " ".join([f"i32 {k + 1}, label %shape{k}" for k in range(len(shapes))])
        self.do(f"switch i32 {code}, label %finished [{cases}]")
        comes_from = [f"[{start}, %entry]"]
        for k, shape in enumerate(shapes):
            self.block = f"shape{k}"
            self.lines.append(f"{self.block}:")
            count, place = [self._wide(self._entry("%head", entry)) for entry in (1, 2)]
            to = self._result_at("%T" if many else "%U", place)
            first = self._entry_at("%head", HEAD)
            if shape[0] is SUM:
                after = self._of_sums(shape[2], count, first, to, zero)
            else:
                after = self._of_operations(shape, count, first, to)
            comes_from.append(f"[{after}, %{self.block}]")
            self.do("br label %next")
        self.lines[at] = f"  %head = phi ptr {', '.join(comes_from)}"
        self.lines.append("finished:")

    def _put(self, type_: str, array: str, place: int, what: str) -> None:
        at = self.value(f"getelementptr {type_}, ptr {array}, i64 {place}")
        self.do(f"store {type_} {what}, ptr {at}, align 8")

    def _of_operations(self, shape: _Shape, count: str, first: str, to: str) -> str:
        """Add like operations; return where their operands end."""
        kind, operands, _ = shape

        def body(_: Index, carried: list[str]) -> list[str]:
            at, to = carried
            given = [self._operand(at, k)[0] for k in range(operands)]
            self._put_results(to, [self.operation(kind, list(xs)) for xs in zip(*given, strict=True)])
            return [self._entry_at(at, operands), self._result_at(to, "1")]

        return self.loop(0, count, 1, body, [first, to], "ptr")[0]

    def _of_sums(self, guarded: bool, count: str, first: str, to: str, zero: str) -> str:
        """Add sums, term after term; return where their operands end.

        What has been added up lies where the result goes, or is -0.0 where a sum begins: so nothing branches
        at the end of a sum, and no sum waits for the one before.
        """

        def body(_: Index, carried: list[str]) -> list[str]:
            at, to, so_far = carried
            xs, of_x = self._operand(at, 0)
            ys, of_y = self._operand(at, 1)
            totals = [self._read(self._eight(so_far, lane), self.width) for lane in self.eights]
            self._put_results(
                to, [self._plus(guarded, *one, of_x) for one in zip(totals, xs, ys, strict=True)]
            )
            last = self.value(f"and i32 {of_y}, {LAST}")
            ends = self.value(f"icmp ne i32 {last}, 0")
            following = self.value(f"select i1 {ends}, ptr {zero}, ptr {to}")
            return [self._entry_at(at, 2), self._result_at(to, self._wide(last)), following]

        return self.loop(0, count, 1, body, [first, to, zero], "ptr")[0]

    def _plus(self, guarded: bool, total: str, x: str, y: str, entry: str) -> str:
        """Return total + x * y, or total - x * y where the entry of x says so."""
        signed = self._signed(entry, x)
        if not guarded:
            return self.plus(total, 1, signed, y)
        product = self.value(f"fmul {self.type} {x}, {y}")
        wins = self.value(f"icmp ne i32 {self.value(f'and i32 {entry}, {ZERO_WINS}')}, 0")
        zero = self.value(f"fcmp oeq {self.type} {x}, {self.constant(0.0)}")
        none = self.value(f"select i1 {wins}, {self.bits} {zero}, {self.bits} zeroinitializer")
        product = self._signed(entry, self.chosen(none, self.constant(0.0), product))
        added = self.plus(total, 1, product, "")
        return added if self.exact else self._if(wins, added, self.plus(total, 1, signed, y))

    def _signed(self, entry: str, x: str) -> str:
        """Return x, or -x where its entry says so: by its bits, since a choice may become a branch."""
        whole = f"i{8 * self.real.size}"
        bits = self._wide(entry) if self.real.size == 8 else entry
        bits = self.value(f"shl {whole} {bits}, {8 * self.real.size - 1}")  # the flag is the lowest bit
        type_ = whole
        if self.width > 1:
            type_ = f"<{self.width} x {whole}>"
            one = self.value(f"insertelement {type_} poison, {whole} {bits}, i32 0")
            mask = f"<{self.width} x i32> zeroinitializer"
            bits = self.value(f"shufflevector {type_} {one}, {type_} poison, {mask}")
        number = self.value(f"bitcast {self.type} {x} to {type_}")
        number = self.value(f"xor {type_} {number}, {bits}")
        return self.value(f"bitcast {type_} {number} to {self.type}")

    def _if(self, condition: str, yes: str, no: str) -> str:
        """Return one of two numbers, or vectors, by a condition that is one."""
        return self.value(f"select i1 {condition}, {self.type} {yes}, {self.type} {no}")

    # -- memory ---------------------------------------------------------------------------------------------

    def _operand(self, at: str, k: int) -> tuple[list[str], str]:
        """Return an operand, by eights of samples, and the entry that says where it stands."""
        entry = self._entry(at, k)
        space = self._wide(self.value(f"lshr i32 {entry}, {SPACE}"))
        place = self._wide(self.value(f"and i32 {entry}, {(1 << SPACE) - (1 << FLAGS)}"))
        slot = self.value(f"getelementptr ptr, ptr {self.bases}, i64 {space}")
        base = self.value(f"load ptr, ptr {slot}, align 8")
        if not self.many:
            found = self.value(f"getelementptr [{self.real.size >> FLAGS} x i8], ptr {base}, i64 {place}")
            return [self._read(found, 1)], entry
        slot = self.value(f"getelementptr i64, ptr {self.scales}, i64 {space}")
        scale = self.value(f"load i64, ptr {slot}, align 8")
        place = self.value(f"mul nuw nsw i64 {place}, {scale}")
        found = self.value(f"getelementptr [{self.real.size >> FLAGS} x i8], ptr {base}, i64 {place}")
        # What all samples share is one number, and what comes after it is not ours to read.
        of_samples = self.value(f"icmp ne i64 {scale}, 1")
        shared = self.value(f"load {self.real}, ptr {found}, align {self.real.size}")
        shared = self.splat(shared)
        mask = self.value(
            f"select i1 {of_samples}, {self.bits} {self._first(WIDTH)}, {self.bits} zeroinitializer"
        )
        name = f"@llvm.masked.load.v{self.width}{self.real.short}.p0"
        self.declared.add(f"declare {self.type} {name}(ptr, {self.bits}, {self.type})")
        read = []
        otherwise = f"{self.bits} {mask}, {self.type} {shared}"
        for lane in self.eights:
            given = f"ptr align {self.real.size} {self._eight(found, lane)}, {otherwise}"
            read.append(self.value(f"call {self.type} {name}({given})"))
        return read, entry

    def _put_results(self, to: str, results: list[str]) -> None:
        for lane, result in zip(self.eights, results, strict=True):
            self._write(self._eight(to, lane), result, self.width)

    def _eight(self, at: str, lane: int) -> str:
        return self.value(f"getelementptr {self.real}, ptr {at}, i64 {lane}") if lane else at

    def _result_at(self, base: str, place: str) -> str:
        size = self.real.size * (self.lanes if self.many else 1)
        return self.value(f"getelementptr [{size} x i8], ptr {base}, i64 {place}")

    def _entry_at(self, at: str, k: int | str) -> str:
        return self.value(f"getelementptr i32, ptr {at}, i64 {k}") if k else at

    def _entry(self, at: str, k: int) -> str:
        return self.value(f"load i32, ptr {self._entry_at(at, k)}, align 4")

    def _wide(self, x: str) -> str:
        return self.value(f"zext i32 {x} to i64")
