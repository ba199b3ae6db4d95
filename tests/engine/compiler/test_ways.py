"""exact=True: the way that each call goes, and each sample of a batch; sums that take one after the other."""

import itertools
import math
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    Primitive,
    compile,
    declare,
    dot,
    exp,
    forget,
    grad,
    hessian,
    interp,
    logsumexp,
    median,
    relu,
    softmax,
    sort,
    sqrt,
    take,
    tanh,
    total,
    value_and_grad,
)
from chainrule.engine.compiler import ways
from chainrule.engine.compiler.ways import LONG, MOST_WAYS, Ways, added_in_turn

W = [0.3, -0.2, 0.7]
RNG = random.Random(7)
SAMPLES = [[RNG.uniform(-1.0, 1.0) for _ in W] for _ in range(70)]


def network(w: Any, x: Any) -> Any:
    return tanh(dot(w, x)) * exp(w[1]) + w[0] * w[0]


def of_the_middle(w: Any, x: Any) -> Any:
    return median(x) * dot(w, x) + exp(w[0]) * x[1]


def sorted_products(w: Any, x: Any) -> Any:
    return total([a * b for a, b in zip(w, sort(x), strict=True)]) * exp(w[2])


def likelihood(w: Any, x: Any) -> Any:
    return softmax([a * b for a, b in zip(w, x, strict=True)])[1] + logsumexp(x) * w[0]


def between(w: Any, x: Any) -> Any:
    return interp(x[0], [-1.0, -0.2, 0.3, 1.0], [w[0], w[1], w[2], w[0] * w[1]]) * x[1]


def penalty(w: Any, x: Any) -> Any:
    return total([slope**2 * w[0] for slope in grad(lambda y: tanh(dot(y, w)) ** 3)(x)])


def curvature(w: Any, x: Any) -> Any:
    return total([dot(row, x) for row in hessian(lambda v: tanh(dot(v, x)) * v[0] * relu(v[1] - x[0]))(w)])


def on_values(
    f: Callable[..., Any], w: Any, samples: Sequence[Sequence[float]], reduce: str | None
) -> tuple[Any, list[float], list[list[float]]]:
    """Return what Values give for one sample after the other, added up: value and derivatives."""
    runs = [value_and_grad(f, argnums=(0, 1))(w, x) for x in samples]
    over = len(samples) if reduce == "mean" else 1

    def added(numbers: list[float]) -> float:
        found = 0.0
        for number in numbers:
            found += number
        return found / over

    values = [run[0] for run in runs]
    by_w = [added([run[1][0][k] for run in runs]) for k in range(len(w))]
    return added(values) if reduce else values, by_w, [[x / over for x in run[1][1]] for run in runs]


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize(
    "f", [network, of_the_middle, sorted_products, likelihood, between, penalty, curvature]
)
def test_each_sample_goes_its_way_and_sums_take_one_after_the_other(
    f: Callable[..., Any], reduce: Any
) -> None:
    kernel = compile(f, argnums=(0, 1), batch="x", reduce=reduce, exact=True)
    for count in (1, 2, 9, 70, 3):
        x = np.array(SAMPLES[:count])
        value, by_w, by_x = on_values(f, W, SAMPLES[:count], reduce)
        found, (found_w, found_x) = kernel.value_and_grad(W, x)
        assert (np.array(found).tolist(), found_w, found_x.tolist()) == (value, by_w, by_x)
        assert np.array(kernel(W, x)).tolist() == value
        bound = kernel.error_bound(W, x)
        assert not np.any(bound.value)
        assert not any(bound.grad[0])
        assert not bound.grad[1].any()


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_changes_no_bit(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.engine.compiler.kernel.FEWEST", 1)
    kernel = compile(of_the_middle, batch="x", reduce="sum", exact=True, threads=threads)
    value, by_w, _ = on_values(of_the_middle, W, SAMPLES, "sum")
    assert kernel.value_and_grad(W, np.array(SAMPLES)) == (value, by_w)


def test_samples_are_added_up_in_pieces_where_they_have_many_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "CELLS", 1)
    kernel = compile(likelihood, argnums=(0, 1), batch="x", reduce="mean", exact=True)
    value, by_w, by_x = on_values(likelihood, W, SAMPLES, "mean")
    found, (found_w, found_x) = kernel.value_and_grad(W, np.array(SAMPLES))
    assert (found, found_w, found_x.tolist()) == (value, by_w, by_x)


