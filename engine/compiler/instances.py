"""Templates laid down in a program: for all nodes of one kind at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..primitive import Primitive
from .program import OVER_BATCH, Ints, Places, Program, bounds, normal_form, without_unused
from .tape import CONSTANT, INPUT, Kind
from .templates import Known, Template, value_template

MOST_PATTERNS = 8
"""For how many different sets of known operands a row gets formulas of its own."""


@dataclass(frozen=True)
class Occurrences:
    """The nodes of one row that have the same operands known, as numbers.

    nodes: which.  operands: theirs, a line for each node.  known: which operands are known numbers.
    """

    row: Primitive
    nodes: Places
    operands: Ints
    known: Known


def occurrences(program: Program, row: Primitive, nodes: Places) -> list[Occurrences]:
    """Return `nodes`, all of `row`, sorted by how many operands they have and which of them are known."""
    found = []
    counts = program.counts_of(nodes)
    constant = program.kind == program.place(CONSTANT)
    for count in np.unique(counts).tolist():
        alike = nodes[counts == count]
        operands = program.a[program.first[alike][:, None] + np.arange(count)]
        if not constant[operands].any():
            found.append(Occurrences(row, alike, operands, (None,) * count))
            continue
        numbers = np.where(constant[operands], program.number[operands], np.nan)
        bits, which = np.unique(numbers.view(np.int64), axis=0, return_inverse=True)  # nan is like nan
        patterns, which = bits.view(np.float64), which.ravel()
        # A formula knows that y is 2 in x ** 2. Where numbers differ everywhere they are data.
        if len(patterns) > MOST_PATTERNS or row.variadic:
            found.append(Occurrences(row, alike, operands, (None,) * count))
            continue
        for place, pattern in enumerate(patterns.tolist()):
            chosen = which == place
            known = tuple([None if number != number else number for number in pattern])
            found.append(Occurrences(row, alike[chosen], operands[chosen], known))
    return found


_Part = tuple[NDArray[np.int16], Places, NDArray[np.int8], Ints, Ints, NDArray[np.float64], Places]
"""Some nodes: kinds, counts of terms, the terms' signs and operands, numbers, places in the order."""


