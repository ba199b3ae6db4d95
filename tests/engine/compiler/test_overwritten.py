"""Results that are written over samples: in lines, in columns, over some of the arguments."""

import operator
from typing import Any

import numpy as np
import pytest

from chainrule.engine import compile, grad, sqrt
from chainrule.engine.compiler import kernel
from chainrule.engine.compiler.overwritten import overwritten


def moved(rate: Any, x: Any, v: Any, g: Any) -> list[Any]:
    """Return place and speed after a step."""
    v = 0.9 * v - rate * g
    return [x + v, v]


def state(n: int) -> list[np.ndarray[Any, Any]]:
    """Return places, speeds and gradients of n samples."""
    return list(np.random.default_rng(n).normal(size=(3, n)))


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 64, 65, 200])
@pytest.mark.parametrize("exact", [False, True])
def test_runs_go_on_from_what_the_last_one_wrote_over_some_of_the_arrays(n: int, exact: bool) -> None:
    x, v, g = state(n)
    step = compile(moved, argnums=(), batch=("x", "v", "g"), exact=exact)
    bound = step.bind(0.5, x, v, g)
    bound.overwrite("x", "v")
    for k in range(3):
        g[:] = k - x
        expected = step(0.5, x.copy(), v.copy(), g)
        bound.run()
        assert [x.tolist(), v.tolist()] == [one.tolist() for one in expected]
        assert [one.tolist() for one in bound.value] == [x.tolist(), v.tolist()]
    assert g.tolist() != x.tolist()


def test_targets_are_the_columns_of_arrays_or_one_of_lines() -> None:
    def targets(f: Any, *arrays: Any) -> list[Any]:
        bound = compile(f, argnums=(), batch=list(range(len(arrays)))).bind(*arrays)
        return overwritten(bound._variant, bound._form, bound._call, bound._frame.taken[0], ())

    lines, columns, x = np.ones((9, 2)), np.ones((2, 9)).T, np.ones(9)
    (found,) = targets(lambda ab: [ab[1], ab[0]], lines)
    assert found is not lines
    assert np.shares_memory(found, lines)
    found = targets(lambda ab, x: [x, *ab], columns, x)
    assert [one.ctypes.data for one in found] == [*[one.ctypes.data for one in columns.T], x.ctypes.data]


def test_results_go_over_arguments_in_the_order_they_are_named_in() -> None:
    x, v = np.array([1.0, 2.0]), np.array([10.0, 20.0])
    bound = compile(lambda x, v: [x, v], argnums=(), batch=(0, 1)).bind(x, v)
    bound.overwrite(1, 0)
    bound.run()
    assert (x.tolist(), v.tolist()) == ([10.0, 20.0], [1.0, 2.0])


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_is_written_over_in_lines_or_in_columns(order: Any) -> None:
    pairs = np.array([[0.0, 1.0], [5.0, 8.0], [1.0, -1.0]] * 30, order=order)
    expected = pairs.copy()
    bound = compile(lambda xy: [xy[1], xy[0] + xy[1]], argnums=(), batch="xy").bind(pairs)
    bound.overwrite()
    for _ in range(3):
        bound.run()
        expected = np.stack([expected[:, 1], expected[:, 0] + expected[:, 1]], axis=1)
    assert pairs.tolist() == expected.tolist()


def test_columns_of_one_array_stand_beside_another_array() -> None:
    lines, x = np.arange(20.0).reshape(2, 10), np.ones(10)
    bound = compile(lambda ab, x: [ab[1], x, ab[0]], argnums=(), batch=(0, 1)).bind(lines.T, x)
    bound.overwrite()
    bound.run()
    assert lines.tolist() == [[10.0 + k for k in range(10)], [1.0] * 10]
    assert x.tolist() == [float(k) for k in range(10)]


@pytest.mark.parametrize("order", ["C", "F"])
def test_fewer_samples_are_the_first_and_all_may_follow(order: Any) -> None:
    pairs = np.array(np.arange(6.0).reshape(3, 2), order=order)
    bound = compile(lambda xy: [xy[1], xy[0] + xy[1]], argnums=(), batch=0).bind(pairs)
    bound.samples = 2
    bound.overwrite()
    bound.run()
    assert pairs.tolist() == [[1.0, 1.0], [3.0, 5.0], [4.0, 5.0]]
    bound.samples = 3
    bound.run()
    assert pairs.tolist() == [[1.0, 2.0], [5.0, 8.0], [5.0, 9.0]]
    assert [one.tolist() for one in bound.value] == pairs.T.tolist()


def test_shards_write_to_their_parts_of_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "FEWEST", 100)
    n = 1000
    x, v, g = state(n)
    expected = compile(moved, argnums=(), batch=(1, 2, 3))(0.5, x, v, g)
    bound = compile(moved, argnums=(), batch=(1, 2, 3), threads=3).bind(0.5, x, v, g)
    assert len(bound._compiled.bounds(n, 3)) == 4
    bound.overwrite("x", "v")
    bound.run()
    np.testing.assert_array_equal([x, v], expected)


def test_columns_are_guarded_from_the_start_for_their_numbers_are_read_once() -> None:
    x, y = np.array([0.0, 4.0]), np.array([1.0, 1.0])
    f = lambda x, y: [grad(lambda u: sqrt(u * u) * 0.0 + u)(x) + y, y]  # noqa: E731
    bound = compile(f, argnums=(), batch=(0, 1)).bind(x, y)
    bound.overwrite()
    bound.run()
    assert x.tolist() == [2.0, 2.0]


