"""strict: the first operation whose result is inf or nan is an error, there and then."""

import math
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from waiting import SECONDS

from chainrule.engine import (
    NotFiniteError,
    Value,
    diagnose,
    exp,
    grad,
    log,
    no_grad,
    record_sources,
    sqrt,
    strict,
    total,
)


def message(compute: Callable[[], Any]) -> str:
    with strict(), pytest.raises(NotFiniteError) as caught:
        compute()
    return str(caught.value)


@pytest.mark.parametrize(
    ("compute", "text"),
    [
        (lambda: 1.0 / Value(0.0), "div(x=1.0, y=0.0) is inf: the denominator is zero"),
        (lambda: Value(-1.0) / 0.0, "div(x=-1.0, y=0.0) is -inf: the denominator is zero"),
        (
            lambda: Value(0.0) / 0.0,
            "div(x=0.0, y=0.0) is nan: 0 / 0: numerator and denominator are both zero",
        ),
        (lambda: exp(Value(1000.0)), "exp(x=1000.0) is inf: an exponential overflows above 709.78"),
        (lambda: Value(-1.0).log(), "log(x=-1.0) is nan: the logarithm of a negative number"),
        (
            lambda: Value(-2.0) ** 0.5,
            "pow(x=-2.0, y=0.5) is nan: a negative number has no real power with a fractional exponent",
        ),
        (
            lambda: Value(1e200) * 1e200,
            "mul(x=1e+200, y=1e+200) is inf: the result is beyond the floats, which end at 1.8e308",
        ),
        (
            lambda: total([Value(1e308), 1e308, 1.0]),
            "total(1e+308, 1e+308, 1.0) is inf: the sum is beyond the floats, which end at 1.8e308",
        ),
    ],
)
def test_the_operation_is_named_with_its_operands(compute: Callable[[], Any], text: str) -> None:
    assert message(compute) == text


def test_many_operands_are_cut_short() -> None:
    assert message(lambda: total([Value(1e308)] * 20)).endswith(
        "1e+308, ...) is inf: the sum is beyond the floats, which end at 1.8e308"
    )


def test_the_first_operation_that_fails_is_the_one_named() -> None:
    assert message(lambda: exp(log(Value(-1.0)) + 1.0) / 0.0).startswith("log(x=-1.0) is nan")


def test_names_stand_in_for_letters() -> None:
    p, q = Value(1.0, "p"), Value(0.0)
    assert message(lambda: p / q) == "div(p=1.0, 0.0) is inf: the denominator is zero"
    with record_sources():
        assert message(lambda: p / q) == "div(p=1.0, q=0.0) is inf: the denominator is zero"


def test_it_is_an_arithmetic_error() -> None:
    with strict(), pytest.raises(ArithmeticError):
        Value(1.0) / 0.0


def test_nothing_is_said_outside_or_about_finite_numbers() -> None:
    assert (1.0 / Value(0.0)).data == math.inf
    with strict():
        assert sqrt(Value(0.0)).data == 0.0  # the derivative there is inf, the number is not
        assert (Value(1e308) + 1.0).data == 1e308
        assert Value(math.inf).data == math.inf  # holding one is no operation
    assert math.isnan(log(Value(-1.0)).data)


def test_the_operands_being_infinite_already_does_not_excuse_the_result() -> None:
    assert message(lambda: Value(math.inf) + 1.0) == (
        "add(x=inf, y=1.0) is inf: an operand is infinite, and so is the result"
    )


def test_blocks_nest() -> None:
    with strict():
        with strict(), pytest.raises(NotFiniteError):
            Value(1.0) / 0.0
        with pytest.raises(NotFiniteError):
            Value(1.0) / 0.0
    assert (Value(1.0) / 0.0).data == math.inf


def test_an_exception_ends_the_block() -> None:
    with pytest.raises(NotFiniteError), strict():
        Value(1.0) / 0.0
    assert (Value(1.0) / 0.0).data == math.inf


def test_it_is_a_decorator_too() -> None:
    @strict()
    def inverse(x: Value) -> Value:
        return 1.0 / x

    for _ in range(2):
        assert inverse(Value(2.0)).data == 0.5
        with pytest.raises(
            NotFiniteError, match=re.escape("div(x=1.0, y=0.0) is inf: the denominator is zero")
        ):
            inverse(Value(0.0))


def test_results_inside_no_grad_are_looked_at_too() -> None:
    with no_grad():
        assert message(lambda: Value(1.0) / 0.0) == "div(x=1.0, y=0.0) is inf: the denominator is zero"
    with strict(), no_grad(), pytest.raises(NotFiniteError):
        exp(Value(1000.0))


