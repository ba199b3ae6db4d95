"""Groups as nests of loops: over their nodes, and for sums over the terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .groups import BY_INDEX, COLLECTING, CONSTANT_SPACE, EACH, OVER, Group, Placed, matrix
from .operands import (
    Operand,
    Pools,
    Side,
    along_rows,
    by_rule,
    lay_numbers,
    operand_of,
    rectangle,
    side_of,
    within,
)
from .program import OVER_BATCH, SUM, Ints, Places
from .tape import TAKE, Kind


@dataclass
class Segment:
    """Like terms of a sum: sign * a (* b), over the loops `extents`."""

    sign: int
    extents: list[int]
    a: Operand
    b: Operand | None

    @property
    def size(self) -> int:
        """How many terms it has."""
        return int(np.prod(self.extents, dtype=np.int64))


@dataclass
class Nest:
    """A group as loops over its nodes; sums have segments, operations have operands."""

    kind: Kind
    phase: int
    extents: list[int]
    out: Operand
    segments: list[Segment]
    operands: list[Operand]
    before: Nest | None = None
    """What must be computed first."""
    number: int = -1
    """Where the group stands among all."""
    inside: frozenset[int] = frozenset()
    """Which of its results nobody reads after the loop over time that it is in."""
    last_outside: frozenset[int] = frozenset()
    """Of which of them only the last round's are read after it."""

    @property
    def many(self) -> bool:
        """Whether it is computed for each sample of a batch."""
        return self.phase in (EACH, OVER)

    @property
    def small(self) -> bool:
        """Whether it is written down result by result, without loops."""
        results = int(np.prod(self.extents, dtype=np.int64))
        terms = sum(segment.size for segment in self.segments) or 1
        return self.phase != OVER and results * terms <= SMALL and self.kind not in BY_INDEX


SMALL = 8
"""Up to how many terms a nest is written down result by result."""


def nest_of(placed: Placed, group: Group, pools: Pools, settled: bool = False) -> Nest:
    """Return the loops of a group. Settles where its results lie: side by side along the loop that suits.

    settled: leave the results where they are.
    """
    if group.kind in COLLECTING:
        from .collecting import collecting_nest  # which needs this module

        return collecting_nest(placed, group, pools)
    runs = _sides(placed, group)
    sides = [side for _, *pair in runs for side in pair if side is not None]
    regular = {id(side): side.regular for side in sides}
    columns = [side.places[0, :, 0] for side in sides if regular[id(side)] and side.is_placed]
    if settled:
        columns.append(placed.place[group.nodes])
    n = len(group.nodes)
    axes = (
        rectangle(np.stack(columns, axis=1)) if columns else ([(n, np.zeros(0, np.int64))] if n > 1 else [])
    )
    if axes is None or len(axes) > 4:
        axes = [(n, np.zeros(0, np.int64))]
    extents = [extent for extent, _ in axes]
    made = {id(side): operand_of(side, regular[id(side)], extents, pools) for side in sides}
    if not settled:
        numbers = any(not side.is_placed and side.constant is None for side in sides)
        _settle(placed, group, extents, [] if numbers else list(made.values()))
    out_side = Side(int(placed.space[group.nodes[0]]), placed.place[group.rounds][..., None])
    out = operand_of(out_side, True, extents, pools)
    if not (group.kind is SUM or group.kind is OVER_BATCH):
        for _, side, _ in runs:
            lay_numbers(side, made[id(side)], extents, [], pools)
        if group.kind is TAKE:
            along_rows(runs[1][1], made[id(runs[1][1])], extents, pools)
        operands = [made[id(side)] for _, side, _ in runs]
        return Nest(group.kind, group.phase, extents, out, [], operands, number=group.number)
    segments = []
    for factor, left, right in runs:
        pair = [side for side in (left, right) if side is not None]
        inner = within(pair, [made[id(side)] for side in pair], extents, pools)
        for side in pair:
            lay_numbers(side, made[id(side)], extents, inner, pools)
        segments.append(Segment(factor, inner, made[id(left)], None if right is None else made[id(right)]))
    return Nest(group.kind, group.phase, extents, out, segments, [], number=group.number)


