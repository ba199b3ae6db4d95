"""Groups as nests of loops: where each operand stands, as a rule over the loops' indices.

A group's nodes lie side by side, and the places of their operands nearly always follow a rule: a layer of 128
neurons on 784 inputs reads weight 784 * i + j and input j. What follows no rule is looked up in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..primitive import Primitive
from .groups import CONSTANT_SPACE, EACH, OVER, Group, Placed, matrix
from .program import OVER_BATCH, SUM, Places
from .tape import Kind

Axes = list[tuple[int, Places]]
"""The loops of a nest, outermost first: how often each runs, and how far each operand moves with it."""


@dataclass
class Operand:
    """Where an operand stands: at base + sum of index * stride over the loops (+ what the table says there).

    strides: for each loop over the nodes.  within: for each loop over the terms of a sum.
    table: the first entry of its part of the index table, or -1; with its own strides.
    constant: or the operand is this very number.
    """

    space: int
    base: int = 0
    strides: list[int] = field(default_factory=list)
    within: list[int] = field(default_factory=list)
    table: int = -1
    table_strides: list[int] = field(default_factory=list)
    table_within: list[int] = field(default_factory=list)
    constant: float | None = None

    def step(self, axis: int) -> int | None:
        """Return how far it moves with a loop over the nodes, or None where a table says so."""
        if self.table >= 0 and self.table_strides and self.table_strides[axis]:
            return None
        return self.strides[axis] if self.strides and self.constant is None else 0

    def step_within(self, axis: int) -> int | None:
        """Return how far it moves with a loop over the terms, or None where a table says so."""
        if self.table >= 0 and self.table_within and self.table_within[axis]:
            return None
        return self.within[axis] if self.within and self.constant is None else 0


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

    @property
    def many(self) -> bool:
        """Whether it is computed for each sample of a batch."""
        return self.phase in (EACH, OVER)


class Pools:
    """Numbers and places that the code reads from arrays, because they follow no rule."""

    def __init__(self) -> None:
        self.numbers: list[NDArray[np.float64]] = []
        self.places: list[NDArray[np.int32]] = []
        self.callbacks: list[Primitive] = []
        self._numbers = self._places = 0
        self._known: dict[bytes, int] = {}

    def add_numbers(self, numbers: NDArray[np.float64]) -> int:
        """Keep some numbers and return where the first of them stands."""
        self.numbers.append(numbers)
        self._numbers += len(numbers)
        return self._numbers - len(numbers)

    def add_places(self, places: Places) -> int:
        """Keep some places and return where the first of them stands; equal ones are kept once."""
        kept = places.astype(np.int32)
        content = kept.tobytes()
        at = self._known.get(content)
        if at is None:
            at = self._known[content] = self._places
            self.places.append(kept)
            self._places += len(kept)
        return at

    def callback(self, row: Primitive) -> int:
        """Return which of the functions called back is that of `row`."""
        if row not in self.callbacks:
            self.callbacks.append(row)
        return self.callbacks.index(row)


def rectangle(columns: Places) -> Axes | None:
    """Return the loops over which all columns follow a rule, or None where there are none.

    columns: a line for each element, in order; a column for each thing that must follow.

    >>> rectangle(np.array([[0, 5], [1, 5], [2, 5], [10, 6], [11, 6], [12, 6]]))
    [(2, array([10,  1])), (3, array([1, 0]))]
    """
    n = len(columns)
    if n == 1:
        return []
    steps = columns[1:] - columns[:-1]
    changes = (steps != steps[0]).any(axis=1)
    if not changes.any():
        return [(n, steps[0])]
    longest = int(changes.argmax()) + 1
    shorter = [length for length in range(min(longest - 1, 64), 1, -1) if n % length == 0]
    for length in (longest, *shorter):
        if n % length:
            continue
        blocks = columns.reshape(n // length, length, -1)
        if (blocks[:, 1:] - blocks[:, :-1] != steps[0]).any():
            continue
        outer = rectangle(blocks[:, 0])
        if outer is not None:
            return [*outer, (length, steps[0])]
    return None


@dataclass
class _Side:
    """One factor of a segment, or one operand: the places for each node and term."""

    space: int
    places: Places
    constant: float | None = None


def nest_of(placed: Placed, group: Group, pools: Pools) -> Nest:
    """Return the loops of a group. Settles where its results lie: along its longest loop, side by side."""
    program = placed.program
    a = matrix(program.a, program, group.nodes)
    runs: list[tuple[int, _Side, _Side | None]] = []
    is_sum = group.kind is SUM or group.kind is OVER_BATCH
    if is_sum:
        b = matrix(program.b, program, group.nodes)
        sign = matrix(program.sign.astype(np.int64), program, group.nodes[:1])[0]
        for low, high in _alike(placed, sign, a[0], b[0]):
            right = None if b[0, low] < 0 else _side(placed, b[:, low:high], pools)
            runs.append((int(sign[low]), _side(placed, a[:, low:high], pools), right))
    else:
        runs = [(1, _side(placed, a[:, j : j + 1], pools), None) for j in range(a.shape[1])]
    sides = [side for _, *pair in runs for side in pair if side is not None]
    regular = [_is_regular(side) for side in sides]
    columns = [
        side.places[:, 0] for side, rule in zip(sides, regular, strict=True) if rule and side.constant is None
    ]
    n = len(group.nodes)
    axes = (
        rectangle(np.stack(columns, axis=1)) if columns else ([(n, np.zeros(0, np.int64))] if n > 1 else [])
    )
    if axes is None or len(axes) > 4:
        axes = [(n, np.zeros(0, np.int64))]
    extents = [extent for extent, _ in axes]
    out = _out(placed, group, extents, many=group.phase in (EACH, OVER))

    made = {id(side): _operand(side, rule, extents, pools) for side, rule in zip(sides, regular, strict=True)}
    if not is_sum:
        return Nest(group.kind, group.phase, extents, out, [], [made[id(side)] for _, side, _ in runs])
    segments = []
    for factor, left, right in runs:
        pair = [side for side in (left, right) if side is not None]
        inner = _within(pair, [made[id(side)] for side in pair], pools)
        segments.append(Segment(factor, inner, made[id(left)], None if right is None else made[id(right)]))
    return Nest(group.kind, group.phase, extents, out, segments, [])


def _alike(placed: Placed, sign: Places, a: Places, b: Places) -> list[tuple[int, int]]:
    """Return the runs of terms with the same sign and the same spaces: first, and one beyond the last."""
    of_b = np.where(b < 0, -1, placed.space[np.maximum(b, 0)])
    what = np.stack([sign, placed.space[a], of_b], axis=1)
    cuts = np.flatnonzero((what[1:] != what[:-1]).any(axis=1)) + 1
    bounds = [0, *cuts.tolist(), len(a)]
    return [(low, high) for low, high in pairwise(bounds) if low < high]


def _side(placed: Placed, nodes: Places, pools: Pools) -> _Side:
    space = int(placed.space[nodes[0, 0]])
    if space != CONSTANT_SPACE:
        return _Side(space, placed.place[nodes])
    numbers = np.ascontiguousarray(placed.program.number[nodes])
    bits = numbers.view(np.int64)
    if (bits == bits[0, 0]).all():
        return _Side(space, np.zeros_like(nodes), float(numbers[0, 0]))
    at = pools.add_numbers(numbers.ravel())
    return _Side(space, at + np.arange(nodes.size).reshape(nodes.shape))


def _is_regular(side: _Side) -> bool:
    """Return whether the terms of all nodes stand alike, but for where each node's begin."""
    offsets = side.places - side.places[:, :1]
    return bool((offsets == offsets[0]).all())


