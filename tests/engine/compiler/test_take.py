"""Rows chosen by a number that is known only at the call: in machine code as in Python."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import grad, hessian, log, logsumexp, take, tanh, value_and_grad
from chainrule.engine.compiler import RecordingError, compile

RNG = random.Random(1)
TABLE = [[RNG.uniform(-1.0, 1.0) for _ in range(5)] for _ in range(7)]
WEIGHTS = [RNG.uniform(-1.0, 1.0) for _ in range(5)]


def row_of_parameters(table: Any, w: Any, i: Any) -> Any:
    return tanh(sum(x * y for x, y in zip(take(table, i), w, strict=True)))


def computed_number(table: Any, w: Any, i: Any) -> Any:
    scores = [sum(x * y for x, y in zip(row, w, strict=True)) for row in table]
    return logsumexp(scores) - take(scores, i)


def several_rows(table: Any, w: Any, i: Any) -> Any:
    first, second = take(table, i), take(table, (i + 2) % 7)
    return sum(x * y * z for x, y, z in zip(first, second, w, strict=True)) + take(w, 0) * take(first, i % 5)


def rows_of_all_sorts(table: Any, w: Any, i: Any) -> Any:
    rows = [*table[:3], [x * 2.0 for x in w], [1.0, 2.0, 3.0, 4.0, 5.0], w, [x.sin() for x in table[0]]]
    return sum(x * x * y for x, y in zip(take(rows, i), w, strict=True))


def a_recurrence(table: Any, w: Any, i: Any) -> Any:
    state = w
    for step in range(12):
        row = take(table, (i + step) % 7)
        state = [tanh(s + x * state[0]) for s, x in zip(state, row, strict=True)]
    return sum(state)


def twice_the_same(table: Any, w: Any, i: Any) -> Any:
    rows = [table[0], table[1], table[0], table[0], w, table[1], w]
    return sum(x**3 for x in take(rows, i)) + take(table, i)[0] * take([w, *table[1:]], i)[0]


EVERY = [
    row_of_parameters,
    computed_number,
    several_rows,
    rows_of_all_sorts,
    a_recurrence,
    twice_the_same,
]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("f", EVERY)
def test_values_and_derivatives_are_those_of_python(f: Callable[..., Any], exact: bool) -> None:
    kernel = compile(f, argnums=(0, 1), exact=exact)
    for i in range(7):
        value, by = kernel.value_and_grad(TABLE, WEIGHTS, i)
        expected, by_hand = value_and_grad(f, argnums=(0, 1))(TABLE, WEIGHTS, i)
        assert value == expected if exact else value == pytest.approx(expected, rel=1e-14)
        for ours, theirs in zip(by, by_hand, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
        assert kernel(TABLE, WEIGHTS, i) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("samples", [1, 8, 35, 70])
@pytest.mark.parametrize("f", EVERY)
def test_each_sample_of_a_batch_chooses_its_own(f: Callable[..., Any], samples: int) -> None:
    indices = np.random.default_rng(samples).integers(0, 7, samples)
    runs = [value_and_grad(f, argnums=(0, 1))(TABLE, WEIGHTS, int(i)) for i in indices]
    value, by = compile(f, argnums=(0, 1), batch="i").value_and_grad(TABLE, WEIGHTS, indices)
    np.testing.assert_allclose(value, [run[0] for run in runs], rtol=1e-13)
    for place, ours in enumerate(by):
        sums = sum(np.array(run[1][place]) for run in runs)
        np.testing.assert_allclose(ours, sums, rtol=1e-11, atol=1e-13)
    mean = compile(f, batch="i", reduce="mean")
    assert mean(TABLE, WEIGHTS, indices.tolist()) == pytest.approx(
        np.mean([run[0] for run in runs]), rel=1e-13
    )


@pytest.mark.parametrize("f", EVERY)
def test_rows_of_each_sample_are_chosen_by_one_index_or_by_their_own(f: Callable[..., Any]) -> None:
    rng = np.random.default_rng(2)
    tables, indices = rng.uniform(-1.0, 1.0, (11, 7, 5)), rng.integers(0, 7, 11)
    plain = value_and_grad(f, argnums=(0, 1))
    for batch, given in (("table", 3), (("table", "i"), indices)):
        kernel = compile(f, argnums=(0, 1), batch=batch, reduce="sum")
        value, (by_table, by_w) = kernel.value_and_grad(tables, WEIGHTS, given)
        runs = [plain(tables[s], WEIGHTS, 3 if given is not indices else int(indices[s])) for s in range(11)]
        assert value == pytest.approx(sum(run[0] for run in runs), rel=1e-13)
        np.testing.assert_allclose(by_table, [run[1][0] for run in runs], rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(by_w, sum(np.array(run[1][1]) for run in runs), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("f", [row_of_parameters, computed_number, several_rows])
def test_second_derivatives(f: Callable[..., Any]) -> None:
    by_w = lambda w, i: f(TABLE, w, i)  # noqa: E731
    second = compile(hessian(by_w))
    first = compile(lambda w, i: sum(x * x for x in grad(by_w)(w, i)))
    for i in (0, 6):
        np.testing.assert_allclose(second(WEIGHTS, i), hessian(by_w)(WEIGHTS, i), rtol=1e-11, atol=1e-13)
        expected, by = value_and_grad(lambda w, i: sum(x * x for x in grad(by_w)(w, i)))(WEIGHTS, i)
        value, ours = first.value_and_grad(WEIGHTS, i)
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(ours, by, rtol=1e-11, atol=1e-13)


def test_the_gradient_by_a_table_is_added_up_where_it_belongs_and_never_multiplied_out() -> None:
    wide = [[0.1 * (r + c) for c in range(16)] for r in range(500)]
    f = lambda table, i: sum(x * x for j in range(4) for x in take(table, i[j]))  # noqa: E731
    for kernel, given in ((compile(f), [3, 499, 3, 0]), (compile(f, batch="i"), [[3, 499, 3, 0]] * 9)):
        value, by = kernel.value_and_grad(wide, given)
        assert by[3][2] == pytest.approx(4.0 * wide[3][2] * (1.0 if value.__class__ is float else 9.0))
        assert kernel.stats.flops_once + kernel.stats.flops_per_sample < 80_000
        assert any("collect" in line for line in kernel.stats.loops)
    # A product for each row, column and choice would be three operations of 500 x 16 x 4.


BAD = [(7, "7"), (-1, "-1"), (2.5, "2.5"), (float("nan"), "nan")]


@pytest.mark.parametrize(("i", "shown"), BAD)
def test_an_index_without_a_row_is_an_error_of_the_call_and_of_no_later_one(i: float, shown: str) -> None:
    message = rf"take\(rows, i\): there is no row {shown}: i is a whole number from 0 to 6, for 7 rows"
    kernel, expected = compile(row_of_parameters), row_of_parameters(TABLE, WEIGHTS, 2)
    batched = compile(row_of_parameters, batch="i")
    for _ in range(2):
        for call in (kernel, kernel.value_and_grad):
            with pytest.raises(IndexError, match=message):
                call(TABLE, WEIGHTS, i)
        assert kernel(TABLE, WEIGHTS, 2) == pytest.approx(expected, rel=1e-15)
        with pytest.raises(IndexError, match=message):
            batched(TABLE, WEIGHTS, [0, 1, 2, i, 4])
        np.testing.assert_allclose(batched(TABLE, WEIGHTS, [2, 2, 2]), [expected] * 3, rtol=1e-14)


def test_a_bound_kernel_reads_its_indices_anew() -> None:
    index = np.array([1])
    bound = compile(lambda table, i: take(table, i[0])[0] ** 2).bind(np.array(TABLE), index)
    assert bound() == pytest.approx(TABLE[1][0] ** 2)
    index[0] = 4
    assert bound() == pytest.approx(TABLE[4][0] ** 2)
    assert bound.grad[4][0] == pytest.approx(2.0 * TABLE[4][0])
    index[0] = 7
    with pytest.raises(IndexError, match="no row 7"):
        bound()
    index[0] = 0
    assert bound() == pytest.approx(TABLE[0][0] ** 2)


def test_a_number_that_nobody_differentiates_by_its_index_has_derivative_0() -> None:
    assert compile(lambda i: take([1.0, 5.0], i) * i).value_and_grad(1) == (5.0, 5.0)


def test_what_the_tape_and_its_python_say_of_it() -> None:
    kernel = compile(lambda rows, i: take(rows, i)[0] * 2.0)
    assert kernel([[1.0], [3.0]], 1) == 6.0
    lines = [line.partition("  #")[0] for line in kernel.tape]
    assert lines[3:6] == ["v3 = 2.0", "v4 = index(v2, v3)", "v5 = take(v4, v0, v1)"]
    assert kernel.python()([[1.0], [3.0]], 0) == 2.0
    with pytest.raises(IndexError, match="no row 2"):
        kernel.python()([[1.0], [3.0]], 2)


def test_rows_come_in_any_structure_and_only_in_one() -> None:
    f = lambda rows, i: take(rows, i)["a"] * take(rows, i)["b"][1]  # noqa: E731
    rows = [{"a": 2.0, "b": (0.0, 3.0)}, {"a": 5.0, "b": (1.0, 7.0)}]
    assert compile(f)(rows, 1) == 35.0
    assert compile(lambda a, i: take(a, i).sum())(np.arange(6.0).reshape(3, 2), 2) == 9.0
    with pytest.raises(ValueError, match=r"rows of one structure, but row 1 is \[.*\] \(list\) and row 0"):
        compile(lambda i: take([[1.0, 2.0], [3.0]], i)[0])(0)
    with pytest.raises(RecordingError, match="takes rows of numbers, got 'a'"):
        compile(lambda i: take(["a", "b"], i) == "a")(0)
    with pytest.raises(IndexError, match="there are no rows"):
        compile(lambda i: take([], i))(0)


def test_python_s_own_index_names_take() -> None:
    with pytest.raises(RecordingError, match=r"use take\(rows, i\)"):
        compile(lambda rows, i: rows[i][0])(TABLE, 1)


def test_the_target_s_probability_of_each_sample() -> None:
    def loss(table: Any, x: Any, target: Any) -> Any:
        scores = [sum(a * b for a, b in zip(row, x, strict=True)) for row in table]
        powers = [(score - max_of(scores)).exp() for score in scores]
        return -log(take([power / sum(powers) for power in powers], target))

    def max_of(scores: Any) -> Any:
        largest = scores[0].detach()
        for score in scores[1:]:
            largest = largest.detach().maximum(score.detach())
        return largest

    rng = np.random.default_rng(5)
    xs, targets = rng.standard_normal((13, 5)), rng.integers(0, 7, 13)
    value, by = compile(loss, batch=("x", "target"), reduce="mean").value_and_grad(TABLE, xs, targets)
    scores = xs @ np.array(TABLE).T
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert value == pytest.approx(-np.log(shares[np.arange(13), targets]).mean(), rel=1e-13)
    shares[np.arange(13), targets] -= 1.0
    np.testing.assert_allclose(by, shares.T @ xs / 13, rtol=1e-11, atol=1e-14)
