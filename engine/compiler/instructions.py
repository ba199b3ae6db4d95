"""What machine code computes by itself: the rows that others are taken apart into, and a few more."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import BuiltinFunctionType

from ..ieee import TINY
from ..primitive import TABLE, Primitive
from .tape import DETACH, Comparison, Kind


class Instruction:
    """A kind of entry that machine code computes by itself and that is no row of the table."""

    def __init__(self, name: str, evaluate: Callable[..., float]) -> None:
        self.name, self.evaluate = name, evaluate

    def __call__(self, *numbers: float) -> float:
        return self.evaluate(*numbers)

    def __repr__(self) -> str:
        return f"<instruction {self.name}>"


def _normal(x: float, y: float) -> float:
    return x if all(z == 0.0 or TINY <= abs(z) < math.inf for z in (x, y)) else math.nan


NORMAL = Instruction("normal", _normal)
"""Its first operand, but nan where one of the two is tiny, though not 0, or infinite."""
LARGEST = Instruction("largest", lambda *xs: functools.reduce(TABLE["maximum"], xs))
SMALLEST = Instruction("smallest", lambda *xs: functools.reduce(TABLE["minimum"], xs))
"""What a chain of maxima, or of minima, is in one step."""
COPYSIGN = Instruction("copysign", math.copysign)
CBRT = Instruction("cbrt", math.cbrt)

SUMS = frozenset(["add", "sub", "neg", "mul", "total", "dot", "square"])
"""Rows that are sums of products: their entries become terms, and terms of terms."""

BY_NAME = frozenset(["floor", "ceil", "trunc", "round", "where", "fsum", "maximum", "minimum"])
"""Rows that machine code has an instruction for, although `evaluate` is more than a function of C."""

INTRINSICS = {"abs": "fabs", "round": "rint"} | {name: name for name in ("floor", "ceil", "trunc", "sqrt")}
"""Rows that LLVM has a function for, and what it calls that."""
C_FUNCTIONS = frozenset(
    [
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "atan2",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "acosh",
        "atanh",
        "pow",
        "erf",
        "erfc",
    ]
)
"""Functions of Python's `math` that are those of C under the same name."""


def is_computed(kind: object) -> bool:
    """Return whether machine code makes this of its operands alone, without Python and without an address."""
    if not isinstance(kind, Primitive):
        return kind is DETACH or isinstance(kind, Instruction | Comparison)
    if kind.name in INTRINSICS or kind.name in ("where", "div", "maximum", "minimum"):
        return True
    return getattr(kind.evaluate, "__name__", "") in C_FUNCTIONS


def is_native_exactly(kind: Kind | Instruction) -> bool:
    """Return whether machine code computes this kind of entry to the same last bit as Python.

    It leaves to Python what would be computed by other rows, or with another rounding.
    """
    if isinstance(kind, Primitive) and (kind.lower is not None or kind.name == "fsum"):
        return True
    return is_native(kind)


def is_native(kind: Kind | Instruction) -> bool:
    """Return whether machine code computes this kind of entry by itself."""
    if not isinstance(kind, Primitive):
        return True
    if kind.name in SUMS - {"square"} or kind.name in BY_NAME:
        return TABLE.get(kind.name) is kind
    function = kind.evaluate
    return isinstance(function, BuiltinFunctionType) and function.__module__ in ("math", "_operator")
