"""Rows of one's own: declared, implicit or a black box, they have everything a built-in row has."""

import copy
import math
import pickle
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    TABLE,
    GradientError,
    NotFiniteError,
    Primitive,
    Value,
    black_box,
    check_gradients,
    cos,
    declare,
    exp,
    forget,
    grad,
    hessian,
    implicit,
    jvp,
    sin,
    strict,
    taylor,
)
from chainrule.viz import draw

BUILT_IN = {*TABLE}


@pytest.fixture(autouse=True)
def table_as_it_was() -> Iterator[None]:
    yield
    for name in {*TABLE} - BUILT_IN:
        forget(name)


def square_sine() -> Primitive:
    @declare(partials=lambda x, out: (2.0 * x * cos(x * x),), points=((0.5,), (1.2,)), symbol="sin²")
    def square_sine(x: float) -> float:
        """Sine of x squared."""
        return math.sin(x * x)

    return square_sine


def kepler() -> Primitive:
    """Return the eccentric anomaly E by mean anomaly M and eccentricity e: E - e sin E = M."""

    def solve(mean: float, e: float) -> float:
        E = mean
        for _ in range(50):
            E -= (E - e * math.sin(E) - mean) / (1.0 - e * math.cos(E))
        return E

    return implicit("kepler", lambda E, mean, e: E - e * sin(E) - mean, solve, points=((1.0, 0.3),))


# -- declare ------------------------------------------------------------------------------------------


def test_a_declared_row_is_a_function_of_floats_and_values_and_a_method() -> None:
    row = square_sine()
    assert row(0.5) == math.sin(0.25)
    assert type(row(0.5)) is float
    x: Any = Value(0.5)
    for result in (row(x), x.square_sine(), TABLE["square_sine"](x)):
        x.grad = 0.0
        result.backward()
        assert (result.data, x.grad) == (math.sin(0.25), math.cos(0.25))
        assert result.primitive is row
    assert row.formula == "Sine of x squared."


def test_a_declared_row_has_derivatives_of_any_order_in_every_mode() -> None:
    row = square_sine()
    x, c, s = 0.5, math.cos(0.25), math.sin(0.25)
    expected = [s, c, 2.0 * c - s, -6.0 * x * 2.0 * s - 8.0 * x**3 * c]
    expected[1], expected[2] = 2.0 * x * c, 2.0 * c - 4.0 * x * x * s
    assert taylor(row, x, 3) == pytest.approx(expected, rel=1e-14)
    assert grad(grad(grad(row)))(x) == pytest.approx(expected[3], rel=1e-14)
    assert jvp(grad(row), (x,), (1.0,))[1] == pytest.approx(expected[2], rel=1e-14)
    assert check_gradients(row, x).differences < 1e-9


def test_a_declared_row_works_on_object_arrays_and_under_strict() -> None:
    @declare(partials=lambda x, y, out: (1.0 / y, -out / y))
    def ratio(x: float, y: float) -> float:
        return x / y

    assert np.frompyfunc(ratio, 2, 1)(np.array([Value(1.0), Value(3.0)]), 2.0)[1].data == 1.5
    assert math.isnan(ratio(Value(1.0), 0.0).data)  # outside its domain
    with strict(), pytest.raises(NotFiniteError, match=re.escape("ratio(x=1.0, y=0.0) is nan")):
        ratio(Value(1.0), 0.0)


def test_copies_and_pickles_of_graphs_hold_a_declared_row_by_name() -> None:
    row = square_sine()
    y = row(Value(0.5))
    for same in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert same.primitive is row
        same.backward()
        assert same.operands[0].grad == math.cos(0.25)


@pytest.mark.parametrize(
    "partials", [lambda x, y, out: (y,), lambda x, y, out: (y, x, 1.0), lambda x, y, out: y]
)
def test_partials_that_are_not_one_for_each_operand_are_an_error_everywhere(
    partials: Callable[..., Any],
) -> None:
    # Left alone, a missing one would drop a gradient in silence.
    @declare(partials=partials)
    def product(x: float, y: float) -> float:
        return x * y

    two: Any = Value(2.0)
    for use in (
        lambda: product(Value(2.0), Value(3.0)),
        lambda: two.product(3.0),
        lambda: grad(product)(2.0, 3.0),
        lambda: taylor(lambda x: product(x, 3.0), 2.0, 1),
        lambda: check_gradients(product, 2.0, 3.0),
        lambda: product(Value(math.inf), 0.0),
    ):
        with pytest.raises(TypeError, match="partials of product must be a tuple with one for each of its 2"):
            use()


