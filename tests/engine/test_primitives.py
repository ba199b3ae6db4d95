"""The table of primitives, row by row: a new row is tested here the day it is written."""

import math
import operator
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from runpy import run_path
from typing import Any

import mpmath
import pytest
from rows import Point, all_same, every_row, same, values

from chainrule.engine import TABLE, Primitive, Value, grad, sqrt, taylor

# What mpmath makes of every row, and the measuring: shared with the command that prints the worst cases.
ACCURACY = run_path(str(Path(__file__).parents[2] / "benchmarks" / "accuracy.py"))

EPS = sys.float_info.epsilon


def every_row_and(which: str) -> list[Any]:
    """Return (row, entry) for every entry of the column `which`, under a name that says both."""
    return [
        pytest.param(row, at, id=f"{row.name}{at}") for row in TABLE.values() for at in getattr(row, which)
    ]


# -- derivatives against differences ------------------------------------------------------------------


def slope(function: Callable[..., float], point: Point, i: int) -> float:
    """Return d function / d point[i] by the five-point difference.

    The step is eps**(1/5), 7e-4, relative to the operand. Cutting the series then costs h**4 / 30 times
    the fifth derivative and rounding eps / h times the value: both some 1e-13 where all of them are of
    order one, as points have to be.
    """
    h: float = EPS**0.2 * (abs(point[i]) or 1.0)

    def at(x: float) -> float:
        return function(*point[:i], x, *point[i + 1 :])

    x = point[i]
    difference = 8.0 * (at(x + h) - at(x - h)) - (at(x + 2 * h) - at(x - 2 * h))
    return difference / (12.0 * h)


def check_partials(row: Primitive, point: Point) -> None:
    """Raise AssertionError where a partial of `row` is not the slope of its value."""
    _, partials = row.linearize(*point)
    assert len(partials) == len(point), f"{row.name} has {len(partials)} partials for {len(point)} operands"
    for i, partial in enumerate(partials):
        # 1e-10 leaves the error above, 1e-13, room for derivatives up to a few hundred.
        expected = pytest.approx(slope(row, point, i), rel=1e-10, abs=1e-10)
        assert partial == expected, f"{row.name}{point}: partial {i}"


@pytest.mark.parametrize(("row", "point"), every_row_and("points"))
def test_partials_match_central_differences(row: Primitive, point: Point) -> None:
    check_partials(row, point)


@pytest.mark.parametrize(("row", "point"), every_row_and("points"))
def test_formulas_of_partials_run_on_values(row: Primitive, point: Point) -> None:
    operands = values(point)
    of_values = row.partials_at(operands, row.apply(operands))
    numbers = tuple(p.data if isinstance(p, Value) else p for p in of_values)
    assert numbers == row.linearize(*point)[1]


@pytest.mark.parametrize(("row", "point"), every_row_and("points"))
def test_second_derivatives_match_differences_of_the_partials(row: Primitive, point: Point) -> None:
    for i in range(len(point)):
        operands = values(point)
        partial = row.partials_at(operands, row.apply(operands))[i]
        if isinstance(partial, Value):  # else a number: it depends on nothing
            partial.backward()
        for j, operand in enumerate(operands):
            expected = slope(lambda *numbers, i=i: row.linearize(*numbers)[1][i], point, j)
            assert operand.grad == pytest.approx(expected, rel=1e-10, abs=1e-10), (i, j)


@pytest.mark.parametrize("row", every_row())
def test_points_tell_right_from_wrong(row: Primitive) -> None:
    # Where a derivative is nearly zero, a wrong rule passes: each operand needs one point of order one.
    rules = [row.linearize(*point)[1] for point in row.points if len(point) == len(row.points[0])]
    for i, partials in enumerate(zip(*rules, strict=True)):
        if all(slope(row, point, i) == 0.0 for point in row.points if i < len(point)):
            continue  # the row is made of steps
        assert any(0.01 <= abs(partial) <= 100.0 for partial in partials), f"operand {i}: {partials}"


# -- values and derivatives against another engine ----------------------------------------------------


def smooth_points() -> list[Any]:
    """Return (row, point) for every point of every row that has operands."""
    return [case for case in every_row_and("points") if case.values[1]]


