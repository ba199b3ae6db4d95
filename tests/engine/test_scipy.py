"""Gradients go straight into SciPy: minimisers, least squares and root finders take our functions."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from chainrule.engine import cos, exp, grad, hessian, hvp, jacobian, sin, value_and_grad

START = np.array([1.3, 0.7, 0.8, 1.9, 1.2])  # where SciPy's own tutorial starts


def rosenbrock(x: Any) -> Any:
    """Return Rosenbrock's function of any number of variables; its minimum is 0, at ones."""
    return sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def product_with_hessian(x: Any, v: Any) -> Any:
    return hvp(rosenbrock, x, v)


# -- minimisers ---------------------------------------------------------------------------------------


def test_our_derivatives_of_rosenbrock_are_scipys() -> None:
    value, gradient = value_and_grad(rosenbrock)(START)
    assert type(value) is float
    assert gradient.dtype == float
    assert gradient.shape == START.shape
    assert value == pytest.approx(optimize.rosen(START), rel=1e-14)
    assert gradient == pytest.approx(optimize.rosen_der(START), rel=1e-13)
    second = hessian(rosenbrock)(START)
    assert second.dtype == float
    assert second == pytest.approx(optimize.rosen_hess(START), rel=1e-13)
    v = np.array([1.0, -2.0, 0.5, 0.25, 3.0])
    assert product_with_hessian(START, v) == pytest.approx(optimize.rosen_hess_prod(START, v), rel=1e-13)


