"""Results that each sample has: from the lanes of a block into the caller's rows, eight samples at once.

In a block the same number of all samples lies side by side, in a row the numbers of one sample do. So what
lies in stretches is turned by squares, eight numbers of eight samples each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .blocks import turned
from .groups import LANES, ROW, Placed
from .memory import BASES
from .operands import Pools
from .program import Places
from .results import Copies, runs
from .text import Index, Real
from .tiles import WIDTH

FEW = 32
"""Up to how many single numbers are written one after the other, without a loop."""


def unpack(placed: Placed, nodes: list[int], lanes: int, pools: Pools, real: Real) -> str:
    """Return the functions that put the results of a block of samples where the caller wants them.

    In rows, one for each sample, which begin at R; or where C is not null, in columns, one for each result:
    their addresses stand there.
    """
    arguments = "i64 %first, i64 %here, ptr %X, ptr %T, ptr %I"
    rows = "\n".join(_Rows(placed, nodes, lanes, pools, real).lines)
    columns = "\n".join(_Columns(placed, nodes, lanes, pools, real).lines)
    return f"""define internal void @unpack({arguments}, ptr %R, ptr %C) #0 {{
entry:
  %in.rows = icmp eq ptr %C, null
  br i1 %in.rows, label %rows, label %columns
rows:
  call void @rows({arguments}, ptr %R)
  ret void
columns:
  call void @columns({arguments}, ptr %C)
  ret void
}}
define internal void @rows({arguments}, ptr noalias %R) #0 {{
entry:
{rows}
  ret void
}}
define internal void @columns({arguments}, ptr %C) #0 {{
entry:
{columns}
  ret void
}}
define internal void @column(ptr %column, ptr %from, i64 %first, i64 %here) #0 {{
entry:
  %begin = load ptr, ptr %column, align 8
  %to = getelementptr {real}, ptr %begin, i64 %first
  %all = icmp eq i64 %here, {lanes}
  br i1 %all, label %whole, label %part
whole:
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 {lanes * real.size}, i1 false)
  ret void
part:
  %size = mul i64 %here, {real.size}
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %size, i1 false)
  ret void
}}
"""


class _OfSamples(Copies):
    """Copies out of the lanes of a block, where a number of all its samples lies side by side."""

    def __init__(self, lanes: int, pools: Pools, real: Real) -> None:
        super().__init__(pools, real)
        self.lanes = lanes

    def _numbers(self, base: str, sources: Places, targets: Places) -> None:
        if len(sources) > FEW:
            super()._numbers(base, sources, targets)
            return
        for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
            self._copy_number(base, ("", source), ("", target))

    def _in_lanes(self, base: str, source: tuple[str, int], k: int = 0, more: Sequence[Index] = ()) -> str:
        """Return where the k-th number after `source` begins. more: indices to be added."""
        parts = [(self.lanes, (source[0], 0)), *[(self.lanes, one) for one in more]]
        return self.pointer(base, self.linear(self.lanes * (source[1] + k), parts))


class _Columns(_OfSamples):
    """The body of the function that fills columns."""

    def __init__(self, placed: Placed, nodes: list[int], lanes: int, pools: Pools, real: Real) -> None:
        super().__init__(lanes, pools, real)
        for start, run, space in runs(placed, nodes):
            self._numbers(BASES[space], placed.place[run], start + np.arange(len(run)))

    def _copy_number(self, base: str, source: tuple[str, int], target: tuple[str, int]) -> None:
        column, at = self.pointer("%C", target, "ptr"), self._in_lanes(base, source)
        self.do(f"call void @column(ptr {column}, ptr {at}, i64 %first, i64 %here)")


class _Rows(_OfSamples):
    """The body of the function that fills rows.

    Lanes without a sample repeat the last one. They write into its row, and it writes after them.
    """

    def __init__(self, placed: Placed, nodes: list[int], lanes: int, pools: Pools, real: Real) -> None:
        super().__init__(lanes, pools, real)
        self.vector = f"<{WIDTH} x {real}>"
        self._rows: list[str] = []
        last = self.value(f"sub i64 {self.value('add i64 %first, %here')}, 1")

        def eight(e: Index, _: list[str]) -> list[str]:
            self._rows = [self._row(e, lane, last, len(nodes)) for lane in range(WIDTH)]
            bases = {space: self.pointer(BASES[space], e) for space in (ROW, LANES)}
            for start, run, space in runs(placed, nodes):
                self.copy(bases[space], placed.place[run], start)
            return []

        self.loop(0, "%here", WIDTH, eight)

    def _row(self, e: Index, lane: int, last: str, count: int) -> str:
        """Return where the row of a lane's sample begins."""
        sample = self.value(f"add i64 %first, {self.value(f'add i64 {e[0]}, {lane}')}")
        beyond = self.value(f"icmp ugt i64 {sample}, {last}")
        there = self.value(f"select i1 {beyond}, i64 {last}, i64 {sample}")
        return self.pointer("%R", (self.value(f"mul i64 {there}, {count}"), 0))

    def _copy_number(self, base: str, source: tuple[str, int], target: tuple[str, int]) -> None:
        eight = self._eight(base, source)
        for lane in reversed(range(WIDTH)):
            one = self.value(f"extractelement {self.vector} {eight}, i32 {lane}")
            at = self.pointer(self._rows[lane], target)
            self.do(f"store {self.real} {one}, ptr {at}, align {self.real.size}")

    def _copy_whole(
        self, base: str, source: tuple[str, int], target: tuple[str, int], length: int | str
    ) -> None:
        def square(i: Index, _: list[str]) -> list[str]:
            corner = self._corner(i, length)
            held = [self._eight(base, source, k, [corner]) for k in range(WIDTH)]
            rows = turned(self.value, held, self.vector)
            to = self.linear(target[1], [(1, (target[0], 0)), (1, corner)])
            for lane in reversed(range(WIDTH)):
                at = self.pointer(self._rows[lane], to)
                self.do(f"store {self.vector} {rows[lane]}, ptr {at}, align {self.real.size}")
            return []

        self.loop(0, length, WIDTH, square)

    def _corner(self, i: Index, length: int | str) -> Index:
        """Return where a square begins: the last one reaches back, where there are no eight numbers left."""
        if isinstance(length, int) and length % WIDTH == 0:
            return i
        latest = length - WIDTH if isinstance(length, int) else self.value(f"sub i64 {length}, {WIDTH}")
        over = self.value(f"icmp ugt i64 {i[0]}, {latest}")
        return self.value(f"select i1 {over}, i64 {latest}, i64 {i[0]}"), 0

    def _eight(self, base: str, source: tuple[str, int], k: int = 0, more: Sequence[Index] = ()) -> str:
        at = self._in_lanes(base, source, k, more)
        return self.value(f"load {self.vector}, ptr {at}, align {self.real.size}")
