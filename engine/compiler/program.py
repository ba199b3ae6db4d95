"""The normal form of a tape: sums of products, and single operations.

Most of what a numerical program does is add and multiply. So entries for +, -, *, dot and total become
one kind of node, an ordered sum of terms a, -a, a * b and -a * b, and chains of them become one
node: the 1,569 operations of a neuron with 784 inputs are one sum of 785 terms. The order of additions
stays the user's.

Everything here works on whole arrays at once: a program may have ten million nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..primitive import TABLE
from . import sweeps
from .tape import CONSTANT, INPUT, OUTSIDE, Kind, Leaf, Tape

Ints = NDArray[np.int32]
Places = NDArray[np.int64]

SUM = Leaf("sum")
OVER_BATCH = Leaf("sum over the batch")
"""A sum whose terms differ from sample to sample: it is summed over them as well."""
COLLECT = Leaf("collect")
"""What the choices of a row send back to it: the sum of b over the terms whose a, an index, is its number."""
COLLECT_OVER = Leaf("collect over the batch")
"""The same summed over the samples."""
SPREAD = Leaf("spread")
"""Its first operand, for each sample where the second one differs from sample to sample."""
GUARDED = 2
"""A factor of the sign of a term a * b that is 0 where a is 0, even where b is inf or nan."""


@dataclass
class Program:
    """Nodes in topological order, each a kind with terms, in flat arrays.

    kinds: the kinds that occur; kinds[0] is SUM.
    kind: of each node, its place in `kinds`.
    first: node i owns the terms first[i] to first[i + 1].
    sign, a, b: the terms. Of a sum: sign * a, or sign * a * b where b is not negative. Of an operation:
    its operands in turn, as a.
    number: of a constant its number; of an input or a Value from outside which one it is; of what collects
    for a row the row's place.
    order: by what nodes of one shape are put beside each other: the place in the recording, or for an
    adjoint that of what it is the adjoint of.
    """

    kinds: list[Kind]
    kind: NDArray[np.int16]
    first: Places
    sign: NDArray[np.int8]
    a: Ints
    b: Ints
    number: NDArray[np.float64]
    order: Places

    def __len__(self) -> int:
        return len(self.kind)

    def place(self, kind: Kind) -> int:
        """Return the place of `kind` in `kinds`, entering it where it is new."""
        for place, known in enumerate(self.kinds):
            if known is kind:
                return place
        self.kinds.append(kind)
        return len(self.kinds) - 1

    def nodes_of(self, kind: Kind) -> Places:
        """Return the nodes of a kind."""
        return np.flatnonzero(self.kind == self.place(kind))

    def over(self) -> NDArray[np.bool_]:
        """Return which nodes are summed over the batch."""
        kinds = [self.place(kind) for kind in (OVER_BATCH, COLLECT_OVER)]
        found: NDArray[np.bool_] = np.isin(self.kind, kinds)
        return found

    def counts(self) -> Places:
        """Return how many terms each node has."""
        return np.diff(self.first)

    def counts_of(self, nodes: Places) -> Places:
        """Return how many terms each of some nodes has."""
        return self.first[nodes + 1] - self.first[nodes]

    def owners(self) -> Places:
        """Return the node that each term belongs to."""
        return np.repeat(np.arange(len(self)), self.counts())

    def evaluate(self, leaves: dict[Kind, Sequence[float]]) -> list[float]:
        """Return the number of every node, one after the other in Python: the reference for machine code."""
        numbers: list[float] = []
        first, sign, a, b = self.first.tolist(), self.sign.tolist(), self.a.tolist(), self.b.tolist()
        for node, place in enumerate(self.kind.tolist()):
            kind = self.kinds[place]
            terms = range(first[node], first[node + 1])
            if kind is CONSTANT:
                result = float(self.number[node])
            elif kind in leaves:
                result = leaves[kind][int(self.number[node])]
            elif kind is SUM:
                result = _sum(
                    [_term(sign[t], numbers[a[t]], None if b[t] < 0 else numbers[b[t]]) for t in terms]
                )
            elif kind is COLLECT:
                result = _sum([numbers[b[t]] for t in terms if numbers[a[t]] == self.number[node]])
            elif kind is SPREAD:
                result = numbers[a[terms[0]]]
            else:
                assert not isinstance(kind, Leaf)
                result = kind(*[numbers[a[t]] for t in terms])
            numbers.append(result)
        return numbers


def _term(sign: int, a: float, b: float | None) -> float:
    term = a if b is None else 0.0 if a == 0.0 and abs(sign) == GUARDED else a * b
    return term if sign > 0 else -term


def _sum(terms: list[float]) -> float:
    if not terms:
        return 0.0
    result = terms[0]
    for term in terms[1:]:
        result += term
    return result


def bounds(lengths: NDArray[Any]) -> Places:
    """Return where stretches of these lengths begin that follow each other, and where the last one ends.

    >>> bounds(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    found = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=found[1:])
    return found