def test_a_variadic_row_with_a_partial_missing_is_an_error() -> None:
    row = Primitive(
        name="last_square",
        formula="the square of the last operand",
        variadic=True,
        evaluate=lambda xs: xs[-1] * xs[-1],
        partials=lambda xs, out: (2.0 * xs[-1],),
    )
    assert row(Value(3.0)).partials == (6.0,)
    for use in (lambda: row(Value(2.0), 3.0), lambda: grad(row, argnums=(0, 1))(2.0, 3.0)):
        with pytest.raises(TypeError, match="'last_square' gives 1 partials for 2 operands: it needs one"):
            use()


def test_a_black_box_with_too_few_derivatives_is_an_error() -> None:
    row = black_box("area", lambda x, y: x * y, lambda x, y: [y])
    with pytest.raises(TypeError, match=r"the partials of area must be a tuple .* 2 operands, got \[3.0\]"):
        row(Value(2.0), 3.0)


def test_numpys_numbers_do_not_get_into_the_graph() -> None:
    @declare(partials=lambda x, out: (np.cos(x),))
    def np_sin(x: float) -> Any:
        return np.sin(x)

    x = Value(0.5)
    y = np_sin(x)
    y.backward()
    assert {type(y.data), type(y.partials[0]), type(x.grad)} == {float}
    assert grad(grad(np_sin))(0.5) == -math.sin(0.5)  # np.cos knows Values too


def test_operands_with_defaults_may_be_left_out() -> None:
    @declare(partials=lambda x, rate, years, out: (out / x, 0.0, 0.0))
    def discounted(x: float, rate: float = 0.25, years: int = 2) -> float:
        return x / (1.0 + rate) ** years

    assert discounted(Value(3.0)).data == discounted(3.0, 0.25) == discounted(3.0, 0.25, 2.0) == 1.92
    with pytest.raises(TypeError, match="discounted takes 3 operands, got 0"):
        discounted()


def test_a_complex_result_is_nan() -> None:
    @declare(partials=lambda x, out: (0.5 / out,))
    def python_root(x: float) -> Any:
        return x**0.5

    assert math.isnan(python_root(-1.0))
    assert math.isnan(python_root(Value(-1.0)).partials[0])


def test_declaring_a_name_again_replaces_the_row() -> None:
    old = square_sine()
    new = square_sine()
    assert TABLE["square_sine"] is new is not old
    x: Any = Value(0.5)
    assert x.square_sine().primitive is new


def test_a_wrong_partial_is_caught_by_name_and_leaves_nothing_behind() -> None:
    with pytest.raises(GradientError, match=r"partial 0 of the row 'wrong_tan' gives .* differences .* say"):

        @declare(partials=lambda x, out: (1.0 - out * out,), points=((0.5,),))
        def wrong_tan(x: float) -> float:
            return math.tan(x)

    assert "wrong_tan" not in TABLE
    assert not hasattr(Value, "wrong_tan")


def test_a_replacement_that_is_wrong_does_not_take_the_name() -> None:
    square_sine()
    with pytest.raises(GradientError):

        @declare(partials=lambda x, out: (x,), points=((0.5,),))
        def square_sine_(x: float) -> float:
            return math.sin(x * x)

    assert "square_sine" in TABLE


@pytest.mark.parametrize("name", ["tanh", "data", "grad", "backward", "add", "__add__"])
def test_names_that_are_taken_are_refused(name: str) -> None:
    def f(x: float) -> float:
        return x

    f.__name__ = name
    before = getattr(Value, name)
    with pytest.raises(ValueError, match=f"a row cannot be named '{name}'"):
        declare(partials=lambda x, out: (1.0,))(f)
    assert getattr(Value, name) == before


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a name that Python can call it by, got '<lambda>'"):
        declare(partials=lambda x, out: (1.0,))(lambda x: x)


def test_a_function_of_unknown_arity_is_refused() -> None:
    with pytest.raises(TypeError, match="any number of arguments: wrap it in a lambda"):
        black_box("anything", lambda *xs: sum(xs), lambda *xs: xs)


def test_forget_takes_only_rows_of_ones_own() -> None:
    square_sine()
    forget("square_sine")
    assert "square_sine" not in TABLE
    assert not hasattr(Value(1.0), "square_sine")
    for name in ("tanh", "square_sine"):
        with pytest.raises(ValueError, match=f"'{name}' is not a row of your own"):
            forget(name)
    assert "tanh" in TABLE


# -- implicit -----------------------------------------------------------------------------------------


def kepler_second(E: float, e: float) -> list[list[float]]:
    """Return the Hessian of E by M and e, by differentiating Kepler's equation by hand."""
    s, d = math.sin(E), 1.0 - e * math.cos(E)
    mm = -e * s / d**3
    me = (math.cos(E) * d - e * s * s) / d**3
    ee = s * (2.0 * math.cos(E) * d - e * s * s) / d**3
    return [[mm, me], [me, ee]]


