"""The local derivative as a formula: what a row's partials are, written with the names of a graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from ..ieee import Ieee
from ..names import own_name
from ..value import Constant, Value
from ..words import number

if TYPE_CHECKING:
    from ..primitive import Primitive

Part: TypeAlias = tuple[Any, ...]
"""("number", x), ("operand", place), ("out",), ("call", name, part, ...) or (operator, part, ...)."""

LONGEST = 8
"""Numbers and operands in a formula beyond which it is left out: it would explain nothing."""

_MOST_OPERANDS = 10_000
_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "neg": "neg"}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 2, "**": 3}


class _TooLong(Exception):
    """A formula that nobody would read."""


class Symbol:
    """A number that remembers how it is written, so that the formulas of the table can run on names.

    Comparisons look at the number: of a formula with branches the one that was taken is written.
    """

    __slots__ = ("number", "part", "size")

    def __init__(self, part: Part, number: float, size: int = 1) -> None:
        if size > LONGEST:
            raise _TooLong
        self.part, self.number, self.size = part, Ieee(number), size

    def apply_primitive(self, row: Primitive, operands: tuple[Any, ...]) -> Symbol:
        """Return what `row` makes of symbols and numbers: how the rows' own functions meet a Symbol."""
        operator = _OPERATORS.get(row.name)
        symbols = [_symbol(operand) for operand in operands]
        if operator == "neg":
            return -symbols[0]
        if operator is not None:
            return _joined(operator, *symbols)
        found = row(*[float(symbol.number) for symbol in symbols])
        size = sum(symbol.size for symbol in symbols)
        return Symbol(("call", row.name, *[symbol.part for symbol in symbols]), found, size)

    def __neg__(self) -> Symbol:
        if self.part[0] == "number":
            return _constant(-self.number)
        if self.part[0] == "neg":
            return Symbol(self.part[1], -self.number, self.size)
        return Symbol(("neg", self.part), -self.number, self.size)

    def __add__(self, other: Any) -> Symbol:
        return _joined("+", self, _symbol(other))

    def __radd__(self, other: Any) -> Symbol:
        return _joined("+", _symbol(other), self)

    def __sub__(self, other: Any) -> Symbol:
        return _joined("-", self, _symbol(other))

    def __rsub__(self, other: Any) -> Symbol:
        return _joined("-", _symbol(other), self)

    def __mul__(self, other: Any) -> Symbol:
        return _joined("*", self, _symbol(other))

    def __rmul__(self, other: Any) -> Symbol:
        return _joined("*", _symbol(other), self)

    def __truediv__(self, other: Any) -> Symbol:
        return _joined("/", self, _symbol(other))

    def __rtruediv__(self, other: Any) -> Symbol:
        return _joined("/", _symbol(other), self)

    def __pow__(self, other: Any) -> Symbol:
        return _joined("**", self, _symbol(other))

    def __rpow__(self, other: Any) -> Symbol:
        return _joined("**", _symbol(other), self)

    def __eq__(self, other: object) -> bool:
        return self.number == (other.number if isinstance(other, Symbol) else other)

    __hash__ = None  # type: ignore[assignment]  # equal to many things, as numbers are

    def __lt__(self, other: Any) -> bool:
        return bool(self.number < _symbol(other).number)

    def __le__(self, other: Any) -> bool:
        return bool(self.number <= _symbol(other).number)

    def __gt__(self, other: Any) -> bool:
        return bool(self.number > _symbol(other).number)

    def __ge__(self, other: Any) -> bool:
        return bool(self.number >= _symbol(other).number)


def _constant(x: float) -> Symbol:
    return Symbol(("number", float(x)), x, size=0 if x in (0.0, 1.0, 2.0) else 1)


def _symbol(x: Any) -> Symbol:
    return x if isinstance(x, Symbol) else _constant(x)