def test_samples_that_go_more_ways_than_code_is_kept_for() -> None:
    def f(w: Any, x: Any) -> Any:
        return dot(sort(x), w) * x[0]

    w, rng = [0.1 * k for k in range(1, 5)], random.Random(3)
    samples = [[rng.uniform(-1.0, 1.0) for _ in w] for _ in range(60)]  # 24 orders
    kernel = compile(f, argnums=(0, 1), batch="x", reduce="sum", exact=True)
    value, by_w, by_x = on_values(f, w, samples, "sum")
    for _ in range(2):
        found, (found_w, found_x) = kernel.value_and_grad(w, np.array(samples))
        assert (found, found_w, found_x.tolist()) == (value, by_w, by_x)
    (variant,) = kernel.variants
    (found_ways,) = variant._ways.values()
    assert len(found_ways.forms) == MOST_WAYS


def test_rows_that_samples_choose() -> None:
    table = [[0.5, -0.25], [1.5, 0.125], [0.75, 2.0]]

    def f(rows: Any, i: Any, x: Any) -> Any:
        return tanh(take(rows, i)[0] * x) + take(rows, i)[1] * exp(rows[0][0])

    kernel = compile(f, batch=("i", "x"), reduce="sum", exact=True)
    indices, xs = [0, 2, 2, 1, 0, 2], [0.3, -0.1, 0.7, 0.2, 0.9, -0.4]
    found, by_rows = kernel.value_and_grad(table, indices, xs)
    expected, sums = 0.0, [[0.0, 0.0] for _ in table]
    for i, x in zip(indices, xs, strict=True):
        value, parts = value_and_grad(f)(table, i, x)
        expected += value
        sums = [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(sums, parts, strict=True)]
    assert (found, by_rows) == (expected, sums)
    with pytest.raises(IndexError, match="there is no row 3"):
        kernel.value_and_grad(table, [0, 3], [0.1, 0.2])
    with pytest.raises(IndexError, match="there is no row 3"):
        kernel.error_bound(table, [0, 3], [0.1, 0.2])


def test_an_adjoint_of_0_wins_for_the_sample_that_has_one() -> None:
    def f(w: Any, x: Any) -> Any:
        return grad(lambda y: relu(sqrt(y * y) - 10.0) + w * y * y)(x)

    kernel = compile(f, argnums=(0, 1), batch="x", reduce="sum", exact=True)
    xs = [2.0, 0.0, -1.0, 0.0, 12.0]
    value, by_w, by_x = on_values(lambda w, x: f(w[0], x[0]), [0.5], [[x] for x in xs], "sum")
    found, (found_w, found_x) = kernel.value_and_grad(0.5, xs)
    assert (found, [found_w], [[x] for x in found_x.tolist()]) == (value, by_w, by_x)


@pytest.mark.parametrize("edge", [math.inf, math.nan])
def test_what_is_not_finite_stays_with_its_sample(edge: float) -> None:
    kernel = compile(of_the_middle, argnums=1, batch="x", exact=True)
    samples = [SAMPLES[0], [edge, 0.5, 0.25], SAMPLES[1]]
    values, by_x = kernel.value_and_grad(W, np.array(samples))
    for k, x in enumerate(samples):
        value, expected = value_and_grad(of_the_middle, argnums=1)(W, x)
        np.testing.assert_equal((values[k], by_x[k].tolist()), (value, expected))


def test_without_sums_choices_and_derivatives_there_is_one_way_and_the_function_runs_once() -> None:
    runs: list[int] = []

    def f(w: Any, x: Any) -> Any:
        runs.append(1)
        return network(w, x)

    kernel = compile(f, batch="x", reduce="mean", exact=True)
    for _ in range(3):
        kernel.value_and_grad(W, np.array(SAMPLES))
    assert len(runs) == 1
    pointwise = compile(lambda x: [tanh(x), x * x], argnums=(), batch="x", exact=True).variant([0.5, 0.25])
    assert not pointwise.follows(gradient=False)


