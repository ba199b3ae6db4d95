"""How far results of single operations may be off: by what operands are, and by roundings of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import Primitive
from .instructions import CBRT, COPYSIGN, LARGEST, NORMAL, SMALLEST
from .tape import DETACH, INDEX, TAKE, Comparison
from .vector_functions import BOUNDS

UNIT = 2.0**-53
"""What a rounding of Python adds at most, relative to its result."""
LEAST = 2.0**-1074
"""What a product that is too small for its digits adds at most."""


class Precision:
    """What numbers of a kind are off by when machine code and Python compute the same in their own ways.

    dtype: the kind of machine code's numbers.
    """

    def __init__(self, dtype: str) -> None:
        kind = np.finfo(dtype)
        self.single = dtype == "float32"
        self.unit, self.largest = float(kind.epsneg), float(kind.max)
        self.both = self.unit + UNIT
        """What one rounding on either side adds at most, relative to its result."""
        self.least = float(kind.smallest_subnormal) + LEAST

    def operation(self, kind: Any, xs: list[float], errors: list[float]) -> tuple[float, float]:
        """Return the value and the error of an operation."""
        out = float(kind(*xs))
        name = kind.name if isinstance(kind, Primitive) else ""
        if name == "fsum":  # machine code compensates: two roundings, and none in between
            left = (len(xs) * self.unit) ** 2 * sum(map(abs, xs))
            return out, sum(errors) + 2.0 * self.both * abs(out) + left
        # One of C or of a vector, which machine code takes for some numbers and not for others.
        apart = name in BOUNDS and math.isfinite(out)
        of_function = (BOUNDS[name] + 1.0) * math.ulp(out) if apart else 0.0
        keeps = kind in _KEEPING or isinstance(kind, Comparison) or name in _NOT_ROUNDED
        certain = not any(errors)  # nan counts as one
        if certain and (keeps or not self.single):
            return out, of_function
        if kind is INDEX:
            return out, 0.0
        if kind is TAKE:
            return out, errors[1 + int(xs[0])]
        if name == "where" and not errors[0]:
            return out, errors[1] if xs[0] != 0.0 else errors[2]
        if any(map(math.isnan, errors)):
            return out, math.nan
        if kind in (DETACH, NORMAL) or name == "abs":
            return out, errors[0]
        if kind in (LARGEST, SMALLEST) or name in ("maximum", "minimum"):
            return out, max(errors)
        if isinstance(kind, Comparison):
            return out, float(abs(xs[0] - xs[1]) <= errors[0] + errors[1])
        if kind is COPYSIGN:
            return out, errors[0] + (2.0 * abs(xs[0]) if abs(xs[1]) <= errors[1] else 0.0)
        if name == "where":
            chosen, other = (1, 2) if xs[0] != 0.0 else (2, 1)
            return out, max(errors[chosen], abs(xs[1] - xs[2]) + errors[other])
        if name in ("floor", "ceil", "trunc", "round"):
            return out, kind(xs[0] + errors[0]) - kind(xs[0] - errors[0])
        moved = 0.0 if certain else _moved(kind, name, xs, errors, out)
        error = moved + max(_ULPS * abs(out), of_function)
        if self.single:
            error += self.both * abs(out) + self.least
        return out, math.inf if abs(out) + error > self.largest else error


_KEEPING = frozenset([DETACH, COPYSIGN, NORMAL, LARGEST, SMALLEST, INDEX, TAKE])
_NOT_ROUNDED = frozenset(["abs", "where", "floor", "ceil", "trunc", "round", "maximum", "minimum"])
"""Kinds and rows whose results are operands, or whole numbers."""


_ULPS = 4.0 * UNIT
"""What two results of one function of C, for arguments that differ, are off by themselves: an ulp each."""


def _moved(kind: Any, name: str, xs: Sequence[float], errors: Sequence[float], out: float) -> float:
    """Return how far a function moves when its operands do."""
    if name == "div":
        least = abs(xs[1]) - errors[1]
        return (errors[0] + (abs(out) * errors[1] if errors[1] else 0.0)) / least if least > 0.0 else math.inf
    if kind is CBRT:
        return min(errors[0] / (3.0 * out * out) if out else math.inf, 2.0 * math.cbrt(errors[0]))
    _, partials = kind.linearize(*xs)
    moved: float = sum(abs(partial) * error for partial, error in zip(partials, errors, strict=True) if error)
    return min(moved, math.sqrt(errors[0])) if name == "sqrt" else moved
