"""grad, jacobian, hessian, jvp, vjp, hvp: derivatives of functions, nested at will."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    Constant,
    Value,
    cos,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    maximum,
    no_grad,
    pow,
    sin,
    sqrt,
    tanh,
    value_and_grad,
    vjp,
    where,
)

Function = Callable[..., Any]


def close(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-14, abs=1e-15)


def curved(p: Any) -> Any:
    """Return a function of three numbers, none of whose second derivatives is zero."""
    x, y, z = p
    return exp(x * y) * sin(z) + x * z / y


POINT = [0.5, 1.5, -0.75]


def gradient_of_curved() -> list[float]:
    x, y, z = POINT
    e = math.exp(x * y)
    return [
        y * e * math.sin(z) + z / y,
        x * e * math.sin(z) - x * z / y**2,
        e * math.cos(z) + x / y,
    ]


def hessian_of_curved() -> list[list[float]]:
    x, y, z = POINT
    e, s, c = math.exp(x * y), math.sin(z), math.cos(z)
    xy = (1.0 + x * y) * e * s - z / y**2
    xz, yz = y * e * c + 1.0 / y, x * e * c - x / y**2
    return [[y * y * e * s, xy, xz], [xy, x * x * e * s + 2.0 * x * z / y**3, yz], [xz, yz, -e * s]]


# -- each on its own ----------------------------------------------------------------------------------


def test_grad_gives_closed_forms() -> None:
    assert grad(curved)(POINT) == close(gradient_of_curved())
    value, gradient = value_and_grad(curved)(POINT)
    assert value == float(curved(POINT))
    assert gradient == grad(curved)(POINT)
    assert all(type(number) is float for number in [value, *gradient])


def test_hessian_gives_closed_forms() -> None:
    found = hessian(curved)(POINT)
    assert all(type(number) is float for row in found for number in row)
    for row, expected in zip(found, hessian_of_curved(), strict=True):
        assert row == close(expected)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_jacobian_gives_closed_forms_in_both_modes(mode: Any) -> None:
    def f(p: Any) -> Any:
        return [p[0] * p[1], tanh(p[1]), 3.0]

    assert jacobian(f, mode=mode)([2.0, 0.5]) == [
        [0.5, 2.0],
        [0.0, close(1.0 - math.tanh(0.5) ** 2)],
        [0.0, 0.0],
    ]
    assert jacobian(grad(curved), mode=mode)(POINT) == [close(row) for row in hessian_of_curved()]


def test_hvp_jvp_and_vjp_are_rows_and_columns_of_the_same_matrices() -> None:
    v = [0.25, -2.0, 1.0]
    matrix = np.array(hessian_of_curved())
    assert hvp(curved, POINT, v) == close((matrix @ v).tolist())
    value, moved = jvp(curved, (POINT,), (v,))
    assert value == curved(POINT)
    assert moved == close(float(np.dot(gradient_of_curved(), v)))
    gradient, pull = vjp(grad(curved), POINT)
    assert gradient == grad(curved)(POINT)
    assert pull(v) == (close((matrix @ v).tolist()),)
    assert pull([1, 0, 0]) == (close(hessian_of_curved()[0]),)  # a pull can be used again, and with ints


def test_jvp_and_vjp_take_several_arguments() -> None:
    def f(x: Any, ys: Any) -> Any:
        return [x * ys[0], x + ys[1]]

    assert jvp(f, (2.0, [3.0, 4.0]), (1.0, [0.5, -1.0])) == ([6.0, 6.0], [4.0, 0.0])
    value, pull = vjp(f, 2.0, [3.0, 4.0])
    assert (value, pull([1.0, 10.0])) == ([6.0, 6.0], (13.0, [2.0, 10.0]))


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [(0, 3.0), (1, 2.0), (-1, 2.0), ((0, 1), (3.0, 2.0)), ((1, 0), (2.0, 3.0)), ([-1], (2.0,))],
)
def test_argnums_says_by_what(argnums: Any, expected: Any) -> None:
    assert grad(lambda x, y: x * y, argnums)(2.0, 3.0) == expected
    assert value_and_grad(lambda x, y: x * y, argnums)(2.0, 3.0) == (6.0, expected)
    assert jacobian(lambda x, y: [x * y], argnums)(2.0, 3.0) == [expected]


def test_an_argument_chosen_twice_is_no_silent_zero() -> None:
    # JAX gives the gradient twice; an error is as good, the half that was (0.0, 1.0) is not.
    try:
        found = grad(lambda x: x, argnums=(0, 0))(1.0)
    except (TypeError, ValueError):
        return
    assert found == (1.0, 1.0)


def test_other_arguments_pass_through_untouched() -> None:
    seen: list[Any] = []

    def f(x: Any, y: Any, *, mode: Any) -> Any:
        seen.append((y, mode))
        return x * x

    assert grad(f)(3.0, "text", mode=None) == 6.0
    assert seen == [("text", None)]


def test_keyword_arguments_alone_give_a_dictionary_of_the_same_names() -> None:
    def f(x: Any, y: Any = 5.0, name: str = "") -> Any:
        return x * y

    assert grad(f)(x=2.0) == {"x": 5.0}
    assert grad(f)(y=3.0, x=2.0, name="area") == {"y": 2.0, "x": 3.0, "name": "area"}
    assert hessian(f)(x=2.0, y=3.0) == {"x": {"x": 0.0, "y": 1.0}, "y": {"x": 1.0, "y": 0.0}}
    assert jacobian(lambda x, y: [x, y])(x=2.0, y=3.0) == [{"x": 1.0, "y": 0.0}, {"x": 0.0, "y": 1.0}]


def test_the_function_keeps_its_name() -> None:
    assert grad(curved).__name__ == "curved"
    assert grad(curved).__doc__ == curved.__doc__


@pytest.mark.parametrize("result", [3.0, 3, Constant(3.0)], ids=repr)
def test_a_function_that_ignores_its_argument_has_gradient_zero(result: Any) -> None:
    assert value_and_grad(lambda x: result)(1.0) == (3.0, 0.0)
    assert jvp(lambda x: result, (1.0,), (1.0,)) == (3.0, 0.0)
    assert vjp(lambda x: result, 1.0)[1](1.0) == (0.0,)
    assert hessian(lambda x: result)([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]


def test_an_argument_returned_as_it_is_has_gradient_one() -> None:
    assert value_and_grad(lambda x: x)(2.0) == (2.0, 1.0)
    assert jacobian(lambda x: [x, x])(2.0) == [1.0, 1.0]
    assert jvp(lambda x: [x, x], (2.0,), (0.5,)) == ([2.0, 2.0], [0.5, 0.5])
    assert vjp(lambda x: [x, x], 2.0)[1]([1.0, 10.0]) == (11.0,)


# -- beside Values of the user's own ------------------------------------------------------------------


def test_a_function_of_outer_values_gives_values_that_lead_to_them() -> None:
    w = Value(3.0)
    slope = grad(lambda x: w * x * x)(2.0)
    assert isinstance(slope, Value)
    assert slope.data == 12.0
    slope.backward()
    assert w.grad == 4.0


def test_a_value_as_argument_gives_a_value_that_leads_to_it() -> None:
    x = Value(2.0)
    slope = grad(lambda t: t**3)(x)
    slope.backward()
    assert (slope.data, x.grad) == (12.0, 12.0)
    value, moved = jvp(lambda t: t**3, (x,), (1.0,))
    assert (value.data, moved.data) == (8.0, 12.0)


def test_grad_leaves_no_trace_on_values_outside() -> None:
    w, x = Value(3.0), Value(2.0)
    grad(lambda t: w * t * t)(x)
    hessian(lambda p: w * p[0] * p[1])([x, 1.0])
    assert (w.grad, x.grad) == (0.0, 0.0)


def test_inside_no_grad_results_are_floats() -> None:
    w = Value(3.0)
    with no_grad():
        slope = grad(lambda x: w * x * x)(2.0)
        second = grad(grad(lambda x: w * x * x))(2.0)
    assert (slope, second) == (12.0, 6.0)
    assert (type(slope), type(second)) == (float, float)


def test_no_grad_inside_the_function_cuts_what_is_made_there() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            factor = x * x
        return factor * x

    assert grad(f)(3.0) == 9.0


# -- where derivatives end ----------------------------------------------------------------------------


def test_a_branch_is_differentiated_on_the_side_taken() -> None:
    def f(x: Any) -> Any:
        return log(x) if x > 0.0 else 0.0

    assert [grad(f)(x) for x in (2.0, 0.0, -1.0)] == [0.5, 0.0, 0.0]


@pytest.mark.parametrize("way", ["reverse", "forward"])
def test_a_strong_zero_wins_over_an_infinite_partial(way: str) -> None:
    def slope(f: Function) -> Any:
        return grad(f)(0.0) if way == "reverse" else jvp(f, (0.0,), (1.0,))[1]

    assert slope(lambda x: 0.0 * sqrt(x)) == 0.0
    assert slope(lambda x: maximum(1.0, log(x))) == 0.0


def test_infinities_and_nan_come_back_as_numbers() -> None:
    assert value_and_grad(lambda x: 1.0 / x)(0.0) == (math.inf, -math.inf)
    assert grad(sqrt)(0.0) == math.inf
    assert grad(lambda x: x * x)(math.inf) == math.inf
    assert math.isnan(grad(lambda x: x * x)(math.nan))
    assert math.isnan(grad(log)(-1.0)) or grad(log)(-1.0) == -1.0  # NumPy's rule, or the formula's
    assert hessian(exp)(1000.0) == math.inf


def test_mixed_second_derivatives_of_a_power_are_symmetric_at_exponent_zero() -> None:
    # d/dx d/dy x**y = x**(y - 1) * (1 + y log x), which is 1 / x at y = 0.
    for x in (1.0, 2.0):
        mixed = [close(0.0), close(1.0 / x)], [close(1.0 / x), close(math.log(x) ** 2)]
        assert hessian(lambda p: pow(p[0], p[1]))([x, 0.0]) == [*mixed]


def test_arguments_of_cosines_are_not_shared_between_calls() -> None:
    slope = grad(cos)
    assert [slope(0.0), slope(1.0), slope(0.0)] == [0.0, -math.sin(1.0), 0.0]


ZERO_TIMES_INFINITE: dict[str, tuple[Callable[[Any], Any], float]] = {
    "an infinite slope meets a slope of zero": (lambda x: sqrt(x * x), math.nan),
    "an infinite slope meets a factor of zero": (lambda x: sqrt(0.0 * x), math.nan),
    "a slope of zero takes nothing from an infinite one": (lambda x: sqrt(x) * 0.0, 0.0),
    "the branch that is not taken": (lambda x: where(x > 0.0, sqrt(x), 0.0 * x), 0.0),
    "two infinite slopes, each times zero": (lambda x: sqrt(x) * sqrt(x), 0.0),
}


@pytest.mark.parametrize("case", ZERO_TIMES_INFINITE)
def test_forward_and_reverse_mode_agree_on_zero_times_infinite(case: str) -> None:
    f, expected = ZERO_TIMES_INFINITE[case]
    found = [grad(f)(0.0), jvp(f, (0.0,), (1.0,))[1]]
    assert found == pytest.approx([expected] * 2, nan_ok=True)

    def slope(x: Any) -> Any:
        return jvp(f, (x,), (1.0,))[1]

    second = [grad(grad(f))(0.0), jvp(grad(f), (0.0,), (1.0,))[1], grad(slope)(0.0), slope_of(slope)]
    assert second == pytest.approx([second[0]] * 4, nan_ok=True)


def slope_of(f: Callable[[Any], Any]) -> Any:
    return jvp(f, (0.0,), (1.0,))[1]


def test_a_leaf_that_does_not_move_gives_nothing_through_an_infinite_slope() -> None:
    assert jvp(lambda x, y: sqrt(x) + y, (0.0, 1.0), (0.0, 1.0)) == (1.0, 1.0)


def test_what_else_is_to_be_seen_comes_beside_the_value() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y, [x + y, {"label": "sum"}, None]

    assert value_and_grad(f, has_aux=True)(2.0, 3.0) == ((6.0, [5.0, {"label": "sum"}, None]), 3.0)
    both = value_and_grad(f, argnums=(0, 1), has_aux=True)
    assert both(2.0, 3.0) == ((6.0, [5.0, {"label": "sum"}, None]), (3.0, 2.0))
    # What is only seen gives nothing to the gradient, also where its partials are infinite.
    assert value_and_grad(lambda x: (x * x, x.sqrt()), has_aux=True)(0.0) == ((0.0, 0.0), 0.0)
    assert value_and_grad(lambda x: (x, x), has_aux=True)(2.0) == ((2.0, 2.0), 1.0)
    # Inside another derivative both are Values.
    assert (
        grad(lambda x: value_and_grad(lambda y: (x * y * y, x * y), has_aux=True)(3.0)[0][1] * x)(2.0) == 12.0
    )


@pytest.mark.parametrize("returned", [lambda x: x, lambda x: [x, x], lambda x: (x, x, x)])
def test_has_aux_needs_a_pair(returned: Any) -> None:
    with pytest.raises(
        TypeError, match=r"value_and_grad\(has_aux=True\) needs a function that returns a pair"
    ):
        value_and_grad(returned, has_aux=True)(2.0)


def test_the_value_beside_aux_is_one_number() -> None:
    with pytest.raises(TypeError, match=r"needs a function that returns one number, got .*: jacobian"):
        value_and_grad(lambda x: ([x, x], x), has_aux=True)(2.0)
