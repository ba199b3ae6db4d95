"""What became of a function: how large it is, what it computes, how long making it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .groups import AFTER, BEFORE, EACH, OVER, Group, Placed, Steps
from .nests import Nest, nest_of
from .operands import Pools
from .program import OVER_BATCH, SUM

WHEN = {BEFORE: "once", EACH: "each sample", OVER: "over the batch", AFTER: "once after"}


@dataclass(frozen=True)
class Stats:
    """Numbers about a compiled function; `print` shows them all.

    entries: how many entries its tape has.
    nodes: how many sums and operations are left of them, those of the derivatives included.
    groups: how many sets of like nodes these are.
    loops: a line for each loop, or nest of loops; what is inside a loop over time stands indented.
    flops_once, flops_per_sample: additions, multiplications and calls of functions in a run: those that there
    is one of, and those of every sample of a batch.
    code_bytes, table_bytes, memory_bytes: the size of the machine code, of the tables that it reads and of
    what it works in.
    seconds: how long each stage of compiling took.
    """

    entries: int
    nodes: int
    groups: int
    loops: tuple[str, ...]
    flops_once: int
    flops_per_sample: int
    code_bytes: int
    table_bytes: int
    memory_bytes: int
    seconds: dict[str, float]

    def __str__(self) -> str:
        stages = ", ".join([f"{name} {1e3 * spent:.1f}" for name, spent in self.seconds.items()])
        return "\n".join(
            [
                f"{self.entries:,} entries, {self.nodes:,} nodes in {self.groups:,} groups",
                f"{self.flops_once:,} operations once, {self.flops_per_sample:,} for each sample",
                f"{self.code_bytes:,} bytes of code, {self.table_bytes:,} of tables, "
                f"{self.memory_bytes:,} of memory",
                f"made in {1e3 * sum(self.seconds.values()):.1f} ms: {stages}",
                *self.loops,
            ]
        )


def loops(placed: Placed) -> tuple[str, ...]:
    """Return a line for each thing that is computed, in turn. Settles places as `module` does."""
    return tuple(_lines(placed))


def _lines(placed: Placed) -> Iterator[str]:
    pools = Pools()
    for item in placed.items():
        if isinstance(item, Group):
            yield _line(nest_of(placed, item, pools))
        elif isinstance(item, list):
            yield f"{WHEN[item[0].phase]}: {len(item[0].rounds):,} times"
            for group in item:
                extents = f"for {len(group.nodes):,}: " if len(group.nodes) > 1 else ""
                yield f"    {extents}{_what(placed, group)}"
        else:
            nodes, how = (item.nodes, "by table: ") if isinstance(item, Steps) else (item, "")
            kinds = Counter([placed.program.kinds[kind].name for kind in placed.program.kind[nodes].tolist()])
            each = [f"{count:,} x {name}" if count > 1 else name for name, count in kinds.items()]
            yield f"{WHEN[int(placed.phase[nodes[0]])]}: {how}{', '.join(each)}"


def _what(placed: Placed, group: Group) -> str:
    node = int(group.nodes[0])
    count = int(placed.program.first[node + 1] - placed.program.first[node])
    return f"sum of {count:,}" if group.kind in (SUM, OVER_BATCH) else group.kind.name


def _line(nest: Nest) -> str:
    around = "".join([f"for {extent:,}: " for extent in nest.extents if extent > 1])
    return f"{WHEN[nest.phase]}: {around}{_inside(nest)}"


def extents_and_what(placed: Placed, group: Group, pools: Pools) -> tuple[list[int], str]:
    """Return how often each of a group's loops runs, and what is computed inside."""
    nest = nest_of(placed, group, pools)
    return nest.extents, _inside(nest)


def _inside(nest: Nest) -> str:
    if nest.kind not in (SUM, OVER_BATCH):
        return nest.kind.name
    terms = [
        f"{' x '.join([f'{extent:,}' for extent in segment.extents]) or 1}"
        + ("" if segment.b is None else " products" if segment.size > 1 else " product")
        for segment in nest.segments
    ]
    return f"sum of {' + '.join(terms) or 0}"
