"""Rows for the hyperbolic functions and their inverses."""

import math
from math import inf, nan
from typing import Any

from ..ieee import signed_infinity, unlimited
from ..primitive import Primitive
from ..trouble import Trouble
from .exponentials import exp
from .powers import sqrt
from .trigonometric import _one_less_square

sinh = Primitive(
    name="sinh",
    formula="hyperbolic sine of x",
    evaluate=math.sinh,
    partials=lambda x, out: (cosh(x),),
    points=((0.5,), (-1.0,)),
    ieee=signed_infinity,
    edges=(
        ((1000.0,), inf),
        ((-1000.0,), -inf),
    ),
    troubles=(
        Trouble(
            lambda x: x > 700.0 or x < -700.0,
            "an exponential overflows beyond 710",
            "scale the operand down, or clip(x, -700.0, 700.0)",
            (1000.0,),
        ),
    ),
)

cosh: Primitive = Primitive(  # the type is said because sinh, above, needs it
    name="cosh",
    formula="hyperbolic cosine of x",
    evaluate=math.cosh,
    partials=lambda x, out: (sinh(x),),
    points=((0.5,), (-1.0,)),
    ieee=unlimited,
    edges=(
        ((1000.0,), inf),
        ((-1000.0,), inf),
    ),
    troubles=(
        Trouble(
            lambda x: x > 700.0 or x < -700.0,
            "an exponential overflows beyond 710",
            "scale the operand down, or clip(x, -700.0, 700.0)",
            (1000.0,),
        ),
    ),
)


def _tanh_partials(x: Any, out: Any) -> tuple[Any]:
    if -0.6 < x < 0.6:
        return (1.0 - out * out,)
    # Towards saturation 1 - out * out loses all digits. The exponential is taken of a negative number.
    e = exp(-2.0 * x if x > 0.0 else 2.0 * x)
    return (4.0 * e / ((1.0 + e) * (1.0 + e)),)


tanh = Primitive(
    name="tanh",
    formula="hyperbolic tangent of x",
    evaluate=math.tanh,
    partials=_tanh_partials,
    textbook=lambda x, out: (1.0 - out * out,),
    remark=lambda place, x, out: "saturated, as {out} is near its limit" if abs(out) > 0.99 else "",
    points=((0.3,), (-1.0,), (0.0,), (0.6,)),
    edges=(
        ((inf,), 1.0),
        ((-1000.0,), -1.0),
    ),
)


def _one_over_root(x: Any) -> Any:
    """Return 1 / sqrt(x * x + 1) without letting x * x overflow."""
    if -1e100 < x < 1e100:
        return 1.0 / sqrt(1.0 + x * x)
    return 1.0 / x if x > 0.0 else -1.0 / x


arcsinh = Primitive(
    name="arcsinh",
    formula="number whose hyperbolic sine is x",
    evaluate=math.asinh,
    partials=lambda x, out: (_one_over_root(x),),
    points=((0.5,), (-2.0,)),
    edges=(
        ((inf,), inf),
        ((-inf,), -inf),
    ),
    aliases=("asinh",),
)

arccosh = Primitive(
    name="arccosh",
    formula="number of 0 or more whose hyperbolic cosine is x",
    evaluate=math.acosh,
    # Two roots, because the product under one of them would overflow.
    partials=lambda x, out: (1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0) if x != 1.0 else sqrt(x * x - 1.0)),),
    points=((1.5,), (3.0,)),
    edges=(
        ((1.0,), 0.0),
        ((0.5,), nan),
        ((inf,), inf),
    ),
    domain=((1.0, inf),),
    aliases=("acosh",),
    troubles=(
        Trouble(
            lambda x: x < 1.0,
            "below 1, where no number has that hyperbolic cosine",
            "clip(x, low=1.0) where rounding took it below; else see why it is",
            (0.5,),
        ),
        Trouble(
            lambda x: x == 1.0,
            "at 1, where the slope is infinite",
            "clip(x, low=1.0 + 1e-12)",
            (1.0,),
        ),
    ),
)

arctanh = Primitive(
    name="arctanh",
    formula="number whose hyperbolic tangent is x",
    evaluate=math.atanh,
    partials=lambda x, out: (1.0 / _one_less_square(x),),
    points=((0.5,), (-0.3,)),
    ieee=lambda x: signed_infinity(x) if x in (1.0, -1.0) else nan,
    edges=(
        ((1.0,), inf),
        ((-1.0,), -inf),
        ((1.5,), nan),
    ),
    domain=((-1.0, 1.0),),
    aliases=("atanh",),
    troubles=(
        Trouble(
            lambda x: x in (1.0, -1.0),
            "at 1 or -1, where it is infinite",
            "clip(x, -1.0 + 1e-12, 1.0 - 1e-12); of a saturated tanh keep what went in",
            (1.0,),
        ),
        Trouble(
            lambda x: x > 1.0 or x < -1.0,
            "outside -1 to 1, where no number has that hyperbolic tangent",
            "clip(x, -1.0 + 1e-12, 1.0 - 1e-12)",
            (1.5,),
        ),
    ),
)

asinh, acosh, atanh = arcsinh, arccosh, arctanh
