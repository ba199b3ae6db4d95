"""backward(create_graph=True): gradients that can be differentiated again."""

import gc
import math
from typing import Any

import pytest

from chainrule.engine import Value, dot, exp, hessian, log, logsumexp, sin, sqrt, tanh, total


def gradient_of(x: Value) -> Any:
    """Return the gradient of `x`, which after a recorded pass is a Value, other than its type says."""
    return x.grad


def second(x: Value, gradient: Any) -> float:
    """Return d gradient / d x by a plain pass; the gradient that x holds is put aside."""
    x.grad = 0.0
    gradient.backward()
    found: float = x.grad
    x.grad = 0.0
    return found


def test_a_leafs_gradient_is_a_value_with_a_history() -> None:
    x = Value(2.0)
    (x**3).backward(create_graph=True)
    assert isinstance(x.grad, Value)
    assert x.grad.data == 12.0
    assert second(x, x.grad) == 12.0


def test_inner_gradients_are_floats() -> None:
    x = Value(2.0)
    y = x * x
    z = y * y
    z.backward(create_graph=True)
    assert (type(y.grad), y.grad) == (float, 8.0)
    assert (type(z.grad), z.grad) == (float, 1.0)


def test_values_are_those_of_a_plain_pass() -> None:
    def build() -> tuple[list[Value], Value]:
        leaves = [Value(0.3), Value(-1.5), Value(2.0)]
        x, y, z = leaves
        return leaves, tanh(x * y) + logsumexp([x, y, z]) * dot([x, y], [z, x], 0.5) + exp(sin(z)) / y

    plain, root = build()
    root.backward()
    recorded, other = build()
    other.backward(create_graph=True)
    for a, b in zip(plain, recorded, strict=True):
        assert gradient_of(b).data == pytest.approx(a.grad, rel=1e-15)


def test_third_derivatives_by_recording_the_second_pass_too() -> None:
    x = Value(0.5)
    sin(x).backward(create_graph=True)
    first, x.grad = gradient_of(x), 0.0
    first.backward(create_graph=True)
    twice, x.grad = gradient_of(x), 0.0
    twice.backward()
    assert (first.data, twice.data) == (math.cos(0.5), -math.sin(0.5))
    assert x.grad == pytest.approx(-math.cos(0.5), rel=1e-15)


def test_rows_of_a_hessian_one_after_the_other() -> None:
    numbers = [0.5, -1.0, 2.0]

    def f(p: Any) -> Any:
        x, y, z = p
        return exp(x * y) * z**2 + log(z) * sin(x) + total([x * x, y])

    leaves = [Value(number) for number in numbers]
    f(leaves).backward(create_graph=True)
    gradients = [gradient_of(leaf) for leaf in leaves]
    for gradient, expected in zip(gradients, hessian(f)(numbers), strict=True):
        for leaf in leaves:
            leaf.grad = 0.0
        gradient.backward()
        assert [leaf.grad for leaf in leaves] == pytest.approx(expected, rel=1e-14)


def test_a_gradient_penalty_trains_through_the_gradient() -> None:
    w, x = Value(0.7), Value(1.5)
    tanh(w * x).backward(create_graph=True)
    slope, w.grad, x.grad = gradient_of(x), 0.0, 0.0
    (slope**2).backward()
    t = math.tanh(0.7 * 1.5)
    s = 1.0 - t * t
    assert slope.data == pytest.approx(0.7 * s, rel=1e-15)
    assert w.grad == pytest.approx(2.0 * 0.7 * s * (s - 2.0 * 0.7 * t * s * 1.5), rel=1e-14)


def test_gradients_of_several_passes_add_up_as_values() -> None:
    x = Value(2.0)
    (x**3).backward(create_graph=True)
    (x**2).backward(create_graph=True)
    assert gradient_of(x).data == 16.0
    assert second(x, x.grad) == 14.0


def test_gradients_that_are_zero_add_up_as_values_too() -> None:
    # At 0 the first gradient of x**2 is 0, its derivative is not. PyTorch: 4.
    x = Value(0.0)
    (x * x).backward(create_graph=True)
    (x * x).backward(create_graph=True)
    assert gradient_of(x).data == 0.0
    assert second(x, x.grad) == 4.0


def test_a_recorded_pass_after_a_plain_one_and_the_other_way_round() -> None:
    x = Value(2.0)
    (x**3).backward()
    (x**2).backward(create_graph=True)
    assert gradient_of(x).data == 16.0
    assert second(x, x.grad) == 2.0
    (x**2).backward(create_graph=True)
    (x**3).backward()
    assert float(x.grad.data if isinstance(x.grad, Value) else x.grad) == 16.0


def test_linear_functions_have_gradients_without_a_history() -> None:
    x, y = Value(2.0), Value(3.0)
    (4.0 * x + y).backward(create_graph=True)
    gradients = [gradient_of(x), gradient_of(y)]
    assert [(type(gradient), gradient.data) for gradient in gradients] == [(Value, 4.0), (Value, 1.0)]
    assert [second(x, gradient) for gradient in gradients] == [0.0, 0.0]
    assert y.grad is gradients[1]


def test_a_strong_zero_holds_in_recorded_passes() -> None:
    x = Value(0.0)
    (0.0 * sqrt(x) + x * x).backward(create_graph=True)
    assert gradient_of(x).data == 0.0
    assert second(x, x.grad) == 2.0


def test_a_root_that_is_a_leaf() -> None:
    x = Value(2.0)
    x.backward(create_graph=True)
    assert float(getattr(x.grad, "data", x.grad)) == 1.0


def test_setting_grad_to_zero_frees_the_recorded_pass() -> None:
    gc.collect()
    gc.disable()
    try:
        x = Value(2.0)
        y = exp(sin(x))
        y.backward(create_graph=True)
        x.grad = 0.0
        y = y.detach()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_long_chains_do_not_recurse() -> None:
    x = Value(0.5)
    y = x
    for _ in range(20_000):
        y = y * 1.00001 + 0.0
    (y * y).backward(create_graph=True)
    assert second(x, x.grad) == pytest.approx(2.0 * 1.00001**40_000, rel=1e-9)
    assert isinstance(y.grad, float)
