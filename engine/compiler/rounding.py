"""How far results of machine code may be from those on Values: a running error analysis.

Both compute the same formulas from the same numbers, and round in other places: machine code adds the terms
of a sum in another order, and fuses a multiplication with the addition after it. So this goes through the
program that machine code was made from, node after node, with two numbers for each: its value, and a bound
for the distance between the two ways to compute it. The bound of a node is what the bounds of its operands
amount to, by its partials, and what its own roundings add: nothing as long as both do the same to the same
numbers; for a sum of n terms in any order n roundings of the sum of all |terms| on either side; for a
function what its two versions may differ by.

It is a bound of first order, as running error analyses are: squares of bounds are kept in products and
quotients and left out in other functions. A comparison whose operands may be on either side of each other
may go either way, and the bound says what difference that makes.

Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms (2002), sections 3.1, 3.3 and 4.2.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import sweeps
from .adjoint import ADJOINTS_AFTER
from .instructions import NORMAL
from .precision import UNIT, Precision
from .program import COLLECT, COLLECT_OVER, GUARDED, SPREAD, SUM, Places, Program
from .tape import CONSTANT, INPUT, OUTSIDE, TAKE, Comparison

Floats = NDArray[np.float64]
CELLS = 1 << 22
"""How many numbers there are at a time: nodes times samples."""


class ErrorBound(NamedTuple):
    """What `kernel.error_bound` returns: bounds for value and derivatives, in their structures."""

    value: Any
    grad: Any


class Given(NamedTuple):
    """The numbers that a program is evaluated at.

    parameters: those that all samples share, Values from outside last.  lines: a line for each sample.
    batched: which inputs, by number, are in the lines.  scaled: whether the last input is 1 / the samples.
    """

    parameters: NDArray[np.floating[Any]]
    lines: NDArray[np.floating[Any]]
    batched: NDArray[np.bool_]
    scaled: bool


class Running:
    """The values of a program's nodes and bounds for their errors, a column for each of some samples.

    dtype: the kind of machine code's numbers.
    """

    def __init__(self, program: Program, given: Given, dtype: str = "float64") -> None:
        self.program, self.given, self.precision = program, given, Precision(dtype)
        self.is_over = program.over()
        marks = self.is_over.astype(np.uint8)
        sweeps.depends(program.first, program.a, program.b, marks)
        self.is_after = marks.astype(bool)
        self._chooses = len(program.nodes_of(TAKE)) > 0
        self._first = program.first.tolist()
        self._kinds = [program.kinds[place] for place in program.kind.tolist()]
        self.values = self.errors = np.zeros((0, 0))

    def bounds(self, wanted: Places) -> Floats:
        """Return bounds for the wanted nodes, a column for each sample; alike where there is one for all."""
        given, n = self.given, len(self.program)
        samples = max(len(given.lines), 1)
        found = np.empty((len(wanted), samples))
        over = np.flatnonzero(self.is_over)
        sums = np.zeros((3, len(over)))
        step = max(1, min(samples, CELLS // max(n, 1)))
        with np.errstate(all="ignore"):
            for low in range(0, samples, step):
                lines = given.lines[low : low + step]
                self._each(lines, max(len(lines), 1))
                found[:, low : low + step] = self.errors[wanted]
                for place, node in enumerate(over.tolist()):
                    sums[:, place] += self._over(node, samples)
            self._after(over, sums)
        after = self.is_after[wanted]
        found[after] = self.errors[wanted[after], :1]
        return found

    def _each(self, lines: NDArray[np.floating[Any]], columns: int) -> None:
        """Evaluate what does not depend on sums over the samples."""
        self.values, self.errors = np.zeros((2, len(self.program), columns))
        self._leaves(lines)
        for node in np.flatnonzero(~self.is_after).tolist():
            kind = self._kinds[node]
            if kind is SUM or kind is COLLECT:
                self.values[node], self.errors[node] = self._sum(self._terms(node), self._regrouped(node))
            elif kind is SPREAD:
                source = self.program.a[self._first[node]]
                self.values[node], self.errors[node] = self.values[source], self.errors[source]
            elif kind not in (INPUT, OUTSIDE, CONSTANT):
                self._operate(node, kind)

    def _leaves(self, lines: NDArray[np.floating[Any]]) -> None:
        program, given = self.program, self.given
        constants = program.nodes_of(CONSTANT)
        self.values[constants] = program.number[constants, None]
        batched = np.concatenate([given.batched, [False] * given.scaled]).astype(bool)
        inputs = program.nodes_of(INPUT)
        which = program.number[inputs].astype(np.int64)
        each = batched[which]
        if each.any():
            self.values[inputs[each]] = lines.T[(np.cumsum(batched) - 1)[which[each]]]
        shared = inputs[~each]
        self.values[shared] = given.parameters[(np.cumsum(~batched) - 1)[which[~each]], None]
        outside = program.nodes_of(OUTSIDE)
        after = int((~batched).sum())
        self.values[outside] = given.parameters[after + program.number[outside].astype(np.int64), None]
        if self.precision.single:
            leaves = np.concatenate([constants, inputs, outside])
            exactly = self.values[leaves]
            rounded = exactly.astype(np.float32)
            self.errors[leaves] = np.where(
                (rounded == exactly) | np.isnan(exactly), 0.0, np.abs(exactly - rounded)
            )
        if given.scaled:  # on Values one divides by their number, sooner or later
            factor = inputs[which == len(given.batched)]
            self.errors[factor] += self.precision.both * self.values[factor]

    # -- sums -----------------------------------------------------------------------------------------------

    def _terms(self, node: int) -> _Terms:
        t = slice(self._first[node], self._first[node + 1])
        a, b = self.program.a[t], self.program.b[t]
        if self._kinds[node] in (COLLECT, COLLECT_OVER):  # of the terms b those whose index is this row's
            chosen = self.values[a] == self.program.number[node]
            ones = np.ones((len(a), 1), np.int64)
            errors = np.where(chosen, self.errors[b], 0.0)
            numbers = np.where(chosen, self.values[b], 0.0)
            return _Terms(ones, ones == 0, numbers, np.ones_like(numbers), errors, 0.0 * errors, False, False)
        products = (b >= 0)[:, None]
        return _Terms(
            self.program.sign[t].astype(np.int64)[:, None],
            products,
            self.values[a],
            np.where(products, self.values[b], 1.0),
            self.errors[a],
            np.where(products, self.errors[b], 0.0),
            bool((a == b).any()),
            len(a) == 2 and bool(a[0] == a[1]) and not products.any(),
        )

    def _regrouped(self, node: int) -> bool:
        """Return whether a node may be part of a sum on Values: of what flows back to chosen rows."""
        return self._chooses and bool(self.program.order[node] >= ADJOINTS_AFTER)

    def _sum(self, terms: _Terms, regrouped: bool) -> tuple[Floats, Floats]:
        """Return the value and the error of a sum. regrouped: whether it may be a part of one on Values."""
        parts, sizes = terms.parts(), terms.sizes()
        value, inherited = parts.sum(axis=0), terms.inherited()
        n, some_products = len(parts), bool(terms.products.any())
        if terms.alike and (terms.sign[0] != terms.sign[1]).all():
            return value, np.zeros_like(value)
        if n == 1 or (n == 2 and not some_products and not regrouped):
            # Both round alike, unless their operands differ. On Values x ** 2 is a power.
            apart = (inherited > 0.0) | self.precision.single
            if terms.has_square:
                inherited = inherited + 2.0 * UNIT * sizes.sum(axis=0)
        else:
            apart = np.ones(len(value), bool)
        rounded = self.precision.both * np.where(terms.products, sizes, 0.0).sum(axis=0)
        if n == 2:
            rounded += self.precision.both * (np.abs(value) + inherited)
        elif n > 2:
            rounded += (n - 1) * self.precision.both * sizes.sum(axis=0)
        error = inherited + np.where(apart, rounded + n * self.precision.least * some_products, 0.0)
        return value, np.where(np.abs(value) + error > self.precision.largest, math.inf, error)

    def _over(self, node: int, samples: int) -> Floats:
        """Return of a sum over the samples, for those at hand: its value, its error and the sum of sizes."""
        terms = self._terms(node)
        sizes = terms.sizes().sum()
        rounds = len(terms.a) + samples + 2  # the terms of one sample come first
        error = terms.inherited().sum() + rounds * self.precision.both * sizes
        return np.array([terms.parts().sum(), error, sizes])

    def _after(self, over: Places, sums: Floats) -> None:
        """Evaluate what follows from the sums over the samples: nothing but sums of products with them.

        On Values each sample goes this way by itself. So roundings are relative to the sizes of all samples,
        and not to what is left where they cancel.
        """
        values, errors = self.values[:, :1], self.errors[:, :1]
        sizes = np.abs(values)
        values[over, 0], errors[over, 0], sizes[over, 0] = sums
        for node in np.flatnonzero(self.is_after & ~self.is_over).tolist():
            t = slice(self._first[node], self._first[node + 1])
            a, b = self.program.a[t], self.program.b[t]
            if self._kinds[node] is COLLECT:
                chosen = values[a, 0] == self.program.number[node]
                a, b = b[chosen], np.full(int(chosen.sum()), -1, np.int32)
            elif self._kinds[node] is not SUM:  # it only passes its first operand on
                a, b = a[:1], np.full(1, -1, np.int32)
            products = (b >= 0)[:, None]
            terms = _Terms(
                np.ones((len(a), 1), np.int64),
                products,
                sizes[a],
                np.where(products, sizes[b], 1.0),
                errors[a],
                np.where(products, errors[b], 0.0),
                False,
                False,
            )
            sizes[node] = terms.sizes().sum()
            errors[node] = terms.inherited() + (len(a) + 1) * self.precision.both * sizes[node]
        self.values, self.errors = values, errors

    def _operate(self, node: int, kind: Any) -> None:
        operands = self.program.a[self._first[node] : self._first[node + 1]]
        xs, errors = self.values[operands].T.tolist(), self.errors[operands].T.tolist()
        if isinstance(kind, Comparison) and operands[0] == operands[1]:
            errors = [[0.0, 0.0]] * len(xs)  # x == x, however far x may be off
        found = [self.precision.operation(kind, x, e) for x, e in zip(xs, errors, strict=True)]
        self.values[node], self.errors[node] = np.array(found).T
        if kind is NORMAL:  # a partial in other steps than the table's
            self.errors[node] += 8.0 * UNIT * np.abs(self.values[node])


class _Terms(NamedTuple):
    """The terms of a sum, a line for each: sign * a (* b); without b that is 1."""

    sign: NDArray[np.int64]
    products: NDArray[np.bool_]
    a: Floats
    b: Floats
    of_a: Floats
    of_b: Floats
    has_square: bool
    alike: bool
    """Whether the terms are one number twice: x - x is 0, however far x may be off."""

    def parts(self) -> Floats:
        found: Floats = np.where((self.a == 0.0) & (np.abs(self.sign) == GUARDED), 0.0, self.a * self.b)
        return np.where(self.sign > 0, found, -found)

    def sizes(self) -> Floats:
        found: Floats = np.abs(self.parts())
        return found

    def inherited(self) -> Floats:
        """Return what the errors of the factors amount to."""
        found: Floats = (
            _times(self.of_a, self.b) + _times(self.of_b, self.a) + _times(self.of_a, self.of_b)
        ).sum(axis=0)
        return found


def _times(error: Floats, factor: Floats) -> Floats:
    """Return error * |factor|; nothing where there is no error, whatever the factor."""
    found: Floats = np.where(error == 0.0, 0.0, error * np.abs(factor))
    return found
