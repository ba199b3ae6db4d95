"""Rows that choose among their operands."""

import math
from math import inf, nan
from typing import Any, overload

from ..methods import give_method
from ..primitive import Primitive
from ..value import Number, Value
from .sides import sign_side


def _abs_partials(x: Any, out: Any) -> tuple[float]:
    return (1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0,)


abs = Primitive(  # shadows the builtin in this file, where nothing needs that
    name="abs",
    formula="x without its sign",
    symbol="| |",
    dunder="abs",
    evaluate=math.fabs,
    partials=_abs_partials,
    remark=lambda place, x, out: (
        "a tie, as {x} lies on the kink, where the derivative is 0 by rule" * (x == 0.0)
    ),
    points=((2.0,), (-0.5,)),
    kinks=(((0.0,), (0.0,)),),
    side=sign_side,
    aliases=("fabs",),
)


def _larger_first(x: Any, y: Any, out: Any) -> tuple[float, float]:
    if x == y:
        return 0.5, 0.5
    # Where one of them is nan both get the gradient, as PyTorch has it.
    return (1.0, 0.0) if x > y else (0.0, 1.0) if x < y else (1.0, 1.0)


def _order_side(x: float, y: float) -> tuple[str, float]:
    if x != x or y != y:
        return "nan: both", 0.0
    return ("x > y" if x > y else "x < y" if x < y else "a tie: half each"), math.fabs(x - y)


def _taken(place: int, x: float, y: float, first: bool) -> str:
    """Return what to say of the operand at `place`, where the other one was taken or both are equal."""
    if x == y:
        return "a tie of {x} and {y}, each of which gets half"
    return "" if first == (place == 0) else f"passed over for {'{x}' if place else '{y}'}"


maximum = Primitive(
    name="maximum",
    formula="the larger of x and y",
    folds=True,  # of three equal ones the first two get a quarter each: half of the first half
    symbol="max",
    evaluate=lambda x, y: x if x >= y or x != x else y,
    partials=_larger_first,
    remark=lambda place, x, y, out: _taken(place, x, y, out == x),
    points=((2.0, -3.0), (0.5, 1.5)),
    kinks=(
        ((1.0, 1.0), (0.5, 0.5)),
        ((nan, 1.0), (1.0, 1.0)),
    ),
    side=_order_side,
    edges=(
        ((nan, 1.0), nan),
        ((1.0, nan), nan),
        ((inf, 1.0), inf),
    ),
)

minimum = Primitive(
    name="minimum",
    formula="the smaller of x and y",
    folds=True,
    symbol="min",
    evaluate=lambda x, y: x if x <= y or x != x else y,
    partials=lambda x, y, out: _larger_first(y, x, out),
    remark=lambda place, x, y, out: _taken(place, x, y, out == x),
    points=((2.0, -3.0), (0.5, 1.5)),
    kinks=(
        ((1.0, 1.0), (0.5, 0.5)),
        ((nan, 1.0), (1.0, 1.0)),
    ),
    side=_order_side,
    edges=(
        ((nan, 1.0), nan),
        ((1.0, nan), nan),
        ((-inf, 1.0), -inf),
    ),
)


def _clip(x: float, y: float, z: float) -> float:
    if x != x or y != y or z != z:
        return nan
    return z if x > z or y > z else y if x < y else x


def _clip_partials(x: Any, y: Any, z: Any, out: Any) -> tuple[float, float, float]:
    if x > z or y > z:
        return 0.0, 0.0, 1.0
    return (0.0, 1.0, 0.0) if x < y else (1.0, 0.0, 0.0)


def _clip_side(x: float, y: float, z: float) -> tuple[str, float]:
    side = "above: z" if x > z or y > z else "below: y" if x < y else "between: x"
    return side, min(math.fabs(x - y), math.fabs(x - z))


