"""diagnose: the operation at which inf or nan starts, what happened there, and what cures it."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.engine import (
    TABLE,
    Primitive,
    Value,
    black_box,
    clip,
    diagnose,
    exp,
    forget,
    log,
    norm,
    relu,
    sqrt,
    tanh,
    total,
    where,
)
from chainrule.engine.trouble import Trouble
from chainrule.nn import MLP, squared_error

nan, inf = math.nan, math.inf


def every_trouble() -> list[Any]:
    """Return (row, trouble) for every entry of the column `troubles`."""
    return [
        pytest.param(row, trouble, id=f"{row.name}{trouble.example}")
        for row in TABLE.values()
        for trouble in row.troubles
    ]


# -- the causes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "trouble"), every_trouble())
def test_every_trouble_of_the_table_is_found_in_a_graph(row: Primitive, trouble: Trouble) -> None:
    operands = tuple([Value(number) * 1.0 for number in trouble.example])
    made = row.apply(operands)
    report = diagnose(made * 0.5 + 1.0)
    assert not report.ok
    assert (report.operation, report.cause, report.cure) == (row.name, trouble.what, trouble.cure)
    assert [operand.data for operand in report.operands] == list(trouble.example)
    assert report.findings[0].value is made


@pytest.mark.parametrize(
    ("loss", "operation", "text"),
    [
        (lambda x: log(x), "log", "log(x=0.0) is -inf: the logarithm of 0"),
        (lambda x: log(x - 1.0), "log", "log(x=-1.0) is nan: the logarithm of a negative number"),
        (lambda x: sqrt(x - 1.0), "sqrt", "sqrt(x=-1.0) is nan: the square root of a negative number"),
        (lambda x: 1.0 / x, "div", "div(x=1.0, y=0.0) is inf: the denominator is zero"),
        (lambda x: x / x, "div", "div(x=0.0, y=0.0) is nan: 0 / 0: numerator and denominator are both zero"),
        (lambda x: exp(x + 1e3), "exp", "exp(x=1000.0) is inf: an exponential overflows above 709.78"),
        (
            lambda x: (x - 2.0) ** 0.5,
            "pow",
            "pow(x=-2.0, y=0.5) is nan: a negative number has no real power with a fractional exponent",
        ),
        (
            lambda x: (x + 10.0) ** 400.0,
            "pow",
            "pow(x=10.0, y=400.0) is inf: the result is beyond the floats, which end at 1.8e308",
        ),
        (lambda x: (x + 1.0).arctanh(), "arctanh", "arctanh(x=1.0) is inf: at 1 or -1, where it is infinite"),
        (
            lambda x: (x + 1.5).arcsin(),
            "arcsin",
            "arcsin(x=1.5) is nan: outside -1 to 1, where no angle has that sine",
        ),
        (
            lambda x: (x - 1.0).lgamma(),
            "lgamma",
            "lgamma(x=-1.0) is inf: a pole of the gamma function: 0 or a negative whole number",
        ),
        (
            lambda x: total([x + 1e308, 1e308]),
            "total",
            "total(1e+308, 1e+308) is inf: the sum is beyond the floats, which end at 1.8e308",
        ),
        (
            lambda x: (x + 1e200) * 1e200,
            "mul",
            "mul(x=1e+200, y=1e+200) is inf: the result is beyond the floats, which end at 1.8e308",
        ),
    ],
)
def test_what_is_said_of_a_value(loss: Callable[[Value], Value], operation: str, text: str) -> None:
    report = diagnose(tanh(Value(0.3)) * loss(Value(0.0)) * 2.0)
    assert (report.operation, report.line) == (operation, text)


@pytest.mark.parametrize(
    ("loss", "operation", "text"),
    [
        (
            lambda x: sqrt(x),
            "sqrt",
            "the derivative of sqrt(x=0.0) by x is inf: a square root at 0, where its slope is infinite",
        ),
        (
            lambda x: x**0.5,
            "pow",
            "the derivative of pow(x=0.0, y=0.5) by x is inf: a root at 0, where its slope is infinite",
        ),
        (
            lambda x: (x + 1.0).arccos(),
            "arccos",
            "the derivative of arccos(x=1.0) by x is -inf: at 1 or -1, where the slope is infinite",
        ),
        (
            lambda x: log(x + 1e-310) * 1e-5,
            "log",
            "the derivative of log(x=1e-310) by x is inf: a logarithm so near 0 that its slope is beyond the "
            "floats",
        ),
        (
            lambda x: ((x + 1.0) * 1e200 * 1e-300) * 1e200,
            "mul",
            "",
        ),
        (
            lambda x: (x * 1e200) * 1e200,
            "mul",
            "the gradient 1e+200 times the derivative 1e+200 of mul(x=0.0, y=1e+200) is inf: a product of "
            "derivatives is beyond the floats, which end at 1.8e308",
        ),
        (
            lambda x: x * 1.5e308 + x * 1.5e308,
            "mul",
            "the gradient of x, 1.5e+308 plus 1.5e+308, is inf: the sum is beyond the floats, which end at "
            "1.8e308",
        ),
    ],
)
def test_what_is_said_of_a_derivative(loss: Callable[[Value], Value], operation: str, text: str) -> None:
    x = Value(0.0)
    made = loss(x)
    assert math.isfinite(made.data)
    report = diagnose(made)
    assert report.line == text
    if text:
        assert report.operation == operation
        made.backward()
        assert not math.isfinite(x.grad)


def test_a_number_that_was_given_is_named() -> None:
    data, x = Value(nan, "data"), Value(2.0, "x")
    report = diagnose(x * data + 1.0)
    assert (report.operation, report.cause) == ("", "the number was given, no operation made it")
    assert report.line == "the input data is nan: the number was given, no operation made it"
    assert report.findings[0].value is data
    model = MLP(1, [1], seed=1)
    model.parameters()[0].data = nan
    label = model.parameters()[0].label
    report = diagnose(squared_error(model([1.0]), 1.0))
    assert report.line == (
        f"the parameter {label} is nan: a parameter is no finite number any more: an earlier step made it so"
    )
    assert diagnose(x + inf).line == "the plain number is inf: the number was given, no operation made it"


@pytest.mark.parametrize(
    ("infinite", "operation", "what"),
    [
        (lambda e: e - e, "sub", "inf - inf: infinite terms of both signs cancel"),
        (lambda e: e * 0.0, "mul", "0 * inf: one factor is zero, another infinite"),
        (lambda e: e / e, "div", "inf / inf: numerator and denominator are both infinite"),
        (lambda e: e.sin(), "sin", "an infinite angle"),
        (lambda e: total([e, -e]), "total", "inf - inf: infinite terms of both signs cancel"),
    ],
)
def test_a_nan_made_of_infinities_is_followed_to_where_they_started(
    infinite: Callable[[Value], Value], operation: str, what: str
) -> None:
    report = diagnose(infinite(exp(Value(1000.0))) + 1.0)
    assert (report.operation, report.cause) == (operation, what)
    assert [finding.operation for finding in report.findings] == [operation, "exp"]
    assert "before that:\nexp(x=1000.0) is inf: an exponential overflows above 709.78" in str(report)


def test_a_nan_goes_before_an_inf() -> None:
    x = Value(0.0)
    assert diagnose(total([1.0 / x, log(x - 1.0)])).operation == "log"


def test_an_inf_on_the_side_that_was_not_taken_is_not_followed() -> None:
    x = Value(0.0)
    assert diagnose(where(x > 0.0, 1.0 / x, exp(x + 1000.0))).operation == "exp"


def test_a_gradient_left_by_an_earlier_pass_is_told_apart() -> None:
    w = Value(0.0, "w")
    sqrt(w).backward()
    w.data = 1.0
    report = diagnose(w * w)
    assert report.line == (
        "the gradient that w holds is inf: the gradient was not finite before: an earlier backward pass left "
        "that, and gradients add up"
    )
    w.grad = 0.0
    assert diagnose(w * w).ok


def test_a_row_of_ones_own_gets_general_words() -> None:
    row = black_box("wild", lambda x: nan if x < 0.0 else inf, lambda x: x)
    try:
        assert diagnose(row(Value(-1.0))).cause == (
            "the operands are outside what the operation is defined for"
        )
        assert diagnose(row(Value(1.0))).cause.startswith("the result is beyond the floats")
    finally:
        forget("wild")
    row = black_box("steep", lambda x: x, lambda x: inf)
    try:
        assert diagnose(row(Value(1.0))).cause == "the derivative is infinite there"
        assert diagnose(row(Value(inf)) * 1.0).operation == ""
    finally:
        forget("steep")


# -- what is no trouble -------------------------------------------------------------------------------


def test_a_finite_graph_is_said_to_be_finite() -> None:
    x = Value(2.0, "x")
    report = diagnose(x * x)
    assert report.ok
    assert str(report) == "the root is 4. It, its derivatives and all that reaches it are finite (2 values)."
    assert (report.cause, report.cure, report.operation, report.line) == ("", "", "", "")
    assert (report.operands, report.path, report.source) == ((), (), None)
    assert str(diagnose(x)) == "x is 2. It, its derivatives and all that reaches it are finite (1 value)."


def test_a_zero_gradient_before_an_infinite_slope_is_a_note() -> None:
    x = Value(0.0)
    report = diagnose(sqrt(x) * 0.0 + norm([x]))
    assert report.ok
    assert report.notes == (
        "the derivative of sqrt(x=0.0) by x is inf, but only a gradient of zero gets there",
    )


def test_an_inf_that_does_not_reach_the_root_is_a_note() -> None:
    x = Value(0.0)
    report = diagnose(where(x > 0.0, log(x), 1.0))
    assert report.ok
    assert report.notes == (
        "log(x=0.0) is -inf, but none of that reaches the root's value",
        "the derivative of log(x=0.0) by x is inf, but only a gradient of zero gets there",
    )


def test_many_notes_are_cut_short() -> None:
    report = diagnose(total([sqrt(Value(0.0)) * 0.0 for _ in range(10)]))
    assert len(report.notes) == 4
    assert report.notes[-1] == "the same holds for 7 more derivatives"


def test_open_bounds_and_exponents_are_no_trouble() -> None:
    x = Value(-2.0)
    assert diagnose(clip(x, 0.0) + clip(x, high=3.0) + x**2 + relu(x)).ok
    assert not diagnose(clip(x, 0.0) + clip(x, high=3.0) + x**2 + relu(x)).notes
