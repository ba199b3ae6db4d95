"""A bound kernel reads its arguments anew at every run, and leaves value and gradient where they were."""

import gc
import math
import threading
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pytest

from chainrule.engine import Value, log, tanh, where
from chainrule.engine.compiler import bound, compile
from chainrule.nn import MLP


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


@pytest.mark.parametrize("n", [2, 3, 100])
def test_what_is_written_into_the_array_is_seen_by_the_next_run(n: int) -> None:
    kernel, x = compile(rosenbrock), np.zeros(n)
    bound = kernel.bind(x)
    for seed in range(3):
        x[:] = np.random.default_rng(seed).uniform(-1.0, 1.0, n)
        value, gradient = kernel.value_and_grad(x)
        assert bound() == bound.value == value
        assert bound.grad.tolist() == gradient.tolist()


def test_the_gradient_is_the_same_array_after_every_run() -> None:
    x = np.array([1.0, 2.0])
    bound = compile(rosenbrock).bind(x)
    first = bound.grad
    assert first.tolist() == [0.0, 0.0]
    bound()
    assert bound.grad is not x
    assert np.shares_memory(first, bound.grad)
    assert first.tolist() == bound.grad.tolist() != [0.0, 0.0]


def test_several_arguments_are_collected_by_machine_code() -> None:
    kernel = compile(lambda a, b, c: (a * b).sum() * c[0, 1] + c.sum(), argnums=(0, 1, 2))
    a, b, c = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.ones((2, 2))
    bound = kernel.bind(a, b, c)
    for factor in (1.0, -2.0):
        b *= factor
        c[0, 1] = factor
        value, parts = kernel.value_and_grad(a, b, c)
        assert bound() == value
        assert [part.tolist() for part in bound.grad] == [part.tolist() for part in parts]


@dataclass
class Market:
    spot: float
    rates: list[float]


def test_lists_dataclasses_modules_and_values_are_read_anew_too() -> None:
    market, model, outside = Market(2.0, [0.1, 0.2]), MLP(1, [3, 1], seed=1), Value(5.0)

    def f(model: Any, market: Any, xs: Any, scale: Any) -> Any:
        return model([market.spot]) * market.rates[1] * xs[0] * scale * outside

    kernel = compile(f, argnums=(0, 1, 2, 3))
    xs = [3.0, 4.0]
    bound = kernel.bind(model, market, xs, 1.5)
    assert (bound(), bound.grad) == kernel.value_and_grad(model, market, xs, 1.5)
    market.rates[1], xs[0], outside.data = 0.3, -1.0, 7.0
    for parameter in model.parameters():
        parameter.data *= 0.5
    assert (bound(), bound.grad) == kernel.value_and_grad(model, market, xs, 1.5)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, ">f8"])
def test_arrays_that_machine_code_cannot_read_are_converted_at_every_run(dtype: Any) -> None:
    x = np.array([1, 2, 3]).astype(dtype)
    bound = compile(rosenbrock).bind(x)
    bound()
    x[1] = 5
    assert bound() == rosenbrock([1.0, 5.0, 3.0])


def test_arrays_with_gaps_and_off_their_boundary_are_read_as_they_are() -> None:
    wide = np.arange(6.0)
    bound = compile(rosenbrock).bind(wide[::2])
    wide[2] = 0.5
    assert bound() == pytest.approx(rosenbrock([0.0, 0.5, 4.0]))
    crooked = np.zeros(25, np.uint8)[1:].view(np.float64)
    crooked[:] = [1.0, 2.0, 3.0]
    assert not crooked.flags.aligned
    assert compile(rosenbrock).bind(crooked)() == pytest.approx(rosenbrock([1.0, 2.0, 3.0]))


def test_a_batch_whose_samples_are_neighbours_is_read_where_it_is() -> None:
    f = lambda w, x: w * x[0] + x[1] * x[2]  # noqa: E731
    lines = np.random.default_rng(0).standard_normal((50, 3))
    steps = np.ascontiguousarray(lines.T)
    kernel = compile(f, batch="x", reduce="mean")
    expected = kernel.bind(2.0, lines)
    for columns in (steps.T, np.asfortranarray(lines), np.repeat(steps, 2, axis=0)[::2].T):
        bound = kernel.bind(2.0, columns)
        assert not bound._refreshed
        assert bound._frame.batches[0].ctypes.data == columns.ctypes.data
        assert (bound(), bound.grad) == (expected(), expected.grad)
        assert kernel.value_and_grad(2.0, columns) == (expected(), expected.grad)
        columns[7, 1] = 100.0
        assert bound() == pytest.approx((2.0 * columns[:, 0] + columns[:, 1] * columns[:, 2]).mean())
        bound.samples = 9
        assert bound() == pytest.approx((2.0 * columns[:9, 0] + columns[:9, 1] * columns[:9, 2]).mean())