def normal_form(tape: Tape, outputs: Sequence[int], fold: bool = True) -> tuple[Program, Places]:
    """Return the program of a tape, without what `outputs` do not need, and the nodes of these entries.

    fold: make one node of sums of sums. Without it every entry stays a node, whose adjoint gets exactly
    the contributions, each rounded by itself, that the backward pass over Values would give it.
    """
    program = _terms_of(tape, _FORMS if fold else _SINGLE_FORMS)
    wanted = np.asarray(outputs, np.int64)
    program, wanted = without_unused(program, wanted)
    if not fold:
        return _from_zero(program, tape, wanted)
    program, wanted = _absorb_single_terms(program, wanted)
    program, wanted = _absorb_chains(program, wanted)
    return program, wanted


Forms = dict[str, tuple[tuple[int, int, int | None], ...]]


def _terms_of(tape: Tape, forms: Forms) -> Program:
    """Return a node for each entry, in terms."""
    n = len(tape)
    codes = np.frombuffer(tape.codes, np.uint16).astype(np.int16) if n else np.zeros(0, np.int16)
    ends = np.frombuffer(tape.ends, np.int64) if n else np.zeros(0, np.int64)
    operands = np.frombuffer(tape.operands, np.int32) if len(tape.operands) else np.zeros(0, np.int32)
    starts = np.zeros(n, np.int64)
    starts[1:] = ends[:-1]
    given = ends - starts
    of_kind = {kind: np.flatnonzero(codes == place) for place, kind in enumerate(tape.kinds)}
    rows = {name: of_kind.get(TABLE[name], np.zeros(0, np.int64)) for name in forms}
    rows |= {name: of_kind.get(TABLE[name], np.zeros(0, np.int64)) for name in ("total", "dot")}
    if "square" in forms:
        rows["square"] = np.concatenate([rows["square"], _squares(tape, of_kind, operands, ends)])

    count = given.copy()
    for leaf in (INPUT, OUTSIDE, CONSTANT):
        count[of_kind.get(leaf, [])] = 0
    for name, form in forms.items():
        count[rows[name]] = len(form)
    count[rows["dot"]] = (given[rows["dot"]] + 1) // 2
    first = bounds(count)
    m = int(first[-1])
    sign, a, b = np.ones(m, np.int8), np.zeros(m, np.int32), np.full(m, -1, np.int32)

    is_sum = np.zeros(n, bool)
    for name, form in forms.items():
        nodes = rows[name]
        is_sum[nodes] = True
        for place, (factor, left, right) in enumerate(form):
            terms = first[nodes] + place
            sign[terms] = factor
            a[terms] = operands[starts[nodes] + left]
            if right is not None:
                b[terms] = operands[starts[nodes] + right]
    for length in np.unique(given[rows["dot"]]).tolist():
        nodes = rows["dot"][given[rows["dot"]] == length]
        is_sum[nodes] = True
        half, odd = divmod(length, 2)
        held = operands[starts[nodes][:, None] + np.arange(length)]
        terms = first[nodes][:, None] + odd + np.arange(half)
        a[terms], b[terms] = held[:, :half], held[:, half : 2 * half]
        if odd:  # the sum starts from it
            a[first[nodes]] = held[:, -1]
    is_sum[rows["total"]] = True
    others = np.flatnonzero(~is_sum & (count > 0)) if n else np.zeros(0, np.int64)
    for nodes in (others, rows["total"]):
        lengths = count[nodes]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        a[np.repeat(first[nodes], lengths) + within] = operands[np.repeat(starts[nodes], lengths) + within]

    number = np.zeros(n)
    for leaf in (INPUT, OUTSIDE):
        nodes = of_kind.get(leaf, np.zeros(0, np.int64))
        number[nodes] = operands[starts[nodes]]
    if tape.constants:
        number[list(tape.constants)] = list(tape.constants.values())
    kind = (codes + 1).astype(np.int16)
    kind[is_sum] = 0
    return Program([SUM, *tape.kinds], kind, first, sign, a, b, number, np.arange(n, dtype=np.int64))


