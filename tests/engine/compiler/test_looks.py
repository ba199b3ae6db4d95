"""Modules among the arguments: one quick look tells that nothing has changed, and whatever has is seen."""

import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.looks import Looks, look_at
from chainrule.nn import MLP, Linear, Module, Parameter, Sequential


class Scale(Module):
    def __init__(self, factor: float) -> None:
        self.factor = factor


class Polynomial(Module):
    """What holds parameters in all ways: attributes, lists, tuples, dictionaries, modules."""

    def __init__(self) -> None:
        self.shift, self.power, self.name = Parameter(0.5), 2, "plain"
        self.weights = [Parameter(1.0), Parameter(-2.0)]
        self.pair = (Parameter(0.25), 1.0)
        self.named: dict[str, Any] = {"gain": Parameter(3.0), "more": [Scale(2.0)]}

    def __call__(self, x: Any) -> Any:
        inner = sum(w * x**k for k, w in enumerate(self.weights)) * self.named["gain"]
        scale = self.named["more"][0].factor if self.named.get("more") else 1.0
        return inner * scale + self.pair[0] * self.pair[1] + self.shift**self.power


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a parameter's number": lambda m: setattr(m.shift, "data", 4.0),
    "another parameter": lambda m: setattr(m, "shift", Parameter(7.0)),
    "another parameter in a list": lambda m: m.weights.__setitem__(1, Parameter(5.0)),
    "one more in a list": lambda m: m.weights.append(Parameter(0.125)),
    "one fewer in a list": lambda m: m.weights.pop(),
    "another order": lambda m: m.weights.reverse(),
    "another list": lambda m: setattr(m, "weights", [Parameter(9.0)]),
    "another tuple": lambda m: setattr(m, "pair", (Parameter(0.75), 1.0)),
    "another entry of a dictionary": lambda m: m.named.__setitem__("gain", Parameter(-1.0)),
    "one fewer in a dictionary": lambda m: m.named.pop("more"),
    "a setting": lambda m: setattr(m, "power", 3),
    "a setting of what is inside": lambda m: setattr(m.named["more"][0], "factor", 10.0),
    "another module inside": lambda m: m.named.__setitem__("more", [Scale(-1.0)]),
    "one more attribute": lambda m: setattr(m, "extra", [Parameter(1.0)]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_has_changed_in_a_module_counts_at_the_next_call(change: Callable[[Any], Any]) -> None:
    model = Polynomial()
    kernel = compile(lambda model, x: model(x), argnums=1)
    for _ in range(2):
        assert kernel(model, 0.5) == pytest.approx(model(0.5).data, rel=1e-15)
    change(model)
    for _ in range(2):
        value, slope = kernel.value_and_grad(model, 0.5)
        x = Value(0.5)
        y = model(x)
        y.backward()
        assert (value, slope) == pytest.approx((y.data, x.grad), rel=1e-15)


@pytest.mark.parametrize("change", list(CHANGES.values())[1:], ids=list(CHANGES)[1:])
def test_a_look_does_not_hold_after_any_change(change: Callable[[Any], Any]) -> None:
    model = Polynomial()
    look = look_at(model)
    assert look is not None
    assert look.holds()
    CHANGES["a parameter's number"](model)
    assert look.holds()
    assert look.numbers() == [p.data for p in model.parameters()]
    change(model)
    assert not look.holds()


def test_attributes_under_other_names_are_seen() -> None:
    model = Polynomial()
    look = look_at(model)
    assert look is not None
    vars(model)["title"] = vars(model).pop("name")
    vars(model)["named"] = vars(model).pop("named")  # the order as it was, but for the new name
    assert not look.holds()


def test_what_was_changed_back_is_not_recorded_again() -> None:
    model = Polynomial()
    kernel = compile(lambda model, x: model(x))
    for power in (2, 3, 2, 3, 2):
        model.power = power
        assert kernel(model, 0.5) == pytest.approx(model(0.5).data, rel=1e-15)
    assert len(kernel.variants) == 2


def test_layers_sequences_and_networks_are_looked_at() -> None:
    for model in (MLP(2, [3, 1]), Sequential(Linear(2, 3), Linear(3, 1)), Linear(2, 1)):
        look = look_at(model)
        assert look is not None
        assert look.holds()
        assert [id(p) for p in look.parameters] == [id(p) for p in model.parameters()]
    model = Sequential(Linear(2, 3), Linear(3, 1))
    look = look_at(model)
    model.layers.append(Linear(1, 1))
    assert look is not None
    assert not look.holds()


class InSlots(Module):
    __slots__ = ("w",)

    def __init__(self) -> None:
        self.w = Parameter(2.0)


class Found(Module):
    """A module that finds its parameters in its own way."""

    def __init__(self) -> None:
        self.w = Parameter(2.0)

    def parameters(self) -> list[Value]:
        return [self.w]


@dataclasses.dataclass
class Pair:
    w: Parameter


class With(Module):
    def __init__(self, part: Any) -> None:
        self.part = part
        self.w = Parameter(2.0)


@pytest.mark.parametrize(
    "model",
    [
        InSlots(),
        Found(),
        With(Pair(Parameter(1.0))),
        With(OrderedDict(a=Parameter(1.0))),
        With(np.array([Parameter(1.0)], object)),
        With(InSlots()),
    ],
    ids=["slots", "own parameters()", "a dataclass", "a mapping", "an array", "slots inside"],
)
def test_what_does_not_show_all_its_parts_is_walked_through_at_every_call(model: Any) -> None:
    assert look_at(model) is None
    kernel = compile(lambda model, x: model.w * x)
    assert kernel(model, 3.0) == 6.0
    model.w = Parameter(5.0)
    assert kernel(model, 3.0) == 15.0


def test_what_is_no_module_has_no_look() -> None:
    looks = Looks()
    for held in (1.0, [1.0], {"a": 1.0}, None, "text", Module):
        assert looks.structure(held)[1] is None
    foreign = type("Foreign", (), {"parameters": lambda self: [], "_containers": [1]})()
    assert looks.structure(foreign)[1] is None


def test_bound_kernels_look_too() -> None:
    model = Polynomial()
    bound = compile(lambda model, x: model(x)).bind(model, 0.5)
    bound()
    model.weights[0] = Parameter(4.0)
    assert bound() == pytest.approx(model(0.5).data, rel=1e-15)
    model.weights.append(Parameter(4.0))
    with pytest.raises(ValueError, match="a bound argument has changed its structure: bind the kernel again"):
        bound()


def test_a_second_module_is_not_taken_for_the_first() -> None:
    kernel = compile(lambda model, x: model(x))
    for _ in range(5):  # each may be where the one before was
        model = Polynomial()
        model.power = 3
        assert kernel(model, 0.5) == pytest.approx(model(0.5).data, rel=1e-15)