def test_gradients_of_functions_are_computed_strictly() -> None:
    assert message(lambda: grad(lambda x: x * log(x))(-1.0)).startswith("log(x=-1.0) is nan")
    assert message(lambda: grad(grad(sqrt))(0.0)).startswith("div(x=0.5, y=0.0) is inf")


def test_a_block_holds_for_its_own_thread_only() -> None:
    inside, looked = threading.Event(), threading.Event()
    seen: dict[str, Any] = {}

    def other() -> None:
        with strict():
            inside.set()
            looked.wait(timeout=SECONDS)
            try:
                Value(1.0) / 0.0
            except NotFiniteError as error:
                seen["in the block's thread"] = str(error)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(timeout=SECONDS)
    seen["in this thread"] = (Value(1.0) / 0.0).data
    looked.set()
    thread.join(timeout=SECONDS)
    assert seen == {
        "in the block's thread": "div(x=1.0, y=0.0) is inf: the denominator is zero",
        "in this thread": math.inf,
    }


def test_the_graph_built_so_far_stays_usable() -> None:
    x = Value(0.0)
    with strict():
        y = x + 1.0
        with pytest.raises(NotFiniteError):
            1.0 / x
        y.backward()
    assert x.grad == 1.0


# -- backward passes ----------------------------------------------------------------------------------

PASSES: dict[str, Callable[[Value], Any]] = {
    "backward": lambda root: root.backward(),
    "create_graph": lambda root: root.backward(create_graph=True),
    "backward_steps": lambda root: list(root.backward_steps()),
}


@pytest.mark.parametrize("run", [*PASSES.values(), lambda root: root.trace()], ids=[*PASSES, "trace"])
def test_a_pass_from_a_root_that_is_not_finite_raises_what_diagnose_says(run: Callable[[Value], Any]) -> None:
    x = Value(0.0, "x")
    loss = log(x) * 2.0
    x.grad = 7.0
    with strict(), pytest.raises(NotFiniteError) as caught:
        run(loss)
    assert str(caught.value) == diagnose(loss).line == "log(x=0.0) is -inf: the logarithm of 0"
    assert x.grad == 7.0  # nothing was done
    with pytest.warns(RuntimeWarning, match="backward\\(\\) from a root that is -inf"):
        run(loss)


@pytest.mark.parametrize("name", PASSES)
def test_a_gradient_that_is_not_finite_names_the_derivative(name: str) -> None:
    x = Value(0.0, "x")
    root = sqrt(x)
    with strict(), pytest.raises(NotFiniteError) as caught:
        PASSES[name](root)
    assert str(caught.value) == (
        "div(x=0.5, y=0.0) is inf: the denominator is zero"
        if name == "create_graph"  # whose derivatives are operations too
        else "the derivative of sqrt(x=0.0) by x is inf: a square root at 0, where its slope is infinite"
    )
    x.grad = 0.0
    sqrt(x).backward()  # outside nothing is said
    assert x.grad == math.inf


def test_derivatives_that_nobody_asks_for_or_that_a_zero_hides_are_no_error() -> None:
    x = Value(0.0)
    with strict():
        (sqrt(x) * 0.0).backward()
        (x**0.5 * 0.0).backward()
        (Value(-2.0) ** 2).backward()  # by its exponent, a plain number, there is no derivative
    assert x.grad == 0.0
    x.grad = None  # type: ignore[assignment]
    with strict():
        (sqrt(x) * 0.0).backward()
    assert x.grad is None


def test_a_gradient_left_by_an_earlier_pass_or_made_by_a_hook_is_told_apart() -> None:
    x = Value(2.0, "x")
    x.grad = math.inf
    with strict(), pytest.raises(NotFiniteError) as caught:
        (x * 3.0).backward()
    assert str(caught.value) == (
        "the gradient that x holds is inf: the gradient was not finite before: an earlier backward pass "
        "left that, and gradients add up"
    )
    x.grad = 0.0
    x.register_hook(lambda gradient: math.nan)
    with strict(), pytest.raises(NotFiniteError) as caught:
        (x * 3.0).backward()
    assert str(caught.value) == (
        "the gradient that x holds is nan: the derivatives are finite: a hook made it so, or an earlier "
        "backward pass did"
    )
    y = Value(0.0)
    y.register_hook(lambda gradient: 1.0)
    with strict():
        sqrt(y).backward()  # a hook that cures it is heard
    assert y.grad == 1.0
