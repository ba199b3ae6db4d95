"""Elementary functions of a whole vector at once, in the fast mode: exp, log, tanh, sine and their like.

Each reduces its argument to an interval on which a polynomial is as good as the function, and puts the
result together from that: W. J. Cody, W. Waite, Software Manual for the Elementary Functions (1980), and
for the logarithm and the tails of sine and cosine the ways of Sun's fdlibm (1993). The coefficients are
our own: benchmarks/coefficients.py finds them and says how far each polynomial is off. inf, nan, zeros with
their signs, overflow and subnormals come out as from C. How far each function is from the exact result,
in units in the last place, is stated in `BOUNDS` and measured by benchmarks/vector_accuracy.py, with fused
multiplications and without.

With `exact=True`, and where there is no vector, C is called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import inf, nan

from . import machine
from .coefficients import (
    COS,
    EXP,
    EXP_SIXTEENTH,
    HALF_PI,
    LN2,
    LN2_HIGH,
    LN2_LOW,
    LOG,
    LOG2_E,
    SIN,
    SIXTEENTHS,
    TANH,
    TWO_OVER_PI,
)
from .formula import Bits, Floats, Formula, VectorFunction

BOUNDS = {
    "exp": 1.1,
    "exp2": 1.2,
    "expm1": 1.5,
    "log": 1.0,
    "log1p": 1.0,
    "tanh": 1.5,
    "sin": 1.0,
    "cos": 1.0,
}
"""How far a result may be from the exact one, in units in the last place."""

SHIFT = 6755399441055744.0
"""1.5 * 2**52: adding it rounds a float to a whole number, which then stands in its last bits."""
FAR = 1e5
"""Angles beyond it are left to C: more of pi is needed there."""
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
_EXPONENT_OF_2_52 = 0x433 << 52


def vector_function(name: str, width: int) -> VectorFunction:
    """Return a function on vectors."""
    return _vector_function(name, width, machine.has_avx512())


@cache
def _vector_function(name: str, width: int, avx512: bool) -> VectorFunction:
    formula = Formula(width)
    formulas = _FORMULAS | _WITH_AVX512 if avx512 and width == 8 else _FORMULAS
    return formula.define(f"{name}.v{width}", formulas[name](formula, formula.x))


def _clipped(f: Formula, x: Floats, low: float, high: float) -> Floats:
    """Return x within bounds; nan stays."""
    x = f.where(x.compared("olt", low), low, x)
    return f.where(x.compared("ogt", high), high, x)


def _two_to(exponent: Bits) -> Floats:
    """Return 2 to a whole number, which has 1023 added to it already."""
    return (exponent << 52).as_floats()


def _power_of_e(f: Formula, x: Floats, careful: bool = False) -> tuple[Bits, Floats, Floats]:
    """Return k + 2048, r and what makes e**x = 2**k * (1 + r + more), |x| below 1000.

    careful: count what the rounding of r = x - k log(2) has lost.
    """
    shifted = f.fused(x, LOG2_E, SHIFT + 2048.0)
    k = shifted - (SHIFT + 2048.0)
    rough = f.fused(k, -LN2_HIGH, x)
    r = f.fused(k, -LN2_LOW, rough)
    q, square = f.polynomial(EXP, r), r * r
    more = f.fused(square, q, f.fused(k, -LN2_LOW, rough - r)) if careful else square * q
    return shifted.as_bits() & 0xFFF, r, more


def _scaled(y: Floats, k: Bits) -> Floats:
    """Return y * 2**k, k with 2048 added: in two steps, for 2**k may be no float where the result is one."""
    half = k >> 1
    return y * _two_to(half - 1) * _two_to(k - half - 1)


def _exp(f: Formula, x: Floats) -> Floats:
    k, r, more = _power_of_e(f, _clipped(f, x, -746.0, 710.0))
    return _scaled(r + more + 1.0, k)


def _exp_by_table(f: Formula, x: Floats) -> Floats:
    """Return e**x as 2**k * e**r, k in sixteenths: half as long, where these are looked up at once."""
    x = _clipped(f, x, -746.0, 710.0)
    shifted = f.fused(x, LOG2_E, SHIFT / 16.0)  # rounds to sixteenths, which then stand in its last bits
    k = shifted - SHIFT / 16.0
    r = f.fused(k, -LN2_LOW, f.fused(k, -LN2_HIGH, x))
    root = f.of_sixteen(SIXTEENTHS, shifted.as_bits())
    more = f.fused(r * r, f.polynomial(EXP_SIXTEENTH, r), r)
    return f.scaled(f.fused(root, more, root), k)


def _exp2(f: Formula, x: Floats) -> Floats:
    x = _clipped(f, x, -1076.0, 1025.0)
    shifted = x + (SHIFT + 2048.0)
    r = (x - (shifted - (SHIFT + 2048.0))) * LN2
    p = f.fused(r * r, f.polynomial(EXP, r), r)
    return _scaled(p + 1.0, shifted.as_bits() & 0xFFF)


def _expm1(f: Formula, x: Floats) -> Floats:
    k, r, more = _power_of_e(f, _clipped(f, x, -40.0, 710.0), careful=True)
    half = _two_to(k - (2048 - 1022))  # 2**(k - 1): 2**k itself may be inf
    result = f.fused(more, half, f.fused(r, half, half - 0.5)) * 2.0
    return f.where(abs(x).compared("olt", 1e-17), x, result)


def _split(x: Floats) -> tuple[Floats, Floats]:
    """Return m from sqrt(1/2) to sqrt(2) and k for which x = 2**k * m; x is positive and not subnormal."""
    bits = x.as_bits()
    exponent = (bits - (_ROOT_HALF_BITS - (1024 << 52))) >> 52
    m = (bits - (exponent << 52) + (1024 << 52)).as_floats()
    k = (exponent | _EXPONENT_OF_2_52).as_floats() - (2.0**52 + 1024.0)
    return m, k


def _logarithm(f: Formula, less: Floats, k: Floats, rest: Floats | None = None) -> Floats:
    """Return log(1 + less) + k log(2) + rest; rest is of the size of a rounding."""
    s = less / (less + 2.0)
    half_square = less * less * 0.5
    z = s * s
    # log(1 + less) = less - half_square + s * (half_square + z * P(z)), as 2 s = less - s * less
    low = k * LN2_LOW if rest is None else f.fused(k, LN2_LOW, rest)
    tail = f.fused(s, f.fused(z, f.polynomial(LOG, z), half_square), low)
    return f.fused(k, LN2_HIGH, less - (half_square - tail))


def _log(f: Formula, x: Floats) -> Floats:
    small = x.compared("olt", 2.0**-1022)
    m, k = _split(f.where(small, x * 2.0**54, x))
    k = f.where(small, k - 54.0, k)
    return _at_ends(f, _logarithm(f, m - 1.0, k), x)


def _at_ends(f: Formula, result: Floats, x: Floats) -> Floats:
    """Return the logarithm of x: -inf at 0, nan below and at nan, inf at inf, else the result."""
    result = f.where(x.compared("ogt", 0.0), result, nan)
    result = f.where(x.compared("oeq", 0.0), -inf, result)
    return f.where(x.compared("oeq", inf), inf, result)


def _log1p(f: Formula, x: Floats) -> Floats:
    u = x + 1.0
    lost = f.where(x.compared("olt", 1.0), x - (u - 1.0), 1.0 - (u - x))
    m, k = _split(u)
    near = k.compared("oeq", 0.0)
    less = f.where(near, x, m - 1.0)
    rest = f.where(near, 0.0, lost / u)
    result = _at_ends(f, _logarithm(f, less, k, rest), u)
    return f.where(abs(x).compared("olt", 1e-17), x, result)


def _tanh(f: Formula, x: Floats) -> Floats:
    size = abs(x)
    z = size * size
    near = f.fused(size * z, f.polynomial(TANH, z), size)
    k, r, more = _power_of_e(f, f.where(size.compared("ogt", 22.0), 22.0, size) * 2.0)
    power = (r + more + 1.0) * _two_to(k - (2048 - 1023))
    beyond = 1.0 - 2.0 / (power + 1.0)
    return f.where(size.compared("olt", 0.625), near, beyond).signed_like(x)


def _sine(f: Formula, x: Floats, turned: int) -> Floats:
    """Return the sine of x plus so many quarters of a turn."""
    shifted = f.fused(x, TWO_OVER_PI, SHIFT)
    k = shifted - SHIFT
    quarters = shifted.as_bits() + turned
    # The angle left over, as the sum of a float and what its rounding has lost.
    first = x - k * HALF_PI[0]
    second = k * HALF_PI[1]
    rough = first - second
    third = k * HALF_PI[2] - ((first - rough) - second)
    angle = rough - third
    lost = (rough - angle) - third
    z = angle * angle
    half = z * 0.5
    # sin(angle + lost) and cos(angle + lost); the derivatives by `lost` to first order
    sine = angle + f.fused(angle * z, f.polynomial(SIN, z), lost - half * lost)
    near_one = 1.0 - half
    rest = f.fused(z * z, f.polynomial(COS, z), (1.0 - near_one) - half)
    cosine = near_one + (rest - angle * lost)
    odd = f.value(f"icmp ne <{f.width} x i64> {(quarters & 1).name}, zeroinitializer")
    chosen = f.where(odd, cosine, sine)
    return (chosen.as_bits() ^ ((quarters & 2) << 62)).as_floats()


def _sin(f: Formula, x: Floats) -> Floats:
    result = f.where(abs(x).compared("olt", 1e-8), x, _sine(f, x, turned=0))
    return _far_by_c(f, x, "sin", result)


def _cos(f: Formula, x: Floats) -> Floats:
    return _far_by_c(f, x, "cos", _sine(f, x, turned=1))


def _far_by_c(f: Formula, x: Floats, name: str, result: Floats) -> Floats:
    """Return the result; that of C where any angle is far."""
    far = abs(x).compared("ogt", FAR)
    flags = f.value(f"bitcast {f.bits} {far} to i{f.width}")
    near = f.value(f"icmp eq i{f.width} {flags}, 0")
    f.do(f"br i1 {near}, label %near, label %far")
    f.lines.append("far:")
    by_c = f.c_function(name, x.name)
    f.do("br label %near")
    f.lines.append("near:")
    chosen = f.value(f"phi {f.type} [{result.name}, %entry], [{by_c}, %far]")
    return Floats(f, chosen)


_FORMULAS: dict[str, Callable[[Formula, Floats], Floats]] = {
    "exp": _exp,
    "exp2": _exp2,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "tanh": _tanh,
    "sin": _sin,
    "cos": _cos,
}
_WITH_AVX512: dict[str, Callable[[Formula, Floats], Floats]] = {"exp": _exp_by_table}
"""What takes its place where the processor has the instructions for it."""
