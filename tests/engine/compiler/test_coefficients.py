"""The numbers that vector functions are made of: polynomials as good as the function, constants right."""

import math
from fractions import Fraction
from typing import Any

import pytest

from chainrule.engine.compiler.coefficients import (
    COS,
    EXP,
    HALF_PI,
    LN2,
    LN2_HIGH,
    LN2_LOW,
    LOG,
    LOG2_E,
    SIN,
    TANH,
    TWO_OVER_PI,
)

mpmath = pytest.importorskip("mpmath")


def polynomial(coefficients: tuple[float, ...], x: Fraction) -> Fraction:
    return sum((Fraction(c) * x**k for k, c in enumerate(coefficients)), Fraction(0))


POLYNOMIALS: dict[str, Any] = {
    "exp": (EXP, 0.5 * LN2, lambda r: r, lambda r: (mpmath.exp(r) - 1 - r) / r**2, lambda r: r**2),
    "log": (
        LOG,
        0.1715,
        lambda s: s * s,
        lambda s: (2 * mpmath.atanh(s) - 2 * s) / s**3,
        lambda s: s**2 / 2,
    ),
    "sin": (SIN, math.pi / 4, lambda x: x * x, lambda x: (mpmath.sin(x) - x) / x**3, lambda x: x**2),
    "cos": (
        COS,
        math.pi / 4,
        lambda x: x * x,
        lambda x: (mpmath.cos(x) - 1 + x * x / 2) / x**4,
        lambda x: x**4,
    ),
    "tanh": (TANH, 0.625, lambda x: x * x, lambda x: (mpmath.tanh(x) - x) / x**3, lambda x: x**2),
}


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_a_polynomial_is_off_by_less_than_a_rounding_of_the_result(name: str) -> None:
    coefficients, end, variable, rest, weight = POLYNOMIALS[name]
    with mpmath.workdps(50):
        for k in range(1, 41):
            x = Fraction(end * k / 40)
            exact = rest(mpmath.mpf(x.numerator) / x.denominator)
            found = polynomial(coefficients, variable(x))
            off = abs(mpmath.mpf(found.numerator) / found.denominator - exact)
            assert off * float(weight(x)) < 0.5 * 2.0**-53


def test_parts_of_log_2_and_half_of_pi_add_up_to_more_digits_than_a_float_has() -> None:
    with mpmath.workdps(60):
        whole = mpmath.mpf(LN2_HIGH) + mpmath.mpf(LN2_LOW)
        assert abs(whole - mpmath.log(2)) < 2.0**-80
        assert abs(sum(map(mpmath.mpf, HALF_PI)) - mpmath.pi / 2) < 2.0**-110


def test_small_multiples_of_the_first_parts_are_exact() -> None:
    for k in (3, 1075, 2**20 - 1):
        assert Fraction(k * LN2_HIGH) == k * Fraction(LN2_HIGH)
    for k in (3, 2**16 - 1):
        assert Fraction(k * HALF_PI[0]) == k * Fraction(HALF_PI[0])
        assert Fraction(k * HALF_PI[1]) == k * Fraction(HALF_PI[1])


def test_the_other_constants_are_the_nearest_floats() -> None:
    assert (math.log(2.0), math.log2(math.e), 2.0 / math.pi) == (LN2, LOG2_E, TWO_OVER_PI)
