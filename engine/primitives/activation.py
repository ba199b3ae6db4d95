"""Rows for the activations of neurons; tanh is among the hyperbolic functions."""

import math
from math import inf
from typing import Any

from ..primitive import Primitive
from .exponentials import exp, expm1
from .normal import ONE_OVER_ROOT_2PI, gauss, normal_tail
from .sides import sign_side
from .special import norm_cdf, norm_pdf


def _sigmoid(x: float) -> float:
    if x >= 0.0:  # the exponential is taken of a negative number only: it cannot overflow
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def _sigmoid_partials(x: Any, out: Any) -> tuple[Any]:
    if x < 0.0:
        return (out * (1.0 - out),)
    e = exp(-x)  # 1 - out loses all digits when out comes near 1
    return (e / ((1.0 + e) * (1.0 + e)),)


sigmoid = Primitive(
    name="sigmoid",
    formula="1 / (1 + e ** -x)",
    symbol="σ",
    evaluate=_sigmoid,
    partials=_sigmoid_partials,
    textbook=lambda x, out: (out * (1.0 - out),),
    remark=lambda place, x, out: "" if 0.01 < out < 0.99 else "saturated, as {out} is near its limit",
    points=((0.3,), (-1.0,), (0.0,)),
    edges=(
        ((1000.0,), 1.0),
        ((-1000.0,), 0.0),
    ),
)

softplus = Primitive(
    name="softplus",
    formula="log(1 + e ** x)",
    evaluate=lambda x: math.log1p(math.exp(-math.fabs(x))) + (x if x > 0.0 else 0.0),
    partials=lambda x, out: (sigmoid(x),),
    remark=lambda place, x, out: "{x} is far below 0, where softplus is flat" if x < -4.0 else "",
    points=((0.3,), (-1.0,), (0.0,)),
    edges=(
        ((1000.0,), 1000.0),
        ((-1000.0,), 0.0),
        ((inf,), inf),
    ),
)


def _relu_remark(place: int, x: float, out: float) -> str:
    if x == 0.0:
        return "a tie, as {x} lies on the kink, where the derivative is 0 by rule"
    return "a dead unit, as {x} is below 0" if x < 0.0 else ""


relu = Primitive(
    name="relu",
    formula="x where x > 0, else 0",
    evaluate=lambda x: 0.0 if x <= 0.0 else x,
    partials=lambda x, out: (0.0 if x <= 0.0 else 1.0,),
    remark=_relu_remark,
    points=((0.5,), (-0.5,)),
    kinks=(((0.0,), (0.0,)),),
    side=lambda x: ("x > 0: x" if x > 0.0 else "x <= 0: 0", math.fabs(x)),
)


def _leaky_relu_remark(place: int, x: float, y: float, out: float) -> str:
    if x > 0.0:
        return "{x} is above 0, where the slope is not in use" if place else ""
    return "multiplied by {x}" * (x == 0.0) if place else "{x} is not above 0, where the slope is {y}"


leaky_relu = Primitive(
    name="leaky_relu",
    formula="x where x > 0, else y * x",
    evaluate=lambda x, y: x if x > 0.0 else y * x,
    partials=lambda x, y, out: (1.0, 0.0) if x > 0.0 else (y, x),
    remark=_leaky_relu_remark,
    points=((0.5, 0.1), (-0.5, 0.1)),
    kinks=(((0.0, 0.1), (0.1, 0.0)),),
    side=lambda x, y: sign_side(x),
    defaults=(0.01,),
)


def _elu_partials(x: Any, y: Any, out: Any) -> tuple[Any, Any]:
    if x > 0.0:
        return 1.0, 0.0
    if x > -700.0:
        return y * exp(x), expm1(x)
    half = exp(0.5 * x)  # the exponential underflows sooner than its product with y
    return y * half * half, expm1(x)


def _elu_remark(place: int, x: float, y: float, out: float) -> str:
    if place:
        return "{x} is not below 0, where y is in use" if x >= 0.0 else ""
    return "saturated, as {x} is far below 0" if x < -4.0 else ""


