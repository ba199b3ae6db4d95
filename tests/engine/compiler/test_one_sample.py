"""A batch of one sample: machine code of its own, without lanes, and the same results."""

from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, exp, log, take, tanh, value_and_grad, where
from chainrule.engine.compiler import compile

W, X, Y = [0.5, -0.25], [[1.0, 2.0]], [0.75]


def f(w: Any, x: Any, y: Any) -> Any:
    return (tanh(w[0] * x[0] + w[1] * x[1]) - y) * exp(-x[0])


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("reduce", [None, "mean", "sum"])
def test_one_sample_gives_what_the_function_gives(reduce: Any, exact: bool) -> None:
    value, (by_w, by_x, by_y) = value_and_grad(f, argnums=(0, 1, 2))(W, X[0], Y[0])
    kernel = compile(f, argnums=(0, 1, 2), batch=("x", "y"), reduce=reduce, exact=exact)
    for x, y in ((X, Y), (np.array(X), np.array(Y))):
        got, parts = kernel.value_and_grad(W, x, y)
        assert np.shape(got) == (() if reduce else (1,))
        assert float(np.squeeze(got)) == pytest.approx(value, rel=1e-15)
        assert parts[0] == pytest.approx(by_w, rel=1e-14)
        assert [parts[1].shape, parts[2].shape] == [(1, 2), (1,)]
        assert parts[1][0] == pytest.approx(by_x, rel=1e-14)
        assert parts[2][0] == pytest.approx(by_y, rel=1e-14)
        assert kernel(W, x, y) == pytest.approx(got)
    if exact:
        assert (got if reduce else got[0], parts[0], parts[1][0].tolist()) == (value, by_w, by_x)
        return
    variant = kernel.variant(W, X, Y)
    assert variant.form(True, 1).compiled.layout.rows == 0
    assert variant.form(True, 2).compiled.layout.rows == 3


def test_samples_of_another_number_follow_and_come_before() -> None:
    kernel = compile(f, batch=("x", "y"), reduce="sum")
    both = [[1.0, 2.0], [-0.5, 0.25]]
    alone = [kernel.value_and_grad(W, [x], [0.75]) for x in both]
    value, by_w = kernel.value_and_grad(W, both, [0.75, 0.75])
    assert value == pytest.approx(alone[0][0] + alone[1][0], rel=1e-14)
    assert by_w == pytest.approx(np.add(alone[0][1], alone[1][1]), rel=1e-14)
    assert kernel.value_and_grad(W, both[:1], [0.75]) == alone[0]


def test_a_bound_sample_is_read_anew() -> None:
    w, y = Value(0.5), Value(2.0)
    for x in (np.array([[1.0, 2.0]]), [[1.0, 2.0]], np.array([[1.0, 2.0], [0.0, 0.0]]).T[:1]):
        rows: Any = x
        bound = compile(lambda w, x: (w * x[0] + x[1]) * y, batch="x", reduce="mean", argnums=(0, 1)).bind(
            w, x
        )
        expected = w.data * rows[0][0] + rows[0][1]
        assert bound() == expected * y.data
        assert bound.grad[1].tolist() == [[w.data * y.data, y.data]]
        rows[0][0], w.data, y.data = -4.0, 0.75, 3.0
        assert bound() == (0.75 * -4.0 + rows[0][1]) * 3.0
        assert bound.grad[0] == -12.0
        w.data, y.data = 0.5, 2.0


def test_a_bound_sample_that_gives_nan_is_run_guarded_with_its_present_numbers() -> None:
    kernel = compile(lambda w, x: where(x > 0.0, log(w * x), 0.0), batch="x", reduce="sum")
    for x in ([1.0], np.array([1.0])):
        bound = kernel.bind(1.0, x)
        for number, by_w in ((1.0, 1.0), (0.0, 0.0), (2.0, 1.0), (-1.0, 0.0)):
            x[0] = number
            bound()
            assert bound.grad == by_w
            assert kernel.value_and_grad(1.0, x)[1] == by_w


def test_a_bound_sample_of_another_shape_is_refused() -> None:
    x = [[1.0, 2.0]]
    bound = compile(lambda w, x: w * x[0], batch="x").bind(2.0, x)
    x[0].append(3.0)
    with pytest.raises(ValueError, match="a bound argument has changed its structure"):
        bound()


def test_an_argument_without_numbers_may_stand_beside_the_sample() -> None:
    kernel = compile(lambda w, x, y: w * y, batch=("x", "y"), argnums=(0, 1))
    for samples in (1, 3):
        value, (by_w, by_x) = kernel.value_and_grad(3.0, np.zeros((samples, 0)), [2.0] * samples)
        assert value.tolist() == [6.0] * samples
        assert by_w == 2.0 * samples
        assert by_x.shape == (samples, 0)


def test_runs_go_on_from_what_the_last_one_wrote_over_the_sample() -> None:
    pair = np.array([[3.0, 5.0]])
    bound = compile(lambda xy: [xy[1], xy[0] + xy[1]], argnums=(), batch="xy").bind(pair)
    bound.overwrite()
    for expected in ([5.0, 8.0], [8.0, 13.0]):
        bound.run()
        assert pair.tolist() == [expected]


def test_fewer_samples_than_were_bound_run_guarded_too() -> None:
    kernel = compile(lambda w, x: where(x > 0.0, log(w * x), 0.0), batch="x", reduce="sum")
    x = np.array([0.0] * 40)
    bound = kernel.bind(1.0, x)
    for samples in (40, 1, 8, 9):
        bound.samples = samples
        assert (bound(), bound.grad) == (0.0, 0.0)


def test_a_sample_may_be_an_index() -> None:
    kernel = compile(lambda rows, i: take(rows, i) * 2.0, batch="i", reduce="sum")
    for i in ([1], np.array([1.0])):
        assert kernel.value_and_grad([3.0, 5.0, 7.0], i) == (10.0, [0.0, 2.0, 0.0])
        with pytest.raises(IndexError, match="3"):
            kernel.value_and_grad([3.0, 5.0, 7.0], [3])
