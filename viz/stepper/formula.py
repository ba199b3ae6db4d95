"""Operations and their local derivatives as formulas, in which the page puts names and numbers.

A formula is a list of tokens: a text stands for itself, a number for the operand in that place (OUT for
the result), and a list for what is written raised. `x * y` is `[0, " · ", 1]`, `x ** 2` is `[0, ["2"]]`.
"""

from __future__ import annotations

from typing import TypeAlias

from ...engine import Value
from ...engine.debugging.formulas import Part, formula
from ...engine.words import cut, number, plain

Token: TypeAlias = "str | int | list[Token]"
Formula: TypeAlias = list[Token]

OUT = -1
"""The token for the result of the operation."""

_MOST_TERMS = 6
"""Longer sums and calls are shown with an ellipsis in the middle."""

_BETWEEN = {"add": " + ", "sub": " − ", "mul": " · ", "div": " / ", "mod": " mod ", "total": " + ",
            "fsum": " + ", "prod": " · "}  # fmt: skip


def operation(value: Value) -> Formula:
    """Return how `value` is computed from its operands; nothing for a leaf.

    >>> operation(Value(2.0) * 3.0)
    [0, ' · ', 1]
    >>> operation(Value(2.0).tanh())
    ['tanh(', 0, ')']
    """
    row, count = value.primitive, len(value.operands)
    if row is None:
        return []
    places: list[Formula] = [[place] for place in range(count)]
    if row.name in _BETWEEN and count:
        return _joined(places, _BETWEEN[row.name])
    if row.name == "dot" and count:
        half = count // 2
        terms: list[Formula] = [[i, " · ", half + i] for i in range(half)]
        return _joined(terms + [[count - 1]] * (count % 2), " + ")
    if row.name == "pow":
        return [0, [1]]
    if row.name == "neg":
        return ["−", 0]
    if row.name == "square":
        return [0, ["2"]]
    if row.name == "reciprocal":
        return ["1 / ", 0]
    if row.name == "abs":
        return ["|", 0, "|"]
    return _merged([f"{cut(plain(row.name))}("], _joined(places, ", "), [")"])


def _joined(terms: list[Formula], between: str) -> Formula:
    if len(terms) > _MOST_TERMS:
        terms = [*terms[: _MOST_TERMS - 2], ["…"], terms[-1]]
    joined = list(terms[0]) if terms else []
    for term in terms[1:]:
        joined = _merged(joined, [between], term)
    return joined


def local_derivative(value: Value, place: int) -> Formula:
    """Return the formula of d value / d operand for one operand; nothing where that is just a number.

    >>> x, y = Value(2.0), Value(-3.0)
    >>> local_derivative(x * y, 0)
    [1]
    >>> local_derivative(x.tanh(), 0)
    ['1 − ', -1, ['2']]
    >>> local_derivative(x + y, 0)
    []
    """
    found = formula(value, place)
    return [] if found is None else _tokens(found)[0]


_SUM, _PRODUCT, _POWER, _ATOM = range(4)
"""How tightly a formula holds together: what is looser than its surroundings needs parentheses."""

_SIGNS = {"+": (" + ", _SUM), "-": (" − ", _SUM), "*": (" · ", _PRODUCT), "/": (" / ", _PRODUCT)}


def _tokens(part: Part) -> tuple[Formula, int]:
    """Return a formula and how tightly it holds together. It is never deep, so that this may recurse."""
    kind = part[0]
    if kind == "number":
        return [number(part[1])], _ATOM if part[1] >= 0.0 else _PRODUCT
    if kind in ("operand", "out"):
        return [part[1] if kind == "operand" else OUT], _ATOM
    if kind == "call":
        return _merged([f"{plain(part[1])}("], _joined([_tokens(x)[0] for x in part[2:]], ", "), [")"]), _ATOM
    if kind == "neg":
        return _merged(["−"], _within(part[1], _PRODUCT)), _PRODUCT
    if kind == "**":
        return _merged(_within(part[1], _ATOM), [_tokens(part[2])[0]]), _POWER
    sign, binding = _SIGNS[kind]
    right = binding + (kind in ("-", "/"))  # x − (y − z) is not x − y − z
    return _merged(_within(part[1], binding), [sign], _within(part[2], right)), binding


def _within(part: Part, binding: int) -> Formula:
    tokens, own = _tokens(part)
    return tokens if own >= binding else _merged(["("], tokens, [")"])


def _merged(*parts: Formula) -> Formula:
    """Return one formula of several, texts that meet joined."""
    merged: Formula = []
    for token in [token for part in parts for token in part]:
        if isinstance(token, str) and merged and isinstance(merged[-1], str):
            merged[-1] += token
        else:
            merged.append(token)
    return merged