def _from_zero(program: Program, tape: Tape, wanted: Places) -> tuple[Program, Places]:
    """Let sums of several begin with 0.0, as on Values: of nothing but -0.0 they are 0.0.

    The number is a node before all others, and in each of these sums the first term.
    """
    codes = np.frombuffer(tape.codes, np.uint16)[program.order]
    ends = np.insert(np.frombuffer(tape.ends, np.int64), 0, 0)
    given = (ends[1:] - ends[:-1])[program.order]
    place = {kind: at for at, kind in enumerate(tape.kinds)}
    begins = codes == place.get(TABLE["total"], -1)
    begins |= (codes == place.get(TABLE["dot"], -1)) & (given % 2 == 0)  # an odd one begins with its last
    if not begins.any():
        return program, wanted
    at = program.first[:-1][begins]
    program = Program(
        program.kinds,
        np.insert(program.kind, 0, program.place(CONSTANT)),
        np.insert(program.first + np.insert(np.cumsum(begins), 0, 0), 0, 0),
        np.insert(program.sign, at, 1),
        np.insert(program.a + 1, at, 0),
        np.insert(np.where(program.b < 0, -1, program.b + 1), at, -1).astype(np.int32),
        np.insert(program.number, 0, 0.0),
        np.insert(program.order, 0, -1),
    )
    return program, wanted + 1


def _squares(tape: Tape, of_kind: dict[Kind, Places], operands: Ints, ends: Places) -> Places:
    """Return the entries that are x ** 2: their partial is 2 * x, without the care that a power needs."""
    powers = of_kind.get(TABLE["pow"], np.zeros(0, np.int64))
    twos = [entry for entry, number in tape.constants.items() if number == 2.0]
    return powers[np.isin(operands[ends[powers] - 1], twos)] if len(powers) else powers


_FORMS: Forms = {
    "add": ((1, 0, None), (1, 1, None)),
    "sub": ((1, 0, None), (-1, 1, None)),
    "neg": ((-1, 0, None),),
    "mul": ((1, 0, 1),),
    "square": ((1, 0, 0),),
}
"""Rows that are sums, as terms: the sign and which operands."""
_SINGLE_FORMS = {name: form for name, form in _FORMS.items() if name != "square"}
"""Those whose partials are the other factors: of a square it is twice the factor, rounded once."""


def without_unused(program: Program, wanted: Places) -> tuple[Program, Places]:
    """Return the program without the nodes that `wanted` do not depend on, and the new places of `wanted`."""
    marks = np.zeros(len(program), np.uint8)
    marks[wanted] = 1
    sweeps.used(program.first, program.a, program.b, marks)
    return kept(program, marks.astype(bool), wanted)