@pytest.mark.parametrize(("row", "point"), smooth_points())
def test_value_and_partials_match_fifty_digits(row: Primitive, point: Point) -> None:
    reference = ACCURACY["REFERENCES"][row.name]
    out, partials = row.linearize(*point)
    limit = ACCURACY["bound_of"](row)
    with mpmath.workdps(50):
        exact = [mpmath.mpf(x) for x in point]
        assert out == pytest.approx(float(reference.value(*exact)), rel=limit * EPS, abs=0.0)
        for i, (partial, expected) in enumerate(zip(partials, reference.partials(*exact), strict=True)):
            assert partial == pytest.approx(float(expected), rel=2 * limit * EPS, abs=0.0), i


def directions(row: Primitive) -> Iterator[Point]:
    """Yield two directions to move the operands in, all but those along which the row is flat or steps."""
    rules = [row.linearize(*point)[1] for point in row.points if len(point) == len(row.points[0])]
    moves = [any(partial != 0.0 for partial in partials) for partials in zip(*rules, strict=True)]
    for steps in ((1.0,) * 8, (0.5, -0.75, 1.0, 0.25, -1.0, 0.5, 0.75, -0.25)):
        yield tuple(
            [step * move for step, move in zip(steps, moves * (8 if row.variadic else 1), strict=False)]
        )


@pytest.mark.parametrize(("row", "point"), smooth_points())
def test_three_derivatives_along_lines_match_fifty_digits(row: Primitive, point: Point) -> None:
    # By the partials run on Values (and those on Values again), and by power series.
    value = ACCURACY["REFERENCES"][row.name].value
    for direction in directions(row):

        def line(t: Any, function: Any = row, kind: Any = float, direction: Point = direction) -> Any:
            return function(*[kind(x) + t * step for x, step in zip(point, direction, strict=False)])

        by_series = taylor(line, 0.0, 3)
        nested: Callable[[float], Any] = line
        for order in range(4):
            with mpmath.workdps(60):
                expected = float(mpmath.diff(lambda t: line(t, value, mpmath.mpf), 0, order))
            # Third derivatives are sums of terms that partly cancel: some hundred roundings of order one.
            close = pytest.approx(expected, rel=1e-12, abs=1e-12)
            assert nested(0.0) == close, order
            assert by_series[order] == close, order
            nested = grad(nested)


# -- kinks and edges ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "kink"), every_row_and("kinks"))
def test_kinks_return_exactly_the_stated_partials(row: Primitive, kink: tuple[Point, Point]) -> None:
    point, partials = kink
    assert row.linearize(*point)[1] == partials
    assert row.apply(values(point)).partials == partials


@pytest.mark.parametrize(("row", "edge"), every_row_and("edges"))
def test_edges_return_exactly_the_stated_value(row: Primitive, edge: tuple[Point, float]) -> None:
    point, value = edge
    assert same(row(*point), value)
    assert same(row(*values(point)).data, value)
    assert same(row.apply(values(point)).data, value)


@pytest.mark.parametrize(("row", "edge"), every_row_and("edges"))
def test_linearize_never_raises_at_edges(row: Primitive, edge: tuple[Point, float]) -> None:
    point, value = edge
    out, partials = row.linearize(*point)
    assert same(out, value)
    assert len(partials) == len(point)
    assert {type(number) for number in (out, *partials)} <= {float}


SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-310, 1e308, -1e308, math.inf, -math.inf, math.nan)


@pytest.mark.parametrize("row", every_row())
def test_no_number_makes_a_row_raise(row: Primitive) -> None:
    for point in product(SPECIAL, repeat=2 if row.variadic else row.arity):
        out, partials = row.linearize(*point)
        node = row.apply(values(point))
        assert same(node.data, out)
        assert all_same(node.partials, partials)
        assert {type(number) for number in (node.data, *node.partials)} == {float}, point


# The limits as the operand goes to infinity: known without a row saying so.
LIMITS = [
    ("exp", -math.inf, 0.0),
    ("exp2", -math.inf, 0.0),
    ("expm1", -math.inf, -1.0),
    ("log1p", math.inf, math.inf),
    ("cbrt", -math.inf, -math.inf),
    ("arctan", math.inf, math.pi / 2),
    ("arcsinh", -math.inf, -math.inf),
    ("cosh", -math.inf, math.inf),
    ("erf", math.inf, 1.0),
    ("erfc", math.inf, 0.0),
    ("norm_cdf", -math.inf, 0.0),
    ("norm_pdf", math.inf, 0.0),
    ("silu", -math.inf, 0.0),
    ("gelu", -math.inf, 0.0),
    ("softsign", math.inf, 1.0),
    ("lgamma", math.inf, math.inf),
    ("digamma", math.inf, math.inf),
    ("exp", math.inf, math.inf),
    ("tanh", -math.inf, -1.0),
    ("sigmoid", -math.inf, 0.0),
    ("sigmoid", math.inf, 1.0),
    ("softplus", -math.inf, 0.0),
    ("softplus", math.inf, math.inf),
    ("relu", -math.inf, 0.0),
    ("relu", math.inf, math.inf),
    ("abs", -math.inf, math.inf),
    ("logsumexp", -math.inf, -math.inf),
]


