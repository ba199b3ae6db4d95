"""Nodes of one shape put together: what can be computed by one loop.

Two nodes belong together when they can be computed at the same time (they stand at the same level), do
the same (kind, number of terms, signs) and read the same kinds of memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import sweeps
from .program import OVER_BATCH, Ints, Places, Program
from .tape import CONSTANT, INPUT, OUTSIDE, Kind

BEFORE, EACH, OVER, AFTER = range(4)
"""When a node is computed: once before the samples, for each of them, summed over them, once after them."""

PARAMETER, ROW, CONSTANT_SPACE, ONCE, LANES = range(5)
"""Where a number lives: an argument, an argument of each sample, in the code, or a result of either sort."""


@dataclass(frozen=True)
class Group:
    """Nodes computed by one loop, in the order in which their results lie in memory."""

    kind: Kind
    phase: int
    nodes: Places


@dataclass(frozen=True)
class Placed:
    """A program with a place in memory for each of its numbers.

    space, place: where each node's number lives.
    groups: in the order of computation.
    sizes: how many numbers each space holds.
    """

    program: Program
    space: NDArray[np.int8]
    place: Places
    groups: list[Group]
    sizes: dict[int, int]
    phase: NDArray[np.int8]


def placed(program: Program, batched: NDArray[np.bool_], parameters: int) -> Placed:
    """Return the program's nodes in groups, with their places.

    batched: which inputs, by number, have one number for each sample; they are numbered among
    themselves, and so are the others, which Values from outside follow.
    parameters: how many inputs are not batched.
    """
    n = len(program)
    leaf, space, place, varies = _leaves(program, batched, parameters)
    over = program.kind == program.place(OVER_BATCH)
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
    for where in (ONCE, LANES):
        there = ordered[space[ordered] == where]
        place[there] = np.arange(len(there))
    sizes = {where: int((space[inner] == where).sum()) for where in (ONCE, LANES)}
    changes = np.zeros(len(ordered), bool)
    for key in keys[1:]:
        changes[1:] |= key[ordered][1:] != key[ordered][:-1]
    starts = np.flatnonzero(changes)
    groups = [
        Group(program.kinds[program.kind[nodes[0]]], int(phase[nodes[0]]), nodes)
        for nodes in np.split(ordered, starts)
        if len(nodes)
    ]
    assert n == len(space)
    return Placed(program, space, place, groups, sizes, phase)


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
    return sums.view(np.int64)


def matrix(values: Ints | Places, program: Program, nodes: Places) -> Places:
    """Return the terms' `values` of nodes with equally many terms, a line for each node."""
    count = int(program.first[nodes[0] + 1] - program.first[nodes[0]])
    found: Places = values[program.first[nodes][:, None] + np.arange(count)].astype(np.int64)
    return found
