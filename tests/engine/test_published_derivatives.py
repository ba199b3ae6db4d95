"""The scalar examples that HIPS autograd, JAX and the literature publish come out, to the last digits.

The programs are those of the sources named at each test, the expected numbers closed forms.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    abs,
    exp,
    forget,
    grad,
    hessian,
    hvp,
    implicit,
    jacobian,
    jvp,
    log,
    sin,
    tanh,
    taylor,
    value_and_grad,
    vjp,
)

Function = Callable[..., Any]


def close(expected: Any, rel: float = 1e-14) -> Any:
    return pytest.approx(expected, rel=rel, abs=1e-15)


def times(n: int, f: Function) -> Function:
    """Return the n-th derivative of f, by as many nested gradients."""
    return f if n == 0 else times(n - 1, grad(f))


def written_tanh(x: Any) -> Any:
    y = exp(-2.0 * x)
    return (1.0 - y) / (1.0 + y)


def tanh_derivatives(x: float, n: int) -> list[float]:
    """Return tanh and its first n derivatives: each is a polynomial in t = tanh, and t' = 1 - t**2."""
    polynomial, found = np.polynomial.Polynomial([0.0, 1.0]), []
    for _ in range(n + 1):
        found.append(float(polynomial(math.tanh(x))))
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([1.0, 0.0, -1.0])
    return found


# -- HIPS autograd ------------------------------------------------------------------------------------


def test_autograd_readme_tanh_written_by_hand() -> None:
    # README.md: tanh by exponentials, whose gradient at 1 is printed as 0.4199743416140260...
    assert grad(written_tanh)(1.0) == close(1.0 / math.cosh(1.0) ** 2)
    assert grad(written_tanh)(1.0) == pytest.approx(0.41997434161402603, rel=1e-15)


