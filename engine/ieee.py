"""Floats whose arithmetic never raises: IEEE 754 for the formulas of the table.

Python raises for `1.0 / 0.0` and `math.exp(1000.0)` where IEEE arithmetic, NumPy and machine code give
inf. The engine runs a row's formulas on plain floats, and only when those raise, once more on the
floats of this module. The fast path then pays nothing, and each formula stands in one place.
"""

from __future__ import annotations

import math
from math import copysign, inf, isnan, nan


class Ieee(float):
    """A float whose operators give inf and nan, and Ieee floats, as NumPy's do."""

    __slots__ = ()

    def __add__(self, other: float) -> Ieee:
        return Ieee(float(self) + other)

    def __sub__(self, other: float) -> Ieee:
        return Ieee(float(self) - other)

    def __rsub__(self, other: float) -> Ieee:
        return Ieee(other - float(self))

    def __mul__(self, other: float) -> Ieee:
        return Ieee(float(self) * other)

    def __neg__(self) -> Ieee:
        return Ieee(-float(self))

    def __truediv__(self, other: float) -> Ieee:
        return Ieee(divide(float(self), float(other)))

    def __rtruediv__(self, other: float) -> Ieee:
        return Ieee(divide(other, float(self)))

    def __pow__(self, other: float, modulo: None = None) -> Ieee:
        return Ieee(power(float(self), float(other)))

    def __rpow__(self, other: float, modulo: None = None) -> Ieee:
        return Ieee(power(other, float(self)))

    __radd__ = __add__
    __rmul__ = __mul__


def divide(x: float, y: float) -> float:
    """Return x / y, with signed infinities for y = 0 and nan for 0 / 0.

    >>> divide(1.0, 0.0), divide(1.0, -0.0), divide(0.0, 0.0)
    (inf, -inf, nan)
    """
    if y != 0.0:
        return x / y
    if x == 0.0 or isnan(x):
        return nan
    return copysign(inf, x) * copysign(1.0, y)


def power(x: float, y: float) -> float:
    """Return x ** y as IEEE 754 and C's pow define it: no complex numbers, no exceptions.

    >>> power(0.0, -1.0), power(-2.0, 0.5), power(10.0, 400.0), power(-10.0, 401.0)
    (inf, nan, inf, -inf)
    """
    try:
        return math.pow(x, y)
    except ValueError:  # a negative base with a fractional exponent, or zero with a negative one
        if x != 0.0:
            return nan
    except OverflowError:
        pass
    return copysign(inf, x) if y % 2.0 == 1.0 else inf


def exponential(x: float) -> float:
    """Return e ** x, inf where it is too large for a float.

    >>> exponential(1000.0)
    inf
    """
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def logarithm(x: float) -> float:
    """Return the natural logarithm of x: -inf at zero, nan below it.

    >>> logarithm(0.0), logarithm(-1.0)
    (-inf, nan)
    """
    if x == 0.0:
        return -inf
    return math.log(x) if x > 0.0 else nan


def not_a_number(*operands: float) -> float:
    """Return nan: what IEEE arithmetic gives outside a function's domain."""
    return nan
