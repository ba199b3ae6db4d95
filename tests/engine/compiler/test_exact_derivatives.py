"""exact=True where the function takes derivatives itself: the bits of Values, of second derivatives too."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from chainrule.engine import TABLE, Primitive, dot, exp, grad, hessian, jacobian, log, relu, tanh, total
from chainrule.engine.compiler import compile

POINTS = [[0.3, 0.7, 0.9], [0.6, 0.2, -0.4], [1.25, 0.5, 0.5], [-1.5, 2.5, 0.25]]
ANOTHER_ORDER = {"gelu", "logsumexp"}
"""Rows whose formulas have branches that operands of three uses stand on both sides of."""
ROWS = [row for row in TABLE.values() if row.name != "polygamma"]


def flat(held: Any) -> list[float]:
    return [number for part in held for number in flat(part)] if isinstance(held, list) else [held]


def same(x: float, y: float) -> bool:
    return x == y or not math.isfinite(y)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_first_and_second_derivatives_of_a_row_are_those_on_values(row: Primitive) -> None:
    def f(xs: Any) -> Any:
        return row(*xs) * xs[0]

    for order in (grad, hessian):
        kernel = compile(order(f), exact=True)
        for point in POINTS:
            xs = point[: row.arity if row.arity > 0 else 3]
            got, expected = flat(kernel(xs)), flat(order(f)(xs))
            if order is hessian and row.name in ANOTHER_ORDER:
                assert got == pytest.approx(expected, rel=1e-13, abs=1e-15, nan_ok=True)
            else:
                assert all(map(same, got, expected))


def network(w: Any) -> Any:
    return sum(tanh(a * b + w[0]) for a in w for b in w)


def chain(x: Any) -> Any:
    return sum((b - a**2) ** 2 + exp(-b) * log(a * a + 1.0) for a, b in pairwise(x))


@pytest.mark.parametrize("f", [network, chain])
def test_derivatives_of_programs_are_those_on_values(f: Callable[..., Any]) -> None:
    orders: list[Callable[..., Any]] = [hessian(f), grad(lambda x: total(grad(f)(x))), jacobian(hessian(f))]
    for order in orders:
        kernel = compile(order, exact=True)
        for x in POINTS:
            assert flat(kernel(x)) == flat(order(x))


def penalty(x: Any) -> Any:
    return network(x) + 0.1 * dot(grad(network)(x), grad(network)(x))


def test_the_gradient_of_a_function_that_takes_one_is_that_on_values() -> None:
    kernel = compile(penalty, exact=True)
    bound = kernel.bind(x := np.array(POINTS[0]))
    for point in POINTS:
        assert kernel.value_and_grad(point) == (penalty(point), grad(penalty)(point))
        x[:] = point
        assert bound() == penalty(point)
        assert bound.grad.tolist() == grad(penalty)(point)


def test_an_adjoint_of_zero_still_wins_over_a_partial_that_is_not_finite() -> None:
    def rooted(x: Any) -> Any:
        return grad(lambda y: relu((y * y).sqrt() - 10.0) + y * y)(x)

    for exact in (False, True):
        kernel = compile(rooted, exact=exact)
        assert [kernel(x) for x in (2.0, 0.0, -1.0)] == [rooted(x) for x in (2.0, 0.0, -1.0)]
        bound = kernel.bind(x := np.array(0.0))
        assert bound() == rooted(0.0)
        x[()] = 2.0
        assert bound() == rooted(2.0)
        assert kernel.error_bound(0.0).value >= 0.0


def test_samples_that_are_overwritten_are_run_once() -> None:
    def rooted(x: Any) -> Any:
        return [grad(lambda y: relu((y * y).sqrt() - 10.0) + y * y)(x[0])]

    samples = np.array([[0.0], [2.0], [-3.0]])
    bound = compile(rooted, argnums=(), batch="x", exact=True).bind(samples)
    bound.overwrite()
    bound.run()
    assert samples.tolist() == [[0.0], [4.0], [-6.0]]
    bound.run()
    assert samples.tolist() == [[0.0], [8.0], [-12.0]]