elu = Primitive(
    name="elu",
    formula="x where x > 0, else y * (e ** x - 1)",
    evaluate=lambda x, y: x if x > 0.0 else y * math.expm1(x),
    partials=_elu_partials,
    remark=_elu_remark,
    points=((0.5, 1.5), (-0.5, 1.5)),
    kinks=(((0.0, 0.5), (0.5, 0.0)),),
    side=lambda x, y: sign_side(x),
    edges=(((-1000.0, 1.5), -1.5),),
    defaults=(1.0,),
)


def _silu(x: float) -> float:
    if x > -700.0 or x != x:
        return x * _sigmoid(x)
    if x < -1000.0:
        return -0.0
    half = math.exp(0.5 * x)  # the sigmoid underflows sooner than its product with x
    return x * half * half


def _silu_partials(x: Any, out: Any) -> tuple[Any]:
    if x < -1000.0:
        return (0.0,)
    if x < -700.0:
        half = exp(0.5 * x)
        return ((1.0 + x) * half * half,)
    return (1.0 if x >= 1000.0 else sigmoid(x) * (1.0 + x * sigmoid(-x)),)


silu = Primitive(
    name="silu",
    formula="x * sigmoid(x)",
    evaluate=_silu,
    partials=_silu_partials,
    textbook=lambda x, out: (out + sigmoid(x) * (1.0 - out),),
    remark=lambda place, x, out: "{x} is far below 0, where silu is flat" if x < -4.0 else "",
    points=((0.5,), (-0.5,), (3.0,), (0.0,)),
    edges=(
        ((1000.0,), 1000.0),
        ((-1000.0,), 0.0),
        ((-inf,), 0.0),
        ((inf,), inf),
    ),
    bound="4 ulp; of the derivative 4 ulp of sigmoid(x) + |x| * sigmoid'(x)",
)


def _gelu(x: float) -> float:
    if x > -37.0 or x != x:
        return x * normal_tail(x) if x < 40.0 or x != x else x
    if x < -40.0:
        return -0.0
    y = 1.0 / (x * x)  # norm_cdf underflows sooner than its product with x: the series of the tail
    series = 1.0
    for odd in (13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0):
        series = 1.0 - odd * y * series
    out: float = gauss(x, 0.5, -ONE_OVER_ROOT_2PI * series)
    return out


def _gelu_partials(x: Any, out: Any) -> tuple[Any]:
    if x > 40.0:
        return (1.0,)
    if x < -40.0:
        return (0.0,)
    return (norm_cdf(x) + (x * norm_pdf(x) if x > -36.0 else gauss(x, 0.5, ONE_OVER_ROOT_2PI * x)),)


gelu = Primitive(
    name="gelu",
    formula="x * norm_cdf(x)",
    evaluate=_gelu,
    partials=_gelu_partials,
    textbook=lambda x, out: (norm_cdf(x) + x * norm_pdf(x),),
    remark=lambda place, x, out: "{x} is far below 0, where gelu is flat" if x < -3.0 else "",
    points=((0.5,), (-0.5,), (3.0,), (0.0,)),
    edges=(
        ((1000.0,), 1000.0),
        ((-1000.0,), 0.0),
        ((-inf,), 0.0),
        ((inf,), inf),
    ),
    bound="4 ulp; of the derivative 4 ulp of norm_cdf(x) + |x| * norm_pdf(x)",
)


def _softsign(x: float) -> float:
    return x / (1.0 + math.fabs(x)) if not math.isinf(x) else math.copysign(1.0, x)


def _softsign_partials(x: Any, out: Any) -> tuple[Any]:
    share = 1.0 / (1.0 + abs(x))  # abs'(0) = 0 is halfway between the partial's slopes beside 0, 2 and -2
    return (share * share,)


softsign = Primitive(
    name="softsign",
    formula="x / (1 + |x|)",
    evaluate=_softsign,
    partials=_softsign_partials,
    remark=lambda place, x, out: "saturated, as {out} is near its limit" if abs(out) > 0.9 else "",
    points=((0.5,), (-1.5,)),
    edges=(
        ((inf,), 1.0),
        ((-inf,), -1.0),
    ),
)
