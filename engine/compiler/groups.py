"""Nodes of one shape put together: what can be computed by one loop.

Two nodes belong together when they can be computed at the same time (they stand at the same level), do
the same (kind, number of terms, signs) and read the same kinds of memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import sweeps
from .irregular import irregular
from .program import COLLECT, COLLECT_OVER, Ints, Places, Program, bounds
from .repeats import Run, repeats
from .tape import CONSTANT, INPUT, OUTSIDE, TAKE, Kind

BEFORE, EACH, OVER, AFTER = range(4)
"""When a node is computed: once before the samples, for each of them, summed over them, once after them."""

PARAMETER, ROW, CONSTANT_SPACE, ONCE, LANES = range(5)
"""Where a number lives: an argument, an argument of each sample, in the code, or a result of either sort."""


COLLECTING = (COLLECT, COLLECT_OVER)
BY_INDEX = (TAKE, *COLLECTING)


@dataclass(frozen=True)
class Group:
    """Nodes computed by one loop, in the order in which their results lie in memory.

    rounds: a line of nodes for each round of the loop over time that the group is in; else one line.
    number: where the group stands among all.
    """

    kind: Kind
    phase: int
    rounds: Places
    number: int

    @property
    def nodes(self) -> Places:
        """The nodes of the first round."""
        found: Places = self.rounds[0]
        return found


@dataclass(frozen=True)
class Steps:
    """Nodes computed one after the other, by a table: see `interpreter`."""

    nodes: Places
    phase: int


@dataclass(frozen=True)
class Placed:
    """A program with a place in memory for each of its numbers.

    space, place: where each node's number lives.
    ordered, starts: the nodes in the order of computation, and where each group of them begins; its last
    element is one beyond the last node.
    runs: the groups that repeat.
    sizes: how many numbers each space holds. One more is there for what nobody asked for.
    by_table: which groups are steps of a table, because nothing about them is regular.
    """

    program: Program
    space: NDArray[np.int8]
    place: Places
    ordered: Places
    starts: Places
    runs: list[Run]
    sizes: dict[int, int]
    phase: NDArray[np.int8]
    by_table: NDArray[np.bool_]

    def sums(self) -> tuple[int, int]:
        """Return where the sums over the samples lie, side by side because they are one phase."""
        places = self.place[self.ordered[self.phase[self.ordered] == OVER]]
        return (int(places.min()), int(places.max()) + 1) if len(places) else (0, 0)

    def items(self) -> Iterator[Group | list[Group] | Places | Steps]:
        """Yield what there is to compute, in turn.

        A group; the groups of one round of a loop over time; nodes that are each a group of its own; or
        steps of a table.
        """
        at = 0
        for run in self.runs:
            yield from self._plain(at, run.start)
            yield [self._group(run.start + k, run) for k in range(run.period)]
            at = run.end
        yield from self._plain(at, len(self.starts) - 1)

    def _plain(self, low: int, high: int) -> Iterator[Group | Places | Steps]:
        """Yield the groups from one to another, of which none repeats."""
        first = self.ordered[self.starts[low:high]]
        few = self.program.first[first + 1] - self.program.first[first] <= MOST_TERMS
        few &= ~_by_index(self.program, first)
        alone = (np.diff(self.starts[low : high + 1]) == 1) & few & (self.phase[first] != OVER)
        how = np.where(self.by_table[low:high], 2, alone)
        edges = np.flatnonzero((how[1:] != how[:-1]) | (self.phase[first][1:] != self.phase[first][:-1])) + 1
        for start, end in pairwise([0, *edges.tolist(), high - low]):
            if start < end and how[start] == 2:
                nodes = self.ordered[self.starts[low + start] : self.starts[low + end]]
                yield Steps(nodes, int(self.phase[nodes[0]]))
            elif start < end and alone[start]:
                yield first[start:end]
            else:
                yield from [self._group(low + k, Run(low + k, 1, 1)) for k in range(start, end)]

    def _group(self, which: int, run: Run) -> Group:
        low, high = self.starts[which : which + 2].tolist()
        step = int(self.starts[run.start + run.period] - self.starts[run.start])
        rounds = self.ordered[low + step * np.arange(run.rounds)[:, None] + np.arange(high - low)]
        node = rounds[0, 0]
        return Group(self.program.kinds[self.program.kind[node]], int(self.phase[node]), rounds, which)


def _by_index(program: Program, nodes: Places, kinds: Sequence[Kind] = BY_INDEX) -> NDArray[np.bool_]:
    """Return which nodes find an operand, or their own place, by an index."""
    return np.isin(program.kind[nodes], [program.place(kind) for kind in kinds])


MOST_TERMS = 8
"""How many terms a node may have that is written down as it is, without a loop."""


def placed(program: Program, batched: NDArray[np.bool_], parameters: int) -> Placed:
    """Return the program's nodes in groups, with their places.

    batched: which inputs, by number, have one number for each sample; they are numbered among
    themselves, and so are the others, which Values from outside follow.
    parameters: how many inputs are not batched.
    """
    n = len(program)
    leaf, space, place, varies = _leaves(program, batched, parameters)
    over = program.over()
    marks = varies.astype(np.uint8)
    sweeps.depends(program.first, program.a, program.b, marks, over)
    varies = marks.astype(bool)
    after = over.astype(np.uint8)
    sweeps.depends(program.first, program.a, program.b, after)
    phase = np.where(over, OVER, np.where(varies, EACH, np.where(after, AFTER, BEFORE))).astype(np.int8)
    if (varies & (after != 0) & ~over).any():
        raise NotImplementedError(
            "a number that is summed over the batch is used again for each sample: compile them apart"
        )
    space[~leaf] = np.where(varies, LANES, ONCE)[~leaf]
    level = sweeps.levels(program.first, program.a, program.b)
    shape = _shapes(program, space)
    inner = np.flatnonzero(~leaf)
    keys = (program.order, shape, program.counts(), program.kind, level, phase)
    ordered = inner[np.lexsort([key[inner] for key in keys])]
    changes = np.zeros(len(ordered), bool)
    for key in keys[1:]:
        changes[1:] |= key[ordered][1:] != key[ordered][:-1]
    ordered, changes = _by_source(program, ordered, changes, space)
    for where in (ONCE, LANES):
        there = ordered[space[ordered] == where]
        place[there] = np.arange(len(there))
    sizes = {where: int((space[inner] == where).sum()) for where in (ONCE, LANES)}
    starts = (
        np.concatenate([[0], np.flatnonzero(changes), [len(ordered)]])
        if len(ordered)
        else np.zeros(1, np.int64)
    )
    runs = _repeats(program, space, place, ordered, starts, shape, phase)
    assert n == len(space)
    may = phase[ordered[starts[:-1]]] != OVER
    for run in runs:
        may[run.start : run.end] = False
    by_table = irregular(program, space, place, ordered, starts, may)
    return Placed(program, space, place, ordered, starts, runs, sizes, phase, by_table)


MOST_SOURCES = 3
FEWEST_NODES = 32


def _by_source(
    program: Program, ordered: Places, changes: NDArray[np.bool_], space: NDArray[np.int8]
) -> tuple[Places, NDArray[np.bool_]]:
    """Return the nodes in order, and where groups begin, with some groups parted: by what they read from.

    Large groups of nodes that read from two or three groups get a group for each of these: one follows a rule
    where together they would not. The places of the first node of each decide which comes first.
    """
    group = np.cumsum(changes)
    source = -1 - space.astype(np.int64)
    source[ordered] = group
    with np.errstate(over="ignore"):
        mixed = source[program.a] * 0x2545F4914F6CDD1D
        mixed += np.where(program.b < 0, 0, source[program.b] + 3) * 0x5851F42D4C957F2D
        mixed = (mixed ^ (mixed >> 29)) * (2 * (np.arange(len(mixed)) - program.first[program.owners()]) + 1)
        sums = bounds(mixed)
        tags = (sums[program.first[1:]] - sums[program.first[:-1]])[ordered]
    starts = np.flatnonzero(np.concatenate([[True], changes[1:]])) if len(ordered) else np.zeros(0, np.int64)
    large = np.diff(np.concatenate([starts, [len(ordered)]])) >= FEWEST_NODES
    if not large.any():
        return ordered, changes
    large &= np.minimum.reduceat(tags, starts) != np.maximum.reduceat(tags, starts)
    parted = np.zeros(len(ordered), np.int64)
    ends = np.concatenate([starts[1:], [len(ordered)]])
    for low, high in zip(starts[large].tolist(), ends[large].tolist(), strict=True):
        _, first, which = np.unique(tags[low:high], return_index=True, return_inverse=True)
        if len(first) <= MOST_SOURCES:
            parted[low:high] = first[which]
    by_part = np.lexsort((np.arange(len(ordered)), parted, group))
    parted = parted[by_part]
    changes = changes.copy()
    changes[1:] |= (parted[1:] != parted[:-1]) & (group[1:] == group[:-1])
    return ordered[by_part], changes


def _repeats(
    program: Program,
    space: NDArray[np.int8],
    place: Places,
    ordered: Places,
    starts: Places,
    shape: Places,
    phase: NDArray[np.int8],
) -> list[Run]:
    """Return the runs of groups that repeat."""
    first = ordered[starts[:-1]]
    counts = program.counts()
    with np.errstate(over="ignore"):
        tags = shape[first]
        for part in (program.kind[first], phase[first], counts[first], np.diff(starts)):
            tags = (tags ^ (tags >> 29)) * 0x5851F42D4C957F2D + part
        owned = counts[ordered]
        ends = bounds(owned)
        terms = np.repeat(program.first[ordered] - ends[:-1], owned) + np.arange(ends[-1])
        a, b = program.a[terms], program.b[terms]
        del terms
        stands = np.where(space == CONSTANT_SPACE, 0, place).astype(np.int32)
        operands = np.empty((len(a), 2), np.int32)
        operands[:, 0], operands[:, 1] = stands[a], np.where(b < 0, 0, stands[b])
        still = np.where(space == PARAMETER, place + 1, 0).astype(np.int32)
        of_terms = still[a] * 31 + np.where(b < 0, 0, still[b])
        del a, b, stands, still
        collects = _by_index(program, ordered, COLLECTING)
        if collects.any():  # what collects for rows does so for the same ones in every round
            rows = np.where(collects, program.number[ordered], 0.0).astype(np.int64)
            weights = 2 * (np.arange(len(rows)) - np.repeat(starts[:-1], np.diff(starts))) + 1
            tags = tags + np.add.reduceat(rows * weights, starts[:-1]) * 0x2545F4914F6CDD1D
        of_groups = bounds(of_terms)[ends[starts]]
        fixed = tags + np.diff(of_groups) * 0x5851F42D4C957F2D
    return repeats(tags, ends[starts], operands, fixed)


def _leaves(
    program: Program, batched: NDArray[np.bool_], parameters: int
) -> tuple[NDArray[np.bool_], NDArray[np.int8], Places, NDArray[np.bool_]]:
    n = len(program)
    leaf, varies = np.zeros(n, bool), np.zeros(n, bool)
    space, place = np.zeros(n, np.int8), np.zeros(n, np.int64)
    constants = program.nodes_of(CONSTANT)
    leaf[constants], space[constants] = True, CONSTANT_SPACE
    inputs = program.nodes_of(INPUT)
    which = program.number[inputs].astype(np.int64)
    per_sample = batched[which]
    among = np.where(per_sample, np.cumsum(batched)[which] - 1, np.cumsum(~batched)[which] - 1)
    leaf[inputs], space[inputs], place[inputs] = True, np.where(per_sample, ROW, PARAMETER), among
    varies[inputs] = per_sample
    outside = program.nodes_of(OUTSIDE)
    leaf[outside], space[outside] = True, PARAMETER
    place[outside] = parameters + program.number[outside].astype(np.int64)
    return leaf, space, place, varies


def _shapes(program: Program, space: NDArray[np.int8]) -> Places:
    """Return a number for each node that is the same for those with like terms."""
    with np.errstate(over="ignore"):
        of_b = np.where(program.b < 0, -1, space[np.maximum(program.b, 0)]) + 1
        term = (program.sign.astype(np.int64) + 2) * 64 + space[program.a] * 8 + of_b + 1
        owner = program.owners()
        rank = np.arange(len(term)) - program.first[owner]
        mixed = term.astype(np.uint64) * (
            rank.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0xD1B54A32D192ED03)
        )
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xFF51AFD7ED558CCD)
        sums = np.zeros(len(program), np.uint64)
        has = np.flatnonzero(program.counts() > 0)
        if len(has):
            sums[has] = np.add.reduceat(mixed, program.first[has])
        collects = np.flatnonzero(_by_index(program, np.arange(len(program)), COLLECTING))
        if len(collects):  # those for tables of different length stay apart
            rows = number_of_rows(program, program.a[program.first[collects]])
            sums[collects] += rows.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    return sums.view(np.int64)


def number_of_rows(program: Program, indices: Ints | Places) -> Places:
    """Return how many rows each of some index nodes chooses from."""
    found: Places = program.number[program.a[program.first[indices] + 1]].astype(np.int64)
    return found


def matrix(values: Ints | Places, program: Program, rounds: Places) -> Places:
    """Return the terms' `values` of nodes with equally many terms: for each round and node a line."""
    node = rounds[0, 0]
    count = int(program.first[node + 1] - program.first[node])
    found: Places = values[program.first[rounds][..., None] + np.arange(count)].astype(np.int64)
    return found