@pytest.mark.parametrize(("name", "x", "limit"), LIMITS)
def test_infinite_operands_give_the_limit(name: str, x: float, limit: float) -> None:
    assert TABLE[name](x) == limit


@pytest.mark.parametrize("row", every_row())
def test_nan_comes_out_where_nan_went_in(row: Primitive) -> None:
    point = row.points[0]
    for i, partial in enumerate(row.linearize(*point)[1]):
        if partial != 0.0:  # else the result does not depend on it there
            assert math.isnan(row(*point[:i], math.nan, *point[i + 1 :])), i


# -- rows from outside, right and wrong ---------------------------------------------------------------


@pytest.fixture
def outside() -> Iterator[Callable[..., Primitive]]:
    """Make rows as a user would, and take them away again."""
    before, attributes = dict(TABLE), set(vars(Value))
    yield Primitive
    TABLE.clear()
    TABLE.update(before)
    for name in set(vars(Value)) - attributes:
        delattr(Value, name)


def test_a_users_row_gets_everything_a_row_has(outside: Callable[..., Primitive]) -> None:
    cube = outside(
        name="cube",
        formula="x * x * x",
        evaluate=lambda x: x * x * x,
        partials=lambda x, out: (3.0 * x * x,),
        points=((0.5,), (-2.0,)),
    )
    check_partials(cube, (0.5,))
    x: Any = Value(2.0)
    y = x.cube()
    y.backward()
    assert (y.data, x.grad, cube(2.0)) == (8.0, 12.0, 8.0)
    assert TABLE["cube"] is cube
    assert repr(y) == "Value(cube(2) = 8, grad=1)"


def test_a_formula_may_go_on_from_a_function_of_the_table(outside: Callable[..., Primitive]) -> None:
    root = outside(
        name="root",
        formula="square root of x",
        evaluate=math.sqrt,
        partials=lambda x, out: (0.5 / sqrt(x),),  # at 0 this divides by what sqrt returned
        points=((2.0,),),
    )
    assert root.linearize(0.0) == (0.0, (math.inf,))
    assert root(Value(0.0)).partials == (math.inf,)


def test_a_wrong_rule_is_caught_and_named(outside: Callable[..., Primitive]) -> None:
    wrong = outside(
        name="wrong_cube",
        formula="x * x * x",
        evaluate=lambda x: x * x * x,
        partials=lambda x, out: (2.0 * x * x,),
        points=((0.5,),),
    )
    with pytest.raises(AssertionError, match=r"wrong_cube\(0.5,\): partial 0"):
        check_partials(wrong, (0.5,))


def test_a_rule_wrong_in_its_second_operand_only_is_caught(outside: Callable[..., Primitive]) -> None:
    wrong = outside(
        name="wrong_ratio",
        formula="x / y",
        evaluate=operator.truediv,
        partials=lambda x, y, out: (1.0 / y, out / y),  # the sign
        points=((2.0, 3.0),),
    )
    with pytest.raises(AssertionError, match=r"wrong_ratio\(2.0, 3.0\): partial 1"):
        check_partials(wrong, (2.0, 3.0))


def test_a_rule_with_a_partial_missing_is_caught(outside: Callable[..., Primitive]) -> None:
    wrong = outside(
        name="half_a_rule",
        formula="x * y",
        evaluate=operator.mul,
        partials=lambda x, y, out: (y,),
        points=((2.0, 3.0),),
    )
    with pytest.raises(AssertionError, match="half_a_rule has 1 partials for 2 operands"):
        check_partials(wrong, (2.0, 3.0))


def test_rows_of_other_tests_have_left_nothing_behind() -> None:
    assert not {"cube", "wrong_cube", "wrong_ratio", "half_a_rule", "root"} & (set(TABLE) | set(vars(Value)))