class Builder:
    """A program that nodes are added to, many at a time."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.size = len(program)
        self._constants: dict[str, int] = {}
        self._parts: list[_Part] = []
        self._anchors: list[Places] = []
        for node in program.nodes_of(CONSTANT).tolist():
            self._constants.setdefault(float(program.number[node]).hex(), node)

    def add(
        self,
        kind: int,
        counts: Places,
        sign: NDArray[np.int8],
        a: Ints,
        b: Ints,
        order: Places,
        anchor: Places,
        number: float = 0.0,
    ) -> Places:
        """Add nodes of one kind with their terms, one node's after the other's; return their places.

        anchor: the node before which each must stand, where it is to be computed for that one.
        """
        n = len(counts)
        self._anchors.append(anchor)
        self._parts.append((np.full(n, kind, np.int16), counts, sign, a, b, np.full(n, number), order))
        self.size += n
        return np.arange(self.size - n, self.size)

    def input(self, number: int) -> int:
        """Add an input, the one of that number, and return its node."""
        none, zero = np.zeros(0, np.int32), np.zeros(1, np.int64)
        signs = np.zeros(0, np.int8)
        return int(self.add(self.program.place(INPUT), zero, signs, none, none, zero, zero, float(number))[0])

    def over_batch(self, nodes: Places, factor: int = -1) -> Places:
        """Add for each of `nodes` its sum over the samples, each times the node `factor` if there is one."""
        ones = np.ones(len(nodes), np.int64)
        place = self.program.place(OVER_BATCH)
        factors = np.full(len(nodes), factor, np.int32)
        a, order = nodes.astype(np.int32), self.program.order[nodes]
        return self.add(place, ones, ones.astype(np.int8), a, factors, order, nodes)

    def append(
        self,
        kinds: NDArray[np.int16],
        counts: Places,
        sign: NDArray[np.int8],
        a: Ints,
        b: Ints,
        order: Places,
        number: NDArray[np.float64],
    ) -> None:
        """Add nodes of several kinds after all others."""
        self._parts.append((kinds, counts, sign, a, b, number, order))
        self._anchors.append(np.full(len(counts), 1 << 40))
        self.size += len(counts)

    def constant(self, number: float) -> int:
        """Return the node of a number, adding it where it is new."""
        node = self._constants.get(number.hex())
        if node is None:
            none = np.zeros(0, np.int32)
            place = self.program.place(CONSTANT)
            zero = np.zeros(1, np.int64)
            node = int(self.add(place, zero, np.zeros(0, np.int8), none, none, zero, zero - 1, number)[0])
            self._constants[number.hex()] = node
        return node

    def lay_down(self, template: Template, nodes: Places, operands: Ints) -> list[NDArray[np.int64] | float]:
        """Add the nodes of a template once for each of `nodes`; return its results: nodes, or a plain number.

        operands: for each of `nodes` the node of each of the template's inputs.
        """
        entries = [result for result in template.results if not isinstance(result, float)]
        inner, wanted = _program_of(template, entries)
        g = len(nodes)
        order = self.program.order[nodes]
        laid: list[NDArray[np.int64]] = []
        first, counts = inner.first, inner.counts().tolist()
        for node, place in enumerate(inner.kind.tolist()):
            kind = inner.kinds[place]
            if kind is INPUT:
                laid.append(operands[:, int(inner.number[node])].astype(np.int64))
            elif kind is CONSTANT:
                laid.append(np.full(g, self.constant(float(inner.number[node]))))
            else:
                terms = range(int(first[node]), int(first[node + 1]))
                a = np.stack([laid[inner.a[t]] for t in terms], axis=1)
                b = np.stack([laid[inner.b[t]] if inner.b[t] >= 0 else np.full(g, -1) for t in terms], axis=1)
                sign = np.tile(inner.sign[first[node] : first[node + 1]], g)
                laid.append(
                    self.add(
                        self.program.place(kind),
                        np.full(g, counts[node]),
                        sign,
                        a.ravel().astype(np.int32),
                        b.ravel().astype(np.int32),
                        order,
                        nodes,
                    )
                )
        places = iter(wanted.tolist())
        return [r if isinstance(r, float) else laid[next(places)] for r in template.results]

    def order_by_anchor(self) -> Places:
        """Return the places of all nodes in an order that has each before its anchor, and constants first."""
        constant = self.program.kind == self.program.place(CONSTANT)
        old = np.where(constant, -1, 2 * np.arange(len(self.program)) + 1)
        return np.argsort(np.concatenate([old, *[2 * anchor for anchor in self._anchors]]), kind="stable")

    def finished(self) -> Program:
        """Return the program with what was added, after what was there."""
        old = self.program
        if not self._parts:
            return old
        kinds, counts, signs, a, b, numbers, orders = zip(*self._parts, strict=True)
        return Program(
            old.kinds,
            np.concatenate([old.kind, *kinds]),
            bounds(np.concatenate([old.counts(), *counts])),
            np.concatenate([old.sign, *signs]),
            np.concatenate([old.a, *a]),
            np.concatenate([old.b, *b]),
            np.concatenate([old.number, *numbers]),
            np.concatenate([old.order, *orders]),
        )


_programs: dict[int, tuple[Template, Program, Places]] = {}


def _program_of(template: Template, entries: list[int]) -> tuple[Program, Places]:
    known = _programs.get(id(template))
    if known is None:
        program, wanted = normal_form(template.tape, entries)
        known = _programs[id(template)] = (
            template,
            program,
            wanted,
        )  # the template stays, and its id with it
    return known[1], known[2]


def expanded(program: Program, wanted: Places, native: Callable[[Kind], bool]) -> tuple[Program, Places]:
    """Return the program with every row that is not `native` taken apart by its template.

    A row without a template stays: machine code calls Python for it.
    """
    while True:
        builder = Builder(program)
        replaced = np.arange(len(program))
        for place, kind in enumerate(list(program.kinds)):
            if not isinstance(kind, Primitive) or native(kind):
                continue
            for found in occurrences(program, kind, np.flatnonzero(program.kind == place)):
                template = value_template(kind, found.known)
                if template is None:
                    continue
                (result,) = builder.lay_down(template, found.nodes, found.operands)
                replaced[found.nodes] = builder.constant(result) if isinstance(result, float) else result
        if builder.size == len(program):
            return program, wanted
        place_of = builder.order_by_anchor()
        program = builder.finished()
        # First every use of a replaced node becomes one of its replacement, then operands come before users.
        replaced = np.concatenate([replaced, np.arange(len(replaced), len(program))])
        program.a = replaced[program.a].astype(np.int32)
        program.b = np.where(program.b < 0, -1, replaced[program.b]).astype(np.int32)
        wanted = replaced[wanted]
        program, wanted = without_unused(*reordered(program, place_of, wanted))


def reordered(program: Program, by: Places, wanted: Places) -> tuple[Program, Places]:
    """Return the program with its nodes in the order `by`, and the new places of `wanted`."""
    new = np.empty(len(by), np.int64)
    new[by] = np.arange(len(by))
    counts = program.counts_of(by)
    starts = program.first[by]
    first = bounds(counts)
    terms = np.repeat(starts - first[:-1], counts) + np.arange(first[-1])
    a, b = program.a[terms], program.b[terms]
    made = Program(
        program.kinds,
        program.kind[by],
        first,
        program.sign[terms],
        new[a].astype(np.int32),
        np.where(b < 0, -1, new[b]).astype(np.int32),
        program.number[by],
        program.order[by],
    )
    return made, new[wanted]