def test_other_batches_with_gaps_are_copied_at_every_run() -> None:
    wide = np.random.default_rng(0).standard_normal((50, 6))
    kernel = compile(lambda w, x: w * x[0] + x[1] * x[2], batch="x", reduce="mean")
    for batch in (
        wide[:, ::2],
        wide[::2, :3],
        wide[::-1, :3],
        np.asfortranarray(wide)[::2, :3],
        wide[:, 2::-1].T[:3].T,
    ):
        bound = kernel.bind(2.0, batch)
        assert len(bound._refreshed) == 1
        batch[3, 0] += 1.0
        assert bound() == pytest.approx((2.0 * batch[:, 0] + batch[:, 1] * batch[:, 2]).mean())


def test_a_batch_is_read_anew_and_its_results_are_views() -> None:
    f = lambda w, x, y: (tanh(w[0] * x[0] + w[1] * x[1]) - y) ** 2  # noqa: E731
    rng = np.random.default_rng(0)
    w, xs, ys = np.array([0.5, -0.25]), rng.standard_normal((11, 2)), rng.standard_normal(11)
    ways: tuple[Literal["mean", "sum"] | None, ...] = (None, "mean", "sum")
    for reduce in ways:
        kernel = compile(f, argnums=(0, 1, 2), batch=("x", "y"), reduce=reduce)
        bound = kernel.bind(w, xs, ys)
        for _ in range(2):
            w += 0.125
            xs[3], ys[4] = rng.standard_normal(2), 2.0
            value, parts = kernel.value_and_grad(w, xs, ys)
            np.testing.assert_array_equal(bound(), value)
            for part, expected in zip(bound.grad, parts, strict=True):
                np.testing.assert_array_equal(part, expected)


def test_one_batched_array_is_read_where_it_is() -> None:
    xs = np.arange(12.0).reshape(6, 2)
    bound = compile(lambda w, x: w * x[0] * x[1], argnums=(0, 1), batch="x").bind(2.0, xs)
    xs[5] = [1.0, 1.0]
    assert bound().tolist() == [0.0, 12.0, 40.0, 84.0, 144.0, 2.0]
    by_w, by_x = bound.grad
    assert by_w == 0.0 + 6.0 + 20.0 + 42.0 + 72.0 + 1.0
    assert by_x[5].tolist() == [2.0, 2.0]


def test_several_results_have_no_gradient() -> None:
    bound = compile(lambda x: {"sum": x[0] + x[1], "twice": [2.0 * x[0]]}).bind(np.array([1.0, 2.0]))
    assert bound() == {"sum": 3.0, "twice": [2.0]}
    with pytest.raises(TypeError, match="value_and_grad needs a function that returns one number"):
        _ = bound.grad


def test_without_argnums_only_the_value_is_computed() -> None:
    bound = compile(rosenbrock, argnums=()).bind(np.array([1.0, 2.0]))
    assert (bound(), bound.grad) == (100.0, ())


def test_arguments_and_results_may_outlive_all_other_names_for_them() -> None:
    bound = compile(rosenbrock).bind(np.array([1.0, 2.0]))
    gc.collect()
    assert bound() == 100.0
    gradient = bound.grad
    del bound
    gc.collect()
    assert gradient.tolist() == [-400.0, 200.0]
    gradient[0] = 1.0


def test_a_zero_adjoint_wins_over_an_infinite_partial_here_too() -> None:
    x = np.array([2.0])
    bound = compile(lambda x: where(x[0] > 0.0, log(x[0]), 0.0)).bind(x)
    found = []
    for number in (2.0, 0.0, 4.0):
        x[0] = number
        found.append((bound(), bound.grad.tolist()))
    assert found == [(math.log(2.0), [0.5]), (0.0, [0.0]), (math.log(4.0), [0.25])]


def test_changed_structure_is_refused() -> None:
    xs = [1.0, 2.0]
    bound = compile(lambda x: sum(x)).bind(xs)
    xs.append(3.0)
    with pytest.raises(ValueError, match="a bound argument has changed its structure: bind the kernel again"):
        bound()
    rows = [[1.0], [2.0]]
    batched = compile(lambda w, x: w * x[0], batch="x").bind(1.0, rows)
    rows.append([3.0])
    with pytest.raises(ValueError, match="a bound argument has changed its structure: bind the kernel again"):
        batched()


def test_two_bounds_of_one_kernel_do_not_mix() -> None:
    kernel = compile(rosenbrock)
    first, second = kernel.bind(np.array([1.0, 2.0])), kernel.bind(np.array([0.0, 0.0]))
    first(), second()
    assert (first.value, second.value) == (100.0, 1.0)
    assert first.grad.tolist() == [-400.0, 200.0]


