"""The table of primitives: every operation of the engine, a row each.

A row says what a primitive computes, how, what its local derivatives are, where tests look and what
happens at kinks and outside the domain (see `Primitive`). Everything else follows from it. Adding an
operation is adding a row here.

The words of a formula: x and y are the operands, xs a tuple of any number of them, `out` is the result.
Formulas of partials use `out` where it saves work or is steadier. They are run on floats for a
gradient, and can be run on Values for a gradient of the gradient; a lambda for an expression, a function
as soon as there is a branch.

Kinks follow PyTorch's published rule: relu'(0) = 0, abs'(0) = 0, a tie in maximum gives each half.
"""

import math
import operator
from collections.abc import Sequence
from math import inf, nan
from typing import TYPE_CHECKING, Any

from .ieee import divide, exponential, logarithm, power
from .primitive import TABLE, Primitive
from .value import Number, Value

# -- arithmetic ---------------------------------------------------------------------------------------

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
    points=((2.0, -3.0), (0.5, 1.5)),
    edges=(
        ((0.0, inf), nan),
        ((1e200, 1e200), inf),
    ),
)

div = Primitive(
    name="div",
    formula="x / y",
    symbol="÷",
    dunder="truediv",
    evaluate=operator.truediv,
    partials=lambda x, y, out: (1.0 / y, -out / y),
    points=((2.0, -3.0), (0.5, 1.5)),
    ieee=divide,
    edges=(
        ((1.0, 0.0), inf),
        ((-1.0, 0.0), -inf),
        ((1.0, -0.0), -inf),
        ((0.0, 0.0), nan),
        ((1.0, inf), 0.0),
    ),
)


def _pow_partials(x: Any, y: Any, out: Any) -> tuple[Any, Any]:
    by_base = 0.0 if x == 0.0 and y == 0.0 else y * pow(x, y - 1.0)  # there 0 times inf otherwise
    if x > 0.0:
        return by_base, out * log(x)
    if x == 0.0:  # 0 ** y stays 0 when y > 0 moves a little; at y = 0 PyTorch's rule is 0 too
        return by_base, 0.0 if y >= 0.0 else -inf
    return by_base, nan  # a negative base has no power at the exponents beside y


pow = Primitive(  # shadows the builtin in this file, where nothing needs that
    name="pow",
    formula="x ** y",
    symbol="^",
    dunder="pow",
    evaluate=math.pow,
    partials=_pow_partials,
    points=((2.0, 3.0), (1.5, -0.5), (0.5, 2.5)),
    ieee=power,
    edges=(
        ((0.0, 0.0), 1.0),
        ((0.0, -1.0), inf),
        ((-0.0, -1.0), -inf),
        ((-2.0, 0.5), nan),
        ((-2.0, 3.0), -8.0),
        ((10.0, 400.0), inf),
        ((-10.0, 401.0), -inf),
    ),
)

# -- exponentials, logarithms, roots ------------------------------------------------------------------

exp = Primitive(
    name="exp",
    formula="e ** x",
    evaluate=math.exp,
    partials=lambda x, out: (out,),
    points=((0.5,), (-1.0,)),
    ieee=exponential,
    edges=(
        ((1000.0,), inf),
        ((-1000.0,), 0.0),
    ),
)

log = Primitive(
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
)

# -- trigonometry -------------------------------------------------------------------------------------

sin = Primitive(
    name="sin",
    formula="sine of x, in radians",
    evaluate=math.sin,
    partials=lambda x, out: (cos(x),),
    points=((0.5,), (2.0,)),
    edges=(((inf,), nan),),
)

cos: Primitive = Primitive(  # the type is said because sin, above, needs it
    name="cos",
    formula="cosine of x, in radians",
    evaluate=math.cos,
    partials=lambda x, out: (-sin(x),),
    points=((0.5,), (2.0,)),
    edges=(((inf,), nan),),
)

# -- activations --------------------------------------------------------------------------------------

tanh = Primitive(
    name="tanh",
    formula="hyperbolic tangent of x",
    evaluate=math.tanh,
    partials=lambda x, out: (1.0 - out * out,),
    points=((0.3,), (-1.0,), (0.0,)),
    edges=(
        ((inf,), 1.0),
        ((-1000.0,), -1.0),
    ),
)


def _sigmoid(x: float) -> float:
    if x >= 0.0:  # the exponential is taken of a negative number only: it cannot overflow
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


sigmoid = Primitive(
    name="sigmoid",
    formula="1 / (1 + e ** -x)",
    symbol="σ",
    evaluate=_sigmoid,
    partials=lambda x, out: (out * (1.0 - out),),
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
    points=((0.3,), (-1.0,), (0.0,)),
    edges=(
        ((1000.0,), 1000.0),
        ((-1000.0,), 0.0),
        ((inf,), inf),
    ),
)

relu = Primitive(
    name="relu",
    formula="x where x > 0, else 0",
    evaluate=lambda x: 0.0 if x <= 0.0 else x,
    partials=lambda x, out: (0.0 if x <= 0.0 else 1.0,),
    points=((0.5,), (-0.5,)),
    kinks=(((0.0,), (0.0,)),),
)

leaky_relu = Primitive(
    name="leaky_relu",
    formula="x where x > 0, else y * x",
    evaluate=lambda x, y: x if x > 0.0 else y * x,
    partials=lambda x, y, out: (1.0, 0.0) if x > 0.0 else (y, x),
    points=((0.5, 0.1), (-0.5, 0.1)),
    kinks=(((0.0, 0.1), (0.1, 0.0)),),
)

# -- comparing ----------------------------------------------------------------------------------------


def _abs_partials(x: Any, out: Any) -> tuple[float]:
    return (1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0,)


