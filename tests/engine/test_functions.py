"""The many doors to a row: function, method, operator; and what each says to a wrong operand."""

import math
import operator
import subprocess
import sys
from typing import Any

import pytest

import chainrule.engine as engine
from chainrule.engine import TABLE, Primitive, Value

Point = tuple[float, ...]


def every_row() -> list[Any]:
    return [pytest.param(row, id=row.name) for row in TABLE.values()]


def fixed_rows() -> list[Any]:
    return [case for case in every_row() if not case.values[0].variadic]


def same(a: float, b: float) -> bool:
    """Return whether two floats are the same number, nan being the same as nan."""
    return a == b or (a != a and b != b)


def all_same(many: Point, others: Point) -> bool:
    return len(many) == len(others) and all(map(same, many, others))


def values(point: Point) -> tuple[Value, ...]:
    return tuple(map(Value, point))


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
    assert engine.dot([1, 2], [3, 4]).data == 11.0
    assert engine.logsumexp([x, 2]).data == 2.0 + math.log(2.0)
    assert engine.total([]).data == 0.0
    assert engine.dot([], []).data == 0.0


def test_one_value_many_times_in_a_variadic_row_collects_every_place() -> None:
    x = Value(3.0)
    engine.total([x, x, x]).backward()
    assert x.grad == 3.0
    y = Value(3.0)
    engine.dot([y, y], [y, 2.0]).backward()  # y*y + 2*y
    assert y.grad == 8.0


@pytest.mark.parametrize("row", fixed_rows())
def test_a_wrong_number_of_operands_is_named(row: Primitive) -> None:
    with pytest.raises(TypeError, match=rf"{row.name} takes {row.arity} operands?, got 0"):
        row()
    with pytest.raises(TypeError, match=rf"{row.name} takes {row.arity} operands?, got 3"):
        row(Value(1.0), 1.0, 1.0)


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
    assert row.formula in method.__doc__


def test_the_table_prints_a_line_for_every_row() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "chainrule.engine"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    lines = run.stdout.splitlines()
    rows = list(TABLE.values())
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line.split()[0] == row.name
        assert row.formula in line
        assert line.count("partials at") == bool(row.kinks)
        assert line.count(" gives ") == len(row.edges)
