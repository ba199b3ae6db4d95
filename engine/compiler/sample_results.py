"""Results that each sample has: from the lanes of a block into the caller's rows, eight samples at once.

In a block the same number of all samples lies side by side, in a row the numbers of one sample do. So what
lies in stretches is turned by squares, eight numbers of eight samples each.
"""

from __future__ import annotations

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
    """Return the function that puts the results of a block of samples into the caller's rows."""
    text = "\n".join(_Rows(placed, nodes, lanes, pools, real).lines)
    return f"""define internal void @unpack(i64 %n, i64 %first, ptr %X, ptr %T, ptr %I, ptr noalias %R) #0 {{
entry:
{text}
  ret void
}}
"""


class _Rows(Copies):
    """The body of that function.

    Lanes without a sample repeat the last one. They write into its row, and it writes after them.
    """

    def __init__(self, placed: Placed, nodes: list[int], lanes: int, pools: Pools, real: Real) -> None:
        super().__init__(pools, real)
        self.lanes, self.vector = lanes, f"<{WIDTH} x {real}>"
        self._rows: list[str] = []
        left = self.value("sub i64 %n, %first")
        whole = self.value(f"icmp ult i64 {left}, {lanes}")
        here = self.value(f"select i1 {whole}, i64 {left}, i64 {lanes}")
        last = self.value("sub i64 %n, 1")

        def eight(e: Index, _: list[str]) -> list[str]:
            self._rows = [self._row(e, lane, last, len(nodes)) for lane in range(WIDTH)]
            bases = {space: self.pointer(BASES[space], e) for space in (ROW, LANES)}
            for start, run, space in runs(placed, nodes):
                self.copy(bases[space], placed.place[run], start)
            return []

        self.loop(0, here, WIDTH, eight)

    def _row(self, e: Index, lane: int, last: str, count: int) -> str:
        """Return where the row of a lane's sample begins."""
        sample = self.value(f"add i64 %first, {self.value(f'add i64 {e[0]}, {lane}')}")
        beyond = self.value(f"icmp ugt i64 {sample}, {last}")
        there = self.value(f"select i1 {beyond}, i64 {last}, i64 {sample}")
        return self.pointer("%R", (self.value(f"mul i64 {there}, {count}"), 0))

    def _numbers(self, base: str, sources: Places, targets: Places) -> None:
        if len(sources) > FEW:
            super()._numbers(base, sources, targets)
            return
        for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
            self._copy_number(base, ("", source), ("", target))

    def _copy_number(self, base: str, source: tuple[str, int], target: tuple[str, int]) -> None:
        eight = self._eight(base, source, [], 0)
        for lane in reversed(range(WIDTH)):
            one = self.value(f"extractelement {self.vector} {eight}, i32 {lane}")
            at = self.pointer(self._rows[lane], target)
            self.do(f"store {self.real} {one}, ptr {at}, align {self.real.size}")

    def _copy_whole(
        self, base: str, source: tuple[str, int], target: tuple[str, int], length: int | str
    ) -> None:
        def square(i: Index, _: list[str]) -> list[str]:
            corner = self._corner(i, length)
            held = [self._eight(base, source, [corner], k) for k in range(WIDTH)]
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

    def _eight(self, base: str, source: tuple[str, int], more: list[Index], k: int) -> str:
        """Return the vector of a number of eight samples: the k-th after `source`."""
        parts = [(self.lanes, (source[0], 0)), *[(self.lanes, one) for one in more]]
        at = self.pointer(base, self.linear(self.lanes * (source[1] + k), parts))
        return self.value(f"load {self.vector}, ptr {at}, align {self.real.size}")
