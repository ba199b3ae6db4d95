"""How derivatives, operations and numbers are written in explanations: as text, and as LaTeX for papers."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from typing import Protocol

from ..names import differential, own_name
from ..value import Constant, Value
from ..words import number
from .formulas import Part, in_formula

SHOWN_OPERANDS = 6
"""Operands of one operation beyond which the rest is an ellipsis."""


class Naming(Protocol):
    """What values are called; `Names` of the engine, say."""

    def __getitem__(self, value: Value) -> str: ...


def derivative(node: Value, place: int, names: Naming) -> str:
    """Return the name of d node / d operand: `dL/dw`, with `[2]` for the second use of one operand."""
    operand = node.operands[place]
    return ratio(names[node], names[operand]) + _which(node, place)


def ratio(top: str, bottom: str) -> str:
    """Return the name of a derivative.

    >>> ratio("L", "w1"), ratio("L", "hidden 1")
    ('dL/dw1', 'dL/d(hidden 1)')
    """
    return f"{differential(top)}/{differential(bottom)}"


def _which(node: Value, place: int) -> str:
    operands = node.operands
    if len(operands) > 100:  # not worth the search
        return ""
    same = [i for i, operand in enumerate(operands) if operand is operands[place]]
    return f"[{same.index(place) + 1}]" if len(same) > 1 else ""


def namer(node: Value, names: Naming) -> Callable[[int], str]:
    """Return what calls the operands of `node` by their places; -1 is the node itself."""
    return lambda place: names[node if place < 0 else node.operands[place]]


def shown(value: Value, names: Naming) -> str:
    """Return a value's name and number, of a constant without a name the number alone."""
    digits = number(float(value.data))
    return digits if plain_number(value) else f"{names[value]} = {digits}"


def plain_number(value: Value) -> bool:
    """Return whether `value` is a number that nobody gave a name."""
    return isinstance(value, Constant) and not own_name(value)


def operation(node: Value, names: Naming) -> str:
    """Return how `node` was made: `w × x`, `tanh(z)`; nothing for a leaf."""
    return _operation(node, lambda value: number(value.data) if plain_number(value) else names[value])


def _operation(node: Value, name: Callable[[Value], str]) -> str:
    row = node.primitive
    if row is None:
        return ""
    operands = [name(operand) for operand in node.operands[:SHOWN_OPERANDS]]
    beside = [
        f"({text})" if text.startswith("−") else text if plain_number(operand) else in_formula(text)
        for operand, text in zip(node.operands, operands, strict=False)
    ]
    if row.dunder and len(operands) == 2:
        return f"{beside[0]} {row.symbol} {beside[1]}"
    if "( )" in row.symbol and len(operands) == 1:  # the sign shows where the operand goes
        return row.symbol.replace("( )", beside[0])
    more = ["…"] if len(node.operands) > SHOWN_OPERANDS else []
    return f"{row.name}({', '.join(operands + more)})"


# -- LaTeX --------------------------------------------------------------------------------------------

_ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "dot"}
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_IN_MATH = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\wedge ", "~": r"\sim ", "−": "-", "·": r"\cdot ", "×": r"\times ", "÷": r"\div ",
    "→": r"\to ", "←": r"\leftarrow ", "…": r"\ldots ", "↵": r"\hookleftarrow ", "²": "^{2}", "³": "^{3}",
    "Σ": r"\Sigma ", "√": r"\surd ", "\ufffd": "?", "<": "<", ">": ">", "|": "|",
}  # fmt: skip
"""Characters that LaTeX takes for something else, or that its text fonts lack."""


def latex_text(text: str) -> str:
    r"""Return any text on one line, for use in a formula; nothing in it is a command.

    >>> print(latex_text("50 % of $x"))
    \text{50 }\%\text{ of }\$\text{x}
    """
    parts: list[str] = []
    run = ""
    for character in text:
        escaped = _IN_MATH.get(character) or _greek(character)
        if escaped is None:
            run += character
            continue
        if run:
            parts.append(rf"\text{{{run}}}")
            run = ""
        parts.append(f"{{{escaped}}}" if escaped.startswith("^") else escaped)
    if run:
        parts.append(rf"\text{{{run}}}")
    return "".join(parts)


def latex_name(name: str) -> str:
    r"""Return a value's name: letters with an index or an accent as mathematics, anything else as text.

    >>> print(latex_name("w1"), latex_name("ŷ"), latex_name("δ₂"), latex_name("loss"))
    w_{1} \hat{y} \delta_{2} \text{loss}
    """
    base = unicodedata.normalize("NFD", name.translate(_SUBSCRIPTS))
    letter, rest = base[:1], base[1:]
    accent = _ACCENTS.get(rest[:1], "")
    index = rest[1:] if accent else rest
    symbol = (_greek(letter) or "").strip() or (letter if letter.isascii() and letter.isalpha() else "")
    if not symbol or not (index == "" or (index.isascii() and index.isdigit())):
        return latex_text(name)
    symbol = rf"\{accent}{{{symbol}}}" if accent else symbol
    return f"{symbol}_{{{index}}}" if index else symbol


