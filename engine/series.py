"""Power series, and the derivatives of a program along a line that they give.

A series runs through any row of the table by the row's own partials: out' = sum of partial * operand' gives
each coefficient of the result from those before it. So a row needs no rule of its own here. Coefficients
are worked out when they are asked for, so a formula may speak of its own result (the exponential's does).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial, isfinite
from typing import Any

from .graph import operations
from .primitive import TABLE, Primitive
from .recorded import Recorded, check_function, record
from .transforms import matching
from .value import Value, described


class Series:
    """c0 + c1 t + c2 t**2 + ...: coefficients are floats or Values, each known or worked out on demand.

    Arithmetic and the functions of the table take series beside plain numbers. Comparisons look at c0.
    known: the first coefficients, at least one.  rule: gives coefficient k once those before are known;
    without one the others are zero.
    """

    __slots__ = ("known", "rule")

    def __init__(self, known: Sequence[Any], rule: Callable[[int], Any] | None = None) -> None:
        self.known = list(known)
        self.rule = rule or (lambda k: 0.0)

    def __getitem__(self, k: int) -> Any:
        """Return the coefficient of t**k."""
        while len(self.known) <= k:
            self.known.append(self.rule(len(self.known)))
        return self.known[k]

    def apply_primitive(self, primitive: Primitive, operands: tuple[Any, ...]) -> Series:
        """Return what `primitive` makes of operands of which at least one is a series."""
        return through(primitive, operands, primitive(*[coefficient(x, 0) for x in operands]))

    def __lt__(self, other: Any) -> bool:
        return bool(self[0] < coefficient(other, 0))

    def __le__(self, other: Any) -> bool:
        return bool(self[0] <= coefficient(other, 0))

    def __gt__(self, other: Any) -> bool:
        return bool(self[0] > coefficient(other, 0))

    def __ge__(self, other: Any) -> bool:
        return bool(self[0] >= coefficient(other, 0))

    def __eq__(self, other: object) -> bool:
        return bool(self[0] == coefficient(other, 0))

    __hash__ = None  # type: ignore[assignment]  # equal series differ: they must not be keys

    def __repr__(self) -> str:
        return f"Series({self.known})"


def coefficient(x: Any, k: int) -> Any:
    """Return the coefficient of t**k in a series, or in a number, which is c0 alone."""
    if isinstance(x, Series):
        return x[k]
    return x if k == 0 else 0.0


def through(primitive: Primitive, operands: tuple[Any, ...], start: Any) -> Series:
    """Return the series that `primitive` makes of `operands`, series and numbers; start: its c0."""
    if primitive.name in PRODUCTS:
        return PRODUCTS[primitive.name](*operands, start)
    partials: tuple[Any, ...] = ()

    def rule(k: int) -> Any:
        nonlocal partials
        try:
            here = partials = partials or _partials(primitive, operands, out)
        except TypeError:  # a black box: its partials are numbers, which do for the first derivative
            if k > 1 or _recorded_partials(start) is not None:
                raise
            here = primitive.partials_at(tuple([coefficient(x, 0) for x in operands]), start)
        total: Any = 0.0
        for operand, partial in zip(operands, here, strict=True):
            if isinstance(operand, Series):
                for j in range(k):
                    total = plus(total, coefficient(partial, j), operand[k - j], k - j)
        return total if is_zero(total) else total / float(k)

    out = Series([start], rule)
    return out


def _recorded_partials(start: Any) -> Callable[[], tuple[Any, ...]] | None:
    """Return what records the partials of a number that the compiler records; None for any other."""
    is_stand_in = hasattr(type(start), "recorded_partials")
    return (lambda: start.recorded_partials) if is_stand_in else None


def _partials(primitive: Primitive, operands: tuple[Any, ...], out: Series) -> tuple[Any, ...]:
    recorded = _recorded_partials(out[0])
    if recorded is not None:  # with both sides of their branches
        series = {x[0].itself: x for x in (*operands, out) if isinstance(x, Series)}
        partials = recorded()
        below = [partial for partial in partials if isinstance(partial, Value)]
        _carry(series, operations(*below, above=series), lambda value: value)
        return tuple([series.get(getattr(partial, "itself", partial), partial) for partial in partials])
    try:
        return primitive.partials_at(operands, out)
    except TypeError:  # formulas that take Values only: an implicit function's, which differentiate
        numbers = [coefficient(x, 0) for x in (*operands, out)]
        run = record(lambda xs: primitive.partials_at(tuple(xs[:-1]), xs[-1]), (numbers,), {}, 0, "taylor")
        return tuple(along(run, (*operands, out)))


def along(run: Recorded, inputs: Sequence[Any], order: int = 0) -> list[Any]:
    """Return the outputs of a recorded run as series, given its inputs as series or numbers.

    order: up to which every value's coefficients are worked out at once, operands before users, so that
    those at the end of a long chain need not wait for all the others in turn.
    """

    def term(value: Value) -> Any:
        return value if run.nested else value.data

    series: dict[Any, Any] = dict(zip(run.inputs, inputs, strict=True))
    _carry(series, run.order, term, order)
    return [series.get(output, term(output)) for output in run.outputs]


def _carry(series: dict[Any, Any], nodes: list[Value], term: Callable[[Value], Any], order: int = 0) -> None:
    """Add to `series` those of `nodes`, operations in topological order. term: what a value is as a c0."""
    for node in nodes:
        operands = tuple([series.get(operand, term(operand)) for operand in node.operands])
        if any(isinstance(operand, Series) for operand in operands):
            assert node.primitive is not None
            series[node] = through(node.primitive, operands, term(node))
            series[node][order]


def _product(x: Any, y: Any, start: Any) -> Series:
    def rule(k: int) -> Any:
        total: Any = 0.0
        for j in range(k + 1):
            total = plus(total, coefficient(x, j), coefficient(y, k - j))
        return total

    return Series([start], rule)


def _quotient(x: Any, y: Any, start: Any) -> Series:
    def rule(k: int) -> Any:
        total = coefficient(x, k)
        for j in range(1, k + 1):
            total = plus(total, coefficient(y, j), -1.0 * out[k - j])
        return total if is_zero(total) else TABLE["div"](total, coefficient(y, 0))

    out = Series([start], rule)
    return out


def _choice(condition: Any, x: Any, y: Any, start: Any) -> Series:
    which = coefficient(condition, 0)

    def rule(k: int) -> Any:
        taken, other = coefficient(x, k), coefficient(y, k)
        return 0.0 if is_zero(taken) and is_zero(other) else TABLE["where"](which, taken, other)

    return Series([start], rule)


# By the general rule these would lead to themselves, the first two twice as often with every order.
PRODUCTS: dict[str, Callable[..., Series]] = {"mul": _product, "div": _quotient, "where": _choice}


def plus(total: Any, x: Any, y: Any, times: int = 1) -> Any:
    """Return total + times * x * y; a zero adds nothing, whatever stands beside it."""
    if is_zero(x) or is_zero(y):
        return total
    moved = y if times == 1 else float(times) * y
    unknown = getattr(x, "recorded_product", None) or getattr(moved, "recorded_product", None)
    if unknown is not None:  # the compiler's stand-ins: whether one is zero is not known yet
        return total + unknown(x, moved, either=True)
    a, b = getattr(x, "data", x), getattr(moved, "data", moved)
    if (a == 0.0 or b == 0.0) and not (isfinite(a) and isfinite(b)):
        return total  # as with plain zeros: the same whether it is differentiated in turn or not
    return total + x * moved


def is_zero(x: Any) -> bool:
    """Return whether `x` is a plain 0.0: zero for good, not a Value that happens to be."""
    return type(x) is float and x == 0.0


def _operators(primitive: Primitive) -> tuple[Callable[..., Series], Callable[..., Series]]:
    def forward(self: Series, *others: Any) -> Series:
        return self.apply_primitive(primitive, (self, *others))

    def reflected(self: Series, other: Any) -> Series:
        return self.apply_primitive(primitive, (other, self))

    return forward, reflected


def _give_operators() -> None:
    for row in TABLE.values():
        if row.dunder:
            forward, reflected = _operators(row)
            setattr(Series, f"__{row.dunder}__", forward)
            if row.arity == 2:
                setattr(Series, f"__r{row.dunder}__", reflected)


_give_operators()


def taylor(f: Callable[..., Any], x: Any, n: int, direction: Any = 1.0) -> list[Any]:
    """Return f and its first n derivatives along the line x + t * direction, at t = 0.

    f: takes one number, or a structure of numbers as for `grad`, and returns numbers in any structure;
    each entry of the list is structured like its result.
    n: zero or more, up to about 50.  direction: structured like x; for one number, 1.
    The cost grows like a power of n, where nesting `grad` n times doubles with each.
    Raises ValueError for a negative n and a direction that does not fit, TypeError for an n that is no int.

    >>> taylor(lambda x: x**3, 2.0, 4)
    [8.0, 12.0, 12.0, 6.0, 0.0]
    """
    check_function(f, "taylor")
    if not hasattr(n, "__index__"):
        raise TypeError(f"taylor needs a whole number of derivatives, got {described(n)}")
    if n < 0:
        raise ValueError(f"taylor needs n of zero or more, got {n}")
    run = record(f, (x,), {}, 0, "taylor")
    steps = matching(direction, run.inputs, "taylor", "the direction")
    run = run.along(steps)
    line = [
        Series([value if run.nested else value.data, step])
        for value, step in zip(run.inputs, steps, strict=True)
    ]
    with run.passing():
        found = along(run, line, order=n)
    return [
        run.of_outputs([run.number(coefficient(output, k) * float(factorial(k))) for output in found])
        for k in range(n + 1)
    ]
