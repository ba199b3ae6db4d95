"""Results that there is one of: from where they are computed into the caller's array.

Derivatives by a network's parameters lie in memory as the loops leave them: those by the weights of a layer
side by side, those by its biases somewhere else, while the caller wants them in the order of the parameters.
So they go in stretches, and however many there are, one loop copies them: tables say where each begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from .groups import CONSTANT_SPACE, Placed
from .memory import BASES
from .operands import Pools
from .program import Places
from .text import Function, Index, Real

LONG = 8
"""From how many numbers on a stretch is copied as a whole."""
FEW = 4
"""Up to how many stretches are written one after the other, without a loop."""


def copies(placed: Placed, nodes: list[int], pools: Pools, real: Real) -> list[str]:
    """Return the body of the function that puts these nodes' numbers, one after the other, into an array."""
    writer = Copies(pools, real)
    for start, run, space in runs(placed, nodes):
        if space == CONSTANT_SPACE:
            first = pools.add_numbers(placed.program.number[run])
            writer.copy("%K", first + np.arange(len(run)), start)
        else:
            writer.copy(BASES[space], placed.place[run], start)
    return writer.lines


def runs(placed: Placed, nodes: list[int]) -> Iterator[tuple[int, Places, int]]:
    """Yield where in a row of nodes those of the same memory begin, these nodes, and which memory it is."""
    spaces = placed.space[nodes]
    changes = np.flatnonzero(spaces[1:] != spaces[:-1]) + 1
    for start, end in pairwise([0, *changes.tolist(), len(nodes)] if nodes else []):
        yield start, np.array(nodes[start:end]), int(spaces[start])


class Copies(Function):
    """A function that copies numbers, to places that it calls %O."""

    def __init__(self, pools: Pools, real: Real) -> None:
        super().__init__(real)
        self.pools = pools

    def copy(self, base: str, places: Places, start: int) -> None:
        """Copy the numbers at these places to the places from `start` on."""
        edges = np.flatnonzero(np.concatenate([[True], np.diff(places) != 1, [True]]))
        lengths = np.diff(edges)
        long, alone = lengths >= LONG, np.repeat(lengths < LONG, lengths)
        targets = start + np.arange(len(places))
        self._stretches(base, places[edges[:-1]][long], targets[edges[:-1]][long], lengths[long])
        self._numbers(base, places[alone], targets[alone])

    def _stretches(self, base: str, sources: Places, targets: Places, lengths: Places) -> None:
        kinds = np.unique(lengths)
        if len(sources) <= FEW:
            for k in range(len(sources)):
                self._copy_whole(base, ("", int(sources[k])), ("", int(targets[k])), int(lengths[k]))
        elif 1 < len(kinds) <= FEW:  # a layer's are equally long, and a length that is known is copied faster
            for length in kinds:
                like = lengths == length
                self._stretches(base, sources[like], targets[like], lengths[like])
        else:
            self._by_tables(base, sources, targets, lengths)

    def _by_tables(self, base: str, sources: Places, targets: Places, lengths: Places) -> None:
        alike = (lengths == lengths[0]).all()
        tables = [self.pools.add_places(x) for x in (sources, targets, lengths)[: 2 if alike else 3]]

        def body(i: Index, _: list[str]) -> list[str]:
            source, target, *length = [self._entry(table, i) for table in tables]
            self._copy_whole(base, (source, 0), (target, 0), length[0] if length else int(lengths[0]))
            return []

        self.loop(0, len(sources), 1, body)

    def _numbers(self, base: str, sources: Places, targets: Places) -> None:
        if not len(sources):
            return
        table = self.pools.add_places(sources)
        in_a_row = targets[-1] - targets[0] == len(targets) - 1
        others = -1 if in_a_row else self.pools.add_places(targets)

        def body(i: Index, _: list[str]) -> list[str]:
            to = self.linear(int(targets[0]), [(1, i)]) if others < 0 else (self._entry(others, i), 0)
            self._copy_number(base, (self._entry(table, i), 0), to)
            return []

        self.loop(0, len(sources), 1, body)

    def _copy_number(self, base: str, source: tuple[str, int], target: tuple[str, int]) -> None:
        loaded = self.value(f"load {self.real}, ptr {self.pointer(base, source)}, align {self.real.size}")
        self.do(f"store {self.real} {loaded}, ptr {self.pointer('%O', target)}, align {self.real.size}")

    def _copy_whole(
        self, base: str, source: tuple[str, int], target: tuple[str, int], length: int | str
    ) -> None:
        to, of, of_one = self.pointer("%O", target), self.pointer(base, source), self.real.size
        size = of_one * length if isinstance(length, int) else self.value(f"mul nsw i64 {length}, {of_one}")
        self.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {of}, i64 {size}, i1 false)")

    def _entry(self, table: int, i: Index) -> str:
        """Return what stands at a place of a table."""
        at = self.pointer("%I", self.linear(table, [(1, i)]), "i32")
        return self.value(f"sext i32 {self.value(f'load i32, ptr {at}, align 4')} to i64")