def kept(program: Program, keep: NDArray[np.bool_], wanted: Places) -> tuple[Program, Places]:
    """Return the program with the nodes in `keep` only, and the new places of `wanted`."""
    if keep.all():
        return program, wanted
    place = (np.cumsum(keep) - 1).astype(np.int32)
    of_terms = np.repeat(keep, program.counts())
    a, b = program.a[of_terms], program.b[of_terms]
    first = bounds(program.counts()[keep])
    made = Program(
        program.kinds,
        program.kind[keep],
        first,
        program.sign[of_terms],
        place[a],
        np.where(b < 0, -1, place[b]).astype(np.int32),
        program.number[keep],
        program.order[keep],
    )
    return made, place[wanted].astype(np.int64)


def uses(program: Program, wanted: Places) -> Places:
    """Return how often each node is an operand; being wanted counts as two."""
    n = len(program)
    found = np.bincount(program.a, minlength=n) + np.bincount(program.b[program.b >= 0], minlength=n)
    np.add.at(found, wanted, 2)
    return found


def _absorb_single_terms(program: Program, wanted: Places) -> tuple[Program, Places]:
    """Put sums of one term in the places where they are used once, as a term of another sum: a - b * c."""
    for _ in range(8):  # -(-(a * b)) takes two rounds; more are as rare as they are harmless to leave
        is_sum, counts = program.kind == 0, program.counts()
        owner_is_sum = np.repeat(is_sum, counts)
        single = is_sum & (counts == 1) & (uses(program, wanted) == 1)
        places = np.flatnonzero(owner_is_sum & (program.b < 0) & single[program.a])
        inner = program.first[program.a[places]]
        ready = ~((program.b[inner] < 0) & single[program.a[inner]])  # the innermost ones first
        places, inner = places[ready], inner[ready]
        if not len(places):
            break
        program.sign[places] *= program.sign[inner]
        program.b[places] = program.b[inner]
        program.a[places] = program.a[inner]
        program, wanted = without_unused(program, wanted)
    return program, wanted


def give_terms(program: Program, heads: Places, to: Places) -> Places:
    """Put the terms of nodes in the place of terms that are these nodes; return how many each node has then.

    heads: the places of these terms, the first of their nodes.  to: the nodes whose terms they are. What a
    node gives goes to the end of its chain; the nodes that gave theirs have none left.
    """
    n = len(program)
    head = np.arange(n)
    head[program.a[heads]] = to
    while True:  # each node learns where its chain ends, twice as far at every round
        further = head[head]
        if (further == head).all():
            break
        head = further
    left = np.ones(len(program.a), bool)
    left[heads] = False
    of_terms = head[program.owners()[left]]
    by_head = np.argsort(of_terms, kind="stable")
    counts = np.bincount(of_terms, minlength=n)
    program.first = bounds(counts)
    program.sign = program.sign[left][by_head]
    program.a, program.b = program.a[left][by_head], program.b[left][by_head]
    return counts


def _absorb_chains(program: Program, wanted: Places) -> tuple[Program, Places]:
    """Make one sum of a chain of them: ((a + b) + c) + d, each used once, by the next as its first term."""
    n = len(program)
    is_sum, counts = program.kind == 0, program.counts()
    single_use = is_sum & (uses(program, wanted) == 1)
    heads = program.first[:-1][is_sum & (counts > 0)]
    owner = np.flatnonzero(is_sum & (counts > 0))
    inner = program.a[heads]
    joins = single_use[inner] & (program.b[heads] < 0) & (program.sign[heads] == 1)
    give_terms(program, heads[joins], owner[joins])
    marks = np.zeros(n, np.uint8)
    marks[wanted] = 1
    sweeps.used(program.first, program.a, program.b, marks)
    return kept(program, marks.astype(bool), wanted)
