"""Modules that a compiled function belongs to, and parameters that several of its arguments share."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import pytest

from chainrule import nn
from chainrule.engine import RecordingWarning, Value, grad
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.change import SETTING, change
from chainrule.engine.compiler.record import what_changed


class Scaled(nn.Module):
    def __init__(self) -> None:
        self.w, self.scale = nn.Parameter(2.0), 3.0

    def __call__(self, x: Any) -> Any:
        return self.w * x * self.scale

    def loss(self, x: Any) -> Any:
        return self(x) ** 2


OWNED: dict[str, Callable[[Any], Any]] = {
    "the module": lambda model: compile(model),
    "a method": lambda model: compile(model.loss),
    "a derivative of one": lambda model: compile(grad(model.loss)),
    "one with an argument filled in": lambda model: compile(functools.partial(model.loss)),
}


@pytest.mark.parametrize("compiled", OWNED.values(), ids=OWNED)
def test_the_module_whose_method_is_compiled_is_looked_at_as_arguments_are(
    compiled: Callable[[Any], Any],
) -> None:
    model = Scaled()
    kernel = compiled(model)
    f: Any = kernel.__wrapped__

    def on_values() -> Any:
        found = f(0.5)
        return found.data if isinstance(found, Value) else found

    def changed() -> None:
        model.scale = -1.0

    def replaced() -> None:
        model.w = nn.Parameter(11.0)

    def another_number() -> None:
        model.w.data = 7.0

    acts: list[Callable[[], None]] = [lambda: None, changed, another_number, replaced]
    for act in acts:
        act()
        assert kernel(0.5) == kernel(0.5) == pytest.approx(on_values(), rel=1e-15)
    assert len(kernel.variants) == 3  # a number that has changed is no reason to record


def test_a_module_is_compiled_for_training_and_for_evaluation() -> None:
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    kernel = compile(model)
    kernel([1.0, 2.0])
    model.eval()
    assert kernel([1.0, 2.0]) == pytest.approx([y.data for y in model([1.0, 2.0])], rel=1e-14)
    assert len(kernel.variants) == 2


def test_what_changes_in_the_module_whose_method_it_is_is_named() -> None:
    model = Scaled()
    kernel = compile(model.loss)

    def calls() -> None:
        for k in range(10):
            model.scale = float(k)
            assert kernel(1.0) == (2.0 * k) ** 2

    with pytest.warns(RecordingWarning, match=r"its arguments differ: self\.scale was 6\.0 and is 7\.0"):
        calls()


class Odd:
    """No module, whatever it looks like."""

    def __init__(self) -> None:
        self.__wrapped__ = self
        self.parameters: Any = {"k": 2.0}

    def __call__(self, x: Any) -> Any:
        return 2.0 * x


class Asking:
    """None either."""

    def parameters(self, of: str) -> Any:
        return of

    def __call__(self, x: Any) -> Any:
        return 2.0 * x


ODD = {"wraps itself": Odd(), "asks": Asking(), "a method": Asking().__call__}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_objects_that_are_no_modules_are_functions_as_any(odd: Any) -> None:
    assert compile(odd)(3.0) == 6.0


def test_an_argument_with_parameters_of_another_kind_is_no_module() -> None:
    assert compile(lambda x, odd: odd(x) * odd.parameters["k"])(3.0, Odd()) == 12.0


def test_a_parameter_that_two_arguments_share_gets_all_of_its_derivative_in_both() -> None:
    kernel = compile(lambda a, b, x: a(x) * b(x), argnums=(0, 1))
    one, other = Scaled(), Scaled()
    one.w.data = 5.0
    value, slope = (3.0 * 5.0 * 0.5) ** 2, 2.0 * 5.0 * (3.0 * 0.5) ** 2
    assert kernel.value_and_grad(one, one, 0.5) == (value, ([slope], [slope]))
    apart = (3.0 * 0.5) ** 2
    assert kernel.value_and_grad(one, other, 0.5) == (10.0 * apart, ([2.0 * apart], [5.0 * apart]))
    other.w = one.w
    assert kernel.value_and_grad(one, other, 0.5) == (value, ([slope], [slope]))
    assert kernel.python()(one, other, 0.5) == value
    other.w = nn.Parameter(2.0)
    assert kernel.value_and_grad(one, other, 0.5) == (10.0 * apart, ([2.0 * apart], [5.0 * apart]))
    kernel = compile(lambda a, b, x: a(x) * b(x))
    assert kernel.grad(one, one, 0.5) == [slope]


HELD: dict[str, Callable[[Any], Any]] = {
    "a dictionary": lambda model: {"model": model},
    "a list": lambda model: [1.0, [model]],
    "a dataclass": lambda model: Holder(model),
}


@dataclasses.dataclass
class Holder:
    model: Any


def model_in(held: Any) -> Any:
    if isinstance(held, Holder):
        return held.model
    return held["model"] if isinstance(held, dict) else held[1][0]


@pytest.mark.parametrize("hold", HELD.values(), ids=HELD)
def test_a_module_in_a_container_is_recorded_anew_with_other_parameters(hold: Callable[[Any], Any]) -> None:
    model = Scaled()
    kernel = compile(lambda held, x: model_in(held)(x))
    assert kernel(hold(model), 0.5) == 3.0
    model.w.data = 4.0
    assert kernel(hold(model), 0.5) == 6.0
    assert len(kernel.variants) == 1
    model.w = nn.Parameter(10.0)
    assert kernel(hold(model), 0.5) == 15.0


def test_where_there_is_no_number_to_differentiate_by_it_says_so_as_on_values() -> None:
    kernel = compile(lambda held, x: held["model"](x))
    with pytest.raises(TypeError, match=r"no number to differentiate by in {'model': .*: argnums says which"):
        kernel.value_and_grad({"model": Scaled()}, 0.5)
    with pytest.raises(
        TypeError, match=r"no number to differentiate by in \['text', None\].* one of its own"
    ):
        compile(lambda s, t, x: x, argnums=(0, 1)).grad("text", None, 2.0)
    assert compile(lambda held, x: held["model"](x), argnums=1).grad({"model": Scaled()}, 0.5) == 6.0


def test_that_arguments_share_parameters_is_what_changed() -> None:
    shared, apart = ((((0, 1), (2, 3)),), "number"), ((), "number")
    said = change(shared, apart, ["x"], [1.0], what_changed)
    assert str(said) == "the number of parameters that arguments share was 2 and is 0"
    assert said.kind == SETTING
