"""Slopes from values alone: differences, and the complex step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple


class Slope(NamedTuple):
    """An estimate of a derivative, and how far it may be off."""

    value: float
    error: float


def slope(f: Callable[[float], float], x: float) -> Slope:
    """Return the derivative of f at x by central differences, extrapolated to a step of zero.

    Begins with a step of a tenth of x and tries smaller ones, down to a millionth of that, until an estimate
    is sure to ten digits; the surest comes back, with an error of inf where f is not finite anywhere near.

    >>> estimate = slope(math.sin, 1.0)
    >>> abs(estimate.value - math.cos(1.0)) < 1e-11
    True
    """
    best = Slope(math.nan, math.inf)
    for smaller in (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-6):
        estimate = extrapolated(f, x, smaller * (0.1 * abs(x) or 0.1))
        if estimate.error < best.error:
            best = estimate
        if best.error <= 1e-10 * abs(best.value):
            break
    return best


def extrapolated(f: Callable[[float], float], x: float, step: float) -> Slope:
    """Return the best estimate from steps that shrink by 1.4 each time, up to where rounding takes over.

    Source: C. J. F. Ridders, Advances in Engineering Software 4 (1982).
    """
    best = Slope(math.nan, math.inf)
    row: list[float] = []
    for _ in range(12):
        above, below = x + step, x - step
        new = [(f(above) - f(below)) / (above - below)]
        factor = 1.0
        for previous in row:
            factor *= 1.4 * 1.4
            new.append((new[-1] * factor - previous) / (factor - 1.0))
        for i in range(1, len(new)):
            error = max(abs(new[i] - new[i - 1]), abs(new[i] - row[i - 1]))
            if error < best.error:
                best = Slope(new[i], error)
        if row and abs(new[-1] - row[-1]) >= 2.0 * best.error:
            break
        row, step = new, step / 1.4
    return best


def one_sided(f: Callable[[float], float], x: float, step: float = 1e-6) -> tuple[float, float]:
    """Return the slopes of f just left and just right of x; step: relative to the larger of 1 and x.

    >>> one_sided(abs, 0.0)
    (-1.0, 1.0)
    """
    step *= max(abs(x), 1.0)
    here = f(x)
    return (here - f(x - step)) / (x - (x - step)), (f(x + step) - here) / ((x + step) - x)


def complex_step(f: Callable[[complex], complex], x: float) -> float | None:
    """Return the derivative of f at x to the last digit or so, or None where f does not take it.

    Works for functions of plain arithmetic, which Python runs on complex numbers too: f(x + ih) / ih has
    no difference in it and so no cancellation.
    Source: Squire and Trapp, SIAM Review 40 (1998).

    >>> complex_step(lambda z: z**3, 2.0)
    12.0
    """
    h = 1e-30
    try:
        result = f(complex(x, h))
    except (TypeError, AttributeError, ValueError, ArithmeticError):
        return None
    return result.imag / h if isinstance(result, complex) else None