def test_a_bound_goes_from_columns_to_lines() -> None:
    lines, a, b = np.zeros((9, 2)), np.ones(9), np.full(9, 2.0)
    bound = compile(lambda ab, a, b: [a + ab[0], b + ab[0]], argnums=(), batch=(0, 1, 2)).bind(lines, a, b)
    bound.overwrite("a", "b")
    bound.overwrite("ab")
    bound.run()
    assert lines.tolist() == [[1.0, 2.0]] * 9
    assert (a.tolist(), b.tolist()) == ([1.0] * 9, [2.0] * 9)


def bound_of(*arrays: Any) -> Any:
    """Return a function of two or three batched arrays, bound, that returns two numbers for each sample."""
    two, three = (lambda a, b: [b, a]), (lambda a, b, c: [b, a + c])
    return compile(two if len(arrays) == 2 else three, argnums=(), batch=list(range(len(arrays)))).bind(
        *arrays
    )


@pytest.mark.parametrize(("results", "rows"), [(1, np.ones((4, 2))), (3, np.ones((4, 2)))])
def test_there_are_as_many_results_as_numbers_to_write_over(results: int, rows: Any) -> None:
    bound = compile(lambda xy: [xy[0] + k for k in range(results)], argnums=(), batch="xy").bind(rows)
    message = f"returns {results} numbers for each sample, and there are 2 to write over: overwrite needs"
    with pytest.raises(ValueError, match=message):
        bound.overwrite()


def test_derivatives_are_written_over_none() -> None:
    bound = compile(lambda w, x: w * x, batch="x").bind(2.0, np.ones(9))
    with pytest.raises(ValueError, match=r"overwrite is for functions bound without .* argnums=\(\)"):
        bound.overwrite()


@pytest.mark.parametrize("f", [lambda xy: [xy[0], 5.0], lambda xy: [xy[0], 5.0, xy[1]]])
def test_a_result_that_all_samples_share_is_written_over_none(f: Any) -> None:
    bound = compile(f, argnums=(), batch="xy").bind(np.ones((4, 2)))
    with pytest.raises(ValueError, match="as many, each of them different from sample to sample"):
        bound.overwrite()


@pytest.mark.parametrize(
    "b", [[1.0, 2.0], np.ones(2, np.float32), np.ones(4)[::2], np.array([1, 2])], ids=str
)
def test_only_arrays_that_are_read_where_they_are_are_written_over(b: Any) -> None:
    with pytest.raises(ValueError, match="writes to arrays of float64 that can be read where they are; b is"):
        bound_of(np.zeros(2), b).overwrite()


def test_several_arrays_are_written_over_in_columns_only() -> None:
    bound = compile(lambda ab, c: [ab[0], ab[1], c], argnums=(), batch=(0, 1)).bind(
        np.ones((9, 2)), np.ones(9)
    )
    with pytest.raises(ValueError, match=r"each has one number for each sample or .* ab has lines of 2"):
        bound.overwrite()


def test_an_array_that_is_read_only_is_not_written_over() -> None:
    b = np.ones(9)
    b.flags.writeable = False
    with pytest.raises(
        ValueError, match="overwrite writes into an array, and this one is read-only: copy it"
    ):
        bound_of(np.zeros(9), b).overwrite()


@pytest.mark.parametrize("wanted", ["c", "nobody", 2, -1, 5])
def test_only_batched_arguments_are_written_over(wanted: Any) -> None:
    bound = compile(lambda a, b, c: [b * c, a], argnums=(), batch=(0, 1)).bind(np.ones(9), np.ones(9), 2.0)
    with pytest.raises(ValueError, match="overwrite takes batched arguments, which are a, b; got"):
        bound.overwrite(0, wanted)


def test_a_number_is_read_and_written_in_one_place_only() -> None:
    held = np.zeros(20)
    message = "overwrite needs arrays of their own; one of these shares memory with another argument"
    for arrays in (
        [held[:9], held[:9]],
        [held[:9], held[5:14]],
        [held[:9], held[9:18], held[17:8:-1][::-1]],
    ):
        with pytest.raises(ValueError, match=message):
            bound_of(*arrays).overwrite(0, 1)
    shared = compile(lambda rate, a: a * rate[0], argnums=(), batch="a").bind(held[4:6], held[:9])
    with pytest.raises(ValueError, match=message):
        shared.overwrite()
    windows = np.lib.stride_tricks.sliding_window_view(held, 2, writeable=True)
    sliding = compile(lambda ab: [ab[1], ab[0]], argnums=(), batch=0).bind(windows)
    with pytest.raises(ValueError, match=message):
        sliding.overwrite()
    bound_of(held[:9], held[9:18]).overwrite()


def test_one_sample_has_no_neighbours_to_be_far_from() -> None:
    a, b = np.array([1.0, 0.0])[::2], np.array([2.0, 0.0])[::2]
    bound = bound_of(a, b)
    bound.overwrite()
    bound.run()
    assert (a.tolist(), b.tolist()) == ([2.0], [1.0])


def test_places_may_be_counted_as_numpy_counts() -> None:
    x, v = np.ones(9), np.zeros(9)
    second: Any = np.int64(1)
    bound = compile(operator.sub, argnums=(), batch=(0, 1)).bind(x, v)
    bound.overwrite(second)
    bound.run()
    assert v.tolist() == [1.0] * 9
