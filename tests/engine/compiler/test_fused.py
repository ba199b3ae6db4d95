"""Loops that are joined give what they give one by one; those that read elsewhere are not joined."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import exp, sqrt, tanh, total, value_and_grad
from chainrule.engine.compiler import compile


def elementwise(xs: Any) -> Any:
    ys = [x * x + 0.5 for x in xs]
    zs = [tanh(y) - x for x, y in zip(xs, ys, strict=True)]
    return total([z / sqrt(y) + y * z for y, z in zip(ys, zs, strict=True)])


def shifted(xs: Any) -> Any:
    ys = [x * x + 0.5 for x in xs]
    zs = [sqrt(a) * b for a, b in zip(ys, [*ys[1:], ys[0]], strict=True)]
    return total([exp(-z) * x for x, z in zip(xs, zs, strict=True)])


def one_for_all(xs: Any) -> Any:
    ys = [exp(-x * x) for x in xs]
    zs = [y * ys[3] + ys[-1] for y in ys]
    return total([z / (y + 1.0) for y, z in zip(ys, zs, strict=True)])


def backwards(xs: Any) -> Any:
    ys = [x * 0.25 + 1.0 for x in xs]
    return total([a / b for a, b in zip(ys, reversed([y * y for y in ys]), strict=True)])


def nested(xs: Any) -> Any:
    rows = [[x * 0.5 + 0.1 * j for x in xs] for j in range(3)]
    return total([sqrt(a * a + 1.0) * (b + c) for a, b, c in zip(*rows, strict=True)])


@pytest.mark.parametrize("n", [31, 32, 37, 64, 100])
@pytest.mark.parametrize("f", [elementwise, shifted, one_for_all, backwards, nested])
def test_joined_loops_give_what_python_gives(f: Callable[[Any], Any], n: int) -> None:
    rng = random.Random(n)
    kernel, exact = compile(f), compile(f, exact=True)
    for _ in range(2):
        xs = [rng.uniform(-1.0, 1.0) for _ in range(n)]
        value, by = kernel.value_and_grad(xs)
        expected, by_hand = value_and_grad(f)(xs)
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(by, by_hand, rtol=1e-11, atol=1e-14)
        assert exact.value_and_grad(xs) == (expected, by_hand)


def test_loops_over_as_many_numbers_share_one_loop() -> None:
    def f(xs: Any) -> Any:
        ys = [x * x + 1.0 for x in xs]
        return [sqrt(y) / y for y in ys]

    kernel = compile(f, argnums=())
    xs = [0.1 * k for k in range(64)]
    assert kernel(xs) == pytest.approx(f(xs), rel=1e-15)
    assert len(kernel.stats.loops) == 3
    part = kernel.ir.split("@part0(")[1].split("\n}\n")[0]
    assert part.count("phi i64") == 1


def test_where_a_joined_loop_reads_a_result_elsewhere_it_ends() -> None:
    def f(xs: Any) -> Any:
        roots = [sqrt(x + 2.0) for x in xs]
        return [a * b for a, b in zip(roots, roots[::-1], strict=True)]

    xs = [0.1 * k for k in range(64)]
    assert compile(f)(xs) == pytest.approx(f(xs), rel=1e-15)
