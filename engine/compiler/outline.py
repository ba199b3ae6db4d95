"""A compiled function as parts and what flows between them: what `chainrule.viz.draw(kernel)` draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from . import sweeps
from .build import Wanted, flops_of, grouped, lowered
from .groups import BEFORE, EACH, OVER, Group, Placed, Steps
from .operands import Pools
from .program import OVER_BATCH, SUM, Places, Program
from .record import Recording
from .stats import WHEN, extents_and_what
from .tape import INPUT, OUTSIDE

ONE_EACH = 12
"""Up to how many loops each has a part of its own; more are put together into stages."""
MOST = 20
"""How many parts the computation has at most."""
MOST_NAMED = 12
"""How many arguments, and how many results, have parts of their own; the others share one."""


@dataclass(frozen=True)
class Part:
    """An argument, one or more loops, or a result.

    kind: "argument", "value" (what the value needs), "derivatives" (what only they need) or "result".
    title: the name of an argument or a result; of loops when they run.
    loops: a line for each of the loops, those alike in one.
    numbers: how many it holds; for each sample if `each`.
    operations: additions, multiplications and calls of functions; for each sample if `operations_each`.
    """

    kind: str
    title: str
    loops: tuple[str, ...]
    numbers: int
    operations: int = 0
    each: bool = False
    operations_each: bool = False


@dataclass(frozen=True)
class Flow:
    """How many numbers of one part another reads; both by their places among the parts."""

    tail: int
    head: int
    count: int


@dataclass(frozen=True)
class Outline:
    """A compiled function: `parts` in the order of computation, and what `flows` between them.

    name: the function's.  entries: what was recorded.  loops: how many there are in all.
    """

    name: str
    entries: int
    loops: int
    parts: tuple[Part, ...]
    flows: tuple[Flow, ...]


@dataclass(frozen=True)
class _Piece:
    """Loops, and the nodes that they compute.

    weighted: whether it begins a stage: weighted sums do, as the layers of a network.
    """

    derivatives: bool
    phase: int
    rounds: int
    weighted: bool
    lines: tuple[str, ...]
    nodes: Places


def outline(
    name: str, recording: Recording, wanted: Wanted, arguments: Sequence[str], by: Sequence[tuple[str, int]]
) -> Outline:
    """Return the outline of what is compiled of a recording.

    arguments: the name of each.  by: of each argument differentiated by its name and how many numbers.
    """
    program, places = lowered(recording.tape, wanted)
    placed = grouped(program, wanted)
    count = len(wanted.outputs)
    needed = np.zeros(len(program), np.uint8)
    needed[places[:count]] = 1
    sweeps.used(program.first, program.a, program.b, needed)
    pieces = sorted(_pieces(placed, needed.astype(bool)), key=lambda piece: piece.derivatives)
    stages = _stages(pieces)
    owner = np.full(len(program), -1)
    parts = _arguments(program, recording, wanted, arguments, owner)
    flops = flops_of(program)
    for stage in stages:
        nodes = np.concatenate([piece.nodes for piece in stage])
        owner[nodes] = len(parts)
        parts.append(_part(stage, nodes, int(flops[nodes].sum())))
    flows = _flows(program, owner, len(parts))
    start = 0
    for title, size in _results(count - wanted.checks, wanted.checks, by):
        found = Counter(owner[places[start : start + size]].tolist())
        flows += [Flow(tail, len(parts), reads) for tail, reads in sorted(found.items()) if tail >= 0]
        each = bool((placed.phase[places[start : start + size]] == EACH).any())
        parts.append(Part("result", title, (), size, each=each))
        start += size
    loops = sum(len(piece.lines) for piece in pieces)
    return Outline(name, len(recording.tape), loops, tuple(parts), tuple(flows))


def _results(count: int, checks: int, by: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return what is wanted, in turn: titles, and how many numbers."""
    check = [("check of the way", checks)] if checks else []
    named = [("value", count), *check, *[(f"by {name}", size) for name, size in by]]
    rest = sum([size for _, size in named[MOST_NAMED:]])
    return [one for one in [*named[:MOST_NAMED], ("by others", rest)] if one[1]]


def _pieces(placed: Placed, needed: NDArray[np.bool_]) -> Iterator[_Piece]:
    program, pools = placed.program, Pools()
    for item in placed.items():
        if isinstance(item, Group):
            extents, what = extents_and_what(placed, item, pools)
            nodes = item.rounds.ravel()
            line = "".join([f"for {extent:,}: " for extent in extents if extent > 1]) + what
            derivatives = not needed[nodes].any()
            yield _Piece(derivatives, item.phase, 1, _weighted(program, item), (line,), nodes)
        elif isinstance(item, list):
            lines = []
            for group in item:
                around = f"for {len(group.nodes):,}: " if len(group.nodes) > 1 else ""
                lines.append(around + _what_of(program, int(group.nodes[0])))
            nodes = np.concatenate([group.rounds.ravel() for group in item])
            derivatives = not needed[nodes].any()
            yield _Piece(derivatives, item[0].phase, len(item[0].rounds), True, tuple(lines), nodes)
        else:
            every = item.nodes if isinstance(item, Steps) else item
            for derivatives in (False, True):
                nodes = every[needed[every] != derivatives]
                if len(nodes):
                    kinds = Counter([_what_of(program, node) for node in nodes.tolist()])
                    yield _Piece(
                        derivatives, int(placed.phase[nodes[0]]), 1, False, tuple(_counted(kinds)), nodes
                    )


