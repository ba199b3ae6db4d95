"""The many doors to a row: function, method, operator; and what each says to a wrong operand."""

import math
import operator
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from rows import Point, all_same, every_row, same, values
from waiting import SECONDS

import chainrule.engine as engine
from chainrule.engine import TABLE, Primitive, Value


def fixed_rows() -> list[Any]:
    return [case for case in every_row() if not case.values[0].variadic]


# -- one row, many doors ------------------------------------------------------------------------------


def everywhere() -> list[Any]:
    """Return (row, numbers) for all points, kinks and edges of the rows that take one or two operands."""
    return [
        pytest.param(row, point, id=f"{row.name}{point}")
        for row in TABLE.values()
        if not row.variadic
        for point in (*row.points, *[at for at, _ in row.kinks], *[at for at, _ in row.edges])
    ]


@pytest.mark.parametrize(("row", "point"), everywhere())
def test_method_operator_and_function_agree_bit_for_bit(row: Primitive, point: Point) -> None:
    operands = values(point)
    x, others = operands[0], operands[1:]
    nodes = {
        "function": getattr(engine, row.name)(*operands),
        "function with numbers behind": row(x, *point[1:]),
        "method": getattr(x, row.name)(*others),
        "method with numbers": getattr(x, row.name)(*point[1:]),
        "apply": row.apply(operands),
    }
    if len(point) == 2:
        nodes["function with a number in front"] = row(point[0], *others)
    if row.dunder:
        python = getattr(operator, row.dunder)
        nodes["operator"] = python(*operands)
        nodes["operator with a number behind"] = python(x, *point[1:])
        if len(point) == 2:
            nodes["reflected operator"] = python(point[0], *others)
    out, partials = row.linearize(*point)
    for door, node in nodes.items():
        assert isinstance(node, Value), door
        assert same(node.data, out), door
        assert all_same(node.partials, partials), door
        assert node.primitive is row, door
        assert all_same(tuple(operand.data for operand in node.operands), point), door
    assert same(row(*point), out)
    assert type(row(*point)) is float


def test_variadic_functions_take_their_row() -> None:
    xs, ys = values((2.0, -3.0, 0.5)), values((1.5, 0.25, -1.0))
    for node, row, operands in (
        (engine.total(xs), "total", xs),
        (engine.dot(xs, ys), "dot", xs + ys),
        (engine.logsumexp(list(xs)), "logsumexp", xs),
    ):
        assert node.primitive is TABLE[row]
        assert node.operands == operands
        assert all(mine is given for mine, given in zip(node.operands, operands, strict=True))
        assert node.partials == TABLE[row].apply(operands).partials


def test_variadic_functions_take_plain_numbers_too() -> None:
    x = Value(2.0)
    assert engine.total([1, x, 0.5]).data == 3.5
    assert engine.dot([1, x], [x, 3.0]).data == 8.0
    assert engine.logsumexp([x, 2]).data == 2.0 + math.log(2.0)


def test_all_functions_of_lists_give_floats_for_plain_numbers() -> None:
    numbers: list[Any] = [1, 2.0, True, np.float64(3.0), np.int64(4), Fraction(1, 2)]
    for name in ("total", "fsum", "prod", "norm", "mean", "variance", "logsumexp", "median"):
        assert type(getattr(engine, name)(numbers)) is float, name
    for name in ("softmax", "log_softmax", "cumsum", "cumprod", "sort"):
        assert {type(x) for x in getattr(engine, name)(numbers)} == {float}, name
    assert type(engine.dot([1, 2], [3, 4])) is float
    assert engine.dot([1, 2], [3, 4]) == 11.0
    assert (engine.total([]), engine.dot([], []), engine.prod([]), engine.norm([])) == (0.0, 0.0, 1.0, 0.0)
    assert engine.softmax([]) == engine.log_softmax([]) == engine.cumsum([]) == engine.sort([]) == []
    assert type(engine.polyval([1, 2], 3)) is type(engine.interp(1, [0, 2], [0, 1])) is float
    assert type(engine.hypot(3, 4)) is type(engine.clip(3, 0, 1)) is type(engine.where(True, 1, 2)) is float


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.aliases], ids=lambda row: row.name)
def test_other_names_are_the_same_row(row: Primitive) -> None:
    x, *others = row.points[0]
    for alias in row.aliases:
        assert getattr(Value(x), alias)(*others).primitive is row
        assert getattr(engine, alias, row) is row
        assert alias not in TABLE


