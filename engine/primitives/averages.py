"""What statistics makes of sums: the mean and the variance."""

import math
from collections.abc import Sequence
from math import inf, nan
from typing import Any, overload

from ..ieee import divide, rounded_once
from ..primitive import Primitive
from ..trouble import CANCELLING, SUM_OVERFLOW, Trouble
from ..value import Number, Value
from .given import listed

_mean = Primitive(
    name="mean",
    formula="(x1 + x2 + ... + xn) / n, the sum rounded once",
    symbol="mean",
    variadic=True,
    evaluate=lambda xs: divide(rounded_once(xs), float(len(xs))),
    partials=lambda xs, out: tuple([1.0 / len(xs)] * len(xs)) if xs else (),
    domain=((-1e307, 1e307),),
    points=((2.0, -3.0, 0.5), (1.0,)),
    troubles=(
        Trouble(lambda xs: CANCELLING.when(*xs), *CANCELLING[1:]),
        Trouble(lambda xs: all(map(math.isfinite, xs)), *SUM_OVERFLOW[1:3], (1e308, 1e308)),
    ),
)


def _variance_value(xs: tuple[float, ...]) -> float:
    if len(xs) < 2:
        return nan
    *xs, divisor = xs  # type: ignore[assignment]  # a list from here on
    center = rounded_once(xs) / len(xs)
    offsets = [x - center for x in xs]
    rest = rounded_once(offsets)  # 0 but for the rounding of the mean, whose effect it takes out
    squares = rounded_once([x * x for x in offsets])
    return divide(squares - rest * rest / len(xs) if squares < inf else squares, divisor)


def _variance_partials(xs: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    if len(xs) < 2:
        return (nan,) * len(xs)
    *xs, divisor = xs  # type: ignore[assignment]  # a list from here on
    center = _mean(*xs)
    offsets = [x - center for x in xs]
    rest = _mean(*offsets)
    return (*[2.0 * (x - rest) / divisor for x in offsets], -out / divisor)


_variance = Primitive(
    name="variance",
    formula="((x1 - mean)² + (x2 - mean)² + ...) / y, y the last operand",
    variadic=True,
    evaluate=_variance_value,
    partials=_variance_partials,
    points=((2.0, -3.0, 0.5, 3.0), (1.0, 2.5, 1.5)),
    bound="4 ulp of the value; of the partials 4 ulp of the largest",
    troubles=(
        Trouble(
            lambda xs: xs[-1] == 0.0,
            "the divisor is zero: too few numbers for this ddof",
            "give more numbers than ddof",
            (1.0, 0.0),
        ),
    ),
)


@overload
def mean(xs: Sequence[Number]) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def mean(xs: Sequence[Value | Number]) -> Value: ...
def mean(xs: Sequence[Value | Number]) -> Value | float:
    """Return the arithmetic mean of `xs`, at least one, as one value; the sum is rounded once.

    Raises ValueError for none.

    >>> mean([Value(1.0), Value(2.0), 6.0]).data
    3.0
    """
    result: Value | float = _mean.over(listed(xs, "mean", least=1))
    return result


@overload
def variance(xs: Sequence[Number], ddof: Number = 0) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def variance(xs: Sequence[Value | Number], ddof: Number = 0) -> Value: ...
def variance(xs: Sequence[Value | Number], ddof: Number = 0) -> Value | float:
    """Return the mean square of what lies between `xs` and their mean, as one value.

    xs: at least one.  ddof: what is taken off their number in the divisor, as in NumPy: 0 for the
    variance of these numbers, 1 for an estimate of that of the population they were drawn from.
    Raises ValueError for none.

    >>> variance([1.0, 2.0, 6.0]), variance([1.0, 2.0, 6.0], ddof=1)
    (4.666666666666667, 7.0)
    """
    given = listed(xs, "variance", least=1)
    result: Value | float = _variance.over((*given, float(max(len(given) - ddof, 0.0))))
    return result
