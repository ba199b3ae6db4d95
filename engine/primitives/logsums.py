"""Logarithms of sums of exponentials, and the shares they are made of."""

import math
from collections.abc import Sequence
from math import inf, nan
from typing import Any, overload

from ..ieee import rounded_once
from ..piecewise import piecewise
from ..primitive import Primitive
from ..value import Number, Value
from .activation import sigmoid
from .comparing import abs, maximum, where
from .exponentials import exp, log1p
from .given import alike, listed, number_in
from .sums import _fsum, total
from .unknown import largest_of, unknown


def _rounding(x: Any, y: Any, difference: Any) -> Any:
    """Return x - y - difference, exactly, for difference = x - y (D. E. Knuth, 1969)."""
    if not -1e4 < difference < 1e4:  # beyond, nobody asks for more than that it is large
        return 0.0
    other = difference - x
    return (x - (difference - other)) - (y + other)


def _logaddexp(x: float, y: float) -> float:
    if x == y:
        return x + math.log(2.0)
    larger, smaller = (x, y) if x > y else (y, x)
    return larger + math.log1p(math.exp(smaller - larger))


def _logaddexp_partials(x: Any, y: Any, out: Any) -> tuple[Any, Any]:
    difference = x - y
    rest = _rounding(x, y, difference)
    of_x, of_y = sigmoid(difference), sigmoid(-difference)
    if rest == 0.0:
        return of_x, of_y
    return of_x * (1.0 + rest * of_y), of_y * (1.0 - rest * of_x)


logaddexp = Primitive(
    name="logaddexp",
    formula="log(e ** x + e ** y)",
    evaluate=_logaddexp,
    partials=_logaddexp_partials,
    textbook=lambda x, y, out: (exp(x - out), exp(y - out)),
    points=((0.5, -1.0), (0.25, 0.75)),
    edges=(
        ((1000.0, 1000.0), 1000.0 + math.log(2.0)),
        ((-inf, -inf), -inf),
        ((-inf, 1.0), 1.0),
        ((inf, inf), inf),
    ),
    bound="4 ulp of the larger of |out| and 1",
)


def _logsumexp_value(xs: tuple[float, ...]) -> float:
    if not xs:
        return -inf
    largest = max(xs)
    if any(x != x for x in xs):
        return nan
    if math.isinf(largest):
        return largest
    place = xs.index(largest)
    rest = rounded_once([math.exp(x - largest) for i, x in enumerate(xs) if i != place])
    return largest + math.log1p(rest)


