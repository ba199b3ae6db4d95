"""Infinite partials, and roots that are inf or nan."""

import math
import warnings
from collections.abc import Callable

import pytest

from chainrule.engine import Value, exp, log, sqrt, tanh


@pytest.mark.parametrize("function", [sqrt, lambda x: x**0.5, lambda x: abs(x).sqrt()])
def test_zero_adjoint_through_an_infinite_partial_contributes_zero(
    function: Callable[[Value], Value],
) -> None:
    x = Value(0.0)
    y = function(x) * 0.0
    assert y.data == 0.0
    y.backward()
    assert x.grad == 0.0


def test_zero_adjoint_wins_wherever_it_comes_from() -> None:
    x = Value(0.0)
    root = sqrt(x)
    (root * root).backward()  # d/dx of x: the adjoint of root is 2 * root = 0
    assert x.grad == 0.0
    y = Value(0.0)
    sqrt(y).maximum(1.0).backward()
    assert y.grad == 0.0


def test_an_infinite_partial_with_an_adjoint_is_infinite() -> None:
    x = Value(0.0)
    y = sqrt(x)
    y.backward()
    assert (y.data, x.grad) == (0.0, math.inf)
    z = Value(0.0)
    (sqrt(z) * -2.0).backward()
    assert z.grad == -math.inf


def test_a_finite_root_is_no_reason_to_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (sqrt(Value(0.0)) + 1e308).backward()


def test_the_warning_names_the_first_value_that_is_not_finite() -> None:
    x = Value(0.0, label="x")
    y = tanh(log(x) * 2.0) * 5.0 - log(x)
    with pytest.warns(RuntimeWarning) as caught:
        y.backward()
    (warning,) = caught
    assert str(warning.message) == (
        "backward() from a root that is inf: log(x=0.0) is -inf: the logarithm of 0. diagnose(...) says more"
    )
    assert warning.filename == __file__  # points at the user's line


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda x: 1.0 / x, "div(x=1.0, y=0.0) is inf: the denominator is zero"),
        (lambda x: x / x, "div(x=0.0, y=0.0) is nan: 0 / 0: numerator and denominator are both zero"),
        (lambda x: exp(x + 1000.0) * 2.0, "exp(x=1000.0) is inf: an exponential overflows above 709.78"),
        (
            lambda x: (x - 2.0) ** 0.5,
            "pow(x=-2.0, y=0.5) is nan: a negative number has no real power with a fractional exponent",
        ),
        (lambda x: x + math.inf, "the plain number is inf: the number was given, no operation made it"),
        (
            lambda x: Value(math.nan, label="data") * x,
            "the input data is nan: the number was given, no operation made it",
        ),
    ],
)
def test_every_way_to_leave_the_finite_numbers_is_named(make: Callable[[Value], Value], named: str) -> None:
    with pytest.warns(RuntimeWarning) as caught:
        make(Value(0.0)).backward()
    (warning,) = caught
    root = "nan" if "is nan" in named else "inf"
    text = f"backward() from a root that is {root}: {named}. diagnose(...) says more"
    assert str(warning.message) == text


def test_one_line_is_told_of_once_whatever_its_numbers() -> None:
    def step(x: float) -> None:
        (exp(Value(x)) * 2.0).backward()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for i in range(5):
            step(1000.0 + i)
        (1.0 / Value(0.0)).backward()
    assert len(caught) == 2
    assert {warning.filename for warning in caught} == {__file__}


def test_a_nan_made_of_infinities_is_followed_to_them() -> None:
    x = Value(1000.0, "x")
    with pytest.warns(RuntimeWarning) as caught:
        (exp(x) - exp(x)).backward()
    assert str(caught[0].message) == (
        "backward() from a root that is nan: sub(x=inf, y=inf) is nan: inf - inf: infinite terms of both "
        "signs cancel; before that exp(x=1000.0) is inf: an exponential overflows above 709.78. "
        "diagnose(...) says more"
    )


def test_a_warning_made_an_error_leaves_the_gradients_alone() -> None:
    x = Value(2.0)
    (x * x).backward()
    with pytest.raises(RuntimeWarning):  # pytest makes warnings errors here
        (x / 0.0).backward()
    assert x.grad == 4.0
