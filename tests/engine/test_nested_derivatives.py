"""Derivatives inside derivatives: no perturbation is taken for another, however they are nested."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chainrule.engine import (
    exp,
    floor,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    minimum,
    sign,
    sin,
    tanh,
    taylor,
    value_and_grad,
    vjp,
)

Function = Callable[..., Any]


def by_reverse(f: Function) -> Function:
    return grad(f)


def by_forward(f: Function) -> Function:
    return lambda x: jvp(f, (x,), (1.0,))[1]


def by_pulling_back(f: Function) -> Function:
    return lambda x: vjp(f, x)[1](1.0)[0]


def by_jacobian(f: Function) -> Function:
    return lambda x: jacobian(f, mode="forward")(x)


def by_series(f: Function) -> Function:
    return lambda x: taylor(f, x, 1)[1]


WAYS = [by_reverse, by_forward, by_pulling_back, by_jacobian, by_series]
every_two_ways = pytest.mark.parametrize(("outer", "inner"), [(a, b) for a in WAYS for b in WAYS])
Way = Callable[[Function], Function]


def close(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-13)


@every_two_ways
def test_second_derivatives_by_any_two_ways(outer: Way, inner: Way) -> None:
    assert outer(inner(lambda x: exp(sin(x))))(0.5) == close(
        math.exp(math.sin(0.5)) * (math.cos(0.5) ** 2 - math.sin(0.5))
    )


@every_two_ways
def test_an_inner_derivative_of_the_outer_variable_is_one(outer: Way, inner: Way) -> None:
    # Siskind and Pearlmutter: d/dx (x * d/dy (x + y)) is 1; confused, the inner derivative is 2.
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0
    assert outer(lambda x: x * inner(lambda y: x + y)(x))(5.0) == 1.0


@every_two_ways
def test_inner_derivatives_depend_on_the_outer_variable(outer: Way, inner: Way) -> None:
    assert outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6.0  # d x**2
    assert outer(lambda x: inner(lambda y: x * x * y * y)(x))(3.0) == 54.0  # d 2 x**3, at y = x
    assert outer(lambda x: x * inner(lambda y: y**2)(1.0))(1.0) == 2.0
    assert outer(lambda x: inner(lambda y: x)(1.0) * x)(4.0) == 0.0


@every_two_ways
def test_the_outer_variable_may_be_the_point_of_the_inner_derivative(outer: Way, inner: Way) -> None:
    assert outer(lambda x: inner(lambda y: y**3)(x) * x)(2.0) == close(36.0)  # d 3 x**3
    assert outer(lambda x: inner(lambda y: y**3)(2.0 * x))(2.0) == close(48.0)  # d 12 x**2


@pytest.mark.parametrize("middle", WAYS)
@every_two_ways
def test_three_deep(outer: Way, middle: Way, inner: Way) -> None:
    def f(x: Any) -> Any:
        return middle(lambda y: inner(lambda z: x * y * z + x**2 * y**2 * z**2)(y))(x)

    # The innermost is x y + 2 x**2 y**3, by y at x: x + 6 x**4, by x: 1 + 24 x**3
    assert outer(f)(0.5) == close(4.0)


def test_three_derivatives_of_one_function_by_three_different_ways() -> None:
    for ways in ([by_reverse, by_forward, by_series], [by_forward, by_pulling_back, by_reverse]):
        f: Function = tanh
        for way in ways:
            f = way(f)
        t = math.tanh(0.5)
        assert f(0.5) == close((1.0 - t * t) * (6.0 * t * t - 2.0))


def test_a_closure_made_inside_keeps_its_outer_variable() -> None:
    def f(x: Any) -> Any:
        def scaled(y: Any) -> Any:
            return x * y * y

        slope = grad(scaled)
        return slope(1.0) + slope(x)  # 2 x + 2 x**2

    assert grad(f)(3.0) == 14.0
    assert grad(grad(f))(3.0) == 4.0


def test_a_curried_function_by_each_of_its_arguments() -> None:
    # Manzyuk et al., "Perturbation confusion in forward automatic differentiation of higher-order functions":
    # a derivative that is itself a function must not keep the tag of the one that made it.
    def shift(offset: Any) -> Function:
        return lambda f: lambda x: f(x + offset)

    shifted = grad(lambda offset: shift(offset)(lambda x: grad(lambda y: y**4)(x))(1.0))
    assert shifted(0.5) == close(12.0 * 1.5**2)


def test_an_inner_minimum_moves_with_the_outer_variable() -> None:
    # Newton's method on the inner problem, by its own derivatives: argmin of (y - x)**2 + y**4 / 4
    def argmin(x: Any) -> Any:
        def cost(y: Any) -> Any:
            return (y - x) ** 2 + 0.25 * y**4

        y: Any = 1.0
        for _ in range(12):
            y = y - grad(cost)(y) / grad(grad(cost))(y)
        return y

    y = argmin(2.0)
    assert 2.0 * (y - 2.0) + y**3 == pytest.approx(0.0, abs=1e-14)
    assert grad(argmin)(2.0) == close(2.0 / (2.0 + 3.0 * y**2))


def test_hessians_gradients_and_products_of_each_other() -> None:
    def f(p: Sequence[Any]) -> Any:
        return p[0] ** 3 * p[1] ** 2

    x, y = 2.0, 3.0
    by_row = jacobian(hessian(f))([x, y])
    assert by_row == [
        [[6 * y**2, 12 * x * y], [12 * x * y, 6 * x**2]],
        [[12 * x * y, 6 * x**2], [6 * x**2, 0.0]],
    ]
    assert grad(lambda t: hvp(f, [t, y], [1.0, 1.0])[0])(x) == 6 * y**2 + 12 * x * y
    assert grad(lambda t: value_and_grad(f)([t, y])[1][1])(x) == 6 * x**2 * y
    assert grad(lambda v: hvp(f, [x, y], [v, 0.0])[1])(0.0) == 6 * x**2 * y


def test_a_direction_may_be_what_one_differentiates_by() -> None:
    assert grad(lambda v: jvp(sin, (0.5,), (v,))[1])(2.0) == close(math.cos(0.5))
    assert jvp(lambda c: vjp(lambda x: x**3, 2.0)[1](c)[0], (5.0,), (1.0,)) == (60.0, 12.0)
    assert grad(lambda v: taylor(lambda x: x**3, 2.0, 2, v)[2])(1.0) == close(24.0)


@every_two_ways
def test_an_inner_derivative_at_a_number_leaves_the_outer_one_a_float(outer: Way, inner: Way) -> None:
    # The inner run's own input is no concern of the outer run, though the recorded pass leads to it.
    result = outer(lambda x: x * inner(lambda y: x * exp(y) * y)(1.0))(3.0)
    assert type(result) is float
    assert result == close(12.0 * math.e)


def test_a_pull_back_made_outside_is_differentiated_by_its_cotangent_to_a_float() -> None:
    _, pull = vjp(lambda x: x**3, 2.0)
    slope = grad(lambda cotangent: pull(cotangent)[0] ** 2)(1.0)
    assert (type(slope), slope) == (float, 288.0)


@pytest.mark.parametrize("flat", [floor, sign, lambda x: minimum(0.0, x)])
def test_a_partial_of_0_makes_nan_of_an_infinite_adjoint_in_a_recorded_pass_too(flat: Function) -> None:
    slope, x = grad(lambda x: 1.0 / flat(x)), 0.0 if flat is sign else 0.5
    assert math.isnan(slope(x))
    assert math.isnan(value_and_grad(lambda x: 2.0 * slope(x))(x)[0])