def test_operands_left_out_are_the_rows_defaults() -> None:
    assert engine.leaky_relu(-2.0) == Value(-2.0).leaky_relu().data == -0.02
    assert engine.elu(-2.0) == Value(-2.0).elu().data == math.expm1(-2.0)
    assert Value(-2.0).elu(0.5).data == 0.5 * math.expm1(-2.0)
    with pytest.raises(TypeError, match="elu takes 2 operands, got 0"):
        engine.elu()


def test_maxima_and_minima_of_many_are_taken_from_left_to_right() -> None:
    x, y, z = Value(2.0), Value(5.0), Value(3.0)
    largest = engine.maximum(x, y, 4.0, z)
    largest.backward()
    assert (largest.data, x.grad, y.grad, z.grad) == (5.0, 0.0, 1.0, 0.0)
    assert (x.maximum(y, z).data, x.minimum(y, z, 1.0).data) == (5.0, 1.0)
    assert (engine.maximum(1.0, 3.0, 2.0), engine.minimum(1, 3, -2)) == (3.0, -2.0)
    assert type(engine.minimum(1, 3, -2)) is float
    assert math.isnan(engine.maximum(1.0, math.nan, 2.0))


def test_equal_maxima_share_the_derivative_pair_by_pair() -> None:
    x, y, z = Value(1.0), Value(1.0), Value(1.0)
    engine.maximum(x, y, z).backward()
    assert (x.grad, y.grad, z.grad) == (0.25, 0.25, 0.5)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_one_operand_has_no_maximum_and_a_list_is_spread(name: str) -> None:
    row: Any = getattr(engine, name)
    for operands in ((), (Value(1.0),), ([1.0, 2.0],)):
        with pytest.raises(TypeError) as error:
            row(*operands)
        assert str(error.value) == (
            f"{name} takes 2 operands or more, got {len(operands)}; of a list xs: {name}(*xs)"
        )
    with pytest.raises(TypeError, match=rf"{name} takes Values and plain numbers, got \[1.0, 2.0\]"):
        row([1.0, 2.0], 3.0, 4.0)


def test_pythons_own_functions_round_values() -> None:
    x = Value(-2.5)
    for python, name in ((math.floor, "floor"), (math.ceil, "ceil"), (math.trunc, "trunc"), (round, "round")):
        node: Any = python(x)
        assert node.primitive is TABLE[name]
        assert node.data == python(-2.5)
        assert node.partials == (0.0,)
    with pytest.raises(TypeError, match=r"round\(v, 2\) is not offered: .* round\(v\.item\(\), 2\)"):
        round(x, 2)  # type: ignore[call-overload]


def test_one_value_many_times_in_a_variadic_row_collects_every_place() -> None:
    x = Value(3.0)
    engine.total([x, x, x]).backward()
    assert x.grad == 3.0
    y = Value(3.0)
    engine.dot([y, y], [y, 2.0]).backward()  # y*y + 2*y
    assert y.grad == 8.0


@pytest.mark.parametrize("row", fixed_rows())
def test_a_wrong_number_of_operands_is_named(row: Primitive) -> None:
    least = " or more" if row.folds else ""
    with pytest.raises(TypeError, match=rf"{row.name} takes {row.arity} operands?{least}, got 0"):
        row()
    if row.folds:
        return
    with pytest.raises(TypeError, match=rf"{row.name} takes {row.arity} operands?, got {row.arity + 1}"):
        row(Value(1.0), *[1.0] * row.arity)


