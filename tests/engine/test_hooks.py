"""register_hook has PyTorch's meaning; every expectation here was seen to be PyTorch's (2.13) too."""

import gc
import math
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chainrule.engine import (
    Constant,
    Value,
    exp,
    grad,
    graph,
    hooks,
    jacobian,
    jvp,
    relu,
    sin,
    topological_order,
    value_and_grad,
    vjp,
)

Hook = Callable[[Any], Any]


@pytest.fixture
def seen() -> list[Any]:
    return []


def test_a_hook_sees_the_gradient_and_changes_nothing_by_returning_nothing(seen: list[Any]) -> None:
    x = Value(3.0)
    y = x * x
    y.register_hook(seen.append)
    (2.0 * y).backward()
    assert (seen, y.grad, x.grad) == ([2.0], 2.0, 12.0)


def test_a_replaced_gradient_is_kept_and_passed_on() -> None:
    x = Value(3.0)
    y = x * x
    y.register_hook(lambda gradient: 10.0 * gradient)
    (2.0 * y).backward()
    assert (y.grad, x.grad) == (20.0, 120.0)


def test_a_hook_sees_the_sum_over_all_users_once(seen: list[Any]) -> None:
    x = Value(3.0)
    y = 2.0 * x
    y.register_hook(seen.append)
    (y * y + y).backward()
    assert (seen, x.grad) == ([13.0], 26.0)


def test_a_leafs_hook_sees_the_passs_own_total_before_it_is_added(seen: list[Any]) -> None:
    x = Value(2.0)
    x.register_hook(seen.append)
    for _ in range(2):
        (x * x + x).backward()
    assert (seen, x.grad) == ([5.0, 5.0], 10.0)


def test_what_a_leafs_hook_returns_is_added_to_what_is_there() -> None:
    x = Value(2.0)
    x.grad = 100.0
    x.register_hook(lambda gradient: -gradient)
    (x * x).backward()
    assert x.grad == 96.0


def test_a_root_has_hooks_too(seen: list[Any]) -> None:
    x = Value(2.0)
    y = x * x
    y.register_hook(lambda gradient: 5.0 * gradient)
    y.backward()
    assert (y.grad, x.grad) == (5.0, 20.0)


def test_a_root_that_is_a_leaf_has_hooks_too() -> None:
    x = Value(2.0)
    x.register_hook(lambda gradient: 5.0 * gradient)
    x.backward()
    assert x.grad == 5.0


def test_hooks_run_in_the_order_of_registration(seen: list[Any]) -> None:
    x = Value(2.0)
    x.register_hook(lambda gradient: gradient + 1.0)
    x.register_hook(seen.append)
    x.register_hook(lambda gradient: gradient * 10.0)
    x.register_hook(seen.append)
    (3.0 * x).backward()
    assert (seen, x.grad) == ([4.0, 40.0], 40.0)


def test_values_nearer_the_root_have_their_hooks_called_first(seen: list[Any]) -> None:
    x = Value(2.0, label="x")
    y = 3.0 * x
    z = y * y
    for value, name in ((x, "x"), (y, "y"), (z, "z")):
        value.register_hook(partial(lambda name, gradient: seen.append((name, gradient)), name))
    z.backward()
    assert seen == [("z", 1.0), ("y", 12.0), ("x", 36.0)]


def test_a_gradient_of_zero_is_seen_and_can_be_replaced(seen: list[Any]) -> None:
    x = Value(2.0)
    y = 3.0 * x
    y.register_hook(seen.append)
    y.register_hook(lambda gradient: 1.0)
    relu(-y).backward()
    assert (seen, x.grad) == ([0.0], 3.0)


def test_remove_takes_one_hook_away_and_may_be_called_again(seen: list[Any]) -> None:
    x = Value(2.0)
    first = x.register_hook(lambda gradient: seen.append("first"))
    x.register_hook(lambda gradient: seen.append("second"))
    first.remove()
    first.remove()
    (x * x).backward()
    assert seen == ["second"]


def test_a_hook_may_remove_itself(seen: list[Any]) -> None:
    x = Value(2.0)

    def once(gradient: float) -> None:
        seen.append(gradient)
        handle.remove()

    handle = x.register_hook(once)
    x.register_hook(seen.append)
    for _ in range(2):
        (x * x).backward()
    assert seen == [4.0, 4.0, 4.0]


def test_one_function_can_be_registered_twice(seen: list[Any]) -> None:
    x = Value(2.0)
    x.register_hook(seen.append)
    x.register_hook(seen.append)
    x.backward()
    (x * x).backward()
    assert seen[-2:] == [4.0, 4.0]


def test_a_constant_takes_no_hook() -> None:
    for constant in (Constant(2.0), Value(2.0).detach()):
        with pytest.raises(TypeError, match=r"has no gradient to hook: it is a constant"):
            constant.register_hook(lambda gradient: None)


def test_what_a_hook_raises_comes_out_and_the_next_pass_is_right() -> None:
    x = Value(2.0)
    y = x * x

    def refuse(gradient: float) -> None:
        raise LookupError("refused")

    handle = y.register_hook(refuse)
    with pytest.raises(LookupError, match="refused"):
        y.backward()
    handle.remove()
    x.grad = 0.0
    y.backward()
    assert x.grad == 4.0


