"""Formulas of operations and of local derivatives: found from the table, and true."""

import math
from typing import Any

import pytest

from chainrule.engine import Value, cos, declare, dot, forget, total
from chainrule.engine.primitive import TABLE, Primitive
from chainrule.viz.stepper.formula import OUT, Formula, local_derivative, operation

ROWS = [row for row in list(TABLE.values()) if any(row.points)]


def text(formula: Formula, names: str = "xyzuvw", out: str = "out") -> str:
    """Return a formula as one line, `^()` for what is raised."""
    parts = []
    for token in formula:
        if isinstance(token, list):
            parts.append(f"^({text(token, names, out)})")
        else:
            parts.append(token if isinstance(token, str) else out if token == OUT else names[token])
    return "".join(parts)


def local_derivatives(value: Value) -> list[Formula]:
    return [local_derivative(value, place) for place in range(len(value.operands))]


def number_of(formula: Formula, value: Value) -> float:
    """Return what a formula comes to at the numbers of `value`'s operands."""
    python = text(formula, [f"x[{i}]" for i in range(len(value.operands))])  # type: ignore[arg-type]
    for sign, meant in (("·", "*"), ("−", "-"), ("^", "**"), ("|x[0]|", "abs(x[0])")):
        python = python.replace(sign, meant)
    x = [operand.data for operand in value.operands]
    return float(eval(python, {**TABLE, "x": x, "out": value.data, "abs": abs}))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_local_derivatives_come_to_the_partials(row: Primitive) -> None:
    for point in row.points:
        value = row.apply(tuple([Value(x) for x in point]))
        for formula, partial in zip(local_derivatives(value), value.partials, strict=True):
            if formula:  # numbers in formulas are cut to four decimals
                assert math.isclose(number_of(formula, value), partial, rel_tol=2e-4)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_operations_come_to_the_result_where_they_are_written_out(row: Primitive) -> None:
    value = row.apply(tuple([Value(x) for x in max(row.points, key=len)]))
    written = text(operation(value))
    assert written
    if row.name in ("add", "sub", "mul", "div", "pow", "neg", "square", "reciprocal", "abs", "dot", "total",
                    "fsum", "prod"):  # fmt: skip
        assert math.isclose(number_of(operation(value), value), value.data, rel_tol=1e-12)
    else:
        assert written.startswith((f"{row.name}(", f"x {row.symbol} y"))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda x, y: x * y, ["y", "x"]),
        (lambda x, y: x + y, ["", ""]),
        (lambda x, y: x / y, ["1 / y", "−x / y^(2)"]),
        (lambda x, y: x**2, ["2 · x", "out · log(x)"]),
        (lambda x, y: x**3, ["3 · x^(2)", "out · log(x)"]),
        (lambda x, y: x.tanh(), ["1 − out^(2)"]),
        (lambda x, y: x.exp(), ["out"]),
        (lambda x, y: x.log(), ["1 / x"]),
        (lambda x, y: x.relu(), [""]),
        (lambda x, y: x.sqrt(), ["0.5 / out"]),
        (lambda x, y: x.sigmoid(), ["out · (1 − out)"]),
        (lambda x, y: 1 / y, ["1 / y", "−1 / y^(2)"]),
        (lambda x, y: dot([x], [y]), ["y", "x"]),
        (lambda x, y: total([x, y]), ["", ""]),
    ],
)
def test_local_derivatives_read_as_in_a_textbook(made: Any, expected: list[str]) -> None:
    value = made(Value(0.5), Value(-3.0))
    assert [text(formula) for formula in local_derivatives(value)] == expected


def test_a_row_of_ones_own_gets_its_formula_too() -> None:
    @declare(partials=lambda x, out: (2.0 * x * cos(x * x),))
    def sine_of_square(x: float) -> float:
        return math.sin(x * x)

    half: Any = Value(0.5)
    value = half.sine_of_square()  # declared above
    forget("sine_of_square")
    assert [text(formula) for formula in local_derivatives(value)] == ["2 · x · cos(x^(2))"]
    assert text(operation(value)) == "sine_of_square(x)"


def test_parentheses_stand_where_they_are_needed() -> None:
    @declare(partials=lambda x, y, out: ((x + 1.0) ** y, x - (y - out)))
    def stepped_row(x: float, y: float) -> float:
        return x * y

    value = stepped_row(Value(2.0), Value(3.0))
    value.partials = (27.0, 5.0)  # nobody checked the row above, and its text is all that is looked at
    forget("stepped_row")
    assert [text(f) for f in local_derivatives(value)] == ["(x + 1)^(y)", "x − (y − out)"]


def test_a_formula_that_is_not_the_recorded_partial_is_not_shown() -> None:
    x, y = Value(2.0), Value(-3.0)
    product = x * y
    y.data = 5.0  # the partial of x stays -3, and y is not that any more
    assert [text(formula) for formula in local_derivatives(product)] == ["", "x"]


def test_long_sums_are_cut_in_the_middle() -> None:
    values = [Value(float(i)) for i in range(9)]
    assert text(operation(total(values)), "abcdefghi") == "a + b + c + d + … + i"
