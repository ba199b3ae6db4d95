"""Polynomials and interpolation, running sums and products, and lists by the order of their numbers."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, overload

from ..primitive import Primitive
from ..value import Number, Value
from .averages import mean
from .comparing import _where_row
from .given import alike, in_order, is_asked, least_gap, number_in, went
from .unknown import chosen, interpolated, sorted_by_rows, unknown


def _polyval_value(xs: tuple[float, ...]) -> float:
    x, out, *rest = (*xs, 0.0, 0.0) if len(xs) < 2 else xs
    for coefficient in rest:
        out = out * x + coefficient
    return out


def _polyval_partials(xs: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    if len(xs) < 2:
        return (0.0,) * len(xs)
    x, value, *rest = xs
    slope: Any = 0.0
    for place, coefficient in enumerate(rest):
        slope = slope * x + value if place else value
        value = value * x + coefficient
    return (slope, *[x ** float(power) if power > 1 else x for power in range(len(rest), 0, -1)], 1.0)


_polyval = Primitive(
    name="polyval",
    formula="c0 * x**n + c1 * x**(n-1) + ... + cn of the operands x, c0, ..., cn",
    variadic=True,
    evaluate=_polyval_value,
    partials=_polyval_partials,
    points=((0.5, 2.0, -3.0, 0.5), (-1.5, 1.0, 2.0), (2.0, 3.0)),
    bound="6 ulp of |c0 * x**n| + |c1 * x**(n-1)| + ..., for n up to 5",
)


@overload
def polyval(coefficients: Sequence[Number], x: Number) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def polyval(coefficients: Sequence[Value | Number], x: Value | Number) -> Value: ...
def polyval(coefficients: Sequence[Value | Number], x: Value | Number) -> Value | float:
    """Return the polynomial with these coefficients at x, by Horner's rule, as one value.

    coefficients: that of the highest power first, as for `numpy.polyval`; none make 0.

    >>> polyval([2.0, 0.0, -1.0], 3.0)
    17.0
    >>> polyval([2.0, 0.0, -1.0], Value(3.0)).partials[0]
    12.0
    """
    result: Value | float = _polyval.over((x, *(alike(coefficients, "polyval") or (0.0,))))
    return result


@overload
def cumsum(xs: Sequence[Number]) -> list[float]: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def cumsum(xs: Sequence[Value | Number]) -> list[Value]: ...
def cumsum(xs: Sequence[Value | Number]) -> list[Value] | list[float]:
    """Return x1, x1 + x2, x1 + x2 + x3, ...: each the one before plus one term.

    >>> cumsum([1.0, 2.0, 4.0])
    [1.0, 3.0, 7.0]
    """
    sums: list[Any] = []
    for x in alike(xs, "cumsum"):
        sums.append(sums[-1] + x if sums else x)
    return sums


@overload
def cumprod(xs: Sequence[Number]) -> list[float]: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def cumprod(xs: Sequence[Value | Number]) -> list[Value]: ...
def cumprod(xs: Sequence[Value | Number]) -> list[Value] | list[float]:
    """Return x1, x1 * x2, x1 * x2 * x3, ...: each the one before times one factor.

    >>> cumprod([1.0, 2.0, 4.0])
    [1.0, 2.0, 8.0]
    """
    products: list[Any] = []
    for x in alike(xs, "cumprod"):
        products.append(products[-1] * x if products else x)
    return products


@overload
def interp(x: Number, xs: Sequence[Number], fs: Sequence[Number]) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def interp(x: Value | Number, xs: Sequence[Value | Number], fs: Sequence[Value | Number]) -> Value: ...
def interp(x: Value | Number, xs: Sequence[Value | Number], fs: Sequence[Value | Number]) -> Value | float:
    """Return at x the line that joins the points (xs[i], fs[i]); constant left and right of them.

    xs: at least one, increasing, as for `numpy.interp`.  fs: as many. All may be Values.
    At a point where two lines meet the derivative is that of the line to the right; right of the last
    point, and at it, it is 0.
    Raises ValueError where xs are not increasing and where the lengths differ. A compiled function gives nan
    for xs that are computed and turn out not to be increasing, and the error with exact=True.

    >>> interp(1.5, [0.0, 1.0, 2.0], [10.0, 20.0, 40.0])
    30.0
    >>> x = Value(1.5)
    >>> interp(x, [0.0, 1.0, 2.0], [10.0, 20.0, 40.0]).backward()
    >>> x.grad
    20.0
    """
    count, values = len(xs), len(fs)
    if count != values:
        raise ValueError(f"interp(x, xs, fs) needs as many fs as xs, got {count} xs and {values} fs")
    x, *points = alike([x, *xs, *fs], "interp")
    xs, fs = points[:count], points[count:]
    if not xs:
        raise ValueError("interp(x, xs, fs) needs at least one point, got none")
    if unknown(points) or unknown([x]):
        _check_increasing([number_in(point) for point in xs if not unknown([point])])
        while_recording: Value = interpolated(x, xs, fs)
        return while_recording
    places = [number_in(point) for point in xs]
    _check_increasing(places)
    here = number_in(x)
    i = bisect_right(places, here) - 1 if here == here else 0
    if is_asked():
        went("interp", f"piece {i + 1} of 0 to {len(xs)}", min([abs(here - place) for place in places]))
    if i < 0 or i == len(xs) - 1:
        end: Any = fs[max(i, 0)]
        # A node of its own, for which x is an operand that the result does not depend on.
        result: Value | float = _where_row(1.0 if here == here else 0.0, end, x)
        return result
    slope = (fs[i + 1] - fs[i]) / (xs[i + 1] - xs[i])
    line: Value | float = fs[i] + slope * (x - xs[i])
    return line


def _check_increasing(places: list[float]) -> None:
    if not all(left < right for left, right in pairwise(places)):
        raise ValueError("interp(x, xs, fs) needs increasing xs: sort the points by x, each x once")


@overload
def sort(xs: Sequence[Number]) -> list[float]: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def sort(xs: Sequence[Value | Number]) -> list[Value]: ...
def sort(xs: Sequence[Value | Number]) -> list[Value] | list[float]:
    """Return `xs` from the smallest to the largest: the same Values, so that gradients find them.

    Equal ones stay in their order, and nan comes last, as in NumPy.

    >>> sort([2.0, 1.0, 3.0])
    [1.0, 2.0, 3.0]
    """
    given = alike(xs, "sort")
    if unknown(given):
        return sorted_by_rows(given)
    ordered = in_order(given, "sort")
    went("sort", "this order", least_gap(ordered))
    return ordered


@overload
def median(xs: Sequence[Number]) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def median(xs: Sequence[Value | Number]) -> Value: ...
def median(xs: Sequence[Value | Number]) -> Value | float:
    """Return the middle one of `xs`, the same Value, or the mean of the two in the middle.

    xs: at least one. nan where one of them is, as in NumPy. Raises ValueError for none.

    >>> median([5.0, 1.0, 3.0]), median([1.0, 2.0, 3.0, 8.0])
    (3.0, 2.5)
    """
    given = alike(xs, "median", least=1)
    middle = len(given) // 2
    if unknown(given):
        by_rows = sorted_by_rows(given)
        of_two = by_rows[middle] if len(given) % 2 else mean(by_rows[middle - 1 : middle + 1])
        while_recording: Value = chosen(by_rows[-1] == by_rows[-1], of_two, by_rows[-1])
        return while_recording
    ordered = in_order(given, "median")
    first = middle - 1 + len(ordered) % 2  # of the one or two in the middle
    went("median", "these in the middle", least_gap(ordered[max(first - 1, 0) : middle + 2]))
    if number_in(ordered[-1]) != number_in(ordered[-1]):
        last: Value | float = ordered[-1]
        return last
    if len(ordered) % 2:
        alone: Value | float = ordered[middle]
        return alone
    both: Value | float = mean(ordered[middle - 1 : middle + 1])
    return both