def _clip_remark(place: int, x: float, y: float, z: float, out: float) -> str:
    if x > z or y > z:
        return "" if place == 2 else "clipped, as {x} lies above the bound {z}"
    if x < y:
        return "" if place == 1 else "clipped, as {x} lies below the bound {y}"
    return "a bound that is not in use, as {x} lies within" if place else ""


_clip_row = Primitive(
    name="clip",
    formula="x, but at least y and at most z",
    evaluate=_clip,
    partials=_clip_partials,
    remark=_clip_remark,
    points=((0.5, 0.0, 1.0), (-0.5, 0.0, 1.0), (1.5, 0.0, 1.0)),
    kinks=(
        ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
        ((1.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
    ),
    side=_clip_side,
    edges=(
        ((inf, 0.0, 1.0), 1.0),
        ((nan, 0.0, 1.0), nan),
        ((0.5, 1.0, 0.0), 0.0),
    ),
)


def _where_remark(place: int, x: float, y: float, z: float, out: float) -> str:
    if place == 0:
        return "a condition has no derivative"
    return "" if (place == 1) == (x != 0.0) else "the other branch was taken, {out}"


_where_row = Primitive(
    name="where",
    formula="y where x is not 0, else z",
    evaluate=lambda x, y, z: y if x != 0.0 else z,
    partials=lambda x, y, z, out: (0.0, 1.0, 0.0) if x != 0.0 else (0.0, 0.0, 1.0),
    remark=_where_remark,
    points=((1.0, 0.5, -2.0), (0.0, 0.5, -2.0)),
    edges=(
        ((1.0, 0.5, nan), 0.5),
        ((0.0, -inf, 0.5), 0.5),
    ),
    side=lambda x, y, z: ("x != 0: y" if x != 0.0 else "x = 0: z", nan if x in (0.0, 1.0) else math.fabs(x)),
)


@overload
def clip(x: Number, low: Number | None = None, high: Number | None = None) -> float: ...
@overload
def clip(x: Value, low: Value | Number | None = None, high: Value | Number | None = None) -> Value: ...
@overload
def clip(x: Number, low: Value, high: Value | Number | None = None) -> Value: ...
@overload
def clip(x: Number, low: Number | None, high: Value) -> Value: ...
def clip(
    x: Value | Number, low: Value | Number | None = None, high: Value | Number | None = None
) -> Value | float:
    """Return x, but at least `low` and at most `high`; None leaves that side open.

    The gradient goes to what was returned: to x at the bounds too, as PyTorch has it. Where low > high
    the result is high.

    >>> clip(2.5, 0.0, 1.0)
    1.0
    >>> clip(Value(-0.5), low=0.0)
    Value(clip(-0.5, 0, inf) = 0, grad=0)
    """
    low, high = -inf if low is None else low, inf if high is None else high
    result: Value | float = _clip_row.over((x, low, high))
    return result


give_method("clip", _clip_row, clip)  # v.clip(high=1.0): the method takes what the function takes


@overload
def where(condition: object, x: Number, y: Number) -> float: ...
@overload
def where(condition: object, x: Value, y: Value | Number) -> Value: ...
@overload
def where(condition: object, x: Number, y: Value) -> Value: ...
def where(condition: object, x: Value | Number, y: Value | Number) -> Value | float:
    """Return x where the condition is true, else y.

    condition: a comparison's result, or anything else by its truth; a Value by that of its number.
    The one not taken gets a gradient of exactly zero, even where it is inf or nan: the result is a node
    of its own that says so, and that shows in pictures which way was taken.

    >>> x = Value(0.0)
    >>> y = where(x > 0.0, x.log(), 0.0)
    >>> y.backward()
    >>> y.data, x.grad
    (0.0, 0.0)
    """
    if not isinstance(condition, Value):
        if condition is NotImplemented:
            raise TypeError("where(NotImplemented, x, y): write 1.0 < v, as (1.0).__lt__(v) knows no Values")
        condition = 1.0 if condition else 0.0
    result: Value | float = _where_row.over((condition, x, y))
    return result
