"""What a picture needs to know of a graph before it can draw the first value."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from ..engine import Primitive, Value
from ..engine.copies import number_of
from ..engine.debugging.causes import remark
from ..engine.names import own_name
from ..engine.words import cut, number, plain
from .fold.neurons import Neuron, Neurons

MOST_ROWS = 12
"""Rows of a neuron's card beyond which only those with the largest gradients are shown."""

_SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Arrow:
    """One operand of one value: the line between two cards."""

    name: str
    operand: Value
    user: Value
    partial: float
    contribution: float | None
    """What flows back along it, upstream · partial; None before a backward pass."""
    shared: bool
    """Whether the operand has other users too, so that its gradient is a sum."""
    row: int | None = None
    """The row of the neuron's card that it points to."""


class Cards:
    """Which values of a graph get a card, and what they are called in the picture; gradients play no part.

    Values are named n0, n1, ... in topological order: the same graph gets the same names, and no name
    comes from a user. A constant without a label that is used once, beside one other operand, is shown
    in its user's card (`( ) × 0.5`) and gets none of its own.

    values: in topological order.  root: the last of them unless given.  uses: how often each value is an
    operand in the whole graph, where `values` are part of one.  neurons: those that are cards.
    """

    def __init__(
        self,
        values: list[Value],
        *,
        root: Value | None = None,
        uses: Mapping[Value, int] | None = None,
        neurons: Neurons | None = None,
    ) -> None:
        self.values = values
        self.root = values[-1] if root is None else root
        self.names = {value: f"n{i}" for i, value in enumerate(self.values)}
        self.uses = Counter(chain.from_iterable([v.operands for v in values])) if uses is None else uses
        self.neurons: Mapping[Value, Neuron] = {} if neurons is None else neurons.by_out
        self.home = {} if neurons is None else neurons.home
        inside = set() if neurons is None else set(neurons.swallowed)
        self.folded: dict[Value, Value] = {}
        for value in self.values:
            constant = self._foldable(value)
            if constant is not None:
                self.folded[value] = constant
        inside.update(self.folded.values())
        self.cards = [value for value in self.values if value not in inside]

    def kind(self, value: Value) -> str:
        """Return the word for what `value` is: nothing for an operation, its card shows that."""
        if value.primitive is None:
            return plain(type(value).kind)
        return "root" if value is self.root else ""

    def _foldable(self, value: Value) -> Value | None:
        if value in self.neurons or len(value.operands) != 2 or value.operands[0] is value.operands[1]:
            return None
        small = [x for x in value.operands if is_constant(x) and own_name(x) == "" and self.uses[x] == 1]
        return small[0] if len(small) == 1 else None

    def operation(self, value: Value) -> str:
        """Return the operation's sign, with the constant that is shown inside the card: `( ) × 0.5`."""
        constant, row = self.folded.get(value), value.primitive
        if constant is None or row is None:
            return sign(value)
        digits, first = number(float(constant.data)), value.operands[0] is constant
        if sign(value) == "^" and not first and set(digits) <= set("0123456789−"):
            return f"( ){digits.translate(_SUPERSCRIPTS)}"
        if not row.dunder:
            return f"{sign(value)}({digits}, ·)" if first else f"{sign(value)}(·, {digits})"
        digits = f"({digits})" if digits.startswith("−") else digits
        return f"{digits} {sign(value)} ( )" if first else f"( ) {sign(value)} {digits}"