abs = Primitive(  # shadows the builtin in this file, where nothing needs that
    name="abs",
    formula="x without its sign",
    symbol="| |",
    dunder="abs",
    evaluate=math.fabs,
    partials=_abs_partials,
    points=((2.0,), (-0.5,)),
    kinks=(((0.0,), (0.0,)),),
)


def _larger_first(x: Any, y: Any, out: Any) -> tuple[float, float]:
    return (0.5, 0.5) if x == y else (1.0, 0.0) if x > y else (0.0, 1.0)


maximum = Primitive(
    name="maximum",
    formula="the larger of x and y",
    symbol="max",
    evaluate=lambda x, y: x if x >= y or x != x else y,
    partials=_larger_first,
    points=((2.0, -3.0), (0.5, 1.5)),
    kinks=(((1.0, 1.0), (0.5, 0.5)),),
    edges=(
        ((nan, 1.0), nan),
        ((1.0, nan), nan),
        ((inf, 1.0), inf),
    ),
)

minimum = Primitive(
    name="minimum",
    formula="the smaller of x and y",
    symbol="min",
    evaluate=lambda x, y: x if x <= y or x != x else y,
    partials=lambda x, y, out: _larger_first(y, x, out),
    points=((2.0, -3.0), (0.5, 1.5)),
    kinks=(((1.0, 1.0), (0.5, 0.5)),),
    edges=(
        ((nan, 1.0), nan),
        ((1.0, nan), nan),
        ((-inf, 1.0), -inf),
    ),
)

# -- any number of operands ---------------------------------------------------------------------------


def _sum(xs: Sequence[float]) -> float:
    # Not the builtin sum: from Python 3.12 on it compensates, and the same program would give
    # different last digits under different Pythons.
    out = 0.0
    for x in xs:
        out += x
    return out


_total = Primitive(
    name="total",
    formula="x1 + x2 + ...",
    symbol="Σ",
    variadic=True,
    evaluate=_sum,
    partials=lambda xs, out: (1.0,) * len(xs),
    points=((2.0, -3.0, 0.5), (1.0,), ()),
)


def _dot_value(xs: tuple[float, ...]) -> float:
    n = len(xs) // 2
    out = xs[-1] if len(xs) % 2 else 0.0
    for x, y in zip(xs, xs[n : 2 * n]):  # noqa: B905  # the shorter one ends it
        out += x * y
    return out


def _dot_partials(xs: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    n = len(xs) // 2
    partials = xs[n : 2 * n] + xs[:n]
    return (*partials, 1.0) if len(xs) % 2 else partials


_dot = Primitive(
    name="dot",
    formula="x1 * y1 + x2 * y2 + ... (+ start)",
    symbol="Σ x·y",
    variadic=True,
    evaluate=_dot_value,
    partials=_dot_partials,
    points=((2.0, -3.0, 0.5, 1.5), (2.0, -3.0, 0.5, 1.5, 4.0), (2.0, -3.0), ()),
)


def _logsumexp_value(xs: tuple[float, ...]) -> float:
    largest = max(xs)
    if math.isinf(largest):
        return nan if any(x != x for x in xs) else largest
    return largest + math.log(_sum([math.exp(x - largest) for x in xs]))


_logsumexp = Primitive(
    name="logsumexp",
    formula="log(e ** x1 + e ** x2 + ...)",
    variadic=True,
    evaluate=_logsumexp_value,
    partials=lambda xs, out: tuple([exp(x - out) for x in xs]),
    points=((0.5, -1.0, 2.0), (0.25,)),
    edges=(
        ((1000.0, 1000.0), 1000.0 + math.log(2.0)),
        ((-inf, -inf), -inf),
        ((inf, 0.0), inf),
    ),
)


def total(xs: Sequence[Value | Number]) -> Value:
    """Return the sum of `xs` as one value, added from left to right.

    One node however many terms, where `sum(xs)` makes one for each. 0 for no terms.

    >>> total([Value(1.0), Value(2.0), 0.5])
    Value(total(1, 2, 0.5) = 3.5, grad=0)
    """
    return _total.over(tuple(xs))


def dot(
    xs: Sequence[Value | Number], ys: Sequence[Value | Number], start: Value | Number | None = None
) -> Value:
    """Return start + x1*y1 + x2*y2 + ... as one value, added from left to right.

    xs, ys: of the same length; a neuron's weights and inputs, for instance.  start: its bias; none
    counts as 0. Raises ValueError where the lengths differ.

    >>> w, x = [Value(2.0), Value(-1.0)], [Value(3.0), Value(4.0)]
    >>> z = dot(w, x)
    >>> z.backward()
    >>> z.data, w[0].grad, x[0].grad
    (2.0, 3.0, 2.0)
    """
    if len(xs) != len(ys):
        raise ValueError(f"dot(xs, ys) needs two of the same length, got {len(xs)} and {len(ys)}")
    return _dot.over((*xs, *ys) if start is None else (*xs, *ys, start))


def logsumexp(xs: Sequence[Value | Number]) -> Value:
    """Return log(e**x1 + e**x2 + ...) as one value; its partials are the softmax of `xs`.

    xs: at least one. Steady for large numbers: the largest is subtracted first.
    Raises ValueError for none.

    >>> round(logsumexp([Value(1000.0), Value(1000.0)]).data, 4)
    1000.6931
    """
    if len(xs) == 0:
        raise ValueError("logsumexp(xs) needs at least one number, got none")
    return _logsumexp.over(tuple(xs))


if not TYPE_CHECKING:  # type checkers cannot evaluate the list, and see every name of the file without it
    __all__ = [*TABLE]
