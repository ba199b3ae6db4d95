"""exact=True where the way through formulas matters: the bits of Values, of third derivatives too."""

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    TABLE,
    Primitive,
    dot,
    exp,
    grad,
    hessian,
    interp,
    jacobian,
    jvp,
    log,
    log_softmax,
    logsumexp,
    median,
    piecewise,
    relu,
    softmax,
    sort,
    take,
    tanh,
    taylor,
    total,
    value_and_grad,
)
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.form import ALONE
from chainrule.engine.compiler.ways import MOST_WAYS

POINTS = [[0.3, 0.7, 0.9], [0.6, 0.2, -0.4], [1.25, 0.5, 0.5], [-1.5, 2.5, 0.25]]
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
            assert all(map(same, flat(kernel(xs)), flat(order(f)(xs))))


MANY_BRANCHES = ["tanh", "gelu", "sigmoid", "div", "pow", "hypot", "arctan2", "prod", "polyval", "variance"]


def mixed(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function in which numbers are used several times, inside and outside of f."""
    return lambda xs: f([xs[0] * xs[1], *[tanh(x) for x in xs[1:]]]) * xs[0] ** 2 + f(xs).sin() * xs[-1]


@pytest.mark.parametrize("name", MANY_BRANCHES)
def test_third_derivatives_of_a_row_are_those_on_values(name: str) -> None:
    row = TABLE[name]
    f = mixed(lambda xs: row(*[xs[i] for i in range(row.arity if row.arity > 0 else 3)]))
    of_gradients = grad(lambda x: total(grad(lambda y: total(grad(f)(y)))(x)))
    for third in (of_gradients, jacobian(hessian(f)), lambda x: taylor(f, x, 3, [0.5, -0.25, 1.0])):
        kernel = compile(third, exact=True)
        for point in POINTS:
            assert all(map(same, flat(kernel(point)), flat(third(point))))


LISTS: dict[str, Callable[..., Any]] = {
    "logsumexp": logsumexp,
    "softmax": lambda xs: dot(softmax(xs), [1.0, 2.0, -0.5]),
    "log_softmax": lambda xs: dot(log_softmax(xs), [1.0, 2.0, -0.5]),
    "sort": lambda xs: dot(sort(xs), [1.0, 2.0, -0.5]),
    "median": median,
    "of two": lambda xs: median([*xs, 0.55]),
    "interp": lambda xs: interp(xs[0], [xs[1] - 9.0, 0.4, 9.0], [xs[2], xs[0], 1.0]),
    "piecewise": lambda xs: piecewise(lambda x: x * x * xs[1] if x > 0.5 else x * xs[1])(xs[0]),
}


@pytest.mark.parametrize("name", LISTS)
def test_derivatives_through_functions_on_lists_are_those_on_values(name: str) -> None:
    f = mixed(LISTS[name])
    with_gradient = compile(f, exact=True)
    kernels = [(order, compile(order, exact=True)) for order in (grad(f), hessian(f), jacobian(hessian(f)))]
    for point in [*POINTS, [0.7, 0.7, -0.2]]:
        assert with_gradient.value_and_grad(point) == value_and_grad(f)(point)
        for order, kernel in kernels:
            assert flat(kernel(point)) == flat(order(point))


def test_derivatives_by_rows_that_take_chooses_are_those_on_values() -> None:
    def f(table: Any, i: Any) -> Any:
        chosen = [tanh(take(table, index) * table[0]) for index in (i, 0, i, 2, i)]
        return dot(chosen, chosen[::-1]) + take(chosen, i) * table[1]

    kernel, second = compile(f, exact=True), compile(hessian(f), exact=True)
    for i in (0, 1, 2, 1):
        for point in POINTS:
            assert kernel.value_and_grad(point, i) == value_and_grad(f)(point, i)
            assert second(point, i) == hessian(f)(point, i)
    with pytest.raises(IndexError, match="there is no row 3"):
        kernel(POINTS[0], 3)


def crossing(xs: Any) -> Any:
    """A function whose formulas go many ways: each tanh is steep, or flat on one side of 0."""
    return mixed(lambda ys: total([tanh(4.0 * y) * y for y in ys]))(xs)


def test_more_ways_than_machine_code_is_kept_for() -> None:
    rng = random.Random(1)
    second = hessian(crossing)
    kernel = compile(second, exact=True)
    points = [[rng.uniform(-1.0, 1.0) for _ in range(3)] for _ in range(60)]
    for point in [*points, *points[::-1]]:
        assert kernel(point) == second(point)
    (variant,) = kernel.variants
    assert len(variant._ways[False, ALONE].forms) == MOST_WAYS


def test_a_bound_kernel_goes_every_way() -> None:
    def several(xs: Any) -> Any:
        return grad(crossing)(xs)

    def one(xs: Any) -> Any:
        return total(grad(crossing)(xs)) * xs[0]

    rng = random.Random(2)
    x, results = np.zeros(3), np.zeros(3)
    bound = compile(one, exact=True).bind(x)
    plain = compile(several, argnums=(), exact=True).bind(x)
    written = compile(several, argnums=(), exact=True).bind(x)
    written.into(results)
    kept = bound.grad
    for _ in range(40):
        x[:] = [rng.uniform(-1.0, 1.0) for _ in x]
        assert bound() == one(x.tolist())
        assert kept.tolist() == bound.grad.tolist() == grad(one)(x.tolist())
        plain()
        written()
        assert plain.value.tolist() == results.tolist() == several(x.tolist())


def test_the_error_bound_is_0_where_every_bit_is_that_on_values() -> None:
    bound = compile(hessian(crossing), exact=True).error_bound([0.3, -0.2, 0.9])
    assert set(flat(bound.value)) == {0.0}
    bound = compile(lambda xs: median(xs) * dot(xs, xs), exact=True).error_bound([0.3, -0.2, 0.9])
    assert (bound.value, bound.grad) == (0.0, [0.0, 0.0, 0.0])


def test_an_adjoint_of_0_wins_for_the_call_that_has_one() -> None:
    """It is another way: the next call, where nothing is 0, must not take it."""
    f = grad(grad(lambda x: (x * x).sqrt() * x.relu() + x * x))
    kernel = compile(f, exact=True)
    for x in (1.0, 0.0, 2.0, 0.0, -1.0):
        assert kernel(x) == f(x) or (math.isnan(kernel(x)) and math.isnan(f(x)))


def test_the_order_of_additions_does_not_follow_what_a_detached_number_is_made_of() -> None:
    def f(x: Any) -> Any:
        wave = x.sin()
        return wave + exp(x) + x * x + wave.detach()

    kernel = compile(f, exact=True)
    rng = random.Random(3)
    for _ in range(100):
        x = rng.uniform(-2.0, 2.0)
        assert kernel.value_and_grad(x) == value_and_grad(f)(x)


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


@pytest.mark.parametrize("states", [3, 4])
def test_forward_mode_differentiated_in_turn_adds_in_the_order_of_values(states: int) -> None:
    def f(xs: Any) -> Any:
        finals = [tanh(dot([xs[0] * (1.0 + k)], [xs[0] * 0.3], xs[0])) for k in range(states)]
        return total([s * s for s in finals])

    def along(xs: Any) -> Any:
        return jvp(f, (list(xs),), ([1.0],))[1]

    for x in (1.2704401755934125, 0.6, -0.45):
        assert compile(along, exact=True).value_and_grad([x]) == value_and_grad(along)([x])