def _joined(operator: str, x: Symbol, y: Symbol) -> Symbol:
    """Return x operator y; what is a number is worked out, and 1 * x is x."""
    kinds = (x.part[0], y.part[0])
    found = _WORKED_OUT[operator](x.number, y.number)
    if kinds == ("number", "number"):
        return _constant(found)
    if kinds[0] == "number" and ((operator, x.number) in (("*", 1.0), ("+", 0.0))):
        return y
    if kinds[1] == "number" and (operator, y.number) in (
        ("*", 1.0), ("/", 1.0), ("**", 1.0), ("+", 0.0), ("-", 0.0)
    ):  # fmt: skip
        return x
    if operator in ("*", "/") and x.part[0] == "neg":  # -(x * y) for -x * y
        return -_joined(operator, -x, y)
    if operator == "+" and y.part[0] == "neg":
        return _joined("-", x, -y)
    if operator == "*" and x.part == y.part:
        return Symbol(("**", x.part, ("number", 2.0)), found, x.size)
    return Symbol((operator, x.part, y.part), found, x.size + y.size)


_WORKED_OUT: dict[str, Callable[[Any, Any], float]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "**": lambda x, y: x**y,
}


def formula(node: Value, place: int) -> Part | None:
    """Return how d node / d operand is written, for the operand at `place`.

    None where that is a plain number, where it is too long to help, and where the row's partials do not
    run on symbols. Rows say it themselves where their partials are written for accuracy (`textbook`).

    >>> from chainrule.engine import Value
    >>> y = Value(0.5, "z").tanh()
    >>> formula(y, 0)
    ('-', ('number', 1.0), ('**', ('out',), ('number', 2.0)))
    """
    row = node.primitive
    if row is None or len(node.operands) > _MOST_OPERANDS:
        return None
    places: dict[Value, int] = {}
    operands = tuple(
        [
            _symbol(operand.data)
            if type(operand) is Constant and not own_name(operand)
            else Symbol(("operand", places.setdefault(operand, i)), operand.data)
            for i, operand in enumerate(node.operands)
        ]
    )
    out = Symbol(("out",), node.data)
    partials = row.textbook or row.partials
    try:
        made = partials(operands, out) if row.variadic else partials(*operands, out)
        partial = made[place]
    except Exception:  # a row from outside may do anything with its operands
        return None
    if not isinstance(partial, Symbol) or partial.part[0] == "number":
        return None
    # Where the operands' numbers have changed since, the formula is not what the partial was made from.
    agree = math.isclose(partial.number, node.partials[place], rel_tol=1e-6) or (
        not math.isfinite(node.partials[place])
    )
    return partial.part if agree or node.partials[place] == partial.number else None


def written(part: Part, names: Callable[[int], str]) -> str:
    """Return a formula as text.

    names: what to call the operand at a place; -1 is the result.
    """
    return _written(part, names)[0]


def _written(part: Part, names: Callable[[int], str]) -> tuple[str, int]:
    """Return the text and its precedence. A formula is at most LONGEST deep, so that this may recurse."""
    kind = part[0]
    if kind == "number":
        return number(part[1]), 4 if part[1] >= 0.0 else 2
    if kind in ("operand", "out"):
        return in_formula(names(part[1] if kind == "operand" else -1)), 4
    if kind == "call":
        return f"{part[1]}({', '.join([written(inner, names) for inner in part[2:]])})", 4
    own = _PRECEDENCE[kind]
    inner = [_written(one, names) for one in part[1:]]
    if kind == "neg":
        return f"−{_within(inner[0], 2)}", own
    if kind == "**":
        base, exponent = _within(inner[0], 4), part[2]
        if exponent[0] == "number" and exponent[1] in (2.0, 3.0):
            return f"{base}{'²' if exponent[1] == 2.0 else '³'}", 4
        return f"{base} ^ {_within(inner[1], 4)}", own
    sign = {"+": "+", "-": "−", "*": "·", "/": "/"}[kind]
    right = own if kind in ("+", "*") else own + 1
    return f"{_within(inner[0], own)} {sign} {_within(inner[1], right)}", own


def _within(inner: tuple[str, int], least: int) -> str:
    text, precedence = inner
    return text if precedence >= least else f"({text})"


def in_formula(name: str) -> str:
    """Return a name as part of a formula: in brackets where it could be taken for one itself.

    >>> in_formula("w1"), in_formula("a − y")
    ('w1', '(a − y)')
    """
    return f"({name})" if any(sign in name for sign in " +-−*/·^×=,") else name
