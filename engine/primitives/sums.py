"""Rows over any number of operands: sums, products and lengths."""

import math
from collections.abc import Sequence
from math import inf
from typing import Any, overload

from ..ieee import TINY, left_to_right, rounded_once
from ..primitive import Primitive
from ..trouble import CANCELLING, SUM_OVERFLOW, ZERO_TIMES_INFINITE, Trouble
from ..value import Number, Value
from .given import listed

_total = Primitive(
    name="total",
    formula="x1 + x2 + ...",
    symbol="Σ",
    variadic=True,
    evaluate=left_to_right,
    partials=lambda xs, out: (1.0,) * len(xs),
    points=((2.0, -3.0, 0.5), (1.0,), ()),
    bound="4 ulp of |x1| + |x2| + ..., for up to 8 operands: half an ulp for each +",
    domain=((-1e307, 1e307),),
    troubles=(
        Trouble(lambda xs: CANCELLING.when(*xs), *CANCELLING[1:]),
        Trouble(lambda xs: all(map(math.isfinite, xs)), *SUM_OVERFLOW[1:3], (1e308, 1e308)),
    ),
)

_fsum = Primitive(
    name="fsum",
    formula="x1 + x2 + ..., rounded once",
    symbol="Σ",
    variadic=True,
    evaluate=rounded_once,
    partials=lambda xs, out: (1.0,) * len(xs),
    points=((2.0, -3.0, 0.5), (1.0,), ()),
    edges=(
        ((1e16, 1.0, -1e16), 1.0),
        ((1e308, 1e308), inf),
    ),
    domain=((-1e307, 1e307),),
    troubles=(
        Trouble(lambda xs: CANCELLING.when(*xs), *CANCELLING[1:]),
        Trouble(lambda xs: all(map(math.isfinite, xs)), *SUM_OVERFLOW[1:3], (1e308, 1e308)),
    ),
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


def _zero_times_infinite(xs: tuple[float, ...]) -> bool:
    n = len(xs) // 2
    return any(ZERO_TIMES_INFINITE.when(x, y) for x, y in zip(xs[:n], xs[n : 2 * n], strict=True))


def _dot_remark(place: int, xs: tuple[float, ...], out: float) -> str:
    n = len(xs) // 2
    factor = (place + n) % (2 * n) if place < 2 * n else -1  # the last operand is the start, if there is one
    return f"multiplied by {{x{factor + 1}}}" if factor >= 0 and xs[factor] == 0.0 else ""


_dot = Primitive(
    name="dot",
    formula="x1 * y1 + x2 * y2 + ... (+ start)",
    symbol="Σ x·y",
    variadic=True,
    evaluate=_dot_value,
    partials=_dot_partials,
    remark=_dot_remark,
    points=((2.0, -3.0, 0.5, 1.5), (2.0, -3.0, 0.5, 1.5, 4.0), (2.0, -3.0), ()),
    bound="4 ulp of |x1 * y1| + |x2 * y2| + ..., for up to 8 operands of 1e-150 to 1e150",
    troubles=(
        Trouble(_zero_times_infinite, *ZERO_TIMES_INFINITE[1:]),
        Trouble(lambda xs: inf in xs or -inf in xs, *CANCELLING[1:3], (1.0, 1.0, inf, -inf)),
        Trouble(lambda xs: all(map(math.isfinite, xs)), *SUM_OVERFLOW[1:3], (1e200, 1e200)),
    ),
)


def _products_of_the_others(xs: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    """Return the product of all operands but one, for each: without dividing, so that zeros may occur."""
    before: list[Any] = [1.0]
    after: list[Any] = [1.0]
    for x, y in zip(xs[:-1], reversed(xs[1:]), strict=True):
        before.append(before[-1] * x)
        after.append(y * after[-1])
    return tuple([left * right for left, right in zip(before, reversed(after), strict=True)][: len(xs)])


def _product(xs: Sequence[float]) -> float:
    out = 1.0
    for x in xs:
        out *= x
    return out


def _product_remark(place: int, xs: tuple[float, ...], out: float) -> str:
    zero = next((i for i, x in enumerate(xs) if x == 0.0 and i != place), None)
    return "" if zero is None else f"multiplied by {{x{zero + 1}}}"


_prod = Primitive(
    name="prod",
    formula="x1 * x2 * ...",
    symbol="Π",
    variadic=True,
    evaluate=_product,
    partials=_products_of_the_others,
    remark=_product_remark,
    points=((2.0, -3.0, 0.5), (1.5,), (2.0, 0.0, 3.0), (0.0, 0.0, 3.0), ()),
    bound="4 ulp, for up to 8 operands and as long as no part of the product under- or overflows",
    troubles=(Trouble(lambda xs: ZERO_TIMES_INFINITE.when(*xs), *ZERO_TIMES_INFINITE[1:]),),
)


def _hypot_partials(xs: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    if TINY < out < inf:
        return tuple([x / out for x in xs])
    if out == 0.0:
        return (0.0,) * len(xs)
    # The result itself has underflowed or overflowed. Scaled by no more than it takes: compiled derivatives
    # of this multiply by it again and again, where it is not the way taken too, and inf would not stay there.
    scale = 2.0**60 if out < 1.0 else 2.0**-60
    scaled = [x * scale for x in xs]
    length = hypot(*scaled)
    return tuple([x / length for x in scaled])


hypot: Primitive = Primitive(
    name="hypot",
    formula="square root of x1 * x1 + x2 * x2 + ...",
    variadic=True,
    evaluate=lambda xs: math.hypot(*xs),
    partials=_hypot_partials,
    remark=lambda place, xs, out: "a kink, as all are 0, where the derivative is 0 by rule" * (out == 0.0),
    points=((3.0, -4.0), (2.0, -3.0, 0.5), (-2.0,), ()),
    kinks=(((0.0, 0.0), (0.0, 0.0)),),
    side=lambda xs: ("length 0" if not any(xs) else "length > 0", math.hypot(*xs)),
    edges=(
        ((3e-320, 4e-320), 5e-320),
        ((3.0 * 2.0**1000, 4.0 * 2.0**1000), 5.0 * 2.0**1000),
        ((inf, -1.0), inf),
    ),
    method=True,
)


@overload
def total(xs: Sequence[Number], *, compensated: bool = False) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def total(xs: Sequence[Value | Number], *, compensated: bool = False) -> Value: ...
def total(xs: Sequence[Value | Number], *, compensated: bool = False) -> Value | float:
    """Return the sum of `xs` as one value, added from left to right.

    One node however many terms, where `sum(xs)` makes one for each. 0 for no terms; a float where all
    are plain numbers.
    compensated: round once, as `math.fsum` does, instead of after each term.

    >>> total([Value(1.0), Value(2.0), 0.5])
    Value(total(1, 2, 0.5) = 3.5, grad=0)
    >>> total([1e16, 1.0, -1e16]), total([1e16, 1.0, -1e16], compensated=True)
    (0.0, 1.0)
    """
    row = _fsum if compensated else _total
    result: Value | float = row.over(listed(xs, "total"))
    return result


@overload
def fsum(xs: Sequence[Number]) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def fsum(xs: Sequence[Value | Number]) -> Value: ...
def fsum(xs: Sequence[Value | Number]) -> Value | float:
    """Return the sum of `xs` as one value, rounded once: `total(xs, compensated=True)`.

    >>> fsum([0.1] * 10)
    1.0
    """
    result: Value | float = _fsum.over(listed(xs, "fsum"))
    return result


@overload
def dot(xs: Sequence[Number], ys: Sequence[Number], start: Number | None = None) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def dot(
    xs: Sequence[Value | Number], ys: Sequence[Value | Number], start: Value | Number | None = None
) -> Value: ...
def dot(
    xs: Sequence[Value | Number], ys: Sequence[Value | Number], start: Value | Number | None = None
) -> Value | float:
    """Return start + x1*y1 + x2*y2 + ... as one value, added from left to right.

    xs, ys: of the same length; a neuron's weights and inputs, for instance.  start: its bias; none
    counts as 0. A float where all are plain numbers. Raises ValueError where the lengths differ.

    >>> w, x = [Value(2.0), Value(-1.0)], [Value(3.0), Value(4.0)]
    >>> z = dot(w, x)
    >>> z.backward()
    >>> z.data, w[0].grad, x[0].grad
    (2.0, 3.0, 2.0)
    """
    if len(xs) != len(ys):
        raise ValueError(f"dot(xs, ys) needs two of the same length, got {len(xs)} and {len(ys)}")
    result: Value | float = _dot.over((*xs, *ys) if start is None else (*xs, *ys, start))
    return result


@overload
def prod(xs: Sequence[Number]) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def prod(xs: Sequence[Value | Number]) -> Value: ...
def prod(xs: Sequence[Value | Number]) -> Value | float:
    """Return the product of `xs` as one value, multiplied from left to right; 1 for no factors.

    The partials are products of the other factors, so zeros among them do no harm.

    >>> xs = [Value(2.0), Value(0.0), Value(3.0)]
    >>> prod(xs).backward()
    >>> [x.grad for x in xs]
    [0.0, 6.0, 0.0]
    """
    result: Value | float = _prod.over(listed(xs, "prod"))
    return result


@overload
def norm(xs: Sequence[Number]) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def norm(xs: Sequence[Value | Number]) -> Value: ...
def norm(xs: Sequence[Value | Number]) -> Value | float:
    """Return the Euclidean length of `xs`: `hypot(*xs)`, steady for huge and for tiny numbers.

    Its gradient where all are 0 is 0, as PyTorch has it.

    >>> norm([3.0, 4.0]), norm([3e-320, 4e-320])
    (5.0, 5e-320)
    """
    result: Value | float = hypot.over(listed(xs, "norm"))
    return result
