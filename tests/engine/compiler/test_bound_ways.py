"""Kernels that are bound with exact=True and go the way of their numbers at every run."""

from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, compile, dot, exp, grad, median, sin, sort, total, value_and_grad, where
from chainrule.engine.compiler.bound import Bound
from chainrule.engine.compiler.bound_ways import BoundWays

W = [0.3, -0.2, 0.7]


def f(w: Any, x: Any) -> Any:
    return median(x) * dot(w, x) + exp(w[0]) * x[1]


def samples(count: int, seed: int) -> Any:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (count, 3))


def slopes(x: Any) -> Any:
    """Return derivatives that it takes itself, in order."""
    return sort(grad(lambda y: total([sin(a * a) for a in y]))(list(x)))


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_a_run_gives_what_a_call_gives(reduce: Any) -> None:
    w, x = np.array(W), samples(20, 0)
    kernel = compile(f, argnums=(0, 1), batch="x", reduce=reduce, exact=True)
    bound = kernel.bind(w, x)
    assert isinstance(bound, BoundWays)
    assert not np.any(bound.value)
    assert not bound.grad[1].any()
    kept = bound.grad
    for seed in range(4):
        x[:], w[0] = samples(20, seed), 0.1 * seed
        value, (by_w, by_x) = kernel.value_and_grad(w, x)
        assert np.array_equal(bound(), value)
        assert np.array_equal(bound.value, value)
        assert np.array_equal(kept[0], by_w)
        assert np.array_equal(kept[1], by_x)


def test_lists_values_and_values_from_outside_are_read_anew() -> None:
    scale, w, x = Value(2.0), [*W], [[0.1, 0.2, 0.3], [0.5, -0.4, 0.6]]
    kernel = compile(lambda w, x: f(w, x) * scale, batch="x", reduce="sum", exact=True)
    bound = kernel.bind(w, x)
    for k in range(3):
        scale.data, w[1], x[0][2] = 1.0 + k, 0.5 * k, -0.25 * k
        assert bound() == kernel(w, x)
        assert bound.grad == kernel.grad(w, x)


def test_the_first_samples_alone() -> None:
    x = samples(20, 1)
    bound = compile(f, argnums=(0, 1), batch="x", reduce="mean", exact=True).bind(W, x)
    for n in (7, 20, 1):
        bound.samples = n
        runs = [value_and_grad(f, argnums=(0, 1))(W, line) for line in x[:n].tolist()]
        added = 0.0
        for run in runs:
            added += run[0]
        assert bound() == added / n
        assert bound.grad[1].tolist() == [[part / n for part in run[1][1]] for run in runs]


def test_a_bound_argument_keeps_its_structure() -> None:
    w, x = [*W], [[0.1, 0.2, 0.3]]
    bound = compile(f, batch="x", reduce="sum", exact=True).bind(w, x)
    changes: list[tuple[list[Any], Any]] = [(w, 0.5), (x, [0.3, 0.2, 0.1])]
    for argument, change in changes:
        argument.append(change)
        with pytest.raises(ValueError, match="has changed its structure: bind the kernel again"):
            bound()
        argument.pop()
    assert bound() == f(W, x[0])


def test_results_may_be_written_over_the_samples() -> None:
    x = samples(9, 2)
    first = [slopes(line) for line in x.tolist()]
    second = [slopes(line) for line in first]
    bound = compile(slopes, argnums=(), batch="x", exact=True).bind(x)
    assert isinstance(bound, BoundWays)
    bound.overwrite()
    bound.run()
    assert x.tolist() == first
    bound.samples = 4
    bound.run()
    assert x.tolist() == [*second[:4], *first[4:]]
    locked = samples(3, 0)
    locked.flags.writeable = False
    with pytest.raises(ValueError, match="overwrite writes into an array, and this one is read-only"):
        compile(slopes, argnums=(), batch=0, exact=True).bind(locked).overwrite()
    with pytest.raises(ValueError, match="returns 1 numbers for each sample, and there are 3 to write over"):
        compile(lambda x: slopes(x)[1], argnums=(), batch=0, exact=True).bind(x).overwrite()


def test_results_may_be_written_over_several_arrays() -> None:
    def exchanged(x: Any, y: Any, z: Any) -> Any:
        return slopes([x * z, y])

    x, y, z = samples(9, 2).T.copy()
    expected = np.transpose([exchanged(*line) for line in np.transpose([x, y, z]).tolist()])
    bound = compile(exchanged, argnums=(), batch=("x", "y", "z"), exact=True).bind(x, y, z)
    bound.overwrite("x", "y")
    bound.samples = 7
    before = x[7:].tolist(), y[7:].tolist()
    bound.run()
    assert [x[:7].tolist(), y[:7].tolist()] == expected[:, :7].tolist()
    assert [numbers.tolist() for numbers in bound.value] == expected[:, :7].tolist()
    assert (x[7:].tolist(), y[7:].tolist()) == before


def test_results_may_be_written_into_an_array() -> None:
    pair, results = np.array([3.0, 1.0, 2.0]), np.zeros(3)
    bound = compile(slopes, argnums=(), exact=True).bind(pair)
    assert isinstance(bound, BoundWays)
    bound.into(results)
    bound.run()
    assert results.tolist() == slopes([3.0, 1.0, 2.0])
    bound.into(pair)
    pair[:] = [5.0, 4.0, 6.0]
    bound.run()
    assert pair.tolist() == slopes([5.0, 4.0, 6.0])
    with pytest.raises(ValueError, match="into needs a function without a batch"):
        compile(slopes, argnums=(), batch=0, exact=True).bind(samples(3, 0)).into(results)


def test_one_thread_runs_it_at_a_time() -> None:
    bound = compile(f, batch="x", reduce="sum", exact=True).bind(W, samples(5, 3))
    bound._running.acquire()
    with pytest.raises(RuntimeError, match="this Bound is running in another thread"):
        bound()
    bound._running.release()
    bound()


def test_a_choice_alone_is_bound_as_anything_else() -> None:
    """So is an optimizer's rule that clips: it runs at every step."""
    x = np.array([-1.0, 2.0])
    bound = compile(lambda x: where(x > 0.0, x, 0.5), argnums=(), batch="x", exact=True).bind(x)
    assert type(bound) is Bound
    assert bound().tolist() == [0.5, 2.0]
