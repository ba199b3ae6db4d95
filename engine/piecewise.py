"""Formulas with branches that the compiler records with both their sides."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from .recorded import check_function

F = TypeVar("F", bound=Callable[..., Any])


def piecewise(formula: F) -> F:
    """Return `formula`, a function with branches on its arguments, in a form that can be compiled.

    Called with numbers and Values it is the same function. While `compile` records, both sides of each
    branch are recorded, and the comparison chooses between them. So both are computed at every call, and
    the function must do nothing but compute: no printing, no lists that it changes, no loop that waits for
    a number.

    formula: takes numbers or Values, one by one, and returns one.

    >>> from chainrule.engine import Value
    >>> @piecewise
    ... def payoff(price, strike):
    ...     return price - strike if price > strike else 0.0
    >>> payoff(Value(105.0), 100.0)
    Value(sub(105, 100) = 5, grad=0)
    """
    check_function(formula, "piecewise")

    @wraps(formula)
    def run(*operands: Any) -> Any:
        for operand in operands:
            both_ways = getattr(type(operand), "both_ways", None)
            if both_ways is not None:
                return both_ways(operand, formula, operands)
        return formula(*operands)

    return run  # type: ignore[return-value]  # wraps the same signature
