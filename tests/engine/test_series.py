"""taylor: the first derivatives along a line, against nested gradients and closed forms."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import pytest

from chainrule.engine import (
    TABLE,
    Primitive,
    Value,
    cbrt,
    exp,
    grad,
    log,
    pow,
    sigmoid,
    sin,
    sqrt,
    tanh,
    taylor,
    value_and_grad,
)

Function = Callable[..., Any]


def every_row_and_point() -> list[Any]:
    return [
        pytest.param(row, point, id=f"{row.name}{point}")
        for row in TABLE.values()
        for point in row.points
        if point
    ]


def nested(f: Function, x: float, n: int) -> list[float]:
    """Return f and its first n derivatives at x, by nested gradients."""
    found: list[Any] = []
    for _ in range(n + 1):
        found.append(f(x))
        f = grad(f)
    return [float(getattr(number, "data", number)) for number in found]


@pytest.mark.parametrize(("row", "point"), every_row_and_point())
def test_every_row_gives_the_derivatives_of_nested_gradients(
    row: Primitive, point: tuple[float, ...]
) -> None:
    # Along a line on which all operands move, each with a speed of its own.
    speeds = [1.0 - 0.25 * i for i in range(len(point))]

    def along(t: Any) -> Any:
        return row(*[x + speed * t for x, speed in zip(point, speeds, strict=True)])

    expected = nested(along, 0.0, 4)
    # Fourth derivatives at these points reach some 1e3, and both ways round at every product.
    assert taylor(along, 0.0, 4) == pytest.approx(expected, rel=1e-11, abs=1e-11)
    operands = taylor(lambda x: row(*x), list(point), 4, speeds)
    assert operands == pytest.approx(expected, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize(
    ("f", "exact", "x"),
    [
        (exp, mpmath.exp, 0.5),
        (log, mpmath.log, 1.5),
        (sin, mpmath.sin, 0.7),
        (sqrt, mpmath.sqrt, 2.0),
        (tanh, mpmath.tanh, 0.3),
        (sigmoid, lambda x: 1 / (1 + mpmath.exp(-x)), -0.4),
        (lambda x: exp(sin(x)), lambda x: mpmath.exp(mpmath.sin(x)), 1.0),
        (lambda x: 1.0 / (1.0 + x * x), lambda x: 1 / (1 + x * x), 0.25),
        (lambda x: x**x, lambda x: x**x, 1.5),
        (lambda x: 2.0**x, lambda x: mpmath.mpf(2) ** x, 3.0),
        (lambda x: x**-1.5, lambda x: x ** mpmath.mpf(-1.5), 2.0),
    ],
    ids=["exp", "log", "sin", "sqrt", "tanh", "sigmoid", "exp(sin)", "Runge's", "x**x", "2**x", "x**-1.5"],
)
def test_twelve_derivatives_equal_those_to_fifty_digits(f: Function, exact: Function, x: float) -> None:
    with mpmath.workdps(50):
        series = mpmath.taylor(exact, mpmath.mpf(x), 12)
        expected = [float(c * mpmath.factorial(k)) for k, c in enumerate(series)]
    # A coefficient adds up to twelve products, the worst of which cancel to a hundredth.
    largest = [max(abs(e), math.factorial(k)) for k, e in enumerate(expected)]
    for found, wanted, scale in zip(taylor(f, x, 12), expected, largest, strict=True):
        assert abs(found - wanted) <= 1e-12 * scale


def test_closed_forms_come_out_exactly() -> None:
    assert taylor(lambda x: x**3, 2.0, 5) == [8.0, 12.0, 12.0, 6.0, 0.0, 0.0]
    assert taylor(lambda x: x**3, 0.0, 4) == [0.0, 0.0, 0.0, 6.0, 0.0]
    assert taylor(lambda x: 1.0 / (1.0 - x), 0.0, 12) == [float(math.factorial(k)) for k in range(13)]
    assert taylor(exp, 0.0, 12) == [1.0] * 13
    assert taylor(lambda x: x * x - 2.0 * x + 5.0, -1.5, 3) == [10.25, -5.0, 2.0, 0.0]
    assert taylor(lambda x: x**2, -1.5, 3) == [2.25, -3.0, 2.0, 0.0]


def test_order_zero_is_the_value_alone() -> None:
    assert taylor(sin, 0.5, 0) == [math.sin(0.5)]
    assert taylor(lambda x: [x, 3], 0.5, 0) == [[0.5, 3.0]]


def test_constants_and_the_argument_itself() -> None:
    assert taylor(lambda x: 7.0, 1.0, 2) == [7.0, 0.0, 0.0]
    assert taylor(lambda x: x, 3.0, 2) == [3.0, 1.0, 0.0]
    assert taylor(lambda x: x, 3.0, 2, 0.5) == [3.0, 0.5, 0.0]


def test_a_direction_scales_and_mixes_derivatives() -> None:
    assert taylor(lambda x: x**3, 2.0, 3, 2.0) == [8.0, 24.0, 48.0, 48.0]
    found = taylor(lambda p: p[0] ** 2 * p[1], [2.0, 3.0], 3, [1.0, -1.0])
    assert found == [12.0, 8.0, -2.0, -6.0]  # (2 + t)**2 * (3 - t)
    assert taylor(lambda p: {"product": p["x"] * p["y"]}, {"x": 2.0, "y": 3.0}, 2, {"x": 1, "y": 0}) == [
        {"product": 6.0},
        {"product": 3.0},
        {"product": 0.0},
    ]


def test_results_depend_on_outer_variables() -> None:
    second = grad(lambda a: taylor(lambda x: sin(a * x), 0.5, 2)[2])(2.0)  # d/da of -a**2 sin(a / 2)
    assert second == pytest.approx(-4.0 * math.sin(1.0) - 2.0 * math.cos(1.0), rel=1e-14)
    w = Value(2.0)
    derivatives = taylor(lambda x: w * x**3, 2.0, 2)
    derivatives[2].backward()
    assert (derivatives[2].data, w.grad) == (24.0, 12.0)


def test_a_series_inside_a_series() -> None:
    assert taylor(lambda x: taylor(lambda y: y**4, x, 2)[2], 2.0, 2) == [48.0, 48.0, 24.0]


def test_a_differential_equation_is_solved_by_its_series() -> None:
    # y' = y**2, y(0) = 1 is 1 / (1 - t): n! for the n-th derivative, found from the right-hand side alone.
    derivatives = [1.0]
    for n in range(10):

        def y(t: Any, known: tuple[float, ...] = tuple(derivatives)) -> Any:
            return sum(c / math.factorial(k) * t**k for k, c in enumerate(known))

        derivatives.append(taylor(lambda t, y=y: y(t) ** 2, 0.0, n)[n])
    assert derivatives == pytest.approx([float(math.factorial(k)) for k in range(11)], rel=1e-13)


def test_long_chains_do_not_recurse() -> None:
    def f(x: Any) -> Any:
        for _ in range(5000):
            x = sin(x) * 1.0001
        return x

    value, first, _ = taylor(f, 0.5, 2)
    assert (value, first) == (f(0.5), pytest.approx(grad(f)(0.5), rel=1e-12))


def test_at_the_end_of_a_domain_derivatives_are_infinite_and_nothing_raises() -> None:
    assert taylor(sqrt, 0.0, 1) == [0.0, math.inf]
    assert taylor(log, 0.0, 1) == [-math.inf, math.inf]
    assert taylor(lambda x: 1.0 / x, 0.0, 1) == [math.inf, -math.inf]


@pytest.mark.parametrize("f", [cbrt, lambda x: cbrt(x * x), lambda x: exp(cbrt(x)), sqrt, log])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_beside_an_infinite_slope_it_is_the_same_whether_it_is_differentiated_or_not(
    f: Function, order: int
) -> None:
    """Where a coefficient is 0 and another one inf: their product adds nothing either way."""
    found = value_and_grad(lambda x: taylor(f, x, order)[order])(0.0)[0]
    assert found == pytest.approx(taylor(f, 0.0, order)[order], nan_ok=True)


def test_a_power_whose_base_and_exponent_both_move() -> None:
    # (1 + t)**t = 1 + t**2 - t**3 / 2 + ...
    assert taylor(lambda p: pow(p[0], p[1]), [1.0, 0.0], 3, [1.0, 1.0]) == [1.0, 0.0, 2.0, -3.0]


def test_a_negative_order_is_an_error() -> None:
    with pytest.raises(ValueError, match="zero or more, got -1"):
        taylor(sin, 1.0, -1)


def test_an_order_that_is_no_int_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"taylor needs a whole number of derivatives, got 2.0 \(float\)"):
        taylor(sin, 1.0, 2.0)  # type: ignore[arg-type]  # what the error is about