@pytest.mark.parametrize("row", every_row())
@pytest.mark.parametrize("wrong", ["3", None, 1j, [1.0]])
def test_an_operand_that_is_no_number_is_named(row: Primitive, wrong: object) -> None:
    operands: list[Any] = [0.5] * len(row.points[0])
    operands[-1] = wrong
    shown = f"{row.name} takes Values and plain numbers, got {wrong!r}".replace("[", r"\[")
    with pytest.raises(TypeError, match=shown):
        row(*operands)


def test_functions_on_numbers_take_what_operators_take() -> None:
    # v * True works (a comparison used as a factor), so the functions take it as well.
    for flag in (True, False):
        assert (Value(2.0) * flag).data == engine.mul(2.0, flag) == 2.0 * flag
        assert engine.maximum(Value(-1.0), flag).data == engine.maximum(-1.0, flag) == float(flag)


def test_the_functions_arguments_are_checked_by_name() -> None:
    with pytest.raises(ValueError, match=r"dot\(xs, ys\) needs two of the same length, got 1 and 2"):
        engine.dot([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"logsumexp\(xs\) needs at least one number, got none"):
        engine.logsumexp([])
    for name in ("mean", "variance", "median"):
        with pytest.raises(ValueError, match=rf"{name}\(xs\) needs at least one number, got none"):
            getattr(engine, name)([])
    for name in ("total", "mean", "softmax", "sort"):
        with pytest.raises(TypeError, match=rf"{name}\(xs\) takes a list of Values and plain numbers, got V"):
            getattr(engine, name)(Value(1.0))
        with pytest.raises(TypeError, match=f"{name} takes Values and plain numbers, got '3'"):
            getattr(engine, name)([1.0, "3"])
    with pytest.raises(ValueError, match=r"interp\(x, xs, fs\) needs increasing xs: sort the points by x"):
        engine.interp(1.0, [0.0, 2.0, 1.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="needs as many fs as xs, got 2 xs and 1 fs"):
        engine.interp(1.0, [0.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="needs at least one point, got none"):
        engine.interp(1.0, [], [])
    with pytest.raises(TypeError, match="total takes Values and plain numbers, got '3'"):
        engine.total([Value(1.0), "3"])  # type: ignore[list-item]  # the mistake is the point


# -- labels and documentation -------------------------------------------------------------------------


@pytest.mark.parametrize("row", every_row())
def test_every_row_has_a_name_a_label_and_a_formula(row: Primitive) -> None:
    assert row.name.isidentifier()
    assert TABLE[row.name] is row
    assert 1 <= len(row.symbol or row.name) <= 12
    assert row.formula.strip() == row.formula != ""
    assert row.name in repr(row)
    assert row.formula in repr(row)
    assert row.name in repr(row.apply(values(row.points[0])))
    assert callable(getattr(engine, row.name))


@pytest.mark.parametrize("row", fixed_rows())
def test_methods_are_documented_by_their_row(row: Primitive) -> None:
    method = getattr(Value, row.name)
    assert method.__name__ == row.name
    assert row.formula in method.__doc__ or method.__doc__ == getattr(engine, row.name).__doc__
    assert method.row is row


def test_the_table_prints_a_line_for_every_row() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "chainrule.engine"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=SECONDS,
    )
    lines = run.stdout.splitlines()
    rows = list(TABLE.values())
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line.split()[0] == row.name
        assert f"  {row.formula}  " in f"{line}  "  # however long it is, its notes stand apart
        assert line.count("partials at") == bool(row.kinks)
        assert line.count(" gives ") == len(row.edges)
        assert line.count("error below ") == bool(row.bound)


def test_a_star_import_leaves_pythons_own_functions_alone() -> None:
    names: dict[str, Any] = {}
    exec("from chainrule.engine import *", names)
    assert {"exp", "Value", "grad", "where"} <= names.keys()
    assert not {"abs", "pow", "round"} & names.keys()