@pytest.mark.parametrize("width", [1, 2, LONG - 1, LONG, LONG + 5])
def test_lines_are_added_one_after_the_other(width: int) -> None:
    lines = np.random.default_rng(width).standard_normal((50, width)) * 10.0 ** np.arange(-25, 25)[:, None]
    expected = np.full(width, 0.5)
    for line in lines:
        expected = expected + line
    assert added_in_turn(lines, 0.5).tolist() == expected.tolist()
    assert added_in_turn(lines[:0], 0.5).tolist() == [0.5] * width


def slopes(x: Any) -> Any:
    return total(grad(lambda y: total([relu(z) * z for z in y]))(x))


def test_a_way_that_another_thread_takes_meanwhile_is_not_taken_for_that_of_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = compile(slopes, argnums=(), batch="x", exact=True)
    assert kernel([[-1.0, -1.0]]).tolist() == [0.0]
    others, numbers_of = [[[-1.0, 1.0]]], Ways._numbers

    def with_another_call(self: Ways, form: Any, call: Any) -> Any:
        numbers = numbers_of(self, form, call)
        if others:
            assert kernel(others.pop()).tolist() == [2.0]
        return numbers

    monkeypatch.setattr(Ways, "_numbers", with_another_call)
    # As many conditions of the first way hold for the second sample as of the other thread's way should.
    assert kernel([[-1.0, -1.0], [1.0, -1.0]]).tolist() == [0.0, 2.0]


@pytest.mark.parametrize("batch", [(), "x"])
def test_threads_that_go_the_same_new_way_at_once_record_it_once(
    batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = compile(slopes, argnums=(), batch=batch, exact=True)
    there, new = ([[1.0, 1.0]], [[1.0, -1.0]]) if batch else ([1.0, 1.0], [1.0, -1.0])
    kernel(there)
    barrier, runs, numbers_of = threading.Barrier(2), itertools.count(), Ways._numbers

    def both(self: Ways, form: Any, call: Any) -> Any:
        numbers = numbers_of(self, form, call)
        if next(runs) < 2:
            barrier.wait(60.0)
        return numbers

    monkeypatch.setattr(Ways, "_numbers", both)
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(kernel, new) for _ in range(2)]
        assert [float(np.sum(one.result(60.0))) for one in found] == [2.0, 2.0]
    (known,) = kernel.variants[0]._ways.values()
    assert len(known.forms) == 2


@pytest.fixture
def up_to_two() -> Iterator[Primitive]:
    @declare(partials=lambda x, out: (3.0,))
    def up_to_two(x: float) -> float:
        if x > 2.0:
            raise LookupError(f"{x} is above 2")
        return 3.0 * x

    yield up_to_two
    forget("up_to_two")


def test_what_python_raises_on_a_way_that_numbers_do_not_go_counts_for_nothing(up_to_two: Primitive) -> None:
    def f(w: Any, x: Any) -> Any:
        return up_to_two(sort([x, w])[0]) * x

    alone, numbers = compile(f, argnums=1, exact=True), np.array([0.5])
    bound = compile(lambda x: f(1.0, x[0]), exact=True).bind(numbers)
    for x in (0.5, 5.0, 0.25):
        assert alone.value_and_grad(1.0, x) == value_and_grad(f, argnums=1)(1.0, x)
        numbers[0] = x
        assert (bound(), *bound.grad) == value_and_grad(f, argnums=1)(1.0, x)
    kernel, xs = compile(f, argnums=1, batch="x", exact=True), [0.5, 5.0, 0.25, 7.0, -1.0]
    for samples in (xs, xs[::-1], xs[1:2]):
        values, by_x = kernel.value_and_grad(1.0, samples)
        runs = [value_and_grad(f, argnums=1)(1.0, x) for x in samples]
        assert list(zip(values.tolist(), by_x.tolist(), strict=True)) == runs
    (known,) = kernel.variants[0]._ways.values()
    assert len(known.forms) == 2


def test_what_python_raises_on_the_way_of_a_sample_is_raised_each_time(up_to_two: Primitive) -> None:
    kernel = compile(lambda x: up_to_two(sort([x, 9.0])[0]) * x, batch="x", exact=True)
    for _ in range(3):
        with pytest.raises(LookupError, match=r"^5\.0 is above 2$"):
            kernel.value_and_grad([0.5, 5.0, 0.25])
    assert kernel.value_and_grad([0.5, 0.25])[0].tolist() == [0.75, 0.1875]
    (known,) = kernel.variants[0]._ways.values()
    assert len(known.forms) == 1
