"""The logarithm of the gamma function and its derivatives, on floats.

Python's `math.lgamma` is off by all digits near its zeros at 1 and 2, and there is no other of them.
Sources: Abramowitz and Stegun (1964), sections 6.1, 6.3 and 6.4; the fraction for digamma between 1 and 2
is that of Boost's digamma.hpp (John Maddock, 2006).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import copysign, inf, nan, pi

from ..ieee import divide, power

ONE_LESS_EULER = 0.42278433509846713  # 1 - 0.5772...
LOG_PI, HALF_LOG_2PI = 1.1447298858494002, 0.9189385332046728

ZETAS = (
    0.3224670334241132, -0.0673523010531981, 0.020580808427784546, -0.007385551028673986,
    0.0028905103307415234, -0.001192753911703261, 0.0005096695247430425, -0.00022315475845357939,
    9.945751278180853e-05, -4.492623673813314e-05, 2.050721277567069e-05, -9.439488275268397e-06,
    4.374866789907488e-06, -2.039215753801366e-06, 9.55141213040742e-07, -4.492469198764566e-07,
    2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08, -2.2711094608943164e-08,
    1.0838659214896955e-08, -5.183475041970047e-09, 2.4836745438024785e-09, -1.1921401405860912e-09,
    5.731367241678862e-10, -2.7595228851242334e-10, 1.330476437424449e-10, -6.4229645638381e-11,
    3.1044247747322276e-11, -1.5021384080754142e-11, 7.275974480239079e-12, -3.527742476575915e-12,
    1.711991790559618e-12, -8.315385841420285e-13, 4.04220052528944e-13, -1.9664756310966165e-13,
)  # fmt: skip
"""(-1)**k (zeta(k) - 1) / k from k = 2 on: the Taylor coefficients of lgamma at 2."""

BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
    854513 / 138,
)  # fmt: skip
"""The Bernoulli numbers B2, B4, ..."""

ROOT, ROOT_REST = 1.4616321449683622, 9.549995429965697e-17  # where digamma is 0, in two parts
DIGAMMA_Y = 0.99558162689208984
DIGAMMA_P = (
    0.25479851061131551, -0.32555031186804491, -0.65031853770896507, -0.28919126444774784,
    -0.045251321448739056, -0.0020713321167745952,
)  # fmt: skip
DIGAMMA_Q = (
    1.0, 2.0767117023730469, 1.4606242909763515, 0.43593529692665969, 0.054151797245674225,
    0.0021284987017821144, -0.55789841321675513e-6,
)  # fmt: skip


def _polynomial(coefficients: Sequence[float], x: float) -> float:
    """Return c0 + c1 x + c2 x**2 + ..."""
    out = 0.0
    for coefficient in reversed(coefficients):
        out = out * x + coefficient
    return out


def log_gamma(x: float) -> float:
    """Return log |gamma(x)|: inf at 0, at negative whole numbers and at both infinities.

    >>> log_gamma(1.0), log_gamma(2.0), log_gamma(0.0), round(log_gamma(5.0), 12) == round(math.log(24.0), 12)
    (0.0, 0.0, inf, True)
    """
    if x >= 10.0:
        if x > 1e17:
            return x * (math.log(x) - 1.0)
        series = sum(
            [b / ((2 * k + 2) * (2 * k + 1) * x ** (2 * k + 1)) for k, b in enumerate(BERNOULLI[:8])]
        )
        return (x - 0.5) * (math.log(x) - 1.0) + (HALF_LOG_2PI - 0.5 + series)
    if x >= 2.5:
        product = 1.0
        while x >= 2.5:
            x -= 1.0
            product *= x
        return math.log(product) + log_gamma(x)
    if x >= 1.25:
        x -= 2.0
        return x * (ONE_LESS_EULER + x * _polynomial(ZETAS, x))
    if x >= 0.5:
        x -= 1.0
        return x * (ONE_LESS_EULER + x * _polynomial(ZETAS, x)) - math.log1p(x)
    if x == 0.0 or math.isinf(x):
        return inf
    if x > -0.5:
        return x * (ONE_LESS_EULER + x * _polynomial(ZETAS, x)) - math.log1p(x) - math.log(math.fabs(x))
    if x != x:
        return nan
    offset = x - round(x)
    if offset == 0.0:
        return inf
    return LOG_PI - math.log(math.fabs(math.sin(pi * offset) * x)) - log_gamma(-x)


def digamma_of(x: float) -> float:
    """Return the derivative of log |gamma|: nan at negative whole numbers, infinite at 0.

    >>> round(digamma_of(1.0), 12), digamma_of(0.0), digamma_of(-1.0)
    (-0.577215664902, -inf, nan)
    """
    if x >= 10.0:
        if x > 1e17:
            return math.log(x)
        series = sum([b / ((2 * k + 2) * x ** (2 * k + 2)) for k, b in enumerate(BERNOULLI[:9])])
        return math.log(x) - (0.5 / x + series)
    if x >= 1.0:
        terms = []
        while x > 2.0:
            x -= 1.0
            terms.append(1.0 / x)
        ratio = _polynomial(DIGAMMA_P, x - 1.0) / _polynomial(DIGAMMA_Q, x - 1.0)
        offset = x - ROOT - ROOT_REST
        return math.fsum([offset * DIGAMMA_Y, offset * ratio, *terms])
    if x == 0.0:
        return -copysign(inf, x)
    if x > -0.5:
        return digamma_of(2.0 + x) - 1.0 / (1.0 + x) - 1.0 / x
    offset = x - round(x) if x > -inf else nan
    if offset == 0.0 or offset != offset:
        return nan
    return digamma_of(1.0 - x) - pi * _cotangent(offset)


def _cotangent(x: float) -> float:
    """Return the cotangent of pi * x for x between -1/2 and 1/2, both of which give 0."""
    if -0.25 < x < 0.25:
        return 1.0 / math.tan(pi * x)
    return copysign(math.tan(pi * (0.5 - math.fabs(x))), x)


def polygamma_of(n: float, x: float) -> float:
    """Return the n-th derivative of digamma at x, for n rounded to a whole number from 0 to 170; else nan.

    >>> round(polygamma_of(1.0, 1.0), 12), round(polygamma_of(2.0, 1.0), 12)
    (1.644934066848, -2.404113806319)
    """
    if not -0.5 <= n <= 170.5 or x != x:
        return nan
    order = round(n)
    if order == 0:
        return digamma_of(x)
    sign = 1.0 if order % 2 else -1.0
    if x > -0.5:
        return sign * _zeta_sum(order, x)
    offset = x - round(x) if x > -inf else nan
    if offset == 0.0 or offset != offset:
        return inf if order % 2 and x > -inf else nan
    # Reflection: the derivatives of -pi / tan(pi x), by their polynomials in the cotangent c, of which
    # each is the derivative of the one before times -(1 + c * c).
    c = _cotangent(offset)
    polynomial = [0.0, 1.0]
    for _ in range(order):
        slope = [k * coefficient for k, coefficient in enumerate(polynomial)][1:]
        polynomial = [-(a + b) for a, b in zip([*slope, 0.0, 0.0], [0.0, 0.0, *slope], strict=True)]
    reflected = math.pow(pi, order + 1) * _polynomial(polynomial, c)
    return -_zeta_sum(order, 1.0 - x) - reflected


def _zeta_sum(order: int, x: float) -> float:
    """Return order! times the sum of 1 / (x + k)**(order + 1) over k = 0, 1, 2, ..., for x > -1/2."""
    if x == inf:
        return 0.0
    factorial = float(math.factorial(order))
    terms = []
    while x < 12.0 + order:
        terms.append(_over_power(factorial, x, order + 1))
        x += 1.0
    coefficient, series = 1.0, [1.0, 0.5 * order / x]
    for k, bernoulli in enumerate(BERNOULLI):
        coefficient *= (order + 2 * k) * (order + 2 * k + 1) / ((2 * k + 1) * (2 * k + 2)) / x / x
        series.append(bernoulli * coefficient)
    rest = math.fsum(series) * _over_power(factorial / order, x, order)
    return rest if not terms else terms[0] if math.isinf(terms[0]) else math.fsum([*terms, rest])


def _over_power(numerator: float, x: float, n: int) -> float:
    """Return numerator / x**n, where the power alone may overflow or underflow."""
    return divide(divide(numerator, power(x, float(n // 2))), power(x, float(n - n // 2)))
