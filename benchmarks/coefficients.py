"""The polynomials of the compiler's vector functions: `python benchmarks/coefficients.py` prints their table.

Each is the polynomial of its degree whose largest error on an interval is least, found by Remez' exchange
(E. Y. Remez, 1934) in mpmath with 80 digits, then rounded to floats. The constants that multiples are taken
of are cut so that these are exact. Output is the file engine/compiler/coefficients.py; a test compares.

    pip install mpmath
    python benchmarks/coefficients.py > engine/compiler/coefficients.py
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mpf

DIGITS = 80
Real = Any
"""A number of mpmath."""


@dataclass(frozen=True)
class Wanted:
    """A polynomial to be found: of `function`, on the interval, with so many coefficients.

    says: what it is, for the table.  weight: what its error is multiplied by in the result that it is for.
    """

    name: str
    says: str
    function: Callable[[Real], Real]
    low: Callable[[], Real]
    high: Callable[[], Real]
    count: int
    weight: Callable[[Real], Real]


def _near_zero(function: Callable[[Real], Real]) -> Callable[[Real], Real]:
    """Return a function whose formula divides 0 by 0 at 0, with its limit there."""
    return lambda z: function(z if z else mpf(10) ** -20)


WANTED = (
    Wanted(
        "EXP",
        "(e**r - 1 - r) / r**2 for |r| up to half of log(2)",
        _near_zero(lambda r: (mpmath.expm1(r) - r) / r**2),
        lambda: -mpmath.log(2) / 2,
        lambda: mpmath.log(2) / 2,
        11,
        lambda r: r**2 / mpmath.exp(r),
    ),
    Wanted(
        "EXP_SIXTEENTH",
        "(e**r - 1 - r) / r**2 for |r| up to a 32nd of log(2)",
        _near_zero(lambda r: (mpmath.expm1(r) - r) / r**2),
        lambda: -mpmath.log(2) / 32,
        lambda: mpmath.log(2) / 32,
        6,
        lambda r: r**2 / mpmath.exp(r),
    ),
    Wanted(
        "LOG",
        "(2 artanh(s) - 2 s) / s**3 by z = s**2, for s = (m - 1) / (m + 1) and m from sqrt(1/2) to sqrt(2)",
        _near_zero(lambda z: (2 * mpmath.atanh(mpmath.sqrt(z)) / mpmath.sqrt(z) - 2) / z),
        lambda: mpf(0),
        lambda: (3 - 2 * mpmath.sqrt(2)) ** 2,
        7,
        lambda z: z / 2,
    ),
    Wanted(
        "TANH",
        "(tanh(x) / x - 1) / x**2 by z = x**2, for |x| up to 5/8",
        _near_zero(lambda z: (mpmath.tanh(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z),
        lambda: mpf(0),
        lambda: mpf(25) / 64,
        12,
        lambda z: z,
    ),
    Wanted(
        "SIN",
        "(sin(x) / x - 1) / x**2 by z = x**2, for |x| up to a quarter of pi",
        _near_zero(lambda z: (mpmath.sin(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z),
        lambda: mpf(0),
        lambda: (mpmath.pi / 4) ** 2,
        6,
        lambda z: z,
    ),
    Wanted(
        "COS",
        "(cos(x) - 1 + x**2 / 2) / x**4 by z = x**2, for |x| up to a quarter of pi",
        _near_zero(lambda z: (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z**2),
        lambda: mpf(0),
        lambda: (mpmath.pi / 4) ** 2,
        6,
        lambda z: z**2,
    ),
)


def minimax(wanted: Wanted) -> list[Real]:
    """Return the coefficients, of z**0 first, of the polynomial whose largest error is least."""
    low, high, n = wanted.low(), wanted.high(), wanted.count
    middle, half = (low + high) / 2, (high - low) / 2
    points = [middle - half * mpmath.cos(mpmath.pi * k / n) for k in range(n + 1)]
    for _ in range(30):
        rows = [[x**j for j in range(n)] + [mpf((-1) ** k)] for k, x in enumerate(points)]
        solved = mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix([wanted.function(x) for x in points]))
        coefficients, level = list(solved)[:n], abs(solved[n])

        def error(x: Real, coefficients: Sequence[Real] = coefficients) -> Real:
            return wanted.function(x) - _polynomial(coefficients, x)

        points = _extrema(error, low, high, n + 1)
        largest = max(abs(error(x)) for x in points)
        if largest <= level * (1 + mpf(10) ** -6):
            return coefficients
    raise ArithmeticError(f"{wanted.name}: the exchange has not come to rest after 30 rounds")


def _extrema(error: Callable[[Real], Real], low: Real, high: Real, count: int) -> list[Real]:
    """Return where the error is largest in size, once between any two of its changes of sign."""
    grid = [(low + high) / 2 - (high - low) / 2 * mpmath.cos(mpmath.pi * k / 400) for k in range(401)]
    values = [error(x) for x in grid]
    best: list[int] = []
    for k, value in enumerate(values):
        if best and values[best[-1]] * value > 0:
            if abs(value) > abs(values[best[-1]]):
                best[-1] = k
        else:
            best.append(k)
    if len(best) != count:
        raise ArithmeticError(f"the error changes its sign {len(best) - 1} times, not {count - 1} times")
    return [_peak(error, grid, values, k) for k in best]


def _peak(error: Callable[[Real], Real], grid: list[Real], values: list[Real], k: int) -> Real:
    """Return the top of the parabola through a point of the grid and its neighbours."""
    if k in (0, len(grid) - 1):
        return grid[k]
    a, b, c = grid[k - 1 : k + 2]
    u, v, w = values[k - 1 : k + 2]
    bent = (w - v) / (c - b) - (v - u) / (b - a)
    return (a + b) / 2 - (v - u) / (b - a) * (c - a) / 2 / bent


def _polynomial(coefficients: Sequence[Real], x: Real) -> Real:
    """Return the polynomial with these coefficients, of x**0 first: mpmath has turned its order round."""
    value = mpf(0)
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value


def error_in_result(wanted: Wanted, floats: Sequence[float]) -> Real:
    """Return the largest error that the rounded polynomial leaves in the result, in 2**-53 of it."""
    low, high = wanted.low(), wanted.high()
    worst = mpf(0)
    for k in range(1001):
        x = low + (high - low) * k / 1000
        value = _polynomial([mpf(c) for c in floats], x)
        worst = max(worst, abs(wanted.function(x) - value) * wanted.weight(x))
    return worst * mpf(2) ** 53


def cut(number: Real, bits: int) -> tuple[float, Real]:
    """Return the first bits of a number as a float, and the rest."""
    scale = mpf(2) ** (bits - 1 - int(mpmath.floor(mpmath.log(number, 2))))
    first = float(mpmath.floor(number * scale) / scale)
    return first, number - mpf(first)


def table() -> str:
    """Return the module engine/compiler/coefficients.py."""
    with mpmath.workdps(DIGITS):
        lines = [
            '"""Numbers that vector functions are made of: benchmarks/coefficients.py prints this file."""',
            "",
        ]
        log_2, half_pi = mpmath.log(2), mpmath.pi / 2
        high, low = cut(log_2, 32)
        lines += ["# log(2) in two parts: up to 2**21 times the first is exact"]
        lines += [f"LN2_HIGH, LN2_LOW = {high!r}, {float(low)!r}"]
        lines += [f"LN2 = {float(log_2)!r}"]
        lines += [f"LOG2_E = {float(1 / log_2)!r}"]
        lines += ["# 2**(k / 16)", "SIXTEENTHS = ("]
        lines += [f"    {float(mpf(2) ** (mpf(k) / 16))!r}," for k in range(16)]
        lines += [")"]
        first, rest = cut(half_pi, 36)
        second, rest = cut(rest, 36)
        lines += ["# pi / 2 in three parts: up to 2**17 times the first two are exact"]
        lines += [f"HALF_PI = ({first!r}, {second!r}, {float(rest)!r})"]
        lines += [f"TWO_OVER_PI = {float(1 / half_pi)!r}"]
        for wanted in WANTED:
            floats = [float(c) for c in minimax(wanted)]
            error = error_in_result(wanted, floats)
            lines += [
                f"# {wanted.says}:",
                f"# off by at most {float(error):.4f} * 2**-53 in the result",
                f"{wanted.name} = (",
                *[f"    {c!r}," for c in floats],
                ")",
            ]
        return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
