"""What machine code computes by itself: the rows that others are taken apart into, and a few more."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import BuiltinFunctionType

from ..ieee import TINY
from ..primitive import TABLE, Primitive
from .tape import Kind


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