@pytest.mark.parametrize(("mean", "e"), [(1.0, 0.3), (2.5, 0.7), (0.2, 0.05)])
def test_keplers_equation_has_first_and_second_derivatives(mean: float, e: float) -> None:
    row = kepler()
    E = row(mean, e)
    assert E - e * math.sin(E) == pytest.approx(mean, rel=1e-15)
    d = 1.0 - e * math.cos(E)
    assert grad(row, argnums=(0, 1))(mean, e) == pytest.approx((1.0 / d, math.sin(E) / d), rel=1e-13)
    found = hessian(lambda p: row(*p))([mean, e])
    assert np.array(found) == pytest.approx(np.array(kepler_second(E, e)), rel=1e-12)
    assert check_gradients(row, mean, e).differences < 1e-8


def test_an_implicit_row_has_third_derivatives_and_series() -> None:
    root = implicit("cube_root", lambda y, x: y**3 - x, lambda x: x ** (1.0 / 3.0), points=((2.0,),))
    exact = [2.0 ** (1 / 3), 2.0 ** (-2 / 3) / 3, -(2.0 ** (-5 / 3)) * 2 / 9, 2.0 ** (-8 / 3) * 10 / 27]
    assert taylor(root, 2.0, 3) == pytest.approx(exact, rel=1e-13)
    assert grad(grad(grad(root)))(2.0) == pytest.approx(exact[3], rel=1e-13)


def test_a_wrong_root_is_caught_by_name() -> None:
    with pytest.raises(GradientError, match="'half'"):
        implicit("half", lambda y, x: 2.0 * y - x, lambda x: x / 3.0, points=((2.0,),))


def test_a_residual_that_is_flat_in_its_root_gives_an_infinite_derivative() -> None:
    row = implicit("flat", lambda y, x: y**3 - x, lambda x: math.copysign(math.fabs(x) ** (1.0 / 3.0), x))
    assert math.fabs(grad(row)(0.0)) == math.inf


# -- black boxes --------------------------------------------------------------------------------------


def test_a_black_box_has_first_derivatives_in_both_modes() -> None:
    row = black_box(
        "plane", lambda x, y: math.hypot(x, y), lambda x, y: (x / math.hypot(x, y), y / math.hypot(x, y))
    )
    assert grad(row, argnums=(0, 1))(3.0, 4.0) == pytest.approx((0.6, 0.8), rel=1e-15)
    assert jvp(row, (3.0, 4.0), (1.0, 0.0)) == (5.0, pytest.approx(0.6, rel=1e-15))
    one = black_box(
        "gudermann", lambda x: math.atan(math.sinh(x)), lambda x: 1.0 / math.cosh(x), points=((0.5,),)
    )
    assert grad(lambda x: exp(one(x)))(0.0) == 1.0


@pytest.mark.parametrize("second", [lambda f: grad(grad(f)), hessian, lambda f: lambda x: taylor(f, x, 2)])
def test_a_second_derivative_of_a_black_box_is_an_error_that_says_so(second: Callable[..., Any]) -> None:
    row = black_box("box", math.sin, math.cos)
    with pytest.raises(TypeError, match=r"box is a black box: .* no second one; with declare"):
        second(lambda x: row(x) * x)(1.0)


def test_a_wrong_derivative_of_a_black_box_is_caught_by_name() -> None:
    with pytest.raises(GradientError, match="partial 0 of the row 'box' gives"):
        black_box("box", math.sin, lambda x: -math.cos(x), points=((0.5,),))
    assert "box" not in TABLE


# -- pictures -----------------------------------------------------------------------------------------


def test_a_row_of_ones_own_is_drawn_with_its_symbol_or_name() -> None:
    box = black_box("box", lambda x: 2.0 * x, lambda x: 2.0)
    text = draw(box(square_sine()(Value(0.5, label="x")))).dot
    assert "sin²" in text
    assert "box" in text


def test_taylor_takes_the_first_derivative_of_a_black_box_and_no_second() -> None:
    sine = black_box("sine_of_theirs", lambda x: math.sin(x), lambda x: math.cos(x))
    try:
        assert taylor(lambda x: 2.0 * sine(x), 0.3, 1) == [2.0 * math.sin(0.3), 2.0 * math.cos(0.3)]
        with pytest.raises(TypeError, match=r"sine_of_theirs is a black box: .* so it has no second one"):
            taylor(sine, 0.3, 2)
    finally:
        forget("sine_of_theirs")