@pytest.mark.parametrize("x", [-2.0, -0.5, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("function", [written_tanh, tanh], ids=["by exponentials", "by its row"])
def test_autograd_examples_tanh_to_the_sixth_derivative(function: Function, x: float) -> None:
    # examples/tanh.py plots tanh and its first six derivatives, by nested elementwise gradients.
    expected = tanh_derivatives(x, 6)
    # Sixth derivatives are differences of numbers in the thousands where e**-2x is 50: 1e-12 is left of that.
    for n in range(7):
        assert times(n, function)(x) == pytest.approx(expected[n], rel=1e-11, abs=1e-11), n
    assert taylor(function, x, 6) == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_autograd_examples_sinusoid_as_a_taylor_series_by_a_loop() -> None:
    # examples/sinusoid.py and docs/tutorial.md: sin by a loop over Taylor terms that stops by itself.
    def taylor_sine(x: Any) -> Any:
        sine = term = x
        i = 0
        while abs(term) > 1e-17:
            term = -term * x * x / ((2 * i + 3) * (2 * i + 2))
            sine, i = sine + term, i + 1
        return sine

    assert taylor_sine(0.7) == close(math.sin(0.7))
    assert grad(taylor_sine)(0.7) == close(math.cos(0.7))
    assert times(2, taylor_sine)(0.7) == close(-math.sin(0.7))
    # What a term of 1e-17 has for a derivative grows with each: here some 1e-13.
    assert times(4, taylor_sine)(0.7) == close(math.sin(0.7), rel=1e-12)


def test_autograd_examples_rosenbrock_value_gradient_and_hessian() -> None:
    # examples/rosenbrock.py: 100 (y - x**2)**2 + (1 - x)**2
    def rosenbrock(p: Any) -> Any:
        return 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2

    for x, y in [(0.0, 0.0), (1.0, 1.0), (-1.2, 1.0), (0.5, 2.0)]:
        value, gradient = value_and_grad(rosenbrock)([x, y])
        assert value == close(100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2)
        assert gradient == close([-400.0 * x * (y - x * x) - 2.0 * (1.0 - x), 200.0 * (y - x * x)])
        second = np.array([[1200.0 * x * x - 400.0 * y + 2.0, -400.0 * x], [-400.0 * x, 200.0]])
        assert np.array(hessian(rosenbrock)([x, y])) == close(second)
        assert hvp(rosenbrock, [x, y], [1.0, -2.0]) == close((second @ [1.0, -2.0]).tolist())


@pytest.mark.parametrize("step", ["Newton's", "gradient descent's"])
def test_autograd_examples_square_root_as_a_fixed_point_by_a_loop(step: str) -> None:
    # examples/fixed_points.py: the square root of 2 by two iterations, from 10; derivatives through the loop.
    def square_root(a: Any) -> Any:
        x: Any = 10.0
        for _ in range(12 if step == "Newton's" else 400):
            x = 0.5 * (x + a / x) if step == "Newton's" else x - 0.05 * (x**2 - a)
        return x

    assert square_root(2.0) == close(math.sqrt(2.0))
    assert grad(square_root)(2.0) == close(0.5 / math.sqrt(2.0))
    assert times(2, square_root)(2.0) == close(-0.25 / 2.0**1.5)
    assert times(3, square_root)(2.0) == close(0.375 / 2.0**2.5, rel=1e-13)


def test_autograd_tests_a_product_of_x_and_a_sine() -> None:
    # tests/test_direct.py: (x + sin(x**2)) * x at 1.3; 3.190948746871 is the published number.
    def f(x: Any) -> Any:
        return (x + sin(x**2)) * x

    assert grad(f)(1.3) == pytest.approx(3.190948746871, abs=1e-12)
    assert grad(f)(1.3) == close(2.6 + math.sin(1.69) + 2.0 * 1.69 * math.cos(1.69))


# -- JAX ----------------------------------------------------------------------------------------------


def test_jax_cookbook_three_derivatives_of_tanh_at_two() -> None:
    # The Autodiff Cookbook prints, in float32: 0.070650935, -0.13621868 and 0.25265405
    expected = tanh_derivatives(2.0, 3)
    found = [times(n, tanh)(2.0) for n in range(4)]
    assert found == close(expected)
    assert found[1:] == pytest.approx([0.070650935, -0.13621868, 0.25265405], rel=3e-6)


def test_jax_quickstart_gradient_of_a_sum_of_sigmoids() -> None:
    # Quickstart: the sum of 1 / (1 + exp(-x)) at 0, 1, 2; it prints [0.25 0.19661194 0.10499357]
    def sum_logistic(xs: Any) -> Any:
        return sum(1.0 / (1.0 + exp(-x)) for x in xs)

    gradient = grad(sum_logistic)([0.0, 1.0, 2.0])
    assert gradient == close([1.0 / (2.0 + 2.0 * math.cosh(x)) for x in (0.0, 1.0, 2.0)])
    assert gradient == pytest.approx([0.25, 0.19661194, 0.10499357], rel=2e-6)
    s = 1.0 / (1.0 + math.exp(-2.0))
    assert times(2, lambda x: sum_logistic([x]))(2.0) == close(s * (1.0 - s) * (1.0 - 2.0 * s))


def test_jax_automatic_differentiation_derivatives_of_a_cubic() -> None:
    # "Advanced automatic differentiation": x**3 + 2 x**2 - 3 x + 1 at 1 has derivatives 4, 10, 6 and 0.
    def f(x: Any) -> Any:
        return x**3 + 2 * x**2 - 3 * x + 1

    assert [times(n, f)(1.0) for n in range(1, 5)] == [4.0, 10.0, 6.0, 0.0]
    assert taylor(f, 1.0, 4) == [1.0, 4.0, 10.0, 6.0, 0.0]


def test_jax_readme_absolute_value_by_a_branch() -> None:
    # README.md: Python's own control flow, differentiated on the side that is taken.
    def abs_val(x: Any) -> Any:
        return x if x > 0 else -x

    assert grad(abs_val)(1.0) == 1.0
    assert grad(abs_val)(-1.0) == -1.0


def test_jax_cookbook_logistic_regression_by_weights_and_bias() -> None:
    # The Autodiff Cookbook: gradients by W and b of the loss on four data points, in every structure.
    inputs = [(0.52, 1.12, 0.77), (0.88, -1.08, 0.15), (0.52, 0.06, -1.30), (0.74, -2.49, 1.39)]
    targets = [1.0, 1.0, 0.0, 1.0]
    W, b = [0.3, -0.2, 0.5], 0.1

    def predicted(W: Any, b: Any, row: Any) -> Any:
        return 1.0 / (1.0 + exp(-(sum(w * x for w, x in zip(W, row, strict=True)) + b)))

    def loss(W: Any, b: Any) -> Any:
        predictions = [predicted(W, b, row) for row in inputs]
        return -sum(log(p * t + (1.0 - p) * (1.0 - t)) for p, t in zip(predictions, targets, strict=True))

    errors = [predicted(W, b, row) - target for row, target in zip(inputs, targets, strict=True)]
    by_w = [sum(e * row[i] for e, row in zip(errors, inputs, strict=True)) for i in range(3)]
    assert grad(loss, argnums=0)(W, b) == close(by_w, rel=1e-13)
    assert grad(loss, argnums=1)(W, b) == close(sum(errors), rel=1e-13)
    both = grad(loss, argnums=(0, 1))(W, b)
    assert (both[0], both[1]) == (grad(loss)(W, b), grad(loss, argnums=1)(W, b))
    as_one = grad(lambda parameters: loss(parameters["W"], parameters["b"]))({"W": W, "b": b})
    assert as_one == {"W": both[0], "b": both[1]}


def test_jax_cookbook_jacobians_in_both_modes_are_the_same() -> None:
    def f(x: Any) -> Any:
        return [tanh(x[0] * x[1]), sin(x[0]) + x[2], x[2] / x[1]]

    x = [0.5, 1.5, -0.25]
    reverse, forward = jacobian(f)(x), jacobian(f, mode="forward")(x)
    assert np.array(reverse) == close(np.array(forward))
    s = 1.0 - math.tanh(0.75) ** 2
    assert reverse[0] == close([1.5 * s, 0.5 * s, 0.0])
    assert reverse[1] == close([math.cos(0.5), 0.0, 1.0])
    assert reverse[2] == close([0.0, 0.25 / 2.25, 1.0 / 1.5])
    value, pull = vjp(f, x)
    assert value == jvp(f, (x,), ([1.0, 0.0, 0.0],))[0]
    assert pull([0.0, 1.0, 0.0]) == (reverse[1],)


def test_jax_custom_rules_square_root_as_an_implicit_function() -> None:
    # "Custom derivative rules": newton_sqrt by the implicit function theorem, at 2; it prints
    # 1.4142135, 0.35355338 and -0.088388346
    def newton(a: float) -> float:
        x = a / 2.0
        for _ in range(50):
            x = 0.5 * (x + a / x)
        return x

    newton_sqrt = implicit("newton_sqrt", lambda x, a: 0.5 * (x + a / x) - x, newton, points=((2.0,), (0.3,)))
    try:
        found = [times(n, newton_sqrt)(2.0) for n in range(4)]
        assert found == close([2.0**0.5, 0.5 * 2.0**-0.5, -0.25 * 2.0**-1.5, 0.375 * 2.0**-2.5])
        assert found[:3] == pytest.approx([1.4142135, 0.35355338, -0.088388346], rel=1e-6)
    finally:
        forget("newton_sqrt")


# -- nested derivatives -------------------------------------------------------------------------------


def test_siskind_and_pearlmutter_x_times_the_derivative_of_x_plus_y() -> None:
    # "Perturbation confusion and referential transparency" (2005): d/dx (x * d/dy (x + y)) at 1 is 1, not 2.
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,)) == (1.0, 1.0)


def test_forwarddiff_issue_83_an_inner_function_without_the_outer_variable() -> None:
    # JuliaDiff/ForwardDiff.jl, issue 83: d/dx (x * d/dy y**2 at 1) is 2
    assert grad(lambda x: x * grad(lambda y: y**2)(1.0))(1.0) == 2.0
