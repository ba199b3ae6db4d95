"""check_gradients: right gradients pass, wrong ones are named with their place, and differences are exact."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import chainrule.engine as engine
from chainrule.engine import (
    TABLE,
    GradientError,
    Primitive,
    abs,
    check_gradients,
    cos,
    exp,
    forget,
    log,
    maximum,
    pow,
    relu,
    sin,
    sqrt,
    tanh,
)
from chainrule.engine.differences import complex_step, one_sided, slope


@pytest.fixture
def wrong_cube() -> Iterator[Primitive]:
    """A row whose partial has the wrong factor."""
    row = Primitive(
        name="wrong_cube",
        formula="x ** 3",
        evaluate=lambda x: x**3,
        partials=lambda x, out: (2.0 * x * x,),
        arity=1,
    )
    yield row
    forget("wrong_cube")


def message(f: Callable[..., Any], *args: Any, **options: Any) -> str:
    with pytest.raises(GradientError) as caught:
        check_gradients(f, *args, **options)
    return str(caught.value)


# -- what is right ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: exp(sin(x)) * tanh(x), (0.7,)),
        (lambda x, y: x**y / (x + y), (1.5, 2.5)),
        (lambda xs: sum(x * x for x in xs), ([1.0, -2.0, 3.0],)),
        (lambda p: sqrt(p["x"]) * log(p["y"]), ({"x": 2.0, "y": 3.0},)),
        (lambda x: relu(x) + abs(x) + maximum(x, 0.25), (0.5,)),
        (lambda x: 1e6 * x**2, (1e-3,)),
        (lambda x: sin(1e3 * x), (0.1234,)),
        (lambda x: exp(x), (-300.0,)),
        (lambda x: 3.0, (1.0,)),
    ],
)
def test_right_functions_pass(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    report = check_gradients(f, *args)
    assert report.forward < 1e-14
    assert report.differences < 1e-6


def test_every_row_of_the_table_passes_at_its_points() -> None:
    for row in list(TABLE.values()):
        for point in row.points:
            if point:
                assert check_gradients(row, *point).differences < 1e-8, row.name


def test_the_report_counts_and_reads() -> None:
    report = check_gradients(lambda x, y: [x * y, sin(x), x], 2.0, 3.0)
    assert (report.inputs, report.outputs) == (2, 3)
    assert report.complex_steps == 1  # x * y by y; by x none, since sin takes no complex number
    assert str(report).startswith("3 x 2 derivatives: forward mode within 0.0e+00, differences within ")
    assert str(report).endswith("(1 by the complex step)")


def test_plain_arithmetic_is_checked_to_the_last_digits() -> None:
    assert check_gradients(lambda x: (x * x - 1.0) / (x + 2.0) ** 3, 0.3).differences < 1e-15


# -- what is wrong ------------------------------------------------------------------------------------


def test_a_wrong_rule_is_named_with_its_row_line_and_slope(wrong_cube: Primitive) -> None:
    def f(x: Any) -> Any:
        y = sin(x) + 1.0
        return exp(wrong_cube(y))  # this line

    text = message(f, 0.5)
    line = f.__code__.co_firstlineno + 2
    assert "output 0 by input 0: the gradient is" in text
    assert f"test_check.py:{line}: a wrong rule" in text
    assert "partial 0 of the row 'wrong_cube' gives" in text
    y = math.sin(0.5) + 1.0
    assert f"gives {2.0 * y * y!r} at ({y!r},), differences of its values say {3.0 * y * y:.8f}"[:-3] in text


def test_a_wrong_rule_called_as_a_method_or_alone_is_named_too(wrong_cube: Primitive) -> None:
    assert "a wrong rule: partial 0 of the row 'wrong_cube'" in message(lambda x: x.wrong_cube(), 2.0)
    assert "a wrong rule: partial 0 of the row 'wrong_cube'" in message(wrong_cube, 2.0)


def test_a_wrong_partial_of_the_second_operand_is_named() -> None:
    row = Primitive(
        name="wrong_second",
        formula="x * y",
        evaluate=lambda x, y: x * y,
        partials=lambda x, y, out: (y, -x),
        arity=2,
    )
    try:
        assert "by operand" not in message(row, 2.0, 3.0)
        assert "output 0 by input 1" in message(row, 2.0, 3.0)
        assert "partial 1 of the row 'wrong_second' gives -2.0" in message(row, 2.0, 3.0)
    finally:
        forget("wrong_second")


def test_a_kink_is_called_a_kink_with_both_slopes() -> None:
    kink = "a kink: its slope by operand 0 is 0 on the left and 1 on the right of 0.0; the rule there is 0.0"
    assert kink in message(relu, 0.0)
    assert kink in message(lambda x: 3.0 * relu(x) + sin(x), 0.0)


@pytest.mark.parametrize(
    ("f", "x", "jump"),
    [
        (lambda x: engine.floor(x) + x, 2.0, "from 1 to 2"),
        (lambda x: engine.sign(x) * x + engine.sign(x), 0.0, "from -1 to 1"),
        (lambda x: (x * 2.0) // 3.0 + x % 2.0, 3.0, "from 1 to 2"),
    ],
)
def test_a_jump_is_a_kink_too(f: Callable[..., Any], x: float, jump: str) -> None:
    assert f"a kink: its value jumps {jump} where operand 0 passes" in message(f, x)


def test_lines_inside_the_engine_are_not_to_blame() -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        return engine.clip(y, 0.0, 1.0) + y  # this line, not one of engine/primitives

    assert f"test_check.py:{f.__code__.co_firstlineno + 2}: a kink" in message(f, 0.5)


@pytest.mark.parametrize("factor", [1.0 + 1e-2, 1.0 + 1e-4, 1.0 + 1e-5, 1.0 - 1e-6])
def test_a_rule_that_is_wrong_by_little_is_wrong(factor: float) -> None:
    row = Primitive(
        name="nearly",
        formula="nearly the sine of x",
        evaluate=lambda x: math.sin(x) * factor,
        partials=lambda x, out: (cos(x),),
        arity=1,
    )
    try:
        for x in (0.3, 2.0, 30.0):
            assert "a wrong rule: partial 0 of the row 'nearly'" in message(row, x, tolerance=1e-8)
    finally:
        forget("nearly")


def test_a_kink_whose_rule_is_its_middle_slope_passes() -> None:
    assert check_gradients(abs, 0.0).differences == 0.0
    assert check_gradients(lambda x: maximum(x, -2.0 * x), 0.0).differences < 1e-12


def test_a_branch_of_the_function_itself_is_told_so() -> None:
    assert "branches on them right here" in message(lambda x: x if x > 0.0 else 2.0 * x, 0.0)


def test_a_matter_of_step_size_is_called_that() -> None:
    # Neighbouring floats here are 1e-4 apart: sine's rule is right, but no step that is tried resolves it.
    assert "a matter of step size: differences by operand 0 at 700000000000.0" in message(sin, 7e11)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.data * x,
        lambda x: x.item() ** 2,
        lambda x: x.detach() * x,
    ],
    ids=["data", "item", "detach"],
)
def test_a_function_that_reads_past_the_graph_is_told_so(f: Callable[..., Any]) -> None:
    text = message(f, 3.0)
    assert "The rule of every operation is right by itself: f reads numbers past the graph" in text


def test_a_function_that_gives_another_result_each_time_is_told_so() -> None:
    calls = iter(range(10_000))
    assert "gives another result each time" in message(lambda x: x * sin(float(next(calls)) + x * 0.0), 1.0)


def test_the_output_and_input_at_fault_are_numbered() -> None:
    assert message(lambda x, y: [x * y, y.data * x], 2.0, 3.0).startswith("output 1 by input 1: ")


def test_infinite_derivatives_are_said_to_be() -> None:
    assert "not finite: its value is 0.0 and its partial 0 is inf" in message(sqrt, 0.0)
    assert "not finite" in message(lambda x: log(x), -1.0)


@pytest.mark.parametrize("x", [math.nan, math.inf])
def test_nothing_is_right_at_a_point_that_is_not_finite(x: float) -> None:
    assert "not finite: its value is" in message(lambda x: x * x, x)


def test_lost_digits_are_among_what_may_be_wrong_beside_the_rules() -> None:
    assert "loses its digits to cancellation" in message(lambda x: (1.0 - cos(x)) / (x * x), 1e-6)


def test_the_tolerance_is_ours_to_set(wrong_cube: Primitive) -> None:
    assert check_gradients(wrong_cube, 1.0, tolerance=0.5).differences == pytest.approx(1.0 / 3.0, rel=1e-6)


def test_a_function_that_returns_no_number_is_an_error() -> None:
    with pytest.raises(TypeError, match="returned no number"):
        check_gradients(lambda x: "text", 1.0)


# -- differences --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "exact"),
    [
        (math.sin, 1.0, math.cos(1.0)),
        (math.exp, 5.0, math.exp(5.0)),
        (math.log, 1e-8, 1e8),
        (lambda x: x**3, 0.0, 0.0),
        (lambda x: 1.0 / x, 1e10, -1e-20),
        (lambda x: math.sin(100.0 * x), 0.3, 100.0 * math.cos(30.0)),
    ],
)
def test_slope_is_right_within_the_error_it_states(
    f: Callable[[float], float], x: float, exact: float
) -> None:
    estimate = slope(f, x)
    assert estimate.error <= 1e-9 * max(abs(exact), 1e-12) or estimate.error < 1e-10
    assert math.fabs(estimate.value - exact) <= 10.0 * estimate.error + 1e-14 * math.fabs(exact)


def test_slope_says_where_there_is_none() -> None:
    assert slope(lambda x: math.nan, 1.0).error == math.inf
    assert slope(lambda x: math.copysign(1.0, x - 1.0), 1.0).error > 1.0


def test_one_sided_slopes() -> None:
    assert one_sided(math.fabs, 0.0) == (-1.0, 1.0)
    left, right = one_sided(lambda x: max(x, 3.0 * x), 0.0)
    assert [left, right] == pytest.approx([1.0, 3.0])


def test_the_complex_step_is_exact_and_knows_its_limits() -> None:
    assert complex_step(lambda z: (z * z + 1.0) / z, 2.0) == 0.75
    assert complex_step(lambda z: z**-2, 1e-3) == pytest.approx(-2e9, rel=1e-14)
    takes_none: list[Any] = [math.sin, exp, lambda z: pow(z, 2.0)]
    assert [complex_step(f, 1.0) for f in takes_none] == [None] * 3
    assert complex_step(lambda z: 1.0, 1.0) is None  # and lost it on the way
