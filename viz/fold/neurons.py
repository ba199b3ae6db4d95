"""Weighted sums as cards: recognised in the graph, whether made by `dot`, by `nn` or by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...engine import Value
from ...engine.names import own_name
from ...engine.words import plain

SUMS = ("add", "total", "fsum")
"""The rows whose operands are the terms of a sum."""

_NO_ACTIVATIONS = ("neg", "square")
_LONGEST = 500
_PLACE = re.compile(r"(?s)(.+)\.(\w+(?:\[.*\])?)")


@dataclass
class Row:
    """One term of the sum: a weight and what it multiplies, or just what is added."""

    weight: Value | None
    """The leaf that stands in the row; none where all of the term comes from elsewhere."""
    term: Value
    """What is added: a product, or the value itself."""
    uses: list[tuple[Value, int]] = field(default_factory=list)
    """The operands that come from elsewhere, as (who uses it, in which place)."""


@dataclass
class Neuron:
    """A weighted sum and, where one follows, its activation: one card."""

    total: Value
    """z, the sum itself."""
    out: Value
    """The activation's result; the sum where there is none."""
    rows: list[Row] = field(default_factory=list)
    inside: list[Value] = field(default_factory=list)
    """The values that have no card because of this one: partial sums, products, z; not the weights."""
    products: int = 0


class Neurons:
    """The weighted sums of a graph by the value that comes out, and where their weights are shown."""

    def __init__(self, values: list[Value], uses: Mapping[Value, int], root: Value) -> None:
        """values: in topological order.  uses: of the whole graph."""
        self._shown, self._uses, self._root = set(values), uses, root
        self._user = {operand: value for value in values for operand in value.operands}
        self._inside: set[Value] = set()
        self.by_out: dict[Value, Neuron] = {}
        for value in reversed(values):
            if value not in self._inside and value.primitive is not None:
                self._fold(value)
        ordered = [value for value in values if value in self.by_out]
        self.by_out = {out: self.by_out[out] for out in ordered}
        self.home: dict[Value, tuple[Neuron, int]] = {}
        """Where a weight that has no card of its own is shown first: its neuron, and in which row."""
        for neuron in self.by_out.values():
            for place, row in enumerate(neuron.rows):
                if row.weight is not None:
                    self.home.setdefault(row.weight, (neuron, place))
        self.swallowed = self._inside.union(self.home)
        """The values that have no card of their own."""

    def _fold(self, value: Value) -> None:
        """Make a card of the sum that ends in `value`, if one does."""
        found = Neuron(value, value)
        terms = self._terms(value, found)
        if terms is None:
            return
        user = self._user.get(value)
        if (
            user is not None
            and self._uses[value] == 1
            and len(user.operands) == 1
            and user.primitive is not None
            and user.primitive.name not in _NO_ACTIVATIONS
        ):
            found.out = user
            found.inside.append(value)
        first = _weights_come_first(terms)
        found.rows = [self._row(term, first) for term in terms]
        found.products = sum(len(term) == 2 for term in terms)
        self._inside.update(found.inside)
        self.by_out[found.out] = found

    def _terms(self, value: Value, found: Neuron) -> list[_Term] | None:
        """Return the terms of the sum that ends in `value`; None where it is none, or a small one."""
        terms: list[_Term] = []
        products = 0
        stack: list[tuple[Value, int]] = []  # who uses it, in which place
        node: Value | None = value
        while True:
            if node is not None:
                row = node.primitive
                name = "" if row is None else row.name
                if name == "dot":
                    half = len(node.operands) // 2
                    stack += [(node, i) for i in reversed(range(2 * half, len(node.operands)))]
                    terms += [((node, i), (node, half + i)) for i in range(half)]
                    products += half
                elif name in SUMS:
                    stack += [(node, i) for i in reversed(range(len(node.operands)))]
                else:
                    return None  # only where `value` itself is no sum
            if not stack:
                break
            user, place = stack.pop()
            operand = user.operands[place]
            node = None
            if self._is_step(operand) and operand.primitive is not None:
                if operand.primitive.name == "mul":
                    products += 1
                    terms.append(((operand, 0), (operand, 1)))
                else:
                    node = operand
                found.inside.append(operand)
            elif operand.data == 0.0 and _unnamed_constant(operand):
                found.inside.append(operand)  # what Python's sum begins with
            else:
                terms.append(((user, place),))
        is_sum = (products and len(terms) > 1) or len(terms) > 2 or _name_of_row(value) == "dot"
        return terms if is_sum else None

    def _is_step(self, operand: Value) -> bool:
        """Return whether `operand` is only a step on the way to the sum: a part of it, or a product."""
        name = _name_of_row(operand)
        if name not in (*SUMS, "dot", "mul") or operand not in self._shown:
            return False
        if self._uses[operand] != 1 or operand is self._root or operand in self.by_out:
            return False
        return name != "mul" or not any(map(_unnamed_constant, operand.operands))

    def _row(self, term: _Term, first: bool) -> Row:
        user, place = term[0]
        if len(term) == 1:
            leaf = user.operands[place]
            weight = leaf if leaf.primitive is None and not _unnamed_constant(leaf) else None
            uses = [] if weight is not None else [term[0]]
            return Row(weight, leaf, uses)
        candidates = term if first else term[::-1]
        order = sorted(candidates, key=lambda use: type(use[0].operands[use[1]]).kind != "param")
        for use in order:
            leaf = use[0].operands[use[1]]
            if leaf.primitive is None and not _unnamed_constant(leaf):
                return Row(leaf, user, [other for other in term if other is not use])
        return Row(None, user, list(term))


_Term = tuple[tuple[Value, int], ...]
"""One use, (user, place), of what is added; two of what is multiplied."""


def _weights_come_first(terms: Iterable[_Term]) -> bool:
    """Return whether weights are the first factors, judged by all products together."""
    scores = [0, 0]
    for term in terms:
        if len(term) == 2:
            for place, (user, i) in enumerate(term):
                leaf = user.operands[i]
                if leaf.primitive is None:
                    scores[place] += 4 if type(leaf).kind == "param" else not _unnamed_constant(leaf)
    return scores[0] >= scores[1]


def _unnamed_constant(value: Value) -> bool:
    return value.primitive is None and type(value).kind == "const" and not own_name(value)


def _name_of_row(value: Value) -> str:
    return "" if value.primitive is None else value.primitive.name


def place_of(label: object) -> tuple[str, str]:
    """Return the module that a parameter's label names, and what the parameter is called in it.

    >>> place_of("layers[0].neurons[2].w[1]"), place_of("slope")
    (('layers[0].neurons[2]', 'w[1]'), ('', 'slope'))
    """
    label = label if isinstance(label, str) else plain(label)
    found = _PLACE.fullmatch(label) if len(label) <= _LONGEST else None
    return (found[1], found[2]) if found else ("", label)