def _shares(xs: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    """Return e ** x / sum of them all, for each: by differences to the largest, not to `out`.

    Differences to `out` are off by the rounding of `out`, thousands of ulp where that is in the thousands.
    """
    if out == inf:  # one operand is: the others do not matter, and its own share is inf / inf
        return tuple([_beside_inf(x) for x in xs])
    largest = max(xs, key=number_in, default=0.0)
    powers = []
    for x in xs:
        difference = x - largest
        power, rest = exp(difference), _rounding(x, largest, difference)
        powers.append(_refined(power, rest))
    sum_of_all = _fsum(*powers)
    return tuple([power / sum_of_all for power in powers])


def _beside_inf(x: Any) -> Any:
    return nan if x == inf else 0.0


def _refined(power: Any, rest: Any) -> Any:
    return power if rest == 0.0 else power * (1.0 + rest)


def _logsumexp_by_rows(xs: tuple[Any, ...]) -> Any:
    """Return what `_logsumexp_value` returns, without asking which operand is the largest."""
    if not xs:
        return -inf
    largest = xs[0]
    for x in xs[1:]:
        largest = maximum(largest, x)
    without = where(abs(largest) == inf, 0.0, largest)  # inf - inf would be nan
    return largest + log1p(_fsum(*[exp(x - without) for x in xs]) - 1.0)


_logsumexp = Primitive(
    name="logsumexp",
    formula="log(e ** x1 + e ** x2 + ...)",
    variadic=True,
    evaluate=_logsumexp_value,
    lower=_logsumexp_by_rows,
    partials=_shares,
    textbook=lambda xs, out: tuple([exp(x - out) for x in xs]),
    remark=lambda place, xs, out: (
        f"{{x{place + 1}}} is far below the largest" if xs[place] < max(xs) - 4.0 else ""
    ),
    points=((0.5, -1.0, 2.0), (0.25,)),
    edges=(
        ((1000.0, 1000.0), 1000.0 + math.log(2.0)),
        ((-inf, -inf), -inf),
        ((inf, 0.0), inf),
    ),
    bound="4 ulp of the largest of |out|, |x1|, |x2|, ... and 1",
)


@overload
def logsumexp(xs: Sequence[Number]) -> float: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def logsumexp(xs: Sequence[Value | Number]) -> Value: ...
def logsumexp(xs: Sequence[Value | Number]) -> Value | float:
    """Return log(e**x1 + e**x2 + ...) as one value; its partials are the softmax of `xs`.

    xs: at least one. Steady for large numbers: the largest is subtracted first. A float where all are
    plain numbers. Raises ValueError for none.

    >>> round(logsumexp([Value(1000.0), Value(1000.0)]).data, 4)
    1000.6931
    """
    result: Value | float = _logsumexp.over(listed(xs, "logsumexp", least=1))
    return result


def _from_the_largest(xs: tuple[Any, ...]) -> tuple[list[Any], list[float]]:
    """Return x - c for each x, c being the largest number among them, and by how much each is rounded.

    c is no part of the graph: neither softmax nor log_softmax change when all operands move together.
    """
    numbers = [number_in(x) for x in xs]
    recorded = unknown(numbers)
    largest: Any = largest_of(numbers) if recorded else max(numbers, default=0.0)
    shifted = [x - largest for x in xs]
    rounding = piecewise(_rounding) if recorded else _rounding
    return shifted, [rounding(x, largest, number_in(s)) for x, s in zip(numbers, shifted, strict=True)]


def _shifted_power(x: Any, rest: Any) -> Any:
    return exp(x) if -1e-16 < rest < 1e-16 else exp(x) * (1.0 + rest)


@overload
def softmax(xs: Sequence[Number]) -> list[float]: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def softmax(xs: Sequence[Value | Number]) -> list[Value]: ...
def softmax(xs: Sequence[Value | Number]) -> list[Value] | list[float]:
    """Return e**x / (e**x1 + e**x2 + ...) for each x: numbers that add up to 1.

    Steady for large numbers: the largest is subtracted first. Each is right to 4 ulp, also where it is
    tiny; all are nan where one operand is inf or nan and where all are -inf, as in SciPy and PyTorch. Made
    of exponentials, one sum and quotients: 3 n + 1 nodes, where a row for each share would have n partials
    each. For a loss take `log_softmax` or `logsumexp`.

    >>> [share.data for share in softmax([Value(1000.0), Value(1000.0)])]
    [0.5, 0.5]
    """
    shifted, rests = _from_the_largest(alike(xs, "softmax"))
    power_of = piecewise(_shifted_power) if unknown(rests) else _shifted_power
    powers = [power_of(x, rest) for x, rest in zip(shifted, rests, strict=True)]
    sum_of_all = total(powers, compensated=True)
    shares: list[Any] = [power / sum_of_all for power in powers]
    return shares


@overload
def log_softmax(xs: Sequence[Number]) -> list[float]: ...  # type: ignore[overload-overlap]  # a mixture holds a Value
@overload
def log_softmax(xs: Sequence[Value | Number]) -> list[Value]: ...
def log_softmax(xs: Sequence[Value | Number]) -> list[Value] | list[float]:
    """Return the logarithms of the softmax of `xs`: x - logsumexp(xs) for each x, all 0 or less.

    Steady for large numbers, and finite where the share itself has underflowed. 2 n + 1 nodes.

    >>> [round(share, 4) for share in log_softmax([0.0, -1000.0])]
    [0.0, -1000.0]
    """
    shifted, _ = _from_the_largest(alike(xs, "log_softmax"))
    if not shifted:
        return []
    largest = logsumexp(shifted)
    return [x - largest for x in shifted]
