"""The bell curve and what lies below it, to the last digits."""

import math
from typing import Any

from .exponentials import exp
from .rounding import trunc

TWO_OVER_ROOT_PI = 1.1283791670955126
ONE_OVER_ROOT_2PI = 0.3989422804014327
ROOT_HALF, ROOT_HALF_REST = 0.7071067811865476, -4.833646656726457e-17  # sqrt(1/2), in two parts


def gauss(x: Any, k: float, factor: Any) -> Any:
    """Return factor * e ** (-k * x * x), for k of 1 or 1/2.

    The rounding of x * x alone would cost x * x ulp. So x is taken apart: the square of its first digits
    is exact, and what is missing is small.
    """
    if k * x * x > 800.0:  # even a factor of some hundreds leaves nothing of it
        return 0.0
    first = trunc(x * 4096.0) * (1.0 / 4096.0)
    scaled = factor * exp(k * ((first - x) * (first + x)))
    if k * x * x < 650.0:
        return scaled * exp(-k * first * first)
    root = exp(-0.5 * k * first * first)  # underflow then happens once, in the last product
    return scaled * root * root


def _product_error(x: float, y: float, product: float) -> float:
    """Return x * y - product, exactly, for product = x * y (T. J. Dekker, 1971)."""
    x_high, y_high = 134217729.0 * x, 134217729.0 * y
    x_high, y_high = x_high - (x_high - x), y_high - (y_high - y)
    x_low, y_low = x - x_high, y - y_high
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def normal_tail(x: float) -> float:
    """Return the probability that a standard normal number is below x, with all digits in the tail too."""
    z = -x * ROOT_HALF
    if not -40.0 < x < 40.0:
        return math.erfc(z)
    # erfc makes the rounding of z an error of x * x ulp: it is taken out again, to first order.
    rest = _product_error(-x, ROOT_HALF, z) - x * ROOT_HALF_REST
    return 0.5 * (math.erfc(z) - TWO_OVER_ROOT_PI * math.exp(-z * z) * rest)
