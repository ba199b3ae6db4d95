"""Rows for arithmetic: what Python's operators make of two numbers, and two short forms of them."""

import math
import operator
from math import inf, nan

from ..ieee import TINY, divide, quotient, remainder
from ..primitive import Primitive
from ..trouble import CANCELLING, ZERO_TIMES_INFINITE, Trouble

add = Primitive(
    name="add",
    formula="x + y",
    symbol="+",
    dunder="add",
    evaluate=operator.add,
    partials=lambda x, y, out: (1.0, 1.0),
    points=((2.0, -3.0), (0.5, 0.25)),
    edges=(
        ((inf, 1.0), inf),
        ((inf, -inf), nan),
    ),
    troubles=(CANCELLING,),
)

sub = Primitive(
    name="sub",
    formula="x - y",
    symbol="−",
    dunder="sub",
    evaluate=operator.sub,
    partials=lambda x, y, out: (1.0, -1.0),
    points=((2.0, -3.0), (0.5, 0.25)),
    edges=(((inf, inf), nan),),
    troubles=(
        Trouble(lambda x, y: x == y and x in (inf, -inf), CANCELLING.what, CANCELLING.cure, (inf, inf)),
    ),
)

neg = Primitive(
    name="neg",
    formula="-x",
    symbol="−( )",
    dunder="neg",
    evaluate=operator.neg,
    partials=lambda x, out: (-1.0,),
    points=((2.0,), (-0.5,)),
)

mul = Primitive(
    name="mul",
    formula="x * y",
    symbol="×",
    dunder="mul",
    evaluate=operator.mul,
    partials=lambda x, y, out: (y, x),
    remark=lambda place, x, y, out: (
        ("multiplied by {x}" if place else "multiplied by {y}") * ((x if place else y) == 0.0)
    ),
    points=((2.0, -3.0), (0.5, 1.5)),
    edges=(
        ((0.0, inf), nan),
        ((1e200, 1e200), inf),
    ),
    troubles=(ZERO_TIMES_INFINITE,),
)

_NOT_ZERO = "add a small number to the denominator, x / (y + 1e-12), or choose with where(y != 0, ...)"

div = Primitive(
    name="div",
    formula="x / y",
    symbol="÷",
    dunder="truediv",
    evaluate=operator.truediv,
    partials=lambda x, y, out: (
        1.0 / y,
        # A tiny quotient may have lost digits to underflow. The square of such a y cannot.
        -x / (y * y) if abs(out) < TINY and out != 0.0 and -1.0 < y < 1.0 else -out / y,
    ),
    textbook=lambda x, y, out: (1.0 / y, -x / (y * y)),
    remark=lambda place, x, y, out: "the numerator is {x}" if place and x == 0.0 else "",
    points=((2.0, -3.0), (0.5, 1.5), (0.0, 0.5)),
    ieee=divide,
    edges=(
        ((1.0, 0.0), inf),
        ((-1.0, 0.0), -inf),
        ((1.0, -0.0), -inf),
        ((0.0, 0.0), nan),
        ((1.0, inf), 0.0),
    ),
    troubles=(
        Trouble(
            lambda x, y: x == 0.0 and y == 0.0,
            "0 / 0: numerator and denominator are both zero",
            _NOT_ZERO,
            (0.0, 0.0),
        ),
        Trouble(
            lambda x, y: y == 0.0,
            "the denominator is zero",
            _NOT_ZERO,
            (1.0, 0.0),
        ),
        Trouble(
            lambda x, y: x in (inf, -inf) and y in (inf, -inf),
            "inf / inf: numerator and denominator are both infinite",
            "divide before they grow: exp(a - b) for exp(a) / exp(b), softmax for shares",
            (inf, inf),
        ),
        Trouble(
            lambda x, y: -1.0 < y < 1.0,
            "the denominator is so small that the quotient or its slope is beyond the floats",
            _NOT_ZERO,
            (1.0, 1e-310),
        ),
    ),
)


def _whole_quotient(x: float, y: float) -> tuple[str, float]:
    whole = quotient(x, y)
    nearest = min(x - whole * y, (whole + 1.0) * y - x, key=math.fabs)
    return f"floor(x / y) = {whole:g}", math.fabs(nearest)


mod = Primitive(
    name="mod",
    formula="x - floor(x / y) * y, with the sign of y",
    symbol="mod",
    dunder="mod",
    evaluate=operator.mod,
    partials=lambda x, y, out: (1.0, -(x // y)),
    points=((7.5, 2.0), (-7.5, 2.0), (5.0, -3.0)),
    ieee=remainder,
    kinks=(((6.0, 2.0), (1.0, -3.0)),),
    side=_whole_quotient,
    edges=(
        ((1.0, 0.0), nan),
        ((inf, 1.0), nan),
        ((1.0, inf), 1.0),
        ((-1.0, inf), inf),
    ),
    troubles=(
        Trouble(
            lambda x, y: y == 0.0,
            "the denominator is zero",
            "choose with where(y != 0, ...), or keep y away from 0",
            (1.0, 0.0),
        ),
    ),
)

floordiv = Primitive(
    name="floordiv",
    formula="floor(x / y)",
    symbol="⌊÷⌋",
    dunder="floordiv",
    evaluate=operator.floordiv,
    partials=lambda x, y, out: (0.0, 0.0),
    remark=lambda *_: "rounding, whose derivative is 0 by rule",
    points=((7.5, 2.0), (-7.5, 2.0), (5.0, -3.0)),
    ieee=quotient,
    kinks=(((6.0, 2.0), (0.0, 0.0)),),
    side=_whole_quotient,
    edges=(
        ((1.0, 0.0), inf),
        ((0.0, 0.0), nan),
        ((-1.0, inf), -1.0),
    ),
    troubles=(
        Trouble(
            lambda x, y: y == 0.0,
            "the denominator is zero",
            "choose with where(y != 0, ...), or keep y away from 0",
            (1.0, 0.0),
        ),
    ),
)

square = Primitive(
    name="square",
    formula="x * x",
    symbol="( )²",
    evaluate=lambda x: x * x,
    partials=lambda x, out: (2.0 * x,),
    remark=lambda place, x, out: "the square is flat at {x}" if x == 0.0 else "",
    points=((2.0,), (-0.5,)),
    edges=(((1e200,), inf),),
)

reciprocal = Primitive(
    name="reciprocal",
    formula="1 / x",
    symbol="1/( )",
    evaluate=lambda x: 1.0 / x,
    partials=lambda x, out: (-out * out,),
    points=((2.0,), (-0.5,)),
    ieee=lambda x: divide(1.0, x),
    edges=(
        ((0.0,), inf),
        ((-0.0,), -inf),
        ((-inf,), 0.0),
    ),
    troubles=(
        Trouble(
            lambda x: -1.0 < x < 1.0,
            "the denominator is zero, or as good as zero",
            "add a small number to it, 1 / (x + 1e-12), or choose with where(x != 0, ...)",
            (0.0,),
        ),
    ),
)