def _out(placed: Placed, group: Group, extents: list[int], many: bool) -> Operand:
    """Return where the results lie, after moving them so that the longest loop runs over neighbours."""
    space = int(placed.space[group.nodes[0]])
    base = int(placed.place[group.nodes].min())
    order = list(range(len(extents)))
    if extents and not many:
        longest = max(order, key=lambda axis: (extents[axis], axis))
        if extents[longest] >= 8:
            order.remove(longest)
            order.append(longest)
    strides, step = [0] * len(extents), 1
    for axis in reversed(order):
        strides[axis] = step
        step *= extents[axis]
    placed.place[group.nodes] = base + _by_rule(strides, extents)
    return Operand(space, base, strides)


def _by_rule(strides: Sequence[int], extents: Sequence[int]) -> Places:
    """Return the sum of index * stride for all indices, the last one running fastest."""
    found = np.zeros(1, np.int64)
    for stride, extent in zip(strides, extents, strict=True):
        found = (found[:, None] + stride * np.arange(extent)).ravel()
    return found


def _operand(side: _Side, regular: bool, extents: list[int], pools: Pools) -> Operand:
    """Return where a side stands for each node; for its terms see `_within`."""
    if side.constant is not None:
        return Operand(side.space, constant=side.constant)
    flat = [0] * len(extents)
    rows = _by_rule_strides(extents)
    if not regular:
        width = side.places.shape[1]
        table = pools.add_places(side.places.ravel())
        return Operand(side.space, 0, flat, [], table, [width * stride for stride in rows], [1])
    column = side.places[:, 0]
    base = int(column[0])
    strides = [int(column[rows[axis]]) - base if extents[axis] > 1 else 0 for axis in range(len(extents))]
    if (column == base + _by_rule(strides, extents)).all():
        return Operand(side.space, base, strides)
    return Operand(side.space, 0, flat, [], pools.add_places(column), rows, [])


