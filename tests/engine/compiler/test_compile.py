"""Compiled functions give what the functions themselves give, at every call."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    Value,
    declare,
    digamma,
    dot,
    exp,
    forget,
    grad,
    hessian,
    hypot,
    lgamma,
    log,
    logsumexp,
    mean,
    tanh,
    value_and_grad,
    where,
)
from chainrule.engine.compiler import compile
from chainrule.nn import MLP


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


@dataclass
class Market:
    spot: float
    rates: tuple[float, float]


STRUCTURES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (lambda x: x * x, (3.0,)),
    (lambda x: x * x, (3,)),
    (lambda x: x * x, (Value(3.0),)),
    (rosenbrock, ([1.2, -0.5, 0.3],)),
    (rosenbrock, (np.array([1.2, -0.5, 0.3]),)),
    (lambda x: x["a"] * x["b"][1], ({"a": 2.0, "b": (1.0, 3.0)},)),
    (lambda m: m.spot * m.rates[1] + m.rates[0], (Market(100.0, (0.1, 0.2)),)),
    (lambda x: x.sum() * x[0, 1], (np.arange(4.0).reshape(2, 2),)),
    (lambda x, way: x * 2.0 if way == "up" else -x, (3.0, "up")),
]


@pytest.mark.parametrize(("f", "arguments"), STRUCTURES)
def test_arguments_come_in_any_structure(f: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    value, gradient = compile(f).value_and_grad(*arguments)
    expected, by = value_and_grad(f)(*arguments)
    assert value == pytest.approx(expected, rel=1e-15)
    assert type(gradient) is type(by) or isinstance(arguments[0], Value)
    np.testing.assert_allclose(flat(gradient), flat(by), rtol=1e-14)


def flat(held: Any) -> list[float]:
    if isinstance(held, dict):
        return [x for part in held.values() for x in flat(part)]
    if isinstance(held, Market):
        return [held.spot, *held.rates]
    if isinstance(held, Value):
        return [held.data]
    if isinstance(held, list | tuple | np.ndarray):
        return [x for part in held for x in flat(part)]
    return [float(held)]


def test_results_come_in_the_function_s_structure() -> None:
    kernel = compile(lambda a, b: {"sum": a + b, "both": (a * b, 2.0), "same": a})
    assert kernel(2.0, 3.0) == {"sum": 5.0, "both": (6.0, 2.0), "same": 2.0}


def test_keyword_arguments_give_a_dictionary_of_derivatives() -> None:
    kernel = compile(lambda *, spot, vol: spot * vol**2)
    value, by = kernel.value_and_grad(spot=100.0, vol=0.2)
    assert value == pytest.approx(4.0)
    assert by == pytest.approx({"spot": 0.04, "vol": 40.0})


def test_argnums_choose_the_arguments() -> None:
    f = lambda a, b, c: a * b + c  # noqa: E731
    assert compile(f, argnums=1).grad(2.0, 3.0, 4.0) == 2.0
    assert compile(f, argnums=(0, -1)).grad(2.0, 3.0, 4.0) == (3.0, 1.0)
    with pytest.raises(TypeError, match="argnums=5, but there are 3 positional arguments"):
        compile(f, argnums=5).grad(2.0, 3.0, 4.0)


def test_each_structure_is_recorded_once() -> None:
    runs = []
    kernel = compile(lambda x: runs.append(1) or sum(x))  # type: ignore[func-returns-value]
    assert [kernel([1.0, 2.0]), kernel([3.0, 4.0]), kernel([1.0, 2.0, 3.0]), kernel([0.0, 1.0])] == [
        3,
        7,
        6,
        1,
    ]
    assert len(runs) == 2


def test_a_second_call_knows_nothing_of_the_first() -> None:
    kernel = compile(lambda w, x: tanh(dot(w, x)) ** 2, batch="x", reduce="sum")
    w, xs = [0.5, -0.25], np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.1]])
    first = kernel.value_and_grad(w, xs)
    kernel.value_and_grad([5.0, 1.0], xs[:1])
    assert kernel.value_and_grad(w, xs) == first


@pytest.mark.parametrize("samples", [1, 7, 8, 9, 100])
def test_a_batch_gives_what_the_samples_give_one_by_one(samples: int) -> None:
    rng = random.Random(samples)
    f = lambda w, x, y: (tanh(w[0] * x[0] + w[1] * x[1]) - y) ** 2  # noqa: E731
    w = [0.3, -0.8]
    xs = [[rng.uniform(-1.0, 1.0) for _ in range(2)] for _ in range(samples)]
    ys = [rng.uniform(-1.0, 1.0) for _ in range(samples)]
    runs = [value_and_grad(f, argnums=(0, 1, 2))(w, x, y) for x, y in zip(xs, ys, strict=True)]
    values = [run[0] for run in runs]
    kernel = compile(f, argnums=(0, 1, 2), batch=("x", "y"))
    value, (by_w, by_x, by_y) = kernel.value_and_grad(w, xs, ys)
    of_tanh = 1e-16  # its last place, where y takes nearly all of it away
    np.testing.assert_allclose(value, values, rtol=1e-14, atol=of_tanh)
    np.testing.assert_allclose(by_w, np.sum([run[1][0] for run in runs], axis=0), rtol=1e-12)
    np.testing.assert_allclose(by_x, [run[1][1] for run in runs], rtol=1e-12)
    np.testing.assert_allclose(by_y, [run[1][2] for run in runs], rtol=1e-12)
    np.testing.assert_allclose(kernel(w, xs, ys), values, rtol=1e-14, atol=of_tanh)
    average = compile(f, batch=("x", "y"), reduce="mean")
    assert average(w, xs, ys) == pytest.approx(np.mean(values), rel=1e-14)
    np.testing.assert_allclose(average.grad(w, xs, ys), np.array(by_w) / samples, rtol=1e-12)


def test_a_module_is_an_argument_whose_parameters_are_differentiated_by() -> None:
    model = MLP(2, [8, 8, 1], seed=1)
    rng = np.random.default_rng(1)
    xs, ys = rng.standard_normal((20, 2)), rng.choice([-1.0, 1.0], 20)

    def loss(model: Any, x: Any, y: Any) -> Any:
        return (1.0 - y * model(x)).relu()

    kernel = compile(loss, batch=("x", "y"), reduce="mean")
    for _ in range(2):
        value, gradient = kernel.value_and_grad(model, xs, ys)
        model.zero_grad()
        eager = sum(loss(model, x, y) for x, y in zip(xs, ys, strict=True)) / 20
        eager.backward()
        assert value == pytest.approx(eager.data, rel=1e-14)
        np.testing.assert_allclose(gradient, [p.grad for p in model.parameters()], rtol=1e-12, atol=1e-15)
        for parameter in model.parameters():
            parameter.data *= 0.9


def test_an_output_that_no_sample_changes_counts_for_each_of_them() -> None:
    kernel = compile(lambda w, x: w * w, batch="x", reduce="sum")
    assert kernel.value_and_grad(3.0, [1.0, 2.0, 5.0]) == (27.0, 18.0)
    assert compile(lambda w, x: 2.0, batch="x", reduce="sum")(3.0, [1.0, 2.0]) == 4.0
    assert compile(lambda w, x: w, batch="x")(3.0, [1.0, 2.0]).tolist() == [3.0, 3.0]


def test_hessians_compile_because_the_backward_pass_is_a_program_too() -> None:
    x = [1.2, -0.5, 0.3]
    np.testing.assert_allclose(compile(hessian(rosenbrock))(x), hessian(rosenbrock)(x), rtol=1e-14)
    assert compile(grad(grad(tanh)))(0.5) == pytest.approx(grad(grad(tanh))(0.5), rel=1e-14)


def test_what_only_python_computes_is_called_from_machine_code() -> None:
    f = lambda x: lgamma(x) + digamma(x) * hypot(x, 2.0)  # noqa: E731
    value, gradient = compile(f).value_and_grad(2.5)
    assert (value, gradient) == pytest.approx(value_and_grad(f)(2.5), rel=1e-14)
    batched = compile(f, batch=0)
    np.testing.assert_allclose(batched([2.5, 3.5]), [f(2.5), f(3.5)], rtol=1e-14)  # type: ignore[arg-type, no-untyped-call]


def test_a_zero_adjoint_wins_over_an_infinite_partial() -> None:
    kernel = compile(lambda x: where(x > 0.0, log(x), 0.0))
    assert [kernel.value_and_grad(x) for x in (2.0, 0.0, -1.0)] == [(log(2.0), 0.5), (0.0, 0.0), (0.0, 0.0)]
    batched = compile(lambda w, x: where(x > 0.0, log(w * x), 0.0), batch="x", reduce="sum")
    assert batched.value_and_grad(1.0, [1.0, 0.0, -1.0]) == (0.0, 1.0)


def test_inf_and_nan_are_as_on_values() -> None:
    kernel = compile(lambda x: [1.0 / x, exp(x), x - x])
    assert kernel(0.0) == [math.inf, 1.0, 0.0]
    assert kernel(1000.0) == [0.001, math.inf, 0.0]
    assert math.isnan(kernel(math.inf)[2])


def test_exact_gives_every_bit_of_eager() -> None:
    f = lambda x: logsumexp([tanh(a) * b for a, b in pairwise(x)]) / mean(x) + sum(x) ** 3  # noqa: E731
    kernel = compile(f, exact=True)
    rng = random.Random(1)
    for _ in range(20):
        x = [rng.uniform(0.1, 2.0) for _ in range(5)]
        assert kernel.value_and_grad(x) == value_and_grad(f)(x)


def test_what_a_callback_raises_is_raised_by_the_call() -> None:
    @declare(partials=lambda x, out: (1.0,))
    def listed(x: float) -> float:
        if x > 1.0:
            raise LookupError(f"{x} is not in the list")
        return float(int(x * 8.0)) / 8.0  # which only Python can do

    try:
        kernel = compile(lambda x: listed(x) + listed(2.0 * x))
        assert kernel.value_and_grad(0.25) == (0.75, 3.0)
        runs: list[Callable[[], Any]] = [lambda: kernel(2.0), kernel.bind(Value(2.0))]
        for run in runs:
            with pytest.raises(LookupError, match=r"2.0 is not in the list"):
                run()
        assert kernel(0.25) == 0.75
    finally:
        forget("listed")


def test_a_square_is_a_product_and_not_a_power() -> None:
    kernel = compile(lambda x: sum((a - 1.0) ** 2 for a in x))
    x = [0.3, 1.0, -2.5]
    assert kernel.value_and_grad(x) == value_and_grad(lambda x: sum((a - 1.0) ** 2 for a in x))(x)
    assert math.isnan(kernel.value_and_grad([math.nan])[1][0])


def test_lengths_of_batches_that_differ_are_named() -> None:
    kernel = compile(lambda w, x, y: w * x * y, batch=("x", "y"))
    with pytest.raises(ValueError, match="different lengths: x has 2 samples, y has 3"):
        kernel(1.0, [1.0, 2.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (3.0, ValueError, "the batched argument x needs at least one sample, got 3.0"),
        ([], ValueError, "the batched argument x needs at least one sample"),
        (["a"], TypeError, "the batched argument x must be an array of numbers, or lists that make one"),
        ([[1.0], [1.0, 2.0]], TypeError, "the batched argument x must be an array of numbers"),
    ],
)
def test_a_batch_that_is_none_is_refused(x: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compile(lambda w, x: w * x, batch="x")(1.0, x)


def test_options_that_say_nothing_sensible_are_refused() -> None:
    with pytest.raises(ValueError, match="reduce is 'mean', 'sum' or None, got 'median'"):
        compile(tanh, batch=0, reduce="median")  # type: ignore[call-overload]
    with pytest.raises(
        ValueError, match="reduce='mean' needs batch= to say which arguments hold the samples"
    ):
        compile(tanh, reduce="mean")
    with pytest.raises(TypeError, match="batch names 'y', which this call does not give"):
        compile(lambda x: x, batch="y")([1.0])
    with pytest.raises(TypeError, match="batch says argument 3, but the call has 1"):
        compile(lambda x: x, batch=3)([1.0])
    with pytest.raises(
        TypeError, match=r"value_and_grad needs a function that returns one number, .* returned 2"
    ):
        compile(lambda x: [x, x]).value_and_grad(1.0)


@pytest.mark.parametrize("samples", [1, 7, 8, 9, 31, 32, 33, 64, 65])
def test_any_number_of_samples_fits_into_blocks(samples: int) -> None:
    rng = random.Random(samples)
    kernel = compile(lambda w, x: tanh(w * x) + x * x, batch="x", reduce="sum", argnums=(0, 1))
    for w in (0.5, -1.5):
        xs = [rng.uniform(-1.0, 1.0) for _ in range(samples)]
        value, (by_w, by_x) = kernel.value_and_grad(w, xs)
        t = [math.tanh(w * x) for x in xs]
        assert value == pytest.approx(sum(a + x * x for a, x in zip(t, xs, strict=True)), rel=1e-13)
        assert by_w == pytest.approx(sum((1 - a * a) * x for a, x in zip(t, xs, strict=True)), rel=1e-12)
        expected = [(1 - a * a) * w + 2 * x for a, x in zip(t, xs, strict=True)]
        np.testing.assert_allclose(by_x, expected, rtol=1e-12, atol=1e-14)


def test_few_samples_are_computed_in_small_blocks_and_many_in_large_ones() -> None:
    kernel = compile(lambda w, x: w * x, batch="x", reduce="sum")
    for samples in (3, 8, 9, 100):
        kernel.value_and_grad(2.0, [1.0] * samples)
    (variant,) = kernel.variants
    assert [variant.form(True, samples).compiled.layout.lanes for samples in (8, 9)] == [8, 64]
    assert variant.form(True, 3) is variant.form(True, 8)
    assert variant.form(True, 9) is variant.form(True, 100)


def test_the_guarded_form_has_blocks_of_the_same_size() -> None:
    kernel = compile(lambda w, x: where(x > 0.0, log(w * x), 0.0), batch="x", reduce="sum")
    xs = [1.0, 0.0, -1.0] * 11
    assert kernel.value_and_grad(1.0, xs) == (0.0, 11.0)
    assert kernel.bind(1.0, xs)() == 0.0


def test_a_number_may_be_a_factor_of_all_and_the_first_of_a_vector() -> None:
    def f(x: Any, y: Any) -> Any:
        products = [0.5 * a + b * x[0] for a, b in zip(x, y, strict=True)]
        return sum(z.sin() for z in products)

    x, y = [0.1 * i + 0.3 for i in range(8)], [0.7 - 0.2 * i for i in range(8)]
    expected = sum(math.sin(0.5 * a + b * x[0]) for a, b in zip(x, y, strict=True))
    assert compile(f)(x, y) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("numbers", [1, 7, 8, 9, 16, 23])
def test_rows_of_any_length_are_turned_into_lanes(numbers: int) -> None:
    kernel = compile(lambda x: [2.0 * a for a in x], batch="x")
    for samples in (1, 8, 9, 32, 43):
        rows = np.arange(float(samples * numbers)).reshape(samples, numbers)
        assert np.stack(kernel(rows), axis=1).tolist() == (2.0 * rows).tolist()


def test_results_are_copied_in_runs_and_one_by_one() -> None:
    kernel = compile(lambda w, x: sum(a * b * b for a, b in zip(w, x, strict=True)), argnums=(0, 1))
    rng = np.random.default_rng(0)
    for n in (3, 40):
        w, x = rng.standard_normal((2, n))
        value, (by_w, by_x) = kernel.value_and_grad(w, x)
        assert value == pytest.approx((w * x * x).sum(), rel=1e-14)
        np.testing.assert_allclose(by_w, x * x, rtol=1e-15)
        np.testing.assert_allclose(by_x, 2.0 * w * x, rtol=1e-15)
    shuffled = compile(lambda x: [2.0 * x[i] for i in (5, 3, 4, 1, 0, 2)] + [7.0, x[0] + 1.0])
    assert shuffled([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]) == [10.0, 6.0, 8.0, 2.0, 0.0, 4.0, 7.0, 1.0]
