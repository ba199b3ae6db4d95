"""What to say where an operation gives inf or nan: what happened there, in words, and the usual cure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .names import own_name

if TYPE_CHECKING:
    from .primitive import Primitive
    from .value import Value


class Trouble(NamedTuple):
    """One way in which a row's value or one of its partials comes to be inf or nan."""

    when: Callable[..., bool]
    """Called with the operands as floats (a variadic row: one tuple of them): whether this happened."""

    what: str
    """What happened, in words."""

    cure: str
    """What to do about it."""

    example: tuple[float, ...]
    """Operands for which it happens: tests and documentation take them."""


OVERFLOW = Trouble(
    lambda *_: True,
    "the result is beyond the floats, which end at 1.8e308",
    "scale the numbers down, take smaller steps, or compute with logarithms",
    (),
)
SUM_OVERFLOW = OVERFLOW._replace(what="the sum is beyond the floats, which end at 1.8e308")
OUTSIDE = Trouble(
    lambda *_: True,
    "the operands are outside what the operation is defined for",
    "keep them inside with clip(x, low, high), or choose with where(condition, x, y)",
    (),
)
STEEP = Trouble(
    lambda *_: True,
    "the derivative is infinite there",
    "keep away from that point with clip(x, low, high), or choose with where(condition, x, y)",
    (),
)
INFINITE = Trouble(
    lambda *_: True,
    "an operand is inf or nan, and the result is not defined",
    "see where that operand comes from",
    (),
)
PASSED_ON = INFINITE._replace(what="an operand is infinite, and so is the result")
CANCELLING = Trouble(
    lambda *xs: {math.inf, -math.inf} <= set(xs),
    "inf - inf: infinite terms of both signs cancel",
    "see where the infinite terms come from; subtract before exponentiating (logsumexp, softmax)",
    (math.inf, -math.inf),
)
ZERO_TIMES_INFINITE = Trouble(
    lambda *xs: 0.0 in xs and (math.inf in xs or -math.inf in xs),
    "0 * inf: one factor is zero, another infinite",
    "see where the infinite factor comes from; to switch a term off use where(condition, x, 0.0), not * 0",
    (0.0, math.inf),
)


def trouble_of(primitive: Primitive, operands: Sequence[Value], data: float) -> Trouble:
    """Return what happened where `primitive` made `data`, or a partial, inf or nan of `operands`."""
    numbers = tuple([operand.data for operand in operands])
    for trouble in primitive.troubles:
        if trouble.when(numbers) if primitive.variadic else trouble.when(*numbers):
            return trouble
    if math.isfinite(data):
        return STEEP
    if all(map(math.isfinite, numbers)):
        return OVERFLOW if math.isinf(data) else OUTSIDE
    return INFINITE if math.isnan(data) else PASSED_ON


def call_text(primitive: Primitive, operands: Sequence[Value]) -> str:
    """Return an operation as it would be written: `div(x=1.0, y=0.0)`, with names where values have them."""
    shown = [f"{operand.data!r}" for operand in operands[:8]]
    names = [own_name(operand) for operand in operands[:8]]
    if not any(names) and len(operands) <= 3 and not primitive.variadic:
        names = ["x", "y", "z"]
    named = [f"{name}={number}" if name else number for name, number in zip(names, shown, strict=False)]
    return f"{primitive.name}({', '.join(named)}{', ...' if len(operands) > 8 else ''})"


def not_finite_text(primitive: Primitive, operands: Sequence[Value], data: float) -> str:
    """Return the one line that says which operation gave inf or nan, why, and what cures it.

    >>> from chainrule.engine import Value, div
    >>> not_finite_text(div, (Value(1.0), Value(0.0)), math.inf)
    'div(x=1.0, y=0.0) is inf: the denominator is zero'
    """
    return f"{call_text(primitive, operands)} is {data}: {trouble_of(primitive, operands, data).what}"
