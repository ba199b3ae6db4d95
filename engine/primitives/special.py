"""Rows for the error function, the normal distribution and the gamma function."""

import math
from math import inf, nan

from ..primitive import Primitive
from ..trouble import Trouble
from .gammas import digamma_of, log_gamma, polygamma_of
from .normal import ONE_OVER_ROOT_2PI, TWO_OVER_ROOT_PI, gauss, normal_tail

erf = Primitive(
    name="erf",
    formula="error function of x",
    evaluate=math.erf,
    partials=lambda x, out: (gauss(x, 1.0, TWO_OVER_ROOT_PI),),
    remark=lambda place, x, out: "saturated, as {out} is near its limit" if abs(out) > 0.99 else "",
    points=((0.5,), (-1.0,), (0.0,)),
    edges=(
        ((inf,), 1.0),
        ((-inf,), -1.0),
    ),
)

erfc = Primitive(
    name="erfc",
    formula="1 - erf(x), exact for large x",
    evaluate=math.erfc,
    partials=lambda x, out: (gauss(x, 1.0, -TWO_OVER_ROOT_PI),),
    points=((0.5,), (-1.0,)),
    edges=(
        ((inf,), 0.0),
        ((-inf,), 2.0),
    ),
)

norm_pdf = Primitive(
    name="norm_pdf",
    formula="density of the standard normal distribution at x",
    symbol="φ",
    evaluate=lambda x: gauss(x, 0.5, ONE_OVER_ROOT_2PI),
    partials=lambda x, out: (gauss(x, 0.5, -ONE_OVER_ROOT_2PI * x) if x > 36.0 or x < -36.0 else -x * out,),
    points=((0.5,), (-1.5,)),
    edges=(
        ((inf,), 0.0),
        ((-inf,), 0.0),
    ),
)


norm_cdf = Primitive(
    name="norm_cdf",
    formula="probability of a standard normal number below x",
    symbol="Φ",
    evaluate=lambda x: normal_tail(x) if x < 40.0 or x != x else 1.0,
    partials=lambda x, out: (norm_pdf(x),),
    remark=lambda place, x, out: "" if 0.01 < out < 0.99 else "saturated, as {out} is near its limit",
    points=((0.5,), (-1.5,)),
    edges=(
        ((inf,), 1.0),
        ((-inf,), 0.0),
    ),
)

lgamma = Primitive(
    name="lgamma",
    formula="log of the absolute value of the gamma function of x",
    evaluate=log_gamma,
    partials=lambda x, out: (digamma(x),),
    points=((0.5,), (2.5,), (-1.5,), (12.0,)),
    edges=(
        ((0.0,), inf),
        ((-1.0,), inf),
        ((1.0,), 0.0),
        ((2.0,), 0.0),
        ((inf,), inf),
    ),
    bound="4 ulp; where x < 0, of the largest of |out|, |lgamma(1 - x)| and 1",
    troubles=(
        Trouble(
            lambda x: x <= 0.0 and x % 1.0 == 0.0,
            "a pole of the gamma function: 0 or a negative whole number",
            "keep the operand positive: clip(x, low=1e-12), or exp or softplus of a free parameter",
            (0.0,),
        ),
    ),
)

digamma: Primitive = Primitive(
    name="digamma",
    formula="derivative of lgamma at x",
    symbol="ψ",
    evaluate=digamma_of,
    partials=lambda x, out: (polygamma(1.0, x),),
    points=((0.5,), (2.5,), (-1.5,), (12.0,)),
    edges=(
        ((0.0,), -inf),
        ((-1.0,), nan),
        ((inf,), inf),
    ),
    bound="6 ulp; where x < 0, of the largest of |out|, |digamma(1 - x)| and 1",
    troubles=(
        Trouble(
            lambda x: x <= 0.0 and x % 1.0 == 0.0,
            "a pole of digamma: 0 or a negative whole number",
            "keep the operand positive: clip(x, low=1e-12), or exp or softplus of a free parameter",
            (0.0,),
        ),
    ),
)

polygamma: Primitive = Primitive(
    name="polygamma",
    formula="x-th derivative of digamma at y, x rounded to a whole number",
    symbol="ψ⁽ˣ⁾",
    evaluate=polygamma_of,
    partials=lambda x, y, out: (0.0, polygamma(x + 1.0, y)),  # flat in the order, like what rounds
    points=((1.0, 2.5), (2.0, 1.5), (1.0, 5.5), (3.0, 3.5)),
    edges=(
        ((1.0, 0.0), inf),
        ((1.0, inf), 0.0),
        ((-1.0, 1.0), nan),
    ),
    bound="24 ulp for orders up to 9; where y < 0, of the larger of |out| and |polygamma(x, 1 - y)|",
    troubles=(
        Trouble(
            lambda x, y: y <= 0.0 and y % 1.0 == 0.0,
            "a pole of polygamma: 0 or a negative whole number",
            "keep the operand positive: clip(x, low=1e-12), or exp or softplus of a free parameter",
            (1.0, 0.0),
        ),
    ),
)