def _by_rule_strides(extents: Sequence[int]) -> list[int]:
    """Return the strides of nodes that lie in order: how many each loop jumps over."""
    strides, step = [0] * len(extents), 1
    for axis in reversed(range(len(extents))):
        strides[axis] = step
        step *= extents[axis]
    return strides


def _within(sides: list[_Side], operands: list[Operand], pools: Pools) -> list[int]:
    """Settle where the terms of a segment stand; return the loops over them."""
    count = sides[0].places.shape[1]
    if count == 1:
        for operand in operands:
            operand.within, operand.table_within = [], []
        return []
    free = [k for k, side in enumerate(sides) if side.constant is None and not operands[k].table_within]
    offsets = [sides[k].places[0] - sides[k].places[0, 0] for k in free]
    axes = rectangle(np.stack(offsets, axis=1)) if offsets else [(count, np.zeros(0, np.int64))]
    whole = [k for k in range(len(sides)) if operands[k].table_within]
    if axes is None or len(axes) > 3 or (whole and len(axes) > 1):
        axes = None
    if axes is not None:
        for place, k in enumerate(free):
            operands[k].within = [int(steps[place]) for _, steps in axes]
            operands[k].table_within = [0] * len(axes)
        extents = [extent for extent, _ in axes]
    else:
        extents = [count]
        for k, offset in zip(free, offsets, strict=True):
            steps = np.diff(offset)
            operands[k].within, operands[k].table_within = [int(steps[0])], [0]
            if (steps != steps[0]).any():
                _look_up(sides[k], operands[k], offset, pools)
    for k in whole:
        operands[k].within = [0]
    return extents


def _look_up(side: _Side, operand: Operand, offset: Places, pools: Pools) -> None:
    """Let a table say where the terms stand, beside what is known of the nodes."""
    operand.within, operand.table_within = [0], [1]
    if operand.table < 0:
        operand.table = pools.add_places(offset)
        operand.table_strides = [0] * len(operand.strides)
    else:  # the nodes follow no rule either: the table must have all places
        width = side.places.shape[1]
        operand.table_strides = [width * stride for stride in operand.table_strides]
        operand.table = pools.add_places(side.places.ravel())
