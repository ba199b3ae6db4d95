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
        "backward() from a root that is inf: "
        "the first value that is not finite is Value(log(0) = -inf, grad=0)"
    )
    assert warning.filename == __file__  # points at the user's line


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda x: 1.0 / x, r"Value(div(1, 0) = inf, grad=0)"),
        (lambda x: x / x, r"Value(div(0, 0) = nan, grad=0)"),
        (lambda x: exp(x + 1000.0) * 2.0, r"Value(exp(1000) = inf, grad=0)"),
        (lambda x: (x - 2.0) ** 0.5, r"Value(pow(-2, 0.5) = nan, grad=0)"),
        (lambda x: x + math.inf, "Constant(inf, grad=0)"),
        (lambda x: Value(math.nan, label="data") * x, "Value(nan, grad=0, label='data')"),
    ],
)
def test_every_way_to_leave_the_finite_numbers_is_named(make: Callable[[Value], Value], named: str) -> None:
    with pytest.warns(RuntimeWarning) as caught:
        make(Value(0.0)).backward()
    (warning,) = caught
    assert str(warning.message).endswith(f"the first value that is not finite is {named}")


def test_a_warning_made_an_error_leaves_the_gradients_alone() -> None:
    x = Value(2.0)
    (x * x).backward()
    with pytest.raises(RuntimeWarning):  # pytest makes warnings errors here
        (x / 0.0).backward()
    assert x.grad == 4.0
