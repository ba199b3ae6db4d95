"""Where an operand stands, as a rule over the loops' indices, or by a table where it follows none.

A group's nodes lie side by side, and the places of their operands nearly always follow a rule: a layer of 128
neurons on 784 inputs reads weight 784 * i + j and input j.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..primitive import Primitive
from .groups import CONSTANT_SPACE, Placed
from .program import Places

Axes = list[tuple[int, Places]]
"""The loops of a nest, outermost first: how often each runs, and how far each operand moves with it."""


@dataclass
class Operand:
    """Where an operand stands: at base + sum of index * stride over the loops (+ what the table says there).

    strides: for each loop over the nodes.  within: for each loop over the terms of a sum.
    shift: for the loop over time that the nest is in.
    table: the first entry of its part of the index table, or -1; with its own strides and shift.
    constant: or the operand is this very number.
    ahead: whether who reads a row of samples asks for the next block's as well; see `ahead`.
    """

    space: int
    base: int = 0
    strides: list[int] = field(default_factory=list)
    within: list[int] = field(default_factory=list)
    table: int = -1
    table_strides: list[int] = field(default_factory=list)
    table_within: list[int] = field(default_factory=list)
    constant: float | None = None
    shift: int = 0
    table_shift: int = 0
    ahead: bool = False

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
class Side:
    """One factor of a segment, or one operand: the places for each round, node and term.

    numbers: of constants, what they are.
    constant: the one number that all are.
    """

    space: int
    places: Places
    numbers: NDArray[np.float64] | None = None
    constant: float | None = None

    @property
    def is_placed(self) -> bool:
        """Whether it is read from memory, at places that are settled."""
        return self.numbers is None

    @property
    def regular(self) -> bool:
        """Whether the terms of all nodes stand alike, but for where each node's begin."""
        if self.numbers is not None:
            return True
        first = self.places[0]
        if len(self.places) > 1 and not (self.places - first == self.shifts()[:, None, None]).all():
            return False
        offsets = first - first[:, :1]
        return bool((offsets == offsets[0]).all())

    def shifts(self) -> Places:
        found: Places = self.places[:, 0, 0] - self.places[0, 0, 0]
        return found


def side_of(placed: Placed, nodes: Places) -> Side:
    space = int(placed.space[nodes[0, 0, 0]])
    if space != CONSTANT_SPACE:
        return Side(space, placed.place[nodes])
    numbers = np.ascontiguousarray(placed.program.number[nodes])
    bits = numbers.view(np.int64)
    alike = bool((bits == bits[0, 0, 0]).all())
    return Side(space, np.zeros_like(nodes[:1]), numbers, float(numbers[0, 0, 0]) if alike else None)


def by_rule(strides: Sequence[int], extents: Sequence[int]) -> Places:
    """Return the sum of index * stride for all indices, the last one running fastest."""
    found = np.zeros(1, np.int64)
    for stride, extent in zip(strides, extents, strict=True):
        found = (found[:, None] + stride * np.arange(extent)).ravel()
    return found


def operand_of(side: Side, regular: bool, extents: list[int], pools: Pools) -> Operand:
    """Return where a side stands for each node; for its terms see `_within`."""
    if not side.is_placed:
        return Operand(side.space, constant=side.constant)
    if not regular:
        return _by_table(side, extents, pools)
    flat = [0] * len(extents)
    rows = by_rule_strides(extents)
    rounds, n, _ = side.places.shape
    column = side.places[0, :, 0]
    base = int(column[0])
    strides = [int(column[rows[axis]]) - base if extents[axis] > 1 else 0 for axis in range(len(extents))]
    shifts = side.shifts()
    step = int(shifts[1]) if rounds > 1 else 0
    moves = bool((shifts == step * np.arange(rounds)).all())
    if moves and (column == base + by_rule(strides, extents)).all():
        return Operand(side.space, base, strides, shift=step)
    if moves:
        return Operand(side.space, 0, flat, [], pools.add_places(column), rows, [], shift=step)
    if (column == base + by_rule(strides, extents)).all():  # the nodes follow a rule, the rounds do not
        return Operand(side.space, base, strides, [], pools.add_places(shifts), flat, [], table_shift=1)
    table = pools.add_places(side.places[:, :, 0].ravel())
    return Operand(side.space, 0, flat, [], table, rows, [], table_shift=n)


