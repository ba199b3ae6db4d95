"""At 0, inf, nan and kinks compiled derivatives are as on Values: nan where those are, inf of their sign."""

import math
from collections.abc import Callable
from itertools import product
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    TABLE,
    Primitive,
    ceil,
    exp,
    grad,
    hessian,
    median,
    piecewise,
    sign,
    sort,
    take,
    value_and_grad,
    where,
)
from chainrule.engine.compiler import compile

EDGES = [0.0, -0.0, 1.0, -1.0, inf, -inf, nan, 1e300, 1e-310, 40.0]
FEW = [0.0, -0.0, inf, nan, -2.0]
ROWS = [row for row in TABLE.values() if row.arity in (1, 2) and row.name != "polygamma"]
SECOND = [
    *("arcsin", "arctanh", "erf", "norm_pdf", "silu", "gelu", "div", "mod", "pow", "leaky_relu", "elu"),
    *("sign", "floordiv", "relu", "tanh"),
]
"""Rows whose second derivatives at such points machine code once had otherwise, and a few beside them."""


def alike(x: float, y: float) -> bool:
    if math.isfinite(x) and math.isfinite(y):
        return x == pytest.approx(y, rel=1e-9, abs=1e-12)
    return x == y or (x != x and y != y)


def flat(held: Any) -> list[float]:
    return [x for part in held for x in flat(part)] if isinstance(held, list | tuple) else [held]


def points(arity: int, numbers: list[float]) -> list[list[float]]:
    return [list(point) for point in product(numbers, repeat=arity)]


def times_x(row: Primitive) -> Callable[[Any], Any]:
    return lambda xs: row(*xs) * xs[0]


def assert_alike(got: Callable[[Any], Any], wanted: Callable[[Any], Any], at: list[list[float]]) -> None:
    for point in at:
        pairs = zip(flat(got(point)), flat(wanted(point)), strict=True)
        assert all(alike(x, y) for x, y in pairs), point


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_value_and_gradient_of_a_row_at_the_edges(row: Primitive) -> None:
    at = points(row.arity, EDGES if row.arity == 1 else FEW)
    assert_alike(compile(times_x(row)).value_and_grad, value_and_grad(times_x(row)), at)


@pytest.mark.parametrize("name", SECOND)
def test_derivatives_that_a_function_takes_itself_at_the_edges(name: str) -> None:
    row = TABLE[name]
    for order in (grad, hessian):
        f = order(times_x(row))
        assert_alike(compile(f), f, points(row.arity, EDGES if row.arity == 1 else FEW)[::2])


@pytest.mark.parametrize("exact", [False, True])
def test_a_partial_of_0_times_an_adjoint_of_inf_is_nan(exact: bool) -> None:
    kernel = compile(lambda x: sign(x) * x, exact=exact)
    value, gradient = kernel.value_and_grad(inf)
    assert value == inf
    assert math.isnan(gradient)
    assert kernel.value_and_grad(2.0) == (2.0, 1.0)


@pytest.mark.parametrize("exact", [False, True])
def test_what_a_partial_of_0_makes_of_inf_has_derivatives_that_are_nan(exact: bool) -> None:
    """The slope of ceil is 0, times an adjoint of inf: nan, by whatever it is differentiated."""
    f = lambda x, y: grad(lambda z: exp(ceil(z * z) * y))(x)  # noqa: E731
    kernel = compile(f, argnums=(0, 1), exact=exact)
    for of_one in (kernel.value_and_grad(inf, 0.5), value_and_grad(f, argnums=(0, 1))(inf, 0.5)):
        assert [math.isnan(number) for number in (of_one[0], *of_one[1])] == [True] * 3
    assert kernel.value_and_grad(0.5, 0.5) == (0.0, (0.0, 0.0))


def test_a_number_that_a_where_asks_gets_0_times_its_adjoint_too() -> None:
    f = lambda x: where(x, x, 1.0) * x  # noqa: E731
    assert math.isnan(compile(f).grad(inf))
    assert math.isnan(grad(f)(inf))


def test_of_the_other_way_of_a_formula_nothing_comes_back() -> None:
    """The partial of arcsin at 1 chooses by a branch: second derivatives are inf, not 0 times inf."""
    f = grad(grad(lambda x: TABLE["arcsin"](x)))
    assert (compile(f)(1.0), compile(f)(-1.0)) == (f(1.0), f(-1.0)) == (inf, -inf)


def test_a_recorded_adjoint_of_0_wins_over_a_partial_that_is_a_plain_inf() -> None:
    f = hessian(lambda x: (x[0] ** x[1]) * x[0])
    assert f([-0.0, -37.0])[1][0] == compile(f)([-0.0, -37.0])[1][0] == 0.0


PASSED_OVER: dict[str, Callable[[Any], Any]] = {
    "median": lambda xs: median(xs[:3]) * xs[3],
    "sort": lambda xs: sort(xs[:3])[0] * xs[3],
    "piecewise": lambda xs: piecewise(lambda x, y: x * 2.0 if x > 0.0 else y)(*xs[:2]) * xs[3],
    "take": lambda xs: take(xs[:3], 1) * xs[3],
    "a derivative": lambda xs: grad(lambda x: x.tanh() * xs[1])(xs[0]) * xs[3],
}


@pytest.mark.parametrize("f", PASSED_OVER.values(), ids=PASSED_OVER)
@pytest.mark.parametrize("exact", [False, True])
def test_nothing_flows_back_to_what_was_passed_over(f: Callable[[Any], Any], exact: bool) -> None:
    """Not even 0 times an adjoint of inf."""
    alone = compile(f, exact=exact)
    several = compile(f, exact=exact, batch=0)
    points = [[1.0, 2.0, 3.0, inf], [-1.0, 2.0, 0.5, -inf], [0.25, 0.5, nan, 2.0], [0.3, nan, 0.5, inf]]
    assert_alike(alone.value_and_grad, value_and_grad(f), points)
    rows = several.grad(np.array(points))
    for row, point in zip(rows.tolist(), points, strict=True):
        assert all(map(alike, row, grad(f)(point)))