def alone(placed: Placed, nodes: Places) -> Iterator[Nest]:
    """Yield the nests of nodes that are each a group of its own, with few terms."""
    program = placed.program
    counts = program.counts_of(nodes)
    ends = np.cumsum(counts)
    terms = np.repeat(program.first[nodes] - (ends - counts), counts) + np.arange(ends[-1])
    signs = program.sign[terms].tolist()
    left, right = _read(placed, program.a[terms]), _read(placed, program.b[terms])
    results = _read(placed, nodes)
    at = 0
    for node, end in enumerate(ends.tolist()):
        kind, phase = program.kinds[program.kind[nodes[node]]], int(placed.phase[nodes[node]])
        out = results[node]
        assert out is not None
        if kind is SUM:
            found = [Segment(signs[t], [], _some(left[t]), right[t]) for t in range(at, end)]
            yield Nest(kind, phase, [], out, found, [])
        else:
            yield Nest(kind, phase, [], out, [], [_some(left[t]) for t in range(at, end)])
        at = end


def _read(placed: Placed, nodes: Ints | Places) -> list[Operand | None]:
    """Return where nodes stand; None for those that are none."""
    which = np.maximum(nodes, 0)
    spaces, places = placed.space[which].tolist(), placed.place[which].tolist()
    numbers = placed.program.number[which].tolist()
    return [
        None
        if node < 0
        else Operand(space, constant=number)
        if space == CONSTANT_SPACE
        else Operand(space, place)
        for node, space, place, number in zip(nodes.tolist(), spaces, places, numbers, strict=True)
    ]


def _some(operand: Operand | None) -> Operand:
    assert operand is not None
    return operand


def settle(placed: Placed, groups: Sequence[Group]) -> None:
    """Settle where the results of the groups in a loop over time lie.

    All of it, before any of them is asked for its nest: the first reads what the last one of the round
    before has left.
    """
    for group in groups:
        if len(group.nodes) > 1:
            nest_of(placed, group, Pools())


def _sides(placed: Placed, group: Group) -> list[tuple[int, Side, Side | None]]:
    """Return the sign and the factors of each segment of a group's sums, or its operands."""
    program = placed.program
    a = matrix(program.a, program, group.rounds)
    if group.kind is TAKE:  # the index, and the rows, of which it says where the one is that is read
        return [(1, side_of(placed, part), None) for part in (a[..., :1], a[..., 1:])]
    if not (group.kind is SUM or group.kind is OVER_BATCH):
        return [(1, side_of(placed, a[..., j : j + 1]), None) for j in range(a.shape[2])]
    b = matrix(program.b, program, group.rounds)
    sign = matrix(program.sign.astype(np.int64), program, group.rounds[:1, :1])[0, 0]
    runs = []
    for low, high in alike(placed, sign, a[0, 0], b[0, 0]):
        right = None if b[0, 0, low] < 0 else side_of(placed, b[..., low:high])
        runs.append((int(sign[low]), side_of(placed, a[..., low:high]), right))
    return runs


def alike(placed: Placed, sign: Places, a: Places, b: Places) -> list[tuple[int, int]]:
    """Return the runs of terms with the same sign and the same spaces: first, and one beyond the last."""
    of_b = np.where(b < 0, -1, placed.space[np.maximum(b, 0)])
    what = np.stack([sign, placed.space[a], of_b], axis=1)
    cuts = np.flatnonzero((what[1:] != what[:-1]).any(axis=1)) + 1
    bounds = [0, *cuts.tolist(), len(a)]
    return [(low, high) for low, high in pairwise(bounds) if low < high]


def _settle(placed: Placed, group: Group, extents: list[int], operands: list[Operand]) -> None:
    """Move the results of a group so that a loop runs over neighbours: the longest that also reads such.

    operands: where those stand that it reads; without them it is the longest loop.
    """
    bases = placed.place[group.rounds].min(axis=1)
    order = list(range(len(extents)))
    if extents and group.phase not in (EACH, OVER):
        fit = [axis for axis in order if all(operand.step(axis) in (0, 1) for operand in operands)]
        whole = [axis for axis in fit[-1:] if extents[axis] % 8 == 0]  # as it is: no number is left over
        longest = max(whole or fit or order, key=lambda axis: (extents[axis], axis))
        if extents[longest] >= 8:
            order.remove(longest)
            order.append(longest)
    strides, step = [0] * len(extents), 1
    for axis in reversed(order):
        strides[axis] = step
        step *= extents[axis]
    placed.place[group.rounds] = bases[:, None] + by_rule(strides, extents)
