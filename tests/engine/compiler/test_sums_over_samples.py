"""Sums over the samples of a batch: tiles of results, vectors of sums, blocks that are not full."""

import math
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, dot, exp, tanh, total
from chainrule.engine.compiler import compile


@pytest.mark.parametrize("samples", [2, 8, 9, 32, 45, 70])
@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (2, 17), (12, 3), (9, 24)])
def test_products_are_summed_for_tiles_of_any_size(shape: tuple[int, int], samples: int) -> None:
    rows, columns = shape
    rng = np.random.default_rng(rows + samples)
    w, x = rng.standard_normal((rows, columns)), rng.standard_normal((samples, columns))

    def f(w: Any, x: Any) -> Any:
        return total([tanh(dot(row, x)) * (1.0 + k) for k, row in enumerate(w)])

    kernel = compile(f, batch="x", reduce="sum")
    t = np.tanh(x @ w.T)
    for _ in range(2):
        value, by_w = kernel.value_and_grad(w, x)
        np.testing.assert_allclose(value, (t * np.arange(1.0, rows + 1.0)).sum(), rtol=1e-11, atol=1e-11)
        expected = ((1.0 - t * t) * np.arange(1.0, rows + 1.0)).T @ x
        np.testing.assert_allclose(by_w, expected, rtol=1e-11, atol=1e-12)


def test_what_lies_beyond_the_last_sample_counts_for_nothing() -> None:
    kernel = compile(lambda w, x, y: w * (x * y), batch=("x", "y"), reduce="sum")
    for samples in (9, 33):
        x, y = np.full(samples, 2.0), np.full(samples, 0.5)
        x[-1] = math.inf
        assert kernel.value_and_grad(1.0, x, y) == (math.inf, math.inf)
        y[-1] = 0.0
        assert math.isnan(kernel(1.0, x, y))


@pytest.mark.parametrize("shared", [math.inf, 3.0])
def test_a_factor_that_all_samples_share_may_be_infinite(shared: float) -> None:
    scale = Value(shared)
    kernel = compile(lambda w, x: (w * x + scale) * 1.0, batch="x", reduce="sum", argnums=(0, 1))
    value, (by_w, by_x) = kernel.value_and_grad(2.0, np.ones(9))
    assert (value, by_w, by_x.tolist()) == (9 * (2.0 + shared), 9.0, [2.0] * 9)
    products = compile(lambda w, x: w * x, batch="x", reduce="sum")
    assert products(shared, np.ones(9)) == 9 * shared


def test_exact_sums_take_one_sample_after_the_other() -> None:
    x = np.array([1e16, 1.0, -1e16, 1.0, 0.5, 2.0, -3.0, 1e-3, 7.0, 1e17, -1e17])
    kernel = compile(lambda w, x: w * x, batch="x", reduce="sum", exact=True)
    running = 0.0
    for number in x.tolist():
        running += number
    assert kernel.value_and_grad(1.0, x) == (running, running)


def long_sums(p: Any, x: Any) -> Any:
    return total([exp(p[0] + p[1] * number) + p[2] * number for number in x])


@pytest.mark.parametrize("samples", [9, 32, 65, 100])
@pytest.mark.parametrize("terms", [2, 9, 20])
def test_long_sums_of_as_many_terms_share_a_loop(samples: int, terms: int) -> None:
    x = np.random.default_rng(samples + terms).standard_normal((samples, terms))
    kernel = compile(long_sums, batch="x", reduce="sum")
    value, gradient = kernel.value_and_grad([0.1, 0.5, 2.0], x)
    powers = np.exp(0.1 + 0.5 * x)
    np.testing.assert_allclose(value, (powers + 2.0 * x).sum(), rtol=1e-12)
    np.testing.assert_allclose(gradient, [powers.sum(), (powers * x).sum(), x.sum()], rtol=1e-11, atol=1e-12)


def test_sums_that_share_a_loop_read_what_they_have_in_common_once() -> None:
    kernel = compile(lambda p, x: total([exp(p[0] + p[1] * z) for z in x]), batch="x", reduce="sum")
    kernel.value_and_grad([0.1, 0.5], np.ones((100, 20)))
    (function,) = [text for text in kernel.ir.split("define ") if "fcmp one <8 x double>" in text]
    bodies = [block.split("\ndone")[0] for block in function.split("\nloop")[1:]]
    # The powers, and their products with x: a round reads the powers and x of 32 samples, for both.
    assert sum(body.endswith(f"%done{body.split(':')[0]}") and ", 20\n" in body for body in bodies) == 1
    assert bodies[0].count("load <8 x double>") == 2 * 4


def test_what_lies_beyond_the_last_sample_counts_for_nothing_in_a_shared_loop() -> None:
    x = np.zeros((33, 9))
    x[-1, -1] = 800.0  # repeated in the lanes without a sample
    kernel = compile(lambda p, x: total([exp(p[0] + p[1] * z) for z in x]), batch="x", reduce="sum")
    value, gradient = kernel.value_and_grad([0.0, 1.0], x)
    assert (value, gradient) == (math.inf, [math.inf, math.inf])
    x[-1, -1] = 1.0
    value, gradient = kernel.value_and_grad([0.0, 1.0], x)
    assert value == pytest.approx(296.0 + math.e)
    assert gradient == pytest.approx([296.0 + math.e, math.e])


def test_exact_sums_of_many_terms_share_no_loop() -> None:
    x = np.random.default_rng(3).standard_normal((11, 9))
    kernel = compile(long_sums, batch="x", reduce="sum", exact=True)
    value, gradient = kernel.value_and_grad([0.1, 0.5, 2.0], x)
    alone = compile(long_sums, exact=True)
    sums = [0.0] * 4
    for line in x.tolist():
        one, slopes = alone.value_and_grad([0.1, 0.5, 2.0], line)
        sums = [a + b for a, b in zip(sums, [one, *slopes], strict=True)]
    assert [value, *gradient] == sums
