"""Rows for exponentials and logarithms."""

import math
from math import inf, nan

from ..ieee import exponential, logarithm, unlimited
from ..primitive import Primitive
from ..trouble import Trouble

_LN2, _LOG2E, _LOG10E = 0.6931471805599453, 1.4426950408889634, 0.4342944819032518


def _far_below(place: int, x: float, out: float) -> str:
    return "{x} is far below 0, where the power is flat" if x < -4.0 else ""


_EXPONENTIAL = (
    Trouble(
        lambda x: x > 700.0,
        "an exponential overflows above 709.78",
        "softmax, logsumexp, sigmoid and losses from logits take any number; else clip(x, high=700.0)",
        (1000.0,),
    ),
)

exp = Primitive(
    name="exp",
    formula="e ** x",
    evaluate=math.exp,
    partials=lambda x, out: (out,),
    remark=_far_below,
    points=((0.5,), (-1.0,)),
    ieee=exponential,
    edges=(
        ((1000.0,), inf),
        ((-1000.0,), 0.0),
    ),
    troubles=_EXPONENTIAL,
)

exp2 = Primitive(
    name="exp2",
    formula="2 ** x",
    evaluate=math.exp2,
    partials=lambda x, out: (out * _LN2,),
    remark=_far_below,
    points=((0.5,), (-1.0,)),
    ieee=unlimited,
    edges=(
        ((1024.0,), inf),
        ((-1074.0,), 5e-324),
        ((-2000.0,), 0.0),
    ),
    troubles=(
        _EXPONENTIAL[0]._replace(what="an exponential of base 2 overflows from 1024 on", example=(2000.0,)),
    ),
)

expm1 = Primitive(
    name="expm1",
    formula="e ** x - 1, exact near 0",
    evaluate=math.expm1,
    partials=lambda x, out: (exp(x),),
    remark=_far_below,
    points=((0.5,), (-1.0,), (0.0,)),
    ieee=unlimited,
    edges=(
        ((1000.0,), inf),
        ((-1000.0,), -1.0),
        ((1e-300,), 1e-300),
    ),
    troubles=_EXPONENTIAL,
)

_AWAY_FROM_ZERO = "log1p(x) for log(1 + x), a loss from logits, or clip(x, low=1e-12)"
_LOGARITHM = (
    Trouble(lambda x: x == 0.0, "the logarithm of 0", _AWAY_FROM_ZERO, (0.0,)),
    Trouble(
        lambda x: x < 0.0,
        "the logarithm of a negative number",
        "keep the operand positive: clip(x, low=1e-12), or exp or softplus of a free parameter",
        (-1.0,),
    ),
    Trouble(
        lambda x: x < 1e-300,
        "a logarithm so near 0 that its slope is beyond the floats",
        _AWAY_FROM_ZERO,
        (1e-310,),
    ),
)

log: Primitive = Primitive(
    name="log",
    formula="natural logarithm of x",
    evaluate=math.log,
    partials=lambda x, out: (1.0 / x,),
    points=((2.0,), (0.5,)),
    ieee=logarithm,
    edges=(
        ((0.0,), -inf),
        ((-1.0,), nan),
        ((inf,), inf),
    ),
    domain=((0.0, inf),),
    troubles=_LOGARITHM,
)

log2 = Primitive(
    name="log2",
    formula="logarithm of x to base 2",
    evaluate=math.log2,
    partials=lambda x, out: (_LOG2E / x,),
    points=((2.0,), (0.5,)),
    ieee=logarithm,
    edges=(
        ((0.0,), -inf),
        ((-1.0,), nan),
        ((8.0,), 3.0),
    ),
    domain=((0.0, inf),),
    troubles=_LOGARITHM,
)

log10 = Primitive(
    name="log10",
    formula="logarithm of x to base 10",
    evaluate=math.log10,
    partials=lambda x, out: (_LOG10E / x,),
    points=((2.0,), (0.5,)),
    ieee=logarithm,
    edges=(
        ((0.0,), -inf),
        ((-1.0,), nan),
        ((1000.0,), 3.0),
    ),
    domain=((0.0, inf),),
    troubles=_LOGARITHM,
)

log1p = Primitive(
    name="log1p",
    formula="log(1 + x), exact near 0",
    evaluate=math.log1p,
    partials=lambda x, out: (1.0 / (1.0 + x),),
    points=((2.0,), (-0.5,), (0.0,)),
    ieee=lambda x: -inf if x == -1.0 else nan,
    edges=(
        ((-1.0,), -inf),
        ((-2.0,), nan),
        ((1e-300,), 1e-300),
    ),
    domain=((-1.0, inf),),
    troubles=(
        Trouble(
            lambda x: x == -1.0,
            "the logarithm of 1 + x at x = -1",
            "keep x above -1 with clip(x, low=-1.0 + 1e-12)",
            (-1.0,),
        ),
        Trouble(
            lambda x: x < -1.0,
            "the logarithm of 1 + x for x below -1",
            "keep x above -1 with clip(x, low=-1.0 + 1e-12)",
            (-2.0,),
        ),
    ),
)