def test_a_kernel_called_by_several_threads_gives_each_its_own() -> None:
    kernel = compile(lambda w, x: (w * np.exp(np.tanh(x))).sum(), batch=1, reduce="sum", argnums=(0, 1))
    arrays = [np.random.default_rng(i).standard_normal((3000, 4)) for i in range(4)]
    expected = [kernel.value_and_grad(2.0, xs) for xs in arrays]
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(10):
            value, (by_w, by_x) = kernel.value_and_grad(2.0, arrays[i])
            if value != expected[i][0] or by_w != expected[i][1][0] or (by_x != expected[i][1][1]).any():
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_run_takes_the_first_samples_where_it_is_told_to() -> None:
    x = np.random.default_rng(0).standard_normal((9, 2))
    kernel = compile(lambda w, x: tanh(w * x[0]) * x[1], argnums=(0, 1), batch="x", reduce="mean")
    bound = kernel.bind(0.3, x)
    for n in (4, 1, 9, 3):
        bound.samples = n
        value, (by_w, by_x) = kernel.value_and_grad(0.3, x[:n])
        assert (bound.samples, bound(), bound.grad[0]) == (n, value, by_w)
        assert bound.grad[1].tolist() == by_x.tolist()
    each = compile(lambda w, x: [w * x[0], 1.0 / (w - w + x[1])], batch="x").bind(0.3, x)
    each.samples = 2
    assert [part.tolist() for part in each()] == [(0.3 * x[:2, 0]).tolist(), (1.0 / x[:2, 1]).tolist()]
    with pytest.raises(ValueError, match="9 samples are bound, so 1 to 9, got 10"):
        bound.samples = 10
    with pytest.raises(ValueError, match="9 samples are bound, so 1 to 9, got 0"):
        bound.samples = 0


def test_fewer_samples_are_run_again_where_zero_meets_infinity() -> None:
    x = np.array([[1.0, 2.0], [0.0, 3.0], [-1.0, 1.0]])
    kernel = compile(lambda w, x: where(x[0] > 0.0, log(w * x[0]), 0.0), batch="x", reduce="mean")
    bound = kernel.bind(2.0, x)
    bound.samples = 2
    for _ in range(2):
        assert (bound(), bound.grad) == kernel.value_and_grad(2.0, x[:2]) == (math.log(2.0) / 2, 0.25)


