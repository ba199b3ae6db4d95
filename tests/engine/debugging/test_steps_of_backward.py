"""All steps of a backward pass together do the same as backward(), to the last bit."""

import random
from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stepping import nothing, steps_of

from chainrule import engine
from chainrule.engine import Constant, Value, backward_steps, dot, relu, topological_order
from chainrule.nn import MLP, squared_error

RANDOM = run_path(str(Path(__file__).parents[1] / "test_random_graphs.py"))


# -- the same as backward() ---------------------------------------------------------------------------


def bits(root: Value) -> list[str]:
    """Return every gradient to the last bit, the sign of zero included."""
    return [repr(value.grad) for value in topological_order(root)]


def scaled(gradient: float) -> float:
    return -1.25 * gradient


def zero(gradient: float) -> float:
    return 0.0


@settings(max_examples=200)
@given(RANDOM["programs"](), st.integers(0, 2**32), st.booleans())
def test_running_through_all_steps_is_backward_to_the_last_bit(
    program: tuple[list[float], list[Any]], seed: int, hooks: bool
) -> None:
    numbers, operations = program
    results = []
    for run in (Value.backward, steps_of):
        leaves = [Value(x) for x in numbers]
        root = RANDOM["run"](engine, leaves, operations)
        chance = random.Random(seed)
        order = topological_order(root)
        for value in order:
            value.grad = chance.choice([0.0, 0.1, -7.0])
            if hooks and chance.random() < 0.2 and not isinstance(value, Constant):
                value.register_hook(chance.choice([scaled, nothing, zero]))
        for _ in range(2):
            run(root)
        results.append(bits(root))
    assert results[0] == results[1]


def test_steps_are_in_the_order_of_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Value] = []

    class Watched(Value):
        """A value that notes when its gradient is set."""

        __slots__ = ("_grad",)

        @property
        def grad(self) -> float:
            return self._grad

        @grad.setter
        def grad(self, grad: float) -> None:
            self._grad = grad
            written.append(self)

    leaves = [Watched(0.1 * i) for i in range(4)]
    root = dot(leaves[:2], leaves[2:]) + leaves[0] * leaves[3] * leaves[1]
    written.clear()
    root.backward()
    by_backward = list(map(id, written))
    steps = steps_of(root)
    assert [id(s.operand) for s in steps if isinstance(s.operand, Watched)] == by_backward


def test_hooks_see_the_same_at_the_same_moments() -> None:
    def gradients(run: Callable[[Value], object]) -> tuple[list[tuple[str, float]], float, float]:
        seen: list[tuple[str, float]] = []
        x = Value(2.0, "x")
        x.grad = 100.0
        y = 3.0 * x
        z = y * y
        for value, name in ((x, "x"), (y, "y"), (z, "z")):
            value.register_hook(lambda gradient, name=name: seen.append((name, gradient)))  # type: ignore[misc]
            value.register_hook(lambda gradient: 2.0 * gradient)
        run(z)
        return seen, x.grad, y.grad

    expected = ([("z", 1.0), ("y", 24.0), ("x", 144.0)], 388.0, 48.0)
    assert gradients(Value.backward) == gradients(steps_of) == expected


def test_the_sign_of_a_zero_is_that_of_backward() -> None:
    def gradients(run: Callable[[Value], object], hook: bool) -> list[str]:
        x = Value(3.0, "x")
        root = x * -0.0 + x * -0.0
        if hook:
            root.register_hook(nothing)
        run(root)
        return bits(root)

    assert gradients(steps_of, hook=True) == gradients(Value.backward, hook=True)
    assert gradients(steps_of, hook=False) == gradients(Value.backward, hook=False)
    assert gradients(steps_of, hook=True) != gradients(steps_of, hook=False)  # -0.0 and 0.0


def test_a_replaced_gradient_is_what_is_passed_on() -> None:
    x = Value(2.0, "x")
    y = 3.0 * x
    y.label = "y"
    y.register_hook(lambda gradient: 10.0)
    first, second = (y + 1.0).backward_steps()
    assert (first.grad_after, second.upstream, second.contribution) == (1.0, 10.0, 30.0)


def test_a_leafs_hook_runs_when_the_pass_is_over() -> None:
    x = Value(2.0)
    x.register_hook(lambda gradient: -gradient)
    seen = [step.grad_after for step in (x * x).backward_steps()]
    assert (seen, x.grad) == ([2.0, 4.0], -4.0)


def test_a_leaf_no_gradient_reaches_has_its_hook_called_too() -> None:
    x = Value(2.0)
    x.register_hook(lambda gradient: gradient + 1.0)
    steps_of(relu(-x))
    assert x.grad == 1.0


def test_a_network_has_the_gradients_of_backward() -> None:
    def gradients(run: Callable[[Value], object]) -> list[float]:
        model = MLP(2, [4, 1], activation="tanh", seed=1)
        run(squared_error([model(x) for x in ([1.0, 2.0], [-0.5, 0.25])], [0.5, -0.5]))
        return [p.grad for p in model.parameters()]

    assert gradients(steps_of) == gradients(Value.backward)


def test_a_root_without_operands_has_no_steps_and_gradient_one() -> None:
    x = Value(3.0)
    assert (steps_of(x), x.grad) == ([], 1.0)
    x.register_hook(lambda gradient: 5.0 * gradient)
    assert (steps_of(x), x.grad) == ([], 6.0)


def test_the_function_is_the_method() -> None:
    x = Value(3.0, "x")
    assert [str(step) for step in backward_steps(x * x)] == [str(step) for step in (x * x).backward_steps()]