def test_hooks_with_a_recorded_pass_take_and_give_values(seen: list[Any]) -> None:
    x = Value(2.0)
    y = x * x

    def times_y(gradient: Any) -> Any:
        return gradient * y

    handles = [
        y.register_hook(times_y),  # y's own number is differentiated too
        y.register_hook(seen.append),
    ]
    (3.0 * y).backward(create_graph=True)
    for handle in handles:  # or the second pass, which comes by y again, would be hooked as well
        handle.remove()
    gradient: Any = x.grad  # a Value, after a recorded pass
    assert isinstance(seen[0], Value)
    assert (seen[0].data, gradient.data) == (12.0, 48.0)  # 3 y * 2 x is 6 x**3
    x.grad = 0.0
    gradient.backward()
    assert x.grad == 72.0  # 18 x**2


# -- inside the functions of functions ----------------------------------------------------------------


def hooked_square(x: Any, seen: list[Any]) -> Any:
    y = x * x
    x.register_hook(lambda gradient: seen.append(("x", gradient)))
    y.register_hook(lambda gradient: 10.0 * gradient)
    y.register_hook(lambda gradient: seen.append(("y", gradient)))
    return 3.0 * y


def test_hooks_inside_grad_see_the_gradient_and_replace_it(seen: list[Any]) -> None:
    assert grad(lambda x: hooked_square(x, seen))(2.0) == 120.0
    assert seen == [("y", 30.0), ("x", 120.0)]


def test_a_hook_on_the_argument_replaces_what_grad_returns() -> None:
    def f(x: Any) -> Any:
        x.register_hook(lambda gradient: 2.0 * gradient)
        return 3.0 * x * x

    assert grad(f)(2.0) == 24.0
    assert value_and_grad(f)(2.0) == (12.0, 24.0)
    assert vjp(f, 2.0)[1](1.0) == (24.0,)
    assert jacobian(lambda x: [f(x), x])(2.0) == [24.0, 2.0]
    assert jvp(f, (2.0,), (1.0,)) == (12.0, 12.0)  # forwards there is no gradient to look at
    assert grad(f)(2.0) == 24.0  # each run hooks its own argument


def test_hooks_inside_jacobian_see_every_row(seen: list[Any]) -> None:
    jacobian(lambda x: [hooked_square(x, seen), x])(2.0)
    assert seen == [("y", 30.0), ("x", 120.0), ("y", 0.0), ("x", 1.0)]


def test_hooks_inside_nested_derivatives_take_and_give_values() -> None:
    def f(x: Any) -> Any:
        x.register_hook(lambda gradient: gradient * gradient)
        return x**3

    def square_of_slope(x: float) -> float:
        return 9.0 * x**4

    assert grad(f)(2.0) == square_of_slope(2.0)
    # The outer pass comes by the hook again: the derivative of 9 x**4, squared.
    assert grad(grad(f))(2.0) == (36.0 * 2.0**3) ** 2


def test_grad_leaves_the_hooks_of_outer_values_alone(seen: list[Any]) -> None:
    w = Value(2.0)
    w.register_hook(seen.append)
    slope = grad(lambda x: w * x * x)(3.0)
    assert seen == []
    slope.backward()
    assert (seen, w.grad) == ([6.0], 6.0)


def test_a_hook_must_be_callable() -> None:
    with pytest.raises(TypeError, match="register_hook takes a function of the gradient, got 3"):
        Value(1.0).register_hook(3)  # type: ignore[arg-type]  # what the error is about


# -- at no cost where there are none ------------------------------------------------------------------


def big() -> tuple[list[Value], Value]:
    leaves = [Value(0.1 * i) for i in range(1, 6)]
    root = leaves[0]
    for i in range(200):
        root = sin(root) * leaves[i % 5] + exp(-root)
    return leaves, root


@pytest.mark.parametrize("returned", ["a", "1", b"1", [1.0], {}, object], ids=repr)
def test_what_a_hook_returns_must_be_a_number_or_none(returned: Any) -> None:
    w = Value(3.0)
    w.register_hook(lambda gradient: returned)
    with pytest.raises(TypeError, match=r"^a hook returns the gradient to use, a number, or None .*; got "):
        (w * w).backward()


def test_without_hooks_in_the_graph_the_plain_loop_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*arguments: Any) -> None:
        raise AssertionError("the loop with hooks ran")

    monkeypatch.setattr(graph, "_backward_by_adjoints", other)
    elsewhere = Value(1.0)
    elsewhere.register_hook(lambda gradient: None)
    leaves, root = big()
    root.backward()
    assert leaves[0].grad != 0.0


def test_both_loops_give_the_same_gradients() -> None:
    leaves, root = big()
    root.backward()
    others, other_root = big()
    other_root.register_hook(lambda gradient: None)
    other_root.backward()
    for node, other in zip(topological_order(root), topological_order(other_root), strict=True):
        assert math.isclose(node.grad, other.grad, rel_tol=1e-13, abs_tol=1e-300)
    assert len(others) == len(leaves)


def test_a_dropped_value_takes_its_hooks_along() -> None:
    class Hooked:
        def __call__(self, gradient: float) -> None:
            return None

    gc.disable()
    try:
        before = len(hooks.live)
        x, hook = Value(2.0), Hooked()
        handle = x.register_hook(hook)
        gone = weakref.ref(hook)
        assert len(hooks.live) == before + 1
        del x, hook, handle
        assert gone() is None  # at once, without the cyclic collector
        assert len(hooks.live) == before
    finally:
        gc.enable()