@pytest.mark.parametrize("method", ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP"])
def test_minimize_takes_value_and_grad(method: str) -> None:
    found = optimize.minimize(value_and_grad(rosenbrock), START, jac=True, method=method, tol=1e-10)
    assert found.x == pytest.approx(np.ones(5), abs=1e-4)
    assert found.fun < 1e-8


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg", "trust-exact", "trust-krylov", "dogleg"])
def test_minimize_takes_hessian(method: str) -> None:
    start = START if method != "dogleg" else np.full(5, 1.1)  # dogleg wants it positive definite throughout
    found = optimize.minimize(
        value_and_grad(rosenbrock), start, jac=True, hess=hessian(rosenbrock), method=method, tol=1e-8
    )
    assert found.success
    assert found.x == pytest.approx(np.ones(5), abs=1e-4)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg", "trust-krylov"])
def test_minimize_takes_hvp(method: str) -> None:
    found = optimize.minimize(
        value_and_grad(rosenbrock), START, jac=True, hessp=product_with_hessian, method=method, tol=1e-8
    )
    assert found.success
    assert found.x == pytest.approx(np.ones(5), abs=1e-4)


def test_minimize_within_constraints() -> None:
    # Closest to the origin on the hyperbola x y = 1 above x = 2: at (2, 1/2).
    def on_hyperbola(p: Any) -> Any:
        return p[0] * p[1] - 1.0

    found = optimize.minimize(
        value_and_grad(lambda p: p[0] ** 2 + p[1] ** 2),
        [3.0, 3.0],
        jac=True,
        method="SLSQP",
        bounds=[(2.0, None), (0.1, None)],
        constraints={"type": "eq", "fun": on_hyperbola, "jac": grad(on_hyperbola)},
    )
    assert found.x == pytest.approx([2.0, 0.5], rel=1e-7)


def test_extra_arguments_are_not_differentiated() -> None:
    found = optimize.minimize(
        value_and_grad(lambda x, centre: (x[0] - centre) ** 2), [0.0], args=(3.0,), jac=True
    )
    assert found.x == pytest.approx([3.0], abs=1e-8)


def test_scipy_finds_our_gradient_right() -> None:
    assert optimize.check_grad(lambda x: float(rosenbrock(x)), grad(rosenbrock), START) < 1e-4


# -- calibration --------------------------------------------------------------------------------------

TIMES = np.linspace(0.0, 4.0, 41)
TRUTH = (2.5, 1.3, 0.5)


def curve(parameters: Any, t: float) -> Any:
    amplitude, rate, offset = parameters
    return amplitude * exp(-rate * t) + offset


def noisy() -> Any:
    noise = np.random.default_rng(7).normal(0.0, 0.05, len(TIMES))
    return np.array([curve(TRUTH, float(t)) for t in TIMES]) + noise


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares_takes_jacobian(method: str, mode: Any) -> None:
    data = noisy()

    def residuals(parameters: Any) -> Any:
        return [curve(parameters, float(t)) - y for t, y in zip(TIMES, data, strict=True)]

    slopes = jacobian(residuals, mode=mode)
    found = optimize.least_squares(
        lambda p: np.array(residuals(p), dtype=float),
        [1.0, 1.0, 0.0],
        jac=lambda p: np.array(slopes(p)),
        method=method,
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    )
    # At the minimum the closed-form Jacobian is orthogonal to the residuals, and Gauss and Newton agree.
    a, k, _ = found.x
    closed = np.column_stack([np.exp(-k * TIMES), -a * TIMES * np.exp(-k * TIMES), np.ones_like(TIMES)])
    assert np.array(slopes(found.x)) == pytest.approx(closed, rel=1e-13, abs=1e-15)
    assert closed.T @ found.fun == pytest.approx(np.zeros(3), abs=1e-7)
    deviations = 0.05 * np.sqrt(np.diag(np.linalg.inv(closed.T @ closed)))
    assert np.all(np.abs(found.x - TRUTH) < 3.0 * deviations)


def test_a_straight_line_gets_its_known_solution() -> None:
    x, y = np.arange(6.0), np.array([1.0, 2.9, 5.2, 6.8, 9.1, 11.0])

    def residuals(line: Any) -> Any:  # an object array of Values, from NumPy's own arithmetic
        return line[0] + line[1] * x - y

    found = optimize.least_squares(residuals, np.zeros(2), jac=jacobian(residuals))
    assert found.x == pytest.approx(np.polynomial.polynomial.polyfit(x, y, 1), rel=1e-9)
    assert jacobian(residuals)(np.zeros(2)).shape == (6, 2)


# -- roots --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root_takes_jacobian(method: str) -> None:
    # SciPy's own example: x cos(y) = 4 and x y - y = 5
    def equations(p: Any) -> Any:
        return np.array([p[0] * cos(p[1]) - 4.0, p[1] * p[0] - p[1] - 5.0])

    found = optimize.root(equations, np.array([1.0, 1.0]), jac=jacobian(equations), method=method)
    assert found.success
    x, y = found.x
    assert (x * math.cos(y), y * (x - 1.0)) == pytest.approx((4.0, 5.0), rel=1e-9)


def test_newton_and_halley_take_first_and_second_derivatives() -> None:
    def f(x: Any) -> Any:
        return x**3 - 2.0 * x - 5.0  # Wallis's, on which Newton's method was first shown

    root = optimize.brentq(f, 2.0, 3.0, xtol=1e-15)
    assert optimize.newton(f, 2.0, fprime=grad(f)) == pytest.approx(root, rel=1e-14)
    assert optimize.newton(f, 2.0, fprime=grad(f), fprime2=grad(grad(f))) == pytest.approx(root, rel=1e-14)
    by_scalar = optimize.root_scalar(value_and_grad(f), x0=2.0, fprime=True)
    assert by_scalar.root == pytest.approx(root, rel=1e-12)


def test_the_root_moves_with_a_parameter_as_the_implicit_function_theorem_says() -> None:
    def f(x: Any, a: Any) -> Any:
        return x + a * sin(x) - 1.0

    def solved(a: float) -> float:
        return float(optimize.brentq(f, 0.0, 1.0, args=(a,), xtol=1e-15))

    x, a = solved(0.5), 0.5
    by_x, by_a = grad(f, argnums=(0, 1))(x, a)
    assert -by_a / by_x == pytest.approx((solved(a + 1e-5) - solved(a - 1e-5)) / 2e-5, rel=1e-8)
