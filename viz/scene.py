"""What a picture needs to know of a graph before it can draw the first value."""

import math
from dataclasses import dataclass

from ..engine import Primitive, Value
from ..engine.copies import number_of
from ..engine.names import own_name
from ..engine.words import cut, number, plain

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


class Cards:
    """Which values of a graph get a card, and what they are called in the picture; gradients play no part.

    Values are named n0, n1, ... in topological order: the same graph gets the same names, and no name
    comes from a user. A constant without a label that is used once, beside one other operand, is shown
    in its user's card (`( ) × 0.5`) and gets none of its own.

    values: in topological order, so the root is the last.
    """

    def __init__(self, values: list[Value]) -> None:
        self.values = values
        self.root = values[-1]
        self.names = {value: f"n{i}" for i, value in enumerate(self.values)}
        self.uses = dict.fromkeys(self.values, 0)
        for value in self.values:
            for operand in value.operands:
                self.uses[operand] += 1
        self.folded: dict[Value, Value] = {}
        for value in self.values:
            constant = self._foldable(value)
            if constant is not None:
                self.folded[value] = constant
        inside = set(self.folded.values())
        self.cards = [value for value in self.values if value not in inside]

    def kind(self, value: Value) -> str:
        """Return the word for what `value` is: nothing for an operation, its card shows that."""
        if value.primitive is None:
            return plain(type(value).kind)
        return "root" if value is self.root else ""

    def _foldable(self, value: Value) -> Value | None:
        if len(value.operands) != 2 or value.operands[0] is value.operands[1]:
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

    def __init__(self, values: list[Value]) -> None:
        super().__init__(values)
        root = self.root
        # A pass from the root, or from beyond it, left something there. Without one every 0 would be a lie.
        self.has_gradients = self._held(root) != 0.0
        self.arrows = [arrow for value in self.cards for arrow in self._arrows(value)]
        self.largest = self._largest()
        self.flowing_into = dict.fromkeys(self.values, 0.0) | {root: self._held(root)}
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

    def name_of(self, value: Value) -> str:
        """Return what to call `value` in a sentence: its own name, else its operation, else its number."""
        return own_name(value) or ("root" if value is self.root else sign(value)) or number(float(value.data))

    def _arrows(self, user: Value) -> list[Arrow]:
        upstream = self.gradient(user)
        arrows = []
        for i, (operand, partial) in enumerate(zip(user.operands, user.partials, strict=True)):
            if operand is self.folded.get(user):
                continue
            if upstream is None or is_constant(operand):
                contribution = None
            else:  # a zero adjoint wins over an infinite partial, as in the backward pass
                contribution = upstream * float(partial) if upstream != 0.0 else 0.0
            name = f"e{self.names[user][1:]}_{i}"
            arrows.append(Arrow(name, operand, user, float(partial), contribution, self.uses[operand] > 1))
        return arrows

    def _largest(self) -> float:
        sizes = [
            abs(g) for value in self.cards if (g := self.gradient(value)) is not None and math.isfinite(g)
        ]
        return max(sizes, default=0.0)


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
