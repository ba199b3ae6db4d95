"""Jacobians as the values of a fixed pattern, compiled: beside dense ones, alone and for each sample."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from chainrule.engine import grad, hessian, jacobian, jacobian_sparsity, sin, take, tanh
from chainrule.engine.compiler import compile

N = 6
SAMPLES = np.random.default_rng(0).normal(size=(5, N))


def steps(x: Any) -> list[Any]:
    return [sin(b - a) * tanh(b) for a, b in pairwise(x)]


PATTERN = jacobian_sparsity(steps)([0.1 * i for i in range(N)])


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_exact_values_are_those_of_the_whole_jacobian_on_values(mode: Any) -> None:
    kernel = compile(jacobian(steps, mode=mode, sparsity=PATTERN), exact=True)
    for line in SAMPLES:
        x = line.tolist()
        whole = jacobian(steps, mode=mode)(x)
        assert kernel(x) == [whole[i][j] for i, j in zip(PATTERN.rows, PATTERN.cols, strict=True)]


def test_a_batch_has_a_line_of_values_for_each_sample() -> None:
    dense = compile(jacobian(lambda x: np.array(steps(x))), batch=0)(SAMPLES)
    assert dense.shape == (5, N - 1, N)
    values = compile(jacobian(steps, sparsity=PATTERN), batch="x")(SAMPLES)
    assert values.shape == (5, len(PATTERN))
    assert values == pytest.approx(dense[:, PATTERN.rows, PATTERN.cols], rel=1e-14)
    for line, whole in zip(values, dense, strict=True):
        made = sparse.csr_matrix((line, PATTERN.cols, PATTERN.indptr), shape=PATTERN.shape)
        assert made.toarray() == pytest.approx(whole, rel=1e-14)
    listed = compile(jacobian(steps, sparsity=PATTERN), batch="x")(SAMPLES.tolist())
    assert np.stack(listed, axis=1) == pytest.approx(values, rel=1e-15)
    mean = compile(jacobian(steps, sparsity=PATTERN), batch="x", reduce="mean")(SAMPLES)
    assert mean == pytest.approx(values.mean(axis=0), rel=1e-14)


def test_a_hessian_takes_a_pattern_too() -> None:
    def f(x: Any) -> Any:
        return sum((b - a**2) ** 2 + tanh(a) for a, b in pairwise(x))

    x = SAMPLES[0].tolist()
    pattern = jacobian_sparsity(grad(f))(x)
    assert len(pattern) == 3 * N - 2
    whole = hessian(f)(x)
    values = compile(hessian(f, sparsity=pattern))(x)
    assert values == pytest.approx([whole[i][j] for i, j in zip(pattern.rows, pattern.cols, strict=True)])


def test_what_the_entries_do_not_need_is_not_computed() -> None:
    n = 60
    x = [0.01 * i for i in range(n)]
    pattern = jacobian_sparsity(steps)(x)
    kernel = compile(jacobian(steps, sparsity=pattern))
    assert len(kernel(x)) == 2 * (n - 1)
    twice = compile(jacobian(steps, sparsity=jacobian_sparsity(steps)([*x, *x])))
    assert len(twice([*x, *x])) == 2 * (2 * n - 1)
    assert twice.stats.entries < 2.1 * kernel.stats.entries


def test_inside_a_recording_every_row_that_may_be_taken_is_in_the_pattern() -> None:
    found = []

    def f(x: Any, i: Any) -> Any:
        def g(x: Any) -> Any:
            return [take(x, i) * x[0]]

        found.append(jacobian_sparsity(g)(x))
        return jacobian(g, sparsity=found[-1])(x)

    kernel = compile(f)
    assert kernel([2.0, 3.0, 5.0], 1) == [3.0, 2.0, 0.0]
    assert kernel([2.0, 3.0, 5.0], 2) == [5.0, 0.0, 2.0]
    assert found[0].cols == [0, 1, 2]
    assert jacobian_sparsity(lambda x: [take(x, 1) * x[0]])([2.0, 3.0, 5.0]).cols == [0, 1]


def test_a_pattern_found_for_one_row_is_refused_where_any_may_be_taken() -> None:
    def g(x: Any, i: Any) -> Any:
        return [take(x, i) * x[0]]

    pattern = jacobian_sparsity(g)([2.0, 3.0, 5.0], 1)
    with pytest.raises(ValueError, match="output 0 depends on input 2, which the sparsity leaves out"):
        compile(jacobian(g, sparsity=pattern))([2.0, 3.0, 5.0], 1)
