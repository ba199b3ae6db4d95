"""Transforms take functions, and say so of anything else at once."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.engine import (
    Value,
    check_gradients,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jacobian_sparsity,
    jvp,
    piecewise,
    taylor,
    value_and_grad,
    vjp,
)

TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "value_and_grad": value_and_grad,
    "grad": grad,
    "jacobian": jacobian,
    "hessian": hessian,
    "jacobian_sparsity": jacobian_sparsity,
    "piecewise": piecewise,
    "jvp": lambda f: jvp(f, (1.0,), (1.0,)),
    "vjp": lambda f: vjp(f, 1.0),
    "hvp": lambda f: hvp(f, 1.0, 1.0),
    "taylor": lambda f: taylor(f, 1.0, 2),
    "check_gradients": lambda f: check_gradients(f, 1.0),
}


def compiling() -> Callable[[Any], Any]:
    pytest.importorskip("llvmlite")
    from chainrule.engine import compile

    return compile


@pytest.mark.parametrize("name", [*TRANSFORMS, "compile"])
@pytest.mark.parametrize(
    ("wrong", "shown"), [(True, r"True \(bool\)"), (3, r"3 \(int\)"), ("x", "'x'"), (None, "None")]
)
def test_what_is_no_function_is_refused_at_once(name: str, wrong: Any, shown: str) -> None:
    transform = compiling() if name == "compile" else TRANSFORMS[name]
    if wrong is None and name == "compile":
        return  # without a function it gives a decorator
    with pytest.raises(TypeError, match=f"^{name} takes a function, got {shown}$"):
        transform(wrong)


@pytest.mark.parametrize("name", [*TRANSFORMS, "compile"])
def test_of_a_result_it_is_said_how_that_is_differentiated(name: str) -> None:
    transform = compiling() if name == "compile" else TRANSFORMS[name]
    with pytest.raises(
        TypeError, match=rf"{name} takes a function, got Value\(.*that is there.*v\.backward\(\)"
    ):
        transform(Value(2.0) * 3.0)


class Square:
    def __call__(self, x: Any) -> Any:
        return x * x


def power(n: int, x: Any) -> Any:
    return x**n


@pytest.mark.parametrize(
    ("f", "slope"), [(Square(), 4.0), (functools.partial(power, 3), 12.0), (Square().__call__, 4.0)]
)
def test_whatever_can_be_called_is_taken(f: Any, slope: float) -> None:
    assert grad(f)(2.0) == slope
    assert value_and_grad(f)(2.0)[1] == slope
    assert jacobian(f)(2.0) == slope
    assert jvp(f, (2.0,), (1.0,))[1] == slope
    assert compiling()(f).grad(2.0) == slope
    assert check_gradients(f, 2.0).inputs == 1


def test_rows_of_the_table_are_functions() -> None:
    assert grad(exp)(0.0) == hessian(exp)(0.0) == taylor(exp, 0.0, 1)[1] == compiling()(exp).grad(0.0) == 1.0
    assert grad(abs)(-2.0) == -1.0
