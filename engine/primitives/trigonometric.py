"""Rows for angles, in radians."""

import math
from math import inf, nan, pi
from typing import Any

from ..ieee import TINY
from ..primitive import Primitive
from ..trouble import Trouble
from .powers import sqrt

sin = Primitive(
    name="sin",
    formula="sine of x, in radians",
    evaluate=math.sin,
    partials=lambda x, out: (cos(x),),
    points=((0.5,), (2.0,)),
    edges=(((inf,), nan),),
    troubles=(
        Trouble(
            lambda x: x in (inf, -inf),
            "an infinite angle",
            "see where the infinite angle comes from",
            (inf,),
        ),
    ),
)

cos: Primitive = Primitive(  # the type is said because sin, above, needs it
    name="cos",
    formula="cosine of x, in radians",
    evaluate=math.cos,
    partials=lambda x, out: (-sin(x),),
    points=((0.5,), (2.0,)),
    edges=(((inf,), nan),),
    troubles=(
        Trouble(
            lambda x: x in (inf, -inf),
            "an infinite angle",
            "see where the infinite angle comes from",
            (inf,),
        ),
    ),
)

tan = Primitive(
    name="tan",
    formula="tangent of x, in radians",
    evaluate=math.tan,
    partials=lambda x, out: (1.0 + out * out,),
    points=((0.5,), (-1.0,)),
    edges=(((inf,), nan),),
    troubles=(
        Trouble(
            lambda x: x in (inf, -inf),
            "an infinite angle",
            "see where the infinite angle comes from",
            (inf,),
        ),
    ),
)


def _one_less_square(x: Any) -> Any:
    """Return 1 - x * x with all its digits near 1 and -1."""
    if x in (1.0, -1.0):  # the product has the same slope there, but finds it as inf + 0 * inf
        return 1.0 - x * x
    return (1.0 - x) * (1.0 + x)


def _arcsin_slope(x: Any) -> Any:
    return 1.0 / sqrt(_one_less_square(x))


arcsin = Primitive(
    name="arcsin",
    formula="angle between -π/2 and π/2 whose sine is x",
    evaluate=math.asin,
    partials=lambda x, out: (_arcsin_slope(x),),
    textbook=lambda x, out: (1.0 / sqrt(1.0 - x * x),),
    points=((0.5,), (-0.7,)),
    edges=(
        ((1.0,), pi / 2),
        ((1.5,), nan),
    ),
    domain=((-1.0, 1.0),),
    aliases=("asin",),
    troubles=(
        Trouble(
            lambda x: x > 1.0 or x < -1.0,
            "outside -1 to 1, where no angle has that sine",
            "clip(x, -1.0, 1.0) where rounding took it outside; arctan2 has no such bounds",
            (1.5,),
        ),
        Trouble(
            lambda x: x in (1.0, -1.0),
            "at 1 or -1, where the slope is infinite",
            "clip(x, -1.0 + 1e-12, 1.0 - 1e-12), or arctan2, which has no such points",
            (1.0,),
        ),
    ),
)

arccos = Primitive(
    name="arccos",
    formula="angle between 0 and π whose cosine is x",
    evaluate=math.acos,
    partials=lambda x, out: (-_arcsin_slope(x),),
    textbook=lambda x, out: (-1.0 / sqrt(1.0 - x * x),),
    points=((0.5,), (-0.7,)),
    edges=(
        ((1.0,), 0.0),
        ((-1.5,), nan),
    ),
    domain=((-1.0, 1.0),),
    aliases=("acos",),
    troubles=(
        Trouble(
            lambda x: x > 1.0 or x < -1.0,
            "outside -1 to 1, where no angle has that cosine",
            "clip(x, -1.0, 1.0) where rounding took it outside; arctan2 has no such bounds",
            (1.5,),
        ),
        Trouble(
            lambda x: x in (1.0, -1.0),
            "at 1 or -1, where the slope is infinite",
            "clip(x, -1.0 + 1e-12, 1.0 - 1e-12), or arctan2, which has no such points",
            (1.0,),
        ),
    ),
)

arctan = Primitive(
    name="arctan",
    formula="angle between -π/2 and π/2 whose tangent is x",
    evaluate=math.atan,
    # x * x must not overflow, and beyond 1e100 the 1 has long been lost in rounding.
    partials=lambda x, out: (1.0 / (1.0 + x * x) if -1e100 < x < 1e100 else 1.0 / x / x,),
    points=((0.5,), (-2.0,)),
    edges=(
        ((inf,), pi / 2),
        ((-inf,), -pi / 2),
    ),
    aliases=("atan",),
)


def _arctan2_partials(x: Any, y: Any, out: Any) -> tuple[Any, Any]:
    """Return y / r**2 and -x / r**2 for r**2 = x**2 + y**2, which itself may over- or underflow."""
    if x == 0.0 and y == 0.0:
        return 0.0, 0.0
    if -y <= x <= y or y <= x <= -y:
        longer, shorter = _over_square(y, x)
        return longer, -shorter
    longer, shorter = _over_square(x, y)
    return shorter, -longer


def _over_square(long: Any, short: Any) -> tuple[Any, Any]:
    """Return long / r**2 and short / r**2."""
    ratio = short / long
    share = 1.0 / (1.0 + ratio * ratio)
    if abs(ratio) < TINY and ratio != 0.0 and -1.0 < long < 1.0:
        return share / long, short * (share / (long * long))  # the ratio may have lost digits to underflow
    return share / long, ratio * share / long


arctan2 = Primitive(
    name="arctan2",
    formula="angle of the point (y, x): x upwards, y to the right",
    evaluate=math.atan2,
    partials=_arctan2_partials,
    textbook=lambda x, y, out: (y / (x * x + y * y), -x / (x * x + y * y)),
    points=((0.5, 1.5), (2.0, -0.5), (-1.0, -1.5), (0.0, 0.5), (0.5, 0.0), (1.0, 1.0)),
    kinks=(((0.0, 0.0), (0.0, 0.0)),),
    side=lambda x, y: ("at the origin" if x == y == 0.0 else "off the origin", math.hypot(x, y)),
    edges=(
        ((0.0, -1.0), pi),
        ((-0.0, -1.0), -pi),
        ((inf, inf), pi / 4),
        ((0.0, 0.0), 0.0),
    ),
    aliases=("atan2",),
)

asin, acos, atan, atan2 = arcsin, arccos, arctan, arctan2