def _weighted(program: Program, group: Group) -> bool:
    """Return whether a group is several sums of two products or more, before the samples are summed over."""
    node = int(group.nodes[0])
    terms = slice(int(program.first[node]), int(program.first[node + 1]))
    sums = group.kind is SUM and group.phase in (BEFORE, EACH)
    return sums and len(group.nodes) > 1 and int((program.b[terms] >= 0).sum()) > 1


def _what_of(program: Program, node: int) -> str:
    kind = program.kinds[program.kind[node]]
    if kind not in (SUM, OVER_BATCH):
        return str(kind.name)
    b = program.b[program.first[node] : program.first[node + 1]]
    products = int((b >= 0).sum())
    terms = [f"{len(b) - products:,}"] if products < len(b) or not products else []
    terms += [f"{products:,} product{'s' * (products > 1)}"] if products else []
    return f"sum of {' + '.join(terms)}"


def _counted(lines: Counter[str]) -> list[str]:
    return [f"{count:,} × {line}" if count > 1 else line for line, count in lines.items()]


# -- loops put together --------------------------------------------------------------------------------


def _stages(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Return the pieces in at most MOST stages, each of one phase, and of the value or of derivatives."""
    stages = [[piece] for piece in pieces]
    if len(stages) > ONE_EACH:
        stages = []
        for piece in pieces:
            before = stages[-1][-1] if stages else None
            joins = before and _of(before) == _of(piece) and before.rounds == piece.rounds == 1
            if joins and not piece.weighted:
                stages[-1].append(piece)
            else:
                stages.append([piece])
    at_once = 1
    together = stages
    while len(together) > MOST:
        at_once *= 2
        together = []
        for _, alike in groupby(stages, key=lambda stage: _of(stage[0])):
            held = list(alike)
            for low in range(0, len(held), at_once):
                together.append([piece for stage in held[low : low + at_once] for piece in stage])
    return together


def _of(piece: _Piece) -> tuple[bool, int]:
    return piece.derivatives, piece.phase


def _part(stage: list[_Piece], nodes: Places, operations: int) -> Part:
    first = stage[0]
    lines = Counter([line for piece in stage for line in _indented(piece)])
    kind = "derivatives" if first.derivatives else "value"
    return Part(
        kind,
        WHEN[first.phase],
        tuple(_counted(lines)),
        len(nodes),
        operations,
        first.phase == EACH,
        first.phase in (EACH, OVER),
    )


def _indented(piece: _Piece) -> list[str]:
    return [f"for {piece.rounds:,} steps: {line}" if piece.rounds > 1 else line for line in piece.lines]


# -- arguments, and what flows -------------------------------------------------------------------------


def _arguments(
    program: Program, recording: Recording, wanted: Wanted, names: Sequence[str], owner: Places
) -> list[Part]:
    """Return a part for each argument that is read, and note which of the nodes are its."""
    parts: list[Part] = []
    inputs = program.nodes_of(INPUT)
    number = program.number[inputs].astype(np.int64)
    start = others = 0
    for name, entries in zip(names, recording.inputs, strict=True):
        mine = (number >= start) & (number < start + len(entries))
        if mine.any() and len(parts) < MOST_NAMED:
            owner[inputs[mine]] = len(parts)
            parts.append(Part("argument", name, (), len(entries), each=bool(wanted.batched[start])))
        elif mine.any():
            owner[inputs[mine]] = MOST_NAMED
            others += len(entries)
        start += len(entries)
    if others:
        parts.append(Part("argument", "others", (), others))
    outside = program.nodes_of(OUTSIDE)
    if len(outside):
        owner[outside] = len(parts)
        parts.append(Part("argument", "Values from outside", (), len(outside)))
    return parts


def _flows(program: Program, owner: Places, count: int) -> list[Flow]:
    """Return how many numbers of each part the others read: each number once, however often it is read."""
    users = np.repeat(owner, program.counts())
    keys = []
    for operands in (program.a, program.b):
        read = (operands >= 0) & (users >= 0)
        read &= owner[np.maximum(operands, 0)] >= 0
        keys.append(np.unique(users[read] * len(program) + operands[read]))
    head, operand = np.divmod(np.unique(np.concatenate(keys)), max(len(program), 1))
    pairs, reads = np.unique(head * count + owner[operand], return_counts=True)
    flows = [
        Flow(pair % count, pair // count, many)
        for pair, many in zip(pairs.tolist(), reads.tolist(), strict=True)
    ]
    return [flow for flow in flows if flow.tail != flow.head]
