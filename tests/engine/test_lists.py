"""Functions of lists and of more than two operands: values as NumPy's, gradients as differences."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule.engine as engine
from chainrule.engine import Value, check_gradients

NAN, INF = math.nan, math.inf
XS = [0.7, -1.3, 2.1, 0.4]


def softmax(xs: list[float]) -> Any:
    e = np.exp(np.array(xs) - max(xs))
    return e / e.sum()


COUNTERPARTS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "total": (engine.total, np.sum),
    "total, compensated": (lambda xs: engine.total(xs, compensated=True), math.fsum),
    "fsum": (engine.fsum, math.fsum),
    "mean": (engine.mean, np.mean),
    "variance": (engine.variance, np.var),
    "variance with ddof": (lambda xs: engine.variance(xs, ddof=1), lambda xs: np.var(xs, ddof=1)),
    "norm": (engine.norm, np.linalg.norm),
    "prod": (engine.prod, np.prod),
    "cumsum": (engine.cumsum, np.cumsum),
    "cumprod": (engine.cumprod, np.cumprod),
    "softmax": (engine.softmax, softmax),
    "log_softmax": (engine.log_softmax, lambda xs: np.log(softmax(xs))),
    "logsumexp": (engine.logsumexp, np.logaddexp.reduce),
    "median": (engine.median, np.median),
    "median of three": (lambda xs: engine.median(xs[:3]), lambda xs: np.median(xs[:3])),
    "sort": (engine.sort, np.sort),
    "polyval": (lambda xs: engine.polyval(xs[1:], xs[0]), lambda xs: np.polyval(xs[1:], xs[0])),
    "interp": (lambda xs: engine.interp(xs[0], [-1.0, 0.2, 3.0], xs[1:]),
               lambda xs: np.interp(xs[0], [-1.0, 0.2, 3.0], xs[1:])),
    "interp, the places": (lambda xs: engine.interp(xs[0], [xs[1], xs[3], xs[2]], [5.0, 7.0, 1.0]),
                           lambda xs: np.interp(xs[0], [xs[1], xs[3], xs[2]], [5.0, 7.0, 1.0])),
    "clip": (lambda xs: engine.clip(xs[2], xs[1], xs[0]), lambda xs: np.clip(xs[2], xs[1], xs[0])),
    "where": (lambda xs: engine.where(xs[0] > xs[1], xs[2], xs[3]),
              lambda xs: np.where(xs[0] > xs[1], xs[2], xs[3])),
}  # fmt: skip


def numbers(result: Any) -> Any:
    return [x.data for x in result] if isinstance(result, list) else result.data


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_values_are_numpys_and_gradients_are_slopes(name: str) -> None:
    ours, theirs = COUNTERPARTS[name]
    assert numbers(ours([Value(x) for x in XS])) == pytest.approx(theirs(XS), rel=1e-15, abs=1e-16)
    assert ours(XS) == pytest.approx(theirs(XS), rel=1e-15, abs=1e-16)
    mixed: list[Any] = [*XS[:2], Value(XS[2]), Value(XS[3])]
    assert np.all(np.asarray(ours(mixed)) == np.asarray(ours(XS)))
    check_gradients(ours, XS)


def test_a_sum_of_rounded_terms_can_be_compensated() -> None:
    xs = [Value(1e16), Value(1.0), Value(-1e16)]
    assert engine.total(xs).data == 0.0
    node = engine.total(xs, compensated=True)
    assert node.data == 1.0
    assert node.partials == (1.0, 1.0, 1.0)


def test_lists_with_zeros_multiply_and_differentiate() -> None:
    for place in range(3):
        xs = [Value(2.0), Value(3.0), Value(5.0)]
        xs[place] = Value(0.0)
        engine.prod(xs).backward()
        others = [x.data for i, x in enumerate(xs) if i != place]
        assert xs[place].grad == others[0] * others[1]


def test_huge_numbers_neither_overflow_nor_lose_digits() -> None:
    assert engine.logsumexp([1e5, 1e5]) == 1e5 + math.log(2.0)
    assert engine.logsumexp([-1e300, -1e300]) == -1e300
    assert engine.softmax([1e5, 1e5 + math.log(3.0)]) == pytest.approx([0.25, 0.75], rel=1e-11)
    assert engine.softmax([0.0, -700.0])[1] == pytest.approx(math.exp(-700.0), rel=1e-15)
    assert engine.log_softmax([0.0, -1e5]) == [0.0, -1e5]
    assert engine.norm([3e200, 4e200]) == pytest.approx(5e200, rel=1e-15)
    assert engine.hypot(3e-320, 4e-320) == 5e-320


def test_the_smallest_share_is_right_to_the_last_digits() -> None:
    xs = [0.1, -300.3, 3.7, -17.77]
    exact = [float(x) for x in _softmax_of_fractions(xs)]
    assert engine.softmax(xs) == pytest.approx(exact, rel=4 * 2.2e-16)
    values = [Value(x) for x in xs]
    assert list(engine.logsumexp(values).partials) == pytest.approx(exact, rel=4 * 2.2e-16)


def _softmax_of_fractions(xs: list[float]) -> list[Any]:
    with mpmath.workdps(50):
        powers = [mpmath.exp(mpmath.mpf(x)) for x in xs]
        return [power / mpmath.fsum(powers) for power in powers]


def test_infinite_operands_of_softmax() -> None:
    assert engine.softmax([-INF, 0.0]) == [0.0, 1.0]
    assert engine.log_softmax([-INF, 0.0]) == [-INF, 0.0]
    assert math.isnan(engine.softmax([INF, 0.0])[0])


def test_softmax_passes_gradients_of_all_shares() -> None:
    xs = [Value(x) for x in XS]
    shares = engine.softmax(xs)
    shares[0].backward()
    p = softmax(XS)
    assert [x.grad for x in xs] == pytest.approx([p[0] * ((i == 0) - p[i]) for i in range(4)], rel=1e-14)


def test_where_gives_the_branch_not_taken_exactly_nothing() -> None:
    for start, taken, slope in ((0.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (2.0, math.log(2.0), 0.5)):
        x = Value(start)
        y = engine.where(x > 0.0, x.log(), 0.0)
        y.backward()
        assert (y.data, x.grad) == (taken, slope)


def test_conditions_of_where_count_by_their_truth() -> None:
    true: list[object] = [True, 1, 2.0, "yes", np.bool_(True), Value(-3.0)]
    false: list[object] = [False, 0, None, [], np.bool_(False), Value(0.0)]
    assert {engine.where(condition, 1.0, Value(2.0)).data for condition in true} == {1.0}
    assert {engine.where(condition, 1.0, Value(2.0)).data for condition in false} == {2.0}
    assert Value(1.0).where(3.0, 4.0).data == 3.0


@pytest.mark.parametrize(
    ("x", "bounds", "value", "slope"),
    [
        (0.5, (0.0, 1.0), 0.5, 1.0),
        (0.0, (0.0, 1.0), 0.0, 1.0),
        (1.0, (0.0, 1.0), 1.0, 1.0),
        (-0.5, (0.0, 1.0), 0.0, 0.0),
        (5.0, (0.0, None), 5.0, 1.0),
        (5.0, (None, 1.0), 1.0, 0.0),
        (5.0, (None, None), 5.0, 1.0),
        (0.5, (2.0, 1.0), 1.0, 0.0),
    ],
)
def test_clip_passes_the_gradient_inside_and_at_the_bounds(
    x: float, bounds: tuple[float | None, float | None], value: float, slope: float
) -> None:
    for method in (False, True):
        operand = Value(x)
        node: Value = operand.clip(*bounds) if method else engine.clip(operand, *bounds)
        node.backward()
        assert (node.data, operand.grad) == (value, slope)
    assert Value(5.0).clip(high=2.0).data == engine.clip(5.0, high=2.0) == 2.0


def test_sorted_and_middle_values_are_the_same_objects() -> None:
    xs = [Value(x) for x in (3.0, 1.0, 2.0)]
    assert [id(x) for x in engine.sort(xs)] == [id(xs[1]), id(xs[2]), id(xs[0])]
    assert engine.median(xs) is xs[2]
    assert engine.sort([3.0, NAN, 1.0])[:2] == [1.0, 3.0]
    assert math.isnan(engine.median([3.0, NAN, 1.0]))


@pytest.mark.parametrize("x", [-5.0, 0.0, 0.25, 1.0, 1.5, 2.0, 7.0, NAN])
def test_interpolation_is_numpys_with_the_slope_to_the_right(x: float) -> None:
    places, heights = [0.0, 1.0, 2.0], [10.0, 20.0, 40.0]
    operand = Value(x)
    node = engine.interp(operand, places, heights)
    np.testing.assert_equal(node.data, np.interp(x, places, heights))
    np.testing.assert_equal(engine.interp(x, places, heights), node.data)
    if x == x:
        node.backward()
        assert operand.grad == (0.0 if x < 0.0 or x >= 2.0 else 10.0 if x < 1.0 else 20.0)


def test_variance_of_numbers_far_from_zero_keeps_its_digits() -> None:
    xs = [1e9 + x for x in (4.0, 7.0, 13.0, 16.0)]
    assert engine.variance(xs) == 22.5
    assert engine.variance(xs, ddof=1) == 30.0
    assert math.isnan(engine.variance([1.0], ddof=1))


def test_sums_that_overflow_are_infinite() -> None:
    assert engine.mean([1e308, 1e308]) == INF
    assert engine.fsum([1e308, 1e308]) == INF
    assert math.isnan(engine.fsum([INF, -INF]))
    assert math.isnan(engine.mean([INF, -INF]))
