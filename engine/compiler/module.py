"""The module: the functions that compute the groups, and the one that calls them in turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .ahead import ROW_AHEAD, STEP_AHEAD, Ahead, largest
from .blocks import FETCH, pack
from .entry import FIRST, LAST, PARTS, RESULT_COLUMNS
from .fused import go_together
from .groups import AFTER, BEFORE, EACH, LANES, ONCE, OVER, ROW, Group, Placed, Steps
from .interpreter import Interpreter
from .nests import Nest, alone, nest_of, settle
from .operands import Pools
from .program import Places
from .results import copies
from .sample_results import unpack
from .straight import MOST_TOGETHER, Straight
from .text import Real
from .tiles import WIDTH
from .uses import inside, read_until

CHUNK = 1000
"""About how many lines a function gets: code generation takes more than linear time in them."""
_NAMES = ("%P", "%X", "%U", "%T", "%K", "%I", "%F")
ARGUMENTS = ", ".join(
    [*[f"ptr noalias {name}" for name in _NAMES], "i64 %L", f"ptr {ROW_AHEAD}", f"i64 {STEP_AHEAD}"]
)
"""The memory that a function works in, how many lanes of the block it computes, and where the next one is."""
_PASSED = ", ".join([f"ptr {name}" for name in _NAMES])


def module(
    placed: Placed, outputs: Places, widths: Sequence[int], lanes: int, exact: bool, pools: Pools, real: Real
) -> str:
    """Return the whole module: `void run(ptr)` and what it calls.

    outputs: the nodes whose numbers are wanted. widths: how many numbers each sample brings, array by array.
    real: the kind of all numbers.
    """
    rows = sum(widths)
    declared: set[str] = {"declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"}
    functions: list[str] = []
    calls: dict[int, list[str]] = {phase: [] for phase in range(4)}
    interpreter = Interpreter(pools, exact, declared, lanes, rows, real)
    writer: Straight | None = None
    at = 0

    def finish(phase: int) -> None:
        nonlocal writer
        if writer is not None:
            name = f"part{len(functions)}"
            lines = "\n".join(writer.lines)
            functions.append(
                f"define internal void @{name}({ARGUMENTS}) #0 {{\nentry:\n{lines}\n  ret void\n}}\n"
            )
            calls[phase].append(f"  call void @{name}({_passed(phase)})")
            writer = None

    def written(phase: int) -> Straight:
        """Return what code of this phase is added to: a new function where the last one is long."""
        nonlocal writer, at
        if writer is not None and (phase != at or len(writer.lines) > CHUNK):
            finish(at)
        at = phase
        if writer is None:
            writer = Straight(pools, exact, declared, lanes, rows, report_of(placed), real)
        return writer

    def join() -> None:
        """Write the loops that are one."""
        if together:
            last = together[-1].number
            unread = {nest.number for nest in together if of_groups[nest.number] <= last}
            written(together[0].phase).together(together, unread)
            together.clear()

    ahead = largest(widths, lanes)
    together: list[Nest] = []
    until = read_until(placed, outputs)
    of_groups = (
        np.maximum.reduceat(until[placed.ordered], placed.starts[:-1]) if len(placed.ordered) else until
    )
    for item in placed.items():
        if isinstance(item, Group):
            nest = nest_of(placed, item, pools)
            ahead.settle([nest])
            joins = go_together(together, nest, lanes)
            if not joins:
                join()
            if nest.small:
                written(item.phase).straight([nest])
            elif joins or go_together([], nest, lanes):
                together.append(nest)
            else:
                written(item.phase).add(nest)
            continue
        join()
        if isinstance(item, Steps):
            finish(at)
            name, begin = interpreter.add(placed, item)
            calls[item.phase].append(f"  call void @{name}({_passed(item.phase)}, i64 {begin})")
        elif isinstance(item, list):
            settle(placed, item)
            nests = [nest_of(placed, group, pools, settled=True) for group in item]
            for nest, whole, but_last in zip(
                nests, inside(until, item, slice(None)), inside(until, item, slice(-1)), strict=True
            ):
                nest.inside, nest.last_outside = whole, but_last - whole
            ahead.settle(nests, len(item[0].rounds))
            written(item[0].phase).over_time(len(item[0].rounds), nests)
        else:
            phase = int(placed.phase[item[0]])
            for low in range(0, len(item), MOST_TOGETHER):
                written(phase).straight(list(alone(placed, item[low : low + MOST_TOGETHER])))
    join()
    finish(at)
    functions += interpreter.functions(ARGUMENTS)

    once = [node for node in outputs.tolist() if placed.space[node] not in (ROW, LANES)]
    each = [node for node in outputs.tolist() if placed.space[node] in (ROW, LANES)]
    lines = "\n".join(copies(placed, once, pools, real))
    functions.append(
        f"define internal void @copies({ARGUMENTS}, ptr noalias %O) #0 {{\nentry:\n{lines}\n  ret void\n}}\n"
    )
    sums = placed.sums()
    if each or sums[1] > sums[0]:
        declared.add(FETCH)
        functions.append(pack(lanes, widths, real, ahead.fetched))
    if each:
        functions.append(unpack(placed, each, lanes, pools, real))
    return "\n".join([*sorted(declared), *functions, _run(calls, sums, lanes, bool(each), real, ahead)])


def _passed(phase: int) -> str:
    """Return what a function of this phase gets."""
    block = f"%L, ptr {ROW_AHEAD}, i64 {STEP_AHEAD}" if phase in (EACH, OVER) else "0, ptr null, i64 0"
    return f"{_PASSED}, i64 {block}"


REPORTED = 16
"""How many numbers report an index that is none: up to eight numbers of rows, and the indices."""


def report_of(placed: Placed) -> int:
    """Return where, among the results there is one of, indices that are none are reported."""
    return placed.sizes[ONCE] + 1


def _run(
    calls: dict[int, list[str]], sums: tuple[int, int], lanes: int, each: bool, real: Real, ahead: Ahead
) -> str:
    """Return the function that the caller calls, with a pointer to all others.

    sums: where the sums over the samples lie.  each: whether samples have results of their own.
    """
    names = ("n", "P", "B", "X", "U", "T", "K", "I", "F", "O", "R")
    loads = []
    for place, name in [*enumerate(names), (PARTS, "parts"), (RESULT_COLUMNS, "C")]:
        kind = "i64" if name in ("n", "parts") else "ptr"
        loads += [
            f"  %a.{name} = getelementptr i64, ptr %arguments, i64 {place}",
            f"  %{name} = load {kind}, ptr %a.{name}",
        ]
    body = [
        *loads,
        f"  %wants.first = and i64 %parts, {FIRST}",
        f"  %wants.last = and i64 %parts, {LAST}",
        "  %no.first = icmp eq i64 %wants.first, 0",
        "  %no.last = icmp eq i64 %wants.last, 0",
        "  br i1 %no.first, label %last, label %first.part",
        "first.part:",
    ]
    start, end = sums
    if end > start:
        body += [
            f"  %zero = getelementptr {real}, ptr %U, i64 {start}",
            f"  call void @llvm.memset.p0.i64(ptr %zero, i8 0, i64 {real.size * (end - start)}, i1 false)",
        ]
    body += calls[BEFORE]
    if each or end > start:
        body += [
            f"  %rounded = add i64 %n, {lanes - 1}",
            f"  %blocks = udiv i64 %rounded, {lanes}",
            "  %none = icmp eq i64 %blocks, 0",
            "  br i1 %none, label %last, label %block",
            "block:",
            "  %b = phi i64 [0, %first.part], [%b1, %block]",
            f"  %first = mul i64 %b, {lanes}",
            "  %left = sub i64 %n, %first",
            f"  %part = icmp ult i64 %left, {lanes}",
            f"  %here = select i1 %part, i64 %left, i64 {lanes}",
            f"  %up = add i64 %here, {WIDTH - 1}",
            f"  %L = and i64 %up, {-WIDTH}",
            *ahead.text(lanes, real),
            "  call void @pack(i64 %n, i64 %first, ptr %B, ptr %X)",
            *calls[EACH],
            *calls[OVER],
            *["  call void @unpack(i64 %first, i64 %here, ptr %X, ptr %T, ptr %I, ptr %R, ptr %C)"] * each,
            "  %b1 = add i64 %b, 1",
            "  %again = icmp ult i64 %b1, %blocks",
            "  br i1 %again, label %block, label %last",
        ]
    else:
        body.append("  br label %last")
    body += [
        "last:",
        "  br i1 %no.last, label %end, label %last.part",
        "last.part:",
        *calls[AFTER],
        f"  call void @copies({_passed(AFTER)}, ptr %O)",
        "  br label %end",
        "end:",
    ]
    lines = "\n".join(body)
    attributes = 'attributes #0 = { nounwind "prefer-vector-width"="512" }'
    return f"define void @run(ptr %arguments) #0 {{\nentry:\n{lines}\n  ret void\n}}\n{attributes}\n"
