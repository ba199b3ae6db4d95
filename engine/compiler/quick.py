"""Partials that machine code computes in fewer steps than the table's, where nothing is tiny or infinite.

The table's formulas have branches for numbers at the ends of the range, and machine code computes both sides
of each. Here those ends are left out: at them the partial is nan, so that the gradient is, and then it is
computed again by the table's formulas (see `guarded`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..primitive import TABLE, Primitive
from .instructions import NORMAL
from .traced import Traced


def quick_partials(row: Primitive, known: tuple[float | None, ...]) -> Callable[..., Any] | None:
    """Return a formula for the partials of `row`, called with its operands and its result, or None.

    known: for each operand its number where that is known.
    """
    if TABLE.get(row.name) is not row:
        return None
    if row.name == "div" and known[1] is None:
        return _of_quotient
    exponent = known[1] if row.name == "pow" else None
    if exponent is not None and exponent < 1.0 and exponent not in (0.0, -math.inf):  # 0 is an end there
        return _of_power
    return None


def _of_quotient(x: Any, y: Any, out: Any) -> tuple[Any, Any]:
    slope = 1.0 / y
    return slope, -(_normal(out, slope) * slope)


def _of_power(x: Any, y: float, out: Any) -> tuple[Any, float]:
    return y * (_normal(out, out) / x), 0.0  # nobody asks for the partial by a number


def _normal(x: Traced, beside: Traced) -> Any:
    """Return `x` where both are zero or of ordinary size, else nan."""
    return x.recorder.made(NORMAL, (x.entry, beside.entry))