@pytest.mark.parametrize("options", [{}, {"exact": True}, {"dtype": "float32"}], ids=str)
def test_a_run_is_finite_where_value_and_derivatives_are(options: Any) -> None:
    x = np.array([4.0, 1.0])
    bound = compile(lambda x: x[0] ** 0.5 * x[1], **options).bind(x)
    assert bound.finite
    for held, finite in (
        ([4.0, 1.0], True),
        ([0.0, 1.0], False),  # the slope
        ([4.0, math.inf], False),
        ([-1.0, 1.0], False),
        ([9.0, 2.0], True),
        ([math.nan, 1.0], False),
        ([1.0, 1.0], True),
    ):
        x[:] = held
        bound()
        assert bound.finite is finite, held


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_of_samples_is_finite_where_all_of_theirs_is(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainrule.engine.compiler.kernel.FEWEST", 1)
    x = np.ones(200)
    kernel = compile(lambda w, x: x**0.5 * w, argnums=(0, 1), batch="x", reduce="sum", threads=threads)
    bound = kernel.bind(2.0, x)
    for odd in (1.0, 0.0, 2.0, math.inf, 3.0):
        x[190] = odd
        bound.run()
        assert bound.finite is (0.0 < odd < math.inf)
    x[190] = 0.0
    bound.samples = 100
    bound.run()
    assert bound.finite


def test_a_run_without_derivatives_is_finite_where_its_results_are() -> None:
    x, y = np.array([1.0, 2.0]), np.array([1.0, 0.0, 1.0])
    several = compile(lambda x: {"a": x[0], "b": 1.0 / x[1], "c": 3.0}, argnums=()).bind(x)
    into = compile(lambda x: [1.0 / x[0], x[1]], argnums=()).bind(x)
    into.into(np.zeros(2))
    constant = compile(lambda x: [x[0], math.inf], argnums=()).bind(x)
    elsewhere = compile(lambda x: 1.0 / x[0], argnums=()).bind(x)
    elsewhere.into(np.zeros(1))
    lines, columns = compile(lambda y: 1.0 / y, argnums=(), batch=0), y.copy()
    each, over = lines.bind(y), lines.bind(columns)
    over.overwrite()
    for made in (several, into, constant, elsewhere, each, over):
        made.run()
    found = [made.finite for made in (several, into, constant, elsewhere, each, over)]
    assert found == [True, True, False, True, False, False]
    x[:], y[:] = 0.0, 1.0
    columns[:] = 1.0
    for made in (several, into, constant, elsewhere, each, over):
        made.run()
    found = [made.finite for made in (several, into, constant, elsewhere, each, over)]
    assert found == [False, False, False, False, True, True]


def test_a_run_that_was_repeated_with_care_is_finite_where_the_repetition_is() -> None:
    x = np.array([0.0, 1.0])
    bound = compile(lambda x: where(x[0] > 0.0, log(x[0]), x[1])).bind(x)
    assert (bound(), bound.grad.tolist(), bound.finite) == (1.0, [0.0, 1.0], True)


def test_runs_go_on_from_what_the_last_one_wrote_over_the_samples() -> None:
    pairs = np.array([[0.0, 1.0], [5.0, 8.0], [1.0, -1.0]] * 20)
    expected = pairs.copy()
    bound = compile(lambda rate, xy: [xy[1], xy[0] * rate + xy[1]], argnums=(), batch="xy").bind(0.5, pairs)
    bound.overwrite()
    for _ in range(3):
        bound.run()
        expected = np.stack([expected[:, 1], 0.5 * expected[:, 0] + expected[:, 1]], axis=1)
    assert pairs.tolist() == expected.tolist()


def test_results_go_where_they_are_told_to_even_over_what_was_read() -> None:
    state, rate = np.array([4.0, 1.0, 2.0, 0.0]), np.array([0.5])
    f = lambda xs, vs, rate: [*[x - rate[0] * v for x, v in zip(xs, vs, strict=True)], *vs]  # noqa: E731
    kernel = compile(f, argnums=())
    bound = kernel.bind(state[:2], state[2:], rate)
    bound.into(state)
    bound.run()
    assert state.tolist() == [3.0, 1.0, 2.0, 0.0]
    state[3], rate[0] = 4.0, 0.25
    assert bound() == [2.5, 0.0, 2.0, 4.0]
    assert state.tolist() == [2.5, 0.0, 2.0, 4.0]


def test_into_says_what_it_needs() -> None:
    x = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match="a function without a batch that computes each of its results"):
        compile(lambda x: x[0] * x[1]).bind(x).into(x[:1])
    with pytest.raises(ValueError, match="needs a function without a batch"):
        compile(lambda x: [x[0], 1.0], argnums=()).bind(x).into(x)
    with pytest.raises(ValueError, match="needs a function without a batch"):
        compile(lambda x: x * 2.0, argnums=(), batch=0).bind(x).into(x)
    bound = compile(lambda x: [x[0] + x[1]] * 2, argnums=()).bind(x)
    wrongs: list[Any] = [np.zeros(3), np.zeros(4)[::2], np.zeros(2, np.float32), [0.0, 0.0]]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="2 numbers: into needs a contiguous array of as many float64"):
            bound.into(wrong)


def test_several_batched_arrays_are_read_anew_by_every_run() -> None:
    x, y, z = np.ones((3, 2)), np.zeros(3), np.array([1, 2, 3])  # z is no array of floats
    bound = compile(lambda x, y, z: x[0] * x[1] + y * z, batch=("x", "y", "z"), reduce="sum").bind(x, y, z)
    assert bound() == 3.0
    x[1, 0], y[:], z[2] = 5.0, 2.0, 7
    assert bound() == 7.0 + 2.0 * 10.0
    np.testing.assert_array_equal(bound.grad, [[1.0, 1.0], [1.0, 5.0], [1.0, 1.0]])


def test_a_bound_is_made_of_a_variant_and_the_arguments_that_it_reads() -> None:
    kernel = compile(lambda w, x: w * x, batch="x", reduce="sum")
    x = np.array([1.0, 2.0])
    made = bound.Bound(kernel.variant(2.0, x), kernel._signature.call((2.0, x), {}))
    assert (made(), made.grad, made.samples) == (6.0, 3.0, 2)
    x[0] = 5.0
    assert (made(), made.grad, made.value) == (14.0, 7.0, 14.0)


@pytest.mark.parametrize("samples", [0, 3, -1])
def test_a_run_takes_no_samples_that_were_not_bound(samples: int) -> None:
    made = compile(lambda x: x * x, batch=0, reduce="sum").bind(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match=f"2 samples are bound, so 1 to 2, got {samples}"):
        made.samples = samples


def test_an_array_that_is_read_only_is_not_written_to() -> None:
    lines = np.ones((9, 2))
    lines.flags.writeable = False
    bound = compile(lambda p: [p[1], p[0] + p[1]], argnums=(), batch="p").bind(lines)
    with pytest.raises(
        ValueError, match="overwrite writes into an array, and this one is read-only: copy it"
    ):
        bound.overwrite()
    bound = compile(lambda p: [p[1], p[0] + p[1]], argnums=()).bind(np.ones(2))
    with pytest.raises(ValueError, match="into writes into an array, and this one is read-only"):
        bound.into(lines[0])
