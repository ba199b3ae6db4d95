"""Rows from outside: declare an operation of your own and get everything a built-in one has."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from math import nan
from typing import Any

from .check import check_gradients
from .operations import Operations
from .primitive import TABLE, Point, Primitive
from .primitives import div
from .transforms import grad
from .value import REAL, described

BUILT_IN = frozenset(TABLE)


def declare(
    partials: Callable[..., tuple[Any, ...]], points: tuple[Point, ...] = (), symbol: str = ""
) -> Callable[[Callable[..., float]], Primitive]:
    """Return a decorator that makes a row of the table of a function of floats.

    The row's name is the function's; it is called like the function, on floats and Values, and is a method
    of Value.
    partials: called with the operands and the result, returns a tuple with d result / d operand for each.
    Written with operators and functions of the engine it also serves second and higher derivatives.
    points: where the partials are checked against differences, now and by whoever runs over the table.
    symbol: the sign in pictures, the name without one.
    Operands for which the function has defaults may be left out. Where it raises ArithmeticError or
    ValueError, and where it gives a complex number, the result is nan.
    Declaring a name again replaces your own row, as re-running a notebook cell should.
    Raises ValueError for the name of a built-in row or of an attribute of Value, and GradientError where a
    partial is wrong at one of the points. A row whose partials are not one for each operand raises a
    TypeError that says so wherever it is used.

    >>> import math
    >>> from chainrule.engine import Value, cos
    >>> @declare(partials=lambda x, out: (2.0 * x * cos(x * x),), points=((0.5,), (1.2,)))
    ... def sin_of_square(x):
    ...     return math.sin(x * x)
    >>> x = Value(0.5)
    >>> x.sin_of_square().backward()
    >>> round(x.grad, 6) == round(math.cos(0.25), 6)
    True
    """

    def declare(function: Callable[..., float]) -> Primitive:
        return _declare(function.__name__, inspect.getdoc(function) or "", function, partials, points, symbol)

    return declare


def black_box(
    name: str,
    evaluate: Callable[..., float],
    derivative: Callable[..., Any],
    points: tuple[Point, ...] = (),
) -> Primitive:
    """Return a row for code that only takes floats: a simulation, a table, a library in another language.

    evaluate: floats in, float out.
    derivative: floats in; the derivative, or for several operands a sequence with one for each.
    First derivatives only: asked for a second, it raises a TypeError that says so. In compiled functions
    `evaluate` is called at every run; a derivative is refused.
    Other arguments and errors as for `declare`.

    >>> import math
    >>> from chainrule.engine import grad
    >>> bessel = black_box("gudermann", lambda x: math.atan(math.sinh(x)), lambda x: 1.0 / math.cosh(x))
    >>> grad(bessel)(0.0)
    1.0
    """

    def partials(*operands_and_out: Any) -> tuple[Any, ...]:
        operands = operands_and_out[:-1]
        if not all(isinstance(operand, float) for operand in operands):
            raise TypeError(
                f"{name} is a black box: its derivative is known as a number only, so it has no second "
                "one; with declare(partials=...) it can have more"
            )
        found = derivative(*operands)
        return found if hasattr(found, "__len__") else (found,)

    return _declare(
        name, f"{name}, a black box", evaluate, partials, points, "", _arity(evaluate), opaque=True
    )


def implicit(
    name: str,
    residual: Callable[..., Any],
    solve: Callable[..., float],
    points: tuple[Point, ...] = (),
) -> Primitive:
    """Return a row for the y that solves residual(y, *x) = 0: an implicit function.

    residual: takes y and the operands, in operations of the engine.
    solve: takes the operands as floats and returns y; how is its own affair, nothing in it is recorded.
    Differentiated by the implicit function theorem, dy/dx = -(d residual / dx) / (d residual / dy), as often
    as you like; inf where the residual is flat in y.
    Other arguments and errors as for `declare`.

    >>> from chainrule.engine import grad
    >>> root = implicit("golden", lambda y, x: y * y - y - x, lambda x: 0.5 + (0.25 + x) ** 0.5)
    >>> round(grad(root)(1.0), 6), round(grad(grad(root))(1.0), 6)
    (0.447214, -0.178885)
    """

    def partials(*operands_and_out: Any) -> tuple[Any, ...]:
        *operands, out = operands_and_out
        by_y, *by_operands = grad(residual, argnums=range(len(operands) + 1))(out, *operands)
        return tuple([-div(by_operand, by_y) for by_operand in by_operands])

    return _declare(
        name, f"y with {name}'s residual 0", solve, partials, points, "", arity=_arity(residual) - 1
    )


def _declare(
    name: str,
    formula: str,
    evaluate: Callable[..., float],
    partials: Callable[..., tuple[Any, ...]],
    points: tuple[Point, ...],
    symbol: str,
    arity: int = 0,
    opaque: bool = False,
) -> Primitive:
    if name in TABLE and name not in BUILT_IN:
        forget(name)
    arity = arity or _arity(evaluate)

    def value(*operands: float) -> float:
        out = evaluate(*operands)
        return nan if isinstance(out, complex) else float(out)  # Python's powers of negative numbers, say

    def one_each(*operands_and_out: Any) -> tuple[Any, ...]:
        found: Any = partials(*operands_and_out)
        if not hasattr(found, "__len__") or len(found) != arity:
            raise TypeError(
                f"the partials of {name} must be a tuple with one for each of its {arity} operands, "
                f"got {described(found)}"
            )
        plain = all(isinstance(operand, float) for operand in operands_and_out)
        return tuple(map(float, found) if plain else found)  # NumPy's numbers must not get into the graph

    row = Primitive(
        name=name,
        formula=formula or name,
        evaluate=value,
        partials=one_each,
        points=points,
        symbol=symbol,
        arity=arity,
        defaults=_defaults(evaluate),
        opaque=opaque,
    )
    try:
        for point in points:
            check_gradients(row, *point)
    except BaseException:
        forget(name)
        raise
    return row


def forget(name: str) -> None:
    """Take a row of your own out of the table, and its method from Value; values it made stay as they are.

    Raises ValueError for a built-in row and for a name that no row has.

    >>> from chainrule.engine import TABLE
    >>> @declare(partials=lambda x, out: (3.0 * x * x,))
    ... def third_power(x):
    ...     return x**3
    >>> forget("third_power")
    >>> "third_power" in TABLE
    False
    """
    if name in BUILT_IN or name not in TABLE:
        raise ValueError(f"{name!r} is not a row of your own")
    row = TABLE.pop(name)
    for attribute in [key for key, method in vars(Operations).items() if getattr(method, "row", None) is row]:
        delattr(Operations, attribute)


def _arity(function: Callable[..., Any]) -> int:
    """Return how many positional arguments `function` takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        raise TypeError(
            f"{function!r} does not say how many arguments it takes: wrap it in a lambda that does"
        ) from None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        raise TypeError(f"{function!r} takes any number of arguments: wrap it in a lambda that names them")
    return len(list(parameters))


def _defaults(function: Callable[..., Any]) -> tuple[float, ...]:
    """Return the numbers that stand for the last arguments of `function` where they are left out."""
    given = [parameter.default for parameter in inspect.signature(function).parameters.values()]
    numbers = [float(default) for default in given if isinstance(default, REAL)]
    return tuple(numbers) if numbers and given[-len(numbers) :] == numbers else ()
