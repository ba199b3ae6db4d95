"""What `kernel.error_bound` promises holds: machine code is no farther from Values than it says."""

import math
import random
from collections.abc import Callable
from typing import Any

import compiler_fuzz
import numpy as np
import pytest
from _fuzz_programs import drawn

from chainrule.engine import (
    cbrt,
    dot,
    exp,
    fsum,
    log,
    logsumexp,
    relu,
    sin,
    sqrt,
    tanh,
    total,
    value_and_grad,
)
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.options import Reduce

UNIT = 2.0**-53
RNG = random.Random(0)


def flat(held: Any) -> list[float]:
    if isinstance(held, list | tuple):
        return [x for part in held for x in flat(part)]
    return [float(x) for x in np.ravel(held)]


def test_one_fused_multiplication_is_off_by_its_rounding_and_that_of_the_sum() -> None:
    kernel = compile(lambda x: x[0] * x[1] + x[2])
    bound = kernel.error_bound([3.0, 5.0, 1.0])
    assert bound.value == pytest.approx((2 * 15.0 + 2 * 16.0) * UNIT)
    assert bound.grad == [0.0, 0.0, 0.0]


def test_a_sum_in_another_order_is_off_by_a_rounding_of_all_terms_each() -> None:
    bound = compile(lambda x: total(x)).error_bound([1.0, -2.0, 3.0, 4.0])
    assert bound.value == pytest.approx(2 * 3 * UNIT * 10.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0] * x[1] * x[2],
        lambda x: -(x[0] + x[1]) * x[2],
        lambda x: x[0] / x[1] - x[2],
        lambda x: relu(x[0]) * abs(x[1]),
        lambda x: 7.0,
    ],
)
def test_what_rounds_alike_has_no_error(f: Callable[..., Any]) -> None:
    kernel = compile(f, argnums=())
    assert kernel.error_bound([1.5, 0.3, 0.7]) == (0.0, None)
    assert kernel([1.5, 0.3, 0.7]) == f([1.5, 0.3, 0.7])


def f(w: Any, x: Any) -> Any:
    return logsumexp([tanh(dot(w, x)), w[0] * x[1] + 0.1, sqrt(1.0 + x[0] * x[0])]) ** 2


def test_exactly_compiled_nothing_has_an_error() -> None:
    w, xs = [0.3, -0.7], [[RNG.uniform(-1.0, 1.0) for _ in range(2)] for _ in range(9)]
    assert compile(f, argnums=(0, 1), exact=True).error_bound(w, xs[0]) == (0.0, ([0.0, 0.0], [0.0, 0.0]))
    value, (by_w, by_x) = compile(f, argnums=(0, 1), batch="x", exact=True).error_bound(w, np.array(xs))
    assert not value.any()
    assert not by_x.any()
    assert by_w == [0.0, 0.0]


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("threads", [1, 2])
def test_bounds_come_in_the_structures_of_value_and_gradient(reduce: Any, threads: int) -> None:
    w, xs = [0.3, -0.7], np.array([[RNG.uniform(-1.0, 1.0) for _ in range(2)] for _ in range(9)])
    kernel = compile(f, argnums=(0, 1), batch="x", reduce=reduce, threads=threads)
    value, gradient = kernel.value_and_grad(w, xs)
    bound = kernel.error_bound(w, xs)
    assert np.shape(bound.value) == np.shape(value)
    assert (type(bound.grad[0]), np.shape(bound.grad[1])) == (list, np.shape(gradient[1]))
    runs = [value_and_grad(f, argnums=(0, 1))(w, x) for x in xs.tolist()]
    weight = 1.0 / len(xs) if reduce == "mean" else 1.0
    values = [run[0] for run in runs]
    expected = [values if reduce is None else sum(values) * weight]
    expected += [sum(run[1][0][i] for run in runs) * weight for i in range(2)]
    expected += [x * weight for run in runs for x in run[1][1]]
    for got, wanted, most in zip(flat([value, gradient]), flat(expected), flat(bound), strict=True):
        assert abs(got - wanted) <= most < 1e-12


def test_several_results_have_bounds_and_no_gradient() -> None:
    bound = compile(lambda a, b: {"sum": a * b + 1.0, "other": (2.0, a)}).error_bound(0.1, 0.2)
    assert bound.grad is None
    assert 0.0 < bound.value["sum"] < 1e-15
    assert bound.value["other"] == (0.0, 0.0)


