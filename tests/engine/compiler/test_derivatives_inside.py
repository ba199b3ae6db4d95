"""Derivatives that a compiled function takes itself: at numbers of its own, in series, inside no_grad."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.engine import (
    TABLE,
    RecordingError,
    Value,
    black_box,
    clip,
    exp,
    forget,
    grad,
    hessian,
    hvp,
    hypot,
    jacobian,
    jvp,
    log,
    logsumexp,
    maximum,
    no_grad,
    piecewise,
    relu,
    sin,
    sqrt,
    taylor,
    value_and_grad,
    vjp,
    where,
)
from chainrule.engine.compiler import compile

Function = Callable[..., Any]
inf, nan = math.inf, math.nan


def same(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)


# -- at numbers of its own ------------------------------------------------------------------------------

AT_NUMBERS: list[Function] = [
    lambda a: grad(lambda x: x * a)(2.0),
    lambda a: grad(lambda x: x * x * a)(2.0),  # x * x is made before a stand-in sees it
    lambda a: grad(lambda x: 2.0 * x * a)(2.0),  # the number 2 is written in the formula as well
    lambda a: grad(lambda x: x**a)(2.0),
    lambda a: taylor(lambda x: x * a * x, 2.0, 2)[1],
    lambda a: jvp(lambda x: x * a, (2.0,), (1.0,))[1],
    lambda a: jvp(lambda x: x * x, (2.0,), (a,))[1],
    lambda a: vjp(lambda x: x * a, 3.0)[1](1.0)[0],
    lambda a: jacobian(lambda x: [x[0] * x[1] * a])([1.0, 2.0])[0][1],
    lambda a: hessian(lambda x: x[0] * x[1] * a)([1.0, 2.0])[0][1],
    lambda a: hvp(lambda x: x[0] ** 2 * x[1] * a, [2.0, 3.0], [1.0, a])[0],
    lambda a: sum(grad(lambda v: v[0] * v[1] * a)([a, 2.0])),  # one is an input, one a number
    lambda a: grad(lambda x: grad(lambda y: x * y * y * a)(3.0))(2.0),
    lambda a: grad(lambda x: grad(lambda x: x**3 * a)(x))(2.0),
]


@pytest.mark.parametrize("f", AT_NUMBERS)
def test_a_derivative_at_a_number_finds_its_way_past_recorded_ones(f: Function) -> None:
    kernel = compile(f, exact=True)
    for a in (3.0, -0.5):
        try:
            expected = f(a), grad(f)(a)
        except TypeError:
            expected = f(a), 0.0
        assert kernel.value_and_grad(a) == expected


def test_a_branch_on_a_number_of_its_own_is_an_ordinary_branch() -> None:
    def f(a: Any) -> Any:
        return grad(lambda x: x * a if x * x + 1.0 > 4.0 else -x)(2.0)

    assert compile(f)(3.0) == f(3.0) == 3.0
    assert compile(lambda a: grad(lambda x: x if x > 0 else -x)(2.0) * a)(3.0) == 3.0
    with pytest.raises(RecordingError, match="a branch on a number that compile records"):
        compile(lambda a: grad(lambda x: x * a if x > a else -x)(2.0))(3.0)


def test_inside_no_grad_derivatives_are_numbers() -> None:
    def f(a: Any) -> Any:
        with no_grad():
            at_a_number = grad(lambda x: x**3 * a)(2.0)
            at_an_input = taylor(lambda x: x**3 * a, a, 2)[1] + jvp(lambda x: x * a, (a,), (1.0,))[1]
        return at_a_number * at_an_input * a

    assert f(3.0) == 36.0 * (81.0 + 3.0) * 3.0
    assert compile(f).value_and_grad(3.0) == (f(3.0), 36.0 * 84.0)
    x = Value(3.0)
    f(x).backward()
    assert x.grad == 36.0 * 84.0


# -- Taylor series --------------------------------------------------------------------------------------

SERIES: dict[str, Function] = {
    "relu": lambda x: relu(x) * exp(x),
    "abs": lambda x: abs(x) * x,
    "abs and log": lambda x: abs(x) * log(x),
    "maximum": lambda x: maximum(x * x, x),
    "clip": lambda x: clip(x, -1.0, 1.0) ** 3,
    "where": lambda x: where(x > 0.0, log(x) * x, sqrt(-x)),
    "where by a number": lambda x: where(x, x * x, exp(x)),
    "sinc": lambda x: where(x == 0.0, 1.0, sin(x) / x),
    "power": lambda x: x**2.5,
    "cube": lambda x: x**3,
    "root": lambda x: sqrt(x) * x,
    "relu of log": lambda x: relu(log(x)),
    "quotient": lambda x: x / (x + 1.0),
    "logsumexp": lambda x: logsumexp([x, 2.0 * x, 0.25]),
    "piecewise": piecewise(lambda x: x * x if x > 0.0 else -x * x * x),
}
POINTS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, inf, -inf, nan, 1e-300, 1e300]


@pytest.mark.parametrize("name", SERIES)
def test_a_series_goes_both_ways_of_every_branch(name: str) -> None:
    f = SERIES[name]
    exact = compile(lambda x: taylor(f, x, 4), exact=True)
    each = compile(lambda x: taylor(f, x, 4), batch="x")(POINTS)
    for place, x in enumerate(POINTS):
        expected = taylor(f, x, 4)
        assert all(map(same, exact(x), expected)), x
        got = [float(derivatives[place]) for derivatives in each]
        assert got == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True), x


ROWS = [row for row in TABLE.values() if row.name != "polygamma"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_has_its_series(row: Any) -> None:
    direction = [1.0, 0.5, -0.25]
    kernel = compile(lambda xs: taylor(lambda xs: row(*xs), xs, 3, direction[: len(xs)]), exact=True)
    for point in ([0.3, 0.7, 0.9], [0.6, 0.2, -0.4]):
        xs = point[: row.arity if row.arity > 0 else 3]
        expected = taylor(lambda xs: row(*xs), xs, 3, direction[: len(xs)])
        assert all(map(same, kernel(xs), expected))


def test_derivatives_of_a_series_are_recorded_too() -> None:
    def f(x: Any) -> Any:
        return taylor(lambda t: maximum(t * x[0], abs(t) * x[1]) * t, x[2], 3)[1]

    for x in ([1.0, 2.0, 0.5], [2.0, 1.0, 0.5], [1.0, 2.0, -0.5]):
        assert compile(f, exact=True).value_and_grad(x) == (f(x), grad(f)(x))


@pytest.mark.parametrize("x", [0.5, -1.0, 2.0, 1e-3, 300.0])
def test_fourth_derivatives_go_through_the_scaled_ways_of_hypot(x: float) -> None:
    def f(x: Any) -> Any:
        return log(hypot(x, 0.5))

    def third(x: Any) -> Any:
        return grad(grad(grad(f)))(x)

    square, y2 = x * x + 0.25, 0.25
    value, slope = compile(third).value_and_grad(x)
    assert value == pytest.approx(2.0 * x * (x * x - 3.0 * y2) / square**3, rel=1e-9)
    expected = -6.0 * (x**4 - 6.0 * x * x * y2 + y2 * y2) / square**4
    assert slope == pytest.approx(expected, rel=1e-6)


def test_a_function_with_a_branch_of_its_own_is_refused_with_the_way_out() -> None:
    with pytest.raises(RecordingError, match="use where"):
        compile(lambda x: taylor(lambda y: y if y > 0 else -y, x, 2))(1.0)


def test_a_black_box_has_none() -> None:
    row = black_box("doubled", lambda x: 2.0 * x, lambda x: 2.0)
    try:
        assert compile(lambda x: taylor(row, x, 0))(1.5) == [3.0]
        with pytest.raises(RecordingError, match="doubled is a black box"):
            compile(lambda x: taylor(row, x, 1))(1.5)
    finally:
        forget("doubled")


@pytest.mark.parametrize("x", [0.0, 0.3])
def test_a_coefficient_that_is_0_has_a_derivative_that_is_not(x: float) -> None:
    def f(x: Any) -> Any:
        second = taylor(lambda y: y * y * sin(y), x, 2)[2]
        return where(second > -9.0, second, 0.0)  # compares derivatives, so 0 times inf is looked for

    assert compile(f).value_and_grad(x) == pytest.approx(value_and_grad(f)(x), rel=1e-14)
    assert value_and_grad(f)(0.0) == (0.0, 6.0)
