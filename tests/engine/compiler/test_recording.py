"""What cannot be recorded is refused, with the way out; nothing is frozen in silence."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    Value,
    exp,
    grad,
    hessian,
    hvp,
    hypot,
    jacobian,
    jvp,
    maximum,
    no_grad,
    piecewise,
    sqrt,
    take,
    where,
)
from chainrule.engine.compiler import RecordingError, compile
from chainrule.nn import MLP, Module, Parameter

BRANCH = r"a branch on a number that compile records: .* use where\(condition, x, y\), maximum"
INDEX = r"cannot choose an element: .* use take\(rows, i\)"
FLOAT = r"float\(\.\.\.\) of a number that compile records would freeze it: use the methods"

FROZEN: list[tuple[str, Callable[[Any], Any], str]] = [
    ("if", lambda x: x if x > 0 else -x, BRANCH),
    ("Python's max", lambda x: max(x, 0.0), BRANCH),
    ("Python's min", lambda x: min([x, 2.0 * x]), BRANCH),
    ("sorted", lambda x: sorted([x, -x])[0], BRANCH),
    ("while", lambda x: [x for _ in range(9) if x > 0.0], BRANCH),
    ("and", lambda x: (x > 0.0 and x) * 1.0, BRANCH),
    ("microgpt's maximum", lambda x: x - max(v.data for v in [x, 2.0 * x]), BRANCH),
    ("an index", lambda x: [1.0, 2.0][x], INDEX),
    ("range", lambda x: sum(range(x)), INDEX),
    ("int", lambda x: int(x), INDEX),
    ("math.exp", lambda x: math.exp(x), FLOAT),
    ("float", lambda x: float(x.data), FLOAT),
    ("NumPy's floats", lambda x: np.array([x], dtype=float), FLOAT),
    (
        "backward",
        lambda x: (x * x).backward(),
        "backward\\(\\) cannot run while compile records: return the loss",
    ),
    ("grad", lambda x: x.grad, "a gradient is not known while compile records"),
    ("assigning grad", lambda x: setattr(x, "grad", 0.0), "assigning to .grad while compile records"),
    ("assigning data", lambda x: setattr(x, "data", 0.0), "assigning to .data while compile records"),
]


@pytest.mark.parametrize(("f", "message"), [case[1:] for case in FROZEN], ids=[case[0] for case in FROZEN])
def test_what_would_freeze_a_number_is_refused(f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        compile(f)(1.0)


def test_the_error_stands_at_the_line_that_asked() -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        return y if y > 1.0 else x  # here

    with pytest.raises(RecordingError) as caught:
        compile(f)(1.0)
    lines = [str(entry.statement) for entry in caught.traceback]
    assert any("if y > 1.0" in line for line in lines)


def test_the_data_of_a_value_is_recorded_as_a_number_without_history() -> None:
    kernel = compile(lambda x: x * x.data + x.item() + x.detach())
    assert kernel.value_and_grad(3.0) == (15.0, 3.0)
    assert kernel.value_and_grad(-2.0) == (0.0, -2.0)


def test_no_grad_is_recorded() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            y = x * x
        return x * y

    kernel = compile(f)
    assert kernel.value_and_grad(3.0) == (27.0, 9.0)
    assert kernel.value_and_grad(2.0) == (8.0, 4.0)


def test_conditions_combine_as_truth_values_do() -> None:
    def f(x: Any) -> Any:
        return where((x > 0.0) & (x < 1.0), 1.0, 0.0) + where((x < -1.0) | (x == 5.0), 10.0, 0.0)

    kernel = compile(f)
    assert [kernel(x) for x in (0.5, 2.0, -3.0, 5.0, -0.5)] == [f(x) for x in (0.5, 2.0, -3.0, 5.0, -0.5)]


def test_nan_is_told_from_a_number_by_comparing_it_with_itself() -> None:
    kernel = compile(lambda x: where(x != x, -1.0, x))
    assert [kernel(math.nan), kernel(2.0)] == [-1.0, 2.0]


def test_values_from_around_are_read_anew_at_every_call() -> None:
    w = Value(3.0, "w")
    kernel = compile(lambda x: w * x)
    assert kernel(2.0) == 6.0
    w.data = 5.0
    assert kernel.value_and_grad(2.0) == (10.0, 5.0)


def test_a_piecewise_function_is_recorded_with_both_sides() -> None:
    @piecewise
    def payoff(price: Any, strike: Any) -> Any:
        return price - strike if price > strike else 0.0

    kernel = compile(payoff)
    assert kernel.value_and_grad(105.0, 100.0) == (5.0, 1.0)
    assert kernel.value_and_grad(95.0, 100.0) == (0.0, 0.0)
    assert payoff(105.0, 100.0) == 5.0


def test_modules_get_their_parameters_back() -> None:
    model = MLP(2, [3, 1], seed=1)
    before = [(type(p), p.data, p.grad, p.operands, p.partials, p.label) for p in model.parameters()]
    compile(lambda m, x: m(x))(model, [0.5, -1.0])
    assert [(type(p), p.data, p.grad, p.operands, p.partials, p.label) for p in model.parameters()] == before

    def fails(m: Any, x: Any) -> Any:
        m(x)
        raise KeyError("in the middle")

    with pytest.raises(KeyError, match="in the middle"):
        compile(fails)(model, [0.5, -1.0])
    assert [(type(p), p.data, p.grad, p.operands, p.partials, p.label) for p in model.parameters()] == before


def test_a_number_kept_from_a_recording_says_that_it_is_over() -> None:
    kept: list[Any] = []
    kernel = compile(lambda x: kept.append(x * 2.0) or x)  # type: ignore[func-returns-value]
    assert kernel(1.0) == 1.0
    with pytest.raises(RecordingError, match="belongs to a recording that is over"):
        kept[0] + 1.0
    assert "recorded v" in repr(kept[0])


def test_a_number_of_another_recording_is_refused() -> None:
    kept: list[Any] = []
    compile(lambda x: kept.append(x) or x)(1.0)  # type: ignore[func-returns-value]
    with pytest.raises(RecordingError, match="a number of another recording"):
        compile(lambda x: x + kept[0])(1.0)


def test_what_returns_no_number_is_refused() -> None:
    with pytest.raises(TypeError, match="compile needs a function that returns numbers, got 'text'"):
        compile(lambda x: "text")(1.0)


def test_operands_that_are_no_numbers_are_refused_as_on_values() -> None:
    with pytest.raises(TypeError, match="exp takes Values and plain numbers, got 'a'"):
        compile(lambda x: exp(x) + exp("a"))(1.0)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="unsupported operand"):
        compile(lambda x: x + "a")(1.0)


def test_derivatives_inside_a_compiled_function_are_recorded_too() -> None:
    f = lambda x: exp(-x * x)  # noqa: E731
    kernel = compile(lambda x: x * grad(f)(x))
    assert kernel(0.7) == pytest.approx(0.7 * grad(f)(0.7), rel=1e-15)
    second = compile(grad(grad(f)))
    assert second(0.7) == pytest.approx(grad(grad(f))(0.7), rel=1e-15)


def test_shared_parameters_of_a_module_are_one_input() -> None:
    class Tied(Module):
        def __init__(self) -> None:
            self.w = Parameter(2.0)
            self.again = self.w

        def __call__(self, x: Any) -> Any:
            return maximum(self.w * x, self.again)

    model = Tied()
    value, gradient = compile(lambda m, x: m(x)).value_and_grad(model, 3.0)
    assert (value, gradient) == (6.0, [3.0])


def test_hooks_and_watchpoints_on_recorded_numbers_are_refused() -> None:
    with pytest.raises(
        RecordingError, match="machine code calls no hooks: register them on Values, outside what"
    ):
        compile(lambda x: (x * 2.0).register_hook(print))(1.0)
    with pytest.raises(
        RecordingError, match="machine code stops nowhere: watch Values, outside what compile"
    ):
        compile(lambda x: (x * 2.0).break_when(lambda step: True))(1.0)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("power", [3.0, 5.0, 0.5, -2.0, 3.5])
def test_second_derivatives_of_powers_are_those_on_values(power: float, exact: bool) -> None:
    f = lambda x: x**power  # noqa: E731
    once, twice = grad(f), grad(grad(f))
    assert compile(twice, exact=exact)(2.0) == pytest.approx(twice(2.0), rel=1e-14)
    assert compile(once, exact=exact).value_and_grad(2.0)[1] == pytest.approx(twice(2.0), rel=1e-14)
    # Its formulas have sides that nobody takes at 2, where they are nan: times an adjoint of 0 that is 0.
    assert compile(grad(twice), exact=exact)(2.0) == pytest.approx(grad(twice)(2.0), rel=1e-13)


def test_the_hessian_of_a_length_has_no_nan() -> None:
    length = lambda xs: hypot(xs[0], xs[1])  # noqa: E731
    np.testing.assert_allclose(
        compile(hessian(length))([3.0, -4.0]), hessian(length)([3.0, -4.0]), rtol=1e-13
    )


def test_a_comparison_of_a_derivative_sees_the_number_that_values_have() -> None:
    slope = grad(lambda x: where(x > 0.0, sqrt(x), x))
    f = lambda x: where(slope(x) > 0.5, x, -x)  # noqa: E731
    kernel = compile(f)
    assert slope(0.0) == 1.0  # an adjoint of 0 times the infinite slope of the root
    assert kernel(0.0) == 0.0
    assert kernel.value_and_grad(0.0) == (0.0, 1.0)
    assert kernel.value_and_grad(4.0) == (-4.0, -1.0)
    samples = compile(f, batch=0)
    assert samples.value_and_grad(np.array([0.0, 4.0, 0.25]))[1].tolist() == [1.0, -1.0, 1.0]


@pytest.mark.parametrize("exact", [False, True])
def test_forward_mode_inside_has_no_nan_of_sides_that_are_not_taken(exact: bool) -> None:
    def cubes(x: Any) -> Any:
        return x[0] ** 3 * x[1]

    def along(x: Any, v: Any) -> Any:
        return hvp(cubes, x, v)

    x, v = [1.0, 2.0], [1.0, 1.0]
    assert compile(along, exact=exact)(x, v) == along(x, v) == [15.0, 3.0]
    forward = jacobian(grad(cubes), mode="forward")
    assert compile(forward, exact=exact)(x) == forward(x)
    rooted = jacobian(lambda x: where(x > 0.0, sqrt(x), 3.0 * x), mode="forward")
    assert compile(rooted, exact=exact)(-4.0) == rooted(-4.0) == 3.0
    assert compile(rooted, exact=exact)(0.0) == rooted(0.0) == 3.0
    taken = jacobian(lambda rows: take([row * row for row in rows], 1), mode="forward")
    assert compile(taken, exact=exact)([1.0, 2.0]) == taken([1.0, 2.0])

    def chosen(rows: Any, i: Any) -> Any:
        return jvp(lambda rows: take(rows, i), (rows,), ([5.0, 7.0],))[1]

    assert compile(chosen, exact=exact)([1.0, 2.0], 1) == 7.0