def test_long_batches_are_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    w, xs = [0.3, -0.7], np.array([[RNG.uniform(-1.0, 1.0) for _ in range(2)] for _ in range(50)])
    kernel = compile(f, argnums=(0, 1), batch="x", reduce="mean")
    whole = kernel.error_bound(w, xs)
    monkeypatch.setattr("chainrule.engine.compiler.rounding.CELLS", 1000)
    np.testing.assert_allclose(flat(kernel.error_bound(w, xs)), flat(whole), rtol=1e-12)


def test_samples_that_cancel_are_bounded_by_their_sizes() -> None:
    xs = np.array([1e8, -1e8, 1.0])
    kernel = compile(lambda w, x: (w * 0.1) * x, batch="x", reduce="sum")
    value, gradient = kernel.value_and_grad(3.0, xs)
    bound = kernel.error_bound(3.0, xs)
    runs = [value_and_grad(lambda w, x: (w * 0.1) * x)(3.0, float(x)) for x in xs]
    assert abs(value - sum(run[0] for run in runs)) <= bound.value < 1e-6
    assert abs(gradient - sum(run[1] for run in runs)) <= bound.grad < 1e-6


def test_a_comparison_that_may_go_either_way_counts_as_one() -> None:
    jump = lambda x: relu(x[0] * x[1] - x[2]) * 5.0  # noqa: E731
    kernel = compile(jump)
    sure, close = [0.1, 3.0, 0.2], [0.1, 3.0, 0.1 * 3.0]
    assert max(kernel.error_bound(sure).grad) < 1e-14
    bound = kernel.error_bound(close)
    assert bound.value < 1e-14
    assert bound.grad[2] >= 5.0
    assert abs(kernel.grad(close)[2] - value_and_grad(jump)(close)[1][2]) <= bound.grad[2]
    steps = compile(lambda x: [total([x[0] * x[1], x[2]]).floor(), total([x[0] * x[1], x[2]]) // 2.0])
    assert steps.error_bound([0.1, 3.0, 0.2]).value == [0.0, 0.0]
    assert max(steps.error_bound([0.1, 10.0, 0.1 * 10.0]).value) >= 1.0


def test_what_is_not_finite_has_no_finite_bound() -> None:
    kernel = compile(lambda x: log(x[0]) * x[1] + x[1])
    assert not any(map(math.isfinite, flat(kernel.error_bound([0.0, 1.0])[0])))
    pole = compile(lambda x: 1.0 / (x[0] * x[1] - x[2]))
    assert pole.error_bound([0.1, 3.0, 0.1 * 3.0]).value == math.inf


@pytest.mark.parametrize("g", [exp, log, sin, sqrt, cbrt, lambda z: fsum([z, 1.0, -z]), lambda z: 1.0 / z])
def test_an_error_goes_through_a_function_by_its_derivative(g: Callable[..., Any]) -> None:
    h = lambda x: g(dot(x, x, 0.3))  # noqa: E731
    kernel, rng = compile(h), random.Random(1)
    for _ in range(50):
        x = [rng.uniform(-1.0, 1.0) for _ in range(7)]
        found, wanted = flat(kernel.value_and_grad(x)), flat(value_and_grad(h)(x))
        bounds = flat(kernel.error_bound(x))
        assert all(abs(a - b) <= most for a, b, most in zip(found, wanted, bounds, strict=True))
        assert bounds[0] <= 200 * UNIT * max(1.0, abs(wanted[0]))


def test_the_mean_of_a_number_that_depends_on_nothing_is_rounded_on_values() -> None:
    number, xs = 0.1, [0.5] * 6
    added = number + number + number + number + number + number
    expected: dict[Reduce, float] = {"mean": added / 6, "sum": added}
    for reduce, on_values in expected.items():
        kernel = compile(lambda x: number, batch="x", reduce=reduce)
        assert kernel(xs) != on_values
        assert abs(kernel(xs) - on_values) <= kernel.error_bound(xs).value < 1e-14
        assert kernel.error_bound(xs[:1]).value == 0.0
        exact = compile(lambda x: number, batch="x", reduce=reduce, exact=True)
        assert (exact(xs), exact.error_bound(xs).value) == (on_values, 0.0)


def test_random_programs_stay_within_their_bounds_which_are_not_silly() -> None:
    found: list[compiler_fuzz.Distance] = []
    for number in range(40):
        rng = random.Random(f"bounds/{number}")
        program, options = drawn(rng), compiler_fuzz.options(rng)
        difference = compiler_fuzz.differs(program, options, rng, bounds=found)
        assert not difference, (number, difference)
    assert len(found) > 100
    assert np.median([distance.times for distance in found]) < 1000.0