def _greek(character: str) -> str | None:
    words = unicodedata.name(character, "").split()
    if words[:3:2] != ["GREEK", "LETTER"] or len(words) != 4 or words[3] == "OMICRON":
        return None
    letter = {"LAMDA": "LAMBDA"}.get(words[3], words[3]).lower()
    if words[1] == "SMALL":
        return rf"\{letter} " if letter != "final" else None
    capitals = ("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega")
    return rf"\{letter.capitalize()} " if letter in capitals else None


def latex_number(x: float) -> str:
    r"""Return a number as messages show it, in LaTeX.

    >>> print(latex_number(-0.5), latex_number(2.5e-7), latex_number(float("inf")))
    -0.5 2.5 \cdot 10^{-7} \infty
    """
    if math.isnan(x):
        return r"\text{NaN}"
    if math.isinf(x):
        return r"\infty" if x > 0.0 else r"-\infty"
    mantissa, _, exponent = number(x).replace("−", "-").partition("e")
    return rf"{mantissa} \cdot 10^{{{exponent}}}" if exponent else mantissa


def latex_factor(x: float) -> str:
    """Return a number as a factor or term after the first: in brackets where it is negative."""
    digits = latex_number(x)
    return rf"\left({digits}\right)" if digits.startswith("-") or "cdot" in digits else digits


def latex_derivative(node: Value, place: int, names: Naming) -> str:
    """Return d node / d operand as a fraction."""
    which = _which(node, place)
    power = rf"^{{{which}}}" if which else ""
    return latex_ratio(names[node], names[node.operands[place]]) + power


def latex_ratio(top: str, bottom: str) -> str:
    """Return a derivative as a fraction."""
    return rf"\frac{{\partial {latex_name(top)}}}{{\partial {latex_name(bottom)}}}"


def latex_operation(node: Value, names: Naming) -> str:
    """Return how `node` was made."""
    row = node.primitive
    if row is None:
        return ""
    operands = [
        latex_number(operand.data) if plain_number(operand) else latex_name(names[operand])
        for operand in node.operands[:SHOWN_OPERANDS]
    ]
    if len(node.operands) == 2 and row.name in _LATEX_OPERATORS:
        return _LATEX_OPERATORS[row.name](*[_grouped(operand) for operand in operands])
    more = [r"\ldots"] if len(node.operands) > SHOWN_OPERANDS else []
    return rf"\operatorname{{{_letters(row.name)}}}\left({', '.join(operands + more)}\right)"


def _letters(name: str) -> str:
    return name.replace("_", r"\_") if name.isascii() else "".join(c if c.isascii() else "?" for c in name)


def _grouped(operand: str) -> str:
    return rf"\left({operand}\right)" if operand.startswith("-") else f"{{{operand}}}"


_LATEX_OPERATORS: dict[str, Callable[[str, str], str]] = {
    "add": lambda x, y: f"{x} + {y}",
    "sub": lambda x, y: f"{x} - {y}",
    "mul": lambda x, y: rf"{x} \cdot {y}",
    "div": lambda x, y: rf"\frac{{{x}}}{{{y}}}",
    "pow": lambda x, y: f"{x}^{{{y}}}",
}


def latex_formula(part: Part, names: Callable[[int], str]) -> str:
    """Return the formula of a local derivative. It is a few symbols deep at most: this may recurse."""
    return _latex(part, names)[0]


def _latex(part: Part, names: Callable[[int], str]) -> tuple[str, int]:
    kind = part[0]
    if kind == "number":
        return latex_number(part[1]), 4 if part[1] >= 0.0 else 2
    if kind in ("operand", "out"):
        name = latex_name(names(part[1] if kind == "operand" else -1))
        return f"{{{name}}}", 4
    inner = [_latex(one, names) for one in part[2 if kind == "call" else 1 :]]
    if kind == "call":
        inside = ", ".join([text for text, _ in inner])
        return rf"\operatorname{{{_letters(part[1])}}}\left({inside}\right)", 4
    if kind == "neg":
        return f"-{_within(inner[0], 2)}", 2
    if kind == "**":
        return f"{_within(inner[0], 4)}^{{{inner[1][0]}}}", 3
    if kind == "/":
        return rf"\frac{{{inner[0][0]}}}{{{inner[1][0]}}}", 3
    if kind == "*":
        return rf"{_within(inner[0], 2)} \cdot {_within(inner[1], 2)}", 2
    return f"{_within(inner[0], 1)} {kind} {_within(inner[1], 1 if kind == '+' else 2)}", 1


def _within(inner: tuple[str, int], least: int) -> str:
    text, precedence = inner
    return text if precedence >= least else rf"\left({text}\right)"
