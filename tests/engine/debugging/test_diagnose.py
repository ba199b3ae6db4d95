"""diagnose: the operation at which inf or nan starts, what happened there, and what cures it."""

import linecache
import math
import warnings
from collections.abc import Callable
from pathlib import Path
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
    record_sources,
    relu,
    sqrt,
    tanh,
    total,
    where,
)
from chainrule.engine import trouble as words
from chainrule.engine.debugging import diagnose as diagnosing
from chainrule.engine.trouble import Trouble
from chainrule.nn import MLP, squared_error

nan, inf = math.nan, math.inf
DOCS = Path(__file__).parents[3] / "docs" / "diagnose.md"


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


# -- what is told -------------------------------------------------------------------------------------


def test_the_whole_report() -> None:
    with record_sources():
        p = Value(0.0)
        surprise = -log(p)
        loss = surprise * 0.5
    line = test_the_whole_report.__code__.co_firstlineno + 3
    assert str(diagnose(loss)) == (
        "loss is inf. It starts here:\n"
        "log(p=0.0) is -inf: the logarithm of 0\n"
        f'  File "{__file__}", line {line}, in test_the_whole_report\n'
        "      surprise = -log(p)\n"
        "                  ^^^^^^\n"
        "  on the way to the root: log → surprise → loss\n"
        "  usual cure: log1p(x) for log(1 + x), a loss from logits, or clip(x, low=1e-12)"
    )


def test_the_report_of_a_derivative_says_how_to_get_the_line() -> None:
    x = Value(0.0, "x")
    report = diagnose(sqrt(x) + 1.0)
    assert str(report) == (
        "the root is 1, but a derivative of it is not finite. It starts here:\n"
        "the derivative of sqrt(x=0.0) by x is inf: a square root at 0, where its slope is infinite\n"
        "  on the way to the root: sqrt → add\n"
        "  usual cure: sqrt(x + 1e-12); for a length norm(xs) or hypot, whose slope at 0 is 0\n"
        "  its line in the source: run it again inside `with record_sources():`"
    )


def test_other_starts_are_counted() -> None:
    x = Value(0.0)
    report = diagnose(total([log(x), log(x), 1.0]))
    assert report.notes == ("1 other value of the graph became inf or nan as well",)
    report = diagnose(total([sqrt(x), sqrt(x), sqrt(x)]))
    assert report.notes == ("2 more derivatives are not finite by themselves",)


def test_the_path_leads_from_the_start_to_the_root() -> None:
    x = Value(0.0)
    start = log(x)
    values = [start]
    for _ in range(20):
        values.append(values[-1] * 0.5)
    report = diagnose(values[-1])
    assert report.path == tuple(values)
    assert "log → mul → mul → mul → (13 more) → mul → mul → mul → mul" in str(report)


def test_it_changes_nothing() -> None:
    x = Value(0.0)
    y = sqrt(x) + x
    y.backward()
    before = [(value.data, value.grad) for value in (x, y, *y.operands)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diagnose(y)
        diagnose(log(x))
    assert [(value.data, value.grad) for value in (x, y, *y.operands)] == before


def test_a_hundred_thousand_operations() -> None:
    y = x = Value(0.0, "x")
    y = log(y)
    for _ in range(100_000):
        y = y + 1.0
    report = diagnose(y)
    assert (report.operation, len(report.path)) == ("log", 100_001)
    assert str(report).count("\n") < 8
    assert diagnose(x + 1.0).ok


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"diagnose takes the Value to look at, a loss, got 2.0 \(float\)"):
        diagnose(2.0)  # type: ignore[arg-type]


def test_hostile_labels_stay_on_one_line() -> None:
    x = Value(0.0, "a\nb\u202e")
    assert diagnose(log(x)).line.startswith("log(a↵b\ufffd=0.0) is -inf")


# -- the documentation --------------------------------------------------------------------------------


def table_of_causes() -> list[str]:
    """Return the lines of the table in docs/diagnose.md."""
    causes = [
        (row.name, f"{row.name}({', '.join(f'{x:g}' for x in trouble.example)})", trouble)
        for row in TABLE.values()
        for trouble in row.troubles
    ]
    general = [diagnosing.DATA, diagnosing.PARAMETER, words.OVERFLOW, words.OUTSIDE, words.STEEP]
    general += [words.INFINITE, diagnosing.PRODUCT_OVERFLOW, words.SUM_OVERFLOW, diagnosing.EARLIER]
    rows = [
        f"| `{name}` | `{example}` | {trouble.what} | {trouble.cure} |" for name, example, trouble in causes
    ]
    return rows + [f"| any | | {trouble.what} | {trouble.cure} |" for trouble in general]


def test_the_documentation_lists_every_cause() -> None:
    lines = table_of_causes()
    assert len(lines) >= 12
    written = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert written[1:] == lines, "the table should read:\n" + "\n".join(lines)


def test_the_example_of_the_documentation_runs() -> None:
    _, _, after = DOCS.read_text(encoding="utf-8").partition("```python\n")
    program, _, rest = after.partition("```")
    shown = rest.partition("```text\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    printed: list[str] = []
    names["print"] = lambda thing: printed.append(str(thing))
    linecache.cache["train.py"] = (len(program), None, program.splitlines(True), "train.py")
    exec(compile(program, "train.py", "exec"), names)
    assert "\n".join(printed) + "\n" == shown
