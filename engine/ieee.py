"""Floats whose arithmetic never raises: IEEE 754 for the formulas of the table.

Python raises for `1.0 / 0.0` and `math.exp(1000.0)` where IEEE arithmetic, NumPy and machine code give
inf. The engine runs a row's formulas on plain floats, and only when those raise, once more on the
floats of this module. The fast path then pays nothing, and each formula stands in one place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import copysign, inf, isnan, nan

TINY = 2.0**-960
"""Below this, something computed from a result may have lost digits to its underflow."""


class Ieee(float):
    """A float whose operators give inf and nan, and Ieee floats, as NumPy's do."""

    __slots__ = ()

    def __add__(self, other: float) -> Ieee:
        return _kept(float.__add__(self, other))

    def __sub__(self, other: float) -> Ieee:
        return _kept(float.__sub__(self, other))

    def __rsub__(self, other: float) -> Ieee:
        return _kept(float.__rsub__(self, other))

    def __mul__(self, other: float) -> Ieee:
        return _kept(float.__mul__(self, other))

    def __neg__(self) -> Ieee:
        return Ieee(-float(self))

    def __truediv__(self, other: float) -> Ieee:
        return _computed(divide, self, other)

    def __rtruediv__(self, other: float) -> Ieee:
        return _computed(divide, other, self)

    def __mod__(self, other: float) -> Ieee:
        return _computed(remainder, self, other)

    def __rmod__(self, other: float) -> Ieee:
        return _computed(remainder, other, self)

    def __floordiv__(self, other: float) -> Ieee:
        return _computed(quotient, self, other)

    def __rfloordiv__(self, other: float) -> Ieee:
        return _computed(quotient, other, self)

    def __pow__(self, other: float, modulo: None = None) -> Ieee:
        return _computed(power, self, other)

    def __rpow__(self, other: float, modulo: None = None) -> Ieee:
        return _computed(power, other, self)

    __radd__ = __add__
    __rmul__ = __mul__


def _kept(result: float) -> Ieee:
    """Return a result of Python's as one of these; what is none is for the other operand to compute."""
    return result if result is NotImplemented else Ieee(result)


def _computed(operation: Callable[[float, float], float], x: float, y: float) -> Ieee:
    """Return the result of an operation; of what is no number it is for the other operand to compute."""
    if isinstance(x, float | int) and isinstance(y, float | int):
        return Ieee(operation(float(x), float(y)))
    return NotImplemented


class Fixed(Ieee):
    """An operand that nobody differentiates by: formulas may leave the partial by it out."""

    __slots__ = ()


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


def quotient(x: float, y: float) -> float:
    """Return x // y, the floor of the quotient, as `divide` where y = 0.

    >>> quotient(-7.0, 2.0), quotient(1.0, 0.0)
    (-4.0, inf)
    """
    return x // y if y != 0.0 else divide(x, y)


def remainder(x: float, y: float) -> float:
    """Return x % y, which has the sign of y; nan where y = 0.

    >>> remainder(-7.0, 2.0), remainder(1.0, 0.0)
    (1.0, nan)
    """
    return x % y if y != 0.0 else nan


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


def left_to_right(xs: Sequence[float]) -> float:
    """Return the sum of `xs`, rounded after each term."""
    # Not the builtin sum: from Python 3.12 on it compensates, and the same program would give
    # different last digits under different Pythons.
    out = 0.0
    for x in xs:
        out += x
    return out


def rounded_once(xs: Sequence[float]) -> float:
    """Return the sum of `xs` as if computed exactly; where a part of it overflows, as `left_to_right`."""
    try:
        return math.fsum(xs)
    except (OverflowError, ValueError):  # ValueError: inf and -inf are among them
        return left_to_right(xs)


def unlimited(*operands: float) -> float:
    """Return inf: what IEEE arithmetic gives for a result too large for a float, and for poles."""
    return inf


def signed_infinity(x: float) -> float:
    """Return inf with the sign of x."""
    return copysign(inf, x)


def itself(x: float) -> float:
    """Return x: what rounding to whole numbers gives for inf and nan."""
    return x


def not_a_number(*operands: float) -> float:
    """Return nan: what IEEE arithmetic gives outside a function's domain."""
    return nan