class Scene(Cards):
    """A graph as it stands at this moment: its cards, who uses whom, and the gradients' scale."""

    def __init__(
        self,
        values: list[Value],
        *,
        root: Value | None = None,
        uses: Mapping[Value, int] | None = None,
        neurons: Neurons | None = None,
        among: list[Value] | None = None,
        whole: int | None = None,
    ) -> None:
        """among: all values that the picture shows, alone or in cards of many; `values` unless given.

        whole: how many values the graph has of which these are part.
        """
        super().__init__(values, root=root, uses=uses, neurons=neurons)
        root = self.root
        self.centre: Value | None = None
        """What the picture is drawn around, which has the thickest border."""
        among = values if among is None else among
        self.whole = len(among) if whole is None else whole
        self.complete = len(among) == self.whole
        self._shown = set(values)
        self._uses_shown: Counter[Value] = Counter()
        if not self.complete:
            self._shown_somewhere = set(among)
            self._uses_shown.update(chain.from_iterable([value.operands for value in among]))
        self._trains = any(type(value).kind == "param" for value in among)
        self._targets = self._find_targets(among)
        # A pass from the root, or from beyond it, left something there. Without one every 0 would be a lie.
        self.has_gradients = self._held(root) != 0.0
        self.rows_shown = {out: self._rows_shown(neuron) for out, neuron in self.neurons.items()}
        self.arrows = [arrow for value in self.cards for arrow in self._arrows(value)]
        self.largest = self._largest()
        self.flowing_into = dict.fromkeys([*self.values, root], 0.0) | {root: self._held(root)}
        """What each value receives in the one backward pass that this picture shows."""
        for arrow in self.arrows:
            self.flowing_into[arrow.operand] += arrow.contribution or 0.0

    def gradient(self, value: Value) -> float | None:
        """Return d root / d value, or None before a backward pass; constants never have one."""
        if not self.has_gradients or is_constant(value) or value.grad is None:
            return None
        return self._held(value)

    def _held(self, value: Value) -> float:
        """Return the number in `grad`, which is a Value after `backward(create_graph=True)`; 0 for None."""
        return 0.0 if value.grad is None else float(number_of(value.grad))

    def kind(self, value: Value) -> str:
        """Return the word for what `value` is, as training sees it.

        Where there are parameters, what `backward()` began at is the loss, and what predictions are
        subtracted from, or that is subtracted from them, is the target.
        """
        word = super().kind(value)
        if value is self.root and value.primitive is not None and self._trains and self._held(value) == 1.0:
            return "" if own_name(value) == "loss" else "loss"
        return "target" if value in self._targets else word

    def _find_targets(self, among: list[Value]) -> set[Value]:
        leaves = {x for x in self.values if x.primitive is None and type(x).kind != "param"}
        compared: Counter[Value] = Counter()
        for user in among if leaves and self._trains else ():
            if not leaves.isdisjoint(user.operands) and user.primitive is not None:
                x, y = user.operands if user.primitive.name == "sub" else (user, user)
                compared.update([a for a, b in ((x, y), (y, x)) if a in leaves and b.primitive is not None])
        return {leaf for leaf, times in compared.items() if times == self.uses[leaf]}

    def name_of(self, value: Value) -> str:
        """Return what to call `value` in a sentence: its own name, else its operation, else its number."""
        return own_name(value) or ("root" if value is self.root else sign(value)) or number(float(value.data))

    def tail(self, arrow: Arrow) -> str:
        """Return where an arrow begins, as DOT names it: a card, or a cell of one."""
        home = self.home.get(arrow.operand)
        if home is not None:
            out, row = home[0].out, home[1]
            return f"{self.names[out]}:{self._port(out, row, 'g')}:e"
        return self.names[arrow.operand] + (":out:e" if arrow.operand in self.neurons else "")

    def head(self, arrow: Arrow) -> str:
        """Return where an arrow ends: a card, or a cell of one."""
        name, row = self.names[arrow.user], arrow.row
        return name if row is None else f"{name}:{self._port(arrow.user, row, 'r')}:w"

    def _port(self, out: Value, row: int, side: str) -> str:
        return f"{side}{row}" if row in self.rows_shown[out] else "more"

    def _rows_shown(self, neuron: Neuron) -> frozenset[int]:
        """Return which rows of a neuron's card are shown: of many those with the largest gradients."""
        places = range(len(neuron.rows))
        if len(places) <= MOST_ROWS:
            return frozenset(places)

        def size(place: int) -> float:
            row = neuron.rows[place]
            gradient = None if row.weight is None else self.gradient(row.weight)
            return -1.0 if gradient is None else math.inf if math.isnan(gradient) else abs(gradient)

        return frozenset(sorted(places, key=size, reverse=True)[: MOST_ROWS - 2])

    def hidden(self, value: Value) -> tuple[int, int]:
        """Return how many operands and how many uses of `value` are left out of a picture of a part."""
        if self.complete:
            return 0, 0
        inside = self.folded.get(value)
        operands = [x for x in value.operands if x not in self._shown_somewhere and x is not inside]
        return len(operands), self.uses[value] - self._uses_shown[value]

    def mark(self, value: Value) -> str:
        """Return what should be looked at: a dead unit, saturation, a tie; nothing at most values."""
        row = value.primitive
        if row is None or (len(value.operands) != 1 and row.side is None):
            return ""
        for place, operand in enumerate(value.operands):
            if not is_constant(operand):
                said = remark(value, place, _AsX()).partition(", ")
                if said[0]:
                    return cut((said[2] if "is" in said[0].split() else said[0]).removeprefix("where "))
        return ""

    def _arrows(self, user: Value) -> list[Arrow]:
        neuron = self.neurons.get(user)
        if neuron is None:
            places = range(len(user.operands))
            uses: Iterable[tuple[int | None, Value, int]] = [(None, user, i) for i in places]
        else:
            uses = [(i, *use) for i, row in enumerate(neuron.rows) for use in row.uses]
        arrows = []
        for number_of_arrow, (row, inner, place) in enumerate(uses):
            operand, partial = inner.operands[place], float(number_of(inner.partials[place]))
            if operand is self.folded.get(user) or operand not in self._shown:
                continue
            upstream = self.gradient(inner)
            if upstream is None or is_constant(operand):
                contribution = None
            else:  # a zero adjoint wins over an infinite partial, as in the backward pass
                contribution = upstream * partial if upstream != 0.0 else 0.0
            name = f"e{self.names[user][1:]}_{number_of_arrow}"
            arrows.append(Arrow(name, operand, user, partial, contribution, self.uses[operand] > 1, row))
        return arrows

    def _largest(self) -> float:
        sizes = [
            abs(g) for value in self.values if (g := self.gradient(value)) is not None and math.isfinite(g)
        ]
        return max(sizes, default=0.0)


class _AsX:
    """What calls every value x, for remarks in which the number is what matters."""

    def __getitem__(self, value: Value) -> str:
        return "x"


def is_constant(value: Value) -> bool:
    """Return whether `value` is a plain number that no gradient is asked for."""
    return value.primitive is None and type(value).kind == "const"


def sign(value: Value) -> str:
    """Return the sign of the operation that made `value`, as its row gives it; nothing for a leaf."""
    row = value.primitive
    return "" if row is None else cut(plain(row.symbol or row.name))


def order_matters(row: Primitive) -> bool:
    """Return whether a picture must show which operand of `row` comes first, as it must for x ÷ y.

    Judged by swapping the operands at the points that the row gives its tests. Rows of any number of
    operands are not held to it: untangled arrows help more there.
    """
    if row.variadic or row.arity < 2:
        return False
    return any(row(*point) != row(*reversed(point)) for point in row.points)