def _by_table(side: Side, extents: list[int], pools: Pools) -> Operand:
    """Return where a side stands whose terms follow no rule: a table says so, but for loops that do."""
    rounds, _, width = side.places.shape
    grid = side.places.reshape(rounds, *extents, width)
    strides = [0] * (1 + len(extents))
    for axis, extent in enumerate((rounds, *extents)):
        if extent == 1:
            continue
        steps = np.diff(grid, axis=axis)
        step = int(steps.flat[0])
        if (steps == step).all():
            strides[axis] = step
            grid = np.take(grid, [0], axis=axis)
    shape = grid.shape[:-1]
    by_rule = [width * step for step in by_rule_strides(shape)]
    table_strides = [step if extent > 1 else 0 for step, extent in zip(by_rule, shape, strict=True)]
    return Operand(
        side.space,
        strides=strides[1:],
        shift=strides[0],
        table=pools.add_places(grid.ravel()),
        table_strides=table_strides[1:],
        table_shift=table_strides[0],
        table_within=[1],
    )


def lay_numbers(side: Side, operand: Operand, extents: list[int], inner: list[int], pools: Pools) -> None:
    """Keep constants that differ in the order in which the loops read them, what repeats only once."""
    if side.numbers is None or side.constant is not None:
        return
    rounds, _, width = side.numbers.shape
    loops = [rounds, *extents, *(inner or [width])]
    grid = side.numbers.reshape(loops)
    bits = grid.view(np.int64)
    for axis in range(len(loops)):
        if (bits == np.take(bits, [0], axis=axis)).all():
            grid = np.take(grid, [0], axis=axis)
            bits = np.take(bits, [0], axis=axis)
    order = [0, *range(1 + len(extents), len(loops)), *range(1, 1 + len(extents))]
    if extents:
        longest = 1 + max(range(len(extents)), key=lambda axis: (extents[axis], axis))
        order.remove(longest)
        order.append(longest)
    strides, step = [0] * len(loops), 1
    for axis in reversed(order):
        strides[axis] = step if grid.shape[axis] > 1 else 0
        step *= grid.shape[axis]
    operand.base = pools.add_numbers(np.ascontiguousarray(np.transpose(grid, order)).ravel())
    operand.shift, operand.strides = strides[0], strides[1 : 1 + len(extents)]
    operand.within = strides[1 + len(extents) :] if inner else []
    operand.table_within = [0] * len(operand.within)


def along_rows(side: Side, operand: Operand, nodes: list[int], pools: Pools) -> None:
    """Settle how far it is from row to row of a table, whose rows are the terms of a side."""
    offset = side.places[0, 0] - side.places[0, 0, 0]
    steps = np.diff(offset)
    if operand.table_within:
        operand.within = [0]
    elif (steps == steps[:1]).all():
        operand.within, operand.table_within = [int(steps[0]) if len(steps) else 0], [0]
    else:
        _look_up(side, operand, offset, nodes, pools)


def by_rule_strides(extents: Sequence[int]) -> list[int]:
    """Return the strides of nodes that lie in order: how many each loop jumps over."""
    strides, step = [0] * len(extents), 1
    for axis in reversed(range(len(extents))):
        strides[axis] = step
        step *= extents[axis]
    return strides


def within(sides: list[Side], operands: list[Operand], nodes: list[int], pools: Pools) -> list[int]:
    """Settle where the terms of a segment stand; return the loops over them. nodes: the loops over nodes."""
    count = _width(sides[0])
    if count == 1:
        for operand in operands:
            operand.within, operand.table_within = [], []
        return []
    free = [k for k, side in enumerate(sides) if side.is_placed and not operands[k].table_within]
    offsets = [sides[k].places[0, 0] - sides[k].places[0, 0, 0] for k in free]
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
                _look_up(sides[k], operands[k], offset, nodes, pools)
    for k in whole:
        operands[k].within = [0]
    return extents


def _width(side: Side) -> int:
    """Return how many terms a side has."""
    return int((side.places if side.numbers is None else side.numbers).shape[2])


def _look_up(side: Side, operand: Operand, offset: Places, nodes: list[int], pools: Pools) -> None:
    """Let a table say where the terms stand, beside what is known of the nodes."""
    operand.within, operand.table_within = [0], [1]
    if operand.table < 0:
        operand.table = pools.add_places(offset)
        operand.table_strides = [0] * len(operand.strides)
    else:  # the nodes, or the rounds, follow no rule either: the table must have all places
        _, n, width = side.places.shape
        operand.base, operand.shift, operand.strides = 0, 0, [0] * len(operand.strides)
        operand.table_strides = [width * stride for stride in by_rule_strides(nodes)]
        operand.table_shift = n * width
        operand.table = pools.add_places(side.places.ravel())
