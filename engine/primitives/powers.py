"""Rows for powers and roots."""

import math
from math import inf, nan
from typing import Any

from ..ieee import TINY, Fixed, power
from ..primitive import Primitive
from ..trouble import Trouble
from .exponentials import log


def _by_base(x: Any, y: Any, out: Any) -> Any:
    if x == 0.0 and y == 0.0:  # 0 times inf otherwise
        return 0.0
    below = y - 1.0
    if x in (0.0, inf, -inf):
        return y * pow(x, below)
    if below + 1.0 == y and y - below == 1.0:
        one_less = pow(x, below)
        if not (abs(one_less) < TINY or (one_less - one_less != 0.0 and -inf < out < inf)):
            return y * one_less
    if out != out:
        return nan
    # Where y - 1 has been rounded, x ** (y - 1) is off by log(x) times as much.
    if TINY < out < inf or -inf < out < -TINY:
        return y * out / x if -1.0 <= out <= 1.0 or -1.0 <= y <= 1.0 else out / x * y
    half = pow(x if x > 0.0 else -x, 0.5 * y)  # the result has underflowed, its root has not
    product = half / x * y * half
    return -product if x < 0.0 and y % 2.0 == 1.0 else product


def _by_exponent(x: Any, y: Any, out: Any) -> Any:
    if x > 0.0:
        if TINY < out < inf or x == inf:
            return out * log(x)
        half = pow(x, 0.5 * y)
        return half * log(x) * half
    if x == 0.0 and y == y:  # 0 ** y stays 0 when y > 0 moves a little; at y = 0 PyTorch's rule is 0 too
        return 0.0 if y >= 0.0 else -inf
    return nan  # a negative base has no power at the exponents beside y


def _power_remark(place: int, x: float, y: float, out: float) -> str:
    if y == 0.0 and not place:
        return "the exponent is {y}, and the power 1 whatever the base"
    if x == 0.0:
        return "the power is flat at the base {x}" if y > 1.0 or place else ""
    return "a base of 1 gives 1 whatever the exponent" if place and x == 1.0 else ""


pow = Primitive(  # shadows the builtin in this file, where nothing needs that
    name="pow",
    formula="x ** y",
    symbol="^",
    dunder="pow",
    evaluate=math.pow,
    partials=lambda x, y, out: (
        _by_base(x, y, out),
        nan if isinstance(y, Fixed) else _by_exponent(x, y, out),
    ),
    textbook=lambda x, y, out: (y * x ** (y - 1.0), out * log(x)),
    remark=_power_remark,
    points=((2.0, 3.0), (1.5, -0.5), (0.5, 2.5), (2.0, 0.0), (1.5, 1.1)),
    ieee=power,
    kinks=(
        ((0.0, 0.0), (0.0, 0.0)),
        ((0.0, 1.0), (1.0, 0.0)),
    ),
    side=lambda x, y: ("x = 0" if x == 0.0 else "x != 0", math.fabs(x) if y in (0.0, 1.0) else inf),
    edges=(
        ((0.0, 0.0), 1.0),
        ((0.0, -1.0), inf),
        ((-0.0, -1.0), -inf),
        ((-2.0, 0.5), nan),
        ((-2.0, 3.0), -8.0),
        ((10.0, 400.0), inf),
        ((-10.0, 401.0), -inf),
    ),
    troubles=(
        Trouble(
            lambda x, y: x < 0.0 and y % 1.0 != 0.0,
            "a negative number has no real power with a fractional exponent",
            "take abs(x) ** y, keep x positive with clip(x, low=0.0), or use a whole exponent",
            (-2.0, 0.5),
        ),
        Trouble(
            lambda x, y: x == 0.0 and y < 0.0,
            "0 to a negative power: a division by zero",
            "add a small number to the base, (x + 1e-12) ** y",
            (0.0, -1.0),
        ),
        Trouble(
            lambda x, y: x == 0.0 and 0.0 < y < 1.0,
            "a root at 0, where its slope is infinite",
            "add a small number to the base, (x + 1e-12) ** y; for a length use norm or hypot",
            (0.0, 0.5),
        ),
        Trouble(
            lambda x, y: x < 0.0,
            "a negative base has no derivative by its exponent",
            "make the exponent a plain number, or keep the base positive",
            (-2.0, 3.0),
        ),
    ),
)

sqrt = Primitive(
    name="sqrt",
    formula="square root of x",
    symbol="√",
    evaluate=math.sqrt,
    partials=lambda x, out: (0.5 / out,),
    points=((2.0,), (0.25,)),
    edges=(
        ((0.0,), 0.0),
        ((-1.0,), nan),
        ((inf,), inf),
    ),
    domain=((0.0, inf),),
    troubles=(
        Trouble(
            lambda x: x < 0.0,
            "the square root of a negative number",
            "clip(x, low=0.0) where rounding took it below 0; else see why it is negative",
            (-1.0,),
        ),
        Trouble(
            lambda x: x < 1e-300,
            "a square root at 0, where its slope is infinite",
            "sqrt(x + 1e-12); for a length norm(xs) or hypot, whose slope at 0 is 0",
            (0.0,),
        ),
    ),
)


def _cube_root(x: float) -> float:
    root = math.cbrt(x)
    if root == 0.0 or math.isinf(x) or root != root:
        return root
    square = root * root  # one step of Newton's method: libraries are off by up to 4 ulp
    return root - (root - x / square) / 3.0


cbrt = Primitive(
    name="cbrt",
    formula="cube root of x, with the sign of x",
    symbol="∛",
    evaluate=_cube_root,
    partials=lambda x, out: (1.0 / (3.0 * out * out),),
    points=((2.0,), (-0.25,)),
    edges=(
        ((0.0,), 0.0),
        ((-8.0,), -2.0),
        ((-inf,), -inf),
    ),
    troubles=(
        Trouble(
            lambda x: -1e-200 < x < 1e-200,
            "a cube root at 0, where its slope is infinite",
            "add a small number, or choose with where(x != 0, ...)",
            (0.0,),
        ),
    ),
)
